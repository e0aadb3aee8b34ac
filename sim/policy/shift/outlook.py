"""What shift policies that follow a signal share: how long a job may wait, and what lies ahead."""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

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
    order, rank : ndarray of int, shape (n_steps,)
        Steps from the lowest value to the highest, the earlier of equals first; and the place of
        each step in that order. [-]
    """

    start_s: float
    step_s: float
    values: Column
    closed: Column
    prefix: Column
    delays_s: Column
    order: NDArray[np.int64]
    rank: NDArray[np.int32]

    @classmethod
    def of(cls, forecast: Forecast, level: float | None) -> "Outlook":
        """Return the outlook of a forecast: of its expected values, or of one of its quantiles."""
        ahead = forecast.point if level is None else _quantile(forecast, level)
        unknown = np.flatnonzero(~np.isfinite(ahead))
        values = ahead[: unknown[0]] if len(unknown) else ahead
        order = np.argsort(values, kind="stable")
        rank = np.empty(len(values), dtype=np.int32)
        rank[order] = np.arange(len(values), dtype=np.int32)
        return cls(
            forecast.valid_from_s,
            forecast.step_s,
            values,
            np.append(values, 0.0),
            np.concatenate([[0.0], np.cumsum(values)]),
            forecast.step_s * np.arange(len(values) + 1, dtype=np.float64),
            order,
            rank,
        )

    @property
    def end_s(self) -> float:
        """Time up to which it reaches. [s]."""
        return self.start_s + len(self.values) * self.step_s

    def edge_s(self, step: int) -> float:
        """Return when a step begins. [s]."""
        return self.start_s + step * self.step_s

    def lowest(self, window: "Window", length_s: float, *, more: bool = False) -> tuple[int, float]:
        """Return the dearest of the cheapest steps of a window that add up to a length.

        Parameters
        ----------
        window : Window
            The window.
        length_s : float
            Length, at most that of the window. [s]
        more : bool
            Whether they are to add up to more than the length.

        Returns
        -------
        rank : int
            Its rank; the cheapest are those of the window up to it. [-]
        total_s : float
            What they add up to. [s]
        """
        # All steps are whole but for the first and the last, so two more than enough always are.
        rank, step_s = self.rank[window.first : window.end], self.step_s
        count = len(rank)
        least = int(length_s / step_s) + 1 if more else math.ceil(length_s / step_s)
        least = min(max(1, least), count)
        most = min(least + 2, count)
        ordered = rank.copy()
        ordered.sort()  # of a few hundred numbers this is quicker than to part them
        first, end = rank.item(0), rank.item(-1)
        for taken in range(least, most + 1):
            last, total_s = ordered.item(taken - 1), taken * step_s
            if first <= last:
                total_s -= step_s - window.first_s
            if end <= last:
                total_s -= step_s - window.last_s
            if total_s > length_s or (total_s == length_s and not more):
                break
        return last, total_s


class Window(NamedTuple):
    """The steps of an outlook between two times; the first and the last may be parts of steps.

    Attributes
    ----------
    first, end : int
        The first of them, and that after the last. [-]
    from_s, until_s : float
        When it begins and ends. [s]
    first_s, last_s : float
        How much of the first and of the last step is within. [s]
    """

    first: int
    end: int
    from_s: float
    until_s: float
    first_s: float
    last_s: float

    @classmethod
    def of(cls, outlook: Outlook, from_s: float, until_s: float) -> "Window":
        """Return the part of a time that is forecast; `from_s` must be."""
        until_s = min(until_s, outlook.end_s)
        first = int((from_s - outlook.start_s) / outlook.step_s)
        end = math.ceil((until_s - outlook.start_s) / outlook.step_s)
        if end - first <= 1:  # all within one step, of which it is twice the last
            return cls(first, end, from_s, until_s, until_s - from_s, outlook.step_s)
        return cls(
            first, end, from_s, until_s,
            outlook.edge_s(first + 1) - from_s, until_s - outlook.edge_s(end - 1),
        )


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
        self._max_wait_s = max_wait_h * HOUR_S
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
        return self.times_of(obs, job)[:2]

    def times_of(self, obs: Observation, job: int) -> tuple[float, float, float]:
        """Return the same, and how long the job is expected to run [s]."""
        jobs, now_s = obs.jobs, obs.now_s
        possible_s, due_s, length_s = jobs.times_s(job)
        wait_s = min(self._max_wait_s, jobs.max_wait_s(job))
        return max(now_s, possible_s), min(due_s - length_s, possible_s + wait_s), length_s
