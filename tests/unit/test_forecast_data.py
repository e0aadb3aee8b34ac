"""Signals from CSV files: gaps, clocks, dates and everything that can be wrong with a file."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting.data import read_series
from forecasting.stamps import DataError

NAN = np.nan
H = 3600.0


@pytest.fixture
def csv(tmp_path):
    """Write lines to a file and return its path."""

    def write(*lines, name="data.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def hours(*values, day="2021-07-01"):
    return [f"{day} {hour:02d}:00,{value}" for hour, value in enumerate(values)]


# What is read


def test_signal_begins_at_the_first_row_and_keeps_its_step(csv):
    series = read_series(csv("time,x", *hours(5, 6, 7)), "x")
    assert series.origin == datetime(2021, 7, 1, tzinfo=UTC)
    assert (series.step_s, series.values.tolist(), series.notes) == (H, [5.0, 6.0, 7.0], ())
    assert series.end_s == 3 * H


def test_steps_need_not_be_hours(csv):
    series = read_series(csv("time,x", "2021-07-01 00:00,1", "2021-07-01 00:15,2"), "x")
    assert series.step_s == 900.0


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"time,x\n2021-07-01 00:00,1\n2021-07-01 01:00,2\n"))
    assert read_series(path, "x").values.tolist() == [1.0, 2.0]


def test_the_time_column_is_the_first_that_holds_times_unless_it_is_named(csv):
    path = csv("row,UTC time,x,local", "0,2021-07-01 00:00,1,2021-07-01 02:00",
               "1,2021-07-01 01:00,2,2021-07-01 03:00")
    assert read_series(path, "x").origin.hour == 0
    assert read_series(path, "x", time_column="local").origin.hour == 2


def test_a_time_column_without_a_name_can_be_named(csv):
    assert read_series(csv(",x", *hours(1, 2)), "x", time_column="").values.tolist() == [1.0, 2.0]


def test_all_past_columns_are_those_with_a_name_and_numbers(csv):
    path = csv(",time,x,coal,zone,wind",
               "0,2021-07-01 00:00,1,10,DE,", "1,2021-07-01 01:00,2,20,DE,5")
    series = read_series(path, "x", past_columns="all")
    np.testing.assert_equal(dict(series.others), {"coal": [10.0, 20.0], "wind": [NAN, 5.0]})
    assert "Left out as no column of numbers: zone." in series.notes


def test_past_columns_can_be_named(csv):
    path = csv("time,x,a,b", "2021-07-01 00:00,1,2,oops", "2021-07-01 01:00,1,3,oops")
    assert list(read_series(path, "x", past_columns=["a"]).others) == ["a"]


def test_shares_are_of_the_sum_and_leave_out_what_gives_little(csv):
    path = csv("time,x,coal,wind,oil", "2021-07-01 00:00,1,60,39,1", "2021-07-01 01:00,1,99,100,1")
    series = read_series(path, "x", past_columns="all").as_shares()
    assert list(series.others) == ["coal", "wind", "total"]
    np.testing.assert_allclose(series.others["coal"], [0.6, 0.495])
    np.testing.assert_allclose(series.others["total"], [100.0, 200.0])


def test_shares_of_one_column_are_refused(csv):
    series = read_series(csv("time,x,a", "2021-07-01 00:00,1,2", "2021-07-01 01:00,1,3"), "x",
                         past_columns="all")
    with pytest.raises(DataError, match="shares need at least two past columns"):
        series.as_shares()


# Gaps


def test_missing_rows_and_empty_cells_are_hours_without_a_value_and_are_told(csv):
    path = csv("time,x", "2021-07-01 00:00,1", "2021-07-01 01:00,", "2021-07-01 02:00,NaN",
               "2021-07-01 04:00,4", "2021-07-01 05:00,n/a", "2021-07-01 06:00,6")
    series = read_series(path, "x")
    np.testing.assert_array_equal(series.values, [1.0, NAN, NAN, NAN, 4.0, NAN, 6.0])
    assert series.notes == (
        "x: 4 of 7 values are missing; the longest gap has 3 h from 2021-07-01 01:00 UTC. Models "
        "look past them; they are not scored.",
    )


def test_a_gap_repeats_the_value_before_it_for_as_long_as_asked_never_the_one_after(csv):
    path = csv("time,x,y", "2021-07-01 00:00,1,7", "2021-07-01 01:00,,", "2021-07-01 02:00,,8",
               "2021-07-01 03:00,4,9")
    series = read_series(path, "x", past_columns=["y"])
    history = series.history(hold_s=H)
    issue_s, index = np.array([4 * H]), np.arange(4)[None, :]
    np.testing.assert_array_equal(history.take(issue_s, index), [[1.0, 1.0, NAN, 4.0]])
    np.testing.assert_array_equal(
        history.covariates["y"].take(issue_s, index), [[7.0, 7.0, 8.0, 9.0]]
    )
    np.testing.assert_array_equal(
        series.history().take(issue_s, index), [[1.0, NAN, NAN, 4.0]]
    )


def test_latency_holds_for_the_signal_and_its_past_columns(csv):
    path = csv("time,x,y", "2021-07-01 00:00,1,7", "2021-07-01 01:00,2,8")
    history = read_series(path, "x", past_columns=["y"]).history(latency_s=H)
    assert history.known_count(np.array([2 * H])).tolist() == [1]
    assert history.covariates["y"].known_count(np.array([2 * H])).tolist() == [1]
    assert history.origin == datetime(2021, 7, 1, tzinfo=UTC)


def test_a_constant_signal_is_told(csv):
    assert read_series(csv("time,x", *hours(3, 3, 3)), "x").notes == (
        "x never changes: any forecast of it is right.",
    )


# Clocks


def test_times_that_name_their_zone_need_no_other(csv):
    path = csv("time,x", "2021-10-31T02:00+02:00,1", "2021-10-31T02:00+01:00,2")
    assert read_series(path, "x").origin == datetime(2021, 10, 31, 0, tzinfo=UTC)
    assert read_series(csv("time,x", "2021-07-01T00:00Z,1", "2021-07-01T01:00Z,2"), "x").step_s == H


def test_a_day_of_25_hours_shows_one_hour_twice(csv):
    # Europe/Berlin goes back from 03:00 (UTC+2) to 02:00 (UTC+1) on 2021-10-31, at 01:00 UTC.
    path = csv("time,x", *(f"2021-10-31 {h:02d}:{m},{h}" for h, m in
                           [(1, "00"), (2, "00"), (2, "00"), (3, "00")]))
    series = read_series(path, "x", timezone="Europe/Berlin")
    assert series.origin == datetime(2021, 10, 30, 23, tzinfo=UTC)
    assert series.values.tolist() == [1.0, 2.0, 2.0, 3.0]


def test_half_hours_of_a_day_of_25_hours_are_told_apart(csv):
    times = ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")
    path = csv("time,x", *(f"2021-10-31 {time},{k}" for k, time in enumerate(times)))
    series = read_series(path, "x", timezone="Europe/Berlin")
    assert (series.step_s, series.values.tolist()) == (1800.0, [0, 1, 2, 3, 4, 5])


def test_a_day_of_23_hours_has_no_gap(csv):
    path = csv("time,x", "2021-03-28 01:00,1", "2021-03-28 03:00,3", "2021-03-28 04:00,4")
    series = read_series(path, "x", timezone="Europe/Berlin")
    assert series.origin == datetime(2021, 3, 28, 0, tzinfo=UTC)
    assert series.values.tolist() == [1.0, 3.0, 4.0]


def test_an_hour_that_the_clocks_skip_is_refused(csv):
    path = csv("time,x", "2021-03-28 01:00,1", "2021-03-28 02:00,2", "2021-03-28 03:00,3")
    with pytest.raises(DataError, match=r"line 3: time 2021-03-28 02:00 does not exist in Europe"):
        read_series(path, "x", timezone="Europe/Berlin")


def test_an_hour_twice_hints_at_local_time(csv):
    path = csv("time,x", "2021-10-31 01:00,1", "2021-10-31 02:00,2", "2021-10-31 02:00,2")
    with pytest.raises(DataError, match=r"line 4: .* 02:00 stands twice.*\(timezone\)"):
        read_series(path, "x")


# Dates


def test_american_and_european_dates_are_told_apart_by_what_they_can_be(csv):
    american = csv("time,x", "12/31/2020 23:00,1", "01/01/2021 00:00,2")
    assert read_series(american, "x").origin == datetime(2020, 12, 31, 23, tzinfo=UTC)
    european = csv("time,x", "31/12/2020 23:00:00,1", "01/01/2021 00:00:00,2")
    assert read_series(european, "x").origin == datetime(2020, 12, 31, 23, tzinfo=UTC)
    german = csv("time,x", "31.12.2020 23:00,1", "01.01.2021 00:00,2")
    assert read_series(german, "x").origin == datetime(2020, 12, 31, 23, tzinfo=UTC)


def test_dates_that_could_be_either_are_those_that_follow_each_other(csv):
    path = csv("time,x", *(f"02/{day:02d}/2021 00:00,{day}" for day in range(3, 7)))
    series = read_series(path, "x")  # from 3 February on, not one day in each of four months
    assert (series.origin, series.step_s) == (datetime(2021, 2, 3, tzinfo=UTC), 86400.0)


def test_dates_that_stay_ambiguous_are_refused(csv):
    path = csv("time,x", "02/03/2021 00:00,1", "02/03/2021 01:00,2")
    with pytest.raises(DataError, match=r"line 2: time 02/03/2021 00:00: day and month cannot"):
        read_series(path, "x")


# What is refused


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], 'has no rows below its header'),
        (["2021-07-01 00:00,1"], "at least two show how far they are apart"),
        (["2021-07-01 00:00,1", "noon,2"], r'line 3: "noon" in column "time" is not a time of the'),
        (["2021-07-01 00:00,1", "2021-07-01 01:00Z,2"], "line 3: time .* names a zone or not"),
        (["2021-07-01 00:00,1", "2021-07-01 02:00,2", "2021-07-01 01:00,2"],
         "line 4: time 2021-07-01 01:00 is before the row above. Sort by time."),
        (["2021-07-01 00:00,1", "2021-07-01 00:00,1"], "line 3: time .* stands twice. Keep one"),
        ([*hours(1, 2, 3), "2021-07-01 03:20,4"],
         r"line 5: time .* is 1.33333 h after the row above, but rows are 1 h apart"),
        ([*hours(1, 2, 3), "2021-07-09 00:00,4"],
         "line 5: time .* is 190 h after the row above: most hours of the file are missing"),
        (["2021-07-01 00:00,1", "2021-07-01 01:00,1,5"], "line 3 has 3 cells, but .* names 2"),
        (["2021-07-01 00:00,1", '2021-07-01 01:00,"1,5"'], '3: "1,5" is not a finite number in'),
        (["2021-07-01 00:00,1", "2021-07-01 01:00,inf"], 'line 3: "inf" is not a finite number'),
        (["2021-07-01 00:00,", "2021-07-01 01:00,-"], "has no value in column x"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_and_line(csv, lines, message):
    with pytest.raises(DataError, match=f"^data.csv.*{message}"):
        read_series(csv("time,x", *lines), "x")


def test_line_numbers_count_blank_lines(csv):
    with pytest.raises(DataError, match=r'line 5: "oops" is not a finite number'):
        read_series(csv("time,x", "2021-07-01 00:00,1", "", "", "2021-07-01 01:00,oops"), "x")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "carbon_intensty"}, "Did you mean carbon_intensity?"),
        ({"column": "price"}, "Allowed: time, carbon_intensity, wind."),
        ({"time_column": "tim"}, 'has no column "tim". Did you mean time?'),
        ({"past_columns": ["wnd"]}, 'has no column "wnd". Did you mean wind?'),
        ({"timezone": "Europe/Berln"}, "Did you mean Europe/Berlin?"),
    ],
)
def test_a_wrong_name_comes_with_a_suggestion(csv, options, message):
    path = csv("time,carbon_intensity,wind", "2021-07-01 00:00,1,2", "2021-07-01 01:00,1,3")
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        read_series(path, **{"column": "carbon_intensity", **options})


def test_a_file_without_times_says_what_a_time_is(csv):
    with pytest.raises(DataError, match="has no column of times such as 2021-03-02T00:00Z"):
        read_series(csv("hour,x", "0,1", "1,2"), "x")


def test_two_columns_of_one_name_are_refused(csv):
    with pytest.raises(DataError, match='has 2 columns named "x"'):
        read_series(csv("time,x,x", "2021-07-01 00:00,1,2", "2021-07-01 01:00,1,2"), "x")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.xlsx", b"x", r"data.xlsx is neither a .csv nor a .csv.gz file"),
        ("data.csv", b"time,x\n\xff\xfe,1\n", "is not UTF-8 text"),
        ("data.csv.gz", b"no gzip", "cannot be read"),
        ("data.csv", b'time,x\n2021,"1\n', "cannot be read"),
    ],
)
def test_a_file_that_is_no_csv_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_series(path, "x")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv does not exist"):
        read_series(tmp_path / "nowhere.csv", "x")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"folder\.csv is not a file"):
        read_series(tmp_path / "folder.csv", "x")
