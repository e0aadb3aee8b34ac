"""Read what a run's folder knows of one job, and reckon what starting at once would have meant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.report.story import Compared, Story, Stretch
from sim.study.disk import store
from sim.units import HOUR_S, MINUTE_S

_NEEDED: Final = (
    "pue", "price_usd_per_kwh", "average_carbon_intensity_g_per_kwh",
    "marginal_carbon_intensity_g_per_kwh",
)  # fmt: skip
_QUANTITIES: Final = (
    ("energy_facility_kwh", "Facility energy (kWh)"),
    ("cost_usd", "Electricity (USD)"),
    ("carbon_average_kg", "Carbon, average (kgCO2e)"),
    ("carbon_marginal_kg", "Carbon, marginal (kgCO2e)"),
)


def find_run(name: str, out: Path) -> Path:
    """Return the folder of a run.

    Parameters
    ----------
    name : str
        A run's folder, or ``scenario/run`` below `out`; of the run's name the beginning is enough
        where no other has it.
    out : Path
        Folder for outputs.

    Returns
    -------
    Path
        A folder with a manifest.

    Raises
    ------
    DataError
        If there is no such run; the message says which there are.
    """
    begun: list[Path] = []
    for folder in (Path(name), out / name):
        if (folder / store.MANIFEST).is_file():
            return folder
        if folder.name and not folder.is_dir():
            begun += _runs_below(folder.parent, f"{folder.name}*")
    if len(begun) == 1:
        return begun[0]
    msg = f"{name}: no run.{_hint(name, out, begun)}"
    raise DataError(msg)


def _hint(name: str, out: Path, begun: Sequence[Path]) -> str:
    """Say which runs there are."""
    known = [str(run.relative_to(out)) for run in _runs_below(out, "**/*")]
    inside = [one for one in known if one.startswith(f"{name.rstrip('/')}/")]
    if begun:
        return f" Several begin so: {', '.join(str(run) for run in begun)}."
    if inside:
        return f" It holds {', '.join(inside)}."
    if known:
        return did_you_mean(name, {one.rpartition("-seed")[0] for one in known})
    return f" {out} holds no run; `gridloom run` writes some, --out says where."


def explain(folder: Path, job: int) -> Story:
    """Return what is known of one job.

    Parameters
    ----------
    folder : Path
        A run's folder.
    job : int
        Job id. [-]

    Returns
    -------
    Story
        The job's row, its stretches, and what starting at once would have meant.

    Raises
    ------
    DataError
        If the run has no such job, or cannot be read.
    """
    info = store.read_manifest(folder)
    row = _row(folder, job)
    stretches = _stretches(folder, row, info)
    return Story(
        run=folder.name,
        scenario=info["scenario"],
        policy=info["policy"],
        start=datetime.fromisoformat(info["start"]),
        roles=info.get("roles", {}),
        job=row,
        stretches=stretches,
        compared=_compared(folder, row, stretches, info),
        forecaster=_forecaster(info, row),
    )


def _runs_below(folder: Path, pattern: str) -> list[Path]:
    found = folder.glob(pattern) if folder.is_dir() else ()
    return sorted(path for path in found if (path / store.MANIFEST).is_file())


def _row(folder: Path, job: int) -> dict[str, Any]:
    """Return a job's row as plain values, None where there is none."""
    frame = _read(folder / store.JOBS, [("job_id", "==", job)])
    if frame.empty:
        count = len(store.read_frame(folder / store.JOBS, ["job_id"]))
        has = f"its jobs are 0 to {count - 1}" if count else "it has no jobs"
        msg = f"{folder}: there is no job {job}; {has}."
        raise DataError(msg)
    return {str(name): _plain(value) for name, value in frame.iloc[0].items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell may hold anything
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _read(
    path: Path, filters: list[tuple[str, str, Any]], *, columns: list[str] | None = None
) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, filters=filters, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        msg = f"{path}: cannot be read ({error})."
        raise DataError(msg) from error


def _stretches(folder: Path, row: Mapping[str, Any], info: Mapping[str, Any]) -> list[Stretch]:
    """Return a job's stretches; one that is not among those of several ran in one."""
    if store.STRETCHES in info["files"]:
        several = _read(folder / store.STRETCHES, [("job_id", "==", row["job_id"])])
        if len(several):
            columns = several[["site", "start_s", "end_s", "power_it_kw", "gpus_count"]]
            return [Stretch(*map(_plain, one)) for one in columns.itertuples(index=False)]
    if row["start_s"] is None:
        return []
    end_s = row["end_s"] if row["end_s"] is not None else info["duration_h"] * HOUR_S
    power_kw = row["energy_it_kwh"] / max(end_s - row["start_s"], 1e-9) * HOUR_S
    return [Stretch(row["site"], row["start_s"], end_s, power_kw, row["gpus_count"])]


def _compared(
    folder: Path, row: Mapping[str, Any], stretches: Sequence[Stretch], info: Mapping[str, Any]
) -> list[Compared]:
    """Hold a job that ended against a start as early as possible, at its home."""
    start_s, duration_s = row["earliest_start_s"], row["duration_s"]
    fits = start_s + duration_s <= info["duration_h"] * HOUR_S
    if row["end_s"] is None or duration_s <= 0.0 or not fits:
        return []
    power_kw = row["energy_it_kwh"] / duration_s * HOUR_S
    home = row.get("home_site") or row["site"]
    at_once = Stretch(home, start_s, start_s + duration_s, power_kw, row["gpus_count"])
    step_s = info["step_min"] * MINUTE_S
    ran, other = _reckoned(folder, stretches, step_s), _reckoned(folder, [at_once], step_s)
    return [
        Compared(name, label, *(_plain(one[name]) for one in (ran, other)))
        for name, label in _QUANTITIES
    ]


def _reckoned(folder: Path, stretches: Sequence[Stretch], step_s: float) -> dict[str, float]:
    """Return energy, money and carbon of stretches by their sites' grids; nan where unknown."""
    found = dict.fromkeys((name for name, _ in _QUANTITIES), 0.0)
    for site in {one.site for one in stretches}:
        steps = _read(folder / store.STEPS, [("site", "==", site)], columns=list(_NEEDED))
        it_kwh = np.zeros(len(steps))
        for one in stretches:
            if one.site == site:
                it_kwh += one.power_it_kw * _overlap_s(one, len(steps), step_s) / HOUR_S
        used = it_kwh > 0.0  # a price that is not known matters only where something was drawn
        pue, *per_kwh = (steps[name].to_numpy(float)[used] for name in _NEEDED)
        kwh = it_kwh[used] * pue
        sums = [kwh.sum(), *(float(kwh @ each) for each in per_kwh)]
        for (name, _), total in zip(_QUANTITIES, sums, strict=True):
            found[name] += total / (1000.0 if name.startswith("carbon") else 1.0)  # g to kg
    return found


def _overlap_s(stretch: Stretch, n_steps: int, step_s: float) -> NDArray[np.float64]:
    """Return for how long a stretch lies in each step."""
    starts_s = np.arange(n_steps) * step_s
    within = np.minimum(starts_s + step_s, stretch.end_s) - np.maximum(starts_s, stretch.start_s)
    overlap_s: NDArray[np.float64] = np.maximum(within, 0.0)
    return overlap_s


def _forecaster(info: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return what forecast the signals of a job's site, if it was one model."""
    models = {
        str(one["model"]) for one in info.get("forecasts", ()) if one["site"] == row["site"]
    }
    return models.pop() if len(models) == 1 else ""
