"""The photovoltaic chain against PySAM PVWatts v8: 1 kWdc in Phoenix, hour by hour."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pvlib.iotools import read_nsrdb_psm4

from sim.energy.solar import PvArray, ac_power_w
from sim.weather import WeatherSlice

SHARED = Path(__file__).parents[3] / "shared"
WEATHER = SHARED / "data" / "weather_psm3" / "phoenix_az_psmv3_60_tmy.csv.gz"
EXPECTED = SHARED / "checks" / "pv" / "pv_phoenix_crosscheck_1kWdc.csv.gz"

pytestmark = pytest.mark.skipif(
    not (WEATHER.exists() and EXPECTED.exists()), reason="needs the shared data and checks folders"
)


@pytest.fixture(scope="module")
def phoenix():
    with gzip.open(WEATHER, "rt") as file:
        data, place = read_nsrdb_psm4(file)
    columns = ("ghi", "dni", "dhi", "temp_air", "wind_speed")
    return WeatherSlice(
        name="phoenix",
        source="NSRDB PSM3",
        latitude_deg=place["latitude"],
        longitude_deg=place["longitude"],
        altitude_m=place["altitude"],
        utc_offset_h=place["Time Zone"],
        wind_height_m=10.0,
        # stamped at minute 30, the middle of the hour: it starts at minute 0. Months of different
        # years, laid onto 2019 as the reference is
        time_utc=pd.date_range("2019-01-01T00:00-07:00", periods=8760, freq="h").tz_convert("UTC"),
        pressure=data["pressure"].to_numpy(dtype=float) * 100,
        **{name: data[name].to_numpy(dtype=float) for name in columns},
    )


@pytest.fixture(scope="module")
def pysam_w():
    return pd.read_csv(EXPECTED, index_col=0)["pysam_w"].to_numpy()


def power(weather):
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
    return ac_power_w(weather, array)


def mean_absolute_error_ratio(given, wanted):
    return np.abs(given - wanted).mean() / wanted.mean()


def test_hours_agree_within_three_percent(phoenix, pysam_w):
    assert mean_absolute_error_ratio(power(phoenix), pysam_w) < 0.03


def test_year_agrees_within_two_percent(phoenix, pysam_w):
    assert power(phoenix).sum() / pysam_w.sum() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("minutes", [-30, 30])
def test_half_an_hour_off_shows_in_the_hours(phoenix, pysam_w, minutes):
    shifted = replace(phoenix, time_utc=phoenix.time_utc + pd.Timedelta(minutes=minutes))
    assert mean_absolute_error_ratio(power(shifted), pysam_w) > 0.07
