"""The photovoltaic chain against PySAM PVWatts v8: 1 kWdc in Phoenix, hour by hour."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.energy.solar import PvArray, ac_power_w
from sim.scenario.schema.weather import WeatherFile
from sim.weather import slice_window, weather_year
from tests.unit import weather_files as write

SHARED = Path(__file__).parents[3] / "shared"
WEATHER = SHARED / "data" / "weather_psm3" / "phoenix_az_psmv3_60_tmy.csv.gz"
EXPECTED = SHARED / "checks" / "pv" / "pv_phoenix_crosscheck_1kWdc.csv.gz"
START = datetime(2019, 1, 1, 7, tzinfo=UTC)  # midnight in Phoenix; the reference is laid onto 2019

pytestmark = pytest.mark.skipif(
    not (WEATHER.exists() and EXPECTED.exists()), reason="needs the shared data and checks folders"
)


@pytest.fixture(scope="module")
def year():
    return weather_year(WeatherFile(file=WEATHER.name, format="psm3"), WEATHER.parent)


@pytest.fixture(scope="module")
def pysam_w():
    return pd.read_csv(EXPECTED, index_col=0)["pysam_w"].to_numpy()


def power(weather, **changed):
    array = PvArray(
        dc_capacity_w=1000.0,
        surface_tilt=weather.latitude_deg,
        surface_azimuth=180.0,
        dc_ac_ratio=1.2,
        temperature_coefficient_per_k=-0.0037,
        losses_fraction=0.1408,
        inverter_efficiency=0.96,
        albedo=0.2,
    )
    return ac_power_w(weather, replace(array, **changed))


def mean_absolute_error_ratio(given, wanted):
    return np.abs(given - wanted).mean() / wanted.mean()


def test_hours_agree_within_three_percent(year, pysam_w):
    assert mean_absolute_error_ratio(power(slice_window(year, START, 8760)), pysam_w) < 0.03


def test_year_agrees_within_two_percent(year, pysam_w):
    found = power(slice_window(year, START, 8760)).sum()
    assert found / pysam_w.sum() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("minutes", [-30, 30])
def test_half_an_hour_off_shows_in_the_hours(year, pysam_w, minutes):
    weather = slice_window(year, START, 8760)
    shifted = replace(weather, time_utc=weather.time_utc + pd.Timedelta(minutes=minutes))
    assert mean_absolute_error_ratio(power(shifted), pysam_w) > 0.07


@pytest.mark.parametrize(
    ("make", "spec"),
    [
        (write.epw, {"file": "year.epw"}),  # hour ending
        (write.tmy3, {"file": "year.csv", "format": "tmy3"}),  # hour ending
        (write.psm3, {"file": "year.csv", "format": "psm3"}),  # middle of the hour
        (write.pvgis_csv, {"file": "year.csv", "format": "pvgis"}),  # UTC, middle told in the head
    ],
)
def test_stamps_of_another_format_change_no_hour(tmp_path, year, pysam_w, make, spec):
    place = {"latitude": 33.45, "longitude": -111.98, "altitude": 358.0, "TZ": -7}
    (tmp_path / spec["file"]).write_text("\n".join(make(write.of(year), place)) + "\n")
    again = slice_window(weather_year(WeatherFile(**spec), tmp_path), START, 8760)
    found, wanted = power(again), power(slice_window(year, START, 8760))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert mean_absolute_error_ratio(found, pysam_w) < 0.03


def test_modules_of_the_cec_agree_within_four_percent(year, pysam_w):
    cec = {"model": "cec", "module": "Canadian_Solar_Inc__CS5P_220M",
           "inverter": "SMA_America__SB3800TL_US_22__240V_"}  # fmt: skip
    found = power(slice_window(year, START, 8760), **cec)
    assert found.sum() / pysam_w.sum() == pytest.approx(1, abs=0.04)
    assert mean_absolute_error_ratio(found, pysam_w) < 0.04
