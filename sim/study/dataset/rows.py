"""One row per run: what a finished run's folder says, as a table of many runs."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from sim.errors import DataError
from sim.ledger.result import Metrics
from sim.scenario.variants import BASE
from sim.study.disk import store

Scalar = bool | int | float | str

FIRST: Final = ("variant",)
KEYS: Final = ("policy", "seed", "point", "run_id", "content_hash", "folder")
"""Columns before the axes and after them; every other column is a metric."""

RESERVED: Final = ("figures", "failed", "runs")
"""Folders beside the runs that hold none."""

AXIS: Final = {"kind": "axis"}
"""What the schema says of a column that is an axis."""

_CHUNK: Final = 1_000
_RUN: Final = re.compile(r".+-seed\d+-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One run of a study.

    Attributes
    ----------
    policy : str
        Name of the policy.
    seed : int
        Its seed. [-]
    point : str
        Name of the point.
    run_id : str
        Name that its folder has, or would have.
    content_hash : str
        Hash of everything that its result depends on.
    metrics : mapping
        Its metrics by name; None where one has no meaning.
    variant : str
        The variant; ``base`` for the scenario itself.
    axes : mapping
        Value of each axis by name.
    folder : str
        Its folder, from the scenario's; empty where it has none of its own.
    """

    policy: str
    seed: int
    point: str
    run_id: str
    content_hash: str
    metrics: Mapping[str, float | int | None]
    variant: str = BASE
    axes: Mapping[str, Scalar] = field(default_factory=dict)
    folder: str = ""


def run_folders(home: Path) -> dict[str, int]:
    """List the folders of runs below a scenario's folder.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    dict
        When each folder was last changed, by its path from there. [ns]
    """
    found = {}
    for entry in _folders(home):
        if _RUN.fullmatch(entry.name):
            found[entry.name] = entry.stat().st_mtime_ns
        elif entry.name not in RESERVED:
            for inner in _folders(entry.path):
                if _RUN.fullmatch(inner.name):
                    found[f"{entry.name}/{inner.name}"] = inner.stat().st_mtime_ns
    return found


def read_rows(home: Path, folders: Iterable[str]) -> tuple[list[pa.Table], list[str]]:
    """Read the runs of some folders.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    folders : iterable of str
        Their paths from there.

    Returns
    -------
    tuple of (list of Table, list of str)
        Tables of rows; and what is wrong with the folders that cannot be read.
    """
    tables: list[pa.Table] = []
    rows: list[StudyRow] = []
    faults: list[str] = []
    for folder in folders:
        try:
            rows.append(_row(home, folder))
        except DataError as error:
            faults.append(str(error))
        if len(rows) == _CHUNK:  # a thousand rows at a time: Python's numbers take much room
            tables.append(rows_table(rows))
            rows = []
    return [*tables, *([rows_table(rows)] if rows else [])], faults


def holds_runs(home: Path) -> bool:
    """Tell whether a folder holds runs of its own, not just folders that do."""
    return any(read_rows(home, [name])[0] for name in run_folders(home))


def rows_table(rows: Sequence[StudyRow]) -> pa.Table:
    """Return runs as a table.

    Every metric is a float, and so is an axis of numbers: what a column's type is must not hang on
    which runs happen to be there.

    Parameters
    ----------
    rows : sequence of StudyRow
        The runs.

    Returns
    -------
    Table
        Variant, axes, keys, metrics; axes and metrics by name.
    """
    axes = sorted({name for row in rows for name in row.axes})
    metrics = sorted({name for row in rows for name in row.metrics})
    columns = {
        name: pa.array([getattr(row, name) for row in rows], _type(name))
        for name in (*FIRST, *KEYS)
    }
    columns |= {name: _axis([row.axes.get(name) for row in rows]) for name in axes}
    columns |= {
        name: pa.array([_float(row.metrics.get(name)) for row in rows], pa.float64())
        for name in metrics
    }
    fields = [
        pa.field(name, columns[name].type, metadata=AXIS if name in axes else None)
        for name in (*FIRST, *axes, *KEYS, *metrics)
    ]
    return pa.Table.from_arrays([columns[one.name] for one in fields], schema=pa.schema(fields))


def axes_of(table: pa.Table) -> list[str]:
    """Return the names of the columns that are axes."""
    return [one.name for one in table.schema if one.metadata and b"kind" in one.metadata]


def metrics_of(table: pa.Table) -> list[str]:
    """Return the names of the columns that are metrics."""
    others = {*FIRST, *KEYS, *axes_of(table)}
    return [name for name in table.column_names if name not in others]


def all_metrics(folder: Path, info: Mapping[str, Any]) -> Metrics:
    """Read the metrics of a run with its work done, and what it is held against, if anything."""
    done = {store.WORK_DONE: store.read_work_done(folder, info)}
    return done | store.read_metrics(folder) | store.read_bound(folder)


def _folders(home: Path | str) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(home) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir():
                yield entry


def _row(home: Path, name: str) -> StudyRow:
    folder = home / name
    if not store.is_complete(folder):
        msg = f"{folder}: not a whole run."
        raise DataError(msg)
    info = store.read_manifest(folder)
    variant = info.get("variant") or BASE
    point = str(info.get("point") or variant)
    if point != (name.partition("/")[0] if "/" in name else BASE):
        msg = f"{folder}: a run of {info['scenario']}, point {point}: not one of this folder's."
        raise DataError(msg)
    return StudyRow(
        policy=str(info["policy"]),
        seed=int(info["seed"]),
        point=point,
        run_id=folder.name,
        content_hash=str(info.get("content_hash", "")),
        metrics=all_metrics(folder, info),
        variant=variant,
        axes=info.get("axes") or {},
        folder=name,
    )


def _type(key: str) -> pa.DataType:
    return pa.int64() if key == "seed" else pa.string()


def _axis(values: Sequence[Scalar | None]) -> pa.Array:
    """Return the values as truths or as numbers if all are such, else as texts."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in known):
        return pa.array(values, pa.bool_())
    if any(isinstance(value, bool | str) for value in known):
        texts = [None if value is None else _text(value) for value in values]
        return pa.array(texts, pa.string())
    return pa.array([_float(value) for value in values], pa.float64())


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float(value: Any) -> float | None:  # noqa: ANN401 - what JSON holds
    return None if value is None else float(value)
