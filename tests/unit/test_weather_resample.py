"""Years drawn from a typical one: as plausible as it, hour by hour, and different for each seed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.schema.weather import Weather
from sim.streams import stream
from sim.weather import WindProfile, read_tmy, resampled, weather_year
from sim.weather.model import PLAUSIBLE
from sim.weather.resample import MONTH_DAYS
from sim.weather.sun import Sky, mismatch

STATIONS = ("greensboro-nc", "sand-point-ak", "miami-fl")
MONTH_OF_HOUR = np.repeat(np.arange(12), np.array(MONTH_DAYS) * 24)


def draws(station, count=40):
    return [resampled(read_tmy(station), stream(seed, "weather/x")) for seed in range(count)]


@pytest.fixture(scope="module")
def greensboro():
    return draws("greensboro-nc")


def monthly(values):
    return np.bincount(MONTH_OF_HOUR, values) / np.bincount(MONTH_OF_HOUR)


def daily(values):
    return values.reshape(365, 24).mean(axis=1)


def test_equal_seeds_give_equal_years_and_others_do_not():
    first, again, other = (
        resampled(read_tmy("miami-fl"), stream(seed, "weather/x")) for seed in (1, 1, 2)
    )
    for name in PLAUSIBLE:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert (first.wind_speed != other.wind_speed).mean() > 0.8


@pytest.mark.parametrize("station", STATIONS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**63 - 1))
def test_every_value_is_one_that_weather_can_have(station, seed):
    year = resampled(read_tmy(station), stream(seed, "weather/x"))
    for name, (least, greatest, _) in PLAUSIBLE.items():
        values = getattr(year, name)
        assert values.shape == (8760,)
        assert ((values >= least) & (values <= greatest)).all(), name
    assert not year.ghi.flags.writeable


def test_months_are_near_those_of_the_typical_year(greensboro):
    typical = read_tmy("greensboro-nc")
    for name, near in {"temp_air": 0.8, "wind_speed": 0.15, "ghi": 8.0, "pressure": 150.0}.items():
        wanted = monthly(getattr(typical, name))
        found = np.array([monthly(getattr(year, name)) for year in greensboro])
        # 40 draws: the mean is known to a sixth of the spread of single years
        np.testing.assert_allclose(found.mean(axis=0), wanted, atol=near, err_msg=name)
        assert found.std(axis=0).min() > 0.05 * near, f"{name}: all draws have the same months"


def test_spread_of_the_hours_is_that_of_the_typical_year(greensboro):
    typical = read_tmy("greensboro-nc")
    for name in ("temp_air", "wind_speed", "ghi", "dni", "dhi"):
        found = np.mean([getattr(year, name).std() for year in greensboro])
        assert found == pytest.approx(getattr(typical, name).std(), rel=0.03), name
    cubes = np.mean([(year.wind_speed**3).mean() for year in greensboro])
    assert cubes == pytest.approx((typical.wind_speed**3).mean(), rel=0.03)  # what turbines live on


@pytest.mark.parametrize(
    ("one", "other"), [("ghi", "wind_speed"), ("ghi", "temp_air"), ("wind_speed", "temp_air")]
)
def test_sun_wind_and_heat_go_together_as_in_the_typical_year(greensboro, one, other):
    def together(year):
        return np.corrcoef(daily(getattr(year, one)), daily(getattr(year, other)))[0, 1]

    found = np.mean([together(year) for year in greensboro])
    assert found == pytest.approx(together(read_tmy("greensboro-nc")), abs=0.05)


def test_clear_days_stay_clear_in_all_their_light():
    # noon of a cloudless day: what share of the light is diffuse does not change with its date
    typical = read_tmy("greensboro-nc")
    year = resampled(typical, stream(3, "weather/x"))
    lit = typical.ghi > 200
    wanted = np.percentile((typical.dhi / np.maximum(typical.ghi, 1))[lit], [5, 50, 95])
    lit = year.ghi > 200
    found = np.percentile((year.dhi / np.maximum(year.ghi, 1))[lit], [5, 50, 95])
    np.testing.assert_allclose(found, wanted, atol=0.06)


@pytest.mark.parametrize("station", STATIONS)
def test_light_fits_the_sun_of_its_new_date(station):
    typical = read_tmy(station)
    sky = Sky(typical.latitude_deg, typical.longitude_deg, typical.utc_offset_h)
    year = resampled(typical, stream(5, "weather/x"))
    light = {name: getattr(year, name) for name in ("ghi", "dni", "dhi")}
    assert mismatch(light, sky) < 0.012
    assert year.ghi[sky.cosine_of_zenith() < -0.1].max() == 0


@pytest.mark.parametrize("name", ["temp_air", "wind_speed", "pressure"])
def test_nothing_jumps_in_the_nights_where_days_meet(greensboro, name):
    def steps(year):
        return np.abs(np.diff(getattr(year, name), prepend=np.nan)).reshape(365, 24)

    usual = np.nanpercentile(steps(read_tmy("greensboro-nc")), 99, axis=0)
    found = np.nanpercentile(np.concatenate([steps(year) for year in greensboro]), 99, axis=0)
    nights = [hour % 24 for hour in range(19, 31)]  # seams fade from 20:00 to 04:00
    assert (found[nights] <= 1.25 * usual.max()).all()
    assert found[nights].mean() <= 1.15 * usual[nights].mean()


def test_days_within_a_block_are_those_of_the_typical_year(greensboro):
    # wind is moved as it is: most noons (no seam is near) are noons of the same month
    typical = read_tmy("greensboro-nc").wind_speed[12::24]
    month = MONTH_OF_HOUR[12::24]
    for year in greensboro[:5]:
        for day, wind in enumerate(year.wind_speed[12::24]):
            assert wind in typical[month == month[day]]


def test_last_night_of_the_year_leads_into_the_first():
    year = resampled(read_tmy("greensboro-nc"), stream(1, "weather/x"))
    steps = np.abs(np.diff(year.temp_air))
    assert abs(year.temp_air[0] - year.temp_air[-1]) < np.percentile(steps, 99)


def test_all_heights_of_a_profile_move_together():
    typical = read_tmy("greensboro-nc")
    profile = WindProfile(
        heights_m=np.array([10.0, 80.0]),
        wind_speed=np.stack([typical.wind_speed, 1.5 * typical.wind_speed]),
        temp_air=np.stack([typical.temp_air, typical.temp_air - 1]),
        pressure=np.stack([typical.pressure, typical.pressure - 800]),
    )
    year = resampled(replace(typical, profile=profile), stream(1, "weather/x"))
    np.testing.assert_allclose(year.profile.wind_speed[1], 1.5 * year.wind_speed)
    np.testing.assert_allclose(year.profile.temp_air[1], year.temp_air - 1)


def test_scenario_without_resampling_takes_the_typical_year(tmp_path):
    assert weather_year(Weather(tmy="miami-fl"), tmp_path) is read_tmy("miami-fl")


def test_scenario_with_resampling_draws_from_the_given_stream(tmp_path):
    spec = Weather(tmy="miami-fl", resample="daily-block")
    year = weather_year(spec, tmp_path, rng=stream(7, "weather/x"))
    wanted = resampled(read_tmy("miami-fl"), stream(7, "weather/x"))
    np.testing.assert_array_equal(year.temp_air, wanted.temp_air)
    with pytest.raises(ValueError, match="daily-block needs the random stream of the run's seed"):
        weather_year(spec, tmp_path)
