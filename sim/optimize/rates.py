"""What a site's flows cost, in money or in carbon, for a linear program."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from sim.grid.billing import billing_months, covered_fractions
from sim.grid.demand import charges_of, periods_of
from sim.grid.instruments import contract_costs_usd
from sim.grid.tariff import fixed_charges_usd
from sim.optimize.horizon import Columns, ImportTier, PeakCharge, Rates
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff
from sim.site import Site
from sim.units import KW, KWH, TONNE_KG, USD_PER_KWH

Objective = Literal["cost_usd", "carbon_location_kg", "carbon_marginal_kg"]
"""What a plan has as little of as it can: the total cost, or a carbon column of the ledger."""

UNSERVED_PER_KWH: Final = 10.0
"""Cost of load that is not served, in USD or kgCO2e per kWh: beyond any usual price, and ten times
what coal emits (assumption)."""


def rates_of(site: Site, *, objective: Objective = "cost_usd") -> Rates:
    """Return what one more unit of each of a site's flows costs.

    Parameters
    ----------
    site : Site
        The site, n steps.
    objective : {'cost_usd', 'carbon_location_kg', 'carbon_marginal_kg'}
        Money, or emissions at the average or the marginal intensity of the grid.

    Returns
    -------
    Rates
        In USD or kgCO2e. Left out is what can only add to the cost and fits no linear program:
        battery wear, minimum bills, the use of contracted energy that had better be sold, what
        demand response pays less than it could; a block whose price falls is as dear as it gets
        with the next ones.

    Raises
    ------
    ValueError
        If a price or an intensity is unknown where the site has a grid, or a market answers to the
        site's load.
    """
    if site.node is not None and objective != "carbon_location_kg":
        msg = f"site {site.name}: a market that answers to its load leaves it without a bound."
        raise ValueError(msg)
    if objective == "cost_usd":
        return _costs(site)
    signal = "average" if objective == "carbon_location_kg" else "marginal"
    per_j = _known(site, f"{signal}_carbon_kg_per_j")
    return Rates(
        import_per_j=per_j,
        export_per_j=per_j if signal == "marginal" else np.zeros_like(per_j),
        unserved_per_j=UNSERVED_PER_KWH / KWH,
        backup_per_j=site.backup_carbon_kg_per_j,
    )


def _costs(site: Site) -> Rates:
    blocks = () if site.tariff is None else _rising(site.tariff.blocks)
    import_per_j = _known(site, "price_usd_per_j")
    if blocks:
        import_per_j = import_per_j + blocks[0][1]
    export_per_j = _known(site, "export_price_usd_per_j")
    backup_per_j, tariff = site.backup_usd_per_j, site.tariff
    if tariff is not None and tariff.carbon_price_usd_per_t:
        usd_per_kg = tariff.carbon_price_usd_per_t / TONNE_KG
        backup_per_j += usd_per_kg * site.backup_carbon_kg_per_j
        import_per_j = import_per_j + usd_per_kg * _known(
            site, f"{tariff.carbon_price_basis}_carbon_kg_per_j"
        )
        if tariff.carbon_price_basis == "marginal":
            export_per_j = export_per_j + usd_per_kg * _known(site, "marginal_carbon_kg_per_j")
    contracted_w, saving_per_j, contracts_usd = _contracts(site)
    return Rates(
        import_per_j=import_per_j,
        export_per_j=export_per_j,
        unserved_per_j=UNSERVED_PER_KWH / KWH,
        backup_per_j=backup_per_j,
        contracted_w=contracted_w,
        contracted_saving_per_j=saving_per_j,
        peaks=() if tariff is None else tuple(_peaks(site, tariff)),
        tiers=() if tariff is None else tuple(_tiers(site, tariff, blocks)),
        fixed=contracts_usd + _fixed_usd(site),
    )


def _known(site: Site, name: str) -> Columns:
    """Return a column of the site, zeros where there is no grid that it could matter for."""
    values: Columns = getattr(site, name)
    limits = site.connection
    if limits.import_limit_w == 0.0 and limits.export_limit_w == 0.0:
        return np.zeros_like(values)
    if np.isnan(values).any():
        msg = f"site {site.name}: {name} is unknown in step {int(np.argmax(np.isnan(values)))}."
        raise ValueError(msg)
    return values


def _contracts(site: Site) -> tuple[Columns | None, Columns | None, float]:
    """Return power that is bought already, what its use saves, and what it costs if all is sold."""
    held = site.instruments
    if held is None:
        return None, None, 0.0
    step_s, price = site.grid.step_s, _known(site, "price_usd_per_j")
    delivery = site.tariff.delivery_usd_per_kwh * USD_PER_KWH if site.tariff else 0.0
    unused_usd = contract_costs_usd(held, np.zeros_like(price), price, step_s=step_s)
    delivered_w = np.zeros_like(price)
    for contract in held.contracts:
        if not contract.settles_difference:
            delivered_w += contract.power_w
    saving = price - delivery - np.nan_to_num(held.market_price_usd_per_j)
    return delivered_w, saving, float(unused_usd.sum())


def _fixed_usd(site: Site) -> float:
    """Return fixed charges less the most that demand response could pay."""
    step_s = site.grid.step_s
    paid_usd = sum(
        event.payment_usd_per_j * event.reduce_w * step_s * (event.end - event.first)
        for event in site.responses
    )
    if site.tariff is None:
        return -paid_usd
    due_usd = fixed_charges_usd(site.grid.starts, tariff=site.tariff, step_s=step_s)
    return float(due_usd.sum()) - paid_usd


def _peaks(site: Site, tariff: Tariff) -> Iterator[PeakCharge]:
    for charge in charges_of(tariff):
        if charge.charge_usd_per_kw > 0:
            yield _peak(site, tariff, charge)


def _peak(site: Site, tariff: Tariff, charge: DemandCharge) -> PeakCharge:
    grid = site.grid
    periods = periods_of(charge, grid.starts, timezone=tariff.timezone, step_s=grid.step_s)
    interval = periods.interval_of_step
    floor_w = np.zeros(len(periods.charge_usd_per_w))
    floor_w[: charge.ratchet_months] = charge.ratchet_fraction * charge.ratchet_start_kw * KW
    return PeakCharge(
        interval_of_step=np.where(periods.counted[interval], interval, -1),
        month_of_interval=periods.month_of_interval,
        cost_per_w=periods.charge_usd_per_w,
        floor_w=floor_w,
        ratchet_fraction=charge.ratchet_fraction,
        ratchet_months=charge.ratchet_months,
    )


def _rising(blocks: Sequence[EnergyBlock]) -> list[tuple[float, float]]:
    """Return where blocks begin [J] and their price beyond the first's [USD/J], which rises."""
    # The highest convex cost that is nowhere above that of the blocks: where a price falls, they
    # have the mean of theirs, or that of the last, which has no end.
    pools: list[tuple[float, float, float]] = []  # begin, length, price
    begin_j = 0.0
    for block in blocks:
        end_j = math.inf if block.up_to_kwh is None else block.up_to_kwh * KWH
        price = (block.energy_usd_per_kwh - blocks[0].energy_usd_per_kwh) * USD_PER_KWH
        pool = (begin_j, end_j - begin_j, price)
        while pools and pools[-1][2] >= pool[2]:
            earlier = pools.pop()
            share = 0.0 if pool[1] == math.inf else earlier[1] / (earlier[1] + pool[1])
            price = share * earlier[2] + (1.0 - share) * pool[2]
            pool = (earlier[0], earlier[1] + pool[1], price)
        pools.append(pool)
        begin_j = end_j
    return [(start_j, price) for start_j, _, price in pools]


def _tiers(
    site: Site, tariff: Tariff, blocks: Sequence[tuple[float, float]]
) -> Iterator[ImportTier]:
    grid = site.grid
    months = billing_months(grid.starts, tariff.timezone)
    covered = covered_fractions(months, timezone=tariff.timezone, step_s=grid.step_s)
    shares = np.array(list(covered.values()))
    for (_, price), (begin_j, following) in pairwise(blocks):
        month_of_step = np.searchsorted(list(covered), months)
        yield ImportTier(month_of_step, begin_j * shares, following - price)
