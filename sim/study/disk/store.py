"""Finished runs on disk: written whole or not at all, and read back."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import DataError
from sim.ledger.result import Metrics, Run
from sim.scenario.hashes import digest
from sim.study.disk.folders import appearing, replace_text
from sim.units import HOUR_S

MANIFEST: Final = "manifest.json"
METRICS: Final = "metrics.json"
SCENARIO: Final = "scenario.yaml"
_ROW_GROUP: Final = 65_536
"""Rows that are written at once."""
STEPS: Final = "steps.parquet"
JOBS: Final = "jobs.parquet"
SERVICES: Final = "services.parquet"
STRETCHES: Final = "stretches.parquet"
FORECASTS: Final = "forecasts.parquet"
BOUND: Final = "bound.json"
FIGURES: Final = "figures"
FAILED: Final = "failed"
PAGE: Final = "report.html"
WORK_DONE: Final = "work_done_gpu_h"
"""Column with the accelerator time of completed jobs at full speed; caps do not change it."""

_AGAIN: Final = "Write it again with `gridloom run SCENARIO --force`."
_SEALED: Final = (SCENARIO, METRICS, STEPS, JOBS)


def run_id(policy: str, seed: int, content_hash: str) -> str:
    """Return the name of a run's folder.

    Parameters
    ----------
    policy : str
        Name of the policy.
    seed : int
        Seed of the random streams. [-]
    content_hash : str
        Hash over everything that the result depends on.

    Returns
    -------
    str
        E.g. ``fifo-seed1-0a1b2c3d``.
    """
    return f"{policy}-seed{seed}-{content_hash[:8]}"


def write_run(
    run: Run,
    folder: Path,
    *,
    scenario_yaml: str,
    manifest: dict[str, Any],
    add: Callable[[Path], None] = lambda _: None,
    replace: bool = False,
) -> Path:
    """Write a run so that its folder appears complete or not at all.

    Parameters
    ----------
    run : Run
        A finished run.
    folder : Path
        Where it will stand: the scenario's folder, then the run's own.
    scenario_yaml : str
        The scenario with every default written out.
    manifest : dict
        What to keep besides `run.info`; may differ from time to time.
    add : callable
        Puts further files (figures, a page) into the folder it is given, before the run appears.
    replace : bool
        Whether a complete run that stands there gives way; else it stays as it is.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        If a metric is NaN, infinite or no number.
    """
    metrics = _metrics_text(run.metrics)
    with appearing(folder, whole=is_complete, replace=replace) as partial:
        (partial / SCENARIO).write_text(scenario_yaml, encoding="utf-8")
        (partial / METRICS).write_text(metrics, encoding="utf-8")
        _write_frame(run.steps, partial / STEPS)
        _write_frame(run.jobs, partial / JOBS)
        kept: tuple[str, ...] = _SEALED
        further = ((SERVICES, run.services), (STRETCHES, run.stretches), (FORECASTS, run.forecasts))
        for name, frame in further:
            if len(frame):
                _write_frame(frame, partial / name)
                kept = (*kept, name)
        add(partial)
        identity = {"scenario": run.scenario_name, "policy": run.policy, "seed": run.seed}
        sealed = {"files": {name: digest(partial / name) for name in kept}}
        work = {WORK_DONE: work_done_gpu_h(run.jobs)}
        whole = run.info | work | manifest | identity | sealed
        text = json.dumps(whole, indent=2, default=str, allow_nan=False)
        (partial / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return folder


def read_run(folder: Path) -> Run:
    """Read a run back.

    Parameters
    ----------
    folder : Path
        A run's folder.

    Returns
    -------
    Run
        As it was written; `info` is the manifest.

    Raises
    ------
    DataError
        If the folder holds no run, or the run is damaged; the message says what is wrong.
    """
    info = read_manifest(folder)
    for name, sealed in info["files"].items():
        if not (folder / name).is_file():
            msg = f"{folder / name}: missing. {_AGAIN}"
            raise DataError(msg)
        if digest(folder / name) != sealed:
            msg = f"{folder / name}: not what the run wrote (its checksum differs). {_AGAIN}"
            raise DataError(msg)
    services, stretches, forecasts = (
        pd.read_parquet(folder / name) if name in info["files"] else pd.DataFrame()
        for name in (SERVICES, STRETCHES, FORECASTS)
    )
    return Run(
        info["scenario"], info["policy"], info["seed"], read_metrics(folder),
        pd.read_parquet(folder / STEPS), pd.read_parquet(folder / JOBS), info, services, stretches,
        forecasts,
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a run says about itself.

    Parameters
    ----------
    folder : Path
        A run's folder.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    DataError
        If the folder holds no run, or the manifest cannot be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        what = "no run (it has no manifest.json)" if folder.is_dir() else "no such folder"
        msg = f"{folder}: {what}. `gridloom run` writes runs to outputs/<scenario>/<run>."
        raise DataError(msg)
    info = _read_json(path)
    absent = [key for key in ("scenario", "policy", "seed", "files") if key not in info]
    if absent:
        msg = f"{path}: lacks {', '.join(absent)}. {_AGAIN}"
        raise DataError(msg)
    return info


def read_metrics(folder: Path) -> Metrics:
    """Read the metrics of a run; raises DataError if they cannot be read."""
    return _read_json(folder / METRICS)


def work_done_gpu_h(jobs: pd.DataFrame) -> float:
    """Return the accelerator time of completed jobs at full speed."""
    done = jobs.loc[jobs["outcome"] == "completed", ["gpus_count", "duration_s"]]
    return float((done["gpus_count"] * done["duration_s"]).sum()) / HOUR_S


def read_work_done(folder: Path, info: Mapping[str, Any]) -> float:
    """Read the work that a run has done from its manifest; runs of old do not have it there."""
    if WORK_DONE in info:
        return float(info[WORK_DONE])
    return work_done_gpu_h(read_frame(folder / JOBS, ["gpus_count", "duration_s", "outcome"]))


def write_bound(folder: Path, metrics: Metrics, note: str, basis: Mapping[str, Any]) -> None:
    """Write what a run is held against, or why there is nothing, beside the finished run.

    Parameters
    ----------
    folder : Path
        The run's folder.
    metrics : dict
        What there is.
    note : str
        Why something is missing; empty where nothing is.
    basis : mapping
        What it depends on besides the run.
    """
    plain = {name: _number(name, value) for name, value in metrics.items()}
    told = {"metrics": plain, "note": note, "basis": dict(basis)}
    replace_text(folder / BOUND, json.dumps(told, indent=2, allow_nan=False) + "\n")


def read_bound(folder: Path) -> Metrics:
    """Read what a run is held against; nothing where no bound was asked for."""
    found: Metrics = _bound(folder)["metrics"]
    return found


def read_bound_note(folder: Path) -> str:
    """Read why a run has no bound; empty where it has one."""
    return str(_bound(folder)["note"])


def read_bound_basis(folder: Path) -> dict[str, Any]:
    """Read what a bound depends on besides its run; nothing where there is none."""
    found: dict[str, Any] = _bound(folder).get("basis", {})
    return found


def _bound(folder: Path) -> dict[str, Any]:
    path = folder / BOUND
    return _read_json(path) if path.is_file() else {"metrics": {}, "note": "", "basis": {}}


def read_frame(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read some columns of a run's steps or jobs.

    Parameters
    ----------
    path : Path
        ``steps.parquet`` or ``jobs.parquet`` of a run.
    columns : list of str
        Columns to read.

    Returns
    -------
    DataFrame
        Those columns.

    Raises
    ------
    DataError
        If the file is missing, damaged, or lacks a column.
    """
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        msg = f"{path}: cannot be read ({error}). {_AGAIN}"
        raise DataError(msg) from error


