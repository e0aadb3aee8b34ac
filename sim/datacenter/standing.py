"""Power of drives, switches and optics, which are always on."""

from sim.catalog import row
from sim.scenario.schema.datacenter import Network, Storage


def raw_tb(storage: Storage) -> dict[str, float]:
    """Return the raw space of each kind of drive, by its name in the catalog. [TB]."""
    return {
        "ssd": storage.ssd_tb * storage.redundancy_ratio,
        "hdd": storage.hdd_tb * storage.redundancy_ratio,
    }


def storage_w(storage: Storage | None) -> float:
    """Return the power of drives with the servers they are in.

    Parameters
    ----------
    storage : Storage or None
        The drives as the scenario has them.

    Returns
    -------
    float
        Power, the catalog's middle value; 0 without drives. [W]

    Notes
    -----
    P = TB (1 + overhead) sum over kinds of redundancy * W/TB.
    """
    if storage is None:
        return 0.0
    drives_w = sum(
        space_tb * row("drives", kind)["power_mid_w_per_tb"]
        for kind, space_tb in raw_tb(storage).items()
    )
    return float(drives_w * (1.0 + storage.overhead_fraction))


def network_w(network: Network | None) -> float:
    """Return the power of switches and optics, all ports in use.

    Parameters
    ----------
    network : Network or None
        The equipment as the scenario has it.

    Returns
    -------
    float
        Power; 0 without equipment. [W]

    Raises
    ------
    ValueError
        If the catalog has no such switch or module.

    Notes
    -----
    P = chassis + ports * port power for each switch, and the modules. The part that follows the
    traffic, below 15 %, is left out (assumption).
    """
    if network is None:
        return 0.0
    total_w = sum(one.count * row("optics", one.model)["power_w"] for one in network.optics)
    for one in network.switches:
        facts = row("switches", one.model)
        total_w += one.count * (facts["chassis_w"] + facts["ports_count"] * facts["port_w"])
    return float(total_w)
