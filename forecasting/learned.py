"""What all learned models share: for each hour of issue one model of how far off the usual is."""

import time
from abc import ABC, abstractmethod
from typing import Final, Protocol, Self

import numpy as np

from forecasting.base import ForecastSet, ModelCard
from forecasting.features import DAYS_BACK, Features, make_features
from forecasting.history import DAY_S, FloatArray, ForecastError, History, TooShortError

DAYS_TO_LEARN: Final = 28
"""Fewest days of issues to learn from: four of each weekday. Assumption."""
HOURS_KEPT: Final = 6
"""Hours of issue whose features are kept from one fit to the next."""


class Departure(Protocol):
    """How far from the usual, learned: features in, shape (issues, horizon) out, as a call."""

    def __call__(self, features: Features) -> FloatArray:
        """Return by how much each interval will depart from its usual value."""
        ...


class LearnedForecaster(ABC):
    """Learns from all past issues at the same time of day, each as it would have been then.

    Issues at 06:00 have a model of their own, as the hours that lie ahead of them and what is
    known of these are always the same. `fit` only takes note of the history and of the time up to
    which it may be read; a model is learned when `predict` first asks for its time of day and
    horizon, so that no time goes into hours at which nothing is issued.

    A value that was the same on the latest seven known days at its hour, as the night's zeros are,
    is forecast to stay. Forecasts of a signal that never was negative until then are not negative.
    Where no value of that hour of day is known, the forecast is NaN.
    """

    trained_from_s: float | None = None
    trained_until_s: float | None = None
    features: tuple[str, ...] = ()
    fit_s: float = 0.0
    _known: History | None = None

    @abstractmethod
    def learn(self, features: Features, departure: FloatArray) -> Departure:
        """Learn how targets depart from the usual.

        Parameters
        ----------
        features : Features
            Of all issues to learn from.
        departure : ndarray of float, shape (issues, horizon)
            What came, less ``features.usual``; NaN where either is missing. [any]

        Returns
        -------
        Departure
            What to ask for the departure of other issues.
        """

    def fit(self, history: History, until_s: float) -> Self:
        """Take note of what may be learned from: values known at ``until_s``.

        Parameters
        ----------
        history : History
            The signal with its covariates and outlooks.
        until_s : float
            Take values as of this issue time, none later. [s]

        Returns
        -------
        LearnedForecaster
            Itself.

        Raises
        ------
        TooShortError
            If there is too little history even for a horizon of one interval.
        """
        _issues_to_learn_from(history, until_s, clock_s=until_s % DAY_S, horizon_count=1)
        known = np.arange(history.known_count(np.array([until_s])).item())[None, :]
        negative = history.take(np.array([until_s]), known) < 0
        self._floor = -np.inf if negative.any() else 0.0
        if history is not self._known:
            self._seen: dict[tuple[float, int], Features] = {}
        self._known = history
        self._until_s = until_s
        self._models: dict[tuple[float, int], Departure] = {}
        self.trained_from_s, self.trained_until_s = history.start_s, until_s
        self.features, self.fit_s = (), 0.0
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the forecasts of all issues, each from the values known at that issue.

        Parameters
        ----------
        history : History
            The signal with the same covariates and outlooks as those learned from.
        issued_at_s : ndarray of float, shape (issues,)
            Issue times, rising by equal amounts. [s]
        horizon_count : int
            Intervals that each forecast covers. [-]

        Returns
        -------
        ForecastSet
            One forecast for each issue.

        Raises
        ------
        ForecastError
            If it has not been fitted.
        TooShortError
            If there is too little history to learn that horizon.
        ValueError
            If covariates or outlooks are others than those learned from.
        """
        point = np.empty((len(issued_at_s), horizon_count))
        clock_s = history.valid_start_s(issued_at_s) % DAY_S
        for clock in np.unique(clock_s):
            rows = np.flatnonzero(clock_s == clock)
            departure = self._model(clock, horizon_count)
            features = make_features(history, issued_at_s[rows], horizon_count)
            if features.names != self.features:
                msg = f"it learned from {self.features} and is given {features.names}"
                raise ValueError(msg)
            ahead = np.where(features.steady, 0.0, departure(features))
            point[rows] = np.maximum(features.usual + ahead, self._floor)
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

    def _model(self, clock_s: float, horizon_count: int) -> Departure:
        key = (clock_s, horizon_count)
        if self._known is None:
            msg = f"{type(self).__name__} has learned nothing yet; call fit first"
            raise ForecastError(msg)
        if key not in self._models:
            begun_s = time.process_time()
            self._models[key] = self._learned(self._known, clock_s, horizon_count)
            self.fit_s += time.process_time() - begun_s
        return self._models[key]

    def _learned(self, history: History, clock_s: float, horizon_count: int) -> Departure:
        issued_at_s = _issues_to_learn_from(
            history, self._until_s, clock_s=clock_s, horizon_count=horizon_count
        )
        features = self._remembered(history, issued_at_s, (clock_s, horizon_count))
        self.features = features.names
        target = history.target_index(issued_at_s, horizon_count)
        truth = history.take(np.full(len(target), self._until_s), target)
        departure = truth - features.usual
        days = np.isfinite(departure).any(axis=1).sum()
        if days < DAYS_TO_LEARN:
            msg = f"learning takes {DAYS_TO_LEARN} days with values to learn from; there are {days}"
            raise TooShortError(msg)
        return self.learn(features, departure)


    def _remembered(
        self, history: History, issued_at_s: FloatArray, key: tuple[float, int]
    ) -> Features:
        # The next fit learns from the same issues and a few more: what is known at an issue does
        # not change, so only those are looked at. A few hours of issue are kept, for memory's sake.
        seen = self._seen.get(key)
        if seen is None:
            seen = make_features(history, issued_at_s, key[1])
        elif len(seen.usual) < len(issued_at_s):
            later_s = issued_at_s[len(seen.usual) :]
            seen = seen.with_more(make_features(history, later_s, key[1]))
        if key in self._seen or len(self._seen) < HOURS_KEPT:
            self._seen[key] = seen
        return seen.until(len(issued_at_s))


def _issues_to_learn_from(
    history: History, until_s: float, *, clock_s: float, horizon_count: int
) -> FloatArray:
    # All issues at that time of day with a week behind them and their targets known by until_s.
    days = np.arange(
        np.ceil((history.start_s - clock_s) / DAY_S) + DAYS_BACK,
        np.floor((until_s - clock_s) / DAY_S) + 1,
    )
    issued_at_s = clock_s + DAY_S * days
    known_count = history.known_count(np.array([until_s])).item()
    target = history.target_index(issued_at_s, horizon_count)
    issued_at_s = issued_at_s[target[:, -1] < known_count]
    if len(issued_at_s) < DAYS_TO_LEARN:
        horizon_days = horizon_count * history.step_s / DAY_S
        known_days = known_count * history.step_s / DAY_S
        needed_days = DAYS_BACK + DAYS_TO_LEARN + horizon_days
        msg = (
            f"learning takes {needed_days:.3g} days of known values ({DAYS_BACK} to look back on, "
            f"{DAYS_TO_LEARN} to learn from, {horizon_days:.3g} ahead); there are {known_days:.3g}"
        )
        raise TooShortError(msg)
    return issued_at_s
