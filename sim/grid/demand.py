"""Demand charges: what each billing month's highest import costs, and which steps caused it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.grid.billing import billing_months, covered_fractions, month_number, within
from sim.scenario.schema.tariff import DemandCharge, Tariff
from sim.units import KW, MINUTE_S

EPOCH: Final = pd.Timestamp(0, tz="UTC")

Columns = NDArray[np.float64]
Peak = tuple[float, NDArray[np.int_]]
"""Highest mean import of a month [W], and the steps of its interval; none before the run."""


@dataclass(frozen=True, slots=True, eq=False)
class DemandPeriods:
    """Demand intervals of one charge over n steps: k intervals in m billing months.

    Attributes
    ----------
    interval_of_step : ndarray of int, shape (n,)
        Demand interval of each step. [-]
    month_of_interval : ndarray of int, shape (k,)
        Billing month of each interval, counted from 0. [-]
    charge_usd_per_w : ndarray of float, shape (m,)
        What each month's highest mean import costs, for the part of it covered. [USD/W]
    counted : ndarray of bool, shape (k,)
        Whether the interval lies within the hours of the charge.
    """

    interval_of_step: NDArray[np.int_]
    month_of_interval: NDArray[np.int_]
    charge_usd_per_w: Columns
    counted: NDArray[np.bool_]

    def means_w(self, import_w: Columns) -> Columns:
        """Return the mean import of each interval over its steps, shape (k,). [W]."""
        sums_w = np.bincount(self.interval_of_step, weights=import_w)
        return np.asarray(sums_w / np.bincount(self.interval_of_step))


def demand_charges_usd(
    import_w: Columns, starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float
) -> Columns:
    """Return the demand charges by the steps that caused them; the sum is the bill.

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
    In each billing month the demand interval with the highest mean import within the charge's
    hours is charged, the first of several equal ones, times the share of the month's real hours
    that the run covers. Within the interval the charge is split in proportion to the import of its
    steps. Intervals are aligned to the local hour and last a whole number of steps, at least
    `interval_min`; if that does not divide the hour, the last interval of each hour is the shorter
    one. The mean is over the steps that the run has.

    With a ratchet, at least `ratchet_fraction` of the highest peak of the `ratchet_months` before
    is billed. What that adds is put on the steps of that earlier peak, or evenly on the month where
    that peak was before the run.
    """
    if len(import_w) != len(starts_utc):
        msg = f"import_w has {len(import_w)} steps, but starts_utc has {len(starts_utc)}."
        raise ValueError(msg)
    charges_usd = np.zeros(len(import_w))
    for charge in charges_of(tariff):
        if charge.charge_usd_per_kw > 0:
            periods = periods_of(charge, starts_utc, timezone=tariff.timezone, step_s=step_s)
            _add_charge(charges_usd, import_w, charge, periods)
    return charges_usd


def charges_of(tariff: Tariff) -> tuple[DemandCharge, ...]:
    """Return all demand charges of a tariff, that of the short spelling first."""
    short = DemandCharge(
        charge_usd_per_kw=tariff.demand_charge_usd_per_kw, interval_min=tariff.demand_interval_min
    )
    return (short, *tariff.demand_charges)


def demand_periods(starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float) -> DemandPeriods:
    """Return demand intervals and months of the tariff's `demand_charge_usd_per_kw`.

    Parameters
    ----------
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    tariff : Tariff
        The retail contract.
    step_s : float
        Length of a step; it divides the hour. [s]

    Returns
    -------
    DemandPeriods
        What the notes of `demand_charges_usd` say.
    """
    return periods_of(charges_of(tariff)[0], starts_utc, timezone=tariff.timezone, step_s=step_s)


def periods_of(
    charge: DemandCharge, starts_utc: pd.DatetimeIndex, *, timezone: str, step_s: float
) -> DemandPeriods:
    """Return the demand intervals of a charge and what the peak of each billing month costs.

    Parameters
    ----------
    charge : DemandCharge
        The charge.
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    timezone : str
        Zone of its hours and billing months.
    step_s : float
        Length of a step; it divides the hour. [s]

    Returns
    -------
    DemandPeriods
        What the notes of `demand_charges_usd` say, the ratchet apart.
    """
    interval_s = max(step_s, math.ceil(charge.interval_min * MINUTE_S / step_s) * step_s)
    local = starts_utc.tz_convert(timezone)
    into_hour_s = np.asarray(local.minute) * MINUTE_S + np.asarray(local.second)
    epoch_s = np.asarray((starts_utc - EPOCH) // pd.Timedelta(seconds=1), dtype=np.float64)
    # Intervals begin anew in every local hour, so none lies in two months or across a limit.
    _, first, interval_of_step = np.unique(
        epoch_s - into_hour_s % interval_s, return_index=True, return_inverse=True
    )
    months = billing_months(starts_utc, timezone)
    covered = covered_fractions(months, timezone=timezone, step_s=step_s)
    due = [not charge.months or month_number(month) in charge.months for month in covered]
    month_of_step = np.searchsorted(list(covered), months)
    return DemandPeriods(
        interval_of_step=interval_of_step,
        month_of_interval=month_of_step[first],
        charge_usd_per_w=np.array(list(covered.values()))
        * (np.array(due) * charge.charge_usd_per_kw / KW),
        counted=within(charge, local)[first],
    )


def _add_charge(
    charges_usd: Columns, import_w: Columns, charge: DemandCharge, periods: DemandPeriods
) -> None:
    """Add one charge to the steps that caused it."""
    means_w = periods.means_w(import_w)
    peaks: list[Peak] = [(charge.ratchet_start_kw * KW, np.empty(0, dtype=np.int_))]
    for month, charge_usd_per_w in enumerate(periods.charge_usd_per_w):
        own_w, own_steps = _peak(means_w, periods, month)
        earlier_w, earlier_steps = max(peaks[-charge.ratchet_months :], key=lambda peak: peak[0])
        peaks.append((own_w, own_steps))
        excess_w = max(0.0, charge.ratchet_fraction * earlier_w - own_w)
        _spread(charges_usd, own_w * charge_usd_per_w, own_steps, import_w)
        if earlier_steps.size:
            _spread(charges_usd, excess_w * charge_usd_per_w, earlier_steps, import_w)
        else:
            month_steps = _steps_of(periods, month)
            _spread(charges_usd, excess_w * charge_usd_per_w, month_steps, np.ones_like(import_w))


def _peak(means_w: Columns, periods: DemandPeriods, month: int) -> Peak:
    intervals = np.flatnonzero((periods.month_of_interval == month) & periods.counted)
    if not intervals.size:
        return 0.0, np.empty(0, dtype=np.int_)
    peak = intervals[np.argmax(means_w[intervals])]
    return float(means_w[peak]), np.flatnonzero(periods.interval_of_step == peak)


def _steps_of(periods: DemandPeriods, month: int) -> NDArray[np.int_]:
    return np.flatnonzero(periods.month_of_interval[periods.interval_of_step] == month)


def _spread(
    charges_usd: Columns, bill_usd: float, steps: NDArray[np.int_], weight: Columns
) -> None:
    """Put a bill on steps in proportion to their weight."""
    if bill_usd > 0:
        charges_usd[steps] += bill_usd * weight[steps] / weight[steps].sum()
