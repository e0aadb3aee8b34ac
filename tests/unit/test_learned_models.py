"""Ridge, boosting, random forest and blend: on signals whose future follows from their past."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model

from forecasting import ForecastError, History, LeakError, TooShortError, check_forecaster
from forecasting.base import stored_parameters
from forecasting.blend import Blend
from forecasting.boosting import Boosting, RandomForest
from forecasting.models import SeasonalNaive
from forecasting.ridge import Ridge, _solved

H = 3600.0
DAY = 24 * H
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
QUICK = {"ridge": Ridge(), "boosting": Boosting(20), "forest": RandomForest(3), "blend": Blend(20)}
DAYS = 120
HOUR = np.arange(24 * DAYS)
SPLIT_S = 90 * DAY

every_model = pytest.mark.parametrize("model", QUICK.values(), ids=QUICK.keys())


def levels(seed=0, *, persistence=0.2):
    """Return a signal of 100 with a daily rhythm; a little of a day's level is left the next."""
    draw = np.random.default_rng(seed).normal(size=DAYS)
    level = np.zeros(DAYS)
    for day in range(1, DAYS):
        level[day] = persistence * level[day - 1] + draw[day]
    return 100 + 20 * np.sin(2 * np.pi * HOUR / 24) + 5 * np.repeat(level, 24)


def history_of(values, **more):
    return History(values, 0.0, origin=MONDAY, **more)


def mornings(first=90, last=118):
    return DAY * np.arange(first, last)


def points(model, values, issued_at_s=None, *, horizon=24, until_s=SPLIT_S, **more):
    """Return the forecasts of a model learned until then."""
    history = history_of(values, **more)
    asked = mornings() if issued_at_s is None else issued_at_s
    return model.fit(history, until_s).predict(history, asked, horizon).point


def error(model, values, **more):
    truth = values.reshape(DAYS, 24)[90:118]
    return np.abs(points(model, values, **more) - truth).mean()


# What they learn


@every_model
def test_learned_models_forecast_better_than_yesterday(model):
    assert error(model, levels()) < 0.9 * error(SeasonalNaive(), levels())


