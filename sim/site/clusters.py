"""A site's equipment, from the scenario to what the engine and the ledger need of it."""

import math
from pathlib import Path
from typing import Any

from sim.datacenter.embodied import cluster_rate, embodied_rates
from sim.datacenter.hardware import gpu_power
from sim.datacenter.racks import floor_area_m2, racks_of
from sim.datacenter.standing import network_w, storage_w
from sim.scenario.nodes import Own, accelerator, lowest_cap_fraction, own_accelerators
from sim.scenario.schema.datacenter import Cluster
from sim.scenario.schema.site import Site
from sim.site.model import ClusterSpec


def equipment(site: Site, folder: Path) -> dict[str, Any]:
    """Return a site's clusters, storage, network, floor and what making its equipment emitted.

    Parameters
    ----------
    site : Site
        The site as the scenario has it.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    dict
        Values by the names of the site's attributes.

    Raises
    ------
    ValueError
        If there is no such accelerator or server, or a power of the accelerator is unknown.
    DataError
        If the file of the user's own accelerators cannot be used.
    """
    center, own = site.datacenter, own_accelerators(site.datacenter, folder)
    found: dict[str, Any] = {"clusters": (), "floor_area_m2": None}
    found["embodied_kg_per_s"] = embodied_rates(site, own)
    if center is not None:
        found["clusters"] = tuple(_spec(cluster, site, own) for cluster in center.clusters)
        found["floor_area_m2"] = floor_area_m2(center, own)
        found["storage_w"] = storage_w(center.storage)
        found["network_w"] = network_w(center.network)
    return found


def embodied_warnings(site: Site, folder: Path) -> tuple[str, ...]:
    """Return what to do about components whose embodied carbon is unknown."""
    rates = embodied_rates(site, own_accelerators(site.datacenter, folder))
    unknown = [name for name, rate in rates.items() if math.isnan(rate) and name in _ADVICE]
    return tuple(
        f"{site.name}: embodied carbon of {name} is unknown, and with it the site's total; give "
        f"{_ADVICE[name]}."
        for name in unknown
    )


_ADVICE = {
    "compute": "embodied.accelerator_kg",
    "solar": "the solar series a dc_capacity_kw",
    "wind": "the wind series a capacity_kw",
}


def _spec(cluster: Cluster, site: Site, own: Own) -> ClusterSpec:
    power, racks = gpu_power(cluster, own), racks_of(cluster, own)
    maintenance = site.embodied.maintenance_fraction
    return ClusterSpec(
        name=cluster.name,
        gpus_count=cluster.nodes * cluster.gpus_per_node,
        power=power,
        idle_w=power.idle_bare_w if cluster.idle_state == "bare" else power.idle_resident_w,
        embodied_kg_per_s=cluster_rate(cluster, site.embodied, own) * (1.0 + maintenance),
        lowest_cap_fraction=lowest_cap_fraction(cluster, accelerator(cluster.accelerator, own)),
        rack_cap_fraction=1.0 if racks is None else racks.cap_fraction,
        rack_w=None if racks is None else racks.full_w,
        packed_gpus_per_node=cluster.gpus_per_node if cluster.packing else None,
        queue_limit=cluster.queue_limit,
    )
