"""Orders by a rank that does not change while a job waits."""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Sequence

from sim.policy.base import ClusterView, Observation
from sim.policy.order.room import Room
from sim.policy.order.roster import Roster
from sim.units import HOUR_S

Place = tuple[float, int]
"""Rank and id of a waiting job."""


class Ranked(ABC):
    """Jobs start by rank, the lowest first; the first that does not fit holds up the rest."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[Roster, list[Place]]] = {}

    @abstractmethod
    def rank(self, obs: Observation, job: int) -> float:
        """Return the rank of a job that has begun to wait.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        job : int
            Job id. [-]

        Returns
        -------
        float
            The rank, in whatever unit; of equal ranks the earlier arrival goes first.
        """

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the best-ranked waiting jobs that fit together."""
        roster, heap = self._line(obs, cluster)
        waiting, room = cluster.waiting, Room(cluster)
        chosen = []
        while heap and room.take(heap[0][1], waiting[heap[0][1]]):
            job = heapq.heappop(heap)[1]
            roster.known.discard(job)
            chosen.append(job)
        return chosen

    def _line(self, obs: Observation, cluster: ClusterView) -> tuple[Roster, list[Place]]:
        """Return the waiting jobs as a heap of ranks and ids."""
        roster, heap = self._lines.setdefault(cluster.index, (Roster(), []))
        joined, left = roster.update(cluster)
        if left:
            heap[:] = [one for one in heap if one[1] not in left]
            heapq.heapify(heap)
        for job in joined:
            heapq.heappush(heap, (self.rank(obs, job), job))
        return roster, heap


class ShortestJobFirst(Ranked):
    """The job with the shortest expected duration starts first.

    References
    ----------
    .. [1] W. E. Smith, "Various optimizers for single-stage production," Naval Research Logistics
       Quarterly 3, 1956.
    """

    def rank(self, obs: Observation, job: int) -> float:
        """Return the expected duration [s]."""
        return float(obs.jobs.expected_duration_s[job])


class EarliestDeadlineFirst(Ranked):
    """The job with the earliest deadline starts first; jobs without one come last.

    References
    ----------
    .. [1] C. L. Liu and J. W. Layland, "Scheduling algorithms for multiprogramming in a
       hard-real-time environment," Journal of the ACM 20(1), 1973.
    """

    def rank(self, obs: Observation, job: int) -> float:
        """Return the deadline [s]."""
        return float(obs.jobs.deadline_s[job])


class PriorityWithAging(Ranked):
    """The job with the highest priority starts first, and waiting raises the priority.

    Priority is that of the job plus `aging_per_h` for each hour since its arrival. All age alike,
    so the order of two jobs never changes while they wait; and with any aging every job in the end
    comes before all that arrive later: none starves.

    Parameters
    ----------
    aging_per_h : float
        Priority that an hour of waiting is worth; 0: none, and jobs may starve. [1/h]

    Raises
    ------
    ValueError
        If the aging is negative.

    References
    ----------
    .. [1] A. Silberschatz, P. B. Galvin and G. Gagne, "Operating System Concepts," 10th ed., 2018,
       section 5.3.4 (priority scheduling and aging).
    """

    def __init__(self, aging_per_h: float = 1.0) -> None:
        super().__init__()
        if not aging_per_h >= 0.0:
            msg = f"aging_per_h is {aging_per_h}; it may not be negative."
            raise ValueError(msg)
        self.aging_per_h = aging_per_h

    def rank(self, obs: Observation, job: int) -> float:
        """Return what priority and arrival make of the job: lower goes first [-]."""
        arrival_h = float(obs.jobs.arrival_s[job]) / HOUR_S
        return self.aging_per_h * arrival_h - float(obs.jobs.priority[job])
