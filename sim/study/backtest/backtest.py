"""Backtests of forecasters on the user's own data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Final

import numpy as np

from forecasting.backtest import Backtest, Plan, backtest, with_honest_intervals
from forecasting.base import ForecastSet
from forecasting.data import Series
from sim.errors import DataError
from sim.study.bound.signal import Source, as_data_error, build_forecaster
from sim.units import HOUR_S

REFERENCE: Final = "seasonal-naive"
"""The model that all are held against; it is always there."""
_TEST_SHARE: Final = 0.25  # assumption: what is tested on if the user does not say
_MINUTE: Final = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a backtest tries.

    Attributes
    ----------
    models : tuple of str
        Forecasters, as `build_forecaster` takes them.
    horizon_h : float
        How far each forecast reaches. [h]
    issue_hour_h : float
        Hour of day of the first issue, UTC. [h]
    issue_every_h : float
        Time between two issues. [h]
    test_from, test_to : str or None
        First and last day, or moment, of issues; None for the last quarter of the data.
    train_from : str or None
        Nothing before is seen.
    gap_h : float
        Time between what a fit learns from and its first issue. [h]
    capacity : float or None
        What errors are divided by for nMAE, in the signal's unit. [any]
    highest : bool
        Whether the jobs of the decision value seek the highest values.
    seed : int
        For models that draw at random. [-]
    """

    models: tuple[str, ...]
    horizon_h: float
    issue_hour_h: float = 0.0
    issue_every_h: float = 24.0
    test_from: str | None = None
    test_to: str | None = None
    train_from: str | None = None
    gap_h: float = 0.0
    capacity: float | None = None
    highest: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Backtests of several models on one signal.

    Attributes
    ----------
    source : Source
        Where the signal is from.
    series : Series
        The signal.
    trial : Trial
        What was tried.
    results : dict
        Backtest by model; the reference is the last, unless it was asked for earlier.
    notes : tuple of str
        What the user should know.
    """

    source: Source
    series: Series
    trial: Trial
    results: dict[str, Backtest]
    notes: tuple[str, ...]


def run_backtest(
    source: Source,
    trial: Trial,
    *,
    on_progress: Callable[[str, float], None] = lambda _name, _fraction: None,
) -> Study:
    """Backtest models on a signal.

    Parameters
    ----------
    source : Source
        The signal.
    trial : Trial
        What to try.
    on_progress : callable
        Gets a model's name and the fraction of it that is done.

    Returns
    -------
    Study
        The results.

    Raises
    ------
    DataError
        If the data or the models cannot be used; the message says why.
    """
    series = source.read()
    plan = _plan(trial, series)
    history = source.history(series)
    choices = dict.fromkeys((*trial.models, REFERENCE))
    made = {name: build_forecaster(name, series, seed=trial.seed) for name in choices}
    results: dict[str, Backtest] = {}
    for name, forecaster in made.items():
        on_progress(name, 0.0)
        with as_data_error(name):
            results[name] = backtest(
                forecaster,
                history,
                series.values,
                plan=plan,
                on_progress=partial(on_progress, name),
            )
    return Study(source, series, trial, results, (*series.notes, *_remarks(trial, series, results)))


def issue_forecast(
    source: Source, model: str, *, horizon_h: float, at: str | None = None, seed: int = 0
) -> tuple[ForecastSet, Series]:
    """Forecast a signal once, with intervals from the errors of the 90 days before.

    Parameters
    ----------
    source : Source
        The signal.
    model : str
        Forecaster, as `build_forecaster` takes it.
    horizon_h : float
        How far the forecast reaches. [h]
    at : str or None
        When it is issued; None: when the data end.
    seed : int
        For models that draw at random. [-]

    Returns
    -------
    forecasts : ForecastSet
        The one forecast.
    series : Series
        The signal.

    Raises
    ------
    DataError
        If the data or the model cannot be used, or nothing is known by then.
    """
    series = source.read()
    issue_s = series.end_s if at is None else (moment(at) - series.origin).total_seconds()
    if not 0 < issue_s <= series.end_s:
        end = series.origin + timedelta(seconds=series.end_s)
        msg = f"A forecast can be issued from {series.origin:{_MINUTE}} to {end:{_MINUTE}} UTC."
        raise DataError(msg)
    plan = Plan(issue_s, issue_s, horizon_steps(horizon_h, series))
    with as_data_error(model):
        forecaster = build_forecaster(model, series, seed=seed)
        return with_honest_intervals(forecaster, source.history(series), plan), series


def moment(text: str, *, end_of_day: bool = False) -> datetime:
    """Read a day or a moment; a bare day begins, or ends, at midnight UTC.

    Parameters
    ----------
    text : str
        ISO 8601, e.g. 2021-07-01 or 2021-07-01T06:00Z; UTC unless it names a zone.
    end_of_day : bool
        Whether a bare day means its end.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    DataError
        If it is no time.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        msg = f'"{text}" is not a time such as 2021-07-01 or 2021-07-01T06:00Z.'
        raise DataError(msg) from None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    bare = len(text.strip()) <= len("2021-07-01")
    return found + timedelta(days=1) if bare and end_of_day else found


