"""Weekly mean, climatology and clear-sky persistence, by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import History, Place
from forecasting.clear_sky import ClearSky
from forecasting.climatology import Climatology
from forecasting.models import WeeklyMean
from forecasting.sun import clear_sky_w_per_m2, cosine_of_zenith

H = 3600.0
DAY = 24 * H
NAN = np.nan
MONDAY = datetime(2025, 6, 2, tzinfo=UTC)


def forecast(model, history, issue_s=0.0, count=24):
    return model.fit(history, issue_s).predict(history, np.array([issue_s]), count).point[0]


# Weekly mean


def test_weekly_mean_is_that_of_the_latest_seven_days_at_the_hour():
    values = np.repeat(np.arange(10.0), 24)  # days 0 to 9; the latest seven have mean 6
    history = History(values, start_s=-10 * DAY)
    assert forecast(WeeklyMean(), history, count=30).tolist() == [6.0] * 30


def test_weekly_mean_passes_over_gaps_and_what_latency_hides():
    values = np.repeat(np.arange(10.0), 24)
    values[9 * 24 + 5] = NAN  # hour 5: days 2 to 8, mean 5
    history = History(values, start_s=-10 * DAY, latency_s=2 * H)  # hours 22, 23: days 2 to 8
    point = forecast(WeeklyMean(), history)
    assert [point[hour] for hour in (4, 5, 21, 22, 23)] == [6.0, 5.0, 6.0, 5.0, 5.0]


def test_weekly_mean_says_the_last_value_where_the_hour_was_never_seen():
    assert forecast(WeeklyMean(), History([3.0, 4.0], start_s=-2 * H)).tolist()[:2] == [4.0, 4.0]
    assert np.isnan(forecast(WeeklyMean(), History([], start_s=0.0))).all()


# Climatology


def drawn(count, mean, coarser):
    """Seven days of the coarser mean count beside the days of a cell."""
    return (count * mean + 7 * coarser) / (count + 7)


def test_climatology_knows_hours_working_days_and_weekends():
    # 28 days from a Monday, all in June: 10 on working days, 3 on weekends, 5 more at hour 7.
    day, hour = np.divmod(np.arange(28 * 24), 24)
    values = np.where(day % 7 < 5, 10.0, 3.0) + np.where(hour == 7, 5.0, 0.0)
    history = History(values, start_s=0.0, origin=datetime(2025, 6, 2, tzinfo=UTC))
    point = forecast(Climatology(), history, 28 * DAY, 24 * 6)
    overall = values.mean()
    usual = drawn(28, 8.0, overall)
    working = drawn(20, 10.0, drawn(20, 10.0, usual))
    # 30 June 2025 is a Monday; July has not been seen: all of July says what months say together.
    assert point[3] == pytest.approx(working)
    july = drawn(0, 0.0, drawn(20, 10.0, usual))
    assert point[24 + 3] == pytest.approx(july)
    assert point[5 * 24 + 3] == pytest.approx(drawn(8, 3.0, usual))
    at_seven = drawn(28, 13.0, overall)
    assert point[24 + 7] == pytest.approx(drawn(20, 15.0, at_seven))


def test_climatology_keeps_to_what_was_known_when_it_learned():
    values = np.concatenate([np.full(48, 10.0), np.full(48, 90.0)])
    history = History(values, start_s=0.0, origin=MONDAY)
    model = Climatology().fit(history, 48 * H)
    assert model.predict(history, np.array([96 * H]), 3).point.tolist() == [[10.0] * 3]
    card = model.predict(history, np.array([96 * H]), 3).card
    assert (card.trained_from_s, card.trained_until_s) == (0.0, 48 * H)


def test_climatology_of_nothing_is_nothing():
    history = History([NAN, NAN], start_s=0.0, origin=MONDAY)
    assert np.isnan(forecast(Climatology(), history, 2 * H)).all()


def test_climatology_needs_the_calendar():
    with pytest.raises(ValueError, match="time 0"):
        Climatology().fit(History([1.0], start_s=0.0), H)


# Clear sky


def sunny(share):
    """Return 20 days of a plant that gives some share of the clear sky's irradiance, by hour."""
    days, place = 20, Place(40.0, -105.0)
    bare = History([], start_s=-days * DAY, origin=MONDAY, place=place)
    sky = clear_sky_w_per_m2(bare, np.arange((days + 4) * 24))
    return History(share(np.arange(len(sky))) * sky, bare.start_s, origin=MONDAY, place=place), sky


