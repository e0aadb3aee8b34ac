"""Run where the forecast is lowest: in one window, from one slot, or in the lowest slots."""

from bisect import bisect_right
from collections.abc import Sequence

from sim.policy.base import Interval, Observation
from sim.policy.shift.outlook import TIE, Column, Outlook, SignalShift, Window


class LowestWindow(SignalShift):
    """A job starts where the forecast mean of a signal over its expected duration is least.

    Starts are tried at the earliest possible time and whole forecast steps (hours) after it, as far
    as the job's deadline, `max_wait_h` and the forecast reach; the earliest of equals wins. Without
    a forecast the job starts as early as it can. It takes the parameters of `SignalShift`.

    References
    ----------
    .. [1] W. A. Hanafy et al., "Going Green for Less Green: Optimizing the Cost of Reducing Cloud
       Carbon Emissions" (GAIA), ASPLOS 2024: the policy Lowest-Window.
    """

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the start with the least forecast sum of the signal over the run."""
        earliest_s, latest_s, length_s = self.times_of(obs, job)
        if latest_s <= earliest_s:
            return earliest_s
        outlook = self.outlook(obs, obs.site_of(job))
        total = run_sums(outlook, earliest_s, latest_s, length_s)
        if len(total) <= 1:
            return earliest_s
        first = int(total.argmin())
        least = total.item(first)
        delay_steps = int((total[: first + 1] <= least + TIE * abs(least)).argmax())
        return earliest_s + delay_steps * outlook.step_s


def run_sums(outlook: Outlook, earliest_s: float, latest_s: float, length_s: float) -> Column:
    """Return the sum of what is forecast over a run, for each start that can be tried.

    Parameters
    ----------
    outlook : Outlook
        What lies ahead.
    earliest_s, latest_s : float
        Bounds of the start; tried are the first and whole forecast steps after it. [s]
    length_s : float
        Length of the run. [s]

    Returns
    -------
    ndarray of float, shape (n_tries,)
        Sums in forecast steps; as many as end within the forecast. [unit of the signal]
    """
    first, length = (earliest_s - outlook.start_s) / outlook.step_s, length_s / outlook.step_s
    start, start_part = int(first), first - int(first)
    end, end_part = int(first + length), first + length - int(first + length)
    prefix, values = outlook.prefix, outlook.closed
    # The run's end may lie at most where the known forecast ends.
    tries = int((latest_s - earliest_s) / outlook.step_s) + 1
    tries = max(0, min(tries, len(prefix) - 1 - end + (end_part == 0.0)))
    upto_start = start_part * values[start : start + tries]
    upto_start += prefix[start : start + tries]
    total: Column = end_part * values[end : end + tries]
    total += prefix[end : end + tries]
    total -= upto_start
    return total


class LowestSlot(SignalShift):
    """A job starts at the first moment at which the forecast of a signal is least.

    Looked at is the time up to the latest start, its end included; how long the job runs does not
    count. It takes the parameters of `SignalShift`.

    References
    ----------
    .. [1] W. A. Hanafy et al., GAIA, ASPLOS 2024: the policy Lowest-Slot.
    """

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the first moment of the lowest forecast step."""
        earliest_s, latest_s = self.earliest_and_latest_s(obs, job)
        outlook = self.outlook(obs, obs.site_of(job))
        first = int((earliest_s - outlook.start_s) // outlook.step_s)
        last = int((latest_s - outlook.start_s) // outlook.step_s)
        within = outlook.values[first : last + 1]
        if latest_s <= earliest_s or not len(within):
            return earliest_s
        lowest = first + int(within.argmin())
        return max(earliest_s, outlook.start_s + lowest * outlook.step_s)


class LowestSlots(LowestWindow):
    """An interruptible job runs in the forecast steps with the least of a signal; others do not.

    Of the time from its earliest start to its deadline (or `max_wait_h` more than it needs), the
    job takes the steps with the lowest forecasts that add up to its expected duration, the earlier
    of equals first; between them it is suspended. A job that is not interruptible is planned as by
    lowest-window. It takes the parameters of `SignalShift`.

    References
    ----------
    .. [1] P. Wiesner et al., "Let's Wait Awhile: How Temporal Workload Shifting Can Reduce Carbon
       Emissions in the Cloud," Middleware 2021: the interruptible case.
    """

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the intervals in which the job runs."""
        if not obs.jobs.interruptible[job]:
            return super().plan(obs, job)
        earliest_s, latest_s, expected_s = self.times_of(obs, job)
        outlook = self.outlook(obs, obs.site_of(job))
        until_s = min(latest_s + expected_s, outlook.end_s)
        if latest_s <= earliest_s or until_s - earliest_s < expected_s:
            return earliest_s
        return _cheapest(outlook, Window.of(outlook, earliest_s, until_s), expected_s)


def _cheapest(outlook: Outlook, window: Window, length_s: float) -> list[Interval]:
    """Return the cheapest steps that add up to a length; the dearest of them is cut to fit."""
    last, total_s = outlook.lowest(window, length_s * (1.0 - TIE))
    dearest, cut_s = outlook.order.item(last), total_s - length_s
    taken = outlook.rank[window.first : window.end] <= last
    edges = (taken[1:] != taken[:-1]).nonzero()[0].tolist()
    if taken.item(0):
        edges.insert(0, -1)
    if taken.item(-1):
        edges.append(window.end - window.first - 1)
    start_s, step_s, first = outlook.start_s, outlook.step_s, window.first + 1
    times_s = [start_s + (first + edge) * step_s for edge in edges]
    times_s[0] = max(times_s[0], window.from_s)
    times_s[-1] = min(times_s[-1], window.until_s)
    found = list(zip(times_s[::2], times_s[1::2], strict=True))
    end = bisect_right(edges, dearest - first)
    run, (begin_s, end_s) = end // 2, found[end // 2]
    if dearest + 1 == first + edges[end]:
        found[run] = begin_s, end_s - cut_s
    else:
        after_s = outlook.edge_s(dearest + 1)
        if after_s - cut_s < after_s:  # by more than a rounding error
            found[run : run + 1] = (begin_s, after_s - cut_s), (after_s, end_s)
    return found


def joined(intervals: Sequence[Interval]) -> list[Interval]:
    """Return intervals in order of time, those that touch put together."""
    found: list[Interval] = []
    for start_s, end_s in intervals:
        if found and found[-1][1] >= start_s:
            found[-1] = (found[-1][0], end_s)
        else:
            found.append((start_s, end_s))
    return found