def test_ridge_finds_a_law_that_holds():
    # Every other day is ten above, ten below: what yesterday was, today is not.
    values = 100 + 10.0 * (-1) ** (HOUR // 24)
    assert error(Ridge(alpha=1e-3), values) < 0.05
    assert error(SeasonalNaive(), values) == 20


def test_ridge_shrinks_to_the_usual_value():
    # With no weight left on anything but the mean departure, which is nil in these data.
    values = 100 + 10.0 * (-1) ** (HOUR // 24)
    found = points(Ridge(alpha=1e9), values)
    usual = 100 + 10 * np.array([1, -1]) / 7  # of seven days four are as yesterday was
    assert np.sort(np.unique(found.round(2))).tolist() == pytest.approx(np.sort(usual), abs=0.5)


def test_a_covariate_that_tells_tomorrow_is_used():
    draw = np.random.default_rng(1).normal(size=DAYS)
    values = 100 + np.repeat(10 * draw, 24)
    told = np.repeat(np.roll(draw, -1), 24)  # each day says what the next one will be
    blind = error(Ridge(), values)
    seeing = error(Ridge(), values, covariates={"told": history_of(told)})
    assert seeing < 0.5 * blind


def test_every_hour_of_issue_has_a_law_of_its_own():
    # Known at noon, the afternoon follows from the morning; known at midnight it does not.
    draw = np.random.default_rng(2).normal(size=DAYS)
    values = 100 + np.repeat(10 * draw, 24)
    truth = values.reshape(DAYS, 24)[90:118, 12:]
    at_noon = points(Ridge(), values, mornings() + 12 * H, horizon=12)
    at_midnight = points(Ridge(), values)[:, 12:]
    assert np.abs(at_noon - truth).mean() < 0.4 * np.abs(at_midnight - truth).mean()


def test_the_stacked_solution_is_that_of_scikit_learn():
    draw = np.random.default_rng(3)
    rows = draw.normal(size=(3, 60, 5)).astype(np.float32)
    target = draw.normal(size=(3, 60, 1)).astype(np.float32)
    closeness = draw.uniform(0, 1, size=(3, 60, 1)).astype(np.float32)
    penalty = np.array([1.0, 10.0, 100.0], dtype=np.float32)
    weights, intercept = _solved(rows, target, closeness, penalty)
    for lead in range(3):
        expected = linear_model.Ridge(alpha=penalty[lead])
        expected.fit(rows[lead], target[lead, :, 0], sample_weight=closeness[lead, :, 0])
        assert weights[lead, :, 0] == pytest.approx(expected.coef_, abs=1e-5)
        assert intercept[lead, 0, 0] == pytest.approx(expected.intercept_, abs=1e-5)


def test_an_odd_hour_learned_from_throws_ridge_off_little():
    values = levels()
    spiked = values.copy()
    spiked[40 * 24 + 7] = 100 * values.max()
    plain, odd = points(Ridge(), values), points(Ridge(), spiked)
    assert np.abs(odd - plain).mean() < 0.05 * values.std()


def test_an_odd_covariate_at_the_issue_throws_ridge_off_no_further_than_a_far_one():
    values, other = levels(), levels(1)
    changed = {}
    for factor in (1.0, 10.0, 1e6):
        odd = other.copy()
        odd[95 * 24 - 1] *= factor  # the last hour known at day 95
        changed[factor] = points(Ridge(), values, covariates={"other": history_of(odd)})[5]
    assert changed[1e6] == pytest.approx(changed[10.0], abs=1e-9)
    assert changed[1e6] == pytest.approx(changed[1.0], abs=values.std())


# What holds for all of them


@every_model
@pytest.mark.parametrize("level", [0.1, 0.0, -7.3])
def test_a_constant_stays_what_it_is(model, level):
    assert set(points(model, np.full(24 * DAYS, level)).ravel()) == {level}


@every_model
def test_the_night_stays_dark_and_no_power_is_negative(model):
    hour_of_day = HOUR % 24
    clouds = np.repeat(np.random.default_rng(4).uniform(0, 1, size=DAYS), 24)
    values = np.where((hour_of_day > 6) & (hour_of_day < 18), 1000 * clouds, 0.0)
    found = points(model, values, horizon=48)
    night = np.array([*range(7), *range(18, 24)])
    assert (found[:, [*night, *(night + 24)]] == 0).all()
    assert (found >= 0).all()
    assert found[:, 12].mean() > 100


@every_model
def test_prices_that_were_negative_may_be_so_again(model):
    assert points(model, levels() - 100).min() < -10


@every_model
def test_gaps_leave_a_forecast_for_every_hour(model):
    values = levels()
    values[np.random.default_rng(5).random(values.size) < 0.05] = np.nan
    values[80 * 24 : 87 * 24] = np.nan  # a week without values, and six hours just before an issue
    values[100 * 24 - 6 : 100 * 24] = np.nan
    found = points(model, values)
    truth = levels().reshape(DAYS, 24)[90:118]
    assert np.abs(found - truth).mean() < 1.5 * error(model, levels())


@every_model
def test_past_the_end_of_the_values_the_latest_known_serve(model):
    history = history_of(levels())
    asked = DAY * np.arange(DAYS, DAYS + 10)
    point = model.fit(history, DAYS * DAY).predict(history, asked, 48).point
    assert np.isfinite(point).all()
    assert np.abs(point - np.tile(levels()[-24:], 2)).mean() < 2 * error(model, levels())


@every_model
def test_an_hour_of_day_without_any_value_has_no_forecast(model):
    values = levels()
    values[HOUR % 24 == 3] = np.nan
    found = points(model, values)
    assert np.isnan(found[:, 3]).all()
    assert np.isfinite(np.delete(found, 3, axis=1)).all()


@every_model
def test_an_issue_gets_the_same_forecast_alone_to_the_bit(model):
    history = history_of(levels(), covariates={"other": history_of(levels(1))})
    issued_at_s = np.arange(90 * DAY, 94 * DAY, 6 * H)
    model.fit(history, SPLIT_S)
    together = model.predict(history, issued_at_s, 30).point
    for row in (0, 5, 15):
        alone = model.predict(history, issued_at_s[[row]], 30).point
        assert alone.tobytes() == together[row].tobytes()


@every_model
def test_a_second_fit_learns_as_if_it_were_the_first(model):
    history = history_of(levels())
    issued_at_s = mornings(100, 118)

    def forecasts(fitted):
        return fitted.predict(history, issued_at_s, 24).point.tobytes()

    model.fit(history, 80 * DAY).predict(history, issued_at_s, 24)
    again = forecasts(model.fit(history, 100 * DAY))
    earlier = forecasts(model.fit(history, 90 * DAY))
    fresh = type(model)(**stored_parameters(model))
    assert again == forecasts(fresh.fit(history, 100 * DAY))
    assert earlier == forecasts(fresh.fit(history, 90 * DAY))
    assert again != earlier


def test_blend_is_the_mean_of_ridge_and_boosting():
    ridge, boosting = points(Ridge(), levels()), points(Boosting(20), levels())
    blend = points(Blend(tree_count=20), levels())
    assert blend.tolist() == ((ridge + boosting) / 2).tolist()


def test_the_seed_decides_which_rows_trees_learn_from():
    one, again, other = (points(Boosting(5, 500, seed), levels()) for seed in (0, 0, 1))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


# What they refuse, and what they say of themselves


@every_model
def test_too_little_history_is_an_error_that_says_how_much_it_takes(model):
    with pytest.raises(TooShortError, match=r"takes 35 days .* \(7 to look back on, 28 to learn"):
        points(model, levels()[: 34 * 24], until_s=34 * DAY)
    points(model, levels(), until_s=36 * DAY)


def test_a_long_horizon_takes_more_history():
    history = history_of(levels())
    ridge = Ridge().fit(history, 36 * DAY)
    with pytest.raises(TooShortError, match=r"takes 39 days .* 4 ahead\); there are 36"):
        ridge.predict(history, mornings(36, 38), 96)


def test_hours_without_values_are_no_history():
    values = levels()
    values[: 80 * 24] = np.nan
    with pytest.raises(TooShortError, match="takes 28 days with values to learn from; there are 9"):
        points(Ridge(), values)


@every_model
def test_forecasting_before_learning_is_an_error(model):
    fresh = type(model)()
    with pytest.raises(ForecastError, match="has learned nothing yet; call fit first"):
        fresh.predict(history_of(levels()), mornings(), 24)


def test_other_covariates_than_those_learned_from_are_an_error():
    ridge = Ridge().fit(history_of(levels()), SPLIT_S)
    other = history_of(levels(), covariates={"wind": history_of(levels(1))})
    with pytest.raises(ValueError, match=r"it learned from \('hour_of_day', .*'wind_last'"):
        ridge.predict(other, mornings(), 24)


@every_model
def test_the_card_says_what_was_learned_from_what(model):
    history = history_of(levels(), covariates={"wind": history_of(levels(1))})
    card = model.fit(history, SPLIT_S).predict(history, mornings(), 24).card
    assert (card.trained_from_s, card.trained_until_s) == (0.0, SPLIT_S)
    assert {"usual", "same_hour_7", "wind_last", "lead_h"} < set(card.features)
    assert card.fit_s > 0
    assert card.data_hash == history.data_hash


class Leaky(Ridge):
    """A ridge that adds a trace of what will come."""

    def predict(self, history, issued_at_s, horizon_count):
        honest = super().predict(history, issued_at_s, horizon_count)
        index = history.target_index(issued_at_s, horizon_count)
        point = honest.point + 1e-9 * np.nan_to_num(history._values[index])
        return type(honest)(
            honest.issued_at_s, honest.valid_start_s, honest.step_s, point, honest.card
        )


class LearnsTooMuch(Ridge):
    """A ridge that reads a day more than is known when it is fitted."""

    def fit(self, history, until_s):
        return super().fit(history, until_s + DAY)


class AsksTooMuch(Ridge):
    """A ridge that asks for the hour that it is about to forecast."""

    def predict(self, history, issued_at_s, horizon_count):
        history.take(issued_at_s, history.target_index(issued_at_s, 1))
        return super().predict(history, issued_at_s, horizon_count)


@pytest.mark.parametrize(
    ("cls", "check"),
    [(Leaky, "non-anticipativity"), (LearnsTooMuch, "fit"), (AsksTooMuch, "non-anticipativity")],
)
def test_a_planted_leak_is_caught(cls, check):
    check_forecaster(Ridge())
    with pytest.raises(ForecastError, match=f'{cls.__name__} failed the check "{check}"') as caught:
        check_forecaster(cls())
    assert isinstance(caught.value.__cause__, LeakError) == (cls is AsksTooMuch)


def test_scikit_learn_is_loaded_only_when_trees_are_grown():
    code = (
        "import sys; from forecasting import blend, boosting, ridge, rolling, intervals; "
        "print({n.partition('.')[0] for n in sys.modules} & {'sim', 'sklearn', 'scipy', 'pandas'})"
    )
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "set()"
