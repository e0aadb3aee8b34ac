"""A signal and what goes with it from a CSV file: on an even grid, its gaps kept as gaps."""

import csv
import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.history import HOUR_S, FloatArray, History, IntArray, Place
from forecasting.stamps import DataError, Stamps, did_you_mean, grid, instants, is_time

_MISSING: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
_LEAST_SHARE: Final = 0.02  # facts: sources that give less on the mean only add noise


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A column of a file and others beside it, on an even grid that begins at the origin.

    Attributes
    ----------
    file : str
        What messages call the file.
    column : str
        Name of the signal.
    origin : datetime
        Start of the first interval, UTC.
    step_s : float
        Length of each interval. [s]
    values : ndarray of float, shape (n,)
        The signal, NaN where the file has none. [any]
    others : mapping of str to ndarray of float, shape (n,)
        The other columns that were asked for. [any]
    notes : tuple of str
        What the user should know: gaps, a constant signal, columns left out.
    """

    file: str
    column: str
    origin: datetime
    step_s: float
    values: FloatArray
    others: Mapping[str, FloatArray]
    notes: tuple[str, ...] = ()

    @property
    def end_s(self) -> float:
        """End of the last interval since the origin. [s]."""
        return len(self.values) * self.step_s

    def as_shares(self) -> "Series":
        """Return the series with the other columns as shares of their sum, and that sum.

        Returns
        -------
        Series
            Generation by source in MW becomes the shares that exceed 2 % on the mean, and the
            column ``total``.

        Raises
        ------
        DataError
            If there are fewer than two other columns.
        """
        if len(self.others) < 2:
            msg = f"{self.file}: shares need at least two past columns, such as MW by source."
            raise DataError(msg)
        total: FloatArray = np.sum(list(self.others.values()), axis=0)
        whole = np.where(total > 0, total, np.nan)
        shares = {name: values / whole for name, values in self.others.items()}
        kept = {name: share for name, share in shares.items()
                if np.isfinite(share).any() and np.nanmean(share) > _LEAST_SHARE}
        note = f"Past columns are shares of their sum ({', '.join(kept)}) and that sum."
        return replace(self, others=kept | {"total": whole}, notes=(*self.notes, note))

    def history(
        self, *, latency_s: float = 0.0, hold_s: float = 0.0, place: Place | None = None
    ) -> History:
        """Return the guarded past of the signal, the other columns as its covariates.

        Parameters
        ----------
        latency_s : float
            How long after an interval's end all these values are published. [s]
        hold_s : float
            For how long a gap repeats the value before it; never the one after, which is not
            known by then. What remains is left out by the models. [s]
        place : Place or None
            Where the signal comes from, for the sun.

        Returns
        -------
        History
            With time 0 at the origin.
        """
        count = int(hold_s // self.step_s)
        guarded = {name: History(_held(values, count), 0.0, self.step_s, latency_s)
                   for name, values in self.others.items()}
        return History(
            _held(self.values, count), 0.0, self.step_s, latency_s,
            origin=self.origin, covariates=guarded, place=place,
        )


def read_series(
    path: Path,
    column: str,
    *,
    past_columns: Sequence[str] | Literal["all"] = (),
    time_column: str | None = None,
    timezone: str = "UTC",
) -> Series:
    """Read a signal from a CSV file.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file whose first line names the columns.
    column : str
        The signal.
    past_columns : sequence of str, or "all"
        Columns that are known as late as the signal; "all" takes every other column that has a
        name and holds numbers.
    time_column : str or None
        Column of the intervals' starts; None takes the first that holds times.
    timezone : str
        Zone of times that name none.

    Returns
    -------
    Series
        Rows that the file lacks, and cells that are empty or say NaN, have no value.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or a row has a mistake.
    """
    file = path.name
    header, lines, cells = _read(path, file)
    if not lines:
        _refuse(file, "has no rows below its header.")
    time = time_column if time_column is not None else _time_column(header, cells, file)
    place = _place_of(time, header, file)
    stamps = Stamps(file, time, lines, cells[place])
    times = instants(stamps, timezone=timezone)
    rows, step_s = grid(stamps, times)
    signal = _numbers(cells[_place_of(column, header, file)], column, stamps)
    others, notes = _others(past_columns, {time, column}, header, cells, stamps)
    placed = {name: _placed(values, rows) for name, values in ({column: signal} | others).items()}
    found = Series(
        file, column, times[0].to_pydatetime(), step_s, placed.pop(column), placed, tuple(notes)
    )
    return replace(found, notes=(*_remarks(found), *found.notes))


def _refuse(file: str, fault: str) -> NoReturn:
    msg = f"{file} {fault}"
    raise DataError(msg) from None


def _read(path: Path, file: str) -> tuple[list[str], list[int], list[list[str]]]:
    """Return header, line of each row, and cells by column."""
    if not path.name.lower().endswith((".csv", ".csv.gz")):
        _refuse(file, "is neither a .csv nor a .csv.gz file. Save the table as CSV.")
    if not path.is_file():
        _refuse(str(path), "is not a file." if path.exists() else "does not exist.")
    try:
        with _opened(path) as text:
            return _rows(text, file)
    except UnicodeDecodeError:
        _refuse(file, "is not UTF-8 text. Save it as UTF-8.")
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        _refuse(file, f"cannot be read: {error}.")


def _opened(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(text: IO[str], file: str) -> tuple[list[str], list[int], list[list[str]]]:
    # Not pandas: read_csv silently drops the surplus cell of a row such as 2025-06-02,1,5.
    reader = csv.reader(text, strict=True)
    header = [cell.strip() for cell in next(reader, [])]
    lines: list[int] = []
    rows: list[list[str]] = []
    for row in reader:
        if not "".join(row).strip():
            continue
        if len(row) != len(header):
            width = f"has {len(row)} cells, but the header names {len(header)}."
            _refuse(file, f"line {reader.line_num} {width}")
        lines.append(reader.line_num)
        rows.append(row)
    return header, lines, [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]


def _time_column(header: Sequence[str], cells: Sequence[Sequence[str]], file: str) -> str:
    for name, column in zip(header, cells, strict=True):
        if is_time(column[0]):
            return name
    _refuse(file, "has no column of times such as 2021-03-02T00:00Z. Name one (time column).")


def _place_of(column: str, header: list[str], file: str) -> int:
    if header.count(column) > 1:
        _refuse(file, f'has {header.count(column)} columns named "{column}".')
    if column not in header:
        hint = did_you_mean(column, [name for name in header if name])
        _refuse(file, f'has no column "{column}".{hint}')
    return header.index(column)


def _others(
    wanted: Sequence[str] | Literal["all"],
    taken: set[str],
    header: list[str],
    cells: Sequence[Sequence[str]],
    stamps: Stamps,
) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the past columns, and which columns "all" leaves out."""
    if wanted != "all":
        places = {name: _place_of(name, header, stamps.file) for name in wanted}
        return {name: _numbers(cells[place], name, stamps) for name, place in places.items()}, []
    found, text = {}, []
    for place, name in enumerate(header):
        if not name or name in taken:
            continue
        values, wrong = _parsed(cells[place])
        if wrong.any() or header.count(name) > 1 or np.isnan(values).all():
            text.append(name)
        else:
            found[name] = values
    return found, [f"Left out as no column of numbers: {', '.join(text)}."] if text else []


