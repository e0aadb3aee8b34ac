"""Years that run backwards: the same climate, and not a day of the other in them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sim.weather import read_tmy
from sim.weather.backwards import backwards
from sim.weather.model import PLAUSIBLE
from sim.weather.resample import MONTH_DAYS

STATIONS = ("greensboro-nc", "sand-point-ak", "miami-fl")
FIRST_H = 24 * np.cumsum([0, *MONTH_DAYS])


@pytest.fixture(scope="module", params=STATIONS)
def pair(request):
    year = read_tmy(request.param)
    return year, backwards(year)


def by_month_and_hour(values):
    return np.stack([
        values[first:last].reshape(-1, 24).mean(axis=0)
        for first, last in pairwise(FIRST_H)
    ])


def departures(values):
    return np.concatenate([
        (days := values[first:last].reshape(-1, 24)).ravel()
        - np.tile(days.mean(axis=0), len(days))
        for first, last in pairwise(FIRST_H)
    ])


def test_what_departs_from_the_usual_runs_backwards_about_noon():
    # By hand: light from 8 to 17 h, its middle at 12.5, so that hours h and 25 - h change places.
    year = read_tmy("miami-fl")
    light = np.tile(np.where(np.abs(np.arange(24) - 12.5) < 5.0, 500.0, 0.0), 365)
    temp = np.tile(np.arange(24.0), 365)
    temp[5] += 31.0  # in January, hour 5 of its first of 31 days: usual is one more, 6
    temp[24 * 40] = -9.0  # the range is wider than what is needed here
    found = backwards(replace(year, ghi=light, temp_air=temp))
    assert found.ghi.tolist() == light.tolist()
    # Hour 5 of the first day goes to hour 25 - 5 of the last: there it is 30 more than usual.
    expected = np.tile(np.arange(24.0), 31)
    expected[5::24] += 1.0
    expected[20::24] -= 1.0
    expected[24 * 30 + 20] += 31.0
    assert found.temp_air[: 24 * 31] == pytest.approx(np.minimum(expected, temp.max()))


def test_without_sun_the_day_itself_is_turned():
    dark = np.full(8760, np.nan)
    temp = np.tile(np.arange(24.0), 365)
    temp[0] += 31.0
    year = replace(read_tmy("miami-fl"), ghi=dark, dni=dark, dhi=dark, temp_air=temp)
    found = backwards(year)
    assert np.isnan(found.ghi).all()
    assert found.temp_air[24 * 30 + 23] == temp.max()  # 23 and 30 more, but none leaves the range


def test_the_usual_course_of_day_and_month_stays(pair):
    for name, tolerance in (("temp_air", 0.05), ("wind_speed", 0.4), ("ghi", 25.0)):
        before, after = (by_month_and_hour(getattr(one, name)) for one in pair)
        assert np.abs(after - before).max() < tolerance
    year, other = pair
    assert other.ghi.mean() == pytest.approx(year.ghi.mean(), rel=0.02)
    assert other.wind_speed.mean() == pytest.approx(year.wind_speed.mean(), rel=0.01)


def test_swings_last_as_long_and_go_together_as_before(pair):
    for name in ("temp_air", "wind_speed"):
        one, other = (departures(getattr(side, name)) for side in pair)
        assert other.std() == pytest.approx(one.std(), rel=0.1)
        for lag_h in (1, 6, 24):
            before, after = (np.corrcoef(x[lag_h:], x[:-lag_h])[0, 1] for x in (one, other))
            assert after == pytest.approx(before, abs=0.05)
    before, after = (
        np.corrcoef(departures(side.temp_air), departures(side.wind_speed))[0, 1] for side in pair
    )
    assert after == pytest.approx(before, abs=0.05)


def test_no_day_is_found_again(pair):
    year, other = pair
    for name in ("wind_speed", "temp_air"):
        own, drawn = (getattr(side, name).reshape(365, 24) for side in (year, other))
        apart = np.abs(own[:, None] - drawn[None]).mean(axis=2).min(axis=0)
        assert (apart > 0.05).all()


def test_no_value_leaves_the_range_and_night_stays_dark(pair):
    year, other = pair
    for name in PLAUSIBLE:
        before, after = getattr(year, name), getattr(other, name)
        assert np.nanmin(after) >= np.nanmin(before)
        assert np.nanmax(after) <= np.nanmax(before)
        assert not after.flags.writeable
    dark = np.repeat(by_month_and_hour(year.ghi) == 0.0, np.array(MONTH_DAYS), axis=0).ravel()
    assert not other.ghi[dark].any()
