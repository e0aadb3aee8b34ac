"""Forecasts of a chosen quality: how large, how lasting and how seeded their errors are."""

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, TooShortError
from forecasting.errors import MeasuredErrors, day_shape, usual
from forecasting.synthetic import AR1Error, BootstrapError, WhiteError

H = 3600.0
DAY = 24 * H
NAN = np.nan
TRUTH = np.full(24 * 400, 50.0)
HISTORY = History(TRUTH, start_s=0.0)
ISSUES_S = DAY * np.arange(300)


def relative(model, horizon_count=48, truth=TRUTH, issues_s=ISSUES_S):
    history = History(truth, start_s=0.0)
    forecasts = model.fit(history, 0.0).predict(history, issues_s, horizon_count)
    return MeasuredErrors.of(forecasts, truth, start_s=0.0)


def test_white_errors_have_the_spread_asked_for_and_no_memory():
    found = relative(WhiteError(TRUTH, start_s=0.0, spread_fraction=0.2, seed=1))
    np.testing.assert_allclose(found.spread, 0.2, rtol=0.15)
    assert abs(found.correlation) < 0.03


def test_ar1_errors_last_and_grow_with_the_lead():
    found = relative(AR1Error(TRUTH, start_s=0.0, spread_fraction=0.1, phi=0.9, seed=1))
    assert found.correlation == pytest.approx(0.9, abs=0.02)
    # 24 h ahead as asked; half of it (0.5 ** 0.27 = 0.829) 12 h ahead; 2 ** 0.27 twice as far.
    np.testing.assert_allclose(
        found.spread[[11, 23, 47]], [0.0829, 0.1, 0.1206], rtol=0.15
    )


def test_phi_is_that_of_an_hour_whatever_the_step():
    truth = np.full(24 * 4 * 200, 50.0)
    history = History(truth, start_s=0.0, step_s=900.0)
    model = AR1Error(truth, start_s=0.0, step_s=900.0, spread_fraction=[0.1], phi=0.9, seed=2)
    forecasts = model.fit(history, 0.0).predict(history, DAY * np.arange(150), 96)
    found = MeasuredErrors.of(forecasts, truth, start_s=0.0)
    assert found.correlation == pytest.approx(0.9**0.25, abs=0.01)


def test_spread_can_be_given_by_lead_and_its_last_value_holds():
    model = AR1Error(TRUTH, start_s=0.0, spread_fraction=[0.0, 0.3], phi=0.5, seed=1)
    found = relative(model, horizon_count=4)
    assert found.spread[0] == 0.0
    np.testing.assert_allclose(found.spread[1:], 0.3, rtol=0.15)


def test_errors_of_an_hour_shrink_as_it_comes_nearer():
    model = AR1Error(TRUTH, start_s=0.0, spread_fraction=0.1, seed=3)
    point = model.predict(HISTORY, np.array([0.0, 12 * H]), 24).point
    far, near = point[0, 18] - 50, point[1, 6] - 50
    assert near / far == pytest.approx((7 / 19) ** 0.27)


def measured(relative, *, shape=None, time_of_day=None):
    array = np.array(relative)
    shape = np.zeros_like(array) if shape is None else np.array(shape)
    return MeasuredErrors(array, shape, np.array(time_of_day or [0] * len(array)))


def test_bootstrapped_errors_are_whole_stretches_of_measured_ones():
    errors = measured([[0.1, 0.2], [-0.3, 0.0]])
    found = relative(BootstrapError(TRUTH, start_s=0.0, errors=errors, seed=1), horizon_count=2)
    drawn = {tuple(row) for row in np.round(found.relative, 12).tolist()}
    assert drawn == {(0.1, 0.2), (-0.3, 0.0)}


