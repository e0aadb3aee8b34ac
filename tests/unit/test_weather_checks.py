"""Wrong weather, solar and wind in a scenario, each with the message it must give."""

import pytest

from sim.scenario.load import load_scenario
from sim.weather import read_tmy
from tests.unit import weather_files as write
from tests.unit.scenario_texts import BASE, edited, problems

WEATHER = "{tmy: greensboro-nc}"
SOLAR = "{dc_capacity_kw: 100}"
WIND = "hub_height_m: 69, shear_exponent: 0.2}"
CEC = "model: cec, module: Canadian_Solar_Inc__CS5P_220M"


@pytest.mark.parametrize(
    ("weather", "expected"),
    [
        ("{file: none.epw}", '9:21 sites[0].weather.file: "none.epw": no such file.'),
        ("{file: weather}", '9:21 sites[0].weather.file: "weather": is no weather file: its name '
                            "must end in .csv, .epw, .tm2, .srw, .json (or that with .gz)."),
        ("{file: a.csv}", '9:21 sites[0].weather.file: "a.csv" may be of several formats. Say '
                          "which: format: tmy3, psm3, pvgis or csv."),
        ("{file: a.csv, format: tmy}", '9:36 sites[0].weather.format: "tmy" is not one of epw, '
                                       "tmy3, tmy2, psm3, pvgis, srw, csv."),
        ("{file: a.csv, format: csv}",
         "9:5 sites[0].weather: plain CSV does not tell where it is from. Add location: "
         "{latitude_deg: ..., longitude_deg: ..., altitude_m: ..., utc_offset_h: ...}."),
        ("{file: a.epw, location: {latitude_deg: 1, longitude_deg: 2, altitude_m: 3, "
         "utc_offset_h: 0}}",
         "9:28 sites[0].weather.location: epw files tell their own place. Leave location out."),
        ("{file: a.csv, format: csv, location: {latitude_deg: 91, longitude_deg: 2, "
         "altitude_m: 3, utc_offset_h: 0}}",
         "9:66 sites[0].weather.location.latitude_deg: 91 is not between -90 and 90."),
        ("{file: a.epw, stamp: end}",
         "9:35 sites[0].weather.stamp: is for csv files; epw files say it themselves."),
        ("{file: a.epw, columns: {ghi: G}}",
         "9:28 sites[0].weather.columns: is for csv files; epw files say it themselves."),
        ("{tmy: greensboro-nc, resample: daily}",
         '9:45 sites[0].weather.resample: "daily" is not one of none, daily-block.'),
    ],
)  # fmt: skip
def test_wrong_weather_is_told(tmp_path, weather, expected):
    for name in ("a.csv", "a.epw", "weather"):
        (tmp_path / name).write_text("x")
    assert problems(tmp_path, edited((WEATHER, weather))) == [expected]


def test_wind_file_has_no_sun_for_arrays_and_markets(tmp_path):
    (tmp_path / "a.srw").write_text("x")
    advice = "needs sunshine, but srw files have wind only. Use another weather file."
    assert problems(tmp_path, edited((WEATHER, "{file: a.srw, wind_height_m: 50}"))) == [
        "9:43 sites[0].weather.wind_height_m: srw files tell their own heights. Leave it out.",
        f"10:5 sites[0].solar: a simulated array {advice}",
        f"18:15 sites[0].grid.market: a market {advice}",
    ]


@pytest.mark.parametrize(
    ("weather", "measured"),
    [(WEATHER, "10"), ("{file: a.epw}", "10"), ("{file: a.epw, wind_height_m: 50}", "50")],
)
def test_hub_beyond_the_measurement_needs_a_shear_exponent(tmp_path, weather, measured):
    (tmp_path / "a.epw").write_text("x")
    text = edited((WIND, "hub_height_m: 69}"), (WEATHER, weather))
    assert problems(tmp_path, text) == [
        f"11:5 sites[0].wind: needs shear_exponent: the wind is measured at {measured} m and the "
        "hub is at 69 m (0.14 open flat land, 0.2 rough, 0.3 forest)."
    ]


def test_hub_at_the_measurement_needs_no_shear_exponent(tmp_path):
    (tmp_path / "a.epw").write_text("x")
    text = edited((WIND, "hub_height_m: 69}"), (WEATHER, "{file: a.epw, wind_height_m: 69}"))
    (tmp_path / "s.yaml").write_text(text)
    assert load_scenario(tmp_path / "s.yaml").spec.sites[0].wind.shear_exponent is None


@pytest.mark.parametrize(
    ("solar", "expected"),
    [
        ("{dc_capacity_kw: 1, model: cec}",
         ["10:5 sites[0].solar: model: cec needs inverter, a name of the CEC list.",
          "10:5 sites[0].solar: model: cec needs module, a name of the CEC list."]),
        ("{dc_capacity_kw: 1, module: x}",
         ["10:40 sites[0].solar.module: is for model: cec, not for pvwatts."]),
        (f"{{dc_capacity_kw: 1, {CEC}M, inverter: ABB__MICRO_0_25_I_OUTD_US_208__208V_}}",
         ['10:52 sites[0].solar.module: the CEC list has no module '
          '"Canadian_Solar_Inc__CS5P_220MM". Did you mean Canadian_Solar_Inc__CS5P_220M?']),
        (f"{{dc_capacity_kw: 1, {CEC}, inverter: zzzzzzz}}",
         ['10:93 sites[0].solar.inverter: the CEC list has no inverter "zzzzzzz". It has names '
          "such as ABB__MICRO_0_25_I_OUTD_US_208__208V_."]),
    ],
)  # fmt: skip
def test_wrong_module_or_inverter_is_told(tmp_path, solar, expected):
    assert problems(tmp_path, edited((SOLAR, solar))) == expected


def test_names_of_the_cec_may_be_written_as_sam_writes_them(tmp_path):
    module, inverter = "Canadian Solar Inc. CS5P-220M", "ABB: MICRO-0.25-I-OUTD-US-208 [208V]"
    names = f'module: "{module}", inverter: "{inverter}"'
    text = edited((SOLAR, f"{{dc_capacity_kw: 1, model: cec, {names}}}"))
    (tmp_path / "s.yaml").write_text(text)
    assert load_scenario(tmp_path / "s.yaml").spec.sites[0].solar.model == "cec"


def test_weather_file_counts_among_what_a_run_depends_on(tmp_path):
    year = write.of(read_tmy("greensboro-nc"))
    (tmp_path / "a.epw").write_text("\n".join(write.epw(year, write.PLACE)))
    (tmp_path / "s.yaml").write_text(edited((WEATHER, "{file: a.epw}")))
    loaded = load_scenario(tmp_path / "s.yaml")
    assert [path.name for path in loaded.data_files] == ["a.epw"]
    before = loaded.content_hash("fifo", 1)
    colder = {**year, "temp_air": year["temp_air"] - 1}
    (tmp_path / "a.epw").write_text("\n".join(write.epw(colder, write.PLACE)))
    assert load_scenario(tmp_path / "s.yaml").content_hash("fifo", 1) != before


def test_weather_of_the_base_is_valid(tmp_path):
    (tmp_path / "s.yaml").write_text(BASE)
    assert load_scenario(tmp_path / "s.yaml").spec.sites[0].weather.resample == "none"
