"""How a forecaster would have done: forecasts as they would have been issued, beside what came."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from forecasting import scores
from forecasting.base import Forecaster, ForecastSet
from forecasting.decision import DecisionValue, Job, decision_value
from forecasting.features import steps_per_day
from forecasting.history import DAY_S, HOUR_S, FloatArray, History
from forecasting.intervals import with_intervals
from forecasting.models import SeasonalNaive
from forecasting.rolling import REFIT_S, rolling_forecasts
from forecasting.scorecard import Row, Scorecard, scorecard

LEVELS: Final = (0.1, 0.5, 0.9)
WARM_UP_S: Final = 90 * DAY_S
"""Intervals learn from the errors of this long before the first issue."""
_JOB_S: Final = 4 * HOUR_S
_ISSUING: Final = 0.6  # assumption: part of the work that is not for the decision value


@dataclass(frozen=True, slots=True)
class Plan:
    """Which forecasts are issued, and what they are held against.

    Attributes
    ----------
    first_issue_s, last_issue_s : float
        Issue times of the first and, at the latest, of the last forecast. [s]
    horizon_count : int
        Steps that each covers. [-]
    spacing_s : float
        Time between two issues. [s]
    train_from_s : float or None
        Nothing before is seen; None: all is. [s]
    gap_s : float
        A fit takes what was known this long before its first issue. [s]
    refit_s : float
        Time between two fits. [s]
    capacity : float or None
        What errors are divided by for nMAE, in the signal's unit; None leaves it out. [any]
    arrivals_s : float
        Time between the arrivals of two jobs of the decision value. [s]
    highest : bool
        Whether these jobs seek the highest values, as of solar power, not the lowest.
    """

    first_issue_s: float
    last_issue_s: float
    horizon_count: int
    spacing_s: float = DAY_S
    train_from_s: float | None = None
    gap_s: float = 0.0
    refit_s: float = REFIT_S
    capacity: float | None = None
    arrivals_s: float = 6 * HOUR_S
    highest: bool = False

    def issues_s(self, *, every_s: float) -> FloatArray:
        """Return issue times from the first to the last, shape (issues,). [s]."""
        count = int((self.last_issue_s - self.first_issue_s) // every_s) + 1
        return np.asarray(self.first_issue_s + np.arange(count) * every_s)


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Forecasts of one model beside what came, and their scores.

    Attributes
    ----------
    forecasts : ForecastSet
        The forecasts with their quantiles; the card has the scores over all leads as metrics.
    truth : ndarray of float, shape (issues, horizon)
        What came; NaN where the data have no value or have ended. [any]
    scorecard : Scorecard
        The scores.
    decision, decision_contiguous : DecisionValue or None
        What a job of 4 h in a window of 24 h gains, interruptible or not; None where the step is
        too long for one.
    """

    forecasts: ForecastSet
    truth: FloatArray
    scorecard: Scorecard
    decision: DecisionValue | None = None
    decision_contiguous: DecisionValue | None = None


def backtest(
    forecaster: Forecaster,
    history: History,
    truth: FloatArray,
    *,
    plan: Plan,
    on_progress: Callable[[float], None] = lambda _fraction: None,
) -> Backtest:
    """Forecast a past time from what was known, again and again, and score it.

    Parameters
    ----------
    forecaster : Forecaster
        The model; it is fitted anew every ``plan.refit_s``.
    history : History
        The signal with its covariates.
    truth : ndarray of float, shape (n,)
        The signal on the history's grid, NaN where nothing shall be scored. [any]
    plan : Plan
        Which forecasts.
    on_progress : callable
        Gets the fraction that is done.

    Returns
    -------
    Backtest
        The forecasts and their scores; skill is that against the day before repeated.

    Raises
    ------
    TooShortError
        If there is too little history before the first issue.
    """
    told = _Told(forecaster, plan, on_progress)
    issued = with_honest_intervals(told, history, plan)
    came = scores.truth_for(issued, truth, start_s=history.start_s)
    card = scorecard(issued, came, history, capacity=plan.capacity)
    told.begin, told.share = _ISSUING, 1 - _ISSUING
    found = Backtest(issued, came, card, *_decisions(told, issued, history, truth, plan))
    on_progress(1.0)
    metrics = {name: value for name, value in _metrics(found).items() if value is not None}
    judged = replace(issued, card=replace(issued.card, metrics=metrics))
    return replace(found, forecasts=judged)


