"""Typical years: the right numbers in the right hour, and damaged files named row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from pvlib.solarposition import get_solarposition

from sim.errors import DataError
from sim.weather import read_tmy, read_year, slice_window

STATIONS = ("greensboro-nc", "sand-point-ak", "miami-fl")
FORMATS = {"723170TYA.CSV": "tmy3", "12839.tm2": "tmy2"}
COLUMNS = ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure")


def damaged(tmp_path, file, change):
    """Read a copy of one of pvlib's files after `change` was applied to its list of lines."""
    lines = (files("pvlib") / "data" / file).read_text().splitlines(keepends=True)
    change(lines)
    copy = tmp_path / file
    copy.write_text("".join(lines))
    return read_year(copy, FORMATS[file], name="x", source="test", wind_height_m=10)


def hour_of_year(month, day, hour):
    return (datetime(2001, month, day, hour, tzinfo=UTC) - datetime(2001, 1, 1, tzinfo=UTC)) // (
        timedelta(hours=1)
    )


@pytest.mark.parametrize("station", STATIONS)
def test_station_has_8760_finite_hours(station):
    year = read_tmy(station)
    for column in COLUMNS:
        values = getattr(year, column)
        assert values.shape == (8760,)
        assert np.isfinite(values).all()


def test_tmy3_row_stamped_12_00_holds_for_the_hour_from_11():
    year = read_tmy("greensboro-nc")  # 01/01/1988,12:00 in the file: ghi 261, dni 3, 6.2 m/s, ...
    assert (year.ghi[11], year.dni[11]) == (261, 3)
    assert (year.temp_air[0], year.pressure[0], year.wind_speed[0]) == (10.0, 99300, 6.2)
    assert (year.temp_air[8759], year.pressure[8759], year.wind_speed[8759]) == (2.2, 98000, 2.6)
    assert (year.latitude_deg, year.longitude_deg, year.utc_offset_h) == (36.1, -79.95, -5)
    assert year.wind_height_m == 10


def test_tmy2_temperature_and_wind_come_in_whole_units():
    year = read_tmy("miami-fl")  # first record: 0200 tenths of degC, 1017 mbar, 067 tenths of m/s
    assert (year.temp_air[0], year.pressure[0], year.wind_speed[0]) == (20.0, 101700, 6.7)
    assert (year.temp_air[8759], year.pressure[8759], year.wind_speed[8759]) == (22.2, 102300, 5.9)
    assert (year.latitude_deg, year.longitude_deg) == pytest.approx((25.8, -(80 + 16 / 60)))


def test_tmy2_record_of_hour_8_holds_for_the_hour_from_7():
    year = read_tmy("miami-fl")  # pvlib stamps it 07:00, in TMY3 it would be 08:00
    assert (year.ghi[7], year.dni[7], year.dhi[7]) == (10, 0, 11)
    assert (year.ghi[6], year.dhi[6]) == (0, 0)


def closure_error_w_per_m2(weather, shift_min):
    """Mean of |ghi - dhi - dni cos(zenith)|, the sun taken `shift_min` after mid-hour."""
    times = weather.time_utc + pd.Timedelta(minutes=30 + shift_min)
    sun = get_solarposition(times, weather.latitude_deg, weather.longitude_deg)
    height = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy())), 0)
    error = weather.ghi - weather.dhi - weather.dni * height
    return np.abs(error[weather.dni > 0]).mean()


@pytest.mark.parametrize("station", STATIONS)
def test_sun_at_mid_hour_closes_the_irradiances_and_half_an_hour_off_does_not(station):
    weather = slice_window(read_tmy(station), datetime(2024, 1, 1, tzinfo=UTC), 8760)
    right, early, late = (closure_error_w_per_m2(weather, shift) for shift in (0, -30, 30))
    assert right < 5
    assert early > 10
    assert late > 10
    assert early / late == pytest.approx(1, abs=0.05)


def test_local_standard_noon_of_greensboro_is_17_utc_in_summer_too():
    year = read_tmy("greensboro-nc")
    weather = slice_window(year, datetime(2025, 7, 4, tzinfo=UTC), 24)
    assert weather.time_utc[17] == pd.Timestamp("2025-07-04T17:00Z")
    assert weather.ghi[17] == year.ghi[hour_of_year(7, 4, 12)]
    assert weather.temp_air[4] == year.temp_air[hour_of_year(7, 3, 23)]


def test_slice_wraps_over_the_end_of_the_year():
    year = read_tmy("greensboro-nc")
    weather = slice_window(year, datetime(2025, 12, 31, 5, tzinfo=UTC), 48)
    np.testing.assert_array_equal(weather.temp_air[:24], year.temp_air[-24:])
    np.testing.assert_array_equal(weather.temp_air[24:], year.temp_air[:24])


