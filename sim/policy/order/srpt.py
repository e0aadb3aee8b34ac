"""Shortest remaining processing time first: shorter jobs suspend longer ones."""

from collections.abc import Sequence
from heapq import heappop

from sim.policy.base import ClusterView, Observation
from sim.policy.order.ranked import Ranked
from sim.policy.order.room import Room


class ShortestRemainingTime(Ranked):
    """The job with the shortest expected remaining time runs first.

    A waiting job that does not fit suspends running jobs that have longer to go, if they may be
    interrupted and if that makes it fit: those with the longest to go, and no more than it needs.
    What a suspension costs is the engine's to say: work since the last checkpoint is done again,
    and a stream may need time to resume.

    References
    ----------
    .. [1] L. Schrage, "A proof of the optimality of the shortest remaining processing time
       discipline," Operations Research 16(3), 1968.
    """

    def rank(self, obs: Observation, job: int) -> float:
        """Return the expected remaining time [s]; 0 of a job that outlives its expectation."""
        return max(0.0, float(obs.jobs.expected_duration_s[job]) - obs.work_s(job))

    def preempt(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the running jobs that make way for shorter ones."""
        _, line = self._line(obs, cluster)
        queue, room = line.copy(), Room(cluster)
        longest: list[tuple[float, int]] | None = None
        leaving: list[int] = []
        while queue:
            rank_s, job = heappop(queue)
            gpus = cluster.waiting[job]
            if room.take(job, gpus):
                continue
            if longest is None:
                longest = self._longest_first(obs, cluster)
            chosen = _make_way(obs, room, gpus, [other for left_s, other in longest
                                                 if left_s > rank_s])  # fmt: skip
            if not chosen:
                break
            for other in chosen:
                room.give(other, obs.gpus_of(other))
            room.take(job, gpus)
            longest = [one for one in longest if one[1] not in chosen]
            leaving += chosen
        return leaving

    def _longest_first(self, obs: Observation, cluster: ClusterView) -> list[tuple[float, int]]:
        """Return what the running jobs that may be interrupted have to go [s], longest first."""
        interruptible = obs.jobs.interruptible
        return sorted(
            ((self.rank(obs, job), job) for job in cluster.running if interruptible[job]),
            reverse=True,
        )


def _make_way(
    obs: Observation, room: Room, gpus_count: int, candidates: Sequence[int]
) -> list[int]:
    """Return the first candidates without which a gang fits, and none that it does not need."""
    def fits_without(jobs: Sequence[int]) -> bool:
        """Return whether the gang fits when these jobs are gone."""
        trial = room.copy()
        for job in jobs:
            trial.give(job, obs.gpus_of(job))
        return trial.fits(gpus_count)

    trial, chosen = room.copy(), []
    for job in candidates:
        trial.give(job, obs.gpus_of(job))
        chosen.append(job)
        if trial.fits(gpus_count):
            break
    else:
        return []
    for job in chosen[-2::-1]:  # the last one is needed, or it would not have been tried
        fewer = [other for other in chosen if other != job]
        if fits_without(fewer):
            chosen = fewer
    return chosen
