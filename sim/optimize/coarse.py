"""A horizon of short steps as one of longer ones that is no stricter, so that a year stays small.

What settles in the short steps is, in its means, a point of the program of the long ones: flows add
up, prices are the best within each step, and limits the widest. Only peaks and tiers of intervals
and months that lie wholly in a step count.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from sim.optimize.horizon import (
    Columns,
    Flexible,
    Horizon,
    ImportTier,
    Indices,
    PeakCharge,
    Rates,
)
from sim.optimize.limits import most_w
from sim.units import HOUR_S

MOST_STEPS: Final = 9_000
"""Steps from which on a run is planned in hours: a year of hours is planned as it is."""


def steps_per_hour(n_steps: int, step_s: float) -> int:
    """Return how many steps of a run are planned as one: an hour's if there are many, else 1.

    Parameters
    ----------
    n_steps : int
        Steps of the run. [-]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    int
        Their number. [-]
    """
    count = round(HOUR_S / step_s)
    return count if n_steps > MOST_STEPS and n_steps % count == 0 else 1


def coarse(horizon: Horizon, count: int) -> Horizon:
    """Return a horizon in which some steps are one.

    Parameters
    ----------
    horizon : Horizon
        The horizon, of n steps.
    count : int
        Steps that become one; it divides n. [-]

    Returns
    -------
    Horizon
        One of n / count steps, whose least cost is no higher.
    """
    if count == 1:
        return horizon

    def over(column: Columns, how: Callable[..., Columns]) -> Columns:
        """Return a column over the steps that are put together."""
        return np.asarray(how(column.reshape(-1, count), axis=1))

    most = {flow: over(limit_w, np.max) for flow, limit_w in most_w(horizon).items()}
    fraction, flexible = horizon.grid_fraction, horizon.flexible
    if flexible is not None:
        flexible = Flexible(
            ratio=over(flexible.ratio, np.min),
            bend_per_w=over(flexible.bend_per_w, np.min),
            slope_most=over(flexible.slope_most, np.max),
            most_w=over(flexible.most_w, np.max),
            usual_w=over(flexible.usual_w, np.mean),
            waste_j=flexible.waste_j,
        )
    return replace(
        horizon,
        net_w=over(horizon.net_w, np.mean),
        step_s=horizon.step_s * count,
        rates=_rates(horizon.rates, count, over),
        grid_fraction=None if fraction is None else over(fraction, np.mean),
        flexible=flexible,
        most_w=most,
    )


def _rates(
    rates: Rates, count: int, over: Callable[[Columns, Callable[..., Columns]], Columns]
) -> Rates:
    contracted, saving = rates.contracted_w, rates.contracted_saving_per_j
    return replace(
        rates,
        import_per_j=over(rates.import_per_j, np.min),
        export_per_j=over(rates.export_per_j, np.max),
        contracted_w=None if contracted is None else over(contracted, np.mean),
        contracted_saving_per_j=None if saving is None else over(saving, np.max),
        peaks=tuple(_peak(peak, count) for peak in rates.peaks),
        tiers=tuple(_tier(tier, count) for tier in rates.tiers),
    )


def _peak(peak: PeakCharge, count: int) -> PeakCharge:
    """Let each step be an interval: its mean is no more than the highest that lies in it."""
    interval, months = peak.interval_of_step, peak.month_of_interval
    counted = np.flatnonzero(interval >= 0)
    number = np.arange(len(interval) // count)
    lowest = np.full(len(months), len(number))
    highest = np.full(len(months), -1)
    np.minimum.at(lowest, interval[counted], counted // count)
    np.maximum.at(highest, interval[counted], counted // count)
    whole = (interval >= 0) & (lowest == highest)[interval]
    month = _same(np.where(whole, months[interval], -1).reshape(-1, count))
    return replace(
        peak,
        interval_of_step=np.where(month >= 0, number, -1),
        month_of_interval=np.maximum(0, month),
    )


def _tier(tier: ImportTier, count: int) -> ImportTier:
    return replace(tier, month_of_step=_same(tier.month_of_step.reshape(-1, count)))


def _same(blocks: Indices) -> Indices:
    """Return the number that all of a block have, -1 where they differ."""
    return np.where((blocks == blocks[:, :1]).all(axis=1), blocks[:, 0], -1)
