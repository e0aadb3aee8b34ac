"""Shift: from when a job may run."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.policy.base import Forecast, Interval, Observation
from sim.registry import SIGNALS, did_you_mean
from sim.units import HOUR_S

_TIE = 1e-12  # relative; sums that differ by rounding alone count as equal, and the earlier wins


class NoShift:
    """Every job may run as soon as it is known and its earliest start has come."""

    does_nothing: Final = True

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the present time, or the earliest start if that is later."""
        return max(obs.now_s, float(obs.jobs.earliest_start_s[job]))


class LowestWindow:
    """A job starts where the forecast mean of a signal over its expected duration is least.

    Starts are tried at the earliest possible time and whole forecast steps (hours) after it, as far
    as the job's deadline, `max_wait_h` and the forecast reach; the earliest of equals wins. Without
    a forecast the job starts as early as it can.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    max_wait_h : float
        Longest wait after the earliest possible start, deadline or not. [h]

    References
    ----------
    .. [1] W. A. Hanafy et al., "Going Green for Less Green: Optimizing the Cost of Reducing Cloud
       Carbon Emissions" (GAIA), ASPLOS 2024: the policy Lowest-Window.
    """

    def __init__(self, signal: str = "average_carbon_intensity", max_wait_h: float = 24.0) -> None:
        if signal not in SIGNALS:
            msg = f"signal {signal!r} is unknown.{did_you_mean(signal, SIGNALS)}"
            raise ValueError(msg)
        if not 0.0 <= max_wait_h < math.inf:
            msg = f"max_wait_h is {max_wait_h}; it must be a finite number of hours, 0 or more."
            raise ValueError(msg)
        self.signal = signal
        self.max_wait_h = max_wait_h
        self._prefix: dict[int, tuple[Forecast, NDArray[np.float64], NDArray[np.float64]]] = {}

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the start with the least forecast sum of the signal over the run."""
        expected_s = float(obs.jobs.expected_duration_s[job])
        earliest_s, latest_s = self._earliest_and_latest_s(obs, job)
        if latest_s <= earliest_s:
            return earliest_s
        forecast, values, prefix = self._cumulative(obs, obs.site_of(job))
        delay_steps = _best_delay_steps(
            (earliest_s - forecast.valid_from_s) / forecast.step_s,
            expected_s / forecast.step_s,
            int((latest_s - earliest_s) / forecast.step_s) + 1,
            values,
            prefix,
        )
        return earliest_s + delay_steps * forecast.step_s

    def _cumulative(
        self, obs: Observation, site: int
    ) -> tuple[Forecast, NDArray[np.float64], NDArray[np.float64]]:
        """Return the forecast, its finite head with a closing 0, and that head's prefix sum."""
        forecast = obs.forecast(site, self.signal)
        known = self._prefix.get(site)
        if known is not None and known[0].issued_at_s == forecast.issued_at_s:
            return known
        unknown = np.flatnonzero(~np.isfinite(forecast.point))
        head = forecast.point[: unknown[0]] if len(unknown) else forecast.point
        entry = (forecast, np.append(head, 0.0), np.concatenate([[0.0], np.cumsum(head)]))
        self._prefix[site] = entry
        return entry

    def _earliest_and_latest_s(self, obs: Observation, job: int) -> tuple[float, float]:
        """Return the earliest and the latest time at which a job may start."""
        earliest_s = max(obs.now_s, float(obs.jobs.earliest_start_s[job]))
        due_s = float(obs.jobs.deadline_s[job]) - float(obs.jobs.expected_duration_s[job])
        return earliest_s, min(due_s, earliest_s + self.max_wait_h * HOUR_S)


class LowestSlots(LowestWindow):
    """An interruptible job runs in the forecast steps with the least of a signal; others do not.

    Of the time from its earliest start to its deadline (or `max_wait_h` more than it needs), the
    job takes the steps with the lowest forecasts that add up to its expected duration, the earlier
    of equals first; between them it is suspended. A job that is not interruptible is planned as by
    lowest-window.

    It takes the same parameters as lowest-window.

    References
    ----------
    .. [1] P. Wiesner et al., "Let's Wait Awhile: How Temporal Workload Shifting Can Reduce Carbon
       Emissions in the Cloud," Middleware 2021: the interruptible case.
    """

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the intervals in which the job runs."""
        if not obs.jobs.interruptible[job]:
            return super().plan(obs, job)
        expected_s = float(obs.jobs.expected_duration_s[job])
        earliest_s, latest_s = self._earliest_and_latest_s(obs, job)
        forecast, values, _ = self._cumulative(obs, obs.site_of(job))
        edges_s = forecast.valid_from_s + forecast.step_s * np.arange(len(values))
        bounds_s = np.clip(edges_s, earliest_s, latest_s + expected_s)
        if latest_s <= earliest_s or bounds_s[-1] - bounds_s[0] < expected_s:
            return earliest_s
        return _cheapest(bounds_s, values[:-1], expected_s)


def _cheapest(
    bounds_s: NDArray[np.float64], values: NDArray[np.float64], length_s: float
) -> list[Interval]:
    """Return the cheapest steps that add up to a length; the dearest of them is cut to fit."""
    lengths_s = np.diff(bounds_s)
    order = np.argsort(values, kind="stable")
    order = order[lengths_s[order] > 0.0]
    upto_s = np.cumsum(lengths_s[order])
    count = int(np.searchsorted(upto_s, length_s * (1.0 - _TIE))) + 1
    ends_s = bounds_s[1:].copy()
    ends_s[order[count - 1]] -= upto_s[count - 1] - length_s
    intervals: list[Interval] = []
    for step in sorted(order[:count].tolist()):
        start_s, end_s = float(bounds_s[step]), float(ends_s[step])
        if intervals and intervals[-1][1] == start_s:
            intervals[-1] = (intervals[-1][0], end_s)
        else:
            intervals.append((start_s, end_s))
    return intervals


def _best_delay_steps(
    first: float,
    length: float,
    tries: int,
    values: NDArray[np.float64],
    prefix: NDArray[np.float64],
) -> int:
    """Return how many forecast steps to wait, all times counted in forecast steps."""
    start, start_part = int(first), first - int(first)
    end, end_part = int(first + length), first + length - int(first + length)
    # The run's end may lie at most where the known forecast ends.
    tries = min(tries, len(prefix) - 1 - end + (end_part == 0.0))
    if tries <= 1:
        return 0
    upto_start = prefix[start : start + tries] + start_part * values[start : start + tries]
    upto_end = prefix[end : end + tries] + end_part * values[end : end + tries]
    total = upto_end - upto_start
    least = total.min()
    return int(np.argmax(total <= least + _TIE * abs(least)))
