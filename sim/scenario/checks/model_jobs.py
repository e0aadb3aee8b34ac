"""Check jobs that are worked out from a model: that it fits its accelerators, and what they do."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Final, Protocol, cast

from sim.errors import DataError
from sim.registry import MODEL_JOBS, did_you_mean, load_class
from sim.scenario.checks.partial import each_settled
from sim.scenario.homes import Node, home_clusters
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.arrivals import ArrivalTimes
from sim.scenario.schema.model_jobs import (
    AnyModelJobs,
    BatchInference,
    ElasticGpus,
    Federated,
    LanguageModelRun,
    MfuRange,
)
from sim.scenario.schema.scenario import Scenario


class _Kind(Protocol):
    """A kind of model jobs, from ``registry.MODEL_JOBS``."""

    def __init__(self, spec: AnyModelJobs, nodes: Sequence[Node]) -> None: ...

    def mistakes(self) -> Iterator[tuple[FieldPath, str]]: ...


def model_job_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check every stream of model jobs.

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
    checks = [partial(_only, check) for check in _CHECKS]
    checks += [
        partial(_only, partial(_arrivals, scenario)),
        partial(_only, partial(_sites, scenario)),
        partial(_only, partial(_kind, scenario, folder)),
    ]
    return each_settled(scenario.workload, checks, ("workload",))


Check = Callable[[AnyModelJobs, FieldPath], Iterator[Finding]]


def _only(check: Check, stream: object, path: FieldPath) -> Iterator[Finding]:
    """Run a check on model jobs alone."""
    if isinstance(stream, AnyModelJobs):
        yield from check(stream, path)


def _curve(stream: AnyModelJobs, path: FieldPath) -> Iterator[Finding]:
    """Check a scaling curve."""
    if not (isinstance(stream, LanguageModelRun) and isinstance(stream.gpus, ElasticGpus)):
        return
    sizes, speedups = stream.gpus.sizes, stream.gpus.speedups
    path = (*path, "gpus")
    for index, size in enumerate(sizes):
        if size < 1 or (index and size <= sizes[index - 1]):
            message = f"{size} is not above the size before it. Sizes must ascend from at least 1."
            yield Finding((*path, "sizes", index), message)
    if len(speedups) != len(sizes):
        message = f"{len(speedups)} speedups do not fit {len(sizes)} sizes. Give one each."
        yield Finding((*path, "speedups"), message)
    for index, speedup in enumerate(speedups):
        if not (isfinite(speedup) and speedup > 0):
            yield Finding((*path, "speedups", index), f"{speedup:g} is not a number above 0.")
    if speedups[0] > 0 and any(later < earlier for earlier, later in pairwise(speedups)):
        message = "more accelerators never make a job slower here. Leave out sizes beyond the peak."
        yield Finding((*path, "speedups"), message)


def _mfu(stream: AnyModelJobs, path: FieldPath) -> Iterator[Finding]:
    """Check a range of MFU, and that published restarts are not counted twice."""
    if not isinstance(stream, LanguageModelRun):
        return
    mfu = stream.mfu
    if isinstance(mfu, MfuRange) and mfu.min_fraction > mfu.max_fraction:
        message = f"{mfu.min_fraction:g} is above max_fraction ({mfu.max_fraction:g})."
        yield Finding((*path, "mfu", "min_fraction"), message)
    if mfu is None and (stream.failures is not None or stream.checkpoints is not None):
        message = "the MFU of published runs holds their restarts and checkpoints already. Give "
        message += "mfu a number that does not, or leave failures and checkpoints out."
        yield Finding((*path, "failures" if stream.failures else "checkpoints"), message)


def _rates(stream: AnyModelJobs, path: FieldPath) -> Iterator[Finding]:
    """Check that a failure rate is given once, and is there where it is needed."""
    if not isinstance(stream, LanguageModelRun):
        return
    failures, checkpoints = stream.failures, stream.checkpoints
    if failures and failures.mtbf_gpu_h is not None and failures.mtbf_node_h is not None:
        message = "stands beside mtbf_gpu_h. Give the rate of accelerators or of nodes."
        yield Finding((*path, "failures", "mtbf_node_h"), message, at_key=True)
    if checkpoints and checkpoints.every_min == "young-daly" and failures is None:
        message = "young-daly needs a failure rate. Give failures, or minutes."
        yield Finding((*path, "checkpoints", "every_min"), message)


_CHECKS: Final[tuple[Check, ...]] = (_curve, _mfu, _rates)


def _arrivals(scenario: Scenario, stream: AnyModelJobs, path: FieldPath) -> Iterator[Finding]:
    """Check that given arrivals lie within the run."""
    duration_h = scenario.duration_h
    if isinstance(stream.arrivals, ArrivalTimes):
        for index, at_h in enumerate(stream.arrivals.at_h):
            if not 0.0 <= at_h < duration_h:
                message = f"{at_h:g} is not within the run (duration_h {duration_h:g})."
                yield Finding((*path, "arrivals", "at_h", index), message)


def _sites(scenario: Scenario, stream: AnyModelJobs, path: FieldPath) -> Iterator[Finding]:
    """Check the sites of federated training."""
    if not isinstance(stream, Federated):
        return
    homes = {site.name: site.datacenter for site in scenario.sites}
    for index, name in enumerate(stream.sites):
        where = (*path, "sites", index)
        if name not in homes:
            yield Finding(where, f"there is no site {quoted(name)}.{did_you_mean(name, homes)}")
        elif homes[name] is None:
            yield Finding(where, f"site {name} has no data center to train at.")
        if name in stream.sites[:index]:
            message = f"site {name} stands twice. clients_per_site gives it more clients."
            yield Finding(where, message)


def _kind(
    scenario: Scenario, folder: Path, stream: AnyModelJobs, path: FieldPath
) -> Iterator[Finding]:
    """Check the jobs on the accelerators they are at home on."""
    gang, nodes = stream.most_gpus, []
    for site in stream.home_sites:
        clusters = home_clusters(scenario, site, stream.cluster)
        if not clusters:
            return  # said of the site or the cluster
        found = next((at for at in clusters if at.gpus_count >= gang), None)
        if found is None:
            most = max(clusters, key=lambda at: at.gpus_count)
            message = f"a gang of {gang} fits in no cluster it may use; the largest, "
            message += f"{most.cluster.name}, has {most.gpus_count} accelerators."
            yield Finding((*path, *_gang_field(stream)), message)
            return
        try:
            nodes.append(Node(found.site, found.cluster, found.chip(folder)))
        except (ValueError, DataError):
            return  # said of the accelerator
    kind = cast("type[_Kind]", load_class(MODEL_JOBS[stream.type]))
    for field, message in kind(stream, nodes).mistakes():
        yield Finding((*path, *field), message)


def _gang_field(stream: AnyModelJobs) -> FieldPath:
    if isinstance(stream, BatchInference):
        return ("replicas",)
    if isinstance(stream.gpus, ElasticGpus):
        return ("gpus", "sizes", len(stream.gpus.sizes) - 1)
    return ("gpus",)
