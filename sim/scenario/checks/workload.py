"""Check that the jobs of a scenario have a place to run at and are drawn from sound numbers."""

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite
from typing import Final

from sim.registry import did_you_mean
from sim.scenario.checks.partial import each_settled, settled
from sim.scenario.positions import FieldPath, Finding, quoted, repeated
from sim.scenario.schema.arrivals import Arrivals
from sim.scenario.schema.model_jobs import Federated
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.workload import GangSizes, Training, Workload

MAX_JOBS: Final = 100_000_000
"""More jobs than this do not fit the memory of any usual machine."""

Stream = Workload


def workload_mistakes(scenario: Scenario) -> list[Finding]:
    """Check every stream of jobs.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    found = settled(_names(scenario))
    checks = [partial(check, scenario) for check in _CHECKS]
    return found + each_settled(scenario.workload, checks, ("workload",))


def _names(scenario: Scenario) -> Iterator[Finding]:
    yield from repeated("workload", [stream.name for stream in scenario.workload], ("workload",))


def _site(scenario: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if isinstance(stream, Federated):
        return
    names = [site.name for site in scenario.sites]
    homes = [site.name for site in scenario.sites if site.datacenter is not None]
    if stream.site is None:
        if not homes:
            yield Finding(path, "no site has a data center. Add one, or remove the workload.")
    elif stream.site not in names:
        hint = did_you_mean(stream.site, names)
        yield Finding((*path, "site"), f"there is no site {quoted(stream.site)}.{hint}")
    elif stream.site not in homes:
        yield Finding((*path, "site"), f"site {stream.site} has no data center to run jobs.")


def _cluster(scenario: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if isinstance(stream, Federated):
        return
    names = [
        cluster.name
        for site in scenario.sites
        if site.datacenter and stream.site in {None, site.name}
        for cluster in site.datacenter.clusters
    ]
    if stream.cluster is not None and names and stream.cluster not in names:
        where = f" at site {stream.site}" if stream.site else ""
        hint = did_you_mean(stream.cluster, names)
        message = f"there is no cluster {quoted(stream.cluster)}{where}.{hint}"
        yield Finding((*path, "cluster"), message)


def _gang(scenario: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if not isinstance(stream, Training):
        return
    room = _room(scenario, stream)
    where, size = _largest_gang(stream, path)
    if room and size > max(room.values()):
        name = max(room, key=room.__getitem__)
        message = f"a gang of {size} fits in no cluster it may use; the largest, {name}, has"
        yield Finding(where, f"{message} {room[name]} accelerators.")


def _room(scenario: Scenario, stream: Training) -> dict[str, int]:
    """Accelerators by name of the clusters a job may use: those of one site, its home."""
    for site in scenario.sites:
        if site.datacenter is None or stream.site not in {None, site.name}:
            continue
        room = {
            cluster.name: cluster.nodes * cluster.gpus_per_node
            for cluster in site.datacenter.clusters
            if stream.cluster in {None, cluster.name}
        }
        if room:
            return room
    return {}


def _largest_gang(stream: Training, path: FieldPath) -> tuple[FieldPath, int]:
    if not isinstance(stream.gpus, GangSizes):
        return (*path, "gpus"), stream.gpus
    size = max(stream.gpus.sizes)
    return (*path, "gpus", "sizes", stream.gpus.sizes.index(size)), size


def _sizes(_: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if isinstance(stream, Training) and isinstance(stream.gpus, GangSizes):
        for index, size in enumerate(stream.gpus.sizes):
            if size < 1:
                yield Finding((*path, "gpus", "sizes", index), f"{size} is not at least 1.")


def _weights(_: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if not (isinstance(stream, Training) and isinstance(stream.gpus, GangSizes)):
        return
    sizes, weights = stream.gpus.sizes, stream.gpus.weights
    path = (*path, "gpus", "weights")
    if not weights:
        return
    if len(weights) != len(sizes):
        yield Finding(path, f"{len(weights)} weights do not fit {len(sizes)} sizes. Give one each.")
    wrong = [i for i, weight in enumerate(weights) if not (isfinite(weight) and weight >= 0)]
    for index in wrong:
        yield Finding((*path, index), f"{weights[index]:g} is not a finite number of at least 0.")
    if not wrong and sum(weights) <= 0:
        yield Finding(path, "all weights are 0. At least one must be above 0.")


def _duration(_: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if isinstance(stream, Training) and stream.duration.min_h > stream.duration.max_h:
        shortest, longest = stream.duration.min_h, stream.duration.max_h
        message = f"{shortest:g} is above max_h ({longest:g})."
        yield Finding((*path, "duration", "min_h"), message)


def _slack(_: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    if isinstance(stream, Training) and stream.slack and stream.slack.min_h > stream.slack.max_h:
        message = f"{stream.slack.min_h:g} is above max_h ({stream.slack.max_h:g})."
        yield Finding((*path, "slack", "min_h"), message)


def _poisson(stream: Stream) -> Arrivals | None:
    """Return the Poisson process of a stream, if it has one."""
    arrivals = getattr(stream, "arrivals", None)
    return arrivals if isinstance(arrivals, Arrivals) else None


def _until(scenario: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    arrivals = _poisson(stream)
    if arrivals is not None and arrivals.until_h is not None:
        until_h, duration_h = arrivals.until_h, scenario.duration_h
        if until_h > duration_h:
            message = f"{until_h:g} is after the end of the run (duration_h {duration_h:g})."
            yield Finding((*path, "arrivals", "until_h"), message)


def _count(scenario: Scenario, stream: Stream, path: FieldPath) -> Iterator[Finding]:
    arrivals = _poisson(stream)
    if arrivals is not None:
        until_h = arrivals.until_h or scenario.duration_h
        count = arrivals.poisson_per_h * until_h
        if count > MAX_JOBS:
            message = f"would make {count:.2g} jobs; at most {MAX_JOBS:.0e} can be simulated."
            yield Finding((*path, "arrivals", "poisson_per_h"), message)


_CHECKS: Final[tuple[Callable[[Scenario, Stream, FieldPath], Iterator[Finding]], ...]] = (
    _site,
    _cluster,
    _gang,
    _sizes,
    _weights,
    _duration,
    _slack,
    _until,
    _count,
)
