"""The photovoltaic chain: by hand where a closed form exists, and what must hold always."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.energy.solar import PvArray, ac_power_w
from sim.weather import WeatherSlice, read_tmy, slice_window

ARRAY = PvArray(
    dc_capacity_w=1000.0,
    surface_tilt=30.0,
    surface_azimuth=180.0,
    dc_ac_ratio=1.2,
    temperature_coefficient_per_k=-0.004,
    losses_fraction=0.1,
    inverter_efficiency=0.96,
    albedo=0.2,
)


def a_day(*, dni, dhi, ghi, day="2025-06-13"):
    """24 hours of constant weather on the zone's own meridian: the sun is due south at noon."""
    constant = {"dni": dni, "dhi": dhi, "ghi": ghi, "temp_air": 20.0, "wind_speed": 1.0}
    return WeatherSlice(
        name="x",
        source="test",
        latitude_deg=40.0,
        longitude_deg=0.0,
        altitude_m=0.0,
        utc_offset_h=0.0,
        wind_height_m=10.0,
        time_utc=pd.date_range(day, periods=24, freq="h", tz="UTC"),
        pressure=np.full(24, 101325.0),
        **{name: np.full(24, float(value)) for name, value in constant.items()},
    )


def glass_transmission(incidence):
    """Light through the cover over that at normal incidence: Fresnel, Snell, 2 mm at 4 /m."""
    index = 1.526
    refracted = np.arcsin(np.sin(incidence) / index)
    plus, minus = refracted + incidence, refracted - incidence
    across = np.sin(minus) ** 2 / np.sin(plus) ** 2
    along = np.tan(minus) ** 2 / np.tan(plus) ** 2
    reflected = (across + along) / 2
    through = (1 - reflected) * np.exp(-4 * 0.002 / np.cos(refracted))
    return through / ((1 - ((index - 1) / (index + 1)) ** 2) * np.exp(-4 * 0.002))


def hand_computed_ac_w(incident_w_per_m2, effective_w_per_m2):
    """AC power of ARRAY at 20 degC and 1 m/s: Faiman, PVWatts DC, PVWatts inverter."""
    temp_cell = 20 + incident_w_per_m2 / (25 + 6.84 * 1)
    dc = effective_w_per_m2 * (1 - 0.004 * (temp_cell - 25)) * (1 - 0.1)
    load = dc / (1000 / 1.2 / 0.96)
    return dc * 0.96 / 0.9637 * (-0.0162 * load - 0.0059 / load + 0.9858)


def test_flat_array_under_overcast_sky_follows_the_hand_computed_chain():
    # flat and without beam, the plane sees exactly the diffuse light; the glass passes its average
    # over the sky, weighted by sin(a) cos(a)
    angle = (np.arange(20000) + 0.5) * (np.pi / 2 / 20000)
    passed = (glass_transmission(angle) * np.sin(2 * angle)).mean() * (np.pi / 2)
    power = ac_power_w(a_day(dni=0, dhi=400, ghi=400), replace(ARRAY, surface_tilt=0.0))
    assert power[12] == pytest.approx(hand_computed_ac_w(400, 400 * passed), rel=2e-3)


def test_wall_in_beam_alone_follows_the_hand_computed_chain():
    # 13 June, 12:30: declination 23.2, hour angle 7.5; a wall to the south at 40 N is hit at
    # cos(a) = sin(40) cos(23.2) cos(7.5) - cos(40) sin(23.2), a = 73.4 degrees, where glass
    # reflects a fifth
    latitude, declination, hour_angle = np.radians([40, 23.2, 7.5])
    cosine = np.sin(latitude) * np.cos(declination) * np.cos(hour_angle)
    cosine -= np.cos(latitude) * np.sin(declination)
    passed = glass_transmission(np.arccos(cosine))
    power = ac_power_w(a_day(dni=900, dhi=0, ghi=0), replace(ARRAY, surface_tilt=90.0))
    wanted = hand_computed_ac_w(900 * cosine, 900 * cosine * passed)
    assert passed == pytest.approx(0.8, abs=0.02)
    assert power[12] == pytest.approx(wanted, rel=5e-3)


