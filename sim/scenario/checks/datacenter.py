"""Check a data center's equipment: that it is known, that racks carry it, that caps can be set."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from sim.catalog import table
from sim.catalog.hardware import AcceleratorFacts
from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.checks.partial import each_settled, settled
from sim.scenario.nodes import (
    NONE_OWN,
    Own,
    accelerator,
    lowest_cap_fraction,
    node_power_w,
    own_accelerators,
    rack_cap_fraction,
)
from sim.scenario.positions import FieldPath, Finding, quoted, repeated
from sim.scenario.schema.datacenter import Accelerator, Cluster
from sim.scenario.schema.scenario import Policy, Role, Scenario
from sim.scenario.schema.site import Site
from sim.scenario.schema.trace import TraceFile
from sim.scenario.schema.workload import JobsFile
from sim.scenario.series.files import data_fault
from sim.units import KW

_NEEDED: Final = ("tdp_w", "idle_bare_w", "idle_resident_w")
"""Values of an accelerator that every run needs."""


def datacenter_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check the equipment of every site.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    checks: list[Callable[[Site, FieldPath], Iterator[Finding]]] = [
        _cluster_names,
        _network,
        partial(_hardware, folder),
        partial(_clusters, folder),
    ]
    found = each_settled(scenario.sites, checks, ("sites",))
    found += settled(_caps(scenario, folder))
    return found + settled(_gangs(scenario, folder))


def _cluster_names(site: Site, path: FieldPath) -> Iterator[Finding]:
    if site.datacenter:
        names = [cluster.name for cluster in site.datacenter.clusters]
        yield from repeated("cluster", names, (*path, "datacenter", "clusters"))


def _network(site: Site, path: FieldPath) -> Iterator[Finding]:
    network = site.datacenter.network if site.datacenter else None
    if network is None:
        return
    path = (*path, "datacenter", "network")
    for index, switch in enumerate(network.switches):
        yield from _known(switch.model, _keys("switches"), (*path, "switches", index, "model"))
    for index, optic in enumerate(network.optics):
        yield from _known(optic.model, _keys("optics"), (*path, "optics", index, "model"))


def _hardware(folder: Path, site: Site, path: FieldPath) -> Iterator[Finding]:
    """Read the user's own accelerators; `file_mistakes` tells of a missing file."""
    hardware = site.datacenter.hardware if site.datacenter else None
    if hardware is None or data_fault(folder / hardware.file):
        return
    try:
        own_accelerators(site.datacenter, folder)
    except DataError as error:
        yield Finding((*path, "datacenter", "hardware", "file"), str(error))


def _clusters(folder: Path, site: Site, path: FieldPath) -> Iterator[Finding]:
    own = _own(site, folder)
    if own is None:
        return
    checks: list[Callable[[Cluster, FieldPath], Iterator[Finding]]] = [
        partial(_accelerator, own),
        _server,
        partial(_rack, own),
    ]
    clusters = site.datacenter.clusters if site.datacenter else ()
    yield from each_settled(clusters, checks, (*path, "datacenter", "clusters"))


def _accelerator(own: Own, cluster: Cluster, path: FieldPath) -> Iterator[Finding]:
    kind, path = cluster.accelerator, (*path, "accelerator")
    if isinstance(kind, Accelerator):
        return
    yield from _known(kind, [*own, *_keys("accelerators")], path)
    chip = _facts(cluster, own)
    for value in _NEEDED if chip else ():
        if getattr(chip, value) is None:
            yield Finding(
                path,
                f"{quoted(kind)} has no {value} in the catalog, and a run needs it. Describe the "
                "accelerator here, or in a CSV file of your own (datacenter.hardware).",
            )


def _server(cluster: Cluster, path: FieldPath) -> Iterator[Finding]:
    if cluster.server is not None:
        yield from _known(cluster.server, _keys("servers"), (*path, "server"))


def _rack(own: Own, cluster: Cluster, path: FieldPath) -> Iterator[Finding]:
    """Refuse racks whose nodes exceed the limit even under the lowest cap."""
    rack, chip = cluster.rack, _facts(cluster, own)
    if rack is None or rack.limit_kw is None or chip is None:
        return
    if not _has_power(cluster, chip):
        return
    lowest = lowest_cap_fraction(cluster, chip)
    if rack_cap_fraction(cluster, chip) >= lowest:
        return
    least_kw = node_power_w(cluster, chip, lowest) / KW
    fitting = math.floor(rack.limit_kw / least_kw)
    advice = f"At most {fitting} nodes fit." if fitting else "Not even one node fits."
    yield Finding(
        (*path, "rack", "limit_kw"),
        f"{rack.limit_kw:g} kW is not enough for {rack.nodes_per_rack} nodes, which draw "
        f"{rack.nodes_per_rack * least_kw:.4g} kW at full load even under the lowest power cap, "
        f"{lowest:g} of TDP. {advice}",
    )


