"""Check that the parts of a site fit together and that the catalog knows what they name."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sim.scenario.checks.battery import battery_mistakes
from sim.scenario.checks.facility import FACILITY_CHECKS
from sim.scenario.checks.known import in_catalog
from sim.scenario.checks.partial import each_settled, settled
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.cooling import Cooling
from sim.scenario.schema.grid import Market, NetworkMarket
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site, SolarArray, Weather, WindFarm


def site_mistakes(scenario: Scenario) -> list[Finding]:
    """Check every site.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    found = settled(_step_of_demand(scenario))
    return found + each_settled(scenario.sites, _CHECKS, ("sites",))


def _step_of_demand(scenario: Scenario) -> Iterator[Finding]:
    for index, site in enumerate(scenario.sites):
        if site.grid and site.grid.tariff:
            interval_min = site.grid.tariff.demand_interval_min
            if interval_min > scenario.step_min and interval_min % scenario.step_min:
                yield Finding(
                    ("sites", index, "grid", "tariff", "demand_interval_min"),
                    f"{interval_min} is not a multiple of step_min ({scenario.step_min}).",
                )


def _limits_of_soc(site: Site, path: FieldPath) -> Iterator[Finding]:
    battery = site.battery
    if battery and battery.min_soc >= battery.max_soc:
        yield Finding(
            (*path, "battery", "min_soc"),
            f"{battery.min_soc:g} is not below max_soc ({battery.max_soc:g}).",
        )


def _initial_soc(site: Site, path: FieldPath) -> Iterator[Finding]:
    battery = site.battery
    if not battery or battery.min_soc >= battery.max_soc:
        return
    if not battery.min_soc <= battery.initial_soc <= battery.max_soc:
        limits = f"min_soc ({battery.min_soc:g}) and max_soc ({battery.max_soc:g})"
        yield Finding(
            (*path, "battery", "initial_soc"),
            f"{battery.initial_soc:g} is not between {limits}.",
        )


def _weather(site: Site, path: FieldPath) -> Iterator[Finding]:
    if site.weather is not None:
        return
    advice = "needs weather. Give the site some, e.g. weather: {tmy: greensboro-nc}."
    if isinstance(site.solar, SolarArray):
        yield Finding((*path, "solar"), f"a simulated array {advice}")
    if isinstance(site.wind, WindFarm):
        yield Finding((*path, "wind"), f"a simulated wind farm {advice}")
    if site.grid and isinstance(site.grid.market, (str, Market)):
        yield Finding((*path, "grid", "market"), f"a market {advice}")
    if site.datacenter and isinstance(site.datacenter.pue, Cooling):
        yield Finding((*path, "datacenter", "pue"), f"a cooling plant {advice}")


def _sources_of_price(site: Site, path: FieldPath) -> Iterator[Finding]:
    grid = site.grid
    if not (grid and grid.tariff and grid.price):
        return
    # Beside an own price, the file's is what exports and contracts are settled at.
    settles = grid.tariff.export_factor or grid.power_purchases
    if grid.tariff.energy_usd_per_kwh is not None and not settles:
        yield Finding(
            (*path, "grid", "price"),
            "the tariff has an energy price of its own (energy_usd_per_kwh). Keep one of the two.",
        )


def _time_of_use(site: Site, path: FieldPath) -> Iterator[Finding]:
    tariff = site.grid.tariff if site.grid else None
    if not tariff:
        return
    path = (*path, "grid", "tariff", "time_of_use")
    if tariff.time_of_use and tariff.energy_usd_per_kwh is None:
        yield Finding(path, "needs energy_usd_per_kwh, the price of all other hours.")
    for index, period in enumerate(tariff.time_of_use):
        if period.from_hour >= period.to_hour:
            hours = f"from_hour {period.from_hour} is not before to_hour {period.to_hour}"
            split = "Split a period over midnight in two"
            yield Finding((*path, index, "from_hour"), f"{hours}. {split}.")
        for place, month in enumerate(period.months):
            if not 1 <= month <= 12:
                yield Finding((*path, index, "months", place), f"{month} is not between 1 and 12.")


def _timezone(site: Site, path: FieldPath) -> Iterator[Finding]:
    if not (site.grid and site.grid.tariff):
        return
    name = site.grid.tariff.timezone
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=1) or ["America/New_York or UTC"]
        message = f"{quoted(name)} is not a time zone. Did you mean {near[0]}?"
        yield Finding((*path, "grid", "tariff", "timezone"), message)


def _station(site: Site, path: FieldPath) -> Iterator[Finding]:
    if isinstance(site.weather, Weather):
        yield from in_catalog(site.weather.tmy, "weather_stations", (*path, "weather", "tmy"))


def _turbine(site: Site, path: FieldPath) -> Iterator[Finding]:
    if isinstance(site.wind, WindFarm):
        yield from in_catalog(site.wind.turbine, "turbines", (*path, "wind", "turbine"))


def _fleet(site: Site, path: FieldPath) -> Iterator[Finding]:
    market = site.grid.market if site.grid else None
    path = (*path, "grid", "market")
    if isinstance(market, Market):
        yield from in_catalog(market.fleet, "fleets", (*path, "fleet"))
    elif isinstance(market, str):
        yield from in_catalog(market, "fleets", path)
    elif isinstance(market, NetworkMarket) and market.role == "price-maker":
        levels = market.load_levels_mw
        if len(levels) < 2 or any(two <= one for one, two in pairwise(levels)):
            yield Finding(
                (*path, "load_levels_mw"),
                "a price-maker needs at least two loads, in rising order, that embrace its import.",
            )


_CHECKS: Final[tuple[Callable[[Site, FieldPath], Iterator[Finding]], ...]] = (
    _limits_of_soc,
    _initial_soc,
    battery_mistakes,
    _weather,
    _sources_of_price,
    _time_of_use,
    _timezone,
    _station,
    _turbine,
    _fleet,
    *FACILITY_CHECKS,
)
