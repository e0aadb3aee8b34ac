"""Quantiles from lately known errors: places worked out by hand, coverage, and no leaks."""

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, with_intervals

H = 3600.0
DAY = 24 * H
NAN = np.nan
CARD = ModelCard("Test", {}, trained_until_s=None, data_hash="")


def forecasts_of(point, every_s=DAY, first_s=0.0):
    point = np.asarray(point, dtype=np.float64)
    issued_at_s = first_s + every_s * np.arange(len(point))
    return ForecastSet(issued_at_s, issued_at_s, H, point, CARD)


def daily(errors, *, level=100.0, **options):
    """Return quantiles, shape (days, q), of midnight forecasts of one hour with these errors."""
    errors = np.asarray(errors, dtype=np.float64)
    values = np.zeros(24 * len(errors))
    values[::24] = level + errors
    point = np.full((len(errors), 1), level)
    return with_intervals(forecasts_of(point), History(values, 0.0), **options).quantiles[:, 0]


# Places in the order


def test_a_quantile_is_the_forecast_and_the_error_at_its_place():
    # Nineteen errors known: level q is at place 20 q from one, so 2, 10 and 18.
    errors = [*np.random.default_rng(0).permutation(np.arange(1.0, 20.0)), 0.0]
    assert daily(errors, adaptation=0)[-1].tolist() == [102, 110, 118]


def test_between_two_places_the_error_is_too():
    # Ten errors 1 ... 10: level 0.5 is at place 5.5.
    found = daily([*np.arange(1.0, 11.0), 0.0], adaptation=0, levels=[0.5])
    assert found[-1].tolist() == [105.5]


def test_levels_beyond_what_so_few_errors_can_tell_are_the_outermost():
    # Ten errors: level 0.05 would be at place 0.55, level 0.95 at 10.45.
    found = daily([*np.arange(1.0, 11.0), 0.0], adaptation=0, levels=[0.05, 0.95])
    assert found[-1].tolist() == [101, 110]


def test_nine_errors_are_too_few():
    found = daily(np.ones(11), adaptation=0)
    assert np.isnan(found[:10]).all()
    assert found[10].tolist() == [101, 101, 101]


def test_errors_without_a_value_or_a_forecast_are_left_out():
    errors = np.array([*np.arange(1.0, 11.0), NAN, 0.0])
    assert daily(errors, adaptation=0)[-1, 1] == 105.5
    point = np.full((12, 1), 100.0)
    point[[3, 11]] = NAN
    values = np.zeros(12 * 24)
    values[::24] = 101
    found = with_intervals(forecasts_of(point), History(values, 0.0)).quantiles[:, 0]
    assert np.isnan(found[10]).all()  # nine are known
    assert np.isnan(found[11]).all()  # there is no forecast to put them around


def test_what_lies_further_back_than_the_window_is_forgotten():
    # Two of the twelve errors before day 20 are of days 8 and 9, one before day 21: place 11.7 of
    # twelve is 1000, then 1 + 0.7 * 999.
    errors = [1000.0] * 10 + [1.0] * 12
    wide = daily(errors, adaptation=0, window_s=12 * DAY, levels=[0.9])[-2:, 0]
    assert wide.tolist() == pytest.approx([1100, 800.3])
    narrow = daily(errors, adaptation=0, window_s=10 * DAY, levels=[0.9])[-2:, 0]
    assert narrow.tolist() == [101, 101]


def test_an_error_counts_from_when_its_value_is_known():
    # The hour from 05:00 of day 10 on, forecast at midnight, is first wrong; with 20 h of latency
    # it is known on day 12 only.
    values = np.full(24 * 16, 100.0)
    values[10 * 24 + 5 :] = 150
    point = np.full((16, 6), 100.0)
    for latency_h, first_day in ((0, 11), (18, 11), (19, 12)):
        history = History(values, 0.0, latency_s=latency_h * H)
        made = with_intervals(forecasts_of(point), history, levels=[0.99], adaptation=0)
        seen = np.flatnonzero(made.quantiles[:, 5, 0] > 100)
        assert seen[0] == first_day


