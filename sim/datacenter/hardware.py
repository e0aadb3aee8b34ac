"""Power, embodied carbon and peak rate of a cluster's accelerators."""

from dataclasses import dataclass
from typing import Final

from sim.catalog import row
from sim.scenario.schema.datacenter import Accelerator, Cluster
from sim.units import DAY_S

YEAR_S: Final = 365.25 * DAY_S
TFLOP: Final = 1e12

DEFAULT_LIFETIME_YEARS: Final = 4.0
"""Life of an accelerator described in a scenario (assumption: as in the catalog)."""


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


def gpu_power(cluster: Cluster) -> GpuPower:
    """Return the power of one accelerator of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.

    Returns
    -------
    GpuPower
        Power by state, with the share of the server.

    Raises
    ------
    ValueError
        If the catalog has no such accelerator.

    Notes
    -----
    P = p (1 + server_overhead_fraction) + server_overhead_w / gpus_per_node, for each power p of
    the accelerator alone.
    """
    chip = _accelerator(cluster)
    server_w = cluster.server_overhead_w / cluster.gpus_per_node
    gain = 1.0 + cluster.server_overhead_fraction
    return GpuPower(
        tdp_w=chip.tdp_w,
        idle_bare_w=chip.idle_bare_w * gain + server_w,
        idle_resident_w=chip.idle_resident_w * gain + server_w,
        server_w=server_w,
        server_fraction=cluster.server_overhead_fraction,
    )


def embodied_kg_per_s(cluster: Cluster) -> float | None:
    """Return the embodied carbon of a whole cluster, spread evenly over its life.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.

    Returns
    -------
    float or None
        Embodied carbon per time of all accelerators with their servers, the catalog's middle value
        [kgCO2e/s]; None where it is unknown.

    Raises
    ------
    ValueError
        If the catalog has no such accelerator.
    """
    chip = _accelerator(cluster)
    if chip.embodied_kg is None:
        return None
    return _gpus_count(cluster) * chip.embodied_kg / (_lifetime_years(cluster) * YEAR_S)


def peak_flop_per_s(cluster: Cluster) -> float | None:
    """Return the dense bf16 peak rate of a whole cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster as the scenario has it.

    Returns
    -------
    float or None
        Peak rate of all accelerators [FLOP/s]; None where it is unknown.

    Raises
    ------
    ValueError
        If the catalog has no such accelerator.
    """
    chip = _accelerator(cluster)
    if chip.peak_bf16_tflops is None:
        return None
    return _gpus_count(cluster) * chip.peak_bf16_tflops * TFLOP


def _gpus_count(cluster: Cluster) -> int:
    return cluster.nodes * cluster.gpus_per_node


def _accelerator(cluster: Cluster) -> Accelerator:
    if isinstance(cluster.accelerator, Accelerator):
        return cluster.accelerator
    facts = row("accelerators", cluster.accelerator)
    return Accelerator(
        tdp_w=facts["tdp_w"],
        idle_bare_w=facts["idle_bare_w"],
        idle_resident_w=facts["idle_resident_w"],
        peak_bf16_tflops=facts["peak_bf16_tflops"],
        embodied_kg=facts["embodied_mid_kg"],
    )


def _lifetime_years(cluster: Cluster) -> float:
    if isinstance(cluster.accelerator, Accelerator):
        return DEFAULT_LIFETIME_YEARS
    return float(row("accelerators", cluster.accelerator)["lifetime_years"])