def test_29_february_repeats_28_february():
    year = read_tmy("greensboro-nc")
    weather = slice_window(year, datetime(2024, 2, 28, 5, tzinfo=UTC), 72)
    first = hour_of_year(2, 28, 0)
    np.testing.assert_array_equal(weather.wind_speed[:24], year.wind_speed[first : first + 24])
    np.testing.assert_array_equal(weather.wind_speed[24:48], year.wind_speed[first : first + 24])
    np.testing.assert_array_equal(weather.wind_speed[48:], year.wind_speed[first + 24 : first + 48])


def test_slice_of_two_years_repeats_the_year():
    weather = slice_window(read_tmy("miami-fl"), datetime(2025, 1, 1, tzinfo=UTC), 2 * 8760)
    np.testing.assert_array_equal(weather.ghi[:8760], weather.ghi[8760:])


@pytest.mark.parametrize(("offset_h", "local_hour"), [(5.5, 6), (5.75, 6), (-3.5, 21), (0, 0)])
def test_fraction_of_an_hour_takes_the_nearest_hour(offset_h, local_hour):
    year = replace(read_tmy("greensboro-nc"), utc_offset_h=offset_h)
    weather = slice_window(year, datetime(2025, 5, 5, tzinfo=UTC), 1)
    day = 4 if offset_h < 0 else 5
    assert weather.temp_air[0] == year.temp_air[hour_of_year(5, day, local_hour)]


@pytest.mark.parametrize(
    "start",
    [
        datetime(2025, 1, 1),  # noqa: DTZ001 - the zone is what is missing
        datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=-5))),
        datetime(2025, 1, 1, 0, 30, tzinfo=UTC),
    ],
)
def test_start_must_be_a_full_utc_hour(start):
    with pytest.raises(ValueError, match="must be a full hour in UTC"):
        slice_window(read_tmy("greensboro-nc"), start, 1)


def test_slice_has_at_least_one_hour():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        slice_window(read_tmy("greensboro-nc"), datetime(2025, 1, 1, tzinfo=UTC), 0)


def test_weather_cannot_be_changed():
    year = read_tmy("greensboro-nc")
    with pytest.raises(ValueError, match="read-only"):
        year.ghi[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        slice_window(year, datetime(2025, 1, 1, tzinfo=UTC), 1).ghi[0] = 1


def test_unknown_station_names_the_nearest():
    with pytest.raises(ValueError, match=r"Did you mean greensboro-nc\?"):
        read_tmy("greensboro")


def test_unknown_format_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'format "tmy4" is unknown\. Did you mean tmy'):
        read_year(tmp_path, "tmy4", name="x", source="test", wind_height_m=10)


def test_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv: cannot be read as a TMY3 weather file"):
        read_year(tmp_path / "nowhere.csv", "tmy3", name="x", source="test", wind_height_m=10)


def test_missing_hour_is_named_by_row(tmp_path):
    def drop(lines):
        del lines[2 + 100]  # 01-05 hour 5

    with pytest.raises(DataError, match=r"CSV, row 103: found 01-05 hour 6, expected 01-05 hour 5"):
        damaged(tmp_path, "723170TYA.CSV", drop)


def test_file_that_ends_early_is_refused(tmp_path):
    def drop(lines):
        del lines[-10:]

    with pytest.raises(DataError, match="8750 hourly rows, but a typical year needs 8760"):
        damaged(tmp_path, "723170TYA.CSV", drop)


@pytest.mark.parametrize("cell", ["", "-9900", "n/a"])
def test_missing_value_is_named_by_row_and_column(tmp_path, cell):
    def blank(lines):
        cells = lines[2 + 7].split(",")
        cells[4] = cell  # GHI (W/m^2)
        lines[2 + 7] = ",".join(cells)

    with pytest.raises(DataError, match=r"CSV, row 10: ghi is (nan|-9900) W/m2; 0 to 1500 W/m2"):
        damaged(tmp_path, "723170TYA.CSV", blank)


def test_missing_column_is_named(tmp_path):
    def rename(lines):
        lines[1] = lines[1].replace("Wspd (m/s)", "Wind")

    with pytest.raises(DataError, match=r"cannot be read as a TMY3 weather file: .*wind_speed"):
        damaged(tmp_path, "723170TYA.CSV", rename)


def test_tmy2_fill_value_is_named_by_row(tmp_path):
    def fill(lines):
        lines[5] = lines[5][:95] + "999" + lines[5][98:]  # wind speed, tenths of m/s
        lines[9] = lines[9][:84] + "9999" + lines[9][88:]  # pressure, mbar

    with pytest.raises(DataError, match=r"tm2, row 10: pressure is 999900 Pa"):
        damaged(tmp_path, "12839.tm2", fill)


def test_tmy2_with_a_letter_in_a_number_is_refused(tmp_path):
    def spoil(lines):
        lines[5] = lines[5].replace("6201010", "62o1010")

    with pytest.raises(DataError, match=r'as a TMY2 weather file: row 6 has "o" at place 4, where'):
        damaged(tmp_path, "12839.tm2", spoil)
