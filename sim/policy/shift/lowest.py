"""Run where the forecast is lowest: in one window, from one slot, or in the lowest slots."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.policy.base import Interval, Observation
from sim.policy.shift.outlook import TIE, Column, Outlook, SignalShift


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
        earliest_s, latest_s = self.earliest_and_latest_s(obs, job)
        if latest_s <= earliest_s:
            return earliest_s
        outlook = self.outlook(obs, obs.site_of(job))
        total = run_sums(outlook, earliest_s, latest_s, obs.jobs.expected_duration_s.item(job))
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
        expected_s = obs.jobs.expected_duration_s.item(job)
        earliest_s, latest_s = self.earliest_and_latest_s(obs, job)
        outlook = self.outlook(obs, obs.site_of(job))
        bounds_s = outlook.bounds_s(earliest_s, latest_s + expected_s)
        if latest_s <= earliest_s or bounds_s.item(-1) - bounds_s.item(0) < expected_s:
            return earliest_s
        return _cheapest(bounds_s, outlook.order, expected_s)


def _cheapest(
    bounds_s: Column, order: NDArray[np.int64], length_s: float
) -> list[Interval]:
    """Return the cheapest steps that add up to a length; the dearest of them is cut to fit."""
    starts_s, ends_s = bounds_s[:-1], bounds_s[1:]
    ordered_s = (ends_s - starts_s)[order]
    within = ordered_s > 0.0
    upto_s = ordered_s[within].cumsum()
    dearest = int(upto_s.searchsorted(length_s * (1.0 - TIE)))
    taken = order[within][: dearest + 1]
    cut, cut_s = taken.item(-1), upto_s.item(dearest) - length_s
    taken.sort()
    first_s, last_s = starts_s[taken], ends_s[taken]
    last_s[taken.searchsorted(cut)] -= cut_s
    # A step that is cut to fit may end a rounding error late, after the next one begins.
    gaps = (last_s[:-1] < first_s[1:]).nonzero()[0]
    opens_s = [first_s.item(0), *first_s[gaps + 1].tolist()]
    closes_s = [*last_s[gaps].tolist(), last_s.item(-1)]
    return list(zip(opens_s, closes_s, strict=True))


def joined(intervals: Sequence[Interval]) -> list[Interval]:
    """Return intervals in order of time, those that touch put together."""
    found: list[Interval] = []
    for start_s, end_s in intervals:
        if found and found[-1][1] >= start_s:
            found[-1] = (found[-1][0], end_s)
        else:
            found.append((start_s, end_s))
    return found
