"""What shift policies that follow a signal share: how long a job may wait, and what lies ahead."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.policy.base import Forecast, Observation
from sim.policy.parameters import checked_signal
from sim.units import HOUR_S

Column = NDArray[np.float64]

TIE: Final = 1e-12
"""Relative; sums that differ by rounding alone count as equal, and the earlier wins."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast as far as it is known, ready for sums over any time.

    Attributes
    ----------
    start_s : float
        Start of its first step. [s]
    step_s : float
        Length of a step. [s]
    values : ndarray of float, shape (n_steps,)
        What is forecast, up to the first unknown value. [unit of the signal]
    closed : ndarray of float, shape (n_steps + 1,)
        The same with a 0 behind, so that the end of the last step can be looked up too. [unit of
        the signal]
    prefix : ndarray of float, shape (n_steps + 1,)
        Sums of the values before each step. [unit of the signal]
    delays_s : ndarray of float, shape (n_steps + 1,)
        Start of each step after that of the first. [s]
    order : ndarray of int, shape (n_steps,)
        Steps from the lowest value to the highest, the earlier of equals first. [-]
    """

    start_s: float
    step_s: float
    values: Column
    closed: Column
    prefix: Column
    delays_s: Column
    order: NDArray[np.int64]

    @classmethod
    def of(cls, forecast: Forecast, level: float | None) -> "Outlook":
        """Return the outlook of a forecast: of its expected values, or of one of its quantiles."""
        ahead = forecast.point if level is None else _quantile(forecast, level)
        unknown = np.flatnonzero(~np.isfinite(ahead))
        values = ahead[: unknown[0]] if len(unknown) else ahead
        return cls(
            forecast.valid_from_s,
            forecast.step_s,
            values,
            np.append(values, 0.0),
            np.concatenate([[0.0], np.cumsum(values)]),
            forecast.step_s * np.arange(len(values) + 1, dtype=np.float64),
            np.argsort(values, kind="stable"),
        )

    @property
    def end_s(self) -> float:
        """Time up to which it reaches. [s]."""
        return self.start_s + len(self.values) * self.step_s

    def bounds_s(self, from_s: float, to_s: float) -> Column:
        """Return the edges of its steps, cut off at two times, shape (n_steps + 1,). [s]."""
        edges_s: Column = (self.start_s + self.delays_s).clip(from_s, to_s)
        return edges_s


def _quantile(forecast: Forecast, level: float) -> Column:
    found = np.flatnonzero(np.isclose(forecast.quantile_levels, level))
    if forecast.quantiles is None or not len(found):
        levels = ", ".join(f"{one:g}" for one in forecast.quantile_levels) or "none"
        msg = f"the forecasts have no quantile {level:g} (they have {levels}). Ask for it in the "
        msg += f"scenario: forecast: {{quantiles: [{level:g}]}}."
        raise ValueError(msg)
    column: Column = forecast.quantiles[:, found[0]]
    return column


class SignalShift:
    """A shift policy that follows the forecast of a signal; how is what the others add.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    max_wait_h : float
        Longest wait after the earliest possible start, deadline or not. [h]
    quantile : float or None
        Level of the forecast's quantile that is followed, between 0 and 1; None follows the
        expected values. A high level of a cost is cautious: it counts on little. [-]

    Raises
    ------
    ValueError
        If there is no such signal, or a number is out of bounds.
    """

    def __init__(
        self,
        signal: str = "average_carbon_intensity",
        max_wait_h: float = 24.0,
        quantile: float | None = None,
    ) -> None:
        if not 0.0 <= max_wait_h < math.inf:
            msg = f"max_wait_h is {max_wait_h}; it must be a finite number of hours, 0 or more."
            raise ValueError(msg)
        if quantile is not None and not 0.0 < quantile < 1.0:
            msg = f"quantile is {quantile}; it must lie between 0 and 1."
            raise ValueError(msg)
        self.signal = checked_signal(signal)
        self.max_wait_h = max_wait_h
        self.quantile = quantile
        self._outlooks: dict[int, tuple[float, Outlook]] = {}

    def outlook(self, obs: Observation, site: int) -> Outlook:
        """Return what lies ahead of a site by its latest forecast."""
        forecast = obs.forecast(site, self.signal)
        known = self._outlooks.get(site)
        if known is not None and known[0] == forecast.issued_at_s:
            return known[1]
        outlook = Outlook.of(forecast, self.quantile)
        self._outlooks[site] = (forecast.issued_at_s, outlook)
        return outlook

    def earliest_and_latest_s(self, obs: Observation, job: int) -> tuple[float, float]:
        """Return the earliest and the latest time at which a job may start."""
        jobs, now_s = obs.jobs, obs.now_s
        possible_s = jobs.earliest_start_s.item(job)
        due_s = jobs.deadline_s.item(job) - jobs.expected_duration_s.item(job)
        wait_s = min(self.max_wait_h * HOUR_S, jobs.max_wait_s(job))
        return max(now_s, possible_s), min(due_s, possible_s + wait_s)
