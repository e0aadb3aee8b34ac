"""Whether a forecaster keeps its contract; above all, whether it leaves the future alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.base import Forecaster, ForecastSet, ModelCard, stored_parameters
from forecasting.history import HOUR_S, FloatArray, ForecastError, History, LeakError, Place

_PAST_COUNT: Final = 1440  # hours to learn from: 60 days
_START_S: Final = -_PAST_COUNT * HOUR_S
_RUN_COUNT: Final = 240  # hours after them
_HORIZON_COUNT: Final = 30
_LAST_ISSUE_S: Final = (_RUN_COUNT - _HORIZON_COUNT) * HOUR_S
_CHANGES: Final = (-3.0, 1e12, np.nan)  # what unknown values are multiplied by; NaN: none are left
_ORIGIN: Final = datetime(2025, 6, 2, tzinfo=UTC)
_PLACE: Final = Place(latitude_deg=40.0, longitude_deg=-100.0)


def check_forecaster(forecaster: Forecaster) -> None:
    """Check that a forecaster keeps its contract; if not, say which part it breaks.

    It is built anew from its parameters, fitted and asked for forecasts of an artificial signal
    with a daily rhythm and gaps: once bare and published at once, once published late and beside a
    covariate, published later still, and an outlook (a forecast of the weather, say).

    Parameters
    ----------
    forecaster : Forecaster
        The forecaster; it is not changed.

    Raises
    ------
    ForecastError
        If it breaks a check: "constructor" (only stores its parameters), "oracle" (is not built
        with the truth), "shapes" (a forecast for each issue and interval, on the history's grid),
        "determinism" (equal to the bit when repeated), "one by one" (an issue alone gets the
        forecast that it gets among others), "fit" (values unknown at ``until_s`` change nothing),
        "non-anticipativity" (values unknown at an issue change nothing, and are not asked for).

    Notes
    -----
    Passing is no proof: a forecaster that has the truth from elsewhere looks honest here.
    """
    bare = _Trial(forecaster, np.arange(0, _LAST_ISSUE_S, 12 * HOUR_S))
    late_s = np.arange(0.5 * HOUR_S, _LAST_ISSUE_S, 24 * HOUR_S)  # between two hours
    for trial in (bare, _Trial(forecaster, late_s, 3 * HOUR_S, companions=True)):
        for name, check in _CHECKS.items():
            _run(name, check, trial)


@dataclass(frozen=True)
class _Trial:
    """An artificial signal, and a forecaster to be built anew and tried on it."""

    forecaster: Forecaster
    issues_s: FloatArray
    latency_s: float = 0.0
    companions: bool = False

    @cached_property
    def honest(self) -> ForecastSet:
        return self.forecasts(self.learned, self.history())

    @cached_property
    def learned(self) -> Forecaster:
        return self.fitted(self.history())

    def history(self, *, changed_from_s: float = np.inf, change: float = 1.0) -> History:
        # What is not known at changed_from_s is multiplied by `change`.
        later_s = self.latency_s + 2 * HOUR_S
        other = _signal(8, changed_from_s - later_s, change)
        covariates = {"other": History(other, _START_S, latency_s=later_s)}
        outlooks = {"weather": _outlook(changed_from_s, change)}
        return History(
            _signal(7, changed_from_s - self.latency_s, change),
            _START_S,
            latency_s=self.latency_s,
            origin=_ORIGIN,
            covariates=covariates if self.companions else {},
            outlooks=outlooks if self.companions else {},
            place=_PLACE,
        )

    def fitted(self, history: History) -> Forecaster:
        made: Forecaster = type(self.forecaster)(**stored_parameters(self.forecaster))
        return made.fit(history, 0.0)

    def forecasts(self, fitted: Forecaster, history: History) -> ForecastSet:
        return fitted.predict(history, self.issues_s, _HORIZON_COUNT)


def _signal(seed: int, changed_from_s: float, change: float) -> FloatArray:
    # Hours that end after changed_from_s are changed.
    hour = np.arange(_PAST_COUNT + _RUN_COUNT)
    noise = np.random.default_rng(seed).normal(size=hour.size)
    values = 100 + 30 * np.sin(2 * np.pi * hour / 24) + 5 * noise
    values[noise > 2.4] = np.nan  # about one hour in a hundred has no value
    values[_START_S + (hour + 1) * HOUR_S > changed_from_s] *= change
    return np.asarray(values)


def _outlook(changed_from_s: float, change: float) -> ForecastSet:
    # Issued every 6 h for two days; what is issued after changed_from_s is changed.
    issued_at_s = np.asarray(np.arange(-_PAST_COUNT, _RUN_COUNT, 6) * HOUR_S)
    point = np.random.default_rng(9).normal(10.0, 1.0, size=(len(issued_at_s), 48))
    point[issued_at_s > changed_from_s] *= change
    card = ModelCard("Weather", {}, trained_until_s=None, data_hash="")
    return ForecastSet(issued_at_s, issued_at_s, HOUR_S, point, card)


def _run(name: str, check: Callable[[_Trial], str], trial: _Trial) -> None:
    # A check returns what is wrong, or nothing.
    cause: Exception | None = None
    try:
        problem = check(trial)
    except LeakError as error:
        name, problem, cause = "non-anticipativity", str(error), error
    except ValueError as error:
        problem, cause = str(error), error
    if problem:
        msg = f'{type(trial.forecaster).__name__} failed the check "{name}": {problem}'
        raise ForecastError(msg) from cause


def _constructor(trial: _Trial) -> str:
    try:
        given = stored_parameters(trial.forecaster)
        kept = stored_parameters(type(trial.forecaster)(**given))
    except (AttributeError, TypeError) as error:
        return f"{error}; store each parameter, unchanged, as the attribute of its name"
    for name, value in given.items():
        if kept[name] is not value:
            return f"given {name}={value!r} it stored {kept[name]!r}; only store, change it in fit"
    return ""


def _oracle(trial: _Trial) -> str:
    asks = getattr(trial.forecaster, "needs_truth", False)
    return "it is built with the truth, so there is nothing it cannot see" if asks else ""


def _shapes(trial: _Trial) -> str:
    history, issues_s, found = trial.history(), trial.issues_s, trial.honest
    if not isinstance(found, ForecastSet):
        return f"predict returned {type(found).__name__}; return a ForecastSet"
    shape = (len(issues_s), _HORIZON_COUNT)
    if found.point.shape != shape:
        return f"point must have shape {shape}; got {found.point.shape}"
    starts_s = (history.valid_start_s(issues_s), found.valid_start_s)
    same_grid = np.array_equal(*starts_s) and history.step_s == found.step_s
    if not (same_grid and np.array_equal(issues_s, found.issued_at_s)):
        return "issue times or grid are not those asked for; use ForecastSet.on_grid"
    if found.quantiles is not None and (np.diff(found.quantiles, axis=2) < 0).any():
        return "quantiles cross: a higher level has a lower value"
    return ""


def _determinism(trial: _Trial) -> str:
    history = trial.history()
    if _differ(trial.honest, trial.forecasts(trial.learned, history)).any():
        return "predicting twice gives two forecasts; keep no state and fix the seed"
    anew = trial.forecasts(trial.fitted(history), history)
    differ = _differ(trial.honest, anew).any()
    return "fitting twice gives two forecasts; fix the seed" if differ else ""


def _one_by_one(trial: _Trial) -> str:
    history, issues_s = trial.history(), trial.issues_s
    for row in (0, len(issues_s) // 2):
        alone = trial.learned.predict(history, issues_s[row : row + 1], _HORIZON_COUNT)
        # Not to the bit: a matrix product may round otherwise for one row than for many.
        if not np.allclose(alone.point[0], trial.honest.point[row], rtol=1e-9, equal_nan=True):
            return f"issue {issues_s[row]:.12g} s alone is forecast otherwise than among others"
    return ""


def _fit(trial: _Trial) -> str:
    for change in _CHANGES:
        other = trial.fitted(trial.history(changed_from_s=0.0, change=change))
        if _differ(trial.honest, trial.forecasts(other, trial.history())).any():
            return "values that are unknown at until_s change what it learns"
    return ""


def _non_anticipativity(trial: _Trial) -> str:
    issues_s = trial.issues_s
    for last in (0, len(issues_s) // 3, len(issues_s) - 1):
        for change in _CHANGES:
            changed = trial.history(changed_from_s=issues_s[last], change=change)
            found = trial.forecasts(trial.learned, changed)
            rows = np.flatnonzero(_differ(trial.honest, found)[: last + 1])
            if rows.size:
                return (
                    f"the forecast issued at {issues_s[rows[0]]:.12g} s changes with values "
                    f"unknown at {issues_s[last]:.12g} s; read the past through History.take alone"
                )
    return ""


def _differ(one: ForecastSet, other: ForecastSet) -> NDArray[np.bool_]:
    # The issues whose forecasts differ in any bit.
    rows: NDArray[np.bool_] = np.any(_bits(one) != _bits(other), axis=1)
    return rows


def _bits(forecasts: ForecastSet) -> NDArray[np.int64]:
    parts = [forecasts.point]
    if forecasts.quantiles is not None:
        parts.append(forecasts.quantiles.reshape(len(forecasts.point), -1))
    return np.concatenate(parts, axis=1).view(np.int64)


_CHECKS: Final[Mapping[str, Callable[[_Trial], str]]] = MappingProxyType(
    {
        "constructor": _constructor,
        "oracle": _oracle,
        "shapes": _shapes,
        "determinism": _determinism,
        "one by one": _one_by_one,
        "fit": _fit,
        "non-anticipativity": _non_anticipativity,
    }
)
