"""When the running jobs of a cluster are expected to end, kept in order."""

from bisect import insort
from collections.abc import Collection
from math import inf

from sim.policy.base import Observation


class ExpectedEnds:
    """Expected ends of the jobs that a policy has started on one cluster, sorted.

    Nobody tells a policy that a job has ended: `tidy` finds out, mostly by looking at the first.
    """

    __slots__ = ("_entry", "_sorted")

    def __init__(self) -> None:
        self._sorted: list[tuple[float, int, int]] = []
        self._entry: dict[int, tuple[float, int, int]] = {}

    def add(self, job: int, end_s: float, gpus_count: int) -> None:
        """Note a job that starts now, or again.

        Parameters
        ----------
        job : int
            Job id. [-]
        end_s : float
            Its expected end. [s]
        gpus_count : int
            Its accelerators. [-]
        """
        before = self._entry.get(job)
        if before is not None:
            self._sorted.remove(before)
        entry = self._entry[job] = (end_s, job, gpus_count)
        insort(self._sorted, entry)

    def tidy(self, running: Collection[int], now_s: float) -> None:
        """Forget the jobs that no longer run; to be done before any is added.

        Parameters
        ----------
        running : collection of int
            Jobs that run. [-]
        now_s : float
            Present time. [s]
        """
        ends = self._sorted
        while ends and ends[0][0] <= now_s and ends[0][1] not in running:
            del self._entry[ends.pop(0)[1]]
        if len(ends) != len(running):  # some have ended before their time
            self._sorted = [one for one in ends if one[1] in running]
            self._entry = {one[1]: one for one in self._sorted}

    def entries(self) -> list[tuple[float, int, int]]:
        """Return expected ends [s], ids [-] and accelerators [-] of the jobs, sorted."""
        return self._sorted.copy()

    def first_fit(self, needed: int, free: int, now_s: float) -> tuple[float, int]:
        """Return when a gang can start if nothing else does, and what is then free besides it.

        Parameters
        ----------
        needed : int
            Accelerators of the gang. [-]
        free : int
            Accelerators that are free now. [-]
        now_s : float
            Present time: a job that outlives its expectation is taken to end right now. [s]

        Returns
        -------
        tuple
            The time [s], inf if never, and accelerators [-].
        """
        at_s = inf
        for end_s, _, gpus in self._sorted:
            if end_s > at_s:
                break  # what ends at that very time is counted too
            free += gpus
            if free >= needed and at_s == inf:
                at_s = max(end_s, now_s)
        return at_s, max(0, free - needed)


def expected_end_s(obs: Observation, job: int) -> float:
    """Return when a job that starts now is expected to end [s]."""
    return obs.now_s + remaining_s(obs, job)


def remaining_s(obs: Observation, job: int) -> float:
    """Return how long a waiting job is expected to run; 0 if it outlives its expectation [s]."""
    jobs = obs.jobs
    expected_s = float(jobs.expected_duration_s[job])
    # Only what may be interrupted can have work behind it.
    return max(0.0, expected_s - obs.work_s(job)) if jobs.interruptible[job] else expected_s
