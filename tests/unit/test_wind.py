"""Wind power: the curve read at the right speed, by hand; what must hold for every turbine."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import catalog
from sim.energy.hub_wind import hub_wind
from sim.energy.wind import (
    FarmOperation,
    air_density_kg_per_m3,
    farm_power_w,
    load_turbine,
    storm_stop,
    wind_warnings,
)
from sim.errors import DataError
from sim.weather import WeatherSlice, WindProfile

TURBINES = tuple(catalog.table("turbines")["turbine"])


def weather_at_hub(speeds, *, density=1.225):
    """Weather measured at a hub of 90 m, with the given air density: p = rho R T."""
    speeds = np.asarray(speeds, dtype=float)
    dark = np.zeros_like(speeds)
    return WeatherSlice(
        name="x",
        source="test",
        latitude_deg=40.0,
        longitude_deg=0.0,
        altitude_m=0.0,
        utc_offset_h=0.0,
        wind_height_m=90.0,
        time_utc=pd.date_range("2025-01-01", periods=speeds.size, freq="h", tz="UTC"),
        ghi=dark,
        dni=dark,
        dhi=dark,
        temp_air=np.full_like(speeds, 15.0),
        wind_speed=speeds,
        pressure=np.full_like(speeds, 1.0) * density * 287.05 * 288.15,
    )


def power_kw(weather, name="nrel-5mw-126", **changed):
    settings = {"count": 1, "hub_height_m": 90.0, "shear_exponent": 0.2} | changed
    return farm_power_w(weather, load_turbine(name), **settings) / 1e3


def tower(speeds, heights_m=(50.0, 100.0), **columns):
    """Weather measured at several heights; `speeds` has a row for each."""
    low = weather_at_hub(speeds[0])
    flat = np.ones_like(np.asarray(speeds, dtype=float))
    profile = WindProfile(
        heights_m=np.array(heights_m),
        wind_speed=np.asarray(speeds, dtype=float),
        temp_air=columns.get("temp_air", 15.0) * flat,
        pressure=columns.get("pressure", 101325.0) * flat,
    )
    return replace(low, wind_height_m=heights_m[0], profile=profile)


def test_power_at_reference_density_is_that_of_the_published_curve():
    # NREL 5 MW: 403.9 kW at 5 m/s, 737.59 at 6 (halfway 570.745), 1771.17 at 8, 3448.38 at 10
    power = power_kw(weather_at_hub([5, 8, 10, 5.5]))
    np.testing.assert_allclose(power, [403.9, 1771.17, 3448.38, 570.745], rtol=1e-4)


def test_thin_air_acts_as_slower_wind():
    # (rho / 1.225) = 0.9 ** 3, so 10 m/s acts as 9 m/s: 2518.55 kW
    power = power_kw(weather_at_hub([10], density=1.225 * 0.729))
    np.testing.assert_allclose(power, [2518.55], rtol=1e-4)


def test_wind_grows_to_the_hub_by_the_power_law():
    # 6.4 m/s at 10 m, exponent log(1.25) / log(9): 8 m/s at 90 m. Density there 1.225 again
    exponent = np.log(1.25) / np.log(9)
    hub_k, ground_k = 288.15 - 0.0065 * 80, 288.15
    pressure = 1.225 * 287.05 * hub_k * (ground_k / hub_k) ** (9.80665 / (287.05 * 0.0065))
    low = replace(weather_at_hub([6.4]), wind_height_m=10.0, pressure=np.array([pressure]))
    np.testing.assert_allclose(power_kw(low, shear_exponent=exponent), [1771.17], rtol=1e-4)


def test_density_follows_the_standard_atmosphere():
    # ISO 2533, kg/m3: 1.2250 at sea level (15 degC, 1013.25 hPa), 1.11164 at 1 km, 1.00649 at 2 km
    sea = np.array([15.0]), np.array([101325.0])
    assert air_density_kg_per_m3(*sea)[0] == pytest.approx(1.2250, rel=1e-4)
    assert air_density_kg_per_m3(*sea, rise_m=1000)[0] == pytest.approx(1.11164, rel=2e-4)
    assert air_density_kg_per_m3(*sea, rise_m=2000)[0] == pytest.approx(1.00649, rel=2e-4)


def test_density_at_the_measuring_height_is_the_ideal_gas_law():
    # 90 kPa, 0 degC: 90000 / (287.05 * 273.15)
    density = air_density_kg_per_m3(np.array([0.0]), np.array([90e3]))
    assert density[0] == pytest.approx(1.14784, rel=1e-5)


def test_turbine_stands_still_below_cut_in_and_above_cut_out():
    power = power_kw(weather_at_hub([0, 2.99, 3, 25, 25.01, 40]))
    np.testing.assert_allclose(power, [0, 0, 40.52, 5000, 0, 0], rtol=1e-3)


@pytest.mark.parametrize("density", [0.9, 1.4])
def test_cut_out_goes_by_the_wind_at_the_hub_whatever_the_density(density):
    power = power_kw(weather_at_hub([24.9, 25.1], density=density))
    np.testing.assert_allclose(power, [5000, 0], rtol=1e-3)


def test_farm_gives_the_power_of_all_its_turbines():
    weather = weather_at_hub([4, 7, 12])
    np.testing.assert_allclose(power_kw(weather, count=7), 7 * power_kw(weather))


def test_wakes_and_outages_take_their_share():
    losses = FarmOperation(availability_fraction=0.97, wake_loss_fraction=0.1)
    power = power_kw(weather_at_hub([8]), operation=losses)
    np.testing.assert_allclose(power, [1771.17 * 0.97 * 0.9], rtol=1e-4)


@pytest.mark.parametrize(("exponent", "expected_kw"), [(0.0, 3448.38), (1 / 3, 2518.55)])
def test_density_counts_by_its_exponent(exponent, expected_kw):
    weather = weather_at_hub([10], density=1.225 * 0.729)
    power = power_kw(weather, operation=FarmOperation(density_exponent=exponent))
    np.testing.assert_allclose(power, [expected_kw], rtol=1e-4)


def test_turbine_that_stopped_in_a_storm_waits_for_calmer_wind():
    # cut-out at 25 m/s, restart below 20: it stands at 22 after the storm, not before
    speeds = [22, 26, 24, 22, 20.1, 19.9, 22, 24.9, 25.1, 21]
    runs = power_kw(weather_at_hub(speeds)) > 0
    assert runs.tolist() == [True, False, False, False, False, True, True, True, False, False]


def test_turbine_without_hysteresis_starts_as_soon_as_it_may():
    speeds = [26, 24.9, 26, 22]
    runs = power_kw(weather_at_hub(speeds), operation=FarmOperation(restart_fraction=1.0)) > 0
    assert runs.tolist() == [False, True, False, True]


@given(speeds=st.lists(st.floats(0, 40), min_size=1, max_size=50), share=st.floats(0.1, 1))
def test_storm_stop_is_that_of_a_machine_stepping_through_the_hours(speeds, share):
    stands, expected = False, []
    for speed in speeds:
        stands = speed > 25 or (stands and speed >= share * 25)
        expected.append(stands)
    assert storm_stop(
        np.array(speeds), cut_out_speed=25.0, restart_fraction=share
    ).tolist() == expected


def test_wind_between_two_heights_follows_the_logarithm_of_height():
    # halfway in log: sqrt(50 * 100) = 70.71 m, so 7 m/s between 6 and 8
    wind = hub_wind(tower([[6.0], [8.0]]), np.sqrt(5000), shear_exponent=None)
    assert wind.speed_m_per_s[0] == pytest.approx(7)
    # a wall of 0.1 m roughness: u = ln(z / 0.1), exact at every height
    profile = tower([[np.log(500)], [np.log(1000)]])
    wind = hub_wind(profile, 80.0, shear_exponent=None)
    assert wind.speed_m_per_s[0] == pytest.approx(np.log(800))


def test_density_between_two_heights_is_that_of_temperature_and_pressure_there():
    # halfway: 10 degC and sqrt(100000 * 99000) Pa; 99498.7 / (287.05 * 283.15)
    columns = {"temp_air": np.array([[12.0], [8.0]]), "pressure": np.array([[1e5], [99e3]])}
    wind = hub_wind(tower([[6.0], [8.0]], **columns), 75.0, shear_exponent=None)
    assert wind.density_kg_per_m3[0] == pytest.approx(1.224174, rel=1e-5)


def test_wind_at_a_measuring_height_is_taken_as_it_is():
    columns = {"temp_air": np.array([[12.0], [0.0]]), "pressure": np.array([[1e5], [90e3]])}
    weather = tower([[6.0], [8.0]], **columns)
    for hub_height_m, speed, density in ((50.0, 6, 1.22171), (100.0, 8, 1.14784)):
        wind = hub_wind(weather, hub_height_m, shear_exponent=None)
        assert wind.speed_m_per_s[0] == speed
        assert wind.density_kg_per_m3[0] == pytest.approx(density, rel=1e-5)


@pytest.mark.parametrize(("hub_height_m", "speed"), [(200.0, 8 * 2**0.2), (25.0, 6 * 0.5**0.2)])
def test_wind_beyond_all_heights_goes_by_the_exponent_from_the_nearest(hub_height_m, speed):
    wind = hub_wind(tower([[6.0], [8.0]]), hub_height_m, shear_exponent=0.2)
    assert wind.speed_m_per_s[0] == pytest.approx(speed)


def test_calm_at_one_height_is_no_trouble():
    still, above = (
        hub_wind(tower([[0.0], [speed]]), 80.0, shear_exponent=None) for speed in (0.0, 3.0)
    )
    assert still.speed_m_per_s[0] == 0
    assert 0 < above.speed_m_per_s[0] < 3


@pytest.mark.parametrize("weather", [weather_at_hub([6.0]), tower([[6.0], [8.0]])])
def test_hub_beyond_the_measurements_needs_an_exponent(weather):
    with pytest.raises(DataError, match=r"wind is known at .* m and the hub is at 120 m. Give"):
        hub_wind(weather, 120.0, shear_exponent=None)


def test_hub_at_the_only_height_needs_no_exponent():
    power = power_kw(weather_at_hub([8]), shear_exponent=None)
    np.testing.assert_allclose(power, [1771.17], rtol=1e-4)


def test_wind_from_10_m_is_warned_of_and_wind_from_near_the_hub_is_not():
    (note,) = wind_warnings(replace(weather_at_hub([5]), wind_height_m=10.0), 80.0)
    assert note.startswith("Wind at the hub (80 m) is extrapolated from 10 m at x: energy can be")
    assert wind_warnings(weather_at_hub([5]), 120.0) == ()
    assert wind_warnings(tower([[6.0], [8.0]]), 140.0) == ()


def test_heights_must_be_above_zero():
    with pytest.raises(ValueError, match=r"must be above 0, got 0 and 90\.0"):
        power_kw(weather_at_hub([5]), hub_height_m=0)


def test_unknown_turbine_names_the_nearest():
    with pytest.raises(ValueError, match=r'no row "iea-3\.4"\. Did you mean iea-3\.4-130\?'):
        load_turbine("iea-3.4")


def test_curves_and_turbines_name_each_other():
    curves = catalog.table("turbine_power_curves")
    assert set(curves["turbine"]) == set(TURBINES)
    assert len(TURBINES) >= 8


@pytest.mark.parametrize("name", TURBINES)
def test_curve_rises_from_cut_in_to_rated_power(name):
    turbine = load_turbine(name)
    assert (np.diff(turbine.speed_m_per_s) > 0).all()
    assert (np.diff(turbine.power_w) > -1e-3 * turbine.rated_power_w).all()
    assert turbine.power_w[0] < 0.05 * turbine.rated_power_w
    assert turbine.power_w.max() == pytest.approx(turbine.rated_power_w, rel=1e-3)
    assert turbine.power_w[-1] == pytest.approx(turbine.rated_power_w, rel=1e-3)
    assert 20 <= turbine.speed_m_per_s[-1] <= 25


@pytest.mark.parametrize("name", TURBINES)
def test_curve_stays_below_the_limit_of_betz(name):
    turbine, facts = load_turbine(name), catalog.row("turbines", name)
    area_m2 = np.pi * facts["rotor_diameter_m"] ** 2 / 4
    in_wind_w = 0.5 * 1.225 * area_m2 * turbine.speed_m_per_s**3
    assert (turbine.power_w < 16 / 27 * in_wind_w).all()
    assert (turbine.power_w / in_wind_w).max() > 0.38


SPEEDS = st.lists(st.floats(0, 20), min_size=2, max_size=20)


@given(speeds=SPEEDS, name=st.sampled_from(["vestas-v90-3000", "atb-4000-150"]))
def test_more_wind_never_gives_less_power_below_cut_out(speeds, name):
    power = power_kw(weather_at_hub(sorted(speeds)), name)
    assert (np.diff(power) >= -1e-9).all()


@given(speeds=SPEEDS, density=st.floats(0.8, 1.4), denser=st.floats(1.0, 1.3))
def test_denser_air_never_gives_less_power(speeds, density, denser):
    thin = power_kw(weather_at_hub(speeds, density=density), "vestas-v90-3000")
    dense = power_kw(weather_at_hub(speeds, density=density * denser), "vestas-v90-3000")
    assert (dense >= thin - 1e-9).all()


@given(speeds=st.lists(st.floats(0, 60), min_size=1), shear=st.floats(0, 0.6))
def test_power_is_between_zero_and_rated(speeds, shear):
    power = power_kw(weather_at_hub(speeds), "iea-15-240", hub_height_m=150, shear_exponent=shear)
    assert (power >= 0).all()
    assert (power <= 15000 * 1.001).all()
