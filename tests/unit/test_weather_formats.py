"""One known year in every format: hour by hour it comes back, and every mistake has its row."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pvlib.solarposition import get_solarposition

from sim.errors import DataError
from sim.scenario.schema.weather import Location, WeatherColumns, WeatherFile, WeatherUnits
from sim.weather import read_tmy, weather_year
from sim.weather.readers import read_year
from tests.unit import weather_files as write

GREENSBORO = write.of(read_tmy("greensboro-nc"))
COLUMNS = ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure", "relative_humidity")
LOCATION = Location(latitude_deg=36.1, longitude_deg=-79.95, altitude_m=273.0, utc_offset_h=-5.0)
CSV = {
    "file": "year.csv",
    "format": "csv",
    "location": LOCATION,
    "columns": WeatherColumns(time="when", ghi="sun", dni="beam", dhi="sky", temp_air="T",
                              wind_speed="v", pressure="p", relative_humidity="rh"),
    "units": WeatherUnits(temp_air="degF", wind_speed="km/h", pressure="hPa",
                          relative_humidity="-"),
}  # fmt: skip

FORMATS = {
    "tmy3": ("year.csv", write.tmy3),
    "epw": ("year.epw", write.epw),
    "psm3": ("year.csv", write.psm3),
    "pvgis": ("year.csv", write.pvgis_csv),
}
"""Formats of one row an hour, with the line at which the rows begin."""
FIRST = {"tmy3": 3, "epw": 9, "psm3": 4, "pvgis": 19}


@pytest.fixture(scope="module")
def texts():
    """Return each format's file of Greensboro, made once."""
    return {name: make(GREENSBORO, write.PLACE) for name, (_, make) in FORMATS.items()}


def read(tmp_path, lines, spec):
    (tmp_path / spec.file).write_text("\n".join(lines) + "\n")
    return weather_year(spec, tmp_path)


