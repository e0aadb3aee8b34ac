"""Series of the user's own: read from a CSV file, checked, and averaged over steps."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import numpy as np

from sim.errors import DataError
from sim.scenario.positions import quoted
from sim.scenario.schema.series import FileSeries, FractionSeries, PriceSeries, SeriesSource
from sim.scenario.series.files import data_fault, read_columns
from sim.scenario.series.prices import usd_per
from sim.scenario.series.rows import (
    Array,
    Piecewise,
    Rows,
    evenly_spaced,
    finite,
    numbers,
    timestamps_s,
    zone_named,
)
from sim.scenario.series.signals import SignalFile, read_signal
from sim.scenario.series.source_year import lay_on_run
from sim.units import CARBON_UNITS, HOUR_S, POWER_UNITS, PRICE_UNITS, RATE_UNITS

_FACTORS: Final[dict[str, float]] = {
    **POWER_UNITS,
    **CARBON_UNITS,
    **RATE_UNITS,
    "-": 1.0,
    "%": 0.01,
}


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A quantity that is constant within each of its intervals.

    Attributes
    ----------
    edges_s : ndarray of float, shape (n_intervals + 1,)
        Bounds of the intervals since the scenario's start, strictly increasing. [s]
    values : ndarray of float, shape (n_intervals,)
        Value in each interval, in coherent SI. [W, USD/J or kgCO2e/J]
    latency_s : float or None
        How long after an interval its value is published; None means as all signals. [s]

    Raises
    ------
    ValueError
        If the shapes do not fit, or the edges do not increase.
    """

    edges_s: Array
    values: Array
    latency_s: float | None = None

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

    def since(self, time_s: float) -> "Series":
        """Return the series from the interval on that holds a time.

        Parameters
        ----------
        time_s : float
            Time since the scenario's start, within the series or before it. [s]

        Returns
        -------
        Series
            The same without what lies before.
        """
        first = max(0, int(np.searchsorted(self.edges_s, time_s, side="right")) - 1)
        return Series(self.edges_s[first:], self.values[first:], self.latency_s)

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


def read_series(
    folder: Path, ref: SeriesSource, *, start: datetime, duration_s: float = 0.0
) -> Series:
    """Read a series from a user's CSV file.

    Parameters
    ----------
    folder : Path
        Folder of the scenario file, to which the file's path is relative.
    ref : SeriesSource
        File, and either columns and unit, or format.
    start : datetime
        The scenario's start, from which time is counted.
    duration_s : float
        Length of the run, onto whose years a `source_year` is laid. [s]

    Returns
    -------
    Series
        The series in coherent SI; each file is read once as long as it does not change.

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
    state = (found.st_mtime_ns, found.st_size)
    return _read(path.absolute(), state, ref, start, duration_s if ref.source_year else 0.0)


def coverage_fault(
    series: Series, ref: SeriesSource, *, start: datetime, end_s: float
) -> str | None:
    """Say what is missing of a series to cover a whole run.

    Parameters
    ----------
    series : Series
        The series, in coherent SI. [W, USD/J or kgCO2e/J]
    ref : SeriesSource
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
def _read(
    path: Path, state: tuple[int, int], ref: SeriesSource, start: datetime, duration_s: float
) -> Series:
    # `state` (time of change and size) is only there for the cache to notice a changed file
    if isinstance(ref, FileSeries):
        pieces = _column(path, ref, start)
    else:
        pieces = read_signal(path, cast("SignalFile", ref), start)
    if ref.source_year is not None:
        pieces = lay_on_run(pieces, ref, start=start, duration_s=duration_s)
    return Series(*pieces, None if ref.latency_h is None else ref.latency_h * HOUR_S)


def _column(path: Path, ref: FileSeries, start: datetime) -> Piecewise:
    """Read a column of a file of the user's own."""
    found = read_columns(path, ref.file, (ref.time_column, ref.column))
    rows = Rows(ref.file, found.lines, ref.time_column, found.cells[0], ref.column, found.cells[1])
    rows.require_some()
    edges_s = evenly_spaced(rows, _times_s(rows, ref, start))
    values = numbers(rows, negative=isinstance(ref, PriceSeries)) * _factor(ref)
    if isinstance(ref, FractionSeries):
        for row in np.flatnonzero(values > 1.0)[:1]:
            rows.fail(row, f"{rows.values[row]} in column {ref.column} is more than all.")
    return edges_s, values


def _factor(ref: FileSeries) -> float:
    if isinstance(ref, PriceSeries):
        currency, _, per = ref.unit.partition("/")
        return PRICE_UNITS[f"USD/{per}"] * usd_per(currency, ref)
    return _FACTORS[ref.unit]


def _times_s(rows: Rows, ref: FileSeries, start: datetime) -> Array:
    if finite(rows.times[0]) is None:
        return timestamps_s(rows, start=start, zone=zone_named(ref.timezone, ref.file))
    times_s = [finite(text) for text in rows.times]
    if None in times_s:
        row = times_s.index(None)
        where = f"{quoted(rows.times[row])} in column {ref.time_column}"
        rows.fail(row, f"{where} is not a number of seconds.")
    if ref.source_year is not None:
        rows.fail(0, "times in seconds have no year. Leave source_year out.")
    return np.array(times_s, dtype=float)


def _clock(start: datetime, time_s: float) -> str:
    try:
        return (start + timedelta(seconds=time_s)).strftime("%Y-%m-%dT%H:%MZ")
    except OverflowError:
        return f"{time_s:g} s"
