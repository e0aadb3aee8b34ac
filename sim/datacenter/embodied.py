"""Carbon of making a site's equipment, spread evenly over its life.

A part that a site has and whose carbon is unknown counts as nan, never as 0.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sim.catalog import row
from sim.catalog.hardware import range_of
from sim.datacenter.hardware import gpu_power
from sim.datacenter.racks import racks_of
from sim.datacenter.standing import network_w, raw_tb, storage_w
from sim.scenario.nodes import NONE_OWN, Own, accelerator
from sim.scenario.schema.datacenter import Cluster, DataCenter, Network, Storage
from sim.scenario.schema.embodied import Embodied
from sim.scenario.schema.site import Site
from sim.scenario.schema.supply import Wind, WindFarm
from sim.units import KW, YEAR_S, Range

COMPONENTS: Final = (
    "compute",
    "storage",
    "network",
    "maintenance",
    "building",
    "battery",
    "solar",
    "wind",
)
"""What a site's embodied carbon is told apart by."""

SERVER_GPUS: Final = 8
"""Accelerators of the server that the catalog's figure is for; others in proportion."""

RACK_W: Final = 20 * KW
"""IT power of a rack where a scenario describes none: 50 MW over 2,500 racks (Azure GreenSKU)."""


def embodied_rates(site: Site, own: Own = NONE_OWN) -> Mapping[str, float]:
    """Return the embodied carbon of a site's parts over their lives.

    Parameters
    ----------
    site : Site
        The site as the scenario has it.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators.

    Returns
    -------
    mapping of str to float
        Carbon per time [kgCO2e/s] by component, of those that the site has; nan where unknown.

    Raises
    ------
    ValueError
        If the catalog has no such accelerator, server, switch or turbine.
    """
    center, settings = site.datacenter, site.embodied
    rates: dict[str, float] = {}
    if center is not None:
        rates["compute"] = sum(cluster_rate(one, settings, own) for one in center.clusters)
        if center.storage is not None:
            rates["storage"] = _storage_rate(center.storage, settings)
        if center.network is not None:
            rates["network"] = _network_rate(center.network, settings)
        rates["maintenance"] = settings.maintenance_fraction * sum(rates.values())
        rates["building"] = _building_rate(center, settings, own)
    if site.battery is not None:
        stored = site.battery.capacity_kwh
        rates["battery"] = _rate(stored, _item("battery"), settings.battery_kg_per_kwh, settings)
    if site.solar is not None:
        size = site.solar.dc_capacity_kw
        rates["solar"] = _rate(size, _item("solar"), settings.solar_kg_per_kw, settings)
    if site.wind is not None:
        size = _wind_kw(site.wind)
        rates["wind"] = _rate(size, _item("wind"), settings.wind_kg_per_kw, settings)
    return rates


def cluster_rate(cluster: Cluster, settings: Embodied, own: Own = NONE_OWN) -> float:
    """Return the embodied carbon of a cluster's accelerators and servers over their lives.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    settings : Embodied
        Which figures to take.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators.

    Returns
    -------
    float
        Carbon per time; nan where it is unknown. [kgCO2e/s]

    Raises
    ------
    ValueError
        If the catalog has no such accelerator or server.
    """
    chip = accelerator(cluster.accelerator, own)
    figure = _Figure(chip.embodied_kg, chip.lifetime_years, renewed=True)
    gpus_count = cluster.nodes * cluster.gpus_per_node
    accelerators = _rate(gpus_count, figure, settings.accelerator_kg, settings)
    if cluster.server is not None:
        servers, figure = float(cluster.nodes), _figure("servers", cluster.server)
    else:
        given = settings.server_kg is not None
        servers = float(cluster.nodes) if given else gpus_count / SERVER_GPUS
        figure = _figure("embodied", "server")
    return accelerators + _rate(servers, figure, settings.server_kg, settings)


@dataclass(frozen=True, slots=True)
class _Figure:
    """Carbon of one unit, None where unknown, its life, and whether it is renewed with the IT."""

    kg: Range | None
    years: Range
    renewed: bool


def _figure(table: str, key: str, unit: str = "kg") -> _Figure:
    facts = row(table, key)
    years = Range(*(float(facts[f"lifetime_{bound}_years"]) for bound in Range._fields))
    return _Figure(range_of(facts, "embodied", unit), years, renewed=True)


def _item(key: str) -> _Figure:
    """Return the figure of what outlives the IT equipment."""
    figure = _figure("embodied", key)
    return _Figure(figure.kg, figure.years, renewed=False)


def _rate(
    amount: float | None, figure: _Figure, own_kg: float | None, settings: Embodied
) -> float:
    """Return carbon per time of an amount; nan where amount or figure is unknown. [kgCO2e/s]."""
    kg = own_kg
    if kg is None and figure.kg is not None:
        kg = getattr(figure.kg, settings.estimate)
    if kg is None or amount is None:
        return math.nan
    years = figure.years.mid
    if figure.renewed and settings.refresh_years is not None:
        years = settings.refresh_years
    return amount * kg / (years * YEAR_S)


def _storage_rate(storage: Storage, settings: Embodied) -> float:
    own_kg = {"ssd": settings.ssd_kg_per_tb, "hdd": settings.hdd_kg_per_tb}
    return sum(
        _rate(space_tb, _figure("drives", kind, "kg_per_tb"), own_kg[kind], settings)
        for kind, space_tb in raw_tb(storage).items()
    )


def _network_rate(network: Network, settings: Embodied) -> float:
    return sum(
        _rate(one.count, _figure("switches", one.model), settings.switch_kg, settings)
        for one in network.switches
    )


def _building_rate(center: DataCenter, settings: Embodied, own: Own) -> float:
    """Return the carbon of the building and its racks over their lives. [kgCO2e/s]."""
    standing_w = storage_w(center.storage) + network_w(center.network)
    racks, it_w = standing_w / RACK_W, standing_w
    for cluster in center.clusters:
        full_w = cluster.nodes * cluster.gpus_per_node * gpu_power(cluster, own).busy_w()
        described = racks_of(cluster, own)
        racks += full_w / RACK_W if described is None else described.count
        it_w += full_w
    building = _rate(it_w / KW, _item("building"), settings.building_kg_per_kw, settings)
    return building + _rate(racks, _item("rack"), settings.rack_kg, settings)


def _wind_kw(wind: Wind) -> float | None:
    if isinstance(wind, WindFarm):
        return wind.count * float(row("turbines", wind.turbine)["rated_power_kw"])
    return wind.capacity_kw
