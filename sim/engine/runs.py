"""Jobs on their accelerators: they start, go on under another cap, are suspended, finish.

Times are exact, not on the step grid. Jobs that fail, restart or change their size stand in
``model_runs``.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.engine.cluster import Cluster
from sim.engine.kernel import FINISH, Clock, Event, Handler
from sim.engine.powers import Powers
from sim.engine.stretches import Segments, Stretches
from sim.engine.windows import pause_of
from sim.ledger.ledger import Setbacks
from sim.policy.base import Interval
from sim.workload.jobs import JobTable

NEVER: Final = Event()
"""Stands for an end that is not on the clock: whatever comes up for the job is out of date."""

_NO_JOB: Final = -1
_ROUNDING: Final = 1e-9  # of a checkpoint interval: a checkpoint just reached counts as reached


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
    power_w : array of float
        IT power of each job while it runs without a cap. [W]
    windows : dict of int to list
        Windows [s] that are left of each job that has several.
    powers : Powers
        What they draw.
    suspensions : dict of int to int
        How often each job was suspended, where it was. [-]
    lost_s : dict of int to float
        Work that each job had to do again, where it had to. [s]
    caps : dict of int to float
        Power cap over TDP of each job that has one of its own. [-]
    moves : dict of int to list of (float, int)
        When each job that migrated left a cluster [s], and which [-].
    stretches : Stretches
        The log of what jobs did.
    """

    def __init__(self, clock: Clock, jobs: JobTable, clusters: Sequence[Cluster]) -> None:
        self._clock = clock
        self._jobs = jobs
        self._clusters = clusters
        self.gpus: list[int] = jobs.gpus_count.tolist()
        self.cluster_of: list[int] = jobs.home_cluster.tolist()
        self.powers = Powers(jobs, clusters)
        self.power_w = self.powers.full_w
        self.windows: dict[int, list[Interval]] = {}
        self.suspensions: dict[int, int] = {}
        self.lost_s: dict[int, float] = {}
        self.caps: dict[int, float] = {}
        self.moves: dict[int, list[tuple[float, int]]] = {}
        self.stretches = Stretches(len(jobs))
        self._remaining_s = array("d", jobs.duration_s.astype("d").tobytes())
        self._start_s, self._end_s = self.stretches.start_s, self.stretches.end_s
        # Only jobs under a cap, that lost work, or whose end has moved, stand in these.
        self._draw_w: dict[int, float] = {}
        self._rate: dict[int, float] = {}
        self._worked_s: dict[int, float] = {}
        self._saved_s: dict[int, float] = {}
        self._valid: dict[int, Event] = {}
        if any(cluster.rack_cap_fraction < 1.0 for cluster in clusters):
            self._look_at_all()
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
        self.powers.assign(job, cluster, self.gpus[job])

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
        if cluster.nodes is not None:
            cluster.nodes.place(job, gpus)
        place = cluster.place
        if (
            self.windows or self._valid or place.cap_fraction < 1.0
        ) and self._is_special(job, cluster):
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
        self._valid[job] = NEVER
        self._go_on(job, cluster, now_s, before_w)

    def limit(self, job: int, cap_fraction: float) -> None:
        """Give a job that does not run a power cap of its own, no lower than its site's lowest."""
        lowest = self._clusters[self.cluster_of[job]].place.lowest_cap_fraction
        self.caps[job] = max(lowest, cap_fraction)
        self._look_at_all()

    def take_off(self, job: int, now_s: float) -> None:
        """Suspend a job that keeps its work; when it goes on is for others to say."""
        self._stop(job, now_s)
        self._saved_s[job] = self._done_s(job)

    def move(self, job: int, cluster: Cluster, now_s: float) -> None:
        """Take a running job off its accelerators and assign it to another cluster.

        It goes back to its last checkpoint; when and how it gets there is for others to say.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it is to go on.
        now_s : float
            Present time. [s]
        """
        before = self._stop(job, now_s)
        self._back_to_checkpoint(job)
        self.moves.setdefault(job, []).append((now_s, before.index))
        self.place(job, cluster)
        if job in self.caps:
            self.limit(job, self.caps[job])

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
        self._back_to_checkpoint(job)
        cluster.waiting[job] = self.gpus[job]
        cluster.waiting.move_to_end(job, last=False)

    def may_make_way(self, job: int) -> bool:
        """Return whether a job may be suspended."""
        return bool(self._jobs.interruptible[job])

    def draw_w(self, job: int) -> float:
        """Return the present power of a running job."""
        return self._draw_w.get(job, self.power_w[job])

    def segments(self, end_s: float) -> Segments:
        """Return all stretches of runs at one power, those that the end cut off included.

        Parameters
        ----------
        end_s : float
            End of the run. [s]

        Returns
        -------
        Segments
            The stretches.
        """
        running = [(job, self.draw_w(job)) for cluster in self._clusters for job in cluster.running]
        return self.stretches.segments(end_s, running, self.power_w, self._sizes())

    def setbacks(self, end_s: float) -> Setbacks:
        """Return what kept jobs from working, up to the end of the run.

        Parameters
        ----------
        end_s : float
            End of the run. [s]

        Returns
        -------
        Setbacks
            By job; most have none.
        """
        waiting = (job for job in self.suspensions if math.isnan(self._end_s[job]))
        done_s = {job: self._done_s(job) for job in waiting}
        for cluster in self._clusters:
            done_s |= {job: self.work_s(job, end_s) for job in cluster.running}
        moved = {job: len(left) for job, left in self.moves.items()}
        return Setbacks(lost_s=self.lost_s, done_s=done_s, migrations_count=moved)

    def work_s(self, job: int, now_s: float) -> float:
        """Return how much of its run time a running job has behind it by now. [s]."""
        return self._done_s(job) + (now_s - self._start_s[job]) * self._rate.get(job, 1.0)

    def site_of(self, job: int) -> int:
        """Return the number of the site that a job has been placed at."""
        return self._clusters[self.cluster_of[job]].site

    def has_ended(self, job: int) -> bool:
        """Return whether a job has run to its end."""
        return not math.isnan(self._end_s[job])

    def progress_s(self, job: int, now_s: float) -> float:
        """Return how much of its run time a job has behind it, running or not. [s]."""
        if self.has_ended(job):
            return float(self._jobs.duration_s[job])
        if job in self._clusters[self.cluster_of[job]].running:
            return self.work_s(job, now_s)
        return self._done_s(job)

    def _look_at_all(self) -> None:
        """Let no job pass as plain from now on: starts ask first whether any is not."""
        self._valid[_NO_JOB] = NEVER

    def _sizes(self) -> Sequence[int] | NDArray[np.int64]:
        """Return the accelerators of each job's last stretch."""
        return self._jobs.gpus_count

    def _is_special(self, job: int, cluster: Cluster) -> bool:
        """Return whether a job is under a cap, has windows, or has run before."""
        capped = cluster.cap_fraction < 1.0 or job in self.caps
        return capped or job in self.windows or job in self._valid

    def _start_specially(self, job: int, cluster: Cluster, now_s: float) -> None:
        """Start a job that may be under a cap, have windows, or have run before."""
        cluster.running[job] = now_s - self._done_s(job)
        self._start_s[job] = now_s
        self._go_on(job, cluster, now_s, self.gpus[job] * cluster.idle_w)

    def _go_on(self, job: int, cluster: Cluster, now_s: float, before_w: float) -> None:
        """Let a job that holds its accelerators work from now on, under its site's cap."""
        power_w, rate = self.power_w[job], self._speed(job)
        cap_fraction = cluster.cap_fraction
        if self.caps:
            cap_fraction = min(cap_fraction, self.caps.get(job, 1.0))
        if cap_fraction < 1.0:
            power_w, slowed = self.powers.under_cap(job, cluster, self.gpus[job], cap_fraction)
            rate *= slowed
            self._draw_w[job] = power_w
        if rate != 1.0:
            self._rate[job] = rate
        cluster.place.change_power(now_s, power_w - before_w)
        self._call_next(job, now_s, now_s + self._remaining_s[job] / rate, self._on_finish)

    def _speed(self, job: int) -> float:
        """Return work per time without a cap, over that of the gang the job is known by."""
        return 1.0

    def _call_next(
        self, job: int, now_s: float, time_s: float, callbacks: tuple[Handler, ...]
    ) -> None:
        """Put what happens to a running job next on the clock, or the end of its window."""
        if job in self.windows:
            pause_s = pause_of(self.windows[job], now_s)
            if pause_s < time_s:
                time_s, callbacks = pause_s, self._on_suspend
        event = self._clock.call_at(time_s, FINISH, callbacks, job)
        if job in self._valid:
            self._valid[job] = event

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
        if cluster.nodes is not None:
            cluster.nodes.release(job)
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
        self._saved_s[job] = self._done_s(job)
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
        if cluster.nodes is not None:
            cluster.nodes.release(job)
        del cluster.running[job]
        cluster.place.change_power(now_s, gpus * cluster.idle_w - power_w)
        self.suspensions[job] = self.suspensions.get(job, 0) + 1
        self._valid[job] = NEVER
        return cluster

    def _cut(self, job: int, now_s: float) -> float:
        """Log a running job's stretch up to now, count its work, and return its power."""
        power_w = self._draw_w.pop(job, self.power_w[job])
        start_s = self._start_s[job]
        if now_s > start_s:
            self.stretches.add(job, start_s, now_s, power_w, self.gpus[job])
        self._start_s[job] = now_s
        worked_s = (now_s - start_s) * self._rate.pop(job, 1.0)
        self._remaining_s[job] -= worked_s
        self._worked_s[job] = self._done_s(job) + worked_s
        return power_w

    def _back_to_checkpoint(self, job: int) -> None:
        """Take from a job the work since its last checkpoint."""
        checkpoint_s = float(self._jobs.checkpoint_s[job])
        if checkpoint_s <= 0.0:
            return
        done_s, saved_s = self._done_s(job), self._saved_s.get(job, 0.0)
        saved_s += math.floor((done_s - saved_s) / checkpoint_s + _ROUNDING) * checkpoint_s
        lost_s = max(0.0, done_s - saved_s)
        self._saved_s[job] = saved_s
        self._remaining_s[job] += lost_s
        self._worked_s[job] = done_s - lost_s
        self.lost_s[job] = self.lost_s.get(job, 0.0) + lost_s

    def _done_s(self, job: int) -> float:
        """Return how much of its run time a job has behind it."""
        # Not its duration less what remains: rounding would tell policies how long it really is.
        return self._worked_s.get(job, 0.0)
