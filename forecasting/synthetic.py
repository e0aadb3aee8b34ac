"""Forecasts of a chosen quality: the truth with errors put on it, to see what quality is worth.

Errors are fractions of the usual level: the mean of what came at that time of day in the month
around. So the sun's forecast has none at night, and errors measured on one signal serve another of
another size or unit. Where the truth is never negative, neither are the forecasts. Like `Perfect`,
these are built with the truth and never read the history; all errors follow from the seed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import lfilter

from forecasting.base import ForecastSet, ModelCard
from forecasting.errors import MeasuredErrors, day_shape, errors_of_seasonal_naive, usual
from forecasting.history import DAY_S, HOUR_S, FloatArray, History, IntArray
from forecasting.oracle import Perfect
from forecasting.scores import truth_for

GROWTH: Final = 0.27
"""Power of the lead by which spread grows: ridge on nine regions' carbon, 7.6 % error in the middle
of day 1, 12.9 % in that of day 4, without weather forecasts."""


class WhiteError:
    """The truth with errors that know nothing of each other: no model of real ones.

    Parameters
    ----------
    truth : array_like of float, shape (n,)
        The signal, past and future, NaN where there is no value. [any]
    start_s : float
        Start of the first interval. [s]
    step_s : float
        Length of each interval. [s]
    spread_fraction : float or array_like of float, shape (leads,)
        Standard deviation over the usual level, for all leads or by step of lead. [-]
    seed : int
        Same seed, same errors. [-]
    """

    needs_truth: ClassVar[bool] = True

    def __init__(
        self,
        truth: ArrayLike,
        *,
        start_s: float,
        step_s: float = HOUR_S,
        spread_fraction: ArrayLike = 0.1,
        seed: int = 0,
    ) -> None:
        self.truth = truth
        self.start_s = start_s
        self.step_s = step_s
        self.spread_fraction = spread_fraction
        self.seed = seed

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the truth with its errors; those of an hour differ between leads in size alone."""
        exact = _exact(self, history, issued_at_s, horizon_count)
        return _with_noise(self, exact, _by_lead(self.spread_fraction, horizon_count), phi=0.0)


class AR1Error:
    """The truth with errors that last some hours and grow with the lead.

    Parameters
    ----------
    truth : array_like of float, shape (n,)
        The signal, past and future, NaN where there is no value. [any]
    start_s : float
        Start of the first interval. [s]
    step_s : float
        Length of each interval. [s]
    spread_fraction : float or array_like of float, shape (leads,)
        Standard deviation over the usual level: 24 h ahead, from where it grows with the power 0.27
        of the lead; or by step of lead, as `MeasuredErrors.spread` gives it. [-]
    phi : float
        Correlation of errors an hour apart, 0.87 to 0.97 in real forecasts. [-]
    seed : int
        Same seed, same errors. [-]
    """

    needs_truth: ClassVar[bool] = True

    def __init__(
        self,
        truth: ArrayLike,
        *,
        start_s: float,
        step_s: float = HOUR_S,
        spread_fraction: ArrayLike = 0.1,
        phi: float = 0.9,
        seed: int = 0,
    ) -> None:
        self.truth = truth
        self.start_s = start_s
        self.step_s = step_s
        self.spread_fraction = spread_fraction
        self.phi = phi
        self.seed = seed

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the truth with its errors; those of an hour differ between leads in size alone."""
        exact = _exact(self, history, issued_at_s, horizon_count)
        spread = _by_lead(self.spread_fraction, horizon_count)
        if np.ndim(self.spread_fraction) == 0:
            lead_days = (1 + np.arange(horizon_count)) * self.step_s / DAY_S
            spread = spread * lead_days**GROWTH
        return _with_noise(self, exact, spread, phi=_by_step(self.phi, self.step_s))


class BootstrapError:
    """The truth with whole days of errors that a forecast really made: the most faithful.

    What a forecast misses of a day's own shape is missed of the new day's; the rest of its errors
    is drawn, an issue's as a whole.

    Parameters
    ----------
    truth : array_like of float, shape (n,)
        The signal, past and future, NaN where there is no value. [any]
    start_s : float
        Start of the first interval. [s]
    step_s : float
        Length of each interval. [s]
    errors : MeasuredErrors or None
        Whence to draw; None for those of the day before repeated, over the 90 days known before
        the fit. [-]
    scale_ratio : float
        By what to multiply them. [-]
    seed : int
        Same seed, same errors. [-]
    """

    needs_truth: ClassVar[bool] = True

    def __init__(
        self,
        truth: ArrayLike,
        *,
        start_s: float,
        step_s: float = HOUR_S,
        errors: MeasuredErrors | None = None,
        scale_ratio: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.truth = truth
        self.start_s = start_s
        self.step_s = step_s
        self.errors = errors
        self.scale_ratio = scale_ratio
        self.seed = seed

    def fit(self, history: History, until_s: float) -> Self:
        """Keep in mind from when on errors must not be known."""
        self.trained_until_s = until_s
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the truth with the errors of an issue at the same time of day, drawn at random.

        Parameters
        ----------
        history : History
            Gives the grid, and the past in which errors are measured if there are none.
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]
        horizon_count : int
            Steps that each forecast covers. [-]

        Returns
        -------
        ForecastSet
            One forecast for each issue.

        Raises
        ------
        ValueError
            If errors were measured over fewer steps.
        """
        errors = self.errors
        if errors is None:
            errors = errors_of_seasonal_naive(history, self.trained_until_s, horizon_count)
        exact = _exact(self, history, issued_at_s, horizon_count)
        if (measured := errors.relative.shape[1]) < horizon_count:
            msg = f"errors measured over {measured} steps do not serve a horizon of {horizon_count}"
            raise ValueError(msg)
        shape = day_shape(
            exact,
            np.asarray(self.truth, dtype=np.float64),
            start_s=self.start_s,
            day_count=errors.day_count,
        )
        missed = errors.missed_fraction[:horizon_count] * shape
        rest = errors.rest[self._drawn(errors, exact), :horizon_count]
        error = self.scale_ratio * (rest - missed)
        return _with_errors(exact, error, self.truth, self.start_s, card=_card(self, exact))

    def _drawn(self, errors: MeasuredErrors, exact: ForecastSet) -> IntArray:
        """Return a row of errors for each issue; which one depends on the issue's time alone."""
        count = len(np.asarray(self.truth))
        lots = np.random.default_rng(self.seed).integers(2**31, size=count)
        place = np.rint((exact.valid_start_s - self.start_s) / self.step_s).astype(np.int64)
        lot = lots[place % count]
        steps = np.floor(exact.valid_start_s / self.step_s).astype(np.int64)
        time_of_day = steps % round(DAY_S / self.step_s)
        rows = np.empty(len(steps), dtype=np.int64)
        for part in np.unique(time_of_day):
            here = time_of_day == part
            same = np.flatnonzero(errors.time_of_day == part)
            choice = same if same.size else np.arange(len(errors.relative))
            rows[here] = choice[lot[here] % len(choice)]
        return rows


