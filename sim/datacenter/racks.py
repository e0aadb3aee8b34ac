"""Racks of a cluster: how many, how much power, how much floor."""

import math
from dataclasses import dataclass

from sim.scenario.nodes import NONE_OWN, Own, accelerator, node_power_w, rack_cap_fraction
from sim.scenario.schema.datacenter import Cluster, DataCenter


@dataclass(frozen=True, slots=True)
class Racks:
    """The racks of one cluster.

    Attributes
    ----------
    count : int
        Number of racks, the last perhaps not full. [-]
    cap_fraction : float
        Power cap over TDP under which a rack keeps to its limit; 1 where nothing limits it. [-]
    full_w : float
        Power of a full rack at full load under that cap. [W]
    area_m2 : float or None
        Floor area of all racks; None where it is unknown. [m2]
    """

    count: int
    cap_fraction: float
    full_w: float
    area_m2: float | None


def racks_of(cluster: Cluster, own: Own = NONE_OWN) -> Racks | None:
    """Return the racks of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators.

    Returns
    -------
    Racks or None
        The racks; None where the scenario describes none.

    Raises
    ------
    ValueError
        If there is no such accelerator or server, or its power is unknown.
    """
    rack = cluster.rack
    if rack is None:
        return None
    chip = accelerator(cluster.accelerator, own)
    count = math.ceil(cluster.nodes / rack.nodes_per_rack)
    cap_fraction = rack_cap_fraction(cluster, chip)
    return Racks(
        count=count,
        cap_fraction=cap_fraction,
        full_w=rack.nodes_per_rack * node_power_w(cluster, chip, cap_fraction),
        area_m2=None if rack.area_m2 is None else count * rack.area_m2,
    )


def floor_area_m2(datacenter: DataCenter, own: Own = NONE_OWN) -> float | None:
    """Return the floor area of a data center.

    Parameters
    ----------
    datacenter : DataCenter
        The data center as the scenario has it.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators.

    Returns
    -------
    float or None
        What the scenario says, else the area of all racks; None where one is unknown. [m2]
    """
    if datacenter.floor_area_m2 is not None:
        return datacenter.floor_area_m2
    racks = [racks_of(cluster, own) for cluster in datacenter.clusters]
    areas = [one.area_m2 for one in racks if one is not None and one.area_m2 is not None]
    return sum(areas) if len(areas) == len(racks) else None
