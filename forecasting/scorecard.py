"""All scores of a set of forecasts: over all leads, by day of lead, by lead and by hour."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting import scores
from forecasting.base import ForecastSet
from forecasting.clock import posix_s
from forecasting.features import steps_per_day
from forecasting.history import DAY_S, HOUR_S, FloatArray, History, IntArray
from forecasting.models import SeasonalNaive
from forecasting.sun import cosine_of_zenith

Row = dict[str, scores.Score]
"""Scores by name with unit; None where a score has no meaning."""


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """Scores of forecasts.

    Attributes
    ----------
    overall : dict
        Scores over all leads: ``mae``, ``rmse``, ``mape_fraction``, ``skill_fraction`` (against the
        day before repeated), ``rank_correlation``, ``pinball``, ``coverage_fraction``,
        ``worst_30_days_coverage_fraction``, ``nmae_fraction``, ``nmae_daylight_fraction``,
        ``scored_count``, ``missing_count`` (hours without a forecast).
    lead_days : list of dict
        The same for each day of lead, the first first.
    mae_by_lead : ndarray of float, shape (horizon,)
        Mean absolute error by step of lead; NaN where nothing is known. [any]
    mae_by_hour : ndarray of float, shape (24,)
        Mean absolute error by the target's hour of day, UTC. [any]
    reliability : ndarray of float, shape (q,)
        How often the truth was at or below each quantile. [-]
    """

    overall: Row
    lead_days: list[Row]
    mae_by_lead: FloatArray
    mae_by_hour: FloatArray
    reliability: FloatArray


def scorecard(
    forecasts: ForecastSet, truth: FloatArray, history: History, *, capacity: float | None = None
) -> Scorecard:
    """Score forecasts.

    Parameters
    ----------
    forecasts : ForecastSet
        The forecasts.
    truth : ndarray of float, shape (issues, horizon)
        What came, as `scores.truth_for` gives it. [any]
    history : History
        The signal; with a place it tells day from night.
    capacity : float or None
        What errors are divided by for nMAE, in the signal's unit; None leaves it out. [any]

    Returns
    -------
    Scorecard
        The scores.
    """
    horizon_count = forecasts.point.shape[1]
    target = history.target_index(forecasts.issued_at_s, horizon_count)
    part = _Part.of(forecasts, truth, history, target)
    day_count = steps_per_day(history)
    error = np.abs(forecasts.point - truth)
    lead = np.broadcast_to(np.arange(horizon_count), error.shape)
    hour = (posix_s(history, target) % DAY_S // HOUR_S).astype(np.int64)
    return Scorecard(
        overall=part.row(capacity),
        lead_days=[
            part.leads(slice(first, first + day_count)).row(capacity)
            for first in range(0, horizon_count, day_count)
        ],
        mae_by_lead=_means(error, lead, horizon_count),
        mae_by_hour=_means(error, hour, 24),
        reliability=scores.reliability(part.quantiles, truth),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Forecasts of some leads and what belongs to them, each of shape (issues, leads, ...)."""

    point: FloatArray
    truth: FloatArray
    naive: FloatArray
    quantiles: FloatArray
    daylight: NDArray[np.bool_]  # nowhere, if the place is not known
    issued_at_s: FloatArray
    levels: FloatArray

    @classmethod
    def of(
        cls, forecasts: ForecastSet, truth: FloatArray, history: History, target: IntArray
    ) -> "_Part":
        issued_at_s, horizon_count = forecasts.issued_at_s, target.shape[1]
        none = np.empty((*target.shape, 0))
        lit = np.zeros(target.shape, dtype=np.bool_)
        return cls(
            forecasts.point,
            truth,
            SeasonalNaive().predict(history, issued_at_s, horizon_count).point,
            none if forecasts.quantiles is None else forecasts.quantiles,
            lit if history.place is None else cosine_of_zenith(history, target) > 0,
            issued_at_s,
            forecasts.quantile_levels,
        )

    def leads(self, some: slice) -> "_Part":
        return replace(
            self,
            point=self.point[:, some],
            truth=self.truth[:, some],
            naive=self.naive[:, some],
            quantiles=self.quantiles[:, some],
            daylight=self.daylight[:, some],
        )

    def row(self, capacity: float | None) -> Row:
        point, truth, naive, quantiles = self.point, self.truth, self.naive, self.quantiles
        known = np.isfinite(truth)
        found: Row = {
            "mae": scores.mean_absolute_error(point, truth),
            "rmse": scores.root_mean_square_error(point, truth),
            "mape_fraction": scores.mean_absolute_percentage_error(point, truth),
            "skill_fraction": scores.skill(point, naive, truth),
            "rank_correlation": scores.rank_correlation(point, truth),
            "scored_count": float((known & np.isfinite(point)).sum()),
            "missing_count": float((known & ~np.isfinite(point)).sum()),
        }
        if len(self.levels):
            worst = scores.worst_window_coverage(quantiles, truth, self.issued_at_s)
            found |= {
                "pinball": scores.pinball_loss(quantiles, self.levels, truth),
                "coverage_fraction": scores.coverage(quantiles, truth),
                "worst_30_days_coverage_fraction": worst,
            }
        if capacity is not None:
            found["nmae_fraction"] = scores.normalised_error(point, truth, capacity=capacity)
            found["nmae_daylight_fraction"] = scores.normalised_error(
                point, truth, capacity=capacity, where=self.daylight
            )
        return found


def _means(error: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Return the mean error in each group; NaN where nothing is known."""
    known = np.isfinite(error)
    total = np.bincount(group[known], error[known], minlength=count)
    hours = np.bincount(group[known], minlength=count)
    return np.where(hours > 0, total / np.maximum(hours, 1), np.nan)
