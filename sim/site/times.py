"""The times of a run: its steps, and the hourly window around it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.scenario.schema.scenario import Scenario
from sim.scenario.series.piecewise import Series
from sim.units import HOUR_S, MINUTE_S

Columns = NDArray[np.float64]

HISTORY_H = 216
"""Hours before the run that forecasters can look back on: nine days."""


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
        ahead_h = int(np.ceil(scenario.duration_h)) + scenario.forecast.horizon_h + 2
        return cls(
            start=scenario.start,
            step_s=scenario.step_min * MINUTE_S,
            n_steps=round(scenario.duration_h * HOUR_S / (scenario.step_min * MINUTE_S)),
            window_start=floor - timedelta(hours=HISTORY_H),
            window_hours=HISTORY_H + ahead_h,
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

    def hourly(self, values: Columns) -> Series:
        """Return a series of values for the window's hours."""
        return Series(self.window_edges_s, values)
