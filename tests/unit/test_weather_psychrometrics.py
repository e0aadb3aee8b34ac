"""Moist air against published tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.weather.psychrometrics import relative_humidity_percent, saturation_pressure_pa, wet_bulb_c

SEA_LEVEL_PA = 101325.0


def wet_bulb(temp_air, relative_humidity, pressure=SEA_LEVEL_PA):
    temp, humidity, pascal = np.array([[temp_air], [relative_humidity], [pressure]], dtype=float)
    return wet_bulb_c(temp, humidity, pressure=pascal)[0]


@pytest.mark.parametrize(
    ("temp_c", "kilopascal"),
    # ASHRAE Fundamentals 2017, chapter 1, table 3
    [(-60, 0.00108), (-20, 0.10326), (-5, 0.40176), (5, 0.87260), (25, 3.16926), (50, 12.35133)],
)
def test_saturation_pressure_is_that_of_the_steam_tables(temp_c, kilopascal):
    found = saturation_pressure_pa(np.array([float(temp_c)]))[0] / 1e3
    assert found == pytest.approx(kilopascal, rel=3e-3 if temp_c == -60 else 3e-4)


@pytest.mark.parametrize(
    ("temp_air", "relative_humidity", "pressure", "expected"),
    [
        (7, 61, 100000, 3.92667),  # PsychroLib's test of ASHRAE's equations, to 0.1 %
        (20, 50, SEA_LEVEL_PA, 13.7),  # Stull's worked example, to 0.1 K
    ],
)
def test_wet_bulb_is_that_of_published_points(temp_air, relative_humidity, pressure, expected):
    found = wet_bulb(temp_air, relative_humidity, pressure)
    assert found == pytest.approx(expected, rel=1e-3, abs=0.1)


def test_wet_bulb_below_freezing_is_over_ice():
    # PsychroLib: dry -1, wet -5 degC at 95461 Pa has 0.00120399819933844 kg of vapor per kg of air
    vapor_pa = 95461 * 0.00120399819933844 / (0.621945 + 0.00120399819933844)
    humidity = 100 * vapor_pa / saturation_pressure_pa(np.array([-1.0]))[0]
    assert wet_bulb(-1, humidity, 95461) == pytest.approx(-5, abs=0.005)


def test_thin_air_has_a_lower_wet_bulb():
    # PsychroLib: dry 30, wet 25 degC at 95461 Pa has 0.0192281274241096 kg/kg
    vapor_pa = 95461 * 0.0192281274241096 / (0.621945 + 0.0192281274241096)
    humidity = 100 * vapor_pa / saturation_pressure_pa(np.array([30.0]))[0]
    assert wet_bulb(30, humidity, 95461) == pytest.approx(25, abs=0.005)
    assert wet_bulb(30, humidity, 70000) < 24.9


def stull_c(temp_c, humidity):
    """Wet bulb at sea level by R. Stull (2011), eq. 1; 1 K off at most from 5 to 99 %."""
    root = np.sqrt(humidity + 8.313659)
    return (
        temp_c * np.arctan(0.151977 * root)
        + np.arctan(temp_c + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )


@given(temp_c=st.floats(0, 40), humidity=st.floats(15, 99))
def test_wet_bulb_agrees_with_stulls_fit_at_sea_level(temp_c, humidity):
    assert wet_bulb(temp_c, humidity) == pytest.approx(stull_c(temp_c, humidity), abs=1.0)


@given(temp_c=st.floats(-40, 50), humidity=st.floats(0, 100), pressure=st.floats(6e4, 1.05e5))
def test_wet_bulb_is_never_above_the_temperature(temp_c, humidity, pressure):
    found = wet_bulb(temp_c, humidity, pressure)
    assert np.isfinite(found)
    assert found <= temp_c + 1e-9


@pytest.mark.parametrize("humidity", [100, 104])
def test_saturated_air_has_the_wet_bulb_of_its_temperature(humidity):
    assert wet_bulb(18, humidity) == pytest.approx(18, abs=1e-6)


def test_unknown_humidity_gives_an_unknown_wet_bulb():
    assert np.isnan(wet_bulb(20, np.nan))


def test_dew_point_gives_the_relative_humidity():
    # 25 degC with a dew point of 10 degC: 1.2280 / 3.16926 kPa
    found = relative_humidity_percent(np.array([25.0, 10.0]), np.array([10.0, 10.4]))
    np.testing.assert_allclose(found, [38.75, 100], atol=0.02)