def test_hours_of_issue_are_told_apart():
    # Twice a day: at midnight the forecast is right, at noon ten too low.
    point = np.full((40, 1), 100.0)
    values = np.full(20 * 24, 100.0)
    values[12::24] = 110
    found = with_intervals(forecasts_of(point, 12 * H), History(values, 0.0), levels=[0.5])
    assert found.quantiles[-2:, 0, 0].tolist() == [100, 110]


def test_hours_of_issue_that_never_recur_share_their_errors():
    # Every 7 h: nearly seven weeks until the same hour comes ten times.
    point = np.full((40, 1), 100.0)
    values = 100 + np.random.default_rng(1).normal(size=300)
    found = with_intervals(forecasts_of(point, 7 * H), History(values, 0.0))
    assert np.isfinite(found.quantiles[-20:]).all()


def test_a_last_day_cut_short_is_forecast_too():
    point = np.full((45, 2), 100.0)
    found = with_intervals(forecasts_of(point, 8 * H), History(np.full(400, 101.0), 0.0))
    assert found.quantiles[-1].tolist() == [[101] * 3] * 2


def test_a_single_forecast_has_no_errors_to_go_by():
    found = with_intervals(forecasts_of([[100.0]]), History([100.0], 0.0))
    assert np.isnan(found.quantiles).all()


# Adaptation


def test_the_level_moves_by_the_share_that_missed():
    # Errors 1 ... 10, then 1000 three times. Level 0.5 is looked up at 0.5 on days 10 and 11; the
    # value of day 10, which is known then, was above: on day 11 0.5 + 0.05 * 0.5 = 0.525. Of eleven
    # errors that is place 6.3, between 6 and 7.
    found = daily([*np.arange(1.0, 11.0), 1000, 1000, 1000], levels=[0.5])[:, 0]
    assert found[10] == 105.5
    assert found[11] == pytest.approx(106.3)
    # Day 11 was above again: 0.55 of twelve errors is place 7.15.
    assert found[12] == pytest.approx(107.15)


def test_lower_levels_follow_values_that_fall_below():
    # 0.5 - 0.05 * 0.5 = 0.475 of eleven errors, -1000 and 1 ... 10, is place 5.7.
    found = daily([*np.arange(1.0, 11.0), -1000, 0], levels=[0.5])[:, 0]
    assert found[11] == pytest.approx(104.7)


def test_values_on_all_their_quantiles_move_no_level():
    # Forty dark nights, then ten values that are each above: 0.5 + 10 * 0.05 * 0.5 = 0.75, which is
    # place 8.25 of the errors 1 ... 10.
    errors = [0.0] * 40 + [*np.arange(1.0, 11.0)] + [0.0]
    found = daily(errors, level=0.0, levels=[0.5], window_s=10 * DAY)[:, 0]
    assert (found[10:40] == 0).all()
    assert found[50] == pytest.approx(8.25)


def test_dark_hours_do_not_speak_for_the_others():
    # As where the level moves by the share that missed, beside an hour that is always nil.
    values = np.zeros(24 * 13)
    values[1::24] = 100 + np.array([*np.arange(1.0, 11.0), 1000, 1000, 1000])
    forecasts = forecasts_of([[0.0, 100.0]] * 13)
    found = with_intervals(forecasts, History(values, 0.0), levels=[0.5]).quantiles[:, :, 0]
    assert found[11].tolist() == pytest.approx([0, 106.3])


def test_a_value_on_its_quantile_is_on_the_side_that_suits():
    # Nine days in ten lie on the median, one above it. Only the latter moves the median's level,
    # on days 19, 29 and 39; then ten days do: 0.5 + 13 * 0.025 = 0.825, place 9.075 of 11 ... 20.
    errors = ([0.0] * 9 + [10.0]) * 4 + [*np.arange(11.0, 21.0)] + [0.0]
    found = daily(errors, levels=[0.5, 0.95], window_s=10 * DAY)
    assert found[39].tolist() == [100, 110]
    assert found[50, 0] == pytest.approx(119.075)


