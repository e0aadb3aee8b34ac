"""The forecaster that is allowed to see the truth: a bound, not a forecast."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from forecasting.base import ForecastSet, ModelCard
from forecasting.history import HOUR_S, FloatArray, History


class Perfect:
    """Say exactly what will come.

    It is handed the truth at construction and never reads the history, whose guard therefore holds
    for everyone. ``needs_truth`` tells who builds forecasters to hand it over.

    Parameters
    ----------
    truth : array_like of float, shape (n,)
        The signal, past and future, NaN where there is no value. [any]
    start_s : float
        Start of the first interval, seconds since the scenario's start. [s]
    step_s : float
        Length of each interval. [s]
    """

    needs_truth: ClassVar[bool] = True

    def __init__(self, truth: ArrayLike, *, start_s: float, step_s: float = HOUR_S) -> None:
        self.truth = truth
        self.start_s = start_s
        self.step_s = step_s

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing: everything is known."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the truth, bit for bit; NaN before its first and after its last value."""
        grid = History(self.truth, start_s=self.start_s, step_s=self.step_s)
        present_s = grid.valid_start_s(issued_at_s)
        if grid.step_s != history.step_s or (present_s != history.valid_start_s(issued_at_s)).any():
            msg = "truth and history must have the same step and edges"
            raise ValueError(msg)
        padded = np.append(np.asarray(self.truth, dtype=np.float64), np.nan)
        target = grid.target_index(issued_at_s, horizon_count)
        inside = (target >= 0) & (target < len(padded) - 1)
        card = ModelCard("Perfect", {}, trained_until_s=None, data_hash=grid.data_hash)
        return ForecastSet.on_grid(
            grid, issued_at_s, point=padded[np.where(inside, target, -1)], card=card
        )