def with_honest_intervals(forecaster: Forecaster, history: History, plan: Plan) -> ForecastSet:
    """Return all forecasts of a plan, with quantiles from errors made before each issue.

    Parameters
    ----------
    forecaster : Forecaster
        The model.
    history : History
        The signal with its covariates.
    plan : Plan
        Which forecasts.

    Returns
    -------
    ForecastSet
        The forecasts. Those of the 90 days before the first issue, whose errors the first
        quantiles come from, repeat the day before where there is too little history for the model.
    """
    issues_s = plan.issues_s(every_s=plan.spacing_s)
    begin_s = history.start_s if plan.train_from_s is None else plan.train_from_s
    room_s = min(WARM_UP_S, plan.first_issue_s - begin_s)
    early_count = max(int(room_s // plan.spacing_s), 0)
    early_s = np.asarray(plan.first_issue_s - plan.spacing_s * np.arange(early_count, 0, -1))
    parts = [
        rolling_forecasts(
            forecaster,
            history,
            times_s,
            plan.horizon_count,
            refit_s=plan.refit_s,
            gap_s=plan.gap_s,
            train_from_s=plan.train_from_s,
            fallback=fallback,
        )
        for times_s, fallback in ((early_s, SeasonalNaive()), (issues_s, None))
        if times_s.size
    ]
    every = ForecastSet.on_grid(
        history,
        np.concatenate([part.issued_at_s for part in parts]),
        point=np.concatenate([part.point for part in parts]),
        card=parts[-1].card,
    )
    return _rows(with_intervals(every, history, levels=LEVELS), early_count)


class _Told:
    """A forecaster that tells how far the work has come whenever it learns anew."""

    def __init__(
        self, forecaster: Forecaster, plan: Plan, on_progress: Callable[[float], None]
    ) -> None:
        self._forecaster = forecaster
        self._plan = plan
        self._on_progress = on_progress
        self.begin, self.share = 0.0, _ISSUING

    def fit(self, history: History, until_s: float) -> Self:
        since_s = self._plan.first_issue_s - (0.0 if self.begin else WARM_UP_S)
        done = (until_s - since_s) / (self._plan.last_issue_s - since_s + self._plan.spacing_s)
        self._on_progress(self.begin + self.share * min(max(done, 0.0), 1.0))
        self._forecaster.fit(history, until_s)
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        return self._forecaster.predict(history, issued_at_s, horizon_count)


def _rows(forecasts: ForecastSet, first: int) -> ForecastSet:
    quantiles = forecasts.quantiles
    return replace(
        forecasts,
        issued_at_s=forecasts.issued_at_s[first:],
        valid_start_s=forecasts.valid_start_s[first:],
        point=forecasts.point[first:],
        quantiles=None if quantiles is None else quantiles[first:],
    )


def _decisions(
    forecaster: Forecaster, issued: ForecastSet, history: History, truth: FloatArray, plan: Plan
) -> tuple[DecisionValue | None, DecisionValue | None]:
    """Return what interruptible jobs and others gain from the forecasts issued as they arrive."""
    job = Job(max(round(_JOB_S / history.step_s), 1), steps_per_day(history), highest=plan.highest)
    if job.window_count == job.duration_count:
        return None, None
    if plan.arrivals_s != plan.spacing_s or plan.horizon_count < job.window_count:
        issued = rolling_forecasts(
            forecaster,
            history,
            plan.issues_s(every_s=plan.arrivals_s),
            job.window_count,
            refit_s=plan.refit_s,
            gap_s=plan.gap_s,
            train_from_s=plan.train_from_s,
        )
    came = scores.truth_for(issued, truth, start_s=history.start_s)
    contiguous = replace(job, contiguous=True)
    return decision_value(issued, came, job=job), decision_value(issued, came, job=contiguous)


def _metrics(found: Backtest) -> Row:
    one, other = found.decision, found.decision_contiguous
    return found.scorecard.overall | {
        "decision_value_fraction": one.captured_fraction if one else None,
        "decision_value_contiguous_fraction": other.captured_fraction if other else None,
    }
