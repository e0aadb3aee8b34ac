"""The usual value of an hour: by month, kind of day and time of day."""

from typing import Final, Self

import numpy as np

from forecasting.base import ForecastSet, ModelCard
from forecasting.calendar import calendar_features
from forecasting.clock import posix_s
from forecasting.features import steps_per_day
from forecasting.history import HOUR_S, FloatArray, History, IntArray

_MONTHS: Final = 12
_PRIOR_DAYS: Final = 7.0  # assumption: as many days as the coarser mean counts for


class Climatology:
    """Mean of the past by time of day, working day or weekend, and month, in UTC.

    A mean of few days is drawn towards that over all months, which is drawn towards that over all
    days, so that a first year has its forecasts too. NaN where nothing was known.
    """

    def fit(self, history: History, until_s: float) -> Self:
        """Learn the means from all that is known by then."""
        issue_s = np.array([until_s])
        index = np.arange(history.known_count(issue_s)[0])
        values = history.take(issue_s, index[None, :])[0]
        index, values = index[~np.isnan(values)], values[~np.isnan(values)]
        day_count = steps_per_day(history)
        time_of_day, kind, month = _cells(history, index)
        means = np.full(day_count, values.mean() if values.size else np.nan)
        hour = _drawn(time_of_day, values, means)
        by_kind = _drawn(time_of_day * 2 + kind, values, np.repeat(hour, 2))
        cell = (time_of_day * 2 + kind) * _MONTHS + month
        self.usual_ = _drawn(cell, values, np.repeat(by_kind, _MONTHS))
        self.trained_until_s = until_s
        self.trained_from_s = history.start_s
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return for every interval what was usual when it learned."""
        target = history.target_index(issued_at_s, horizon_count)
        time_of_day, kind, month = _cells(history, target)
        point = self.usual_[(time_of_day * 2 + kind) * _MONTHS + month]
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

def _drawn(cell: IntArray, values: FloatArray, coarser: FloatArray) -> FloatArray:
    """Return the mean in each cell, drawn towards the coarser one."""
    count = np.bincount(cell, minlength=len(coarser))
    total = np.bincount(cell, values, minlength=len(coarser))
    drawn: FloatArray = (total + _PRIOR_DAYS * coarser) / (count + _PRIOR_DAYS)
    return drawn


def _cells(history: History, index: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return time of day in steps, 1 on weekends, and the month from 0."""
    calendar = calendar_features(history, index)
    time_of_day = calendar["hour_of_day"] * HOUR_S // history.step_s
    seconds = posix_s(history, index).astype("datetime64[s]")
    month = seconds.astype("datetime64[M]").astype(np.int64) % _MONTHS
    return time_of_day.astype(np.int64), calendar["weekend"].astype(np.int64), month