def test_quantiles_cover_what_they_promise_when_errors_grow():
    draw = np.random.default_rng(2).normal(size=500) * np.linspace(1, 4, 500)
    found = daily(draw)[100:]
    covered = (found[:, 0] <= 100 + draw[100:]) & (100 + draw[100:] <= found[:, 2])
    assert 0.77 < covered.mean() < 0.83


def test_adaptation_brings_coverage_back_after_a_shift():
    draw = np.random.default_rng(3).normal(size=300)
    draw[200:] *= 5
    came = 100 + draw[200:260]

    def coverage(adaptation):
        found = daily(draw, adaptation=adaptation)[200:260]
        return ((found[:, 0] <= came) & (came <= found[:, 2])).mean()

    assert coverage(0.05) > coverage(0) + 0.1


# What always holds


def noisy(seed=0):
    draw = np.random.default_rng(seed)
    values = 100 + 20 * draw.normal(size=60 * 24)
    point = 100 + 5 * draw.normal(size=(230, 30))
    return forecasts_of(point, 6 * H), values


def test_many_quantiles_rise_and_point_and_card_stay():
    forecasts, values = noisy()
    levels = np.linspace(0.05, 0.95, 19)
    found = with_intervals(forecasts, History(values, 0.0), levels=levels)
    known = found.quantiles[60:]
    assert np.isfinite(known).all()
    assert (np.diff(known, axis=2) >= 0).all()
    assert found.point.tolist() == forecasts.point.tolist()
    assert found.card is forecasts.card
    assert found.quantile_levels.tolist() == levels.tolist()


def test_quantiles_whose_levels_have_passed_each_other_do_not_cross():
    # 5.5 lies between 4.4 and 6.6, the places of 0.4 and 0.6: one moves up by 0.3 * 0.4, the other
    # down. Of 1 ... 5, 5.5, 6 ... 10 they are places 6.24 and 5.76.
    found = daily([*np.arange(1.0, 11.0), 5.5, 0.0], levels=[0.4, 0.6], adaptation=0.3)
    assert found[10].tolist() == pytest.approx([104.4, 106.6])
    assert found[11].tolist() == pytest.approx([105.38, 105.62])


def test_a_signal_that_was_never_negative_has_no_negative_quantile():
    # The forecast was 100 too high on every day, and is 5 now.
    forecasts = forecasts_of([[100.0]] * 20 + [[5.0]])
    values = np.zeros(21 * 24)
    assert with_intervals(forecasts, History(values, 0.0)).quantiles[-1, 0].tolist() == [0, 0, 0]
    values[24 + 7] = -1e-9  # once, at an hour that is not even forecast
    assert with_intervals(forecasts, History(values, 0.0)).quantiles[-1, 0].tolist() == [-95] * 3


@pytest.mark.parametrize("latency_s", [0.0, 5 * H])
@pytest.mark.parametrize("change", [NAN, 1e12, -1e12])
def test_what_is_not_known_at_an_issue_changes_nothing(latency_s, change):
    forecasts, values = noisy()
    honest = with_intervals(forecasts, History(values, 0.0, latency_s=latency_s)).quantiles
    assert np.isfinite(honest[-1]).all()
    for row in (100, 150, 229):
        issue_s = forecasts.issued_at_s[row]
        changed = values.copy()
        changed[(np.arange(len(values)) + 1) * H + latency_s > issue_s] = change
        history = History(changed, 0.0, latency_s=latency_s)
        found = with_intervals(forecasts, history).quantiles
        assert found[: row + 1].tobytes() == honest[: row + 1].tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": [0.9, 0.1]}, r"levels must rise between 0 and 1; got \(0.9, 0.1\)"),
        ({"levels": []}, "levels must rise"),
        ({"levels": [0.0, 0.5]}, "levels must rise"),
        ({"window_s": 0.0}, "window_s must be positive"),
        ({"adaptation": -0.1}, "adaptation not negative"),
    ],
)
def test_intervals_refuse_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        daily(np.ones(3), **options)
