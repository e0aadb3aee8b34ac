"""Runs of jobs that fail, restart and change their size.

While a job restarts or changes its size it holds its accelerators, idle with its model resident,
and no work gets done; a failure in that time makes it restart anew.
"""

from collections.abc import Sequence
from dataclasses import replace

from sim.engine.cluster import Cluster
from sim.engine.failures import FailureClock
from sim.engine.kernel import Clock, Event, Handler
from sim.engine.runs import NEVER, Runs
from sim.ledger.ledger import Setbacks
from sim.workload.jobs import JobTable
from sim.workload.profile import Elastic


class ModelRuns(Runs):
    """The runs of one simulation's jobs, where some of them are more than gangs.

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
    failures : dict of int to int
        How often each job failed, where it did. [-]
    stalled_gpu_s : dict of int to float
        Accelerator time that each job held without working, where it did. [s]
    first_gpus : dict of int to int
        Accelerators that elastic jobs are to start with, where a policy says so. [-]
    """

    def __init__(self, clock: Clock, jobs: JobTable, clusters: Sequence[Cluster]) -> None:
        super().__init__(clock, jobs, clusters)
        self.failures: dict[int, int] = {}
        self.stalled_gpu_s: dict[int, float] = {}
        self.first_gpus: dict[int, int] = {}
        self._failure_clock = FailureClock(jobs)
        self._stalled_until_s: dict[int, float] = {}
        self._on_failure = (self._fail,)
        self._on_restart = (self._restarted,)

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
        profile = self.powers.profile(job)
        if profile.is_plain:
            super().start(job, cluster, now_s)
            return
        cluster.free -= self.gpus[job]
        if cluster.nodes is not None:
            cluster.nodes.place(job, self.gpus[job])
        self._valid[job] = NEVER
        if profile.elastic is not None:
            self._fill(job, cluster, profile.elastic)
        if job in self.suspensions:
            self._stall(job, now_s + profile.resume_s)
        self._start_specially(job, cluster, now_s)

    def resize(self, job: int, gpus_count: int, now_s: float) -> None:
        """Let a running job go on with another number of accelerators.

        It keeps its work, but stands still for a checkpoint and a restart.

        Parameters
        ----------
        job : int
            Job id. [-]
        gpus_count : int
            Accelerators from now on. [-]
        now_s : float
            Present time. [s]

        Raises
        ------
        ValueError
            If the job is not elastic, does not run, cannot have that size, or finds too few free
            accelerators.
        """
        cluster = self._clusters[self.cluster_of[job]]
        elastic = self.powers.profile(job).elastic
        if elastic is None or job not in cluster.running:
            msg = f"job {job} cannot be resized: it must be elastic, and run."
            raise ValueError(msg)
        more = gpus_count - self.gpus[job]
        if not elastic.least <= gpus_count <= elastic.most or more > cluster.free:
            msg = f"job {job} cannot get {gpus_count} accelerators: it may have {elastic.least} to "
            msg += f"{elastic.most}, and has {self.gpus[job]} with {cluster.free} free."
            raise ValueError(msg)
        before_w = self._cut(job, now_s)
        self._saved_s[job] = self._done_s(job)
        cluster.free -= more
        self._size(job, cluster, gpus_count)
        self._stall(job, now_s + elastic.resize_s)
        self._go_on(job, cluster, now_s, before_w + more * cluster.idle_w)

    def stands_still(self, job: int) -> bool:
        """Return whether a running job restarts or changes its size just now."""
        return job in self._stalled_until_s

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
        stalled_gpu_s = dict(self.stalled_gpu_s)
        for cluster in self._clusters:
            for job in cluster.running.keys() & self._stalled_until_s.keys():
                gpu_s = (end_s - self._start_s[job]) * self.gpus[job]
                stalled_gpu_s[job] = stalled_gpu_s.get(job, 0.0) + gpu_s
        return replace(
            super().setbacks(end_s), failures_count=self.failures, stalled_gpu_s=stalled_gpu_s
        )

    def _sizes(self) -> list[int]:
        return self.gpus

    def _fill(self, job: int, cluster: Cluster, elastic: Elastic) -> None:
        """Let a job start with what is free beyond its least size, if no other waits for it."""
        if cluster.waiting or cluster.nodes is not None:
            return
        more = min(cluster.free, self.first_gpus.get(job, elastic.most) - self.gpus[job])
        if cluster.power_limited:  # its least size does not draw its power yet
            more = max(0, min(more, cluster.powered - self.gpus[job]))
        cluster.free -= more
        self._size(job, cluster, self.gpus[job] + more)

    def _size(self, job: int, cluster: Cluster, gpus_count: int) -> None:
        self.gpus[job] = gpus_count
        self.powers.assign(job, cluster, gpus_count)

    def _speed(self, job: int) -> float:
        elastic = self.powers.profile(job).elastic
        return 1.0 if elastic is None else elastic.speedup(self.gpus[job])

    def _stall(self, job: int, until_s: float) -> None:
        """Let a job hold its accelerators without working for a time."""
        self._stalled_until_s[job] = max(until_s, self._stalled_until_s.get(job, 0.0))

    def _go_on(self, job: int, cluster: Cluster, now_s: float, before_w: float) -> None:
        until_s = self._stalled_until_s.get(job, now_s)
        if until_s <= now_s:
            self._stalled_until_s.pop(job, None)
            super()._go_on(job, cluster, now_s, before_w)
            return
        power_w = self.powers.resident_w(job, cluster, self.gpus[job])
        self._draw_w[job], self._rate[job] = power_w, 0.0
        cluster.place.change_power(now_s, power_w - before_w)
        self._call_next(job, now_s, until_s, self._on_restart)

    def _call_next(
        self, job: int, now_s: float, time_s: float, callbacks: tuple[Handler, ...]
    ) -> None:
        failure_s = now_s + self._failure_clock.due_s(job, self.gpus[job])
        if failure_s < time_s:
            time_s, callbacks = failure_s, self._on_failure
        super()._call_next(job, now_s, time_s, callbacks)

    def _fail(self, event: Event) -> None:
        """Take a job back to its last checkpoint and let it restart where it is."""
        job, now_s = event.job, event.time_s
        if self._valid.get(job) is not event:
            return
        cluster = self._clusters[self.cluster_of[job]]
        before_w = self._cut(job, now_s)
        self.failures[job] = self.failures.get(job, 0) + 1
        self._back_to_checkpoint(job)
        self._stalled_until_s[job] = now_s + self._failure_clock.strike(job)
        self._go_on(job, cluster, now_s, before_w)

    def _restarted(self, event: Event) -> None:
        """Let a job work again that has restarted."""
        job, now_s = event.job, event.time_s
        if self._valid.get(job) is event:
            cluster = self._clusters[self.cluster_of[job]]
            self._go_on(job, cluster, now_s, self._cut(job, now_s))

    def _stop(self, job: int, now_s: float) -> Cluster:
        cluster = super()._stop(job, now_s)
        self._stalled_until_s.pop(job, None)
        elastic = self.powers.profile(job).elastic
        if elastic is not None:
            self._size(job, cluster, elastic.least)
        return cluster

    def _cut(self, job: int, now_s: float) -> float:
        gpu_s = (now_s - self._start_s[job]) * self.gpus[job]
        self._failure_clock.run(job, gpu_s)
        if job in self._stalled_until_s:
            self.stalled_gpu_s[job] = self.stalled_gpu_s.get(job, 0.0) + gpu_s
        return super()._cut(job, now_s)
