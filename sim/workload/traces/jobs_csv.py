"""Jobs from the user's own CSV file, every row checked."""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.schema.standing import MOST_PRIORITY
from sim.scenario.schema.workload import JobsFile
from sim.units import HOUR_S, MINUTE_S

Column = NDArray[np.float64]
_Text: TypeAlias = "pd.Series[str]"

_SECONDS = {"s": 1.0, "min": MINUTE_S, "h": HOUR_S}
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})


@dataclass(frozen=True, slots=True)
class TraceColumns:
    """Columns of a jobs file in SI, sorted by arrival, shape (n_jobs,).

    Attributes
    ----------
    arrival_s, earliest_start_s : ndarray of float
        Arrival, and the time before which it cannot start. [s]
    deadline_s : ndarray of float
        Deadline; inf where there is none. [s]
    duration_s, expected_duration_s : ndarray of float
        Run time, and the one that policies see. [s]
    gpus_count : ndarray of int
        Gang size. [-]
    power_w : ndarray of float
        IT power of the whole job; nan where the accelerator decides. [W]
    interruptible : ndarray of bool
        Whether it may be suspended.
    priority : ndarray of int16 or None
        Priority; None where the file has none. [-]
    user : ndarray of int32 or None
        Number of its user in `users`; None where the file has none. [-]
    users : tuple of str
        Names of the users.
    """

    arrival_s: Column
    earliest_start_s: Column
    deadline_s: Column
    duration_s: Column
    expected_duration_s: Column
    gpus_count: NDArray[np.int64]
    power_w: Column
    interruptible: NDArray[np.bool_]
    priority: NDArray[np.int16] | None = None
    user: NDArray[np.int32] | None = None
    users: tuple[str, ...] = ()

    def only(self, keep: NDArray[np.bool_]) -> "TraceColumns":
        """Return the rows to keep."""
        return self.rows(np.flatnonzero(keep))

    def rows(self, order: NDArray[np.int64]) -> "TraceColumns":
        """Return some rows, in another order."""
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, column in columns.items():
            if isinstance(column, np.ndarray):
                columns[name] = column[order]
        return TraceColumns(**columns)


def read_jobs(path: Path, spec: JobsFile, *, start: datetime, largest: int) -> TraceColumns:
    """Read and check a jobs file.

    Parameters
    ----------
    path : Path
        The CSV file; may be compressed (.gz).
    spec : JobsFile
        Names of its columns, its unit of time, and what stands in for missing columns.
    start : datetime
        Start of the run, for timestamps.
    largest : int
        Accelerators of the largest cluster the jobs can run on. [-]

    Returns
    -------
    TraceColumns
        Its jobs, sorted by arrival.

    Raises
    ------
    DataError
        If the file cannot be read or a row is wrong; the message names the first offending row.
    """
    reader = _Reader(path, spec, start)
    arrival_s = reader.times(spec.columns.arrival)
    reader.refuse(arrival_s < 0.0, spec.columns.arrival, "lies before the scenario's start")
    duration_s = reader.spans(spec.columns.duration)
    reader.refuse(duration_s <= 0.0, spec.columns.duration, "is not positive")
    gpus = reader.numbers(spec.columns.gpus)
    reader.refuse((gpus < 1) | (gpus % 1 != 0), spec.columns.gpus, "is not a whole number from 1")
    reader.refuse(gpus > largest, spec.columns.gpus, f"is larger than every cluster ({largest})")
    deadline_s = _deadlines(reader, arrival_s, duration_s)
    expected_s = reader.spans(spec.columns.expected_duration, duration_s)
    reader.refuse(expected_s <= 0.0, spec.columns.expected_duration, "is not positive")
    order = np.argsort(arrival_s, kind="stable")
    columns = TraceColumns(
        arrival_s=arrival_s,
        earliest_start_s=np.maximum(
            arrival_s, reader.times(spec.columns.earliest_start, arrival_s)
        ),
        deadline_s=deadline_s,
        duration_s=duration_s,
        expected_duration_s=expected_s,
        gpus_count=gpus.astype(np.int64),
        power_w=_powers(reader, gpus),
        interruptible=reader.flags(spec.columns.interruptible),
        priority=_priorities(reader),
        **reader.users(spec.columns.user),
    )
    return columns.rows(order)


def _priorities(reader: "_Reader") -> NDArray[np.int16] | None:
    column = reader.spec.columns.priority
    if not reader.has(column):
        return None
    values = reader.numbers(column, np.full(reader.count, float(reader.spec.priority)))
    wrong = (values % 1 != 0) | (np.abs(values) > MOST_PRIORITY)
    reader.refuse(wrong, column, f"is not a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}")
    return values.astype(np.int16)


def _deadlines(reader: "_Reader", arrival_s: Column, duration_s: Column) -> Column:
    spec = reader.spec
    if spec.slack_h is None:
        default_s = np.full(len(arrival_s), np.inf)
    else:
        default_s = arrival_s + duration_s + spec.slack_h * HOUR_S
    deadline_s = reader.times(spec.columns.deadline, default_s)
    reader.refuse(deadline_s < arrival_s, spec.columns.deadline, "lies before the job's arrival")
    return deadline_s


