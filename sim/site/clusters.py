"""The clusters of a site's data center, from the scenario to what the engine runs."""

from sim.datacenter.hardware import embodied_kg_per_s, gpu_power
from sim.scenario.schema.datacenter import DataCenter
from sim.site.model import ClusterSpec


def cluster_specs(datacenter: DataCenter | None) -> tuple[ClusterSpec, ...]:
    """Return the clusters of a data center; none without one."""
    return tuple(
        ClusterSpec(
            name=cluster.name,
            gpus_count=cluster.nodes * cluster.gpus_per_node,
            power=(power := gpu_power(cluster)),
            idle_w=power.idle_bare_w if cluster.idle_state == "bare" else power.idle_resident_w,
            embodied_kg_per_s=embodied_kg_per_s(cluster),
        )
        for cluster in (datacenter.clusters if datacenter else ())
    )
