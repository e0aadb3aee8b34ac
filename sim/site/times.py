"""The times of a run: its steps, and the hourly window around it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.registry import SIGNALS
from sim.scenario.schema.forecast import SignalPlan, signal_plan
from sim.scenario.schema.scenario import Scenario
from sim.scenario.series.piecewise import Series
from sim.units import HOUR_S, MINUTE_S

Columns = NDArray[np.float64]

HISTORY_H: Final = 216
"""Hours before the run that a forecaster which learns nothing looks back on: nine days."""

LEARNING_H: Final = 365 * 24
"""Hours before the run that one which learns looks back on: a year, so that it knows the season."""

YEAR_H: Final = 8760

_LEARNS_NOTHING: Final = frozenset(
    {
        "persistence",
        "seasonal-naive",
        "weekly-mean",
        "clear-sky",
        "perfect",
        "white-error",
        "ar1-error",
    }
)


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """The times of a run.

    Attributes
    ----------
    start : datetime
        First moment, UTC.
    step_s : float
        Length of a step. [s]
    n_steps : int
        Number of steps. [-]
    window_start : datetime
        First hour of the window around the run, UTC.
    window_hours : int
        Hours in the window. [h]
    """

    start: datetime
    step_s: float
    n_steps: int
    window_start: datetime
    window_hours: int

    @classmethod
    def of(cls, scenario: Scenario) -> "TimeGrid":
        """Return the times of a scenario."""
        floor = scenario.start.replace(minute=0, second=0, microsecond=0)
        plans = _plans(scenario)
        past_h = _history_h(scenario, plans)
        ahead_h = int(np.ceil(scenario.duration_h)) + max(plan.horizon_h for plan in plans) + 2
        return cls(
            start=scenario.start,
            step_s=scenario.step_min * MINUTE_S,
            n_steps=round(scenario.duration_h * HOUR_S / (scenario.step_min * MINUTE_S)),
            window_start=floor - timedelta(hours=past_h),
            window_hours=past_h + ahead_h,
        )

    @property
    def duration_s(self) -> float:
        """Length of the run. [s]."""
        return self.n_steps * self.step_s

    @property
    def edges_s(self) -> Columns:
        """Edges of the steps, shape (n_steps + 1,). [s]."""
        return np.arange(self.n_steps + 1, dtype=float) * self.step_s

    @property
    def hour_of_step(self) -> NDArray[np.int64]:
        """Hour that each step lies in, counted from the one the run starts in, shape (n_steps,)."""
        into_s = (self.start - self.window_start).total_seconds() % HOUR_S
        return ((into_s + np.arange(self.n_steps) * self.step_s) // HOUR_S).astype(np.int64)

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Starts of the steps, shape (n_steps,)."""
        return pd.date_range(
            self.start, periods=self.n_steps, freq=pd.Timedelta(seconds=self.step_s), unit="ns"
        )

    @property
    def window_edges_s(self) -> Columns:
        """Edges of the window's hours, shape (window_hours + 1,). [s]."""
        offset_s = (self.window_start - self.start).total_seconds()
        return offset_s + np.arange(self.window_hours + 1, dtype=float) * HOUR_S

    @property
    def history_hours(self) -> int:
        """Hours of the window that begin before the run's first hour does. [h]."""
        return int((self.start - self.window_start).total_seconds() // HOUR_S)

    @property
    def foreign_hours(self) -> int:
        """Hours at the window's beginning that the run's own year of weather leaves over. [h]."""
        # That year holds the run, what follows it, and as much of what precedes it as is left: so
        # no hour of it comes twice, unless the run itself is longer than a year.
        return min(self.history_hours, max(0, self.window_hours - YEAR_H))

    def hourly(self, values: Columns) -> Series:
        """Return a series of values for the window's hours."""
        return Series(self.window_edges_s, values)


def _plans(scenario: Scenario) -> list[SignalPlan]:
    """Return how each signal of each site is forecast."""
    return [
        signal_plan(scenario.forecast, site.forecast, signal)
        for site in scenario.sites
        for signal in SIGNALS
    ]


def _history_h(scenario: Scenario, plans: list[SignalPlan]) -> int:
    if scenario.forecast.history_days is not None:
        return scenario.forecast.history_days * 24
    learns = any(plan.model not in _LEARNS_NOTHING or plan.quantiles for plan in plans)
    late_h = max(0, *(plan.latency_h for plan in plans), *_series_latencies_h(scenario))
    return (LEARNING_H if learns else HISTORY_H) + int(np.ceil(late_h))


def _series_latencies_h(scenario: Scenario) -> list[float]:
    """Return how late the values of the scenario's own series are published."""
    sources: list[object] = []
    for site in scenario.sites:
        sources += [site.base_load, getattr(site.solar, "series", None)]
        sources += [getattr(site.wind, "series", None)]
        if site.grid is not None:
            grid = site.grid
            sources += [grid.price, grid.average_carbon_intensity, grid.marginal_carbon_intensity]
    return [getattr(source, "latency_h", None) or 0.0 for source in sources]
