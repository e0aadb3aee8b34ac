"""How far a site is from the others and its users."""

from dataclasses import dataclass

from sim.datacenter.moving import DataPath, data_path, moving_time_s
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


def way(size_bytes: float, one: Link, other: Link) -> tuple[float, float]:
    """Return time and energy of moving data over the links of two sites.

    Parameters
    ----------
    size_bytes : float
        How much is moved. [B]
    one, other : Link
        The two sites' links to the network's core.

    Returns
    -------
    time_s : float
        At the bandwidth of the narrower, over the length of both; other traffic is not counted [s].
    energy_j : float
        At the energy per byte of the one that needs more (assumption: a medium's figure holds for
        the whole way between two places) [J].
    """
    time_s = moving_time_s(
        size_bytes,
        min(one.bytes_per_s, other.bytes_per_s),
        distance_m=one.distance_m + other.distance_m,
    )
    j_per_byte = max(one.path.energy_j_per_byte.mid, other.path.energy_j_per_byte.mid)
    return time_s, size_bytes * j_per_byte