def test_bootstrapped_errors_come_from_issues_at_the_same_time_of_day():
    errors = measured([[0.1], [0.2]], time_of_day=[0, 6])
    model = BootstrapError(TRUTH, start_s=0.0, errors=errors, scale_ratio=2.0)
    point = model.fit(HISTORY, 0.0).predict(HISTORY, 6 * H * np.arange(8), 1).point[:, 0]
    np.testing.assert_allclose(point[0::4], 60.0)  # midnight
    np.testing.assert_allclose(point[1::4], 70.0)  # 6 h
    assert set(np.round(point[2::4], 9)) <= {60.0, 70.0}  # noon was not measured: any


def test_what_is_missed_of_a_days_shape_is_told_from_the_rest():
    # Day 1 misses half of the shape, day 2 all; 0.1 too high besides, and 0.1 too low.
    shape = np.tile(np.repeat([0.2, -0.2], 12), (2, 2))
    rest = np.array([[0.1], [-0.1]]) + np.zeros((2, 48))
    errors = measured(rest - np.repeat([0.5, 1.0], 24) * shape, shape=shape)
    np.testing.assert_allclose(errors.missed_fraction, np.repeat([0.5, 1.0], 24))
    np.testing.assert_allclose(errors.rest, rest)


def test_a_bootstrapped_forecast_misses_as_much_of_the_new_days_shape():
    # Usually 50 at all hours; on day 40 ten more in the first half, ten less in the second.
    truth = TRUTH.copy()
    truth[40 * 24 : 41 * 24] += np.repeat([10.0, -10.0], 12)
    shape = np.repeat([[0.2, -0.2]], 12, axis=1)
    errors = measured(-0.5 * shape, shape=shape)  # half of the shape was missed, no more
    history = History(truth, start_s=0.0)
    model = BootstrapError(truth, start_s=0.0, errors=errors).fit(history, 0.0)
    point = model.predict(history, np.array([40 * DAY]), 24).point[0]
    # The mean of 31 such hours, this one among them, is 50 + 10 / 31 or 50 - 10 / 31.
    high, low = 50 + 10 / 31, 50 - 10 / 31
    up, down = (60 - high) / high, (40 - low) / low
    missed = [0.5 * (up - down) / 2 * high, 0.5 * (down - up) / 2 * low]
    np.testing.assert_allclose(point, np.repeat([60 - missed[0], 40 - missed[1]], 12))


def test_the_shape_of_a_day_is_its_departure_from_the_usual_less_the_mean_departure():
    truth = TRUTH.copy()
    truth[40 * 24 : 41 * 24] += np.repeat([10.0, -4.0], 12)
    times_s = np.array([40 * DAY])
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    forecasts = ForecastSet(times_s, times_s, H, np.zeros((1, 48)), card)
    shape = day_shape(forecasts, truth, start_s=0.0, day_count=24)[0]
    more, less = (step * 30 / 31 / (50 + step / 31) for step in (10.0, -4.0))
    mean = (more + less) / 2
    np.testing.assert_allclose(shape[:24], np.repeat([more - mean, less - mean], 12))
    assert abs(shape[24:].sum()) < 1e-12


def test_bootstrap_measures_the_day_before_repeated_if_it_is_given_no_errors():
    # Days of 40 and 60 by turns: the day before is always 20 off, the level about 50.
    truth = np.repeat(np.tile([40.0, 60.0], 100), 24)
    history = History(truth, start_s=0.0)
    model = BootstrapError(truth, start_s=0.0).fit(history, 100 * DAY)
    point = model.predict(history, 100 * DAY + DAY * np.arange(20), 24).point
    error = np.abs(point - np.repeat(np.tile([40.0, 60.0], 10), 24).reshape(20, 24))
    np.testing.assert_allclose(error, 20.0, rtol=0.1)


def test_bootstrap_without_a_past_says_what_it_needs():
    model = BootstrapError(TRUTH, start_s=0.0).fit(HISTORY, 30 * H)
    with pytest.raises(TooShortError, match="takes 49 known values; there are 30"):
        model.predict(HISTORY, np.array([0.0]), 24)


