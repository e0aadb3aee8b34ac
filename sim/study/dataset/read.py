"""Read a study back: the runs that belong to its last version, as a table."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sim.errors import DataError
from sim.report.study_table import StudyTable
from sim.study.dataset.parts import Dataset, to_frame, update
from sim.study.dataset.record import MAIN_METRIC, RECORD, Record, read_plan, read_record
from sim.study.dataset.rows import FIRST, KEYS, axes_of, metrics_of, run_folders
from sim.study.disk.newest import newest_runs
from sim.study.disk.store import FAILED, read_manifest

_OURS: Final = ("content_hash", "folder")
_PLACE: Final = "place"
_MOST_FAULTS: Final = 5


@dataclass(frozen=True, slots=True)
class Current:
    """The runs of the last version of a scenario.

    Attributes
    ----------
    record : Record
        What the study was.
    table : Table
        Its runs by point, policy and seed: variant, axes, policy, seed, point, run_id,
        content_hash, folder, metrics.
    notes : tuple of str
        Sentences about what was left out.
    """

    record: Record
    table: pa.Table
    notes: tuple[str, ...] = ()


def read_study(folder: str | Path) -> pd.DataFrame:
    """Return a study's runs, one row per run: variant, axes, policy, seed, point, run_id, metrics.

    Parameters
    ----------
    folder : str or Path
        Folder of a scenario's runs, e.g. ``outputs/quickstart``.

    Returns
    -------
    DataFrame
        The runs of the last version of the scenario, by point, policy and seed.
    """
    return study_table(Path(folder)).runs


def study_table(home: Path) -> StudyTable:
    """Read a study back from a folder, also one into which only `gridloom run` has written.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    StudyTable
        The runs of the last version of the scenario and the code.

    Raises
    ------
    DataError
        If the folder holds no runs, or only those of other versions.
    """
    return to_study(home, read_current(home))


def read_current(home: Path) -> Current:
    """Bring the dataset up to date and pick the runs of the last version.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Current
        What the study was, and its runs.

    Raises
    ------
    DataError
        If the folder holds no runs, or only those of other versions.
    """
    dataset = update(home)
    record = read_record(home)
    if record is None:
        record, folders = _as_run(home)
        picked = pc.index_in(dataset.table["folder"], pa.array(folders, pa.string()))
        table = _in_order(dataset.table, picked)
    else:
        plan = read_plan(home)
        picked = pc.index_in(_identity(dataset.table), _identity(plan))
        table = _in_order(dataset.table, picked)
        of_plan = plan.take(picked.drop_null().sort())
        for name in axes_of(plan):
            table = table.append_column(plan.schema.field(name), of_plan[name])
    if not table.num_rows:
        fault = f" {dataset.faults[0]}" if dataset.faults else ""
        msg = (
            f"{home}: holds no finished runs of the last study.{fault} "
            "Run `gridloom study SCENARIO` first."
        )
        raise DataError(msg)
    axes = [axis.name for axis in record.axes]
    table = table.select([*FIRST, *axes, *KEYS, *metrics_of(dataset.table)])
    return Current(record, table, tuple(_notes(home, dataset, table)))


def _notes(home: Path, dataset: Dataset, table: pa.Table) -> Iterator[str]:
    """Say what was left out, and why."""
    for fault in dataset.faults[:_MOST_FAULTS]:
        yield f"{fault} It was left out."
    if (left := len(dataset.faults) - _MOST_FAULTS) > 0:
        yield f"{left} more folders that cannot be read were left out."
    if (left := dataset.table.num_rows - table.num_rows) > 0:
        yield (f"{left} run{'s' * (left > 1)} of other versions of the scenario or the code, or "
               "not of the study, left out.")
    record = home / RECORD
    if left and record.is_file():
        since_ns, ours = record.stat().st_mtime_ns, set(table["folder"].to_pylist())
        if any(at_ns > since_ns and name not in ours for name, at_ns in run_folders(home).items()):
            yield "Some of these are newer: `gridloom study SCENARIO` makes the study of today."


def to_study(home: Path, current: Current) -> StudyTable:
    """Put what was read together.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    current : Current
        What `read_current` returned for it.

    Returns
    -------
    StudyTable
        The study.
    """
    record = current.record
    frame = to_frame(current.table).drop(columns=list(_OURS))
    for axis in record.axes:  # an axis of whole numbers shows them as such
        values = frame[axis.name]
        if {type(one) for one in axis.values} == {int} and values.notna().all():  # noqa: PD011 - not pandas
            frame[axis.name] = values.astype("int64")
    return StudyTable(
        scenario=record.scenario,
        description=record.description,
        axes=record.axes,
        design=record.design,
        policies=tuple(name for name in record.policies if (frame["policy"] == name).any()),
        seeds=tuple(sorted(map(int, frame["seed"].unique()))),
        main_metric=record.main_metric,
        runs=frame,
        failed=failed_runs(home),
    )


def _in_order(table: pa.Table, places: pa.ChunkedArray) -> pa.Table:
    """Take the rows that have a place, without their axes, in the order of the places."""
    kept = table.drop_columns(axes_of(table)).append_column(_PLACE, places)
    kept = kept.filter(pc.is_valid(kept[_PLACE])).sort_by(_PLACE)
    return kept.drop_columns([_PLACE])


def _identity(table: pa.Table) -> pa.ChunkedArray:
    """Return what tells runs apart: their point and the hash of their content."""
    return pc.binary_join_element_wise(table["point"], table["content_hash"], "\n")


def failed_runs(home: Path) -> tuple[Mapping[str, Any], ...]:
    """Read what is known of the runs that failed, in the order of their files."""
    found = []
    for path in sorted((home / FAILED).glob("[!.]*.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # it is being written or removed: the run is under way again
        if isinstance(told, dict):
            found.append(told)
    return tuple(found)


def _as_run(home: Path) -> tuple[Record, list[str]]:
    """Find out what `gridloom run` has written: the newest runs of the base and its variants."""
    found: list[Path] = []
    for one in [home, *sorted(path for path in home.iterdir() if path.is_dir())]:
        try:
            runs, _ = newest_runs(one)
        except DataError:
            continue
        if one == home or read_manifest(runs[0]).get("variant") == one.name:
            found += runs  # else the folder is another scenario's
    if not found:
        msg = f"{home}: holds no runs. Name a folder outputs/<scenario> that a study wrote."
        raise DataError(msg)
    manifests = [read_manifest(folder) for folder in found]
    policies = dict.fromkeys(
        name for info in manifests for name in (*info.get("policies", ()), info["policy"])
    )
    seeds = tuple(sorted({int(info["seed"]) for info in manifests}))
    scenario = str(manifests[0]["scenario"])
    record = Record(scenario, "", (), "", tuple(policies), seeds, MAIN_METRIC)
    return record, [folder.relative_to(home).as_posix() for folder in found]
