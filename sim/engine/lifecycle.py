"""Jobs before they run: they arrive, are placed and planned, wait, and are started."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from sim.engine.cluster import Cluster
from sim.engine.controls import checked_job, give_size
from sim.engine.kernel import FINISH, RELEASE, Clock, Event
from sim.engine.runs import Runs
from sim.engine.transfers import Transfers
from sim.engine.windows import drop_passed
from sim.errors import PolicyError
from sim.ledger.ledger import REJECTED, UNPOWERED
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
    rejected : dict of int to str
        Jobs that were turned away [-], and why: one of ``ledger.REJECTED`` or ``UNPOWERED``.
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
        # Flat arrays: a list of a million numbers takes four times the room.
        self._arrival_s = array("d", jobs.arrival_s.astype("d").tobytes())
        self._earliest_s = array("d", jobs.earliest_start_s.astype("d").tobytes())
        self._interruptible = jobs.interruptible
        self._pending: dict[int, Event] = {}
        self._held: set[int] = set()
        self.rejected: dict[int, str] = {}
        self._on_arrival = (self._arrive,)
        self._on_release = (self._release_planned,)
        self._on_freed = (self._dispatch_freed,)
        runs.follow(self._free_up, self._release_at)

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
        self._preempt = getattr(roles.order, "preempt", None)
        self._in_queue_order = bool(getattr(roles.order, "in_queue_order", False))
        self._shift = None if does_nothing(roles.shift) else roles.shift
        self._place = None if does_nothing(roles.place) else roles.place
        self._at_arrival = getattr(roles.power, "at_arrival", None)
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
        if cluster.waiting and (cluster.free or self._preempt is not None):
            self._dispatch(cluster, now_s)

    def hold(self, job: int) -> None:
        """Keep a job that does not run from starting, until it is let go.

        Parameters
        ----------
        job : int
            Job id. [-]
        """
        if job in self.rejected:
            return
        cluster = self._clusters[self._cluster_of[job]]
        if cluster.waiting.pop(job, 0):
            cluster.withdrawn_count += 1
        self._pending.pop(job, None)
        self._held.add(job)

    def is_held(self, job: int) -> bool:
        """Return whether a job is kept from starting."""
        return job in self._held

    def let_go(self, job: int) -> None:
        """Let a job start that was held.

        Parameters
        ----------
        job : int
            Job id. [-]
        """
        self._held.discard(job)
        if self._shift is not None and job not in self._runs.suspensions:
            self._plan(job)
        else:
            self._release_at(job, max(self._clock.now, self._earliest_s[job]))

    def go_on(self, job: int, ready_s: float) -> None:
        """Let a job that has left its cluster join the queue of the next, within its windows.

        Parameters
        ----------
        job : int
            Job id. [-]
        ready_s : float
            When it can go on. [s]
        """
        windows = self._runs.windows.get(job, [])
        drop_passed(windows, ready_s)
        if windows:
            ready_s = max(ready_s, windows[0][0])
        self._earliest_s[job] = ready_s
        self._release_at(job, ready_s)

    def _arrive(self, event: Event) -> None:
        job = event.job
        following = job + 1
        self.arrived[0] = following
        if following < len(self._arrival_s):
            self._clock.call_at(self._arrival_s[following], RELEASE, self._on_arrival, following)
        if self._place is not None and not self.stays_home(job):
            self._move(job, self._place.choose(self._obs, job))
        if self._at_arrival is not None and self._must_wait(job):
            return
        now_s = self._arrival_s[job]
        if self._shift is not None:
            self._plan(job)
        elif self._earliest_s[job] > now_s:
            self._release_at(job, self._earliest_s[job])
        else:
            self._release(job, now_s)

    def _move(self, job: int, choice: int | tuple[int, int]) -> None:
        """Assign a job to a site's cluster that is chosen, or to the first that is large enough."""
        if choice == self._clusters[self._cluster_of[job]].site:
            return
        cluster = self.chosen(job, choice)
        self._runs.place(job, cluster)
        if self._transfers is not None:
            ready_s = self._transfers.begin(job, cluster, self._clock.now)
            self._earliest_s[job] = max(self._earliest_s[job], ready_s)

    def chosen(self, job: int, choice: int | tuple[int, int]) -> Cluster:
        """Return the cluster that a place policy chose for a job.

        Parameters
        ----------
        job : int
            Job id. [-]
        choice : int or tuple of int
            Number of a site, or of a site and of a cluster within it. [-]

        Returns
        -------
        Cluster
            The cluster, or the first of the site that is large enough.

        Raises
        ------
        PolicyError
            If there is no such cluster, or it is too small.
        """
        site, number = choice if isinstance(choice, tuple) else (choice, None)
        here = [cluster for cluster in self._clusters if cluster.site == site]
        if number is not None:
            here = here[number : number + 1] if number >= 0 else []
        gpus = int(self._jobs.gpus_count[job])  # an elastic job may just be larger
        fitting = [cluster for cluster in here if cluster.total >= gpus]
        if not fitting:
            where = f"site {site!r}" if number is None else f"cluster {number!r} of site {site!r}"
            self._refuse(
                f"place chose {where} for job {job}; no cluster there has {gpus} accelerators"
            )
        return fitting[0]

    def _must_wait(self, job: int) -> bool:
        """Ask how a job may run; return whether not at all for now."""
        ask = self._at_arrival
        asked = checked_job(None if ask is None else ask(self._obs, job), self._policy, job)
        if asked.cap_fraction < 1.0:
            self._runs.limit(job, asked.cap_fraction)
        if asked.gpus_count is None:
            return False
        give_size(self._runs, job, asked.gpus_count, policy=self._policy)
        if asked.gpus_count == 0:
            self._held.add(job)
        return asked.gpus_count == 0

    def stays_home(self, job: int) -> bool:
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
        if passes and not cluster.power_limited and cluster.nodes is None:
            self._runs.start(job, cluster, now_s)
            return
        cluster.waiting[job] = gpus
        if gpus > cluster.powerable:
            self._reject(job, cluster, UNPOWERED)
            return
        if cluster.free or self._preempt is not None:
            self._dispatch(cluster, now_s)
        if len(cluster.waiting) > cluster.queue_limit:
            self._reject(job, cluster, REJECTED)

    def _reject(self, job: int, cluster: Cluster, why: str) -> None:
        """Turn away a job, for a full queue or want of power; what has run before may come back."""
        if job in cluster.waiting and job not in self._runs.suspensions:
            del cluster.waiting[job]
            self._runs.windows.pop(job, None)
            self.rejected[job] = why

    def _free_up(self, cluster: Cluster, now_s: float) -> None:
        """Start jobs where some have ended, once all that end at this moment have."""
        if not self._in_queue_order and self._clock.is_next(now_s, FINISH):
            self._clock.call_at(now_s, RELEASE, self._on_freed, cluster.index)
        else:
            self._dispatch(cluster, now_s)

    def _dispatch_freed(self, event: Event) -> None:
        self.retry(self._clusters[event.job], event.time_s)

    def _dispatch(self, cluster: Cluster, now_s: float) -> None:
        """Start the jobs that the order policy selects."""
        waiting = cluster.waiting
        if self._in_queue_order and not cluster.power_limited and cluster.nodes is None:
            while waiting:
                job = next(iter(waiting))
                if waiting[job] > cluster.free:
                    return
                del waiting[job]
                self._runs.start(job, cluster, now_s)
            return
        view = self._views[cluster.index]
        if self._preempt is not None:
            self._make_way(self._preempt(self._obs, view), cluster, now_s)
        for job in self._select(self._obs, view) if cluster.free else ():
            gpus = waiting.pop(job, 0)
            if not 0 < gpus <= cluster.free:
                self._refuse_selection(job, gpus, cluster)
            if cluster.nodes is not None:
                self._refuse_unless_packed(job, gpus, cluster)
            self._runs.start(job, cluster, now_s)

    def _make_way(self, jobs: Sequence[int], cluster: Cluster, now_s: float) -> None:
        """Suspend the running jobs that an order policy names."""
        for job in jobs:
            if job not in cluster.running:
                self._refuse(f"order preempted job {job}, which does not run on {cluster.name}")
            if not self._runs.may_make_way(job):
                self._refuse(f"order preempted job {job}, which is not interruptible")
            self._runs.make_way(job, now_s)

    def _refuse_selection(self, job: int, gpus: int, cluster: Cluster) -> NoReturn:
        if gpus == 0:
            self._refuse(f"order selected job {job}, which does not wait on {cluster.name}")
        self._refuse(
            f"order selected job {job} with {gpus} accelerators, but {cluster.name} has "
            f"{cluster.free} free"
        )

    def _refuse_unless_packed(self, job: int, gpus: int, cluster: Cluster) -> None:
        """Refuse a selection that would spread a gang over more nodes than it needs."""
        if cluster.nodes is not None and not cluster.nodes.fits(gpus):
            self._refuse(
                f"order selected job {job} with {gpus} accelerators; {cluster.name} is packed and "
                f"has no nodes that hold it, though {cluster.free} accelerators are free"
            )

    def _refuse(self, what: str) -> NoReturn:
        msg = f"policy {self._policy} at {self._clock.now} s: {what}."
        raise PolicyError(msg)
