"""Wind power against its closed form on a year of measured wind at four heights."""

import csv
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sim.energy.hub_wind import hub_wind
from sim.energy.wind import farm_power_w, load_turbine, wind_warnings
from sim.scenario.schema.weather import Location, WeatherFile
from sim.weather import WindProfile, slice_window, weather_year

SHARED = Path(__file__).parents[3] / "shared"
FILE = SHARED / "data" / "wind_srw" / "AR_Northwestern_Flat_Lands.srw.gz"
HEIGHTS_M = (50, 80, 110, 140)

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="needs the shared data folder")


@pytest.fixture(scope="module")
def rows():
    """The file's numbers, read by hand: (8760, 16)."""
    with gzip.open(FILE, "rt", newline="") as file:
        lines = list(csv.reader(file))[5:]
    return np.array([[float(cell) for cell in line[:16]] for line in lines])


@pytest.fixture(scope="module")
def weather():
    place = Location(latitude_deg=36.3, longitude_deg=-94.2, altitude_m=758.0, utc_offset_h=-6.0)
    year = weather_year(WeatherFile(file=FILE.name, location=place), FILE.parent)
    return slice_window(year, datetime(2025, 1, 1, 6, tzinfo=UTC), 8760)  # midnight there


def closed_form_w(rows, turbine, column):
    """The curve at v (rho / 1.225)^(1/3), rho = p / (R T), R = 287.058 J/(kg K)."""
    temp_air, atmospheres, _, speed = rows[:, column * 4 : column * 4 + 4].T
    density = atmospheres * 101325.0 / (287.058 * (temp_air + 273.15))
    curve_speed = speed * (density / 1.225) ** (1 / 3)
    power_w = np.interp(curve_speed, turbine.speed_m_per_s, turbine.power_w, left=0.0)
    return np.where(speed > turbine.speed_m_per_s[-1], 0.0, power_w)


@pytest.mark.parametrize("name", ["vestas-v90-3000", "iea-3.4-130", "nrel-5mw-126"])
@pytest.mark.parametrize("column", range(4))
def test_power_at_a_measuring_height_is_the_closed_form(rows, weather, name, column):
    turbine = load_turbine(name)
    height_m = float(HEIGHTS_M[column])
    found = farm_power_w(weather, turbine, count=1, hub_height_m=height_m, shear_exponent=None)
    wanted = closed_form_w(rows, turbine, column)
    speed = rows[:, column * 4 + 3]
    calm_after_storm = speed > turbine.speed_m_per_s[-1] * 0.8  # where a stopped turbine may wait
    same = ~calm_after_storm
    np.testing.assert_allclose(found[same], wanted[same], atol=1e-4 * turbine.rated_power_w)
    assert found.sum() / wanted.sum() == pytest.approx(1, abs=2e-3)
    assert 0.15 < wanted.mean() / turbine.rated_power_w < 0.6


def test_first_hour_is_that_of_the_files_first_row(weather):
    # 9.466 m/s, 9.587 degC, 0.953420183 atm: 96605.3 / (287.05 * 282.737) kg/m3
    wind = hub_wind(weather, 50.0, shear_exponent=None)
    assert wind.speed_m_per_s[0] == 9.466
    assert wind.density_kg_per_m3[0] == pytest.approx(1.19031, abs=2e-5)


def test_wind_between_heights_is_near_what_was_measured_there(rows, weather):
    # leave one height out: at 80 m between 50 and 110 m the mean error stays below 1.5 %
    kept, full = [0, 2, 3], weather.profile
    sparse = WindProfile(full.heights_m[kept], full.wind_speed[kept], full.temp_air[kept],
                         full.pressure[kept])  # fmt: skip
    found = hub_wind(replace(weather, profile=sparse), 80.0, shear_exponent=None)
    measured = rows[:, 7]
    assert np.abs(found.speed_m_per_s - measured).mean() / measured.mean() < 0.015


def test_hub_among_the_heights_is_not_warned_of(weather):
    assert wind_warnings(weather, 120.0) == ()
