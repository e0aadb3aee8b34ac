"""What happens to jobs: they arrive, are released, start, are suspended, finish.

Times are exact, not on the step grid. The log of run segments is all that the ledger needs.
"""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.power import relative_draw, relative_throughput
from sim.engine.cluster import Cluster
from sim.engine.kernel import FINISH, RELEASE, Clock, Event
from sim.errors import PolicyError
from sim.policy.base import Interval, Observation, Roles, does_nothing
from sim.workload.jobs import JobTable

Column = NDArray[np.float64]

_NEVER = Event()
"""Stands for an end that is not on the clock: whatever comes up for the job is out of date."""


class Lifecycle:
    """The jobs of one run on one clock.

    Parameters
    ----------
    clock : Clock
        The run's clock.
    jobs : JobTable
        All jobs of the run.
    clusters : sequence of Cluster
        All clusters, by number.

    Attributes
    ----------
    cluster_of : list of int
        Cluster each job runs on. [-]
    power_w : list of float
        IT power of each job while it runs. [W]
    """

    def __init__(self, clock: Clock, jobs: JobTable, clusters: Sequence[Cluster]) -> None:
        self._clock = clock
        self._jobs = jobs
        self._clusters = clusters
        self._arrival_s = jobs.arrival_s.tolist()
        self._earliest_s = jobs.earliest_start_s.tolist()
        self._remaining_s: list[float] = jobs.duration_s.tolist()
        self._gpus: list[int] = jobs.gpus_count.tolist()
        self._interruptible = jobs.interruptible
        self._windows: dict[int, list[Interval]] = {}
        self._pending: dict[int, Event] = {}
        self._on_arrival = (self._arrive,)
        self._on_release = (self._release_planned,)
        self._on_finish = (self._finish,)
        self._on_suspend = (self._suspend,)
        self.cluster_of: list[int] = jobs.home_cluster.tolist()
        self.power_w = self._powers_on_home_clusters()
        # Start and end of each job's last stretch; the stretches before a suspension stand apart.
        self._start_s = array("d", [math.nan]) * len(jobs)
        self._end_s = array("d", [math.nan]) * len(jobs)
        self._earlier = array("d")
        # Only jobs under a cap, or that have been suspended, stand in these.
        self._draw_w: dict[int, float] = {}
        self._rate: dict[int, float] = {}
        self._valid: dict[int, Event] = {}
        self.suspensions: dict[int, int] = {}

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
        self._known = obs.jobs
        self._policy = roles.name
        self._select = roles.order.select
        self._shift = None if does_nothing(roles.shift) else roles.shift
        self._place = None if does_nothing(roles.place) else roles.place
        self._views = [view for site in obs.sites for view in site.clusters]
        if self._arrival_s:
            self._clock.call_at(self._arrival_s[0], RELEASE, self._on_arrival)

    def replan(self) -> None:
        """Ask the shift policy again for every job that has not been released."""
        for job in tuple(self._pending):
            self._plan(job)

    def segments(self, end_s: float) -> tuple[NDArray[np.int64], Column, Column, Column]:
        """Return all stretches of runs at one power, those that the end cut off included.

        Parameters
        ----------
        end_s : float
            End of the run. [s]

        Returns
        -------
        tuple of ndarray, shape (n_segments,)
            Job ids [-], starts [s], ends [s] and IT powers [W].
        """
        power_w = np.asarray(self.power_w, dtype=float)
        for cluster in self._clusters:
            for job in cluster.running:
                self._end_s[job] = end_s
                power_w[job] = self._draw_w.get(job, power_w[job])
        start_s, stop_s = np.asarray(self._start_s), np.asarray(self._end_s)
        last = np.flatnonzero(stop_s > start_s)
        earlier = np.asarray(self._earlier).reshape(-1, 4).T
        return (
            np.concatenate([earlier[0].astype(np.int64), last]),
            np.concatenate([earlier[1], start_s[last]]),
            np.concatenate([earlier[2], stop_s[last]]),
            np.concatenate([earlier[3], power_w[last]]),
        )

    def done(self) -> NDArray[np.bool_]:
        """Return which jobs have run to their end."""
        ended: NDArray[np.bool_] = ~np.isnan(np.asarray(self._end_s))
        return ended

    def _powers_on_home_clusters(self) -> list[float]:
        """Return each job's IT power, by its accelerators where it has none of its own."""
        jobs = self._jobs
        power_w = jobs.power_w.copy()
        for cluster in self._clusters:
            here = np.isnan(power_w) & (jobs.home_cluster == cluster.index)
            fractions, which = np.unique(jobs.power_fraction[here], return_inverse=True)
            busy_w = np.array([cluster.power.busy_w(fraction) for fraction in fractions])
            power_w[here] = jobs.gpus_count[here] * busy_w[which]
        return list(map(float, power_w))

    def _arrive(self, event: Event) -> None:
        job = event.job
        following = job + 1
        self._known.count = following
        if following < len(self._arrival_s):
            self._clock.call_at(self._arrival_s[following], RELEASE, self._on_arrival, following)
        if self._place is not None:
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
        if site == self._clusters[self.cluster_of[job]].site:
            return
        gpus = self._gpus[job]
        fitting = [c for c in self._clusters if c.site == site and c.total >= gpus]
        if not fitting:
            self._refuse(
                f"place chose site {site!r} for job {job}; no cluster there has {gpus} accelerators"
            )
        self.cluster_of[job] = fitting[0].index
        if math.isnan(self._jobs.power_w[job]):
            busy_w = fitting[0].power.busy_w(self._jobs.power_fraction[job])
            self.power_w[job] = gpus * float(busy_w)

    def _plan(self, job: int) -> None:
        """Ask from when a job may run, and release it then."""
        if self._shift is None:
            return
        now_s = self._clock.now
        windows = self._checked_windows(job, self._shift.plan(self._obs, job))
        start_s = windows[0][0]
        if len(windows) > 1:
            self._windows[job] = windows
        else:
            self._windows.pop(job, None)
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
        earliest_s = max(self._clock.now, self._earliest_s[job])
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
        """Let a job join its cluster's queue."""
        cluster = self._clusters[self.cluster_of[job]]
        cluster.waiting[job] = self._gpus[job]
        if cluster.free:
            self._dispatch(cluster, now_s)

    def _dispatch(self, cluster: Cluster, now_s: float) -> None:
        """Start the jobs that the order policy selects."""
        chosen = self._select(self._obs, self._views[cluster.index])
        place = cluster.place
        for job in chosen:
            gpus = cluster.waiting.pop(job, 0)
            if not 0 < gpus <= cluster.free:
                self._refuse_selection(job, gpus, cluster)
            cluster.free -= gpus
            cluster.running[job] = self._start_s[job] = now_s
            if self.suspensions and job in self.suspensions:
                cluster.running[job] = now_s - self._done_s(job)
            power_w, end_s = self.power_w[job], now_s + self._remaining_s[job]
            if place.cap_fraction < 1.0:
                power_w, end_s = self._under_cap(job, cluster, now_s)
            place.change_power(now_s, power_w - gpus * cluster.idle_w)
            self._call_at_end(job, now_s, end_s)

    def _call_at_end(self, job: int, now_s: float, end_s: float) -> None:
        """Put the end of a run, or of its window, on the clock."""
        callbacks = self._on_finish
        if self._windows and job in self._windows:
            pause_s = self._end_of_window(job, now_s)
            if pause_s < end_s:
                end_s, callbacks = pause_s, self._on_suspend
        event = self._clock.call_at(end_s, FINISH, callbacks, job)
        if self._valid and job in self._valid:
            self._valid[job] = event

    def _done_s(self, job: int) -> float:
        """Return how much of its run time a job has behind it."""
        return float(self._jobs.duration_s[job]) - self._remaining_s[job]

    def _under_cap(self, job: int, cluster: Cluster, now_s: float) -> tuple[float, float]:
        """Return a job's power under its site's cap, and when it ends if that stays."""
        cap_fraction = cluster.place.cap_fraction
        fixed_w = self.fixed_w(job, cluster)
        self._draw_w[job] = fixed_w + (self.power_w[job] - fixed_w) * relative_draw(cap_fraction)
        self._rate[job] = relative_throughput(cap_fraction)
        return self._draw_w[job], now_s + self._remaining_s[job] / self._rate[job]

    def fixed_w(self, job: int, cluster: Cluster) -> float:
        """Return the part of a job's power that no cap changes: its share of the servers."""
        own = not math.isnan(self._jobs.power_w[job])
        return 0.0 if own else float(self._gpus[job]) * cluster.power.server_w

    def draw_w(self, job: int) -> float:
        """Return the present power of a running job."""
        return self._draw_w.get(job, self.power_w[job])

    def _end_of_window(self, job: int, now_s: float) -> float:
        """Return when a job that starts now must pause; windows passed in the queue are gone."""
        windows = self._windows[job]
        while len(windows) > 1 and windows[0][1] <= now_s:
            windows.pop(0)
        # After its last window a job runs on to its end: no job is lost.
        return windows[0][1] if len(windows) > 1 else math.inf

    def _finish(self, event: Event) -> None:
        """Take a job off its accelerators for good."""
        job, now_s = event.job, event.time_s
        if self._valid and self._valid.get(job, event) is not event:
            return  # the job's end has moved since
        cluster = self._clusters[self.cluster_of[job]]
        gpus, power_w = self._gpus[job], self.power_w[job]
        if self._draw_w and job in self._draw_w:
            power_w = self._cut(job, now_s)
        cluster.free += gpus
        del cluster.running[job]
        self._end_s[job] = now_s
        cluster.place.change_power(now_s, gpus * cluster.idle_w - power_w)
        if cluster.waiting:
            self._dispatch(cluster, now_s)

    def _suspend(self, event: Event) -> None:
        """Take a job off its accelerators until its next window."""
        job, now_s = event.job, event.time_s
        if self._valid.get(job, event) is not event:
            return
        cluster = self._stop(job, now_s)
        windows = self._windows[job]
        windows.pop(0)
        self._release_at(job, max(now_s, windows[0][0]))
        if cluster.waiting:
            self._dispatch(cluster, now_s)

    def recap(self, job: int, cluster: Cluster, now_s: float) -> None:
        """Let a running job go on under its site's new cap.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Its cluster.
        now_s : float
            Present time. [s]
        """
        before_w = self._cut(job, now_s)
        power_w, end_s = self.power_w[job], now_s + self._remaining_s[job]
        if cluster.place.cap_fraction < 1.0:
            power_w, end_s = self._under_cap(job, cluster, now_s)
        cluster.place.change_power(now_s, power_w - before_w)
        self._valid[job] = _NEVER
        self._call_at_end(job, now_s, end_s)

    def make_way(self, job: int, now_s: float) -> None:
        """Suspend a job for want of power: back to the head of its queue and its last checkpoint.

        Parameters
        ----------
        job : int
            Job id. [-]
        now_s : float
            Present time. [s]
        """
        cluster = self._stop(job, now_s)
        checkpoint_s = float(self._jobs.checkpoint_s[job])
        if checkpoint_s > 0.0:
            self._remaining_s[job] += self._done_s(job) % checkpoint_s
        cluster.waiting[job] = self._gpus[job]
        cluster.waiting.move_to_end(job, last=False)

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

    def may_make_way(self, job: int) -> bool:
        """Return whether a job may be suspended."""
        return bool(self._jobs.interruptible[job])

    def _stop(self, job: int, now_s: float) -> Cluster:
        """Take a job off its accelerators, not for good."""
        cluster = self._clusters[self.cluster_of[job]]
        gpus = self._gpus[job]
        power_w = self._cut(job, now_s)
        cluster.free += gpus
        del cluster.running[job]
        cluster.place.change_power(now_s, gpus * cluster.idle_w - power_w)
        self.suspensions[job] = self.suspensions.get(job, 0) + 1
        self._valid[job] = _NEVER
        return cluster

    def _cut(self, job: int, now_s: float) -> float:
        """Log a running job's stretch up to now, count its work, and return its power."""
        power_w = self._draw_w.pop(job, self.power_w[job])
        start_s = self._start_s[job]
        if now_s > start_s:
            self._earlier.extend((job, start_s, now_s, power_w))
        self._start_s[job] = now_s
        self._remaining_s[job] -= (now_s - start_s) * self._rate.pop(job, 1.0)
        return power_w

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
