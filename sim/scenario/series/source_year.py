"""A year of a series laid onto the years of a run."""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from math import gcd
from typing import Final

import numpy as np

from sim.errors import DataError
from sim.scenario.schema.series import SeriesSource
from sim.scenario.series.rows import Array, Piecewise
from sim.units import DAY_S, HOUR_S, MINUTE_S

_WEEK: Final = 7
_WRAP: Final = 364
"""Days in 52 weeks: what weekdays are moved by to stay within the source's year."""


def lay_on_run(
    pieces: Piecewise, ref: SeriesSource, *, start: datetime, duration_s: float
) -> Piecewise:
    """Lay the source year of a series onto every year that a run touches.

    Parameters
    ----------
    pieces : tuple of ndarray
        Edges [s] and values of the series in its own time. [any]
    ref : SeriesSource
        Its `source_year`, and how it is aligned.
    start : datetime
        The run's start, UTC.
    duration_s : float
        Length of the run. [s]

    Returns
    -------
    tuple of ndarray
        Edges and values around the run; times without a value at either end are left out.

    Raises
    ------
    DataError
        If the series' edges are not on whole minutes, or it has nothing for the run's start.

    Notes
    -----
    Days are those of UTC. ``weekdays`` takes every time from the same weekday and hour of the
    source, a whole number of weeks away, so that 1 January falls within three days of 1 January.
    ``dates`` takes it from the same date and hour. What falls beyond the file is taken from the
    other end of its year: 52 weeks, or the length of the source year, away.
    """
    edges_s, _ = pieces
    step_s = _step_s(edges_s, ref, start)
    midnight = datetime(start.year - 1, 1, 1, tzinfo=UTC)
    end = datetime((start + timedelta(seconds=duration_s)).year + 2, 1, 1, tzinfo=UTC)
    into_day_s = np.arange(0.0, DAY_S, step_s)
    source_day = _source_days(range(midnight.year, end.year), ref)
    source_s = (source_day * DAY_S)[:, None] + into_day_s
    # Ordinal days count from 1 January of year 1.
    source_s += (datetime(1, 1, 1, tzinfo=UTC) - start).total_seconds() - DAY_S
    laid = _looked_up(pieces, _wrapped(source_s.ravel(), edges_s, ref, start))
    laid_edges_s = np.arange(laid.size + 1, dtype=float) * step_s
    laid_edges_s += (midnight - start).total_seconds()
    return _around_zero(laid_edges_s, laid, ref, start)


def _step_s(edges_s: Array, ref: SeriesSource, start: datetime) -> float:
    """Return the longest step that all edges, the hours and the midnights are multiples of."""
    into_day_s = start.hour * HOUR_S + start.minute * MINUTE_S + start.second
    minutes = (edges_s + into_day_s) / MINUTE_S
    if not np.allclose(minutes, np.round(minutes), rtol=0.0, atol=1e-6):
        msg = f"{ref.file}: source_year needs times on whole minutes."
        raise DataError(msg)
    return gcd(60, *np.unique(np.round(minutes).astype(np.int64) % 60).tolist()) * MINUTE_S


def _source_days(years: range, ref: SeriesSource) -> Array:
    """Return the ordinal day of the source for each day of the years."""
    source_year = ref.source_year or years[0]
    days: list[int] = []
    for year in years:
        first, following = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
        if ref.align == "weekdays":
            apart = first - date(source_year, 1, 1).toordinal()
            shift = _WEEK * round(apart / _WEEK)
            days += [day - shift for day in range(first, following)]
        else:
            days += [
                _same_date(date.fromordinal(day), source_year) for day in range(first, following)
            ]
    return np.array(days, dtype=float)


def _same_date(day: date, year: int) -> int:
    if day.month == 2 and day.day == 29 and not isleap(year):
        day = day.replace(day=28)
    return day.replace(year=year).toordinal()


def _wrapped(at_s: Array, edges_s: Array, ref: SeriesSource, start: datetime) -> Array:
    """Move times that the file lacks at the ends of its year to the other end."""
    year = ref.source_year or start.year
    first_s, following_s = (
        (datetime(number, 1, 1, tzinfo=UTC) - start).total_seconds() for number in (year, year + 1)
    )
    wrap_s = _WRAP * DAY_S if ref.align == "weekdays" else following_s - first_s
    # The year of a local time begins up to a day off that of UTC.
    early = (at_s < edges_s[0]) & (at_s < first_s + DAY_S)
    late = (at_s >= edges_s[-1]) & (at_s >= following_s - DAY_S)
    return np.asarray(at_s + wrap_s * early - wrap_s * late, dtype=float)


def _looked_up(pieces: Piecewise, at_s: Array) -> Array:
    """Return the values in force at times, nan where there are none."""
    edges_s, values = pieces
    index = np.searchsorted(edges_s, at_s, side="right") - 1
    inside = (index >= 0) & (index < values.size)
    return np.where(inside, values[np.clip(index, 0, values.size - 1)], np.nan)


def _around_zero(edges_s: Array, laid: Array, ref: SeriesSource, start: datetime) -> Piecewise:
    """Return the stretch without nan around the run's start."""
    first = int(np.searchsorted(edges_s, 0.0, side="right")) - 1
    if np.isnan(laid[first]):
        msg = f"{ref.file} has nothing in {ref.source_year} to lay onto {start:%Y-%m-%dT%H:%MZ}."
        raise DataError(msg)
    missing = np.flatnonzero(np.isnan(laid))
    before = missing[missing < first]
    after = missing[missing > first]
    low = int(before[-1]) + 1 if before.size else 0
    high = int(after[0]) if after.size else laid.size
    return edges_s[low : high + 1], laid[low:high]
