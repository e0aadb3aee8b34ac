"""Trackers, modules and inverters of the CEC's lists, and age: by hand, and what must hold."""

from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.catalog.cec import cec_inverter, cec_module
from sim.energy.solar import PvArray, ac_power_w
from sim.energy.solar_plane import light_on_modules
from sim.scenario.schema.supply import SolarArray
from sim.weather import WeatherSlice, read_tmy, slice_window

FIXED = PvArray(
    dc_capacity_w=1000.0,
    surface_tilt=30.0,
    surface_azimuth=180.0,
    dc_ac_ratio=1.0,
    temperature_coefficient_per_k=-0.004,
    losses_fraction=0.0,
    inverter_efficiency=0.96,
    albedo=0.0,
)
TRACKER = replace(FIXED, tracking="single-axis", gcr=0.01)
CEC = replace(
    FIXED,
    model="cec",
    module="Canadian_Solar_Inc__CS5P_220M",
    inverter="SMA_America__SB3800TL_US_22__240V_",
    dc_ac_ratio=1.2,
)


def beam_day(day="2025-03-20", *, dni=900.0, dhi=0.0, temp_air=20.0, wind_speed=1.0):
    """A day of constant beam at the equator on the zone's own meridian."""
    constant = {"dni": dni, "dhi": dhi, "ghi": dhi, "temp_air": temp_air, "wind_speed": wind_speed}
    return WeatherSlice(
        name="x",
        source="test",
        latitude_deg=0.0,
        longitude_deg=0.0,
        altitude_m=0.0,
        utc_offset_h=0.0,
        wind_height_m=10.0,
        time_utc=pd.date_range(day, periods=24, freq="h", tz="UTC"),
        pressure=np.full(24, 101325.0),
        **{name: np.full(24, float(value)) for name, value in constant.items()},
    )


def incident(array, **weather):
    return light_on_modules(beam_day(**weather), array).incident_w_per_m2


def greensboro(hours=8760):
    return slice_window(read_tmy("greensboro-nc"), datetime(2025, 1, 1, tzinfo=UTC), hours)


def test_tracker_on_the_equator_at_equinox_faces_the_sun_up_to_its_largest_angle():
    # the sun goes from due east over the zenith to due west, 15 degrees an hour; 12:30 solar time
    # is 7.5 degrees past (the equation of time, 7.4 min, makes it 5.6)
    beam = incident(TRACKER)
    np.testing.assert_allclose(beam[8:16], 900, rtol=2e-3)
    # 07:30: the sun stands 67.5 + 1.9 degrees off, the tracker stops at 60: cos(9.4)
    assert beam[7] == pytest.approx(900 * np.cos(np.radians(9.4)), rel=2e-3)


def test_fixed_flat_array_sees_the_beam_under_its_cosine():
    beam = incident(replace(FIXED, surface_tilt=0.0))
    assert beam[9] == pytest.approx(900 * np.cos(np.radians(37.5 + 1.9)), rel=3e-3)


def test_tracker_turns_back_when_rows_would_shade_each_other():
    # 07:30, the sun 69.4 degrees from the zenith: rows touch where cos(angle) / gcr = 1, so with
    # gcr 0.5 the tracker goes back by acos(cos(69.4) / 0.5) = 45.3 degrees to 24.1
    beam = incident(replace(TRACKER, gcr=0.5, max_angle=90.0))
    back = np.degrees(np.arccos(np.cos(np.radians(69.4)) / 0.5))
    assert beam[7] == pytest.approx(900 * np.cos(np.radians(back)), rel=5e-3)


def test_tracker_beats_the_best_fixed_array_by_its_usual_share():
    # 15 to 25 % in the United States (PVWatts)
    weather = greensboro()
    fixed = ac_power_w(weather, replace(FIXED, surface_tilt=33.0)).sum()
    assert 1.10 < ac_power_w(weather, replace(TRACKER, gcr=0.4)).sum() / fixed < 1.28


def test_tilted_axis_catches_more_of_a_low_sun():
    weather = greensboro()
    flat = ac_power_w(weather, TRACKER)[:744].sum()
    assert ac_power_w(weather, replace(TRACKER, axis_tilt=30.0))[:744].sum() > 1.1 * flat


def test_axis_that_runs_east_west_follows_the_seasons_not_the_day():
    across = incident(replace(TRACKER, axis_azimuth=90.0))
    assert across[12] == pytest.approx(900, rel=0.01)
    assert across[8] < 0.7 * incident(TRACKER)[8]


@settings(max_examples=15, deadline=None)
@given(
    tilt=st.floats(0, 60),
    azimuth=st.floats(0, 359.9),
    most=st.floats(10, 90),
    gcr=st.floats(0.05, 1),
    model=st.sampled_from([FIXED, CEC]),
    day=st.integers(0, 360),
)
def test_any_tracker_gives_finite_power_within_its_rating(tilt, azimuth, most, gcr, model, day):
    start = datetime(2025, 1, 1, tzinfo=UTC) + pd.Timedelta(days=day)
    weather = slice_window(read_tmy("sand-point-ak"), start, 48)
    turning = {"tracking": "single-axis", "axis_tilt": tilt, "axis_azimuth": azimuth}
    power = ac_power_w(weather, replace(model, **turning, max_angle=most, gcr=gcr))
    assert np.isfinite(power).all()
    assert (power >= 0).all()
    assert power.max() <= 1000 / model.dc_ac_ratio * (1 + 1e-9)
    assert (power[weather.ghi + weather.dni + weather.dhi == 0] == 0).all()


