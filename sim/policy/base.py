"""The five roles of a policy, and the Observation that is all a policy ever sees.

A policy of one's own is a class with one or more of the five methods; it needs no base class::

    class LongestFirst:
        def select(self, obs, cluster):
            hours = obs.jobs.expected_duration_s
            longest = max(cluster.waiting, key=lambda job: hours[job], default=None)
            fits = longest is not None and cluster.fits(cluster.waiting[longest])
            return [longest] if fits else []
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.energy.dispatch import Setpoint
from sim.policy.controls import Controls as Controls
from sim.policy.controls import JobControls as JobControls
from sim.policy.controls import ServiceView as ServiceView
from sim.policy.jobs_view import JobsView
from sim.policy.terms import Terms as Terms
from sim.policy.views import ClusterView as ClusterView
from sim.policy.views import SiteView as SiteView

Interval = tuple[float, float]
"""(start_s, end_s) in which a job may run."""


_NO_LEVELS = np.empty(0)


class Forecast(NamedTuple):
    """A forecast as issued: hourly values from `valid_from_s` on; nan where nothing is known.

    `quantiles` has a column for each of `quantile_levels`; None where the scenario asks for none.
    """

    point: NDArray[np.float64]
    quantiles: NDArray[np.float64] | None
    issued_at_s: float
    valid_from_s: float
    step_s: float
    quantile_levels: NDArray[np.float64] = _NO_LEVELS


class Observation(Protocol):
    """All that a policy sees: the present state and the forecasts issued so far."""

    step_s: float
    start: datetime
    sites: tuple[SiteView, ...]
    jobs: JobsView

    @property
    def now_s(self) -> float:
        """Present time since the start of the run. [s]."""

    def site_of(self, job: int) -> int:
        """Return the site a job has been placed at; its home site before that."""

    def gpus_of(self, job: int) -> int:
        """Return the accelerators that a job holds, or is known to need before it starts. [-]."""

    def work_s(self, job: int) -> float:
        """Return how much of its run time a job has behind it, at its first size, uncapped. [s]."""

    def has_ended(self, job: int) -> bool:
        """Return whether a job has run to its end."""

    def forecast(self, site: int, signal: str) -> Forecast:
        """Return the latest issued forecast of a signal, never one issued later than now."""


class OrderPolicy(Protocol):
    """The role that says which waiting jobs start now.

    It may also have a method ``preempt(obs, cluster)`` that returns running jobs to suspend now.
    It is asked right before ``select``, also when nothing is free; its jobs go back to the head of
    the queue and to their last checkpoint. Only interruptible jobs may be suspended.
    """

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return waiting jobs to start now, in order; together they must fit. Asked on change."""


class ShiftPolicy(Protocol):
    """The role that says from when a job may run."""

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return a start time, or intervals in which it may run [s]. Asked at arrival."""


class PlacePolicy(Protocol):
    """The role that says at which site a job runs.

    It may also have ``migrate(obs, site) -> {job: site number}``: running, interruptible jobs of a
    site that are to go on at another. Asked every step. A job that moves goes back to its last
    checkpoint; its data, where they have not been, and its checkpoint move before it waits there.
    """

    def choose(self, obs: Observation, job: int) -> int | tuple[int, int]:
        """Return the number of the site, or of site and cluster within it. Asked at arrival."""


class PowerPolicy(Protocol):
    """The role that says which power caps apply, and how large what can change its size is.

    It may also have ``at_arrival(obs, job) -> JobControls | None``: a cap of one job, or the size
    it starts with. Asked once, when the job has been placed.
    """

    def set(self, obs: Observation, site: SiteView) -> float | Controls | None:
        """Return the cap over TDP, None for no cap, or `Controls` for more. Asked every step."""


class StoragePolicy(Protocol):
    """The role that says how the battery acts."""

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return (charge_w, discharge_w), one of them 0, or ``"follow"``. Asked every step."""


@dataclass(frozen=True, slots=True)
class Roles:
    """A policy put together: one object for each of the five roles."""

    name: str
    order: OrderPolicy
    shift: ShiftPolicy
    place: PlacePolicy
    power: PowerPolicy
    storage: StoragePolicy


def does_nothing(role: object) -> bool:
    """Return whether a role says that it changes nothing, so that it need not be asked."""
    return bool(getattr(role, "does_nothing", False))
