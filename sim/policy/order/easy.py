"""EASY backfilling: later jobs may overtake the first that waits, and never delay it."""

from collections.abc import Iterable, Sequence
from math import inf

from sim.policy.base import ClusterView, Observation
from sim.policy.order.packed import select_packed
from sim.policy.order.running import ExpectedEnds, expected_end_s, remaining_s


class EasyBackfill:
    """First in, first out; later jobs may overtake if they do not delay the first one.

    The first waiting job that does not fit gets a reservation at the earliest time at which enough
    accelerators will be free by the expected durations. A later job may start now if it ends
    before that time, or uses only accelerators that the reserved job leaves free.

    References
    ----------
    .. [1] D. A. Lifka, "The ANL/IBM SP Scheduling System," JSSPP, LNCS 949, 1995.
    .. [2] A. W. Mu'alem and D. G. Feitelson, "Utilization, predictability, workloads, and user
       runtime estimates in scheduling the IBM SP2 with backfilling," IEEE TPDS 12(6), 2001.
    """

    def __init__(self) -> None:
        self._books: dict[int, _Book] = {}

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the head of the queue that fits, then the later jobs that may overtake."""
        if cluster.is_packed:
            return select_packed(obs, cluster)
        book = self._books.get(cluster.index)
        if book is None:
            book = self._books[cluster.index] = _Book()
        return book.select(obs, cluster)


class _Book:
    """One cluster's reservation, and what is needed to make the next one."""

    __slots__ = (
        "_ends", "_head", "_left", "_length_s", "_running", "_shadow_s", "_spare", "_tail",
    )

    def __init__(self) -> None:
        self._ends = ExpectedEnds()
        self._length_s: dict[int, float] = {}  # of waiting jobs that cannot have run before
        self._head = self._tail = -1  # first and last job that wait; -1: none is blocked
        self._left = self._running = self._spare = 0  # free, running, to spare at the reservation
        self._shadow_s = inf

    def select(self, obs: Observation, cluster: ClusterView) -> list[int]:
        """Return the jobs to start."""
        free, waiting = cluster.free_count, cluster.waiting
        head = next(iter(waiting), -1)
        if (
            head == self._head
            and free == self._left
            and len(cluster.running) == self._running
            and obs.now_s < self._shadow_s
        ):
            # Nothing has started or ended since: whoever might not overtake then may not now.
            chosen = self._overtaking(obs, self._newcomers(cluster), free)
        else:
            chosen = self._afresh(obs, cluster, free)
        if self._head >= 0:
            self._running = len(cluster.running) + len(chosen)
            self._tail = next(job for job in reversed(waiting) if job not in chosen)
        return chosen

    def _afresh(self, obs: Observation, cluster: ClusterView, free: int) -> list[int]:
        """Return the jobs to start when the reservation must be made anew."""
        ends, now_s = self._ends, obs.now_s
        ends.tidy(cluster.running, now_s)
        chosen: list[int] = []
        queue = iter(cluster.waiting.items())
        self._head = -1
        for job, gpus in queue:
            if gpus > free:
                self._head = job
                self._shadow_s, self._spare = ends.first_fit(gpus, free, now_s)
                break
            chosen.append(job)
            self._length_s.pop(job, None)
            ends.add(job, expected_end_s(obs, job), gpus)
            free -= gpus
        self._left = free
        return chosen + self._overtaking(obs, queue, free) if free else chosen

    def _newcomers(self, cluster: ClusterView) -> list[tuple[int, int]]:
        """Return the jobs that have joined the end of the queue since the last decision."""
        found, waiting = [], cluster.waiting
        for job in reversed(waiting):
            if job in (self._tail, self._head):
                break
            found.append((job, waiting[job]))
        return found[::-1]

    def _overtaking(
        self, obs: Observation, later: Iterable[tuple[int, int]], free: int
    ) -> list[int]:
        """Return the jobs that may overtake the blocked one; they fit into what is free."""
        lengths_s, now_s = self._length_s, obs.now_s
        chosen: list[int] = []
        for job, gpus in later:
            if gpus > free:
                continue
            length_s = lengths_s.get(job)
            if length_s is None:
                length_s = self._learn(obs, job)
            end_s = now_s + length_s
            if end_s > self._shadow_s:
                if gpus > self._spare:
                    continue
                self._spare -= gpus
            chosen.append(job)
            lengths_s.pop(job, None)
            self._ends.add(job, end_s, gpus)
            free -= gpus
            if free == 0:
                break
        self._left = free
        return chosen

    def _learn(self, obs: Observation, job: int) -> float:
        """Return how long a waiting job will run [s], and keep it if that cannot change."""
        length_s = remaining_s(obs, job)
        if not obs.jobs.interruptible[job]:
            self._length_s[job] = length_s
        return length_s