def test_errors_do_not_serve_a_longer_horizon():
    model = BootstrapError(TRUTH, start_s=0.0, errors=measured([[0.0, 0.0]]))
    with pytest.raises(ValueError, match="measured over 2 steps do not serve a horizon of 3"):
        model.fit(HISTORY, 0).predict(HISTORY, ISSUES_S, 3)


@pytest.mark.parametrize("cls", [WhiteError, AR1Error, BootstrapError])
def test_same_seed_same_errors_other_seed_others_and_one_issue_alone_the_same(cls):
    def made(seed, issues_s=ISSUES_S[100:140]):
        truth = 50 + np.arange(len(TRUTH)) % 24.0 + np.random.default_rng(0).normal(size=len(TRUTH))
        history = History(truth, start_s=0.0)
        return cls(truth, start_s=0.0, seed=seed).fit(history, 90 * DAY).predict(
            history, issues_s, 24
        )

    first = made(5)
    assert first.point.tobytes() == made(5).point.tobytes()
    assert (first.point != made(6).point).any()
    assert made(5, ISSUES_S[120:121]).point.tobytes() == first.point[20:21].tobytes()
    assert first.card.name == cls.__name__
    assert first.card.parameters["seed"] == 5
    assert "truth" not in first.card.parameters


@pytest.mark.parametrize("cls", [WhiteError, AR1Error])
def test_sun_at_night_is_forecast_exactly_and_never_negative(cls):
    sun = np.tile(np.maximum(np.sin(2 * np.pi * (np.arange(24) - 6) / 24), 0.0), 60)
    sun = np.where(sun < 1e-9, 0.0, sun)
    history = History(sun, start_s=0.0)
    point = cls(sun, start_s=0.0, spread_fraction=2.0).predict(history, ISSUES_S[:50], 24).point
    assert (point[:, :7] == 0).all()
    assert point.min() == 0.0
    assert point.max() > 2.0


def test_prices_may_be_forecast_negative():
    price = np.tile([-5.0, 20.0], 24 * 30)
    history = History(price, start_s=0.0)
    point = WhiteError(price, start_s=0.0, spread_fraction=1.0).predict(history, ISSUES_S[:9], 24)
    assert point.point.min() < -5


def test_truth_without_a_value_stays_without():
    truth = TRUTH.copy()
    truth[3] = NAN
    history = History(truth, start_s=0.0)
    point = AR1Error(truth, start_s=0.0).predict(history, np.array([0.0]), 6).point
    assert np.isnan(point[0]).tolist() == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"phi": 1.0}, "phi must be at least 0 and less than 1; got 1.0"),
        ({"phi": -0.5}, "phi must be at least 0 and less than 1; got -0.5"),
        ({"spread_fraction": -0.1}, "none negative; got -0.1"),
        ({"spread_fraction": []}, r"must be a number or a list, none negative; got \[\]"),
    ],
)
def test_errors_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        AR1Error(TRUTH, start_s=0.0, **arguments).predict(HISTORY, ISSUES_S, 2)


def test_usual_is_the_mean_at_that_hour_in_the_month_around():
    # 100 days; hour 0 rises by 1 a day, hour 1 has no value. Day 50: mean of days 35 to 65.
    values = np.full(24 * 100, NAN)
    values[::24] = np.arange(100.0)
    found = usual(values, 24)
    assert found[50 * 24] == 50.0
    assert found[0] == 7.5  # days 0 to 15
    assert found[99 * 24] == 91.5  # days 84 to 99
    assert np.isnan(found[1])


def test_measured_errors_are_over_the_usual_level():
    times_s = DAY * np.arange(2)
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    forecasts = ForecastSet(times_s, times_s, H, np.full((2, 2), 11.0), card)
    found = MeasuredErrors.of(forecasts, np.full(48, 10.0), start_s=0.0)
    np.testing.assert_allclose(found.relative, 0.1)
    assert found.time_of_day.tolist() == [0, 0]
    with pytest.raises(TooShortError, match="at least one issue whose hours are all known"):
        MeasuredErrors.of(forecasts, [10.0], start_s=0.0)
