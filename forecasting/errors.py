"""Errors that forecasts made, in a form that can be put on another signal."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike

from forecasting.base import ForecastSet
from forecasting.features import steps_per_day
from forecasting.history import DAY_S, FloatArray, History, IntArray, TooShortError
from forecasting.models import SeasonalNaive, mean_of_known
from forecasting.scores import truth_for

_MONTH_DAYS: Final = 31
_MEASURED_S: Final = 90 * DAY_S


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredErrors:
    """Errors that forecasts made, each over the usual level at its hour.

    What forecasts miss is first of all what is special about a day: their errors go against its
    shape. Errors of one day put on another would be blind to that, and make a forecast look better
    at ranking the hours than any is. So the fraction of a day's own shape that is missed is told
    apart from the rest of the error.

    Attributes
    ----------
    relative : ndarray of float, shape (issues, horizon)
        Forecast minus truth over the usual level. [-]
    shape : ndarray of float, shape (issues, horizon)
        What came, as `day_shape` gives it. [-]
    time_of_day : ndarray of int, shape (issues,)
        Step of the day, counted from time 0, in which each begins. [-]
    day_count : int
        Steps in a day. [-]
    """

    relative: FloatArray
    shape: FloatArray
    time_of_day: IntArray
    day_count: int = 24

    @classmethod
    def of(cls, forecasts: ForecastSet, values: ArrayLike, *, start_s: float) -> Self:
        """Measure the errors of forecasts.

        Parameters
        ----------
        forecasts : ForecastSet
            The forecasts.
        values : array_like of float, shape (n,)
            What came. [any]
        start_s : float
            Start of the first value's interval. [s]

        Returns
        -------
        MeasuredErrors
            Of the issues whose hours are all known.

        Raises
        ------
        TooShortError
            If there is none.
        """
        signal = np.asarray(values, dtype=np.float64)
        day_count = steps_per_day(History(signal, start_s, forecasts.step_s))
        level = truth_for(forecasts, usual(np.abs(signal), day_count), start_s=start_s)
        error = forecasts.point - truth_for(forecasts, signal, start_s=start_s)
        shape = day_shape(forecasts, signal, start_s=start_s, day_count=day_count)
        whole = np.isfinite(error + level).all(axis=1)
        if not whole.any():
            msg = "to measure errors takes at least one issue whose hours are all known"
            raise TooShortError(msg)
        first = np.floor(forecasts.valid_start_s[whole] / forecasts.step_s).astype(np.int64)
        relative = _over(error, level)
        return cls(relative[whole], shape[whole], first % day_count, day_count)

    @property
    def spread(self) -> FloatArray:
        """Root mean square by lead, shape (horizon,). [-]."""
        return np.asarray(np.sqrt((self.relative**2).mean(axis=0)))

    @property
    def correlation(self) -> float:
        """Correlation of errors one step apart within an issue, after removing the spread. [-]."""
        spread = self.spread
        scaled = self.relative / np.where(spread > 0, spread, 1.0)
        return float((scaled[:, 1:] * scaled[:, :-1]).mean() / (scaled**2).mean())

    @property
    def missed_fraction(self) -> FloatArray:
        """Fraction of a day's own shape that is missed, by day of lead, shape (horizon,). [-]."""
        found = np.zeros(self.relative.shape[1])
        for first in range(0, len(found), self.day_count):
            day = slice(first, first + self.day_count)
            square = (self.shape[:, day] ** 2).sum()
            product = (self.relative[:, day] * self.shape[:, day]).sum()
            found[day] = -product / square if square > 0 else 0.0
        return found

    @property
    def rest(self) -> FloatArray:
        """Errors less what is missed of the shape, shape (issues, horizon). [-]."""
        return self.relative + self.missed_fraction * self.shape


def usual(values: FloatArray, day_count: int) -> FloatArray:
    """Return the mean at the same time of day, in the 31 days around.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        A signal, NaN where it has no value. [any]
    day_count : int
        Steps in a day. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        The mean; NaN where no day around has a value. [any]
    """
    days = -(-len(values) // day_count)
    padded = np.full(days * day_count, np.nan)
    padded[: len(values)] = values
    by_day = padded.reshape(days, day_count)
    around = ((_MONTH_DAYS // 2 + 1, _MONTH_DAYS // 2), (0, 0))
    known = np.cumsum(np.pad(~np.isnan(by_day), around), axis=0, dtype=np.int64)
    total = np.cumsum(np.pad(np.nan_to_num(by_day), around), axis=0)
    count = known[_MONTH_DAYS:] - known[:-_MONTH_DAYS]
    summed = total[_MONTH_DAYS:] - total[:-_MONTH_DAYS]
    mean = np.where(count > 0, summed / np.maximum(count, 1), np.nan)
    return np.asarray(mean.ravel()[: len(values)])


def day_shape(
    forecasts: ForecastSet, values: FloatArray, *, start_s: float, day_count: int
) -> FloatArray:
    """Return how what came departs from the usual, less the mean departure of each day of lead.

    Parameters
    ----------
    forecasts : ForecastSet
        Whose hours to look at.
    values : ndarray of float, shape (n,)
        What came. [any]
    start_s : float
        Start of the first value's interval. [s]
    day_count : int
        Steps in a day. [-]

    Returns
    -------
    ndarray of float, shape (issues, horizon)
        Over the usual level; NaN where the signal has no value. [-]
    """
    departure = _over(values - usual(values, day_count), usual(np.abs(values), day_count))
    shape = truth_for(forecasts, departure, start_s=start_s)
    for first in range(0, shape.shape[1], day_count):
        day = shape[:, first : first + day_count]
        day -= mean_of_known(day.T)[:, None]
    return shape


def errors_of_seasonal_naive(
    history: History, until_s: float, horizon_count: int
) -> MeasuredErrors:
    """Measure the errors of the day before repeated, over the 90 days known before a time.

    Parameters
    ----------
    history : History
        The signal.
    until_s : float
        The time. [s]
    horizon_count : int
        Steps that each forecast covers. [-]

    Returns
    -------
    MeasuredErrors
        From an issue at every step.

    Raises
    ------
    TooShortError
        If less is known than a day and the horizon.
    """
    issue_s = np.array([until_s])
    index = np.arange(history.known_count(issue_s)[0])
    values = history.take(issue_s, index[None, :])[0]
    last = len(values) - horizon_count
    first = max(last - round(_MEASURED_S / history.step_s), 1)
    if last < first + steps_per_day(history):
        need = horizon_count + steps_per_day(history) + 1
        msg = f"to measure errors takes {need} known values; there are {len(values)}"
        raise TooShortError(msg)
    issued_at_s = np.asarray(history.start_s + np.arange(first, last + 1) * history.step_s)
    known = History(values, history.start_s, history.step_s)
    forecasts = SeasonalNaive().predict(known, issued_at_s, horizon_count)
    return MeasuredErrors.of(forecasts, values, start_s=history.start_s)


def _over(values: FloatArray, level: FloatArray) -> FloatArray:
    return np.where(level > 0, values / np.where(level > 0, level, 1.0), 0.0 * values)
