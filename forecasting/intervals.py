"""How far off forecasts were lately, turned into quantiles around the new ones.

Quantiles of a model's own training errors are too narrow: errors out of the sample are larger and
change with the season. So the errors of the forecasts issued over the last 90 days are taken, per
lead time, and their level is corrected by how often quantiles were missed since: adaptive conformal
inference [1]_. All is done once a day of issues, from what is known at the day's first issue.

References
----------
.. [1] I. Gibbs and E. Candes, "Adaptive Conformal Inference Under Distribution Shift," NeurIPS
   2021.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.base import ForecastSet
from forecasting.history import DAY_S, FloatArray, History, IntArray

_POOL: Final = 360
"""Issues whose errors are looked at; of more, as many are taken evenly."""
_FEWEST: Final = 10
"""Errors at a lead time below which those of all lead times stand in."""


def with_intervals(
    forecasts: ForecastSet,
    history: History,
    *,
    levels: Sequence[float] = (0.1, 0.5, 0.9),
    window_s: float = 90 * DAY_S,
    adaptation: float = 0.05,
) -> ForecastSet:
    """Return the forecasts with quantiles from the errors of those issued before them.

    Parameters
    ----------
    forecasts : ForecastSet
        Forecasts out of the sample, in order of issue. The first of them have no errors to look
        back on: their quantiles are NaN until some are known.
    history : History
        What they are forecasts of.
    levels : sequence of float
        Rising levels between 0 and 1. [-]
    window_s : float
        For how long an error counts. [s]
    adaptation : float
        How much a level moves for each day's share of misses; 0 keeps it. [-]

    Returns
    -------
    ForecastSet
        The same forecasts with quantiles that do not cross.

    Notes
    -----
    Errors are relative to the forecast where the signal and its forecasts have been positive over
    the window, else absolute; where the signal has never been negative, no quantile is.
    """
    nominal = np.asarray(levels, dtype=np.float64)
    quantiles = np.full((*forecasts.point.shape, len(nominal)), np.nan)
    target = history.target_index(forecasts.issued_at_s, forecasts.point.shape[1])
    level, seen = nominal.copy(), 0
    for rows in _days(forecasts.issued_at_s):
        past = _Past(forecasts, history, target, first=rows.start, window_s=window_s)
        level += adaptation * (nominal - past.share_below(quantiles, seen, nominal))
        seen = past.known_count
        quantiles[rows] = past.quantiles(forecasts.point[rows], np.maximum.accumulate(level))
    return replace(forecasts, quantile_levels=nominal, quantiles=quantiles)


def _days(issued_at_s: FloatArray) -> Iterator[slice]:
    """Yield the issues of each day."""
    day = issued_at_s // DAY_S
    edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)]
    yield from (slice(*bounds) for bounds in pairwise(edges))


class _Past:
    """What is known at the first issue of a day of the forecasts issued before it."""

    def __init__(
        self,
        forecasts: ForecastSet,
        history: History,
        target: IntArray,
        *,
        first: int,
        window_s: float,
    ) -> None:
        now_s = forecasts.issued_at_s[first : first + 1]
        since = int(np.searchsorted(forecasts.issued_at_s, now_s[0] - window_s))
        self._rows: NDArray[np.intp] = np.arange(since, first)
        self._target = target
        self.known_count = int(history.known_count(now_s)[0])
        self._begin = int(target[since, 0]) if first else self.known_count
        span = np.arange(self._begin, max(self._begin, self.known_count))
        self._truth = np.append(history.take(now_s, span[None])[0], np.nan)
        self._point = forecasts.point

    def share_below(self, quantiles: FloatArray, seen: int, nominal: FloatArray) -> FloatArray:
        """Return the share of what became known since that lies below each quantile."""
        target = self._target[self._rows]
        fresh = (target >= seen) & (target < self.known_count)
        issued = quantiles[self._rows][fresh]
        truth = self._truth_at(target[fresh])[:, None]
        told = np.isfinite(issued).all(axis=1) & np.isfinite(truth[:, 0])
        if not told.any():
            return nominal
        share: FloatArray = (truth <= issued)[told].mean(axis=0)
        return share

    def quantiles(self, point: FloatArray, level: FloatArray) -> FloatArray:
        """Return quantiles of new forecasts, shape (issues, horizon, q)."""
        pool = self._rows[:: -max(1, -(-len(self._rows) // _POOL))]
        issued, truth = self._point[pool], self._truth_at(self._target[pool])
        known = truth[np.isfinite(truth)]
        signs = np.concatenate([known, issued.ravel(), point.ravel()])
        is_relative = bool(known.size) and bool((signs[np.isfinite(signs)] > 0.0).all())
        errors = truth / issued - 1.0 if is_relative else truth - issued
        spread = _sorted_quantiles(errors, np.clip(level, 0.0, 1.0))
        shaped = point[..., None] * (1.0 + spread) if is_relative else point[..., None] + spread
        found: FloatArray = np.maximum(shaped, 0.0) if known.size and known.min() >= 0 else shaped
        return found

    def _truth_at(self, index: IntArray) -> FloatArray:
        """Return what is known of the signal, NaN elsewhere."""
        place = index - self._begin
        inside = (place >= 0) & (index < self.known_count)
        found: FloatArray = self._truth[np.where(inside, place, -1)]
        return found


def _sorted_quantiles(errors: FloatArray, level: FloatArray) -> FloatArray:
    """Return quantiles of the errors at each lead time, NaN left out, shape (horizon, q)."""
    everywhere = np.sort(errors[np.isfinite(errors)])
    if not everywhere.size:
        return np.full((errors.shape[1], len(level)), np.nan)
    pooled = np.quantile(everywhere, level)
    ordered = np.sort(errors, axis=0)  # NaN come last
    count = np.isfinite(errors).sum(axis=0)
    place = np.maximum(count[:, None] - 1, 0) * level
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count[:, None] - 1, 0))
    column = np.arange(errors.shape[1])[:, None]
    lower = ordered[low, column]
    found: FloatArray = lower + (place - low) * (ordered[high, column] - lower)
    return np.where(count[:, None] < _FEWEST, pooled, found)
