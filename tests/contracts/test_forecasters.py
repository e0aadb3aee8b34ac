"""Every built-in forecaster keeps the contract, and check_forecaster catches those that do not."""

import numpy as np
import pytest

from forecasting import (
    Forecaster,
    ForecastError,
    ForecastSet,
    LeakError,
    ModelCard,
    check_forecaster,
)
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect
from sim.registry import FORECASTERS, load_class

BUILT_IN = {name: load_class(target) for name, target in FORECASTERS.items()}
HONEST = [name for name, cls in BUILT_IN.items() if not getattr(cls, "needs_truth", False)]


@pytest.mark.parametrize("name", HONEST)
def test_built_in_forecaster_keeps_the_contract(name):
    check_forecaster(BUILT_IN[name]())


def test_only_oracles_need_the_truth():
    oracles = {"perfect", "white-error", "ar1-error", "bootstrap-error"}
    assert set(BUILT_IN) - set(HONEST) == oracles


def test_an_oracle_does_not_pass_for_honest():
    with pytest.raises(ForecastError, match='Perfect failed the check "oracle"'):
        check_forecaster(Perfect([1.0], start_s=0.0))


def test_parameters_are_kept_when_a_forecaster_is_checked():
    check_forecaster(SeasonalNaive(168))
    with pytest.raises(ForecastError, match=r"whole number of steps of 1 h; got 1\.5"):
        check_forecaster(SeasonalNaive(1.5))


class Altered(Persistence):
    """Honest as it stands; each child spoils the forecasts in one way."""

    def predict(self, history, issued_at_s, horizon_count):
        forecasts = super().predict(history, issued_at_s, horizon_count)
        point = self.spoil(history, issued_at_s, forecasts.point.copy())
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

    def spoil(self, history, issued_at_s, point):
        return point


class PeeksAroundTheGuard(Altered):
    def spoil(self, history, issued_at_s, point):
        target = history.target_index(issued_at_s, point.shape[1])
        return history._values[target]


class PeeksOneHour(Altered):
    def spoil(self, history, issued_at_s, point):
        point[:, 0] = history._values[history.target_index(issued_at_s, 1)[:, 0]]
        return point


class ForgetsLatency(Altered):
    def spoil(self, history, issued_at_s, point):
        point[:, 0] = history._values[history.target_index(issued_at_s, 1)[:, 0] - 1]
        return point


class AsksTooEarly(Altered):
    def spoil(self, history, issued_at_s, point):
        return history.take(issued_at_s, history.target_index(issued_at_s, point.shape[1]))


class SeesWhereGapsWillBe(Altered):
    def spoil(self, history, issued_at_s, point):
        target = history.target_index(issued_at_s, point.shape[1])
        return np.where(np.isnan(history._values[target]), 0.0, point)


class SeesWhenPricesTurnNegative(Altered):
    def spoil(self, history, issued_at_s, point):
        target = history.target_index(issued_at_s, point.shape[1])
        return np.where(history._values[target] < 0, 0.0, point)


class PeeksBetweenHoursOnly(Altered):
    def spoil(self, history, issued_at_s, point):
        between = issued_at_s > history.valid_start_s(issued_at_s)
        target = history.target_index(issued_at_s, point.shape[1])
        return np.where(between[:, None], history._values[target], point)


class StumblesOverGaps(Altered):
    def fit(self, history, until_s):
        known = np.arange(history.known_count(np.array([until_s]))[0])
        if np.isnan(history.take(np.array([until_s]), known[None, :])).any():
            message = "Input contains NaN"
            raise ValueError(message)
        return self


class LearnsFromAll(Altered):
    def fit(self, history, until_s):
        self.level = np.nanmean(history._values)
        return self

    def spoil(self, history, issued_at_s, point):
        return np.full_like(point, self.level)


class PeeksAtItsCovariate(Altered):
    def spoil(self, history, issued_at_s, point):
        for other in history.covariates.values():
            target = other.target_index(issued_at_s, point.shape[1])
            point = np.where(np.isnan(other._values[target]), 0.0, point)
        return point


class TakesItsCovariateForPunctual(Altered):
    def spoil(self, history, issued_at_s, point):
        for other in history.covariates.values():
            latest = history.known_count(issued_at_s)[:, None] - 1
            point = point + other.take(issued_at_s, latest)
        return point


class ReadsTomorrowsWeather(Altered):
    def spoil(self, history, issued_at_s, point):
        for weather in history.outlooks.values():
            row = np.minimum(weather.rows_at(issued_at_s) + 1, len(weather.point) - 1)
            point = point + weather.point[row, : point.shape[1]]
        return point


class ReadsTodaysWeather(Altered):
    def spoil(self, history, issued_at_s, point):
        for weather in history.outlooks.values():
            point = point + weather.point[weather.rows_at(issued_at_s), : point.shape[1]]
        return point


class LearnsFromItsCovariate(Altered):
    def fit(self, history, until_s):
        self.level = sum(np.nanmean(other._values) for other in history.covariates.values())
        return self

    def spoil(self, history, issued_at_s, point):
        return point + self.level


class LearnsTooEarly(Altered):
    def fit(self, history, until_s):
        history.take(np.array([until_s]), history.target_index(np.array([until_s]), 1))
        return self


class DrawsLots(Altered):
    def spoil(self, history, issued_at_s, point):
        return point + np.random.default_rng().normal(size=point.shape)


class LearnsByLot(Altered):
    def fit(self, history, until_s):
        self.offset = np.random.default_rng().normal()
        return self

    def spoil(self, history, issued_at_s, point):
        return point + self.offset