def test_sun_stands_in_the_middle_of_each_hour():
    # 13 June: the equation of time is 0, so the hours around noon are mirror images
    power = ac_power_w(a_day(dni=700, dhi=80, ghi=500), ARRAY)
    assert power[11] == pytest.approx(power[12], rel=2e-3)
    assert power[7] == pytest.approx(power[16], rel=5e-3)
    assert power[8] / power[7] > 1.15  # an hour apart they differ: half an hour off would show


def test_modules_facing_east_peak_in_the_morning():
    weather = a_day(dni=700, dhi=80, ghi=500)
    east = ac_power_w(weather, replace(ARRAY, surface_azimuth=90.0, surface_tilt=60.0))
    west = ac_power_w(weather, replace(ARRAY, surface_azimuth=270.0, surface_tilt=60.0))
    assert 6 <= east.argmax() <= 9
    np.testing.assert_allclose(east, west[::-1], rtol=0.02, atol=1)


def test_inverter_clips_at_its_ac_rating():
    power = ac_power_w(a_day(dni=900, dhi=100, ghi=900), replace(ARRAY, dc_ac_ratio=2.5))
    assert power.max() == pytest.approx(400)
    assert (power > 399.9).sum() >= 6


def test_hotter_air_gives_less_power():
    weather = a_day(dni=700, dhi=80, ghi=500)
    hot = replace(weather, temp_air=weather.temp_air + 10)
    ratio = ac_power_w(hot, ARRAY)[12] / ac_power_w(weather, ARRAY)[12]
    assert ratio == pytest.approx(0.956, abs=0.004)  # 10 K at -0.4 %/K of the 25 degC power


def test_losses_are_taken_off_the_dc_power():
    weather = a_day(dni=300, dhi=80, ghi=250)
    lossless = ac_power_w(weather, replace(ARRAY, losses_fraction=0.0))[12]
    halved = ac_power_w(weather, replace(ARRAY, losses_fraction=0.5))[12]
    assert halved / lossless == pytest.approx(0.5, abs=0.01)  # the inverter's curve is not flat


def test_hour_with_beam_but_no_diffuse_light_has_power():
    power = ac_power_w(a_day(dni=700, dhi=0, ghi=500), ARRAY)
    assert np.isfinite(power).all()
    assert power[12] > 400


@pytest.mark.parametrize("station", ["greensboro-nc", "sand-point-ak", "miami-fl"])
def test_dark_hours_of_a_real_year_have_no_power_and_light_ones_are_finite(station):
    weather = slice_window(read_tmy(station), datetime(2025, 1, 1, tzinfo=UTC), 8760)
    power = ac_power_w(weather, ARRAY)
    dark = (weather.ghi == 0) & (weather.dni == 0)
    assert power.shape == (8760,)
    assert np.isfinite(power).all()
    assert (power[dark] == 0).all()
    assert (power[weather.ghi > 200] > 0).all()


@settings(max_examples=25, deadline=None)
@given(
    tilt=st.floats(0, 90),
    azimuth=st.floats(0, 359.9),
    ratio=st.floats(0.5, 3),
    day=st.integers(0, 364),
    scale=st.floats(0.1, 1e6),
)
def test_power_is_finite_within_the_rating_and_proportional_to_size(
    tilt, azimuth, ratio, day, scale
):
    start = datetime(2025, 1, 1, tzinfo=UTC) + pd.Timedelta(days=day)
    weather = slice_window(read_tmy("greensboro-nc"), start, 48)
    array = replace(ARRAY, surface_tilt=tilt, surface_azimuth=azimuth, dc_ac_ratio=ratio)
    power = ac_power_w(weather, array)
    assert np.isfinite(power).all()
    assert (power >= 0).all()
    assert power.max() <= 1000 / ratio * (1 + 1e-12)
    larger = ac_power_w(weather, replace(array, dc_capacity_w=1000 * scale))
    np.testing.assert_allclose(larger, power * scale, rtol=1e-9, atol=1e-9 * scale)
