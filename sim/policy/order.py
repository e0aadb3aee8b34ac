"""Order: which waiting jobs start now."""

import heapq
from collections.abc import Sequence
from typing import Final

from sim.policy.base import ClusterView, Observation


class FirstInFirstOut:
    """Jobs start in the order of their release; the first that does not fit holds up the rest.

    ``in_queue_order`` says so to the engine, which then need not ask: the policy's batch form.
    """

    in_queue_order: Final = True

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the jobs at the head of the queue that fit together."""
        free = cluster.free_count
        chosen = []
        for job, gpus in cluster.waiting.items():
            if gpus > free:
                break
            chosen.append(job)
            free -= gpus
        return chosen


class _Ranked:
    """Jobs start by a fixed rank; the best-ranked that does not fit holds up the rest."""

    _column = ""

    def __init__(self) -> None:
        self._heaps: dict[int, list[tuple[float, int]]] = {}
        self._ranked: set[int] = set()

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the best-ranked waiting jobs that fit together."""
        heap = self._heaps.setdefault(cluster.index, [])
        rank = getattr(obs.jobs, self._column)
        # Jobs join the queue at its end, or at its head when they had to make way: what is new
        # stands outside of all that have been ranked.
        for end in (reversed(cluster.waiting), iter(cluster.waiting)):
            for job in end:
                if job in self._ranked:
                    break
                self._ranked.add(job)
                heapq.heappush(heap, (float(rank[job]), job))
        free = cluster.free_count
        waiting = cluster.waiting
        chosen = []
        while heap:
            job = heap[0][1]
            gpus = waiting.get(job, 0)
            if gpus > free:
                break
            heapq.heappop(heap)
            self._ranked.discard(job)
            if gpus:  # 0: it no longer waits here
                chosen.append(job)
                free -= gpus
        return chosen


class ShortestJobFirst(_Ranked):
    """The job with the shortest expected duration starts first."""

    _column = "expected_duration_s"


class EarliestDeadlineFirst(_Ranked):
    """The job with the earliest deadline starts first; jobs without one come last."""

    _column = "deadline_s"


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

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the head of the queue that fits, then the later jobs that may overtake."""
        free = cluster.free_count
        queue = iter(cluster.waiting.items())
        chosen: list[int] = []
        head_gpus = 0
        for job, gpus in queue:
            if gpus > free:
                head_gpus = gpus
                break
            chosen.append(job)
            free -= gpus
        if not head_gpus or free == 0:
            return chosen
        shadow_s, spare = self._reservation(obs, cluster, chosen, head_gpus, free)
        expected_s = obs.jobs.expected_duration_s
        for job, gpus in queue:
            ends_before = obs.now_s + expected_s[job] <= shadow_s
            if gpus <= free and (ends_before or gpus <= spare):
                chosen.append(job)
                free -= gpus
                if not ends_before:
                    spare -= gpus
            if free == 0:
                break
        return chosen

    @staticmethod
    def _reservation(
        obs: Observation, cluster: ClusterView, starting: Sequence[int], needed: int, free: int
    ) -> tuple[float, int]:
        """Return when the blocked job can start, and what is then free besides it."""
        expected_s, gpus = obs.jobs.expected_duration_s, obs.jobs.gpus_count
        now_s = obs.now_s
        # A job that outlives its expectation is taken to end right now.
        ends = [
            (max(now_s, start_s + expected_s[job]), job) for job, start_s in cluster.running.items()
        ]
        ends += [(now_s + expected_s[job], job) for job in starting]
        for end_s, job in sorted(ends):
            free += int(gpus[job])
            if free >= needed:
                return float(end_s), free - needed
        return float("inf"), 0
