"""Retail tariff: energy prices by the hour and by blocks, fixed charge and minimum bill.

All hours and billing months are those of the tariff's local time. A billing month of which the run
covers only a part is billed for that part of its real hours.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.grid.billing import billing_months, covered_fractions, within
from sim.grid.demand import DemandPeriods, demand_charges_usd, demand_periods
from sim.scenario.schema.tariff import EnergyBlock, Tariff
from sim.units import KWH, USD_PER_KWH

__all__ = [
    "DemandPeriods",
    "billing_months",
    "block_charges_usd",
    "demand_charges_usd",
    "demand_periods",
    "energy_prices_usd_per_j",
    "first_block_usd_per_j",
    "fixed_charges_usd",
    "top_up_usd",
]

Columns = NDArray[np.float64]


def energy_prices_usd_per_j(tariff: Tariff, starts_utc: pd.DatetimeIndex) -> Columns | None:
    """Return the tariff's own energy price in each step, without delivery charge and blocks.

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
        prices[within(period, local)] = period.energy_usd_per_kwh
    return prices * USD_PER_KWH


def first_block_usd_per_j(tariff: Tariff) -> float:
    """Return the price of the first block, which the price of each step contains. [USD/J]."""
    return tariff.blocks[0].energy_usd_per_kwh * USD_PER_KWH if tariff.blocks else 0.0


def block_charges_usd(
    import_j: Columns, starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float
) -> Columns:
    """Return what later blocks cost more, or less, than if all import were in the first.

    Parameters
    ----------
    import_j : ndarray of float, shape (n,)
        Import in each step. [J]
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    tariff : Tariff
        The retail contract.
    step_s : float
        Length of a step. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Charge of each step, by the blocks that its own import falls in. [USD]

    Notes
    -----
    Import is added up from the start of each billing month. Blocks of a month that the run covers
    in part shrink to that part.
    """
    charges_usd = np.zeros(len(import_j))
    if len(tariff.blocks) < 2:
        return charges_usd
    months = billing_months(starts_utc, tariff.timezone)
    for month, covered in covered_fractions(
        months, timezone=tariff.timezone, step_s=step_s
    ).items():
        steps = np.flatnonzero(months == month)
        upto_j = np.concatenate([[0.0], np.cumsum(import_j[steps])])
        charges_usd[steps] = np.diff(_surcharge_usd(upto_j, tariff.blocks, covered))
    return charges_usd


def _surcharge_usd(upto_j: Columns, blocks: tuple[EnergyBlock, ...], covered: float) -> Columns:
    """Return what import since the month began has cost beyond the first block's price."""
    total_usd = np.zeros(len(upto_j))
    for block, following in pairwise(blocks):
        more_usd_per_j = (following.energy_usd_per_kwh - block.energy_usd_per_kwh) * USD_PER_KWH
        beyond_j = upto_j - (block.up_to_kwh or 0.0) * KWH * covered
        total_usd += more_usd_per_j * np.maximum(0.0, beyond_j)
    return total_usd


def fixed_charges_usd(starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float) -> Columns:
    """Return the fixed charge, spread evenly over the steps of each billing month.

    Parameters
    ----------
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    tariff : Tariff
        The retail contract.
    step_s : float
        Length of a step. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Charge of each step. [USD]
    """
    return _evenly(tariff.fixed_usd_per_month, starts_utc, tariff, step_s)


def top_up_usd(
    bill_usd: Columns, starts_utc: pd.DatetimeIndex, *, tariff: Tariff, step_s: float
) -> Columns:
    """Return what brings each month's bill to the minimum, spread evenly over its steps.

    Parameters
    ----------
    bill_usd : ndarray of float, shape (n,)
        Bill by step: energy, demand and fixed charges less what export earns. [USD]
    starts_utc : DatetimeIndex, shape (n,)
        Starts of the steps, with a zone.
    tariff : Tariff
        The retail contract.
    step_s : float
        Length of a step. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Top-up of each step, zero in months whose bill is not below the minimum. [USD]

    Notes
    -----
    A bill counts by the steps its charges stand on: what a ratchet adds, by the earlier peak.
    """
    least_usd = _evenly(tariff.minimum_usd_per_month, starts_utc, tariff, step_s)
    if not least_usd.any():
        return least_usd
    months = billing_months(starts_utc, tariff.timezone)
    _, of_step, counts = np.unique(months, return_inverse=True, return_counts=True)
    missing_usd = np.maximum(0.0, np.bincount(of_step, least_usd - bill_usd))
    return np.asarray((missing_usd / counts)[of_step])


def _evenly(
    usd_per_month: float, starts_utc: pd.DatetimeIndex, tariff: Tariff, step_s: float
) -> Columns:
    spread_usd = np.zeros(len(starts_utc))
    if usd_per_month == 0:
        return spread_usd
    months = billing_months(starts_utc, tariff.timezone)
    for month, covered in covered_fractions(
        months, timezone=tariff.timezone, step_s=step_s
    ).items():
        steps = months == month
        spread_usd[steps] = usd_per_month * covered / np.count_nonzero(steps)
    return spread_usd