def assert_same(year, wanted=GREENSBORO, columns=COLUMNS):
    for name in columns:
        np.testing.assert_allclose(getattr(year, name), wanted[name], atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", FORMATS)
def test_every_hour_comes_back_in_its_hour(tmp_path, texts, name):
    year = read(tmp_path, texts[name], WeatherFile(file=FORMATS[name][0], format=name))
    assert_same(year)
    place = (year.latitude_deg, year.longitude_deg, year.altitude_m, year.utc_offset_h)
    assert place == (36.1, -79.95, 273.0, -5.0)
    assert year.wind_height_m == 10
    assert year.source == f"{FORMATS[name][0]} ({name})"


def test_json_of_pvgis_is_known_by_its_ending(tmp_path):
    lines = write.pvgis_json(GREENSBORO, write.PLACE)
    assert_same(read(tmp_path, lines, WeatherFile(file="year.json")))


def test_nsrdb_file_on_the_clock_of_utc_is_moved_to_local_time(tmp_path):
    lines = write.psm3(GREENSBORO, write.PLACE, zone=0)
    assert lines[3].split(",")[:5] == ["2001", "1", "1", "0", "30"]
    assert_same(read(tmp_path, lines, WeatherFile(file="year.csv", format="psm3")))


@pytest.mark.parametrize(
    ("stamp", "shift"), [("start", "0min"), ("middle", "30min"), ("end", "60min")]
)
def test_plain_csv_holds_what_its_stamps_and_units_say(tmp_path, stamp, shift):
    lines = write.plain_csv(GREENSBORO, shift=shift)
    assert_same(read(tmp_path, lines, WeatherFile(**CSV, stamp=stamp)))


def test_plain_csv_in_utc_may_begin_in_any_month(tmp_path):
    clock = write.LOCAL + pd.Timedelta(hours=5)
    lines = write.plain_csv(GREENSBORO, clock=clock, zone="+00:00")
    assert_same(read(tmp_path, [lines[0], *lines[4001:], *lines[1:4001]], WeatherFile(**CSV)))


def test_29_february_of_a_real_year_is_left_out(tmp_path):
    clock = pd.date_range("2024-01-01", periods=8784, freq="h")
    leap = np.flatnonzero((clock.month == 2) & (clock.day == 29))
    longer = {name: np.insert(GREENSBORO[name], leap[0], np.zeros(24)) for name in COLUMNS}
    lines = write.plain_csv(longer, clock=clock)
    assert_same(read(tmp_path, lines, WeatherFile(**CSV)))


def test_packed_file_is_read_as_it_is(tmp_path, texts):
    (tmp_path / "year.epw.gz").write_bytes(gzip.compress("\n".join(texts["epw"]).encode()))
    assert_same(weather_year(WeatherFile(file="year.epw.gz"), tmp_path))


def test_changed_file_is_read_again(tmp_path, texts):
    spec = WeatherFile(file="year.epw")
    read(tmp_path, texts["epw"], spec)
    warmer = {**GREENSBORO, "temp_air": GREENSBORO["temp_air"] + 1.5}
    assert_same(read(tmp_path, write.epw(warmer, write.PLACE), spec), warmer)


def test_pressure_that_a_csv_lacks_is_that_of_its_altitude(tmp_path):
    columns = WeatherColumns(**{**fields_of(CSV["columns"]), "pressure": None,
                                "relative_humidity": None})  # fmt: skip
    year = read(tmp_path, write.plain_csv(GREENSBORO), WeatherFile(**{**CSV, "columns": columns}))
    assert year.pressure[0] == pytest.approx(98087, abs=5)  # ISO 2533 at 273 m
    assert np.isnan(year.relative_humidity).all()


def fields_of(part):
    return {name: getattr(part, name) for name in type(part).model_fields}


def test_humidity_is_unknown_where_a_file_only_has_fill_values(tmp_path):
    dry = {**GREENSBORO, "relative_humidity": np.full(8760, 999.0)}
    year = read(tmp_path, write.epw(dry, write.PLACE), WeatherFile(file="year.epw"))
    assert np.isnan(year.relative_humidity).all()


def test_humidity_follows_from_a_dew_point(tmp_path, texts):
    lines = [line.replace("Relative Humidity", "Dew Point") for line in texts["psm3"]]
    dew = {**GREENSBORO, "relative_humidity": GREENSBORO["temp_air"] - 10}
    lines[3:] = write.psm3(dew, write.PLACE)[3:]
    year = read(tmp_path, lines, WeatherFile(file="year.csv", format="psm3"))
    # at 10 degC, dew point 0 degC: 611.2 Pa over 1228 Pa (ASHRAE)
    assert GREENSBORO["temp_air"][0] == 10.0
    assert year.relative_humidity[0] == pytest.approx(49.8, abs=0.1)


def test_wind_resource_file_has_a_profile_and_no_sun(tmp_path):
    year = read(tmp_path, write.srw(GREENSBORO, write.PLACE), WeatherFile(file="year.srw"))
    assert_same(year, columns=("temp_air", "wind_speed", "pressure"))
    assert not year.has_sun
    assert np.isnan(year.relative_humidity).all()
    assert year.wind_height_m == 10
    assert year.profile.heights_m.tolist() == [10, 80]
    np.testing.assert_allclose(year.profile.wind_speed[1], 1.5 * GREENSBORO["wind_speed"])
    np.testing.assert_allclose(year.profile.pressure[1], GREENSBORO["pressure"])


def test_wind_resource_file_that_does_not_tell_its_place_takes_the_scenarios(tmp_path):
    place = {**write.PLACE, "latitude": "lat??", "longitude": "lon??"}
    lines = write.srw(GREENSBORO, place)
    year = read(tmp_path, lines, WeatherFile(file="year.srw", location=LOCATION))
    assert (year.latitude_deg, year.utc_offset_h) == (36.1, -5.0)
    with pytest.raises(DataError, match=r"year\.srw: .* line 1 does not tell latitude_deg, longi"):
        read(tmp_path, lines, WeatherFile(file="year.srw"))


def test_temperature_at_one_height_holds_for_all(tmp_path):
    lines = write.srw(GREENSBORO, write.PLACE)
    lines[2] = "Temperature,Pressure,Direction,Speed,Direction,Direction,Direction,Speed"
    lines[3] = "C,atm,degrees,m/s,degrees,degrees,degrees,m/s"
    year = read(tmp_path, lines, WeatherFile(file="year.srw"))
    np.testing.assert_allclose(year.profile.temp_air[1], GREENSBORO["temp_air"])


def instants(at_h):
    """Return light under a clear sky at an instant of each hour, sun by NREL's algorithm."""
    times = (write.LOCAL + pd.Timedelta(hours=5 + at_h)).tz_localize("UTC")
    zenith = get_solarposition(times, 36.1, -79.95)["zenith"].to_numpy()
    height = np.maximum(np.cos(np.radians(zenith)), 0)
    beam = np.where(height > 0, 900 * np.exp(-0.1 / np.maximum(height, 0.03)), 0)
    return {"ghi": beam * height + 100 * height, "dni": beam, "dhi": 100 * height}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("offset_h", [0.15, 0.95])
def test_instants_of_pvgis_are_moved_to_the_middle_of_the_hour(tmp_path, offset_h, told):
    given, wanted = ({**write.numbers(), **instants(at_h)} for at_h in (offset_h, 0.5))
    lines = write.pvgis_csv(given, write.PLACE, offset_h=offset_h if told else None)
    year = read(tmp_path, lines, WeatherFile(file="year.csv", format="pvgis"))
    for name, most in (("ghi", 0.015), ("dhi", 0.015), ("dni", 0.04)):  # the beam's rise is steep
        error = np.abs(getattr(year, name) - wanted[name]).mean() / wanted[name].mean()
        unmoved = np.abs(given[name] - wanted[name]).mean() / wanted[name].mean()
        assert error < most, name
        assert unmoved > 1.5 * most, name
    assert_same(year, given, columns=("temp_air", "wind_speed"))


WRONG_PLACES = {
    "longitude": (79.95, r"sun is up at night: row \d+ has ghi .* would fit if the longitude were "
                         r"-79\.95 \(east is positive"),
    "latitude": (-36.1, r"would fit if the latitude were 36\.1 \(north is positive"),
    "TZ": (5, r"would fit if (local time were UTC-5|the longitude were 79\.95)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["tmy3", "epw", "psm3"])
@pytest.mark.parametrize("wrong", WRONG_PLACES)
def test_wrong_hemisphere_is_told(tmp_path, name, wrong):
    value, message = WRONG_PLACES[wrong]
    file, make = FORMATS[name]
    lines = make(GREENSBORO, {**write.PLACE, wrong: value})
    with pytest.raises(DataError, match=rf"^{file}: .*{message}"):
        read(tmp_path, lines, WeatherFile(file=file, format=name))


@pytest.mark.parametrize("wrong", ["longitude", "latitude"])
def test_wrong_hemisphere_of_a_file_in_utc_is_told(tmp_path, wrong):
    value, message = WRONG_PLACES[wrong]
    lines = write.pvgis_csv(GREENSBORO, {**write.PLACE, wrong: value})
    with pytest.raises(DataError, match=rf"^year\.csv: .*{message}"):
        read(tmp_path, lines, WeatherFile(file="year.csv", format="pvgis"))


def test_wrong_hemisphere_given_for_a_plain_csv_is_told(tmp_path):
    location = LOCATION.model_copy(update={"longitude_deg": 79.95})
    with pytest.raises(DataError, match=rf"year\.csv: .*{WRONG_PLACES['longitude'][1]}"):
        read(tmp_path, write.plain_csv(GREENSBORO), WeatherFile(**CSV | {"location": location}))


def test_row_that_is_dark_at_the_given_place_is_named(tmp_path, texts):
    lines = [texts["epw"][0].replace("-79.95", "79.95"), *texts["epw"][1:]]
    # the sun of 07:00 to 08:00 local shines first: hour 8 of 1 January stands in line 16
    with pytest.raises(DataError, match=r"row 16 has ghi \d+ W/m2 when the sun is \d+ degrees"):
        read(tmp_path, lines, WeatherFile(file="year.epw"))


@pytest.mark.parametrize(
    ("said", "shift", "message"),
    [("start", "60min", "held for the hour before"), ("end", "0min", "held for the hour after")],
)
def test_stamps_taken_for_the_wrong_end_of_the_hour_are_told(tmp_path, said, shift, message):
    lines = write.plain_csv(GREENSBORO, shift=shift)
    with pytest.raises(DataError, match=rf"year\.csv: .*It would fit if each row {message}"):
        read(tmp_path, lines, WeatherFile(**CSV, stamp=said))


@pytest.mark.parametrize("name", FORMATS)
def test_missing_hour_is_named_by_row(tmp_path, texts, name):
    row = FIRST[name] + 100  # 01-05 hour 5, or 00:00 UTC
    lines = [*texts[name][: row - 1], *texts[name][row:]]
    with pytest.raises(DataError, match=rf"row {row}: found 01-05 hour 6, expected 01-05 hour 5"):
        read(tmp_path, lines, WeatherFile(file=FORMATS[name][0], format=name))


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_year_is_refused(tmp_path, texts, name):
    lines = texts[name][: FIRST[name] - 1 + 4380]
    with pytest.raises(DataError, match="4380 hourly rows, but a typical year needs 8760"):
        read(tmp_path, lines, WeatherFile(file=FORMATS[name][0], format=name))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("cell", ["", "abc", "9999"])
def test_unusable_cell_is_named_by_row(tmp_path, texts, name, cell):
    row = FIRST[name] + 12
    header = {"tmy3": 2, "epw": 13, "psm3": 7, "pvgis": 3}  # where ghi stands
    cells = texts[name][row - 1].split(",")
    cells[header[name]] = cell
    lines = [*texts[name][: row - 1], ",".join(cells), *texts[name][row:]]
    with pytest.raises(DataError, match=rf"^{FORMATS[name][0]}.* row {row}"):
        read(tmp_path, lines, WeatherFile(file=FORMATS[name][0], format=name))


@pytest.mark.parametrize(
    ("row", "cell", "message"),
    [
        (50, 4, r"year\.csv, row 50: \"\?\" is no number in column T"),
        (50, 0, r"year\.csv, row 50: \"\?\" in column when is no time such as"),
    ],
)
def test_cell_of_a_plain_csv_that_is_no_number_is_named(tmp_path, row, cell, message):
    lines = write.plain_csv(GREENSBORO)
    cells = lines[row - 1].split(",")
    cells[cell] = "?"
    with pytest.raises(DataError, match=message):
        read(tmp_path, [*lines[: row - 1], ",".join(cells), *lines[row:]], WeatherFile(**CSV))


def test_gap_of_a_plain_csv_is_named(tmp_path):
    lines = write.plain_csv(GREENSBORO)
    with pytest.raises(DataError, match=r"year\.csv, row 50: found 01-03 hour 2, expected 01-03"):
        read(tmp_path, [*lines[:49], *lines[50:]], WeatherFile(**CSV))


def test_column_that_a_plain_csv_lacks_is_named(tmp_path):
    lines = write.plain_csv(GREENSBORO)
    lines[0] = lines[0].replace("beam", "beams")
    with pytest.raises(DataError, match=r'year\.csv has no column "beam"\. Did you mean beams\?'):
        read(tmp_path, lines, WeatherFile(**CSV))


def test_rows_off_the_hour_are_refused(tmp_path):
    lines = write.plain_csv(GREENSBORO, shift="30min")
    with pytest.raises(DataError, match=r"row 2: 2001-01-01T00:30:00 is not the start of a full"):
        read(tmp_path, lines, WeatherFile(**CSV))


def test_half_hourly_nsrdb_rows_are_refused(tmp_path, texts):
    lines = [*texts["psm3"][:3], texts["psm3"][3].replace(",30,", ",0,", 1), *texts["psm3"][3:]]
    with pytest.raises(DataError, match=r"row 4 is stamped at minute 0, but only hourly rows"):
        read(tmp_path, lines, WeatherFile(file="year.csv", format="psm3"))


def test_format_that_a_file_does_not_have_is_told(tmp_path, texts):
    for name in ("epw", "psm3", "pvgis"):
        with pytest.raises(DataError, match=rf"cannot be read as a {name.upper()} weather file"):
            read(tmp_path, texts["tmy3"], WeatherFile(file="year.csv", format=name))


@pytest.mark.parametrize(
    ("line", "old", "new", "message"),
    [
        (3, "Speed", "Sped", r'line 3 names a column "sped"\. Did you mean speed\?'),
        (3, "Speed", "Direction", "line 3 names no column for wind_speed"),
        (4, "atm", "bar", r'line 4 has the unit "bar"\. Did you mean'),
        (5, "80", "high", "line 5 must have the height of every column"),
        (1, "-5,8760", "5,8760", r"line 1 says UTC\+5 at longitude -79\.95, which cannot be"),
    ],
)
def test_header_of_a_wind_resource_file_is_checked(tmp_path, line, old, new, message):
    lines = write.srw(GREENSBORO, write.PLACE)
    lines[line - 1] = lines[line - 1].replace(old, new)
    with pytest.raises(DataError, match=rf"^year\.srw: cannot be read as a SRW .*{message}"):
        read(tmp_path, lines, WeatherFile(file="year.srw"))


@pytest.mark.parametrize("cell", ["", "x", "-1"])
def test_unusable_cell_of_a_wind_resource_file_is_named(tmp_path, cell):
    lines = write.srw(GREENSBORO, write.PLACE)
    cells = lines[99].split(",")
    lines[99] = ",".join([*cells[:7], cell])
    with pytest.raises(DataError, match=r"year\.srw, row 100: wind_speed is (nan|-1) m/s"):
        read(tmp_path, lines, WeatherFile(file="year.srw"))


def test_wind_resource_file_of_half_a_year_is_refused(tmp_path):
    lines = write.srw(GREENSBORO, write.PLACE)[:4000]
    with pytest.raises(DataError, match="3995 hourly rows"):
        read(tmp_path, lines, WeatherFile(file="year.srw"))


def test_file_without_rows_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"year\.srw: .*1 lines; it needs 5 lines of header"):
        read(tmp_path, ["nothing"], WeatherFile(file="year.srw"))


def test_year_read_without_a_scenario_names_its_path(tmp_path, texts):
    (tmp_path / "a.epw").write_text("\n".join(texts["epw"]))
    year = read_year(tmp_path / "a.epw", "epw", name="a", source="test", wind_height_m=50)
    assert (year.name, year.wind_height_m) == ("a", 50)