def _powers(reader: "_Reader", gpus: Column) -> Column:
    per_gpu_w = reader.spec.power_per_gpu_w
    default_w = gpus * (np.nan if per_gpu_w is None else per_gpu_w)
    power_w = reader.numbers(reader.spec.columns.power_w, default_w)
    reader.refuse(power_w < 0.0, reader.spec.columns.power_w, "is negative")
    return power_w


class _Reader:
    """One jobs file; turns its text columns into numbers and names the first offending row."""

    def __init__(self, path: Path, spec: JobsFile, start: datetime) -> None:
        self.path, self.spec, self._start = path, spec, pd.Timestamp(start)
        try:
            # As text, so that a wrong cell can be shown as it stands in the file.
            self._table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            msg = f"{path}: cannot be read as CSV: {error}"
            raise DataError(msg) from error
        if self._table.empty:
            msg = f"{path}: has no rows."
            raise DataError(msg)

    def refuse(self, wrong: NDArray[np.bool_], column: str, why: str) -> None:
        """Raise DataError for the first row that is wrong."""
        if np.any(wrong):
            self._fail(int(np.argmax(wrong)), column, why)

    def numbers(self, column: str, missing: Column | None = None) -> Column:
        """Return a column of numbers; `missing` stands in for the column and for empty cells."""
        if missing is not None and column not in self._table:
            return missing
        text = self._cells(column)
        return self._filled(text, _numeric(text), column, missing, "is not a number")

    def spans(self, column: str, missing: Column | None = None) -> Column:
        """Return a column of durations in seconds."""
        factor = _SECONDS[self.spec.time_unit]
        return self.numbers(column, None if missing is None else missing / factor) * factor

    def times(self, column: str, missing: Column | None = None) -> Column:
        """Return a column of times in seconds since the start: numbers, or timestamps."""
        if missing is not None and column not in self._table:
            return missing
        text = self._cells(column)
        if not np.isnan(_numeric(text[text != ""])).all():
            return self.spans(column, missing)
        stamps = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
        seconds = np.asarray((stamps - self._start) / pd.Timedelta(seconds=1), dtype=float)
        wanted = "is neither a number nor an ISO timestamp"
        return self._filled(text, seconds, column, missing, wanted)

    def flags(self, column: str) -> NDArray[np.bool_]:
        """Return a column of yes or no; without the column, no."""
        if column not in self._table:
            return np.zeros(len(self._table), dtype=bool)
        text = self._cells(column).str.lower()
        true = text.isin(_TRUE).to_numpy(dtype=bool)
        false = text.isin(_FALSE).to_numpy(dtype=bool)
        self.refuse(~(true | false), column, "is not true or false")
        return true

    def users(self, column: str) -> dict[str, Any]:
        """Return the users' numbers and names; nothing without the column."""
        if not self.has(column):
            return {}
        names = self._cells(column)
        names = names.where(names != "", self.spec.user or self.spec.name)
        return numbered(names.to_numpy(dtype=str))

    def has(self, column: str) -> bool:
        """Return whether the file has a column."""
        return column in self._table

    @property
    def count(self) -> int:
        """Number of rows. [-]."""
        return len(self._table)

    def _filled(
        self, text: _Text, values: Column, column: str, missing: Column | None, wanted: str
    ) -> Column:
        """Put what stands in for empty cells into a column, and refuse what is no value."""
        empty = (text == "").to_numpy(dtype=bool)
        stands_in = empty & (missing is not None)
        self.refuse(~np.isfinite(values) & ~stands_in, column, wanted)
        return values if missing is None else np.where(empty, missing, values)

    def _cells(self, column: str) -> _Text:
        if column not in self._table:
            names = [str(name) for name in self._table.columns]
            msg = f"{self.path}: has no column {column}.{did_you_mean(column, names)}"
            raise DataError(msg)
        return self._table[column].str.strip()

    def _fail(self, row: int, column: str, why: str) -> NoReturn:
        shown = str(self._table[column].iloc[row])
        msg = f'{self.path}, line {row + 2}: {column} "{shown}" {why}.'
        raise DataError(msg)


def _numeric(text: _Text) -> Column:
    """Return text as numbers, nan where it is none."""
    return np.asarray(pd.to_numeric(text, errors="coerce"), dtype=float)


def numbered(names: NDArray[np.str_]) -> dict[str, Any]:
    """Return users' names as numbers, and which name each number is.

    Parameters
    ----------
    names : ndarray of str, shape (n_jobs,)
        A name for each job.

    Returns
    -------
    dict
        ``user``, an ndarray of int32, and ``users``, a tuple of str.
    """
    numbers, found = pd.factorize(names)
    return {"user": numbers.astype(np.int32), "users": tuple(str(name) for name in found)}