def _caps(scenario: Scenario, folder: Path) -> Iterator[Finding]:
    """Refuse fixed caps below what a cluster's accelerators may get."""
    known = _known_clusters(scenario, folder)
    caps = [(lowest_cap_fraction(cluster, chip), cluster.name) for _, cluster, chip in known]
    lowest, name = max(caps, default=(0.0, ""))
    for index, policy in enumerate(scenario.policies):
        found = _fixed_cap(policy, ("policies", index, "power"))
        if found and isinstance(found[1], (int, float)) and 0.0 < found[1] < lowest:
            path, cap = found
            yield Finding(
                path,
                f"{cap:g} is below {lowest:.4g}, the lowest power cap over TDP of cluster "
                f"{name}: what its card takes, and half of the TDP unless the cluster has "
                "allow_below_half: true.",
            )


def _fixed_cap(policy: object, path: FieldPath) -> tuple[FieldPath, object] | None:
    """Return the fixed cap of a policy and where it stands; None without one."""
    if not isinstance(policy, Policy):
        return None
    match policy.power:
        case Role(use="fixed-cap") as role:
            given = "cap_fraction" in role.parameters
            where = (*path, "cap_fraction") if given else path
            return where, role.parameters.get("cap_fraction", 0.8)
        case "fixed-cap":
            return path, 0.8
    return None


def _gangs(scenario: Scenario, folder: Path) -> Iterator[Finding]:
    """Refuse jobs with a power of their own that a rack cannot carry."""
    known = list(_known_clusters(scenario, folder))
    for index, stream in enumerate(scenario.workload):
        if not isinstance(stream, JobsFile | TraceFile) or stream.power_per_gpu_w is None:
            continue
        home = stream.site or next((site.name for site, _, _ in known), None)
        for site, cluster, chip in known:
            rack = cluster.rack if stream.cluster in {None, cluster.name} else None
            if rack is None or rack.limit_kw is None or site.name != home:
                continue
            gpus_count = rack.nodes_per_rack * cluster.gpus_per_node
            watts = stream.power_per_gpu_w * rack_cap_fraction(cluster, chip)
            if gpus_count * watts > rack.limit_kw * KW:
                yield Finding(
                    ("workload", index, "power_per_gpu_w"),
                    f"{stream.power_per_gpu_w:g} W on {gpus_count} accelerators exceed the limit "
                    f"of a rack of cluster {cluster.name}, {rack.limit_kw:g} kW.",
                )


def _known_clusters(
    scenario: Scenario, folder: Path
) -> Iterator[tuple[Site, Cluster, AcceleratorFacts]]:
    """Yield the clusters whose accelerator is known and has a power."""
    for site in scenario.sites:
        own = _own(site, folder) or NONE_OWN
        for cluster in site.datacenter.clusters if site.datacenter else ():
            chip = _facts(cluster, own)
            if chip is not None and _has_power(cluster, chip):
                yield site, cluster, chip


def _own(site: Site, folder: Path) -> Own | None:
    """Return the user's own accelerators; None where their file cannot be used."""
    hardware = site.datacenter.hardware if site.datacenter else None
    if hardware is not None and data_fault(folder / hardware.file):
        return None
    try:
        return own_accelerators(site.datacenter, folder)
    except DataError:
        return None


def _facts(cluster: Cluster, own: Own) -> AcceleratorFacts | None:
    """Return the facts of a cluster's accelerator; None where it is unknown."""
    try:
        return accelerator(cluster.accelerator, own)
    except ValueError:
        return None


def _has_power(cluster: Cluster, chip: AcceleratorFacts) -> bool:
    return chip.tdp_w is not None and cluster.server in {None, *_keys("servers")}


def _keys(table_name: str) -> list[str]:
    return [str(key) for key in table(table_name).iloc[:, 0]]


def _known(name: str, allowed: list[str], path: FieldPath) -> Iterator[Finding]:
    if name not in allowed:
        what = str(path[-1]) if path[-1] != "model" else str(path[-3])
        catalog = f"the catalog of {_CATALOGS[what]}"
        yield Finding(path, f"{quoted(name)} is not in {catalog}.{did_you_mean(name, allowed)}")


_CATALOGS: Final = {
    "accelerator": "accelerators",
    "server": "servers",
    "switches": "switches",
    "optics": "optics",
}
