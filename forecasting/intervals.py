"""How far off forecasts were lately, as quantiles around the new ones that keep their promise."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from forecasting.base import ForecastSet
from forecasting.history import DAY_S, FloatArray, History, IntArray

FEWEST_ERRORS: Final = 10
"""Errors of a lead and hour of issue to be known before it gets quantiles. Assumption."""


def with_intervals(
    forecasts: ForecastSet,
    history: History,
    *,
    levels: Sequence[float] = (0.1, 0.5, 0.9),
    window_s: float = 90 * DAY_S,
    adaptation: float = 0.05,
) -> ForecastSet:
    """Return the forecasts with quantiles, each from the errors that were known when it was issued.

    A quantile is the forecast plus that quantile of the latest errors made with the same lead at
    the same time of day. Which quantile is looked up adapts (adaptive conformal inference [1]_):
    each day by ``adaptation`` times the share by which the values that became known missed it. If
    more than a tenth of them lay below the 10 % quantile, a lower one is looked up.

    Parameters
    ----------
    forecasts : ForecastSet
        Forecasts made without looking ahead, as `rolling_forecasts` does. Start them a window
        before quantiles are wanted: at first there are no errors to learn from.
    history : History
        The signal that was forecast.
    levels : sequence of float
        Rising levels between 0 and 1. [-]
    window_s : float
        How far back errors are looked at. [s]
    adaptation : float
        Step of the levels a day; 0 leaves them as they are. [-]

    Returns
    -------
    ForecastSet
        The same with quantiles, NaN where fewer than ten errors are known. They do not cross, and
        are not negative unless the signal was before.

    Raises
    ------
    ValueError
        If levels do not rise between 0 and 1, window_s is not positive or adaptation is negative.

    References
    ----------
    .. [1] I. Gibbs, E. Candes, "Adaptive conformal inference under distribution shift," NeurIPS
       34, 2021.
    """
    wanted = _checked(levels, window_s, adaptation)
    looked_up = wanted.copy()
    record = _Record(forecasts, history)
    quantiles = np.full((*forecasts.point.shape, len(wanted)), np.nan)
    for first in range(0, len(quantiles), record.day_count):
        fresh = record.learn(first)
        below = _share_below(record.truth[fresh], quantiles[fresh], wanted)
        looked_up = np.clip(looked_up + adaptation * (wanted - below), 0.0, 1.0)
        day = slice(first, first + record.day_count)
        error = _quantiles(record.errors_before(first, window_s), looked_up)
        found = forecasts.point[day, :, None] + error[: len(forecasts.point[day])]
        quantiles[day] = np.maximum(np.sort(found, axis=2), record.floor)
    return replace(forecasts, quantile_levels=wanted, quantiles=quantiles)


def _checked(levels: Sequence[float], window_s: float, adaptation: float) -> FloatArray:
    wanted = np.asarray(levels, dtype=np.float64)
    if len(wanted) == 0 or not (np.diff([0.0, *wanted, 1.0]) > 0).all():
        msg = f"levels must rise between 0 and 1; got {tuple(levels)}"
        raise ValueError(msg)
    if not (window_s > 0 and adaptation >= 0):
        msg = f"window_s must be positive, adaptation not negative; got {window_s}, {adaptation}"
        raise ValueError(msg)
    return wanted


class _Record:
    """What is known, day by day, of how the forecasts turned out."""

    def __init__(self, forecasts: ForecastSet, history: History) -> None:
        self.truth = np.full(forecasts.point.shape, np.nan)
        self.floor = 0.0  # or minus infinity once a negative value is known
        self._forecasts = forecasts
        self._history = history
        self._target = history.target_index(forecasts.issued_at_s, forecasts.point.shape[1])
        self._known_count = 0
        spacing_s = float(np.diff(forecasts.issued_at_s[:2], append=np.inf)[0])
        self.day_count = max(1, int(DAY_S // spacing_s))
        self._day_s = self.day_count * spacing_s
        # Hours of issue are told apart if each recurs after that many issues.
        self._by_hour = spacing_s >= DAY_S or self._day_s == DAY_S

    def learn(self, row: int) -> tuple[IntArray, IntArray]:
        """Take note of what became known until an issue; return rows and leads of that."""
        now_s = self._forecasts.issued_at_s[row : row + 1]
        known_count = self._history.known_count(now_s).item()
        index = np.arange(self._known_count, known_count)
        values = self._history.take(now_s, index[None, :])[0]
        if (values < 0).any():
            self.floor = -np.inf
        rows = slice(
            np.searchsorted(self._target[:, -1], self._known_count),
            np.searchsorted(self._target[:, 0], known_count),
        )
        target = self._target[rows]
        fresh_row, lead = np.nonzero((target >= self._known_count) & (target < known_count))
        fresh = (fresh_row + rows.start, lead)
        self.truth[fresh] = values[target[fresh_row, lead] - self._known_count]
        self._known_count = known_count
        return fresh

    def errors_before(self, row: int, window_s: float) -> FloatArray:
        """Return known errors, shape (errors, hours of issue or 1, horizon); NaN where unknown."""
        window_count = max(1, int(window_s // self._day_s)) * self.day_count
        past = slice(max(0, row - window_count), row)
        errors = self.truth[past] - self._forecasts.point[past]
        hour_count = self.day_count if self._by_hour else 1
        return errors.reshape(-1, hour_count, errors.shape[1])


def _share_below(truth: FloatArray, quantiles: FloatArray, wanted: FloatArray) -> FloatArray:
    # Share of values below their quantile of each level. A value on its quantile is on the side
    # that suits; one on all of them, as the night's zeros are, says nothing.
    unknown = np.isnan(truth) | np.isnan(quantiles[:, 0])
    heard = ~(unknown | (quantiles == truth[:, None]).all(axis=1))
    if not heard.any():
        return wanted
    value, bound = truth[heard, None], quantiles[heard]
    return np.clip(wanted, (value < bound).mean(axis=0), (value <= bound).mean(axis=0))


def _quantiles(errors: FloatArray, levels: FloatArray) -> FloatArray:
    # Quantiles over the first axis of what is not NaN, shape (hours, horizon, levels), at the
    # places level * (n + 1) of the order that conformal prediction asks for.
    ordered = np.sort(np.ascontiguousarray(np.moveaxis(errors, 0, 2)), axis=2)
    count = (~np.isnan(ordered)).sum(axis=2)[:, :, None]
    last = np.maximum(count - 1, 0)
    place = np.clip(levels * (count + 1) - 1, 0, last)
    low = np.floor(place).astype(np.int64)
    if not ordered.shape[2]:
        return np.full(place.shape, np.nan)
    below = np.take_along_axis(ordered, low, axis=2)
    above = np.take_along_axis(ordered, np.minimum(low + 1, last), axis=2)
    between = below + (place - low) * (above - below)
    return np.where(count >= FEWEST_ERRORS, between, np.nan)
