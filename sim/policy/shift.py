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
        jobs = obs.jobs
        expected_s = float(jobs.expected_duration_s[job])
        earliest_s = max(obs.now_s, float(jobs.earliest_start_s[job]))
        latest_s = min(
            float(jobs.deadline_s[job]) - expected_s, earliest_s + self.max_wait_h * HOUR_S
        )
        if latest_s <= earliest_s:
            return earliest_s
        forecast, values, prefix = self._cumulative(obs, obs.site_of(job))
        return (
            earliest_s
            + _best_delay_steps(
                (earliest_s - forecast.valid_from_s) / forecast.step_s,
                expected_s / forecast.step_s,
                int((latest_s - earliest_s) / forecast.step_s) + 1,
                values,
                prefix,
            )
            * forecast.step_s
        )

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