class LooksAtItsNeighbours(Altered):
    def spoil(self, history, issued_at_s, point):
        return point + len(issued_at_s)


class TooShort(Altered):
    def spoil(self, history, issued_at_s, point):
        return point[:, 1:]


class TooFew(Altered):
    def spoil(self, history, issued_at_s, point):
        return point[1:]


class BareArray(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        return super().predict(history, issued_at_s, horizon_count).point


class OffTheGrid(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        return ForecastSet(issued_at_s, issued_at_s, good.step_s, good.point, good.card)


class OtherIssueTimes(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        return ForecastSet(issued_at_s + 1, good.valid_start_s, good.step_s, good.point, good.card)


class OtherStep(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        return ForecastSet(issued_at_s, good.valid_start_s, 1800.0, good.point, good.card)


class CrossedQuantiles(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        quantiles = np.stack([good.point + 1, good.point - 1], axis=2)
        return ForecastSet.on_grid(
            history,
            issued_at_s,
            point=good.point,
            card=good.card,
            quantile_levels=[0.1, 0.9],
            quantiles=quantiles,
        )


class PeeksInItsQuantiles(Persistence):
    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        truth = history._values[history.target_index(issued_at_s, horizon_count)]
        return ForecastSet.on_grid(
            history,
            issued_at_s,
            point=good.point,
            card=good.card,
            quantile_levels=[0.5],
            quantiles=truth[:, :, None],
        )


class ComputesInItsConstructor(Persistence):
    def __init__(self, season_h=24):
        self.season_h = season_h * 3600


class ForgetsAParameter(Persistence):
    def __init__(self, season_h=24):
        pass


@pytest.mark.parametrize(
    ("cls", "check", "message"),
    [
        (PeeksAroundTheGuard, "non-anticipativity", "read the past through History.take alone"),
        (PeeksOneHour, "non-anticipativity", "changes with values unknown at"),
        (ForgetsLatency, "non-anticipativity", "changes with values unknown at"),
        (AsksTooEarly, "non-anticipativity", "a forecast issued at 0 s asked for index 1440"),
        (SeesWhereGapsWillBe, "non-anticipativity", "changes with values unknown at"),
        (SeesWhenPricesTurnNegative, "non-anticipativity", "changes with values unknown at"),
        (PeeksBetweenHoursOnly, "non-anticipativity", "changes with values unknown at"),
        (PeeksInItsQuantiles, "non-anticipativity", "changes with values unknown at"),
        (PeeksAtItsCovariate, "non-anticipativity", "changes with values unknown at"),
        (TakesItsCovariateForPunctual, "non-anticipativity", "asked for index"),
        (ReadsTomorrowsWeather, "non-anticipativity", "changes with values unknown at"),
        (LearnsFromItsCovariate, "fit", "unknown at until_s change what it learns"),
        (LearnsFromAll, "fit", "unknown at until_s change what it learns"),
        (LearnsTooEarly, "non-anticipativity", "asked for index 1440"),
        (DrawsLots, "determinism", "predicting twice"),
        (LearnsByLot, "determinism", "fitting twice"),
        (LooksAtItsNeighbours, "one by one", "alone is forecast otherwise"),
        (TooShort, "shapes", r"point must have shape \(18, 30\); got \(18, 29\)"),
        (TooFew, "shapes", r"point must have shape \(18, horizon >= 1\); got \(17, 30\)"),
        (BareArray, "shapes", "returned ndarray; return a ForecastSet"),
        (OffTheGrid, "shapes", "use ForecastSet.on_grid"),
        (OtherIssueTimes, "shapes", "use ForecastSet.on_grid"),
        (OtherStep, "shapes", "use ForecastSet.on_grid"),
        (StumblesOverGaps, "shapes", "Input contains NaN"),
        (CrossedQuantiles, "shapes", "quantiles cross"),
        (ComputesInItsConstructor, "constructor", "given season_h=86400 it stored 311040000"),
        (ForgetsAParameter, "constructor", "no attribute 'season_h'"),
    ],
)
def test_a_forecaster_that_breaks_the_contract_is_caught(cls, check, message):
    with pytest.raises(
        ForecastError, match=f'{cls.__name__} failed the check "{check}": .*{message}'
    ):
        check_forecaster(cls())


@pytest.mark.parametrize("cls", [Altered, ReadsTodaysWeather])
def test_forecasters_that_keep_to_the_past_are_honest(cls):
    check_forecaster(cls())


def test_what_is_known_late_is_changed_to_numbers_huge_and_small_and_to_nothing():
    class SeesWhatIsHuge(Altered):
        def spoil(self, history, issued_at_s, point):
            target = history.target_index(issued_at_s, point.shape[1])
            return np.where(np.abs(history._values[target]) > 1e6, 0.0, point)

    with pytest.raises(ForecastError, match="changes with values unknown at"):
        check_forecaster(SeesWhatIsHuge())


def test_inheriting_from_the_protocol_is_allowed():
    class Inherits(Forecaster):
        def fit(self, history, until_s):
            return self

        def predict(self, history, issued_at_s, horizon_count):
            return Persistence().predict(history, issued_at_s, horizon_count)

    check_forecaster(Inherits())


def test_a_leak_is_named_as_the_cause():
    with pytest.raises(ForecastError, match="non-anticipativity") as caught:
        check_forecaster(AsksTooEarly())
    assert isinstance(caught.value.__cause__, LeakError)
