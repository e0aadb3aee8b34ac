"""Runs of one scenario against each other: a table of all metrics, a page and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.report.comparison import Comparison
from sim.report.comparison_figures import write_comparison_figures
from sim.report.page import comparison_page
from sim.report.variants import VariantTable
from sim.study import store
from sim.study.folders import replace_text
from sim.study.outcomes import WORK_DONE, cautions, findings, outcomes
from sim.units import HOUR_S

TABLE: Final = "comparison.csv"
PAGE: Final = "comparison.html"
FIGURES: Final = "figures"
COMPARISON_FIGURES: Final = ("comparison.png", "cumulative.png")

_KEYS: Final = ("policy", "seed", "run_id")
_TOTALS: Final = ("cost_total_usd", "carbon_operational_location_kg")


def compare_folder(home: Path) -> tuple[Comparison, tuple[str, ...]]:
    """Compare the runs that stand in a scenario's folder, and write the comparison there.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    tuple of (Comparison, tuple of str)
        The comparison, and a sentence about the runs left out, if any: those of another version of
        the scenario or the code than the newest run.
    """
    folders, left_out = newest_runs(home)
    notes = (
        f"{left_out} run{'s' if left_out > 1 else ''} of earlier versions of the scenario or the "
        "code left out.",
    ) if left_out else ()
    return write_comparison(home, folders), notes


def newest_runs(home: Path) -> tuple[list[Path], int]:
    """Pick the runs of the version that ran last.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    tuple of (list of Path, int)
        The runs' folders, those of the baseline first, and how many others there are. [-]

    Raises
    ------
    DataError
        If the folder holds no run.
    """
    if not home.is_dir():
        near = did_you_mean(home.name, _folders_with_runs(home.parent)) if _siblings(home) else ""
        msg = f"{home}: no such folder.{near}"
        raise DataError(msg)
    manifests = {path: store.read_manifest(path) for path in _runs_in(home)}
    if not manifests:
        msg = f"{home}: holds no runs. Name a folder outputs/<scenario> that `gridloom run` wrote."
        raise DataError(msg)
    newest = max(manifests.values(), key=_age)
    alike = {path: info for path, info in manifests.items()
             if info.get("study_hash") == newest.get("study_hash")}
    order = list(newest.get("policies", []))
    latest = {(info["policy"], info["seed"]): path
              for path, info in sorted(alike.items(), key=lambda pair: _age(pair[1]))}
    folders = [latest[key] for key in sorted(latest, key=lambda key: (_place(order, key[0]), key))]
    return folders, len(manifests) - len(folders)


def write_comparison(home: Path, folders: Sequence[Path]) -> Comparison:
    """Compare runs and write table, page and figures beside them.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs, which gets comparison.csv, comparison.html and figures.
    folders : sequence of Path
        The runs, those of the baseline first.

    Returns
    -------
    Comparison
        What was written.
    """
    comparison = compare(folders)
    figures = home / FIGURES
    figures.mkdir(exist_ok=True)
    drawn = write_comparison_figures(comparison, _mean_totals(comparison, folders), figures)
    replace_text(home / TABLE, comparison.runs.to_csv(index=False, lineterminator="\n"))
    write_page(home, comparison, [path.name for path in drawn])
    return comparison


def write_page(
    home: Path,
    comparison: Comparison,
    figures: Sequence[str] = COMPARISON_FIGURES,
    *,
    variants: VariantTable | None = None,
) -> None:
    """Write the page of a comparison.

    Parameters
    ----------
    home : Path
        Folder of the runs compared.
    comparison : Comparison
        What it tells.
    figures : sequence of str
        Names of figures of the folder; those that are not there are passed over.
    variants : VariantTable or None
        The scenario's variants, to tell of them too.
    """
    there = [f"{FIGURES}/{name}" for name in figures if (home / FIGURES / name).is_file()]
    links = [(str(policy), int(seed), str(folder)) for policy, seed, folder
             in comparison.runs[["policy", "seed", "run_id"]].itertuples(index=False)]
    replace_text(home / PAGE, comparison_page(comparison, there, links, variants=variants))


def compare(folders: Sequence[Path]) -> Comparison:
    """Compare runs.

    Parameters
    ----------
    folders : sequence of Path
        The runs, those of the baseline first.

    Returns
    -------
    Comparison
        Means over seeds and paired differences from the baseline.
    """
    rows = [_row(folder) for folder in folders]
    names = sorted({name for row in rows for name in row} - set(_KEYS))
    runs = pd.DataFrame(rows, columns=[*_KEYS, *names], dtype=object)  # counts stay whole numbers
    policies = tuple(dict.fromkeys(runs["policy"]))
    info = store.read_manifest(folders[0])
    found = outcomes(runs)
    return Comparison(
        scenario="/".join(filter(None, (info["scenario"], info.get("variant")))),
        policies=policies,
        seeds=tuple(sorted(map(int, set(runs["seed"])))),
        outcomes=found,
        runs=runs,
        findings=findings(found),
        cautions=cautions(runs),
    )


def _runs_in(home: Path) -> list[Path]:
    return sorted(path for path in home.iterdir()
                  if not path.name.startswith(".") and (path / store.MANIFEST).is_file())


def _siblings(home: Path) -> bool:
    return home.parent.is_dir() and bool(_folders_with_runs(home.parent))


def _folders_with_runs(parent: Path) -> list[str]:
    return [path.name for path in parent.iterdir() if path.is_dir() and _runs_in(path)]


def _age(info: Mapping[str, Any]) -> str:
    return str(info.get("written_at", ""))


def _place(order: Sequence[str], policy: str) -> int:
    return order.index(policy) if policy in order else len(order)


def _row(folder: Path) -> dict[str, Any]:
    info = store.read_manifest(folder)
    jobs = store.read_frame(folder / store.JOBS, ["gpus_count", "duration_s", "outcome"])
    done = jobs[jobs["outcome"] == "completed"]
    work_gpu_h = float((done["gpus_count"] * done["duration_s"]).sum()) / HOUR_S
    return {
        "policy": info["policy"],
        "seed": info["seed"],
        "run_id": folder.name,
        WORK_DONE: work_gpu_h,
    } | store.read_metrics(folder) | store.read_bound(folder)


def _mean_totals(comparison: Comparison, folders: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Sum cost and carbon over the sites in every step; mean over the seeds of each policy."""
    by_policy: dict[str, list[pd.DataFrame]] = {policy: [] for policy in comparison.policies}
    for policy, folder in zip(comparison.runs["policy"], folders, strict=True):
        by_policy[policy].append(_step_totals(folder))
    return {policy: _mean(frames) for policy, frames in by_policy.items()}


def _step_totals(folder: Path) -> pd.DataFrame:
    steps = store.read_frame(folder / store.STEPS, ["site", "time", *_TOTALS])
    sites = steps["site"].nunique()
    sums = {name: steps[name].to_numpy(dtype=float).reshape(sites, -1) for name in _TOTALS}
    frame = pd.DataFrame({name: np.nansum(values, axis=0) for name, values in sums.items()})
    frame.insert(0, "time", steps["time"].iloc[: len(frame)])
    return frame


def _mean(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    mean = frames[0].copy()
    for name in _TOTALS:
        mean[name] = np.mean([frame[name].to_numpy() for frame in frames], axis=0)
    return mean
