"""Forecasts as a service would have issued them: learned anew now and then, from the past alone."""

from dataclasses import replace
from typing import Final

import numpy as np

from forecasting.base import Forecaster, ForecastSet
from forecasting.history import DAY_S, FloatArray, History, TooShortError, issue_times

REFIT_S: Final = 30 * DAY_S


def rolling_forecasts(  # noqa: PLR0913 - one call that says all of a rolling origin
    forecaster: Forecaster,
    history: History,
    issued_at_s: FloatArray,
    horizon_count: int,
    *,
    refit_s: float = REFIT_S,
    gap_s: float = 0.0,
    train_from_s: float | None = None,
    fallback: Forecaster | None = None,
) -> ForecastSet:
    """Return forecasts by a model that is fitted anew every so often, each from what was known.

    Parameters
    ----------
    forecaster : Forecaster
        What learns and forecasts; left as it was fitted last.
    history : History
        The signal.
    issued_at_s : ndarray of float, shape (issues,)
        Issue times, rising by equal amounts. [s]
    horizon_count : int
        Intervals that each forecast covers. [-]
    refit_s : float
        Time between two fits, the first at the first issue. [s]
    gap_s : float
        A fit takes values known this long before its issue, none later. [s]
    train_from_s : float or None
        Neither fits nor forecasts see anything before; None: they see all. [s]
    fallback : Forecaster or None
        What forecasts until the next fit where there is too little history to learn from.

    Returns
    -------
    ForecastSet
        All forecasts. The card is that of the last fit, with the CPU seconds of all fits; its
        ``fallback_until_s`` says from when on the model itself speaks.

    Raises
    ------
    TooShortError
        If there is too little history and no fallback.
    ValueError
        If refit_s is not positive or gap_s is negative.
    """
    if not (refit_s > 0 and gap_s >= 0):
        msg = f"refit_s must be positive and gap_s not negative; got {refit_s} and {gap_s}"
        raise ValueError(msg)
    times_s = issue_times(issued_at_s)
    if train_from_s is not None:
        history = history.since(train_from_s)
    parts: list[ForecastSet] = []
    learned_from_s = np.inf  # issue from which on the model itself speaks
    for issues_s in _between_fits(times_s, refit_s):
        until_s = issues_s[0] - gap_s
        try:
            part = forecaster.fit(history, until_s).predict(history, issues_s, horizon_count)
            learned_from_s = min(learned_from_s, float(issues_s[0]))
        except TooShortError:
            if fallback is None:
                raise
            part = fallback.fit(history, until_s).predict(history, issues_s, horizon_count)
            learned_from_s = np.inf
        parts.append(part)
    fallback_until_s = None if learned_from_s == times_s[0] else learned_from_s
    return _joined(parts, history, times_s, fallback_until_s)


def _between_fits(times_s: FloatArray, refit_s: float) -> list[FloatArray]:
    # Issues by the fit they come from.
    fit = (times_s - times_s[0]) // refit_s
    return np.split(times_s, np.flatnonzero(np.diff(fit)) + 1)


def _joined(
    parts: list[ForecastSet], history: History, times_s: FloatArray, fallback_until_s: float | None
) -> ForecastSet:
    last = parts[-1]
    card = replace(
        last.card,
        fit_s=sum(part.card.fit_s for part in parts),
        fallback_until_s=fallback_until_s,
    )
    quantiles = [part.quantiles for part in parts if part.quantiles is not None]
    return ForecastSet.on_grid(
        history,
        times_s,
        point=np.concatenate([part.point for part in parts]),
        card=card,
        quantile_levels=last.quantile_levels,
        quantiles=np.concatenate(quantiles) if quantiles else None,
    )