def _plan(trial: Trial, series: Series) -> Plan:
    """Place a trial on the series' clock, whose 0 is its origin."""
    first, last = _test_span(trial, series)
    issue = datetime.combine(first.date(), time(), UTC) + timedelta(hours=trial.issue_hour_h)
    while issue < first:
        issue += timedelta(hours=trial.issue_every_h)
    if issue >= last:
        msg = f"No forecast is issued from {first:{_MINUTE}} to {last:{_MINUTE}} UTC."
        raise DataError(msg)
    train_from = series.origin if trial.train_from is None else moment(trial.train_from)
    return Plan(
        first_issue_s=(issue - series.origin).total_seconds(),
        last_issue_s=(last - series.origin).total_seconds() - 1.0,  # the end itself does not count
        horizon_count=horizon_steps(trial.horizon_h, series),
        spacing_s=trial.issue_every_h * HOUR_S,
        train_from_s=(train_from - series.origin).total_seconds(),
        gap_s=trial.gap_h * HOUR_S,
        capacity=trial.capacity,
        highest=trial.highest,
    )


def _test_span(trial: Trial, series: Series) -> tuple[datetime, datetime]:
    """Return from when to when forecasts are issued."""
    end = series.origin + timedelta(seconds=series.end_s)
    since = series.origin + (end - series.origin) * (1 - _TEST_SHARE)
    first = since if trial.test_from is None else moment(trial.test_from)
    last = end if trial.test_to is None else moment(trial.test_to, end_of_day=True)
    if not series.origin < first < end:
        data = f"the data go from {series.origin:{_MINUTE}} to {end:{_MINUTE}} UTC"
        msg = f"The test begins {first:{_MINUTE}}, but {data}: nothing to learn from, or to score."
        raise DataError(msg)
    return first, min(last, end)


def horizon_steps(horizon_h: float, series: Series) -> int:
    """Return how many steps a horizon has.

    Parameters
    ----------
    horizon_h : float
        The horizon. [h]
    series : Series
        The signal.

    Returns
    -------
    int
        Steps. [-]

    Raises
    ------
    DataError
        If that is not a whole number.
    """
    count = horizon_h * HOUR_S / series.step_s
    if not (count >= 1 and count.is_integer()):
        step_h = series.step_s / HOUR_S
        msg = f"The horizon must be a whole number of steps of {step_h:g} h; got {horizon_h:g} h."
        raise DataError(msg)
    return int(count)


def _remarks(trial: Trial, series: Series, results: Mapping[str, Backtest]) -> list[str]:
    """Tell what was not scored, and which models had nothing to say."""
    end = series.origin + timedelta(seconds=series.end_s)
    notes = []
    if trial.test_to is not None and moment(trial.test_to, end_of_day=True) > end:
        notes.append(f"The data end {end:{_MINUTE}} UTC; nothing is issued after that.")
    issued = next(iter(results.values())).forecasts
    ends_s = issued.valid_start_s[:, None] + np.arange(1, issued.point.shape[1] + 1) * issued.step_s
    past = int((ends_s > series.end_s).sum())
    if past:
        notes.append(f"{past} of {ends_s.size} forecast values lie past the data's end and are not "
                     "scored.")
    for name, result in results.items():
        if missing := int(result.scorecard.overall["missing_count"] or 0):
            notes.append(f"{name} had no forecast for {missing} values; they are not scored.")
    return notes
