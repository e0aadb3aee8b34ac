"""The dataset of a study: one Parquet file with a row per run, brought up to date as it is read.

Runs with folders of their own are the truth: new ones are read, rows of folders that are gone are
dropped. Runs that keep only their metrics land as parts (`write_part`), which become one file the
next time. The same rows give the same bytes.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from sim.errors import DataError
from sim.study.dataset.rows import (
    FIRST,
    KEYS,
    StudyRow,
    axes_of,
    holds_runs,
    metrics_of,
    read_rows,
    rows_table,
    run_folders,
)
from sim.study.disk.folders import replacing

DATASET: Final = "runs"
FILE: Final = "runs.parquet"

_PART: Final = "part-"
_LOCK: Final = ".lock"
_WAIT_S: Final = 60.0
_IDENTITY: Final = ("point", "content_hash")
_ORDER: Final = ("point", "policy", "seed", "content_hash")


@dataclass(frozen=True, slots=True)
class Dataset:
    """All runs of a scenario's folder, of whatever version of the scenario and the code.

    Attributes
    ----------
    table : Table
        One row per run: variant, axes, policy, seed, point, run_id, content_hash, folder, metrics.
    faults : tuple of str
        What is wrong with folders that could not be read.
    """

    table: pa.Table
    faults: tuple[str, ...] = ()


def write_part(home: Path, rows: Sequence[StudyRow]) -> Path:
    """Add runs that have no folder of their own; several processes may do so at once.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    rows : sequence of StudyRow
        The runs of one task.

    Returns
    -------
    Path
        The part, which appears whole or not at all; the same runs make the same part.

    Raises
    ------
    DataError
        If the disk is full or may not be written to.
    """
    names = sorted(f"{row.point} {row.content_hash}" for row in rows)
    digest = sha256("\n".join(names).encode()).hexdigest()
    folder = home / DATASET
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_PART}{digest[:16]}.parquet"
    _write(_sorted(rows_table(rows)), path)
    return path


def update(home: Path) -> Dataset:
    """Bring the dataset of a folder up to date, and read it.

    Only folders that are new or changed since the last time are read. Where the folder cannot be
    written to, what is read is up to date all the same.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Dataset
        All runs that are there.

    Raises
    ------
    DataError
        If there is no such folder, or a file of the dataset is damaged.
    """
    if not home.is_dir():
        msg = f"{home}: no such folder. Name a folder outputs/<scenario> that a study wrote."
        raise DataError(msg)
    if not (home / DATASET).is_dir() and not holds_runs(home):
        return Dataset(rows_table([]))
    with ExitStack() as held:
        return _updated(home, _alone(home, held))


def _updated(home: Path, stamp_ns: int | None) -> Dataset:
    """Update; the stamp is the file system's time now, None if nothing may be written."""
    files = _files(home)
    folders = run_folders(home)
    old = _joined([_read(path) for path in files])
    main = home / DATASET / FILE
    since_ns = main.stat().st_mtime_ns if main in files else 0
    known = set(old["folder"].to_pylist()) if old.num_rows else set()
    due = [name for name, changed_ns in folders.items()
           if name not in known or changed_ns >= since_ns]
    tables, faults = read_rows(home, due)
    gone = (known - set(folders) - {""}) | (known & set(due))
    if not tables and not gone and files == [main]:
        return Dataset(old, tuple(faults))
    stays = pc.invert(pc.is_in(old["folder"], pa.array(sorted(gone), pa.string())))
    table = _sorted(_joined([*tables, old.filter(stays) if old.num_rows else old]))
    if stamp_ns is not None and (table.num_rows or files):
        _write(table, main)
        os.utime(main, ns=(stamp_ns, stamp_ns))  # what changes from then on is read again
        for path in files:
            if path != main:
                path.unlink(missing_ok=True)
    return Dataset(table, tuple(faults))


def _alone(home: Path, held: ExitStack) -> int | None:
    """Keep others from rewriting the dataset; return the file system's time, None if in vain."""
    lock = home / DATASET / _LOCK
    try:
        lock.parent.mkdir(exist_ok=True)
        held.enter_context(FileLock(lock, timeout=_WAIT_S))
        os.utime(lock)
        return lock.stat().st_mtime_ns
    except OSError:  # a lock that another holds on to is one too
        return None


def _files(home: Path) -> list[Path]:
    return sorted((home / DATASET).glob("*.parquet"))


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        msg = f"{path}: cannot be read ({error}). Remove it; `gridloom study` makes it again."
        raise DataError(msg) from error


def _write(table: pa.Table, path: Path) -> None:
    texts = [one.name for one in table.schema if not pa.types.is_floating(one.type)]
    with replacing(path) as partial:
        pq.write_table(table, partial, compression="zstd", use_dictionary=texts)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables together, each run once: a run of an earlier table wins."""
    if not tables:
        return rows_table([])
    axes = sorted({name for table in tables for name in axes_of(table)})
    metrics = sorted({name for table in tables for name in metrics_of(table)} - set(axes))
    texts = [name for name in axes if len({table.schema.field(name).type for table in tables
                                           if name in table.column_names} - {pa.null()}) > 1]
    whole = pa.concat_tables(
        [_with_texts(table, texts) for table in tables], promote_options="permissive"
    )
    return whole.select([*FIRST, *axes, *KEYS, *metrics])


def _with_texts(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Make texts of some columns."""
    for name in names:
        if name in table.column_names and not pa.types.is_string(table.schema.field(name).type):
            place = table.schema.get_field_index(name)
            one = table.schema.field(name).with_type(pa.string())
            table = table.set_column(place, one, table[name].cast(pa.string()))
    return table


def _sorted(table: pa.Table) -> pa.Table:
    """Sort by point, policy and seed; of a run that is there twice, keep the first."""
    keys = table.select(_unique([*_IDENTITY, *_ORDER])).to_pandas()
    keys = keys[~keys.duplicated(list(_IDENTITY))].sort_values(list(_ORDER), kind="stable")
    return table.take(pa.array(keys.index)).combine_chunks()


def _unique(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def whole_counts(table: pa.Table) -> pa.Table:
    """Return a table with counts as whole numbers, where they are."""
    for place, name in enumerate(table.column_names):
        if name.endswith("_count"):
            counts = table[name].cast(pa.int64(), safe=False)
            if pc.all(pc.equal(counts.cast(pa.float64()), table[name])).as_py():
                table = table.set_column(place, name, counts)
    return table


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a DataFrame; counts without gaps are whole numbers."""
    frame: pd.DataFrame = whole_counts(table).to_pandas()
    return frame
