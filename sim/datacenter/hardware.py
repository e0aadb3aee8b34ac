"""Power of a cluster's accelerators, by what they do, with their share of the server.

What is known of an accelerator comes from the catalog, the user's own file, or the scenario itself.
"""

from dataclasses import dataclass

from sim.catalog.hardware import AcceleratorFacts as AcceleratorFacts
from sim.catalog.hardware import needed as needed
from sim.catalog.hardware import peak_flop_per_s as peak_flop_per_s
from sim.scenario.nodes import NONE_OWN, Own, server_power
from sim.scenario.nodes import accelerator as accelerator
from sim.scenario.schema.datacenter import Cluster


@dataclass(frozen=True, slots=True)
class GpuPower:
    """IT power of one accelerator with its share of the server, by what it does.

    Attributes
    ----------
    tdp_w : float
        Power of the accelerator alone when busy at full load. [W]
    idle_bare_w : float
        Idle with nothing loaded, with its share of the server. [W]
    idle_resident_w : float
        Idle with a model resident, with its share of the server. [W]
    server_w : float
        Its share of the server's constant power. [W]
    server_fraction : float
        Server power per accelerator power. [-]
    """

    tdp_w: float
    idle_bare_w: float
    idle_resident_w: float
    server_w: float
    server_fraction: float

    def busy_w(self, power_fraction: float = 1.0) -> float:
        """Return the power of a busy accelerator with its share of the server.

        Parameters
        ----------
        power_fraction : float
            Power of the accelerator over its TDP. [-]

        Returns
        -------
        float
            Power [W]; never less than idle with a model resident.
        """
        busy_w = self.tdp_w * power_fraction * (1.0 + self.server_fraction) + self.server_w
        return max(busy_w, self.idle_resident_w)


def gpu_power(cluster: Cluster, own: Own = NONE_OWN) -> GpuPower:
    """Return the power of one accelerator of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.
    own : mapping of str to AcceleratorFacts
        The user's own accelerators.

    Returns
    -------
    GpuPower
        Power by state, with the share of the server.

    Raises
    ------
    ValueError
        If there is no such accelerator or server, or a power of the accelerator is unknown.

    Notes
    -----
    P = p (1 + fraction) + constant / gpus_per_node, for each power p of the accelerator alone, with
    the constant power of the server and what it draws in proportion to its accelerators.
    """
    chip = accelerator(cluster.accelerator, own)
    constant_w, fraction = server_power(cluster)
    server_w = constant_w / cluster.gpus_per_node
    gain = 1.0 + fraction
    return GpuPower(
        tdp_w=needed(chip, "tdp_w"),
        idle_bare_w=needed(chip, "idle_bare_w") * gain + server_w,
        idle_resident_w=needed(chip, "idle_resident_w") * gain + server_w,
        server_w=server_w,
        server_fraction=fraction,
    )