def test_the_sun_is_up_when_it_should_be():
    # Greenwich, 2 June: highest at about 11:58 UTC, 90 - 51.48 + 22.2 degrees above the horizon.
    history = History([], start_s=0.0, step_s=60.0, origin=MONDAY, place=Place(51.48, 0.0))
    cosine = cosine_of_zenith(history, np.arange(1440))
    assert np.argmax(cosine) == pytest.approx(11 * 60 + 58, abs=2)
    assert np.degrees(np.arcsin(cosine.max())) == pytest.approx(60.7, abs=0.3)
    # NOAA's calculator gives sunrise 03:48, sunset 20:09 with refraction, about 5 min wider.
    up = np.flatnonzero(cosine > 0)
    assert up[0] == pytest.approx(3 * 60 + 53, abs=4)
    assert up[-1] == pytest.approx(20 * 60 + 4, abs=4)


def test_the_sun_is_that_of_the_middle_of_an_hour():
    # Noon is at 11:58, half-way between 11:30 and 12:30 but for two minutes.
    history = History([], start_s=0.0, origin=MONDAY, place=Place(51.48, 0.0))
    before, after = cosine_of_zenith(history, np.array([11, 12]))
    assert before == pytest.approx(after, abs=0.002)


def test_the_sun_is_late_in_the_west():
    # 105 degrees west are 7 hours: noon at 18:58 UTC.
    history = History([], start_s=0.0, step_s=60.0, origin=MONDAY, place=Place(40.0, -105.0))
    noon = np.argmax(cosine_of_zenith(history, np.arange(1440)))
    assert noon == pytest.approx(18 * 60 + 58, abs=2)


def test_a_clear_sky_gives_what_haurwitz_says():
    # Sun in the zenith: 1098 exp(-0.057) = 1037 W/m2. On the equator at the equinox, noon.
    equinox = datetime(2025, 3, 20, 9, tzinfo=UTC)
    history = History([], start_s=0.0, origin=equinox, step_s=60.0, place=Place(0.0, 0.0))
    assert clear_sky_w_per_m2(history, np.arange(360)).max() == pytest.approx(1037.2, abs=0.3)
    night = History([], start_s=0.0, origin=MONDAY, place=Place(0.0, 0.0))
    assert (clear_sky_w_per_m2(night, np.arange(5)) < 1e-6).all()


def test_a_constant_share_of_the_clear_sky_is_forecast_exactly():
    history, sky = sunny(lambda hour: 0.7 + 0.2 * (hour % 24 == 19))
    point = forecast(ClearSky(), history, count=96)
    bright = sky[-96:] > 50
    np.testing.assert_allclose(point[bright], (0.7 + 0.2 * (np.arange(96) % 24 == 19))[bright]
                               * sky[-96:][bright], rtol=0.01)
    assert (point[sky[-96:] < 1e-6] == 0).all()


def test_a_dull_day_fades_from_the_forecast():
    # The last day gives half of the six before it: the mean share is 6.5 / 7, the day 0.5 of 1.
    history, sky = sunny(lambda hour: np.where((hour // 24) == 19, 0.5, 1.0))
    point = forecast(ClearSky(fade_h=10.0), history, count=72)
    level = 0.5 / (6.5 / 7)
    noon = np.array([19, 43, 67])
    expected = 6.5 / 7 * (1 + (level - 1) * np.exp(-noon / 10.0))
    np.testing.assert_allclose(point[noon] / sky[-96:][noon], expected, rtol=0.01)


def test_clear_sky_needs_a_place():
    with pytest.raises(ValueError, match="the sun needs a place"):
        forecast(ClearSky(), History(np.ones(48), start_s=-DAY, origin=MONDAY))


def test_clear_sky_takes_the_last_day_for_usual_if_little_light_of_it_is_known():
    # Of the last day one hour is known, in which the plant gave three times the clear sky.
    def share(hour):
        last = (hour // 24) == 19
        return np.where(last & (hour % 24 != 14), NAN, np.where(last, 3.0, 1.0))

    history, sky = sunny(share)
    point = forecast(ClearSky(), history)
    np.testing.assert_allclose(point[19] / sky[-96:][19], 1.0, rtol=0.01)