def _exact(
    model: WhiteError | AR1Error | BootstrapError,
    history: History,
    issued_at_s: FloatArray,
    horizon_count: int,
) -> ForecastSet:
    """Return the truth as forecasts, which errors are put on."""
    perfect = Perfect(model.truth, start_s=model.start_s, step_s=model.step_s)
    return perfect.predict(history, issued_at_s, horizon_count)


def _with_noise(
    model: WhiteError | AR1Error, exact: ForecastSet, spread: FloatArray, *, phi: float
) -> ForecastSet:
    """Return the truth with errors of a spread at each lead, phi the correlation a step apart."""
    noise = _noise(len(np.asarray(model.truth)), phi, model.seed)
    error = spread * truth_for(exact, noise, start_s=model.start_s)
    return _with_errors(exact, error, model.truth, model.start_s, card=_card(model, exact))


def _by_lead(spread_fraction: ArrayLike, horizon_count: int) -> FloatArray:
    """Return the spread at each lead; the last one given holds beyond."""
    spread = np.atleast_1d(np.asarray(spread_fraction, dtype=np.float64))
    if spread.ndim != 1 or not spread.size or not (spread >= 0).all():
        msg = f"spread_fraction must be a number or a list, none negative; got {spread_fraction!r}"
        raise ValueError(msg)
    return spread[np.minimum(np.arange(horizon_count), spread.size - 1)]


def _by_step(phi: float, step_s: float) -> float:
    """Return the correlation a step apart from that an hour apart."""
    if not 0 <= phi < 1:
        msg = f"phi must be at least 0 and less than 1; got {phi}"
        raise ValueError(msg)
    return float(phi ** (step_s / HOUR_S))


def _noise(count: int, phi: float, seed: int) -> FloatArray:
    """Return an AR(1) process of variance 1 over the steps that are forecast."""
    drawn = np.random.default_rng(seed).normal(size=count)
    drawn[1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], drawn))


def _with_errors(
    exact: ForecastSet, relative: FloatArray, truth: ArrayLike, start_s: float, *, card: ModelCard
) -> ForecastSet:
    values = np.asarray(truth, dtype=np.float64)
    level = usual(np.abs(values), round(DAY_S / exact.step_s))
    point = exact.point + relative * truth_for(exact, level, start_s=start_s)
    if not (values < 0).any():
        point = np.maximum(point, 0.0)
    return replace(exact, point=point, card=card)


def _card(forecaster: WhiteError | AR1Error | BootstrapError, exact: ForecastSet) -> ModelCard:
    # Without the truth and the errors, which are as long as the run.
    names = {"spread_fraction", "phi", "scale_ratio", "seed"}
    kept: Mapping[str, Any] = {k: v for k, v in vars(forecaster).items() if k in names}
    return replace(exact.card, name=type(forecaster).__name__, parameters=kept)
