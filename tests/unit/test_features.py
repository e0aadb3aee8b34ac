"""What learned models look at: numbers worked out by hand on days that are easy to add up."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard
from forecasting.calendar import WEEKDAYS, calendar_features
from forecasting.features import make_features

H = 3600.0
DAY = 24 * H
NAN = np.nan
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
NO_QUANTILES = {"card": ModelCard("Test", {}, trained_until_s=None, data_hash="")}


def hundreds(day_count):
    """Return 100 for each whole day and 1 for each hour: 0 ... 23, 100 ... 123, 200 ..."""
    day, hour = np.divmod(np.arange(24 * day_count), 24)
    return 100.0 * day + hour


def columns(history, *hours, horizon=1):
    """Return each feature at issues at these hours, shape (issues, horizon)."""
    features = make_features(history, np.array(hours) * H, horizon)
    return dict(zip(features.names, features.values, strict=True)), features


def the_calendar(origin, hour):
    features = calendar_features(History([], 0.0, origin=origin), np.array([hour]))
    return {name: value.item() for name, value in features.items()}


# Calendar


def test_day_of_the_week_and_hour_are_those_of_utc():
    # 29 February 2024 was a Thursday.
    found = the_calendar(datetime(2024, 2, 29, tzinfo=UTC), 5)
    assert [name for name in WEEKDAYS if found[name]] == ["thursday"]
    assert (found["hour_of_day"], found["weekend"]) == (5.0, 0.0)
    assert the_calendar(MONDAY, 5 * 24)["weekend"] == 1.0
    assert the_calendar(MONDAY, 7 * 24 - 1)["weekend"] == 1.0
    assert the_calendar(MONDAY, 7 * 24)["weekend"] == 0.0


def test_an_origin_in_another_zone_is_the_same_moment():
    east = MONDAY.astimezone(timezone(timedelta(hours=9)))
    assert the_calendar(east, 3) == the_calendar(MONDAY, 3)


def test_the_year_turns_once():
    # A quarter of 365.2425 days is 91.3: the sine of the year changes by one, the cosine back.
    start = the_calendar(datetime(1970, 1, 1, tzinfo=UTC), 0)
    assert (start["sine_of_year"], start["cosine_of_year"]) == (0.0, 1.0)
    quarter = the_calendar(datetime(1970, 4, 2, tzinfo=UTC), 0)
    assert quarter["sine_of_year"] == pytest.approx(1.0, abs=1e-4)
    year = the_calendar(datetime(2070, 1, 1, tzinfo=UTC), 0)
    assert year["cosine_of_year"] == pytest.approx(1.0, abs=1e-3)


def test_the_calendar_asks_for_the_moment_of_time_zero():
    with pytest.raises(ValueError, match=r"needs to know time 0: History\(\.\.\., origin="):
        make_features(History([1.0], 0.0), np.array([H]), 1)


# The signal itself


def test_levels_are_told_as_departures_from_the_mean_of_seven_days():
    # At day 9, 00:00, days 2 to 8 are the latest seven: 500 on average, spread 200.
    history = History(hundreds(9), 0.0, origin=MONDAY)
    found, features = columns(history, 9 * 24, horizon=26)
    assert features.usual[0, [0, 1, 23, 24, 25]].tolist() == [500, 501, 523, 500, 501]
    assert found["usual"][0, 5] == 505
    at_seven = [found[f"same_hour_{back}"][0, 7] for back in range(1, 8)]
    assert at_seven == [300, 200, 100, 0, -100, -200, -300]
    assert found["usual_spread"][0].tolist() == pytest.approx([200] * 26)
    assert found["lead_h"][0].tolist() == list(range(26))
    assert not features.steady.any()


def test_the_last_hours_are_told_against_the_usual_of_the_target():
    # The last value is 823; the usual at 02:00 is 502.
    found, _ = columns(History(hundreds(9), 0.0, origin=MONDAY), 9 * 24, horizon=3)
    at_two = {name: values[0, 2] for name, values in found.items()}
    assert at_two["last"] == 823 - 502
    assert at_two["back_3_h"] == 821 - 502
    assert at_two["back_18_h"] == 806 - 502
    assert at_two["mean_3_h"] == 822 - 502
    assert at_two["mean_24_h"] == 811.5 - 502
    assert at_two["mean_168_h"] == 511.5 - 502  # days 2 to 8
    assert at_two["day_change"] == 100


def test_the_same_weekday_is_looked_up_four_weeks_back():
    # Day 30 has days 23, 16, 9, 2 before it: 1250 on average; the usual is that of 23 to 29.
    found, _ = columns(History(hundreds(30), 0.0, origin=MONDAY), 30 * 24, horizon=25)
    assert found["same_weekday_mean"][0, 0] == 1250 - 2600
    assert found["same_weekday_mean"][0, 24] == 1350 - 2600


def test_latency_hides_the_latest_hours():
    # Six hours late: at day 9 the hours from 18:00 on are known up to day 7 only.
    history = History(hundreds(9), 0.0, latency_s=6 * H, origin=MONDAY)
    found, features = columns(history, 9 * 24, horizon=24)
    assert features.usual[0, [17, 18]].tolist() == [517, 418]
    assert found["last"][0, 0] == 817 - 500


def test_gaps_are_passed_over_or_told_as_missing():
    values = hundreds(10)
    values[9 * 24] = values[5 * 24] = NAN  # midnight of days 9 and 5
    found, features = columns(History(values, 0.0, origin=MONDAY), 10 * 24)
    # Midnights known: days 8, 7, 6, 4, 3, 2, 1 with 31 hundreds.
    assert features.usual[0, 0] == pytest.approx(3100 / 7)
    values[-3:] = NAN
    found, features = columns(History(values, 0.0, origin=MONDAY), 10 * 24)
    assert found["last"][0, 0] == pytest.approx(920 - 3100 / 7)
    assert found["mean_3_h"][0, 0] == pytest.approx(NAN, nan_ok=True)
    assert found["back_3_h"][0, 0] == pytest.approx(NAN, nan_ok=True)


def test_before_a_week_is_known_there_is_a_usual_value_of_what_there_is():
    found, features = columns(History(hundreds(2), 0.0, origin=MONDAY), 48)
    assert features.usual[0, 0] == 50
    assert found["same_hour_2"][0, 0] == -50
    assert np.isnan(found["same_hour_3"][0, 0])
    assert not features.steady[0, 0]


def test_nothing_known_is_nan():
    found, features = columns(History(hundreds(2), 0.0, origin=MONDAY), 0)
    assert np.isnan(features.usual).all()
    assert np.isnan(found["last"]).all()


def test_a_constant_is_steady_and_departs_from_itself_by_nothing_at_all():
    # 0.1 added up seven times is not 0.7: a plain mean would depart by a rounding error.
    history = History(np.full(24 * 30, 0.1), 0.0, origin=MONDAY)
    found, features = columns(history, 30 * 24, horizon=48)
    assert features.steady.all()
    assert set(features.usual.ravel()) == {0.1}
    kinds = ("same_", "mean_", "back_", "last", "day_")
    relative = [name for name in found if name.startswith(kinds)]
    assert len(relative) == 18
    assert all((found[name] == 0).all() for name in relative)


def test_six_equal_days_are_not_steady():
    _, features = columns(History(np.zeros(24 * 6), 0.0, origin=MONDAY), 6 * 24)
    assert not features.steady.any()


def test_half_hours_make_days_of_forty_eight():
    values = np.repeat(hundreds(9), 2)
    found, features = columns(History(values, 0.0, H / 2, origin=MONDAY), 9 * 24, horizon=4)
    assert features.usual[0].tolist() == [500, 500, 501, 501]
    assert found["lead_h"][0].tolist() == [0, 0.5, 1, 1.5]
    assert found["mean_3_h"][0, 0] == 822 - 500


def test_a_day_must_be_a_whole_number_of_steps():
    with pytest.raises(ValueError, match="whole number of steps; a step is 25200 s"):
        make_features(History([1.0], 0.0, 7 * H, origin=MONDAY), np.array([DAY]), 1)


# What goes with it


def test_covariates_are_read_as_late_as_they_are_published():
    share = History(hundreds(9) / 1000, 0.0, latency_s=2 * H)
    history = History(np.zeros(9 * 24), 0.0, origin=MONDAY, covariates={"wind": share})
    found, _ = columns(history, 9 * 24, horizon=24)
    assert found["wind_last"][0, 0] == pytest.approx(0.821)
    assert found["wind_day_change"][0, 0] == pytest.approx(0.1)
    assert found["wind_same_hour"][0, [0, 21, 22]] == pytest.approx([0.8, 0.821, 0.722])
    # From 22:00 of day 7 to 21:00 of day 8.
    assert found["wind_mean_24_h"][0, 0] == pytest.approx((0.722 + 0.723 + 22 * 0.8105) / 24)


def test_a_covariate_may_begin_at_another_time():
    share = History(np.arange(48.0), 7 * DAY)
    history = History(np.zeros(9 * 24), 0.0, origin=MONDAY, covariates={"wind": share})
    found, _ = columns(history, 9 * 24, horizon=2)
    assert found["wind_same_hour"][0].tolist() == [24, 25]


def test_an_outlook_is_read_as_of_the_issue_and_compared_with_the_latest_known_day():
    # Issued every midnight for two days: 10 times the day of issue, and the lead.
    issued_at_s = DAY * np.arange(10)
    point = 10.0 * np.arange(10)[:, None] + np.arange(48)
    outlook = ForecastSet(issued_at_s, issued_at_s, H, point, **NO_QUANTILES)
    history = History(np.zeros(9 * 24), 0.0, origin=MONDAY, outlooks={"heat": outlook})
    found, _ = columns(history, 9 * 24 - 6, 9 * 24, horizon=30)
    # At 18:00 of day 8 that day's issue is the latest; 18:00 was last known on day 7.
    assert found["heat"][0, 0] == 80 + 18
    assert found["heat_change"][0, 0] == 98 - (70 + 18)
    assert found["heat"][1, [0, 29]].tolist() == [90, 90 + 29]
    assert found["heat_change"][1, 29] == 119 - (80 + 5)


def test_an_outlook_that_is_not_issued_yet_or_does_not_reach_far_enough_says_nothing():
    first_s = np.array([5.0 * DAY])
    outlook = ForecastSet(first_s, first_s, H, np.ones((1, 6)), **NO_QUANTILES)
    history = History(np.zeros(9 * 24), 0.0, origin=MONDAY, outlooks={"heat": outlook})
    found, _ = columns(history, 119, 120, horizon=7)
    assert np.isnan(found["heat"][0]).all()
    np.testing.assert_array_equal(found["heat"][1], [1] * 6 + [NAN])
