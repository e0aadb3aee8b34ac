"""Jobs before they run: they arrive, are placed and planned, wait, and are started."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from sim.engine.cluster import Cluster
from sim.engine.kernel import RELEASE, Clock, Event
from sim.engine.runs import Runs
from sim.engine.transfers import Transfers
from sim.errors import PolicyError
from sim.policy.base import Interval, Observation, Roles, does_nothing
from sim.workload.jobs import JobTable


class Lifecycle:
    """Arrivals, plans and queues of one run's jobs.

    Parameters
    ----------
    clock : Clock
        The run's clock.
    jobs : JobTable
        All jobs of the run.
    clusters : sequence of Cluster
        All clusters, by number.
    runs : Runs
        What starts and ends them.
    transfers : Transfers or None
        What moves their data; None: they have none.

    Attributes
    ----------
    arrived : list of int
        How many jobs have arrived: one number that changes, for whoever shows them. [-]
    """

    def __init__(
        self,
        clock: Clock,
        jobs: JobTable,
        clusters: Sequence[Cluster],
        runs: Runs,
        *,
        transfers: Transfers | None = None,
    ) -> None:
        self._clock = clock
        self._clusters = clusters
        self._runs = runs
        self.arrived = [0]
        self._transfers = transfers
        self._jobs = jobs
        self._gpus = runs.gpus
        self._cluster_of = runs.cluster_of
        self._arrival_s: list[float] = jobs.arrival_s.tolist()
        self._earliest_s: list[float] = jobs.earliest_start_s.tolist()
        self._interruptible = jobs.interruptible
        self._pending: dict[int, Event] = {}
        self._on_arrival = (self._arrive,)
        self._on_release = (self._release_planned,)
        runs.follow(self._dispatch, self._release_at)

    def begin(self, obs: Observation, roles: Roles) -> None:
        """Put the first arrival on the clock, to be handled under a policy.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        roles : Roles
            The policy.
        """
        self._obs = obs
        self._policy = roles.name
        self._select = roles.order.select
        self._in_queue_order = bool(getattr(roles.order, "in_queue_order", False))
        self._shift = None if does_nothing(roles.shift) else roles.shift
        self._place = None if does_nothing(roles.place) else roles.place
        self._views = [view for site in obs.sites for view in site.clusters]
        if self._arrival_s:
            self._clock.call_at(self._arrival_s[0], RELEASE, self._on_arrival)

    def replan(self) -> None:
        """Ask the shift policy again for every job that has not been released."""
        for job in tuple(self._pending):
            self._plan(job)

    def retry(self, cluster: Cluster, now_s: float) -> None:
        """Ask the order policy again, because there may be more power.

        Parameters
        ----------
        cluster : Cluster
            The cluster.
        now_s : float
            Present time. [s]
        """
        if cluster.waiting and cluster.free:
            self._dispatch(cluster, now_s)

    def _arrive(self, event: Event) -> None:
        job = event.job
        following = job + 1
        self.arrived[0] = following
        if following < len(self._arrival_s):
            self._clock.call_at(self._arrival_s[following], RELEASE, self._on_arrival, following)
        if self._place is not None and not self._stays_home(job):
            self._move(job, self._place.choose(self._obs, job))
        now_s = self._arrival_s[job]
        if self._shift is not None:
            self._plan(job)
        elif self._earliest_s[job] > now_s:
            self._release_at(job, self._earliest_s[job])
        else:
            self._release(job, now_s)

    def _move(self, job: int, site: int) -> None:
        """Assign a job to the first cluster of a site that is large enough."""
        if site == self._clusters[self._cluster_of[job]].site:
            return
        gpus = self._gpus[job]
        fitting = [c for c in self._clusters if c.site == site and c.total >= gpus]
        if not fitting:
            self._refuse(
                f"place chose site {site!r} for job {job}; no cluster there has {gpus} accelerators"
            )
        self._runs.place(job, fitting[0])
        if self._transfers is not None:
            ready_s = self._transfers.begin(job, fitting[0], self._clock.now)
            self._earliest_s[job] = max(self._earliest_s[job], ready_s)

    def _stays_home(self, job: int) -> bool:
        """Return whether no policy may place a job."""
        profiles = self._jobs.profiles
        return bool(profiles) and profiles[self._jobs.workload[job]].stays_home

    def _plan(self, job: int) -> None:
        """Ask from when a job may run, and release it then."""
        if self._shift is None:
            return
        now_s = self._clock.now
        windows = self._checked_windows(job, self._shift.plan(self._obs, job))
        # A policy does not see that a job's data are still on their way.
        start_s = max(windows[0][0], self._earliest_s[job])
        if len(windows) > 1:
            self._runs.windows[job] = windows
        else:
            self._runs.windows.pop(job, None)
        if start_s > now_s:
            self._release_at(job, start_s)
        else:
            self._pending.pop(job, None)
            self._release(job, now_s)

    def _checked_windows(self, job: int, answer: float | Sequence[Interval]) -> list[Interval]:
        """Return a shift policy's answer as windows; refuse one that breaks the contract."""
        if isinstance(answer, Sequence):
            windows = [(float(start_s), float(end_s)) for start_s, end_s in answer]
        else:
            windows = [(float(answer), math.inf)]
        bounds = [bound for window in windows for bound in window]
        earliest_s = max(self._clock.now, float(self._jobs.earliest_start_s[job]))
        if not bounds or not earliest_s <= bounds[0] < math.inf:
            self._refuse(
                f"shift planned job {job} from {bounds[0] if bounds else None} s; it must be a "
                f"finite time, not before {earliest_s} s"
            )
        if any(not a < b for a, b in pairwise(bounds)):
            self._refuse(f"shift gave job {job} windows that are not in order: {windows}")
        if len(windows) > 1 and not self._interruptible[job]:
            self._refuse(f"shift gave job {job}, which is not interruptible, several windows")
        return windows

    def _release_at(self, job: int, time_s: float) -> None:
        self._pending[job] = self._clock.call_at(time_s, RELEASE, self._on_release, job)

    def _release_planned(self, event: Event) -> None:
        # A plan that has been replaced leaves its old event on the clock.
        if self._pending.get(event.job) is event:
            del self._pending[event.job]
            self._release(event.job, event.time_s)

    def _release(self, job: int, now_s: float) -> None:
        """Let a job join its cluster's queue, or pass through it where nothing holds it up."""
        cluster = self._clusters[self._cluster_of[job]]
        gpus = self._gpus[job]
        passes = self._in_queue_order and gpus <= cluster.free and not cluster.waiting
        if passes and not cluster.power_limited:
            self._runs.start(job, cluster, now_s)
            return
        cluster.waiting[job] = gpus
        if cluster.free:
            self._dispatch(cluster, now_s)

    def _dispatch(self, cluster: Cluster, now_s: float) -> None:
        """Start the jobs that the order policy selects."""
        waiting = cluster.waiting
        if self._in_queue_order and not cluster.power_limited:
            while waiting:
                job = next(iter(waiting))
                if waiting[job] > cluster.free:
                    return
                del waiting[job]
                self._runs.start(job, cluster, now_s)
            return
        for job in self._select(self._obs, self._views[cluster.index]):
            gpus = waiting.pop(job, 0)
            if not 0 < gpus <= cluster.free:
                self._refuse_selection(job, gpus, cluster)
            self._runs.start(job, cluster, now_s)

    def _refuse_selection(self, job: int, gpus: int, cluster: Cluster) -> NoReturn:
        if gpus == 0:
            self._refuse(f"order selected job {job}, which does not wait on {cluster.name}")
        self._refuse(
            f"order selected job {job} with {gpus} accelerators, but {cluster.name} has "
            f"{cluster.free} free"
        )

    def _refuse(self, what: str) -> NoReturn:
        msg = f"policy {self._policy} at {self._clock.now} s: {what}."
        raise PolicyError(msg)
