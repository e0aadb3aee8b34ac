"""How far a site is from the others and its users."""

from dataclasses import dataclass

from sim.datacenter.moving import DataPath, data_path
from sim.scenario.schema.link import NetworkLink
from sim.units import GBPS, KM_M


@dataclass(frozen=True, slots=True)
class Link:
    """The way from a site to the network's core, where the ways to others meet.

    Attributes
    ----------
    path : DataPath
        The kind of way, with its energy per byte.
    distance_m : float
        Its length. [m]
    bytes_per_s : float
        Its bandwidth. [B/s]
    """

    path: DataPath
    distance_m: float
    bytes_per_s: float


def link(spec: NetworkLink | None) -> Link | None:
    """Return the link of a site, if the scenario has one.

    Parameters
    ----------
    spec : NetworkLink or None
        The site's network, as the scenario has it.

    Returns
    -------
    Link or None
        The link.

    Raises
    ------
    ValueError
        If the catalog has no such medium.
    """
    if spec is None:
        return None
    path = data_path(spec.medium)
    own = spec.bandwidth_gbps
    return Link(path, spec.distance_km * KM_M, path.bytes_per_s if own is None else own * GBPS)
