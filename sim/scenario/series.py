"""Series of the user's own: read from a CSV file, checked, and averaged over steps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from sim.errors import DataError
from sim.scenario.files import Columns, data_fault, read_columns
from sim.scenario.positions import quoted
from sim.scenario.series_schema import FileSeries, PriceSeries
from sim.units import CARBON_UNITS, HOUR_S, MINUTE_S, POWER_UNITS, PRICE_UNITS

Array = npt.NDArray[np.float64]

_FACTORS: Final[dict[str, float]] = {**POWER_UNITS, **PRICE_UNITS, **CARBON_UNITS}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A quantity that is constant within each of its intervals.

    Attributes
    ----------
    edges_s : ndarray of float, shape (n_intervals + 1,)
        Bounds of the intervals since the scenario's start, strictly increasing. [s]
    values : ndarray of float, shape (n_intervals,)
        Value in each interval, in coherent SI. [W, USD/J or kgCO2e/J]

    Raises
    ------
    ValueError
        If the shapes do not fit, or the edges do not increase.
    """

    edges_s: Array
    values: Array

    def __post_init__(self) -> None:
        """Refuse what is no series; hold the arrays as read-only views.

        Raises
        ------
        ValueError
            If the shapes do not fit, or the edges do not increase.
        """
        if self.edges_s.shape != (self.values.size + 1,) or not self.values.size:
            msg = f"{self.edges_s.size} edges do not fit {self.values.size} values"
            raise ValueError(msg)
        _require_increasing(self.edges_s)
        for name in ("edges_s", "values"):
            view = np.asarray(getattr(self, name), dtype=float).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @classmethod
    def constant(cls, value: float, start_s: float, end_s: float) -> "Series":
        """Make a series of a single value.

        Parameters
        ----------
        value : float
            The value, in coherent SI. [W, USD/J or kgCO2e/J]
        start_s : float
            From when it holds, since the scenario's start. [s]
        end_s : float
            Until when it holds. [s]

        Returns
        -------
        Series
            One interval with that value.
        """
        return cls(np.array([start_s, end_s], dtype=float), np.array([value], dtype=float))

    def covers(self, start_s: float, end_s: float) -> bool:
        """Say whether the series has a value all the way from one time to another.

        Parameters
        ----------
        start_s : float
            Beginning, since the scenario's start. [s]
        end_s : float
            End. [s]

        Returns
        -------
        bool
            Whether it does.
        """
        return bool(self.edges_s[0] <= start_s and end_s <= self.edges_s[-1])

    def at(self, time_s: float) -> float:
        """Look up the value in force at a time.

        Parameters
        ----------
        time_s : float
            Time since the scenario's start. [s]

        Returns
        -------
        float
            The value; at an edge that of the interval which begins there; NaN outside the series.
        """
        index = int(np.searchsorted(self.edges_s, time_s, side="right")) - 1
        return float(self.values[index]) if 0 <= index < self.values.size else float("nan")

    def mean_over(self, edges_s: Array) -> Array:
        """Average the series over intervals, exactly.

        Parameters
        ----------
        edges_s : ndarray of float, shape (n_means + 1,)
            Bounds of the intervals since the scenario's start, strictly increasing. [s]

        Returns
        -------
        ndarray of float, shape (n_means,)
            Time mean over each interval; bit-exact where the interval lies within one of the
            series' own; NaN where the series does not cover the whole interval.

        Raises
        ------
        ValueError
            If the edges do not increase.
        """
        _require_increasing(edges_s)
        first = np.searchsorted(self.edges_s, edges_s[:-1], side="right") - 1
        last = np.searchsorted(self.edges_s, edges_s[1:], side="left") - 1
        inside = (first >= 0) & (last < self.values.size)
        means = np.where(inside, self.values[np.clip(first, 0, self.values.size - 1)], np.nan)
        spread = inside & (first != last)
        if spread.any():
            means[spread] = self._spread_means(edges_s)[spread]
        return means

    def _spread_means(self, edges_s: Array) -> Array:
        # Sums of the pieces between all edges: a running integral would lose digits on long runs.
        every_edge = np.union1d(self.edges_s, edges_s)
        widths_s = np.diff(every_edge)
        indices = np.searchsorted(self.edges_s, every_edge[:-1], side="right") - 1
        pieces = self.values[np.clip(indices, 0, self.values.size - 1)] * widths_s
        starts = np.searchsorted(every_edge, edges_s)
        integrals = np.add.reduceat(np.append(pieces, 0.0), starts)[:-1]
        return np.asarray(integrals / np.diff(edges_s), dtype=float)


def _require_increasing(edges_s: Array) -> None:
    if edges_s.size < 2 or not (np.diff(edges_s) > 0).all():
        msg = "edges_s must have at least two entries and increase strictly"
        raise ValueError(msg)


