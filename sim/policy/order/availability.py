"""How many accelerators are free when, by what runs and what is reserved."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Availability:
    """Free accelerators over time: a step function from now on.

    Parameters
    ----------
    now_s : float
        Present time. [s]
    free_count : int
        Accelerators free now. [-]
    ends : iterable of tuple
        Ends [s] of what runs, ascending and not before now, and the accelerators of each [-].
    """

    __slots__ = ("_free", "_time_s")

    def __init__(
        self, now_s: float, free_count: int, ends: Iterable[tuple[float, int]] = ()
    ) -> None:
        self._time_s, self._free = [now_s], [free_count]
        for end_s, gpus in ends:
            free_count += gpus
            if end_s > self._time_s[-1]:
                self._time_s.append(end_s)
                self._free.append(free_count)
            else:
                self._free[-1] = free_count

    def now_is(self, now_s: float) -> int:
        """Forget what is past.

        Parameters
        ----------
        now_s : float
            Present time. [s]

        Returns
        -------
        int
            Accelerators that are free now and not reserved. [-]
        """
        present = bisect_right(self._time_s, now_s) - 1
        if present > 0:
            del self._time_s[:present], self._free[:present]
        self._time_s[0] = now_s
        return self._free[0]

    def earliest(self, gpus_count: int, duration_s: float) -> float:
        """Return the earliest time from which accelerators are free for a while.

        Parameters
        ----------
        gpus_count : int
            Accelerators. [-]
        duration_s : float
            How long they must stay free. [s]

        Returns
        -------
        float
            The time, inf if there is none. [s]
        """
        times_s, free = self._time_s, self._free
        start, count = 0, len(times_s)
        while start < count:
            if free[start] < gpus_count:
                start += 1
                continue
            end_s = times_s[start] + duration_s
            stop = start + 1
            while stop < count and times_s[stop] < end_s and free[stop] >= gpus_count:
                stop += 1
            if stop == count or times_s[stop] >= end_s:
                return times_s[start]
            start = stop + 1
        return float("inf")

    def take(self, start_s: float, end_s: float, gpus_count: int) -> None:
        """Reserve accelerators.

        Parameters
        ----------
        start_s, end_s : float
            From when to when. [s]
        gpus_count : int
            Accelerators. [-]
        """
        first, last = self._cut(start_s), self._cut(end_s)
        for step in range(first, last):
            self._free[step] -= gpus_count

    def _cut(self, time_s: float) -> int:
        """Return the step that begins at a time; make one if none does."""
        step = bisect_left(self._time_s, time_s)
        if step == len(self._time_s) or self._time_s[step] != time_s:
            self._time_s.insert(step, time_s)
            self._free.insert(step, self._free[step - 1])
        return step
