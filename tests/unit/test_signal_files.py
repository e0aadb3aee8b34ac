"""Files of carbon intensities in the formats of those who publish them, on tiny hand-made files."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.schema.series import AverageCarbonFile, CarbonSeries, MarginalCarbonFile
from sim.scenario.series.piecewise import read_series

START = datetime(2022, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"
G_PER_KWH = 1e-3 / 3.6e6
LB = 0.45359237

MAPS_2022 = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),"
    "Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source,"
    "Data Estimated,Data Estimation Method"
)
MAPS_2025 = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
    "Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method"
)
MAPS_ROWS = [
    f"2022-01-01 {hour:02}:00:00,{zone},{zone},{zone},{direct},{life},97.9,58.7,src,true,"
    for zone, direct, life in (("SE", 3.5, 30.25), ("DE", 300.0, 350.0))
    for hour in range(3)
]


def read(folder, ref, *lines, start=START, duration_s=0.0):
    (folder / ref.file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_series(folder, ref, start=start, duration_s=duration_s)


def exactly(message):
    return f"^{re.escape(message)}$"


def average(file_format, **fields):
    return AverageCarbonFile(file="x.csv", format=file_format, **fields)


def marginal(file_format, **fields):
    return MarginalCarbonFile(file="x.csv", format=file_format, **fields)


@pytest.mark.parametrize("header", [MAPS_2022, MAPS_2025, MAPS_2025.replace("Life", "life")])
@pytest.mark.parametrize(
    ("zone", "emissions", "value"),
    [("DE", "direct", 300.0), ("DE", "life-cycle", 350.0), ("SE", "life-cycle", 30.25)],
)
def test_electricity_maps_of_all_editions(tmp_path, header, zone, emissions, value):
    ref = average("electricity-maps", zone=zone, emissions=emissions)
    series = read(tmp_path, ref, header, *MAPS_ROWS)
    assert series.values == pytest.approx([value * G_PER_KWH] * 3, rel=1e-15)
    assert series.edges_s.tolist() == [0.0, 3600.0, 7200.0, 10800.0]


def test_electricity_maps_of_the_data_base_that_went_before(tmp_path):
    ref = average("electricity-maps")
    rows = ["1,2022-01-01T00:00:00.000Z,DE,404.5", "2,2022-01-01T01:00:00.000Z,DE,400"]
    series = read(tmp_path, ref, "timestamp,datetime,zone_name,carbon_intensity_avg", *rows)
    assert series.values == pytest.approx([404.5 * G_PER_KWH, 400 * G_PER_KWH])


def test_electricity_maps_file_of_one_zone_needs_no_zone(tmp_path):
    ref = average("electricity-maps", emissions="direct")
    assert read(tmp_path, ref, MAPS_2025, *MAPS_ROWS[:3]).values.size == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"emissions": "direct"}, "x.csv has the zones SE, DE. Say which in zone."),
        ({"emissions": "direct", "zone": "SX"}, 'x.csv has no zone "SX". Allowed: DE, SE.'),
        ({"zone": "DE"}, "x.csv has intensities direct and life-cycle. Say which in emissions."),
    ],
)
def test_choice_that_an_electricity_maps_file_leaves_must_be_made(tmp_path, fields, message):
    with pytest.raises(DataError, match=exactly(message)):
        read(tmp_path, average("electricity-maps", **fields), MAPS_2025, *MAPS_ROWS)


def test_gap_in_one_zone_is_told_with_its_line(tmp_path):
    ref = average("electricity-maps", zone="DE", emissions="direct")
    gappy = [*MAPS_ROWS, MAPS_ROWS[5].replace("02:00", "04:00")]
    with pytest.raises(DataError, match=r"x.csv, line 8: gap: time 2022-01-01 04:00:00 is 2 h"):
        read(tmp_path, ref, MAPS_2025, *gappy)


def test_decarbonization_potential_has_a_column_a_zone(tmp_path):
    ref = average("decarbonization-potential", zone="US-CAL-CISO")
    rows = ["2022-01-01 00:00:00,216.56,275.46", "2022-01-01 01:00:00,220.88,293.69"]
    series = read(tmp_path, ref, "utc,DE,US-CAL-CISO", *rows)
    assert series.values == pytest.approx([275.46 * G_PER_KWH, 293.69 * G_PER_KWH])
    with pytest.raises(DataError, match=r'no zone "utc". Allowed: DE, US-CAL-CISO'):
        read(tmp_path, average("decarbonization-potential", zone="utc"), "utc,DE,US-CAL-CISO")


@pytest.mark.parametrize("zone", ["", "+00:00"])
def test_carboncast_with_and_without_offsets(tmp_path, zone):
    rows = [f"{n},2022-01-01 0{n}:00:00{zone},{value},12" for n, value in ((0, 242.9), (1, 291.9))]
    series = read(tmp_path, average("carboncast"), ",UTC time,carbon_intensity,coal", *rows)
    assert series.values == pytest.approx([242.9 * G_PER_KWH, 291.9 * G_PER_KWH])


def test_carboncast_of_the_live_service_has_both_intensities(tmp_path):
    header = "UTC time,region_code,carbon_intensity_avg_lifecycle,carbon_intensity_avg_direct"
    rows = [f"2022-01-01T0{n}:00:00+00:00,DE,350,300" for n in range(2)]
    series = read(tmp_path, average("carboncast", emissions="direct"), header, *rows)
    assert series.values[0] == pytest.approx(300 * G_PER_KWH)


def test_intensity_that_a_file_does_not_have_is_told(tmp_path):
    rows = ["0,2022-01-01 00:00:00,1"]
    ref = average("carboncast", emissions="direct")
    with pytest.raises(DataError, match=r"no direct intensity, but one that does not say which"):
        read(tmp_path, ref, ",UTC time,carbon_intensity", *rows)
    with pytest.raises(DataError, match=r"no column of carbon intensity; is it of format carb"):
        read(tmp_path, average("carboncast"), ",UTC time,coal", *rows)
    with pytest.raises(DataError, match=r'no column "UTC time"; is it of format carboncast\?'):
        read(tmp_path, average("carboncast"), ",time,carbon_intensity", *rows)


def test_watttime_is_in_pounds_per_megawatt_hour_every_five_minutes(tmp_path):
    rows = ["2022-01-01 00:00:00+00:00,466,3.1", "2022-01-01 00:05:00+00:00,426,3.1"]
    series = read(tmp_path, marginal("watttime"), "timestamp,MOER,MOER version", *rows)
    assert series.values == pytest.approx([466 * LB / 3.6e9, 426 * LB / 3.6e9], rel=1e-15)
    assert series.edges_s.tolist() == [0.0, 300.0, 600.0]


def avert_rows(hours=8760):
    return [f"1,{hour},{1 + hour / 10000:.4f},2" for hour in range(hours)]


AVERT = {"zone": "CA", "timezone": "America/Los_Angeles", "source_year": 2023}


def test_avert_hours_count_from_new_year_in_standard_time_all_year(tmp_path):
    start = datetime(2023, 7, 1, tzinfo=UTC)
    ref = marginal("avert", **AVERT)
    series = read(tmp_path, ref, "Month,Timestamp,CA,NY", *avert_rows(), start=start)
    # 1 July, 00:00 UTC is 30 June, 16:00 in California without daylight saving: 180 days and 16 h.
    assert series.at(0.0) == pytest.approx((1 + (180 * 24 + 16) / 10000) * LB / 3.6e6, rel=1e-12)


@pytest.mark.parametrize(
    ("fields", "rows", "message"),
    [
        ({"zone": None}, avert_rows(), "x.csv: format avert needs zone."),
        ({"source_year": None}, avert_rows(), "x.csv: format avert needs source_year."),
        ({"zone": "CAL"}, avert_rows(), 'x.csv has no zone "CAL". Did you mean CA?'),
        ({"timezone": "America/LosAngeles"}, avert_rows(),
         'x.csv: "America/LosAngeles" is not a time zone. Did you mean America/Los_Angeles?'),
        ({}, avert_rows(8759), "x.csv has 8759 hours, but 2023 has 8760."),
        ({"source_year": 2024}, avert_rows(), "x.csv has 8760 hours, but 2024 has 8784."),
        ({}, [*avert_rows(5), *avert_rows()[6:]],
         'x.csv, line 7: Timestamp "6" is not 5: hours count from 0.'),
        ({}, [*avert_rows(8759), "12,8759,-1,2"], "x.csv, line 8761: -1 in column CA is negative."),
    ],
)  # fmt: skip
def test_mistakes_in_an_avert_file_are_told(tmp_path, fields, rows, message):
    with pytest.raises(DataError, match=exactly(message)):
        read(tmp_path, marginal("avert", **(AVERT | fields)), "Month,Timestamp,CA,NY", *rows)


def test_field_of_another_format_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"^x.csv: format carboncast takes no zone. Leave it out.$"):
        read(tmp_path, average("carboncast", zone="DE"), "UTC time,carbon_intensity")
    with pytest.raises(DataError, match=r"format watttime takes no timezone"):
        read(tmp_path, marginal("watttime", timezone="UTC"), "timestamp,MOER")


def test_latency_comes_along_with_the_series(tmp_path):
    rows = ["0,2022-01-01 00:00:00,1", "1,2022-01-01 01:00:00,1"]
    ref = average("carboncast", latency_h=24.0)
    assert read(tmp_path, ref, ",UTC time,carbon_intensity", *rows).latency_s == 86400.0
    plain = CarbonSeries(file="x.csv", column="carbon_intensity", time_column="UTC time",
                         unit="g/kWh")  # fmt: skip
    assert read_series(tmp_path, plain, start=START).latency_s is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")
@pytest.mark.parametrize(
    ("ref", "start", "count", "first_g_per_kwh"),
    [
        (AverageCarbonFile(file="carboncast/DE_lifecycle_emissions.csv.gz", format="carboncast"),
         datetime(2020, 1, 1, tzinfo=UTC), 17544, 354.59),
        (AverageCarbonFile(file="electricitymaps_2022/ci_hourly_2022_8zones.csv.gz",
                           format="decarbonization-potential", zone="IN-MH"),
         START, 8760, 742.67),
        (MarginalCarbonFile(file="avert/AVERT_2023_CO2_lb_per_kwh.csv.gz", format="avert",
                            zone="NE", timezone="Etc/GMT", source_year=2023),
         datetime(2023, 1, 1, tzinfo=UTC), 3 * 8760 + 24, 0.81 * LB * 1000),
    ],
    ids=["carboncast", "decarbonization-potential", "avert"],
)  # fmt: skip
def test_published_files_are_read_as_they_are(ref, start, count, first_g_per_kwh):
    series = read_series(SHARED, ref, start=start)
    assert series.at(0.0) == pytest.approx(first_g_per_kwh * G_PER_KWH, rel=1e-12)
    assert series.values.size == count
    assert (np.diff(series.edges_s) == 3600.0).all()