def read_series(folder: Path, ref: FileSeries, *, start: datetime) -> Series:
    """Read a column of a user's CSV file as a series.

    Parameters
    ----------
    folder : Path
        Folder of the scenario file, to which the file's path is relative.
    ref : FileSeries
        File, columns and unit.
    start : datetime
        The scenario's start, from which time is counted.

    Returns
    -------
    Series
        The column in coherent SI; each file is read once as long as it does not change.

    Raises
    ------
    DataError
        If the file cannot be used; names the file, the first offending line and what is wanted.
    """
    path = folder / ref.file
    if fault := data_fault(path):
        msg = f"{ref.file} {fault}"
        raise DataError(msg)
    found = path.stat()
    return _read(path.absolute(), (found.st_mtime_ns, found.st_size), ref, start)


def coverage_fault(series: Series, ref: FileSeries, *, start: datetime, end_s: float) -> str | None:
    """Say what is missing of a series to cover a whole run.

    Parameters
    ----------
    series : Series
        The series, in coherent SI. [W, USD/J or kgCO2e/J]
    ref : FileSeries
        Where it comes from.
    start : datetime
        The scenario's start.
    end_s : float
        Length of the run. [s]

    Returns
    -------
    str or None
        What the file covers and what the run needs, or None if it is enough.
    """
    if series.covers(0.0, end_s):
        return None
    bounds_s = (float(series.edges_s[0]), float(series.edges_s[-1]), 0.0, end_s)
    has_from, has_to, from_, to = (_clock(start, time_s) for time_s in bounds_s)
    return (
        f"{ref.file} is too short: it covers {has_from} to {has_to}, "
        f"but the run goes from {from_} to {to}."
    )


@lru_cache(maxsize=256)
def _read(path: Path, state: tuple[int, int], ref: FileSeries, start: datetime) -> Series:
    # `state` (time of change and size) is only there for the cache to notice a changed file
    columns = read_columns(path, ref.file, (ref.time_column, ref.column))
    if (count := len(columns.lines)) < 2:
        rows = f"{count} row{'' if count == 1 else 's'}"
        msg = f"{ref.file} has {rows}; at least two show how far rows are apart."
        raise DataError(msg)
    times_s = _times_s(columns, ref, start)
    interval_s = _interval_s(times_s, columns, ref)
    values = _values(columns, ref)
    return Series(np.append(times_s, times_s[-1] + interval_s), values * _FACTORS[ref.unit])


def _fail(ref: FileSeries, columns: Columns, row: int, message: str) -> NoReturn:
    msg = f"{ref.file}, line {columns.lines[row]}: {message}"
    raise DataError(msg)


def _times_s(columns: Columns, ref: FileSeries, start: datetime) -> Array:
    texts = columns.cells[0]
    numeric = _number(texts[0]) is not None
    convert = _number if numeric else lambda text: _seconds_since(start, text)
    times_s = [convert(text) for text in texts]
    if None in times_s:
        row = times_s.index(None)
        wanted = "a number of seconds" if numeric else "a time such as 2025-06-02T00:00Z"
        where = f"{quoted(texts[row])} in column {ref.time_column}"
        _fail(ref, columns, row, f"{where} is not {wanted}.")
    return np.array(times_s, dtype=float)


def _seconds_since(start: datetime, text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
        return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - start).total_seconds()
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _interval_s(times_s: Array, columns: Columns, ref: FileSeries) -> float:
    texts, gaps_s = columns.cells[0], np.diff(times_s)
    for row in 1 + np.flatnonzero(gaps_s <= 0)[:1]:
        if gaps_s[row - 1] == 0:
            _fail(ref, columns, row, f"time {texts[row]} stands twice. Keep one row a time.")
        _fail(ref, columns, row, f"time {texts[row]} is before the row above. Sort by time.")
    interval_s = float(np.sort(gaps_s)[(gaps_s.size - 1) // 2])
    for row in 1 + np.flatnonzero(np.abs(gaps_s - interval_s) > 1e-6 * interval_s)[:1]:
        apart = f"{_span(gaps_s[row - 1])} after the row above, but rows are {_span(interval_s)}"
        _fail(ref, columns, row, f"gap: time {texts[row]} is {apart} apart. Space them evenly.")
    return interval_s


def _values(columns: Columns, ref: FileSeries) -> Array:
    texts = columns.cells[1]
    numbers = [_number(text) for text in texts]
    if None in numbers:
        row = numbers.index(None)
        what = f"{quoted(texts[row])} is not a finite number" if texts[row] else "the cell is empty"
        _fail(ref, columns, row, f"{what} in column {ref.column}.")
    values = np.array(numbers, dtype=float)
    for row in np.flatnonzero(values < 0)[:1]:
        if not isinstance(ref, PriceSeries):
            _fail(ref, columns, row, f"{texts[row]} in column {ref.column} is negative.")
    return values


def _span(duration_s: float) -> str:
    for size_s, unit in ((HOUR_S, "h"), (MINUTE_S, "min")):
        if duration_s >= size_s:
            return f"{duration_s / size_s:g} {unit}"
    return f"{duration_s:g} s"


def _clock(start: datetime, time_s: float) -> str:
    try:
        return (start + timedelta(seconds=time_s)).strftime("%Y-%m-%dT%H:%MZ")
    except OverflowError:
        return f"{time_s:g} s"
