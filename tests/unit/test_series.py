"""Series from CSV files: units, times, and means worked out by hand."""

import gzip
import os
import time
from datetime import UTC, datetime
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import DataError
from sim.scenario.schema.series import CarbonSeries, PowerSeries, PriceSeries
from sim.scenario.series import piecewise as series_module
from sim.scenario.series.piecewise import Series, coverage_fault, read_series

START = datetime(2025, 6, 2, tzinfo=UTC)
HOURS_S = np.array([0.0, 3600.0, 7200.0, 10800.0])


def three_hours():
    return Series(HOURS_S, np.array([10.0, 20.0, 60.0]))


def read(folder, rows, ref=None, name="x.csv"):
    (folder / name).write_text("\n".join(["time,v", *rows]))
    return read_series(folder, ref or PowerSeries(file=name, column="v", unit="W"), start=START)


def test_means_over_parts_and_wholes_of_intervals():
    edges_s = np.array([1800.0, 5400.0, 10800.0])
    # (1800 * 10 + 1800 * 20) / 3600, and (1800 * 20 + 3600 * 60) / 5400
    assert three_hours().mean_over(edges_s) == pytest.approx([15.0, 140 / 3], rel=1e-15)


def test_mean_within_one_interval_is_bit_exact():
    values = np.random.default_rng(1).uniform(0, 1e9, 300)
    hourly = Series(np.arange(301) * 3600.0, values)
    five_minutes_s = np.arange(301 * 12 - 11) * 300.0
    assert (hourly.mean_over(five_minutes_s) == np.repeat(values, 12)).all()
    assert (hourly.mean_over(hourly.edges_s) == values).all()


def test_mean_is_nan_where_the_series_does_not_reach():
    means = three_hours().mean_over(np.array([-900.0, 0.0, 900.0, 9900.0, 10801.0, 20000.0]))
    assert [isnan(mean) for mean in means] == [True, False, False, True, True]
    assert means[1:3] == pytest.approx([10.0, (2700 * 10 + 3600 * 20 + 2700 * 60) / 9000])


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    widths=st.lists(st.floats(0.5, 5000), min_size=20, max_size=20),
    cuts=st.sets(st.floats(0.001, 0.999), max_size=20),
)
def test_means_conserve_the_integral(values, widths, cuts):
    edges_s = np.concatenate([[-100.0], -100.0 + np.cumsum(widths[: len(values)])])
    series = Series(edges_s, np.array(values))
    span_s = edges_s[-1] - edges_s[0]
    inner = edges_s[0] + span_s * np.array(sorted(cuts))
    steps_s = np.unique(np.concatenate([edges_s[:1], inner, edges_s[-1:]]))
    integral = float(np.sum(series.mean_over(steps_s) * np.diff(steps_s)))
    scale = float(np.sum(np.abs(values) * np.diff(edges_s)))
    exact = float(np.sum(np.array(values) * np.diff(edges_s)))
    assert integral == pytest.approx(exact, rel=1e-12, abs=1e-12 * scale + 1e-300)


def test_year_of_steps_across_edges_is_exact_and_takes_milliseconds():
    hours = 8760
    values = np.sin(np.arange(hours)) + 2.0
    hourly = Series(np.arange(hours + 1) * 3600.0, values)
    shifted_s = np.arange(hours * 12 - 11) * 300.0 + 150.0
    begin = time.process_time()
    means = hourly.mean_over(shifted_s)
    assert time.process_time() - begin < 0.5
    # every twelfth step lies half in one hour and half in the next
    expected = (values[:-1] + values[1:]) / 2
    assert means[11::12][: hours - 1] == pytest.approx(expected, rel=1e-12)


def test_value_in_force_at_an_edge_is_the_next_one():
    series = three_hours()
    assert [series.at(t) for t in (0.0, 3599.0, 3600.0, 10799.0)] == [10.0, 10.0, 20.0, 60.0]
    assert isnan(series.at(-1.0))
    assert isnan(series.at(10800.0))


def test_constant_series_covers_just_its_span():
    series = Series.constant(5.0, -10.0, 20.0)
    assert series.mean_over(np.array([-10.0, 0.0, 20.0])).tolist() == [5.0, 5.0]
    assert series.covers(-10.0, 20.0)
    assert not series.covers(-10.0, 20.1)
    assert not series.covers(-10.1, 20.0)


def test_series_cannot_be_written_to_and_leaves_its_input_writable():
    values = np.array([1.0, 2.0, 3.0])
    series = Series(HOURS_S, values)
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 9.0
    values[0] = 9.0