def standard_conditions():
    """Beam straight on the modules at 1000 W/m2 whose cells are at 25 degC."""
    still = 25.0 + 6.84 * 1.0  # Faiman, 1 m/s
    return {"dni": 1000.0, "temp_air": 25.0 - 1000.0 / still}


def test_module_at_standard_conditions_gives_its_rated_power():
    # Canadian Solar CS5P-220M: 219.7 W at 1000 W/m2 and 25 degC, 46.9 V and 4.68 A
    assert cec_module(CEC.module)["STC"] == pytest.approx(219.7, abs=0.5)
    array = replace(CEC, tracking="single-axis", dc_ac_ratio=0.9, gcr=0.01)
    power = ac_power_w(beam_day(**standard_conditions()), array)
    inverter = cec_inverter(CEC.inverter)
    assert power[12] == pytest.approx(1000 * inverter["Paco"] / inverter["Pdco"], rel=0.01)


def test_cec_inverter_clips_at_its_share_of_the_rating():
    array = replace(CEC, tracking="single-axis", dc_ac_ratio=2.0, gcr=0.01)
    power = ac_power_w(beam_day(**standard_conditions()), array)
    assert power.max() == pytest.approx(500)
    assert (power > 499.9).sum() >= 7


def test_hot_module_loses_what_its_data_sheet_says():
    # gamma_r of the list: -0.43 %/K; 20 K warmer air warms the cells by as much
    gamma_percent_per_k = cec_module(CEC.module)["gamma_r"]
    array = replace(CEC, tracking="single-axis", dc_ac_ratio=0.9, gcr=0.01)
    conditions = standard_conditions()
    cold = ac_power_w(beam_day(**conditions), array)[12]
    conditions["temp_air"] += 20
    hot = ac_power_w(beam_day(**conditions), array)[12]
    assert hot / cold == pytest.approx(1 + 0.2 * gamma_percent_per_k, abs=0.01)


def test_both_models_agree_on_a_year_within_a_few_percent():
    weather = greensboro()
    pvwatts = ac_power_w(weather, replace(FIXED, dc_ac_ratio=1.2, losses_fraction=0.14)).sum()
    cec = ac_power_w(weather, replace(CEC, losses_fraction=0.14)).sum()
    assert cec / pvwatts == pytest.approx(1, abs=0.04)


def test_size_of_a_cec_array_scales_its_power():
    weather = greensboro(400)
    one, many = (ac_power_w(weather, replace(CEC, dc_capacity_w=size)) for size in (1e3, 7e6))
    np.testing.assert_allclose(many, 7e3 * one, rtol=1e-9)


@pytest.mark.parametrize("model", [FIXED, CEC])
def test_ten_year_old_array_gives_what_ten_years_have_left(model):
    weather = slice_window(read_tmy("miami-fl"), datetime(2025, 6, 1, tzinfo=UTC), 24)
    low_light = replace(weather, dni=weather.dni * 0.2, ghi=weather.ghi * 0.5)
    new = ac_power_w(low_light, replace(model, degradation_per_year_fraction=0.005))[16]
    old = ac_power_w(low_light, replace(model, degradation_per_year_fraction=0.005,
                                        age_years=10.0))[16]  # fmt: skip
    # 0.995 ** 10 of the DC power; at part load the inverter's own loss weighs more
    assert old / new == pytest.approx(0.9511, abs=0.006)


def test_array_ages_during_a_long_run():
    weather = slice_window(read_tmy("miami-fl"), datetime(2025, 1, 1, tzinfo=UTC), 3 * 8760)
    ageing = ac_power_w(weather, replace(FIXED, degradation_per_year_fraction=0.01))
    years = ageing.reshape(3, 8760).sum(axis=1)
    np.testing.assert_allclose(years[1:] / years[:-1], 0.99, atol=1e-3)


def test_age_is_taken_off_before_the_inverter_clips():
    conditions = standard_conditions()
    array = replace(TRACKER, dc_ac_ratio=1.5, degradation_per_year_fraction=0.01, age_years=5.0)
    assert ac_power_w(beam_day(**conditions), array).max() == pytest.approx(1000 / 1.5)


def test_weather_without_sun_is_refused():
    dark = {name: np.full(24, np.nan) for name in ("ghi", "dni", "dhi")}
    with pytest.raises(ValueError, match="test has no irradiance: no solar power can be simulated"):
        ac_power_w(replace(beam_day(), **dark), FIXED)


def test_unknown_module_and_inverter_name_the_nearest():
    with pytest.raises(ValueError, match=r"no module .*Did you mean Canadian_Solar_Inc__CS5P_220M"):
        cec_module("Canadian_Solar_CS5P_220M")
    with pytest.raises(ValueError, match=r'no inverter "zzzzzzz"\. It has names such as ABB'):
        cec_inverter("zzzzzzz")


def test_every_field_of_the_schema_reaches_the_array():
    schema = {name: field.default for name, field in SolarArray.model_fields.items()}
    array = {field.name: field.default for field in fields(PvArray)}
    assert schema.keys() - {"dc_capacity_kw"} == array.keys() - {"dc_capacity_w"}
    assert {name: schema[name] for name in array if array[name] is not MISSING} == {
        name: default for name, default in array.items() if default is not MISSING
    }
