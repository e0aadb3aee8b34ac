"""Lay a typical year onto the dates of a run."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.weather.model import (
    PLAUSIBLE,
    PROFILE_COLUMNS,
    Column,
    Weather,
    WeatherYear,
    WindProfile,
    changed_columns,
    frozen,
)

_DAYS_BEFORE_MONTH: Final = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WeatherSlice(Weather):
    """Hourly weather on real dates: row k holds for one hour from ``time_utc[k]``.

    Attributes
    ----------
    time_utc : DatetimeIndex, shape (n,)
        Starts of the hours, UTC.
    """

    time_utc: pd.DatetimeIndex


def slice_window(year: WeatherYear, start: datetime, hours: int) -> WeatherSlice:
    """Return the weather of a span of real UTC hours, taken from a typical year.

    Parameters
    ----------
    year : WeatherYear
        The typical year, in local standard time.
    start : datetime
        Start of the first hour, UTC, on the hour.
    hours : int
        Number of hours; the year repeats as often as needed. [-]

    Returns
    -------
    WeatherSlice
        The weather by UTC hour; its arrays are read-only.

    Raises
    ------
    ValueError
        If `start` is not in UTC or not on the hour, or `hours` is less than one.

    Notes
    -----
    A UTC hour takes the nominal hour that has the same month, day and hour of local standard time;
    29 February takes those of 28 February. Where local time is off by a fraction of an hour (India,
    Nepal), the nearest whole hour is used, the later one at exactly half: up to 30 min of shift.
    """
    if start.utcoffset() != timedelta(0) or start.minute or start.second or start.microsecond:
        msg = f"start must be a full hour in UTC, got {start.isoformat()}."
        raise ValueError(msg)
    if hours < 1:
        msg = f"hours must be at least 1, got {hours}."
        raise ValueError(msg)
    time_utc = pd.date_range(start, periods=hours, freq="h", tz="UTC")
    rows = _nominal_hours(time_utc, year.utc_offset_h)
    return WeatherSlice(
        time_utc=time_utc, **changed_columns(year, lambda _, values: values[..., rows])
    )


def joined(slices: Sequence[WeatherSlice]) -> WeatherSlice:
    """Put slices of one place that follow each other in time together.

    Parameters
    ----------
    slices : sequence of WeatherSlice
        At least one.

    Returns
    -------
    WeatherSlice
        The hours of all of them; what does not vary is that of the last.
    """
    *_, last = slices
    if len(slices) == 1:
        return last

    def together(columns: Sequence[Column]) -> Column:
        """Put one column of all slices together."""
        return frozen(np.concatenate(columns, axis=-1))

    values = {field.name: getattr(last, field.name) for field in fields(Weather)}
    values |= {name: together([getattr(one, name) for one in slices]) for name in PLAUSIBLE}
    profiles = [one.profile for one in slices if one.profile is not None]
    if profiles:
        values["profile"] = WindProfile(profiles[-1].heights_m, **{
            name: together([getattr(one, name) for one in profiles]) for name in PROFILE_COLUMNS
        })
    first, *others = (one.time_utc for one in slices)
    return WeatherSlice(time_utc=pd.DatetimeIndex(first.append(others)), **values)


def _nominal_hours(time_utc: pd.DatetimeIndex, utc_offset_h: float) -> NDArray[np.int_]:
    local = time_utc + pd.Timedelta(hours=int(np.floor(utc_offset_h + 0.5)))
    month, day = np.asarray(local.month), np.asarray(local.day)
    day = np.where((month == 2) & (day == 29), 28, day)
    return np.asarray((_DAYS_BEFORE_MONTH[month - 1] + day - 1) * 24 + np.asarray(local.hour))
