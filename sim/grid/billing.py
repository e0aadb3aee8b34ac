"""Billing months and the hours of a tariff, on the local clock."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.scenario.schema.tariff import Hours

SATURDAY: Final = 5
MONTHS_PER_YEAR: Final = 12


def billing_months(starts_utc: pd.DatetimeIndex, timezone: str) -> NDArray[np.int_]:
    """Return the billing month of each step: a calendar month in local time.

    Parameters
    ----------
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    timezone : str
        Zone of the billing months, e.g. ``America/New_York``.

    Returns
    -------
    ndarray of int, shape (n,)
        Months since January of year 0: equal within a month, one more for the next [-].
    """
    local = starts_utc.tz_convert(timezone)
    months = np.asarray(local.year) * MONTHS_PER_YEAR + np.asarray(local.month) - 1
    return np.asarray(months, dtype=np.int_)


def month_number(month: int) -> int:
    """Return the calendar month of a billing month, 1 to 12."""
    return month % MONTHS_PER_YEAR + 1


def covered_fractions(
    months: NDArray[np.int_], *, timezone: str, step_s: float
) -> dict[int, float]:
    """Return how much of each billing month the steps cover, of its real hours.

    Parameters
    ----------
    months : ndarray of int, shape (n,)
        Billing month of each step. [-]
    timezone : str
        Zone of the billing months.
    step_s : float
        Length of a step. [s]

    Returns
    -------
    dict of int to float
        Share by month, in order, 0..1.
    """
    numbers, counts = np.unique(months, return_counts=True)
    return {
        int(month): float(count) * step_s / month_length_s(int(month), timezone)
        for month, count in zip(numbers, counts, strict=True)
    }


def month_length_s(month: int, timezone: str) -> float:
    """Return the length of a billing month [s]: an hour less or more where the clocks change."""
    first, following = (
        pd.Timestamp(number // MONTHS_PER_YEAR, month_number(number), 1, tz=timezone)
        for number in (month, month + 1)
    )
    return float((following - first).total_seconds())


def within(hours: Hours, local: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Say which times lie within some hours of the week and the year.

    Parameters
    ----------
    hours : Hours
        The hours; they run past midnight where `to_hour` is not after `from_hour`.
    local : DatetimeIndex, shape (n,)
        Local times; months and days are those of each one's own date.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether they do.
    """
    length_h = (hours.to_hour - hours.from_hour) % 24 or 24
    inside = (np.asarray(local.hour) - hours.from_hour) % 24 < length_h
    if hours.days != "all":
        weekend = np.asarray(local.day_of_week) >= SATURDAY
        inside &= weekend if hours.days == "weekends" else ~weekend
    if hours.months:
        inside &= np.isin(np.asarray(local.month), hours.months)
    return np.asarray(inside)
