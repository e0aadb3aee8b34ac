"""Naive forecasters: the yardstick that anything learned has to beat."""

from typing import Final, Self

import numpy as np

from forecasting.base import ForecastSet, ModelCard
from forecasting.features import steps_per_day
from forecasting.history import HOUR_S, FloatArray, History

DAYS: Final = 7


class Persistence:
    """Hold the last known value; NaN where none is known."""

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the last known value for every interval."""
        last = history.last_known_index(issued_at_s)[:, None]
        point = np.repeat(history.take(issued_at_s, last), horizon_count, axis=1)
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)


class SeasonalNaive:
    """Repeat the season: each hour as it was one season before, or the latest season known.

    Where that value is missing, the same hour of the season before it, and so on; where there is
    none at all, the last known value; NaN where nothing is known.

    Parameters
    ----------
    season_h : float
        Length of the season: 24 repeats the day, 168 the week. [h]
    """

    def __init__(self, season_h: float = 24.0) -> None:
        self.season_h = season_h

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return for every interval the latest known value at the same place in the season."""
        same = history.last_same_phase_index(
            issued_at_s,
            history.target_index(issued_at_s, horizon_count),
            period_count=self._period_count(history),
        )
        last = history.last_known_index(issued_at_s)[:, None]
        point = history.take(issued_at_s, np.where(same < 0, last, same))
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

    def _period_count(self, history: History) -> int:
        count = self.season_h * HOUR_S / history.step_s
        if not (count >= 1 and count.is_integer()):
            step = f"{history.step_s / HOUR_S:g} h"
            msg = f"season_h must be a whole number of steps of {step}; got {self.season_h}"
            raise ValueError(msg)
        return int(count)


class WeeklyMean:
    """Mean of the latest seven known days at the target's hour.

    Days that lack the hour are passed over; where none has it, the last known value; NaN where
    nothing is known.
    """

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return for every interval the mean of the latest days at its time of day."""
        day_count = steps_per_day(history)
        # An hour today and the same hour tomorrow have the same past.
        target = history.target_index(issued_at_s, min(horizon_count, day_count))
        latest = history.same_phase_indices(
            issued_at_s, target, period_count=day_count, count=DAYS
        )
        mean = mean_of_known(np.stack([history.take(issued_at_s, index) for index in latest]))
        last = history.take(issued_at_s, history.last_known_index(issued_at_s)[:, None])
        point = np.where(np.isnan(mean), last, mean)[:, np.arange(horizon_count) % day_count]
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)


def mean_of_known(values: FloatArray) -> FloatArray:
    """Return the mean over the first axis of what is not NaN; NaN where there is nothing."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
