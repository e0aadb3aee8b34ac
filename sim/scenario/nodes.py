"""What the nodes of a cluster draw at most, and the power caps they may get.

This is what scenario and catalog say before anything runs: the checks of a scenario need it, and
the data center is built on it.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sim.catalog import row
from sim.catalog.hardware import AcceleratorFacts, facts_of, needed
from sim.scenario.schema.datacenter import Accelerator, Cluster, DataCenter
from sim.scenario.series.hardware import read_hardware
from sim.units import KW

DEFAULT_SERVER_W: Final = 1000.0
"""Constant power of a node besides its accelerators (assumption; 1,200 W is published)."""

DEFAULT_SERVER_FRACTION: Final = 0.03
"""Further node power per accelerator power: fans, power supplies (assumption)."""

LOWEST_CAP_FRACTION: Final = 0.5
"""Lowest power cap over TDP that the model of caps holds for."""

FORCED_CAP_FRACTION: Final = 0.31
"""Lowest cap of a card that names none, below half of its TDP: its static power, 0.30, and more."""

Own = Mapping[str, AcceleratorFacts]
"""The user's own accelerators by name."""

NONE_OWN: Final[Own] = MappingProxyType({})


def own_accelerators(datacenter: DataCenter | None, folder: Path) -> Own:
    """Read the user's own accelerators.

    Parameters
    ----------
    datacenter : DataCenter or None
        The data center as the scenario has it.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    mapping of str to AcceleratorFacts
        Accelerators by name; empty without a file.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    if datacenter is None or datacenter.hardware is None:
        return NONE_OWN
    name = datacenter.hardware.file
    rows = read_hardware(folder / name, name)
    return {key: facts_of(key, values) for key, values in rows.items()}


def accelerator(name_or_inline: str | Accelerator, own: Own = NONE_OWN) -> AcceleratorFacts:
    """Return what is known of an accelerator.

    Parameters
    ----------
    name_or_inline : str or Accelerator
        A name in the catalog or among the user's own, or an accelerator that a scenario describes.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators, which go before those of the catalog.

    Returns
    -------
    AcceleratorFacts
        The facts.

    Raises
    ------
    ValueError
        If there is no accelerator of that name.
    """
    if isinstance(name_or_inline, Accelerator):
        return facts_of("described in the scenario", dict(name_or_inline))
    if name_or_inline in own:
        return own[name_or_inline]
    return facts_of(name_or_inline, row("accelerators", name_or_inline))


def server_power(cluster: Cluster) -> tuple[float, float]:
    """Return the power of a node besides its accelerators.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.

    Returns
    -------
    constant_w : float
        What it always draws. [W]
    fraction : float
        What it draws further, per accelerator power. [-]

    Raises
    ------
    ValueError
        If the catalog has no such server.
    """
    constant_w, fraction = DEFAULT_SERVER_W, DEFAULT_SERVER_FRACTION
    if cluster.server is not None:
        server = row("servers", cluster.server)
        memory_w = server["memory_gb"] * server["memory_w_per_gb"]
        constant_w = server["cpu_w"] + memory_w + server["network_w"] + server["other_w"]
        fraction = server["fan_fraction"]
    if cluster.server_overhead_w is not None:
        constant_w = cluster.server_overhead_w
    if cluster.server_overhead_fraction is not None:
        fraction = cluster.server_overhead_fraction
    return float(constant_w), float(fraction)


def node_power_w(cluster: Cluster, chip: AcceleratorFacts, cap_fraction: float = 1.0) -> float:
    """Return the largest power of a node whose accelerators are held to a cap.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    chip : AcceleratorFacts
        Its accelerator.
    cap_fraction : float
        Power cap over TDP. [-]

    Returns
    -------
    float
        Power. [W]
    """
    constant_w, fraction = server_power(cluster)
    chips_w = cluster.gpus_per_node * needed(chip, "tdp_w") * cap_fraction
    return constant_w + chips_w * (1.0 + fraction)


def lowest_cap_fraction(cluster: Cluster, chip: AcceleratorFacts) -> float:
    """Return the lowest power cap that a cluster's accelerators may get.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    chip : AcceleratorFacts
        Its accelerator.

    Returns
    -------
    float
        The card's lowest cap, and not below half of the TDP unless the scenario insists. [-]
    """
    least = chip.min_cap_fraction
    if cluster.allow_below_half:
        return FORCED_CAP_FRACTION if least is None else max(least, FORCED_CAP_FRACTION)
    return LOWEST_CAP_FRACTION if least is None else max(least, LOWEST_CAP_FRACTION)


def rack_cap_fraction(cluster: Cluster, chip: AcceleratorFacts) -> float:
    """Return the power cap under which the nodes of a rack keep to its limit.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    chip : AcceleratorFacts
        Its accelerator.

    Returns
    -------
    float
        Cap over TDP, 1 where nothing limits it; below `lowest_cap_fraction`, or even below 0, where
        no allowed cap is low enough. [-]
    """
    rack = cluster.rack
    if rack is None or rack.limit_kw is None:
        return 1.0
    constant_w, full_w = node_power_w(cluster, chip, 0.0), node_power_w(cluster, chip)
    share_w = rack.limit_kw * KW / rack.nodes_per_rack
    return min(1.0, (share_w - constant_w) / (full_w - constant_w))