def is_complete(folder: Path) -> bool:
    """Return whether a run stands there with all of its files, none of them empty."""
    # after a power cut, a file system may have kept the name of a file and not its bytes
    return all(_has_bytes(folder / name) for name in (MANIFEST, *_SEALED))


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False


def _metrics_text(metrics: Metrics) -> str:
    """Give the same text for the same metrics."""
    plain = {name: _number(name, value) for name, value in metrics.items()}
    return json.dumps(plain, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _number(name: str, value: object) -> float | int | None:
    number = value.item() if isinstance(value, np.generic) else value
    if number is None or (type(number) is int) or (type(number) is float and isfinite(number)):
        return number
    msg = f"metric {name} is {value!r}: it must be a finite number, or None where it has no meaning"
    raise ValueError(msg)


def _write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame with the same bytes every time."""
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    texts = [field.name for field in schema if not pa.types.is_floating(field.type)]
    # A dictionary of floats is built for nothing: hardly any value comes twice. Part by part, as a
    # million jobs would take their room twice.
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=texts) as writer:
        for first in range(0, max(1, len(frame)), _ROW_GROUP):
            part = frame.iloc[first : first + _ROW_GROUP]
            writer.write_table(pa.Table.from_pandas(part, schema=schema, preserve_index=False))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: cannot be read ({error}). {_AGAIN}"
        raise DataError(msg) from error
    if not isinstance(found, dict):
        msg = f"{path}: holds no JSON object. {_AGAIN}"
        raise DataError(msg)
    return found
