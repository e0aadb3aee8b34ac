"""Check cooling, UPS, water, heat reuse and network link of a site."""

from collections.abc import Callable, Iterator
from typing import Final

from sim.catalog import row, table
from sim.registry import did_you_mean
from sim.scenario.checks.known import in_catalog
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.cooling import Cooling
from sim.scenario.schema.site import Site
from sim.scenario.schema.weather import WeatherFile


def _plant(site: Site, path: FieldPath) -> Iterator[Finding]:
    if site.datacenter and isinstance(site.datacenter.pue, Cooling):
        where = (*path, "datacenter", "pue", "cooling")
        yield from in_catalog(site.datacenter.pue.cooling, "cooling", where)


def _no_humidity(site: Site, path: FieldPath) -> Iterator[Finding]:
    plant, weather = _known_plant(site), site.weather
    if not isinstance(weather, WeatherFile) or weather.file_format != "srw" or plant is None:
        return
    if row("cooling", plant)["wet_below_c"] is not None:
        yield Finding(
            (*path, "datacenter", "pue", "cooling"),
            f"{plant} goes by the wet bulb, but srw files have no humidity. Use another weather "
            "file, or a dry plant such as air-chiller.",
        )


def _ups_curve(site: Site, path: FieldPath) -> Iterator[Finding]:
    ups = site.datacenter.ups if site.datacenter else None
    if ups is None or ups.curve is None:
        return
    curves = table("load_curves")
    allowed = curves.loc[curves["kind"] == "ups", "curve"].tolist()
    if ups.curve not in allowed:
        yield Finding(
            (*path, "datacenter", "ups", "curve"),
            f"{quoted(ups.curve)} is no curve of a UPS. Allowed: {', '.join(allowed)}."
            f"{did_you_mean(ups.curve, allowed)}",
        )


def _reuse_fraction(site: Site, path: FieldPath) -> Iterator[Finding]:
    if site.datacenter is None or site.datacenter.heat_reuse is None:
        return
    if site.datacenter.heat_reuse.fraction is not None:
        return
    plant = _known_plant(site)
    if plant is None and isinstance(site.datacenter.pue, Cooling):
        return
    if plant is None or row("cooling", plant)["reuse_fraction"] is None:
        told = "a constant pue does not tell what heat there is"
        cold = f"the air of {plant} is too cold to be used as it is"
        yield Finding(
            (*path, "datacenter", "heat_reuse"),
            f"needs a fraction: {cold if plant else told}. Say which share of the IT power a heat "
            "pump makes usable, or take a liquid-cooled plant such as dlc-dry-cooler.",
        )


def _reuse_months(site: Site, path: FieldPath) -> Iterator[Finding]:
    reuse = site.datacenter.heat_reuse if site.datacenter else None
    for place, month in enumerate(reuse.months if reuse else ()):
        if not 1 <= month <= 12:
            where = (*path, "datacenter", "heat_reuse", "months", place)
            yield Finding(where, f"{month} is not between 1 and 12.")


def _grid_water(site: Site, path: FieldPath) -> Iterator[Finding]:
    mix = site.grid.water_l_per_kwh if site.grid else None
    if isinstance(mix, str):
        yield from in_catalog(mix, "grid_water", (*path, "grid", "water_l_per_kwh"))


def _medium(site: Site, path: FieldPath) -> Iterator[Finding]:
    if site.network:
        yield from in_catalog(site.network.medium, "data_paths", (*path, "network", "medium"))


def _known_plant(site: Site) -> str | None:
    """Return the site's cooling plant, if it has one that the catalog knows."""
    if not (site.datacenter and isinstance(site.datacenter.pue, Cooling)):
        return None
    plant = site.datacenter.pue.cooling
    return plant if plant in table("cooling")["plant"].tolist() else None


FACILITY_CHECKS: Final[tuple[Callable[[Site, FieldPath], Iterator[Finding]], ...]] = (
    _plant,
    _no_humidity,
    _ups_curve,
    _reuse_fraction,
    _reuse_months,
    _grid_water,
    _medium,
)
"""Each looks at one thing of a site."""
