"""Check that the parts of a tariff and the contracts beside it fit together."""

from collections.abc import Callable, Iterator
from typing import Final

from sim.scenario.checks.partial import BROKEN, each_settled, settled
from sim.scenario.positions import FieldPath, Finding, repeated
from sim.scenario.schema.grid import Grid
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site


def tariff_mistakes(scenario: Scenario) -> list[Finding]:
    """Check the tariff and the contracts of every site.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    found = settled(_intervals(scenario))
    return found + each_settled(scenario.sites, _CHECKS, ("sites",), "grid")


def _intervals(scenario: Scenario) -> Iterator[Finding]:
    for index, site in enumerate(scenario.sites):
        charges = site.grid.tariff.demand_charges if site.grid and site.grid.tariff else ()
        for number, charge in enumerate(charges):
            interval_min = charge.interval_min
            if interval_min > scenario.step_min and interval_min % scenario.step_min:
                where = ("sites", index, "grid", "tariff", "demand_charges", number)
                yield Finding(
                    (*where, "interval_min"),
                    f"{interval_min} is not a multiple of step_min ({scenario.step_min}).",
                )


def _demand_hours(site: Site, path: FieldPath) -> Iterator[Finding]:
    charges = site.grid.tariff.demand_charges if site.grid and site.grid.tariff else ()
    for number, charge in enumerate(charges):
        where = (*path, "tariff", "demand_charges", number)
        if charge.from_hour >= charge.to_hour:
            hours = f"from_hour {charge.from_hour} is not before to_hour {charge.to_hour}"
            yield Finding((*where, "from_hour"), f"{hours}. A charge cannot run over midnight.")
        for place, month in enumerate(charge.months):
            if not 1 <= month <= 12:
                yield Finding((*where, "months", place), f"{month} is not between 1 and 12.")


def _blocks(site: Site, path: FieldPath) -> Iterator[Finding]:
    blocks = site.grid.tariff.blocks if site.grid and site.grid.tariff else ()
    reached_kwh = 0.0
    for number, block in enumerate(blocks):
        where = (*path, "tariff", "blocks", number, "up_to_kwh")
        is_last = number == len(blocks) - 1
        if block.up_to_kwh is None:
            if not is_last:
                yield Finding(where, "only the last block has no end. Give this one up_to_kwh.")
            continue
        if is_last:
            yield Finding(where, "the last block must have no end. Leave its up_to_kwh out.")
        if block.up_to_kwh <= reached_kwh:
            above = f"is not above that of the block before ({reached_kwh:g})"
            yield Finding(where, f"{block.up_to_kwh:g} {above}.")
        reached_kwh = max(reached_kwh, block.up_to_kwh)


def _export_factor(site: Site, path: FieldPath) -> Iterator[Finding]:
    if not (site.grid and site.grid.tariff):
        return
    has_price = _has_market_price(site.grid) or site.grid.tariff.energy_usd_per_kwh is not None
    if site.grid.tariff.export_factor and not has_price:
        yield Finding(
            (*path, "tariff", "export_factor"),
            "there is no energy price to take it of. Give the grid a market, a price, or the "
            "tariff energy_usd_per_kwh.",
        )


def _carbon_price(site: Site, path: FieldPath) -> Iterator[Finding]:
    grid = site.grid
    if not (grid and grid.tariff and grid.tariff.carbon_price_usd_per_t):
        return
    basis = grid.tariff.carbon_price_basis
    if not (grid.market or getattr(grid, f"{basis}_carbon_intensity")):
        yield Finding(
            (*path, "tariff", "carbon_price_usd_per_t"),
            f"needs emissions to be paid on. Give the grid {basis}_carbon_intensity or a market.",
        )


def _purchases(site: Site, path: FieldPath) -> Iterator[Finding]:
    purchases = site.grid.power_purchases if site.grid else ()
    where = (*path, "power_purchases")
    yield from repeated("contract", [purchase.name for purchase in purchases], where)
    for number, purchase in enumerate(purchases):
        if purchase.profile is BROKEN:
            continue
        named = isinstance(purchase.profile, str)
        if named and purchase.capacity_kw is None:
            message = f"profile {purchase.profile} needs capacity_kw."
            yield Finding((*where, number, "capacity_kw"), message)
        if named and site.weather is None:
            message = "a simulated plant needs weather. Give the site some, or give a series."
            yield Finding((*where, number, "profile"), message)
        if not named and purchase.capacity_kw is not None:
            message = "the profile has its own power. Leave capacity_kw out."
            yield Finding((*where, number, "capacity_kw"), message)


def _differences(site: Site, path: FieldPath) -> Iterator[Finding]:
    for number, purchase in enumerate(site.grid.power_purchases if site.grid else ()):
        if purchase.settlement == "difference" and site.grid and not _has_market_price(site.grid):
            yield Finding(
                (*path, "power_purchases", number, "settlement"),
                "a difference to the market price needs one. Give the grid a market or a price.",
            )


def _has_market_price(grid: Grid) -> bool:
    return bool(grid.market or grid.price)


_CHECKS: Final[tuple[Callable[[Site, FieldPath], Iterator[Finding]], ...]] = (
    _demand_hours,
    _blocks,
    _export_factor,
    _carbon_price,
    _purchases,
    _differences,
)
