"""Conservative backfilling: later jobs may overtake, and never delay any that waits."""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf

from sim.policy.base import ClusterView, Observation
from sim.policy.order.availability import Availability
from sim.policy.order.room import Room
from sim.policy.order.roster import Roster
from sim.policy.order.running import ExpectedEnds, expected_end_s, remaining_s


class ConservativeBackfill:
    """Every waiting job has a reservation, and no job may delay that of another.

    A job gets the earliest time at which enough accelerators stay free for its expected duration,
    besides what runs and all earlier reservations. While jobs end as expected reservations stay;
    when one ends early or late they are made anew in the order of their times, so that none moves
    back because another moves up: later than reserved a job only starts if running ones overrun.

    On a packed cluster reservations count accelerators and not nodes: a job whose time has come
    then waits for a node that holds it.

    References
    ----------
    .. [1] A. W. Mu'alem and D. G. Feitelson, "Utilization, predictability, workloads, and user
       runtime estimates in scheduling the IBM SP2 with backfilling," IEEE TPDS 12(6), 2001.
    """

    def __init__(self) -> None:
        self._books: dict[int, _Book] = {}

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the jobs whose reserved time has come."""
        book = self._books.get(cluster.index)
        if book is None:
            book = self._books[cluster.index] = _Book(cluster)
        return book.select(obs, cluster)


class _Book:
    """The reservations of one cluster."""

    def __init__(self, cluster: ClusterView) -> None:
        self._roster = Roster()
        self._ends = ExpectedEnds()
        self._running: list[tuple[float, int]] = []  # a heap of expected ends and jobs
        self._start_s: dict[int, float] = {}  # reserved, by job
        self._next: list[tuple[float, int, int]] = []  # a heap of reserved starts, turns and jobs
        self._turn = 0  # counts reservations: of equal times the earlier made goes first
        self._free = Availability(-inf, cluster.total_count)
        self._is_held_up = False

    def select(self, obs: Observation, cluster: ClusterView) -> list[int]:
        """Return the jobs to start."""
        self._ends.tidy(cluster.running, obs.now_s)
        joined, left = self._roster.update(cluster)
        due = self._due(obs.now_s)
        if left or not self._goes_as_planned(obs.now_s, cluster, due):
            due = self._plan_anew(obs, cluster)
        for job in joined:
            self._turn += 1
            if self._reserve(obs, job, cluster.waiting[job], self._turn) <= obs.now_s:
                due += self._due(obs.now_s)
        return self._start(obs, cluster, due)

    def _due(self, now_s: float) -> list[tuple[float, int, int]]:
        """Take out what is reserved for now, or was for earlier."""
        due = []
        while self._next and self._next[0][0] <= now_s:
            due.append(heappop(self._next))
        return due

    def _goes_as_planned(
        self, now_s: float, cluster: ClusterView, due: Sequence[tuple[float, int, int]]
    ) -> bool:
        """Return whether what runs and is free is what the reservations were made for."""
        running, overrun = self._running, False
        while running and running[0][0] <= now_s:
            overrun |= heappop(running)[1] in cluster.running
        late = any(start_s < now_s for start_s, _, _ in due)
        free = self._free.now_is(now_s) + sum(cluster.waiting.get(job, 0) for _, _, job in due)
        return (
            not (overrun or late or self._is_held_up)
            and len(running) == len(cluster.running)
            and free == cluster.free_count
        )

    def _plan_anew(self, obs: Observation, cluster: ClusterView) -> list[tuple[float, int, int]]:
        """Make all reservations anew in the order of their times; return those for now."""
        now_s, waiting = obs.now_s, cluster.waiting
        ends = self._ends.entries()
        self._running = [(end_s, job) for end_s, job, _ in ends if end_s > now_s]
        # A job that outlives its expectation is taken to end right now.
        self._free = Availability(
            now_s, cluster.free_count, ((max(now_s, end_s), gpus) for end_s, _, gpus in ends)
        )
        # In order of time; of equal times in the order in which they were made.
        kept = [job for job in self._start_s if job in waiting]
        order = sorted(kept, key=self._start_s.__getitem__)
        self._start_s, self._next = {}, []
        self._is_held_up = len(self._running) < len(ends)  # until the overdue ones have ended
        for turn, job in enumerate(order):
            self._reserve(obs, job, waiting[job], turn)
        self._turn = len(order)
        return self._due(now_s)

    def _reserve(self, obs: Observation, job: int, gpus_count: int, turn: int) -> float:
        """Reserve the earliest time for a job, and return it [s]."""
        duration_s = remaining_s(obs, job)
        start_s = self._free.earliest(gpus_count, duration_s)
        if start_s < inf:
            self._free.take(start_s, start_s + duration_s, gpus_count)
        else:  # more is held than the gangs say: try again next time
            self._is_held_up = True
        self._start_s[job] = start_s
        heappush(self._next, (start_s, turn, job))
        return start_s

    def _start(
        self, obs: Observation, cluster: ClusterView, due: Sequence[tuple[float, int, int]]
    ) -> list[int]:
        """Return the jobs whose time has come, as far as there is room."""
        room, chosen = Room(cluster), []
        for reservation in due:
            job = reservation[2]
            gpus = cluster.waiting[job]
            if not room.take(job, gpus):
                self._is_held_up = True
                heappush(self._next, reservation)
                continue
            end_s = expected_end_s(obs, job)
            self._ends.add(job, end_s, gpus)
            heappush(self._running, (end_s, job))
            del self._start_s[job]
            self._roster.known.discard(job)
            chosen.append(job)
        return chosen