def _numbers(cells: Sequence[str], column: str, stamps: Stamps) -> FloatArray:
    values, wrong = _parsed(cells)
    for row in np.flatnonzero(wrong)[:1]:
        stamps.fail(int(row), f'"{cells[row]}" is not a finite number in column {column}.')
    if np.isnan(values).all():
        _refuse(stamps.file, f"has no value in column {column}.")
    return values


def _parsed(cells: Sequence[str]) -> tuple[FloatArray, NDArray[np.bool_]]:
    missing = np.array([cell.casefold() in _MISSING for cell in cells])
    values = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)
    return np.where(missing, np.nan, values), ~missing & ~np.isfinite(values)


def _placed(values: FloatArray, rows: IntArray) -> FloatArray:
    found = np.full(int(rows[-1]) + 1, np.nan)
    found[rows] = values
    return found


def _held(values: FloatArray, count: int) -> FloatArray:
    return np.asarray(pd.Series(values).ffill(limit=count)) if count else values


def _remarks(series: Series) -> list[str]:
    """Tell gaps of every column, and a signal that never changes."""
    signal = series.values  # noqa: PD011 - a field of ours
    columns = {series.column: signal} | dict(series.others)
    notes = [note for name, values in columns.items() if (note := _gap_note(name, values, series))]
    if np.nanmin(signal) == np.nanmax(signal):
        notes.append(f"{series.column} never changes: any forecast of it is right.")
    return notes


def _gap_note(name: str, values: FloatArray, series: Series) -> str:
    missing = np.isnan(values)
    if not missing.any():
        return ""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    longest = int(np.argmax(lengths))
    since = pd.Timestamp(series.origin) + pd.Timedelta(seconds=starts[longest] * series.step_s)
    hours = lengths[longest] * series.step_s / HOUR_S
    return (
        f"{name}: {missing.sum()} of {len(values)} values are missing; the longest gap has "
        f"{hours:g} h from {since:%Y-%m-%d %H:%M} UTC. Models look past them; they are not scored."
    )
