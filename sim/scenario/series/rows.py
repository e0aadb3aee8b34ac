"""Rows of a series as text, and how they become times and numbers; faults name file and line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import numpy.typing as npt

from sim.errors import DataError
from sim.scenario.positions import quoted
from sim.units import HOUR_S, MINUTE_S

Array = npt.NDArray[np.float64]

Piecewise = tuple[Array, Array]
"""Edges since the scenario's start [s], one more than there are values, and the values in SI."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Times and values of a series as they stand in its file.

    Attributes
    ----------
    file : str
        What messages call the file.
    lines : list of int
        Line of each row in the file, from 1. [-]
    time_column, column : str
        Names of the two columns.
    times, values : list of str
        Their cells.
    """

    file: str
    lines: list[int]
    time_column: str
    times: list[str]
    column: str
    values: list[str]

    def fail(self, row: int, message: str) -> NoReturn:
        """Raise the fault of a row.

        Parameters
        ----------
        row : int
            Row among these. [-]
        message : str
            What is wrong.

        Raises
        ------
        DataError
            Always.
        """
        msg = f"{self.file}, line {self.lines[row]}: {message}"
        raise DataError(msg)

    def only(self, kept: Sequence[int]) -> "Rows":
        """Return some of the rows."""
        return replace(
            self,
            lines=[self.lines[row] for row in kept],
            times=[self.times[row] for row in kept],
            values=[self.values[row] for row in kept],
        )

    def require_some(self) -> None:
        """Refuse fewer than two rows.

        Raises
        ------
        DataError
            If there are fewer.
        """
        if (count := len(self.lines)) < 2:
            rows = f"{count} row{'' if count == 1 else 's'}"
            msg = f"{self.file} has {rows}; at least two show how far rows are apart."
            raise DataError(msg)


def evenly_spaced(rows: Rows, times_s: Array) -> Array:
    """Return the edges of intervals that begin at the rows' times and last equally long.

    Parameters
    ----------
    rows : Rows
        The rows, for messages.
    times_s : ndarray of float, shape (n,)
        Their times. [s]

    Returns
    -------
    ndarray of float, shape (n + 1,)
        The times, and the end of the last interval. [s]

    Raises
    ------
    DataError
        At the first row that does not come one interval after the row above.
    """
    gaps_s = np.diff(times_s)
    for row in 1 + np.flatnonzero(gaps_s <= 0)[:1]:
        fail_backwards(rows, int(row), gap_s=float(gaps_s[row - 1]))
    interval_s = float(np.sort(gaps_s)[(gaps_s.size - 1) // 2])
    for row in 1 + np.flatnonzero(np.abs(gaps_s - interval_s) > 1e-6 * interval_s)[:1]:
        apart = f"{span(gaps_s[row - 1])} after the row above, but rows are {span(interval_s)}"
        rows.fail(row, f"gap: time {rows.times[row]} is {apart} apart. Space them evenly.")
    return np.append(times_s, times_s[-1] + interval_s)


def fail_backwards(rows: Rows, row: int, *, gap_s: float) -> NoReturn:
    """Raise the fault of a row whose time is not after that of the row above.

    Parameters
    ----------
    rows : Rows
        The rows.
    row : int
        The row. [-]
    gap_s : float
        Time since the row above, zero or less. [s]

    Raises
    ------
    DataError
        Always.
    """
    if gap_s == 0:
        rows.fail(row, f"time {rows.times[row]} stands twice. Keep one row a time.")
    rows.fail(row, f"time {rows.times[row]} is before the row above. Sort by time.")


def numbers(rows: Rows, *, negative: bool) -> Array:
    """Return the values of the rows.

    Parameters
    ----------
    rows : Rows
        The rows.
    negative : bool
        Whether values may be negative.

    Returns
    -------
    ndarray of float, shape (n,)
        The values, in the file's unit. [any]

    Raises
    ------
    DataError
        At the first row whose value is no finite number, or negative.
    """
    found = [finite(text) for text in rows.values]
    if None in found:
        row = found.index(None)
        text = rows.values[row]
        what = f"{quoted(text)} is not a finite number" if text else "the cell is empty"
        rows.fail(row, f"{what} in column {rows.column}.")
    values = np.array(found, dtype=float)
    for row in np.flatnonzero(values < 0)[:1]:
        if not negative:
            rows.fail(row, f"{rows.values[row]} in column {rows.column} is negative.")
    return values


def timestamps_s(
    rows: Rows,
    *,
    start: datetime,
    zone: tzinfo = UTC,
    parse: Callable[[str], datetime] = datetime.fromisoformat,
) -> Array:
    """Return the times of rows that are timestamps.

    Parameters
    ----------
    rows : Rows
        The rows.
    start : datetime
        The scenario's start, from which time is counted.
    zone : tzinfo
        Zone of timestamps that carry none.
    parse : callable
        From text to a datetime; raises ValueError at what is none.

    Returns
    -------
    ndarray of float, shape (n,)
        Seconds since the start. A local time that the clocks show twice is the first of the two,
        unless the row above is not before that. [s]

    Raises
    ------
    DataError
        At the first row that is no time, or a local time that the clocks skip.
    """
    times_s = np.empty(len(rows.times))
    above_s = -np.inf
    for row, text in enumerate(rows.times):
        try:
            instants_s = readings_s(parse(text), zone, start)
        except (ValueError, OverflowError):
            where = f"{quoted(text)} in column {rows.time_column}"
            rows.fail(row, f"{where} is not a time such as 2025-06-02T00:00Z.")
        if not instants_s:
            rows.fail(row, f"time {text} does not exist in {zone}: the clocks skip it.")
        above_s = instants_s[0] if instants_s[0] > above_s else instants_s[-1]
        times_s[row] = above_s
    return times_s


def readings_s(time: datetime, zone: tzinfo, start: datetime) -> tuple[float, ...]:
    """Return all instants that a time can mean.

    Parameters
    ----------
    time : datetime
        A time, with or without a zone.
    zone : tzinfo
        Zone to take where it has none.
    start : datetime
        From which seconds are counted.

    Returns
    -------
    tuple of float
        One instant; two for a local time that the clocks show twice, in order; none for one that
        they skip. [s]
    """
    if time.tzinfo is not None or zone is UTC:
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return ((aware - start).total_seconds(),)
    first, second = (
        (time.replace(tzinfo=zone, fold=fold) - start).total_seconds() for fold in (0, 1)
    )
    if first == second:
        return (first,)
    return (first, second) if first < second else ()


def zone_named(name: str, file: str) -> tzinfo:
    """Return a time zone.

    Parameters
    ----------
    name : str
        Its name, e.g. Europe/Berlin.
    file : str
        What a message calls the file it is for.

    Returns
    -------
    tzinfo
        The zone.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=1) or ["Europe/Berlin or UTC"]
        msg = f"{file}: {quoted(name)} is not a time zone. Did you mean {near[0]}?"
        raise DataError(msg) from None


def finite(text: str) -> float | None:
    """Return a finite number, or None for any other text."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def span(duration_s: float) -> str:
    """Write a length of time."""
    for size_s, unit in ((HOUR_S, "h"), (MINUTE_S, "min")):
        if duration_s >= size_s:
            return f"{duration_s / size_s:g} {unit}"
    return f"{duration_s:g} s"
