"""The engine asks a policy: what goes wrong there is told, and what it planned is kept.

A policy is other people's code. Whatever it raises becomes a PolicyError that names the policy, the
decision and the line at fault; an answer of the wrong kind is refused before the engine uses it.
"""

import math
import traceback
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any, Final

import numpy as np

from sim.engine.forecasts import ForecastDesk
from sim.errors import GridloomError, PolicyError
from sim.ledger.decisions import Decisions, Plans
from sim.policy.base import ClusterView, Interval, Observation, Roles, SiteView, does_nothing
from sim.registry import METHODS, ROLES

Subject = int | ClusterView | SiteView
"""What a decision is about: a job, a cluster or a site."""

_SIM: Final = Path(__file__).parents[1]
_LINES: Final = 2  # of a traceback: where it broke, and from where that was called


class Asking:
    """Asks the roles of one policy in one run.

    Parameters
    ----------
    roles : Roles
        The policy.
    desk : ForecastDesk
        Issues its forecasts.
    jobs_count : int
        Jobs in all. [-]

    Attributes
    ----------
    roles : Roles
        The same policy, guarded.
    """

    def __init__(self, roles: Roles, desk: ForecastDesk, jobs_count: int) -> None:
        guarded: dict[str, Any] = {
            role: StandIn(
                getattr(roles, role), METHODS[role], partial(_guarded, roles.name, role)
            )
            for role in ROLES
        }
        self._places = not does_nothing(roles.place)
        self._plans = None
        if not does_nothing(roles.shift):
            self._plans = PlanLog(desk, jobs_count)
            guarded["shift"].plan = self._plans.keeping(guarded["shift"].plan)
        self.roles = replace(roles, **guarded)

    def decisions(self) -> Decisions:
        """Return what was decided so far."""
        plans = None if self._plans is None else self._plans.plans()
        return Decisions(plans, self._places)


class PlanLog:
    """Keeps the last plan of each job.

    Parameters
    ----------
    desk : ForecastDesk
        Knows which forecast was asked for.
    jobs_count : int
        Jobs in all. [-]
    """

    def __init__(self, desk: ForecastDesk, jobs_count: int) -> None:
        self._desk = desk
        self._decided_at_s = array("d", [math.nan]) * jobs_count
        self._planned_start_s = array("d", [math.nan]) * jobs_count
        self._on_forecast_s = array("f", [math.nan]) * jobs_count
        self._count = array("i", [0]) * jobs_count

    def keeping(self, plan: Callable[[Observation, int], Any]) -> Callable[[Observation, int], Any]:
        """Return the method of a shift policy, but what it plans is kept.

        Parameters
        ----------
        plan : callable
            The method; answers a time [s] or a list of intervals.

        Returns
        -------
        callable
            The same.
        """
        desk, decided_at_s, planned_s = self._desk, self._decided_at_s, self._planned_start_s
        on_forecast_s, count = self._on_forecast_s, self._count

        def planned(obs: Observation, job: int) -> float | list[Interval]:
            """Plan a job and keep the plan."""
            desk.handed_out_s = math.nan
            answer: float | list[Interval] = plan(obs, job)
            decided_at_s[job] = obs.now_s
            planned_s[job] = answer[0][0] if isinstance(answer, list) else answer
            on_forecast_s[job] = desk.handed_out_s
            count[job] += 1
            return answer

        return planned

    def plans(self) -> Plans:
        """Return the plans."""
        return Plans(
            np.asarray(self._decided_at_s),
            np.asarray(self._planned_start_s),
            np.asarray(self._on_forecast_s),
            np.asarray(self._count),
        )


class StandIn:
    """Stands in for one role of a policy: its methods are wrapped, the rest is its own.

    Parameters
    ----------
    role_object : object
        What fills the role.
    method : str
        The role's method.
    wrap : callable
        Gets the name of a method and the method, and returns what to call in its place.
    """

    def __init__(
        self, role_object: object, method: str, wrap: Callable[[str, Callable[..., Any]], Any]
    ) -> None:
        self._role_object = role_object
        self._wrap = wrap
        setattr(self, method, wrap(method, getattr(role_object, method)))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the policy has there
        """Return what else the policy says of itself; its other methods are wrapped too."""
        found = getattr(self._role_object, name)
        return self._wrap(name, found) if callable(found) else found


def _guarded(
    policy: str, role: str, name: str, method: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a method of a policy that raises nothing but a PolicyError."""
    checked = _CHECKS.get(name, _as_it_is)

    def asked(obs: Observation, subject: Subject, *more: object) -> Any:  # noqa: ANN401
        try:
            answer = method(obs, subject, *more)
            if isinstance(answer, Iterator):  # what a generator raises, it raises here
                answer = list(answer)
        except GridloomError:
            raise
        except (Exception, SystemExit) as error:
            msg = f"policy {policy}: {named(role, obs, subject)} raised {_told(error)}"
            raise PolicyError(msg) from error
        try:
            return checked(answer)
        except (TypeError, ValueError) as error:
            msg = f"policy {policy}: {named(role, obs, subject)} is {answer!r:.200}; it must be "
            raise PolicyError(msg + _WANTED[name]) from error

    return asked


def _as_it_is(answer: object) -> object:
    return answer


def _ids(answer: Iterable[int]) -> list[int]:
    return [index(job) for job in answer]


def _plan(answer: object) -> float | list[Interval]:
    """Return a time, or intervals."""
    if type(answer) is float:
        return answer
    if isinstance(answer, Real) and not isinstance(answer, bool):
        return float(answer)
    intervals = [(float(start_s), float(end_s)) for start_s, end_s in answer]  # type: ignore[attr-defined]  # if it cannot, it is refused
    if not intervals:
        msg = "no interval"
        raise ValueError(msg)
    return intervals


def _choice(answer: object) -> int | tuple[int, int]:
    """Return the number of a site, or of a site and a cluster."""
    if isinstance(answer, tuple):
        site, cluster = answer
        return index(site), index(cluster)
    return index(answer)  # type: ignore[arg-type]  # if it is no number, it is refused


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "select": _ids, "preempt": _ids, "plan": _plan, "choose": _choice,
}
_WANTED: Final[Mapping[str, str]] = {
    "select": "a list of waiting job ids.",
    "preempt": "a list of running job ids.",
    "plan": "a time [s], or a list of intervals (start_s, end_s).",
    "choose": "the number of a site, or (site, cluster).",
}


def named(role: str, obs: Observation, subject: Subject) -> str:
    """Name a decision by its role, its subject and its time, in the words of all messages."""
    about = f"job {subject}" if isinstance(subject, int) else subject.name
    moment = obs.start + timedelta(seconds=obs.now_s)
    return (
        f"its {role} decision for {about} at {obs.now_s:.10g} s ({moment:%Y-%m-%d %H:%M} UTC)"
    )


def _told(error: BaseException) -> str:
    """Return an exception with the last lines of the policy's own file on its way."""
    what = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if not Path(frame.filename).is_relative_to(_SIM)]
    ours = [frame for frame in frames if not Path(frame.filename).is_relative_to(_SIM / "engine")]
    own = [frame for frame in users if frame.filename == users[0].filename] or ours
    return "\n".join([what, *traceback.format_list(own[-_LINES:])]).rstrip()
