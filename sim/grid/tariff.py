"""Retail tariff: time-of-use energy prices and demand charges, in the tariff's local time."""

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.scenario.grid_schema import Tariff, TimeOfUsePeriod
from sim.units import KW, MINUTE_S, USD_PER_KWH

SATURDAY: Final = 5
MONTHS_PER_YEAR: Final = 12
EPOCH: Final = pd.Timestamp(0, tz="UTC")


def energy_prices_usd_per_j(
    tariff: Tariff, starts_utc: pd.DatetimeIndex
) -> NDArray[np.float64] | None:
    """Return the tariff's own energy price in each step, without delivery charge.

    Parameters
    ----------
    tariff : Tariff
        The retail contract.
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone; a step has the price in force at its start.

    Returns
    -------
    ndarray of float, shape (n,), or None
        Price of energy [USD/J]; None if the tariff has no energy price of its own.

    Notes
    -----
    Periods are read on the local clock, so they move with daylight saving time; the first period
    that matches counts. A period whose `to_hour` is not after its `from_hour` runs past midnight;
    months and days are those of each step's own date.
    """
    if tariff.energy_usd_per_kwh is None:
        return None
    local = starts_utc.tz_convert(tariff.timezone)
    prices = np.full(len(local), tariff.energy_usd_per_kwh)
    for period in reversed(tariff.time_of_use):
        prices[_in_period(period, local)] = period.energy_usd_per_kwh
    return prices * USD_PER_KWH


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


def demand_charges_usd(
    import_w: NDArray[np.float64], starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float
) -> NDArray[np.float64]:
    """Return the demand charge by the steps that caused it; the sum is the bill.

    Parameters
    ----------
    import_w : ndarray of float, shape (n,)
        Mean import in each step. [W]
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    tariff : Tariff
        The retail contract.
    step_s : float
        Length of a step; it divides the hour. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Charge put on each step [USD], zero outside the intervals that set a peak.

    Raises
    ------
    ValueError
        If `import_w` and `starts_utc` differ in length.

    Notes
    -----
    In each billing month the demand interval with the highest mean import is charged, the first of
    several equal ones, times the share of the month's real hours that the run covers. Within the
    interval the charge is split in proportion to the import of its steps. Intervals are aligned to
    the local hour and last a whole number of steps, at least `demand_interval_min`; if that does
    not divide the hour, the last interval of each hour is the shorter one. The mean is over the
    steps that the run has.
    """
    if len(import_w) != len(starts_utc):
        msg = f"import_w has {len(import_w)} steps, but starts_utc has {len(starts_utc)}."
        raise ValueError(msg)
    charges_usd = np.zeros(len(import_w))
    if tariff.demand_charge_usd_per_kw == 0:
        return charges_usd
    months = billing_months(starts_utc, tariff.timezone)
    interval_s = max(step_s, math.ceil(tariff.demand_interval_min * MINUTE_S / step_s) * step_s)
    intervals = _interval_starts_s(starts_utc, tariff.timezone, interval_s)
    for month in np.unique(months):
        steps = np.flatnonzero(months == month)
        covered = len(steps) * step_s / _month_length_s(int(month), tariff.timezone)
        peak_steps, peak_w = _peak_interval(import_w, steps, intervals[steps])
        bill_usd = peak_w * (tariff.demand_charge_usd_per_kw / KW) * covered
        weight = import_w[peak_steps]
        if bill_usd > 0:
            charges_usd[peak_steps] = bill_usd * weight / weight.sum()
    return charges_usd


def _in_period(period: TimeOfUsePeriod, local: pd.DatetimeIndex) -> NDArray[np.bool_]:
    length_h = (period.to_hour - period.from_hour) % 24 or 24
    inside = (np.asarray(local.hour) - period.from_hour) % 24 < length_h
    if period.days != "all":
        weekend = np.asarray(local.day_of_week) >= SATURDAY
        inside &= weekend if period.days == "weekends" else ~weekend
    if period.months:
        inside &= np.isin(np.asarray(local.month), period.months)
    return inside


def _interval_starts_s(
    starts_utc: pd.DatetimeIndex, timezone: str, interval_s: float
) -> NDArray[np.float64]:
    local = starts_utc.tz_convert(timezone)
    into_hour_s = np.asarray(local.minute) * MINUTE_S + np.asarray(local.second)
    epoch_s = np.asarray((starts_utc - EPOCH) // pd.Timedelta(seconds=1), dtype=np.float64)
    return np.asarray(epoch_s - into_hour_s % interval_s)


def _month_length_s(month: int, timezone: str) -> float:
    # Between two local midnights: 1 h less or more in the months the clocks change.
    first, following = (
        pd.Timestamp(number // MONTHS_PER_YEAR, number % MONTHS_PER_YEAR + 1, 1, tz=timezone)
        for number in (month, month + 1)
    )
    return float((following - first).total_seconds())


def _peak_interval(
    import_w: NDArray[np.float64], steps: NDArray[np.int_], intervals: NDArray[np.float64]
) -> tuple[NDArray[np.int_], float]:
    _, of_step, counts = np.unique(intervals, return_inverse=True, return_counts=True)
    means_w = np.bincount(of_step, weights=import_w[steps]) / counts
    peak = int(np.argmax(means_w))
    return steps[of_step == peak], float(means_w[peak])