def test_edges_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="4 edges do not fit 2 values"):
        Series(HOURS_S, np.zeros(2))
    with pytest.raises(ValueError, match="increase strictly"):
        Series(np.array([0.0, 0.0]), np.zeros(1))
    with pytest.raises(ValueError, match="increase strictly"):
        three_hours().mean_over(np.array([0.0]))


@pytest.mark.parametrize(
    ("ref", "factor"),
    [
        (PowerSeries(file="x.csv", column="v", unit="MW"), 1e6),
        (PowerSeries(file="x.csv", column="v", unit="W"), 1.0),
        (PriceSeries(file="x.csv", column="v", unit="USD/MWh"), 1 / 3.6e9),
        (CarbonSeries(file="x.csv", column="v", unit="g/kWh"), 1e-3 / 3.6e6),
        (CarbonSeries(file="x.csv", column="v", unit="lb/MWh"), 0.45359237 / 3.6e9),
    ],
)
def test_units_become_si(tmp_path, ref, factor):
    series = read(tmp_path, ["0,1.5", "3600,2.5"], ref)
    assert series.values == pytest.approx([1.5 * factor, 2.5 * factor], rel=1e-15)


def test_price_may_be_negative(tmp_path):
    ref = PriceSeries(file="x.csv", column="v", unit="USD/kWh")
    assert read(tmp_path, ["0,-0.36", "3600,0"], ref).values[0] == pytest.approx(-1e-7)


@pytest.mark.parametrize(
    "rows",
    [
        ["2025-06-02T01:00Z,1", "2025-06-02T02:00Z,2"],
        ["2025-06-02 01:00,1", "2025-06-02 02:00,2"],
        ["2025-06-02T03:00+02:00,1", "2025-06-01T22:00-04:00,2"],
        ["3600,1", "7200,2"],
        ["3.6e3, 1", " 7200.0 ,2 ", ""],
    ],
    ids=["utc", "naive is utc", "offsets", "seconds", "blanks"],
)
def test_times_become_seconds_since_the_start(tmp_path, rows):
    series = read(tmp_path, rows)
    assert series.edges_s.tolist() == [3600.0, 7200.0, 10800.0]
    assert series.values.tolist() == [1.0, 2.0]


def test_values_come_through_bit_exact(tmp_path):
    numbers = [0.1, 1 / 3, 123456789.123456789, 5e-324]
    series = read(tmp_path, [f"{i},{number!r}" for i, number in enumerate(numbers)])
    assert series.values.tolist() == numbers


def test_gzip_and_byte_order_mark_are_read(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbftime,v\r\n0,1\r\n60,2\r\n"))
    ref = PowerSeries(file="x.csv.gz", column="v", unit="W")
    assert read_series(tmp_path, ref, start=START).edges_s.tolist() == [0.0, 60.0, 120.0]


def test_words_of_pandas_for_a_time_are_no_times(tmp_path):
    with pytest.raises(DataError, match=r'x.csv, line 3: "now" in column time is not a time'):
        read(tmp_path, ["2025-06-02T01:00Z,1", "now,2"])


def test_gap_is_found_even_between_the_first_rows(tmp_path):
    with pytest.raises(DataError, match=r"line 3: gap: time 7200 is 2 h after the row above"):
        read(tmp_path, ["0,1", "7200,1", "10800,1", "14400,1"])


def test_row_between_the_others_is_no_even_spacing(tmp_path):
    with pytest.raises(DataError, match=r"line 4: .* is 30 min after .* rows are 1 h apart"):
        read(tmp_path, ["0,1", "3600,1", "5400,1", "9000,1"])


def test_file_is_read_once_until_it_changes(tmp_path, monkeypatch):
    reads = []
    real = series_module.read_columns

    def counted(path, name, columns):
        reads.append(name)
        return real(path, name, columns)

    monkeypatch.setattr(series_module, "read_columns", counted)
    first = read(tmp_path, ["0,1", "1,1"])
    ref = PowerSeries(file="x.csv", column="v", unit="W")
    assert read_series(tmp_path, ref, start=START) is first
    assert reads == ["x.csv"]
    os.utime(tmp_path / "x.csv", ns=(1, 1))
    assert read_series(tmp_path, ref, start=START) is not first
    assert reads == ["x.csv", "x.csv"]


def test_what_a_series_lacks_is_said_in_dates():
    ref = PowerSeries(file="x.csv", column="v", unit="W")
    assert coverage_fault(three_hours(), ref, start=START, end_s=10800.0) is None
    assert coverage_fault(three_hours(), ref, start=START, end_s=14400.0) == (
        "x.csv is too short: it covers 2025-06-02T00:00Z to 2025-06-02T03:00Z, "
        "but the run goes from 2025-06-02T00:00Z to 2025-06-02T04:00Z."
    )
