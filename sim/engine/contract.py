"""Test anyone's policy: contract, determinism, seeing the future, changing what it sees, speed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, nextafter
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

from sim.engine.asking import StandIn, Subject, named
from sim.engine.contract_world import (
    CHANGES_S,
    FORECAST,
    changed_jobs,
    changed_service,
    changed_site,
    made_up_jobs,
    made_up_services,
    made_up_sites,
)
from sim.engine.forecasts import ForecastDesk
from sim.engine.simulation import Simulation
from sim.errors import PolicyError
from sim.policy.base import Observation, Roles
from sim.policy.build import build
from sim.policy.read_only import ReadOnly
from sim.registry import DEFAULT_ROLES, METHODS, POLICIES, ROLES, SIGNALS, load_class
from sim.scenario.schema.scenario import Policy
from sim.site import Site
from sim.workload.jobs import COLUMNS, JobTable
from sim.workload.services import ServicePlan

CHECKS: Final = ("contract", "determinism", "non-anticipativity", "no mutation")
"""What is checked."""

SLOW_S: Final = 1e-3
"""A decision that costs more is warned of (assumption: with a million jobs it adds 17 min). [s]."""


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What `check_policy` found; looking for a check in it tells whether that was passed.

    Attributes
    ----------
    policy : str
        Name of the policy.
    passed : tuple of str
        The checks it passed: all of them, or there would have been an error.
    decision_s : mapping of str to float
        Median time of a decision of each role that was asked and is not the default one. [s]
    warnings : tuple of str
        What is allowed and still unwise.
    """

    policy: str
    passed: tuple[str, ...]
    decision_s: Mapping[str, float]
    warnings: tuple[str, ...]

    def __contains__(self, check: object) -> bool:
        """Tell whether a check was passed."""
        return check in self.passed

    def __str__(self) -> str:
        """Return the report as the command line prints it."""
        lines = [f"{self.policy} passed: {', '.join(self.passed)}."]
        if self.decision_s:
            times = (f"{role} {time_s * 1e6:.1f} us" for role, time_s in self.decision_s.items())
            lines.append(f"Median time of a decision: {', '.join(times)}.")
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])


class _MutationError(PolicyError):
    """A decision changed what the policy sees."""


class Decision(NamedTuple):
    """One question that a policy was asked, and what it answered."""

    time_s: float
    role: str
    name: str
    answer: str


@dataclass(slots=True)
class _Log:
    """What a policy was asked in one run, and how long it took to answer [s]."""

    decisions: list[Decision] = field(default_factory=list)
    times_s: dict[str, list[float]] = field(default_factory=dict)


class _World(NamedTuple):
    """All that a run is made of besides its policy."""

    sites: tuple[Site, ...]
    jobs: JobTable
    services: tuple[ServicePlan, ...]

    def changed(self, after_s: float) -> "_World":
        """Return the same, but what comes after a time is otherwise."""
        return _World(
            tuple(changed_site(site, after_s) for site in self.sites),
            changed_jobs(self.jobs, after_s),
            tuple(changed_service(plan, after_s) for plan in self.services),
        )


def check_policy(
    policy: str | Policy | type, *, slow_s: float = SLOW_S, seed: int = 0
) -> PolicyReport:
    """Run a policy on a small made-up scenario and check that it keeps the contract.

    Parameters
    ----------
    policy : str, Policy or type
        A built-in name, ``"module:Class"``, a policy put together from roles, or a class.
    slow_s : float
        A decision that costs more than this is warned of. [s]
    seed : int
        Another one makes up another scenario. [-]

    Returns
    -------
    PolicyReport
        The checks it passed, the time its decisions took, and warnings.

    Raises
    ------
    PolicyError
        If a check fails; the message names policy, check, decision and answers.

    Notes
    -----
    *contract*: every answer is one that the engine accepts. *determinism*: a second run of the same
    gives the same decisions. *non-anticipativity*: decisions before a time stay the same when only
    the truth after it is changed. *no mutation*: no decision changes anything it can see.
    """
    world = _World(made_up_sites(seed), made_up_jobs(seed), made_up_services())
    first = _run(policy, world)
    label = build(policy).name
    again = _run(policy, world, watched=True)
    _compare(label, "determinism", first.decisions, again.decisions)
    for change_s in _changes_s(first):
        other = _run(policy, world.changed(change_s))
        _compare(
            label, "non-anticipativity", _before(first, change_s), _before(other, change_s),
            only=f"the truth after {change_s:.10g} s is changed",
        )
    decision_s = {role: median(times_s) for role, times_s in first.times_s.items()}
    return PolicyReport(label, CHECKS, decision_s, tuple(_slow(decision_s, slow_s)))


def _run(policy: str | Policy | type, world: _World, *, watched: bool = False) -> _Log:
    """Run a policy and return all it was asked and all it answered."""
    log, roles = _Log(), build(policy)
    desk = ForecastDesk(FORECAST, world.sites)
    recorders: dict[str, Any] = {}
    for role in ROLES:
        default = _is_default(roles, role)
        ask = partial(_recorded, role, log, is_default=default)
        recorders[role] = StandIn(getattr(roles, role), METHODS[role], ask)
        if watched and not default:
            watch = partial(_watched, role, roles.name, world)
            recorders[role] = StandIn(recorders[role], METHODS[role], watch)
    try:
        Simulation(
            world.sites, world.jobs, replace(roles, **recorders), desk=desk,
            services=world.services,
        ).run()
    except _MutationError:
        raise
    except PolicyError as error:
        msg = f"policy {roles.name} fails contract. {error}"
        raise PolicyError(msg) from error
    return log


