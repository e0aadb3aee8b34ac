"""Check that services can run: curve, replicas, memory, requests."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sim.catalog.serving import CACHE_FRACTION, curve_key, curve_rows
from sim.errors import DataError
from sim.scenario.checks.known import in_catalog
from sim.scenario.checks.partial import each_settled
from sim.scenario.homes import ClusterAt, home_clusters
from sim.scenario.nodes import accelerator, own_accelerators
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.datacenter import Accelerator
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.service import (
    DrawnRequests,
    Replicas,
    RequestLengths,
    RequestTraceFile,
    Service,
)
from sim.scenario.schema.workload import GangSizes, Training, Workload
from sim.units import GB, HOUR_S

MAX_REQUESTS: Final = 20_000_000
"""More requests than this are not served one by one."""


def service_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check every service.

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
    checks = [partial(_of_services, check, scenario) for check in _CHECKS]
    checks.append(partial(_of_services, partial(_memory, folder), scenario))
    checks.append(partial(_gangs, scenario))
    return each_settled(scenario.workload, checks, ("workload",))


Check = Callable[[Scenario, Service, FieldPath], Iterator[Finding]]


def _of_services(
    check: Check, scenario: Scenario, stream: Workload, path: FieldPath
) -> Iterator[Finding]:
    if isinstance(stream, Service):
        yield from check(scenario, stream, path)


def _curve(scenario: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    if spec.model is None and spec.curve is None:
        yield Finding(path, "needs a model with a measured curve, or a curve of its own.")
    elif spec.model is not None and spec.curve is not None:
        yield Finding((*path, "curve"), "the model has a measured curve. Give one of the two.")
    elif spec.curve is not None:
        least, most = spec.curve.smallest_batch, spec.curve.largest_batch
        if least > most:
            message = f"{least:g} is above largest_batch ({most:g})."
            yield Finding((*path, "curve", "smallest_batch"), message)
    else:
        yield from _measured(scenario, spec, path)


def _measured(scenario: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    """Check that the model was measured on the accelerators it is to run on."""
    home = _home(scenario, spec)
    if home is None or spec.model is None:
        return
    chip = home.cluster.accelerator
    if not isinstance(chip, str):
        message = "nothing was measured on an accelerator of your own. Give a curve."
        yield Finding((*path, "model"), message)
        return
    try:
        key = curve_key(spec.model, chip, spec.gpus_per_replica, spec.task)
        curve, _ = curve_rows(key)
    except ValueError as error:
        yield Finding((*path, "model"), str(error))
        return
    if spec.max_batch is not None and spec.max_batch > curve["batch_max"]:
        message = f"{spec.max_batch} is beyond the largest batch measured, {curve['batch_max']:g}."
        yield Finding((*path, "max_batch"), message)


def _own_batch(_: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    if spec.curve is not None and (spec.max_batch or 0) > spec.curve.largest_batch:
        most = spec.curve.largest_batch
        message = f"{spec.max_batch} is above the curve's largest_batch ({most:g})."
        yield Finding((*path, "max_batch"), message)


def _memory(
    folder: Path, scenario: Scenario, spec: Service, path: FieldPath
) -> Iterator[Finding]:
    home = _home(scenario, spec)
    if home is None or spec.curve is None or spec.curve.model_gb is None:
        return
    memory_gb = _memory_gb(home, folder)
    if memory_gb is None:
        return
    room_gb = CACHE_FRACTION * spec.gpus_per_replica * memory_gb
    if spec.curve.model_gb >= room_gb:
        message = f"{spec.curve.model_gb:g} GB do not fit {spec.gpus_per_replica} accelerators, "
        message += f"which leave {room_gb:.4g} GB for weights and KV cache. Use more per replica."
        yield Finding((*path, "curve", "model_gb"), message)


def _memory_gb(home: ClusterAt, folder: Path) -> float | None:
    """Return the memory of an accelerator of a cluster, if it is known."""
    chip = home.cluster.accelerator
    if isinstance(chip, Accelerator):
        return chip.memory_gb
    try:
        facts = accelerator(chip, own_accelerators(home.site.datacenter, folder))
    except (ValueError, DataError):
        return None  # another check tells of it
    return None if facts.memory_bytes is None else facts.memory_bytes / GB


def _replicas(scenario: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    least, most = spec.least_replicas, spec.most_replicas
    ranged = isinstance(spec.replicas, Replicas)
    where = (*path, "replicas")
    if least > most:
        yield Finding((*where, "min"), f"{least} is above max ({most}).")
    home = _home(scenario, spec)
    if home is None:
        return
    name, size = home.cluster.name, home.gpus_count
    if home.cluster.packing:
        message = f"cluster {name} packs its nodes, which services cannot do yet. Give the service "
        message += "a cluster of its own, or leave out packing."
        yield Finding(path, message)
    if spec.gpus_per_replica > size:
        message = f"{spec.gpus_per_replica} are more than cluster {name} has ({size})."
        yield Finding((*path, "gpus_per_replica"), message)
    elif most * spec.gpus_per_replica > size:
        message = f"{most} replicas of {spec.gpus_per_replica} accelerators are more than cluster "
        message += f"{name} has ({size}). At most {size // spec.gpus_per_replica} fit."
        yield Finding((*where, "max") if ranged else where, message)


def _together(scenario: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    """Check that the least replicas of all services on a cluster fit together."""
    home = _home(scenario, spec)
    if home is None or spec.least_replicas * spec.gpus_per_replica > home.gpus_count:
        return
    held = _held(scenario)[home.number]
    last = [one for one in scenario.workload if _is_at(scenario, one, home)][-1]
    if held > home.gpus_count and spec is last:
        message = f"the least replicas of all services on cluster {home.cluster.name} need {held} "
        message += f"accelerators; it has {home.gpus_count}."
        yield Finding((*path, "replicas"), message)


def _gangs(scenario: Scenario, stream: Workload, path: FieldPath) -> Iterator[Finding]:
    """Check that gangs fit beside the least replicas of services, or they would wait for ever."""
    if not isinstance(stream, Training):
        return
    gang = max(stream.gpus.sizes) if isinstance(stream.gpus, GangSizes) else stream.gpus
    homes = home_clusters(scenario, stream.site, stream.cluster)
    held = _held(scenario)
    home = next((at for at in homes if at.gpus_count >= gang), None)
    if home is not None and held.get(home.number) and home.gpus_count - held[home.number] < gang:
        message = f"a gang of {gang} never starts: services always hold {held[home.number]} of the "
        message += f"{home.gpus_count} accelerators of cluster {home.cluster.name}."
        yield Finding((*path, "gpus"), message)


def _requests(scenario: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    asked = spec.requests
    if not isinstance(asked, DrawnRequests):
        return
    if asked.shape is not None:
        yield from in_catalog(asked.shape, "request_hours", (*path, "requests", "shape"))
    try:
        ZoneInfo(asked.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(asked.timezone, available_timezones(), n=1)
        hint = f" Did you mean {near[0]}?" if near else " Use a name such as America/New_York."
        message = f"there is no time zone {quoted(asked.timezone)}.{hint}"
        yield Finding((*path, "requests", "timezone"), message)
    count = asked.requests_per_s * scenario.duration_h * HOUR_S
    if spec.mode == "requests" and count > MAX_REQUESTS:
        message = f"would serve {count:.2g} requests one by one; at most {MAX_REQUESTS:.0e} are. "
        yield Finding((*path, "mode"), message + "Use fluid, or a shorter run.")


def _lengths(_: Scenario, spec: Service, path: FieldPath) -> Iterator[Finding]:
    if isinstance(spec.requests, RequestTraceFile):
        return
    if not isinstance(spec.lengths, RequestLengths):
        yield from in_catalog(spec.lengths, "request_shapes", (*path, "lengths"))
        return
    for name, length in (("prompt", spec.lengths.prompt), ("output", spec.lengths.output)):
        if length.median_tokens > length.max_tokens:
            message = f"{length.median_tokens:g} is above max_tokens ({length.max_tokens:g})."
            yield Finding((*path, "lengths", name, "median_tokens"), message)


def _home(scenario: Scenario, spec: Service) -> ClusterAt | None:
    """Return the cluster that a service runs on, as far as there is one."""
    homes = home_clusters(scenario, spec.site, spec.cluster)
    least = spec.least_replicas * spec.gpus_per_replica
    return next((at for at in homes if at.gpus_count >= least), homes[0] if homes else None)


def _is_at(scenario: Scenario, stream: Workload, home: ClusterAt) -> bool:
    at = _home(scenario, stream) if isinstance(stream, Service) else None
    return at is not None and at.number == home.number


def _held(scenario: Scenario) -> dict[int, int]:
    """Return the accelerators that services always hold, by the number of the cluster."""
    held: dict[int, int] = {}
    for spec in scenario.workload:
        home = _home(scenario, spec) if isinstance(spec, Service) else None
        if home is not None and isinstance(spec, Service):
            least = spec.least_replicas * spec.gpus_per_replica
            held[home.number] = held.get(home.number, 0) + least
    return held


_CHECKS: Final[tuple[Check, ...]] = (
    _curve,
    _own_batch,
    _replicas,
    _together,
    _requests,
    _lengths,
)
