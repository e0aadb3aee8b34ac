"""Elastic jobs: they take accelerators that nobody else wants, and give them back.

Where a power policy says how large they are to be, that is done instead. Without it, at the start
of a step a job grows by what is free while nothing waits, if that gets it done sooner for all that
the change costs; it shrinks as soon as something waits that could then start. Every change goes
through ``ModelRuns.resize``, which costs a checkpoint and a restart.
"""

from collections.abc import Iterator, Mapping, Sequence

from sim.engine.cluster import Cluster
from sim.engine.lifecycle import Lifecycle
from sim.engine.model_runs import ModelRuns
from sim.workload.jobs import JobTable
from sim.workload.profile import Elastic


class Resizing:
    """Changes the sizes of one run's elastic jobs.

    Parameters
    ----------
    jobs : JobTable
        All jobs of the run.
    clusters : sequence of Cluster
        All clusters.
    runs : ModelRuns
        Jobs on their accelerators.
    life : Lifecycle
        Jobs before they run.
    """

    def __init__(
        self, jobs: JobTable, clusters: Sequence[Cluster], *, runs: ModelRuns, life: Lifecycle
    ) -> None:
        self._clusters = clusters
        self._runs = runs
        self._life = life
        self._curves = {
            number: profile.elastic
            for number, profile in enumerate(jobs.profiles)
            if profile.elastic is not None
        }
        self._workload: list[int] = jobs.workload.tolist() if self._curves else []
        self._duration_s: list[float] = jobs.duration_s.tolist() if self._curves else []

    def adjust(self, now_s: float, wanted: Mapping[int, Mapping[int, int]]) -> None:
        """Give elastic jobs their sizes for the step that begins.

        Parameters
        ----------
        now_s : float
            Present time. [s]
        wanted : mapping of int to mapping
            Sizes that a policy wants by job [-], by the number of their site; at other sites jobs
            shrink where others wait, and grow where none does.
        """
        if not self._curves:
            return
        for site, sizes in wanted.items():
            self._follow(sizes, site, now_s)
        for cluster in self._clusters:
            if cluster.site in wanted:
                continue
            if cluster.waiting:
                self._shrink(cluster, now_s)
            elif cluster.free:
                self._grow(cluster, now_s)

    def _follow(self, sizes: Mapping[int, int], site: int, now_s: float) -> None:
        """Give jobs the sizes that a policy wants: first what makes room, then what takes it."""
        here = [cluster for cluster in self._clusters if cluster.site == site]
        running = {job: cluster for cluster in here for job in cluster.running}
        self._runs.first_gpus.update(sizes)
        for job, size in sizes.items():
            if size == 0:
                self._pause(job, now_s, runs=job in running)
            elif size < self._runs.gpus[job] and self._works(job, running):
                self._runs.resize(job, size, now_s)
        for cluster in here:
            self._life.retry(cluster, now_s)
        for job, size in sizes.items():
            if size and self._life.is_held(job):
                self._life.let_go(job)
            elif size > self._runs.gpus[job] and self._works(job, running):
                self._take(job, size, running[job], now_s)

    def _pause(self, job: int, now_s: float, *, runs: bool) -> None:
        """Take a job off its accelerators, and keep it from starting."""
        if runs:
            self._runs.take_off(job, now_s)
        if not self._life.is_held(job):
            self._life.hold(job)

    def _works(self, job: int, running: Mapping[int, Cluster]) -> bool:
        if job not in running or running[job].nodes is not None:
            return False  # on packed nodes it keeps its least size
        return not self._runs.stands_still(job)

    def _take(self, job: int, size: int, cluster: Cluster, now_s: float) -> None:
        """Let a job grow as far as accelerators are free."""
        larger = min(size, self._runs.gpus[job] + cluster.spare)
        if larger > self._runs.gpus[job]:
            self._runs.resize(job, larger, now_s)

    def _shrink(self, cluster: Cluster, now_s: float) -> None:
        """Take from the latest started what all that waits needs, if any of it can then start."""
        sizes = self._runs.gpus
        surplus = {job: sizes[job] - curve.least for job, curve in self._elastic(cluster)}
        spare = cluster.spare
        if spare + sum(surplus.values()) < min(cluster.waiting.values()):
            return
        needed = sum(cluster.waiting.values()) - spare
        for job, most in reversed(surplus.items()):
            less = min(most, needed)
            if less > 0:
                self._runs.resize(job, sizes[job] - less, now_s)
                needed -= less
        self._life.retry(cluster, now_s)

    def _grow(self, cluster: Cluster, now_s: float) -> None:
        """Give what is free to the first started that it helps."""
        for job, curve in tuple(self._elastic(cluster)):
            size = self._runs.gpus[job]
            larger = min(curve.most, size + cluster.spare)
            if larger > size and self._is_worth_it(job, curve, larger, now_s):
                self._runs.resize(job, larger, now_s)

    def _is_worth_it(self, job: int, curve: Elastic, gpus_count: int, now_s: float) -> bool:
        """Return whether a job ends sooner at another size, the change included."""
        work_s = self._duration_s[job] - self._runs.work_s(job, now_s)
        stays_s = work_s / curve.speedup(self._runs.gpus[job])
        return curve.resize_s + work_s / curve.speedup(gpus_count) < stays_s

    def _elastic(self, cluster: Cluster) -> Iterator[tuple[int, Elastic]]:
        """Give a cluster's elastic jobs that work just now, the first started first."""
        if cluster.nodes is not None:
            return  # on packed nodes they keep their least size
        for job in cluster.running:
            curve = self._curves.get(self._workload[job])
            if curve is not None and not self._runs.stands_still(job):
                yield job, curve
