"""Jobs on their accelerators: they start, go on under another cap, are suspended, finish.

Times are exact, not on the step grid. The log of stretches of runs is all that the ledger needs.
"""

import math
from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.power import relative_draw, relative_throughput
from sim.engine.cluster import Cluster
from sim.engine.kernel import FINISH, Clock, Event
from sim.policy.base import Interval
from sim.workload.jobs import JobTable

Column = NDArray[np.float64]

_NEVER = Event()
"""Stands for an end that is not on the clock: whatever comes up for the job is out of date."""


class Runs:
    """The runs of one simulation's jobs on one clock.

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
    gpus : list of int
        Accelerators of each job. [-]
    cluster_of : list of int
        Cluster each job runs on. [-]
    power_w : list of float
        IT power of each job while it runs without a cap. [W]
    windows : dict of int to list
        Windows [s] that are left of each job that has several.
    suspensions : dict of int to int
        How often each job was suspended, where it was. [-]
    """

    def __init__(self, clock: Clock, jobs: JobTable, clusters: Sequence[Cluster]) -> None:
        self._clock = clock
        self._jobs = jobs
        self._clusters = clusters
        self.gpus: list[int] = jobs.gpus_count.tolist()
        self.cluster_of: list[int] = jobs.home_cluster.tolist()
        self.power_w = self._powers_on_home_clusters()
        self.windows: dict[int, list[Interval]] = {}
        self.suspensions: dict[int, int] = {}
        self._remaining_s: list[float] = jobs.duration_s.tolist()
        # Start and end of each job's last stretch; the stretches before that stand apart.
        self._start_s = array("d", [math.nan]) * len(jobs)
        self._end_s = array("d", [math.nan]) * len(jobs)
        self._earlier = array("d")
        # Only jobs under a cap, or whose end has moved, stand in these.
        self._draw_w: dict[int, float] = {}
        self._rate: dict[int, float] = {}
        self._valid: dict[int, Event] = {}
        self._on_finish = (self._finish,)
        self._on_suspend = (self._suspend,)

    def follow(
        self,
        freed: Callable[[Cluster, float], None],
        suspended_until: Callable[[int, float], None],
    ) -> None:
        """Tell whom to call.

        Parameters
        ----------
        freed : callable
            Gets the cluster on which accelerators came free, and the time [s].
        suspended_until : callable
            Gets a job that is suspended, and the time at which it may go on [s].
        """
        self._freed = freed
        self._suspended_until = suspended_until

    def place(self, job: int, cluster: Cluster) -> None:
        """Assign a job that has not run to a cluster.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it will run.
        """
        self.cluster_of[job] = cluster.index
        if math.isnan(self._jobs.power_w[job]):
            busy_w = cluster.power.busy_w(self._jobs.power_fraction[job])
            self.power_w[job] = self.gpus[job] * float(busy_w)

    def start(self, job: int, cluster: Cluster, now_s: float) -> None:
        """Let a job run; its accelerators must be free.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Its cluster.
        now_s : float
            Present time. [s]
        """
        gpus = self.gpus[job]
        cluster.free -= gpus
        place = cluster.place
        if self.windows or self._valid or place.cap_fraction < 1.0:
            self._start_specially(job, cluster, now_s)
            return
        cluster.running[job] = self._start_s[job] = now_s
        place.change_power(now_s, self.power_w[job] - gpus * cluster.idle_w)
        self._clock.call_at(now_s + self._remaining_s[job], FINISH, self._on_finish, job)

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
        cluster.waiting[job] = self.gpus[job]
        cluster.waiting.move_to_end(job, last=False)

    def may_make_way(self, job: int) -> bool:
        """Return whether a job may be suspended."""
        return bool(self._jobs.interruptible[job])

    def fixed_w(self, job: int, cluster: Cluster) -> float:
        """Return the part of a job's power that no cap changes: its share of the servers."""
        own = not math.isnan(self._jobs.power_w[job])
        return 0.0 if own else self.gpus[job] * cluster.power.server_w

    def draw_w(self, job: int) -> float:
        """Return the present power of a running job."""
        return self._draw_w.get(job, self.power_w[job])

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
                power_w[job] = self.draw_w(job)
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

    def _start_specially(self, job: int, cluster: Cluster, now_s: float) -> None:
        """Start a job that may be under a cap, have windows, or have run before."""
        cluster.running[job] = now_s - self._done_s(job)
        self._start_s[job] = now_s
        power_w, end_s = self.power_w[job], now_s + self._remaining_s[job]
        if cluster.place.cap_fraction < 1.0:
            power_w, end_s = self._under_cap(job, cluster, now_s)
        cluster.place.change_power(now_s, power_w - self.gpus[job] * cluster.idle_w)
        self._call_at_end(job, now_s, end_s)

    def _call_at_end(self, job: int, now_s: float, end_s: float) -> None:
        """Put the end of a run, or of its window, on the clock."""
        callbacks = self._on_finish
        if job in self.windows:
            pause_s = self._end_of_window(job, now_s)
            if pause_s < end_s:
                end_s, callbacks = pause_s, self._on_suspend
        event = self._clock.call_at(end_s, FINISH, callbacks, job)
        if job in self._valid:
            self._valid[job] = event

    def _end_of_window(self, job: int, now_s: float) -> float:
        """Return when a job that starts now must pause; windows passed in the queue are gone."""
        windows = self.windows[job]
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
        gpus, power_w = self.gpus[job], self.power_w[job]
        if self._draw_w and job in self._draw_w:
            power_w = self._cut(job, now_s)
        cluster.free += gpus
        del cluster.running[job]
        self._end_s[job] = now_s
        cluster.place.change_power(now_s, gpus * cluster.idle_w - power_w)
        if cluster.waiting:
            self._freed(cluster, now_s)

    def _suspend(self, event: Event) -> None:
        """Take a job off its accelerators until its next window."""
        job, now_s = event.job, event.time_s
        if self._valid.get(job, event) is not event:
            return
        cluster = self._stop(job, now_s)
        windows = self.windows[job]
        windows.pop(0)
        self._suspended_until(job, max(now_s, windows[0][0]))
        if cluster.waiting:
            self._freed(cluster, now_s)

    def _stop(self, job: int, now_s: float) -> Cluster:
        """Take a job off its accelerators, not for good."""
        cluster = self._clusters[self.cluster_of[job]]
        gpus = self.gpus[job]
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

    def _under_cap(self, job: int, cluster: Cluster, now_s: float) -> tuple[float, float]:
        """Return a job's power under its site's cap, and when it ends if that stays."""
        cap_fraction = cluster.place.cap_fraction
        fixed_w = self.fixed_w(job, cluster)
        self._draw_w[job] = fixed_w + (self.power_w[job] - fixed_w) * relative_draw(cap_fraction)
        self._rate[job] = relative_throughput(cap_fraction)
        return self._draw_w[job], now_s + self._remaining_s[job] / self._rate[job]

    def _done_s(self, job: int) -> float:
        """Return how much of its run time a job has behind it."""
        return float(self._jobs.duration_s[job]) - self._remaining_s[job]