def _changes_s(log: _Log) -> list[float]:
    """Return after which times to change the truth: some, and right after some decisions."""
    found = list(CHANGES_S)
    for role in log.times_s:
        times_s = [decision.time_s for decision in log.decisions if decision.role == role]
        found += [nextafter(times_s[len(times_s) * part // 7], inf) for part in range(1, 7)]
    return sorted(set(found))


def _is_default(roles: Roles, role: str) -> bool:
    return type(getattr(roles, role)) is load_class(POLICIES[role][DEFAULT_ROLES[role]])


def _recorded(
    role: str, log: _Log, _method: str, ask: Callable[..., object], *, is_default: bool
) -> Callable[..., object]:
    """Return a method of a policy, but its answers and times are written down."""

    def asked(obs: Observation, subject: Subject, *more: object) -> object:
        begin_s = perf_counter()
        answer = ask(obs, subject, *more)
        if isinstance(answer, Iterator):
            answer = list(answer)
        time_s = perf_counter() - begin_s
        if not is_default:
            log.times_s.setdefault(role, []).append(time_s)
        decision = Decision(obs.now_s, role, named(role, obs, subject), repr(answer))
        log.decisions.append(decision)
        return answer

    return asked


def _watched(
    role: str, policy: str, world: _World, _method: str, ask: Callable[..., object]
) -> Callable[..., object]:
    """Return a method of a policy, but it must leave everything as it was."""

    def asked(obs: Observation, subject: Subject, *more: object) -> object:
        before = _all_there_is(obs, world)
        answer = ask(obs, subject, *more)
        after = _all_there_is(obs, world)
        changed = [what for what in before if before[what] != after[what]]
        if changed:
            msg = f"policy {policy} fails no mutation: {named(role, obs, subject)} changed "
            msg += f"{', '.join(changed)}; what a policy sees is not its own to change."
            raise _MutationError(msg)
        return answer

    return asked


def _all_there_is(obs: Observation, world: _World) -> dict[str, object]:
    """Return all that a policy could change, by name, in a form that can be compared."""
    found: dict[str, object] = {
        "the time": (obs.now_s, obs.step_s, obs.start),
        "where jobs are": [obs.site_of(job) for job in range(len(obs.jobs))],
    }
    for name in COLUMNS:
        found[f"jobs.{name}"] = getattr(world.jobs, name).tobytes()
    for index, view in enumerate(obs.sites):
        found[f"the state of {view.name}"] = _shown(view)
        for signal in SIGNALS:
            issued, truth = obs.forecast(index, signal), world.sites[index].signals[signal].values
            quantiles = b"" if issued.quantiles is None else issued.quantiles.tobytes()
            found[f"the {signal} forecast of {view.name}"] = issued.point.tobytes(), quantiles
            found[f"the {signal} of {view.name}"] = truth.tobytes(), view.now(signal)
    return found


def _shown(value: object) -> object:
    """Return all that something shows, views of views included, in a form that can be compared."""
    if isinstance(value, ReadOnly):
        names = [name for name in dir(value) if not name.startswith("_")]
        values = {name: getattr(value, name) for name in names}
        return {name: _shown(one) for name, one in values.items() if not callable(one)}
    if isinstance(value, Mapping):
        return [(key, _shown(one)) for key, one in value.items()]
    if isinstance(value, tuple):
        return [_shown(one) for one in value]
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value)


def _before(log: _Log, time_s: float) -> list[Decision]:
    return [decision for decision in log.decisions if decision.time_s < time_s]


def _compare(
    policy: str, check: str, first: list[Decision], other: list[Decision], *, only: str = ""
) -> None:
    """Raise at the first decision that differs between two runs."""
    second = f"in a run in which only {only}" if only else "in a second run of the same"
    for one, two in zip(first, other, strict=False):
        if one == two:
            continue
        msg = f"policy {policy} fails {check}: {one.name} was {one.answer}; {second}, "
        msg += f"it was {two.answer}." if one.name == two.name else f"there was {two.name} instead."
        raise PolicyError(msg)
    if len(first) != len(other):
        fewer, more = sorted((first, other), key=len)
        msg = f"policy {policy} fails {check}: {second}, it was asked {len(other)} times, not "
        msg += f"{len(first)}; {more[len(fewer)].name} is the first in one alone."
        raise PolicyError(msg)


def _slow(decision_s: Mapping[str, float], slow_s: float) -> Iterator[str]:
    for role, time_s in decision_s.items():
        if time_s > slow_s:
            yield (
                f"a {role} decision takes {time_s * 1e3:.3g} ms, more than {slow_s * 1e3:.3g} ms; "
                f"a million of them take {time_s * 1e6 / 60:,.0f} minutes."
            )
