"""A year of a file laid onto the years of a run, by weekdays and by dates."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.schema.series import PowerSeries
from sim.scenario.series.piecewise import coverage_fault, read_series

HOUR_S = 3600.0
DAY_S = 86400.0


def source(folder, *, first="2022-01-01", days=365, step_h=1, **fields):
    """Write a file whose value is its own time, in hours since its start."""
    start = datetime.fromisoformat(f"{first}T00:00+00:00")
    hours = range(0, 24 * days, step_h)
    rows = [f"{(start + timedelta(hours=hour)).isoformat()},{hour}" for hour in hours]
    (folder / "x.csv").write_text("\n".join(["time,v", *rows]))
    return PowerSeries(file="x.csv", column="v", unit="W", **fields)


def laid(folder, ref, start, days=7.0):
    return read_series(folder, ref, start=start, duration_s=days * DAY_S)


def hours_into(year, *rest):
    new_year = datetime(year, 1, 1, tzinfo=UTC)
    return (datetime(year, *rest, tzinfo=UTC) - new_year) / timedelta(hours=1)


def test_weekdays_and_hours_stay(tmp_path):
    ref = source(tmp_path, source_year=2022)
    start = datetime(2025, 6, 2, tzinfo=UTC)  # a Monday
    series = laid(tmp_path, ref, start)
    # 1 January 2025 is 1096 days after that of 2022; 157 weeks are 1099: Monday, 30 May 2022.
    assert series.at(0.0) == hours_into(2022, 5, 30)
    assert series.at(5 * HOUR_S) == hours_into(2022, 5, 30, 5)
    assert coverage_fault(series, ref, start=start, end_s=7 * DAY_S) is None


def test_every_time_of_a_year_comes_from_the_same_weekday_and_hour_within_three_days(tmp_path):
    ref = source(tmp_path, source_year=2022)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    series = laid(tmp_path, ref, start, days=366.0)
    hours = np.arange(0, 366 * 24)
    taken = np.array([series.at(hour * HOUR_S) for hour in hours])
    # hours since a Monday: 1 January 2024 is one, 1 January 2022 a Saturday
    assert ((taken + 5 * 24) % 168 == hours % 168).all()
    near = np.abs(taken - hours) <= 3 * 24
    wrapped = np.abs(taken - hours) >= 360 * 24
    assert (near | wrapped).all()
    assert np.count_nonzero(wrapped) <= 4 * 24


def test_dates_stay_where_asked_and_29_february_takes_the_28th(tmp_path):
    ref = source(tmp_path, source_year=2022, align="dates")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    series = laid(tmp_path, ref, start, days=366.0)
    for month, day in [(1, 1), (2, 28), (3, 1), (12, 31)]:
        time_s = (datetime(2024, month, day, 7, tzinfo=UTC) - start).total_seconds()
        assert series.at(time_s) == hours_into(2022, month, day, 7)
    leap_s = (datetime(2024, 2, 29, 7, tzinfo=UTC) - start).total_seconds()
    assert series.at(leap_s) == hours_into(2022, 2, 28, 7)


def test_run_over_new_year_and_its_history_are_covered(tmp_path):
    ref = source(tmp_path, source_year=2022)
    start = datetime(2025, 12, 30, tzinfo=UTC)
    series = laid(tmp_path, ref, start)
    assert series.covers(-216 * HOUR_S, 60 * DAY_S)
    assert not np.isnan(series.mean_over(np.arange(-216, 300) * HOUR_S)).any()


def test_year_of_the_run_itself_stays_as_it_is(tmp_path):
    ref = source(tmp_path, source_year=2022)
    start = datetime(2022, 3, 1, tzinfo=UTC)
    assert laid(tmp_path, ref, start).at(90 * 60.0) == hours_into(2022, 3, 1, 1)


def test_one_of_several_years_is_taken_and_its_neighbours_only_at_the_edges(tmp_path):
    ref = source(tmp_path, first="2021-01-01", days=2 * 365, source_year=2022)
    start = datetime(2025, 1, 1, tzinfo=UTC)  # Wednesday, as is 29 December 2021
    assert laid(tmp_path, ref, start).at(0.0) == hours_into(2021, 12, 29)


def test_quarter_hours_and_days_keep_their_length(tmp_path):
    (tmp_path / "q.csv").write_text(
        "time,v\n" + "\n".join(f"2022-01-01T{m // 60:02}:{m % 60:02}Z,{m}" for m in (0, 15, 30, 45))
    )
    ref = PowerSeries(file="q.csv", column="v", unit="W", source_year=2022, align="dates")
    series = laid(tmp_path, ref, datetime(2025, 1, 1, tzinfo=UTC), days=1 / 24)
    assert series.edges_s.tolist() == [0.0, 900.0, 1800.0, 2700.0, 3600.0]
    daily = source(tmp_path, step_h=24, source_year=2022, align="dates")
    series = laid(tmp_path, daily, datetime(2025, 1, 1, tzinfo=UTC))
    assert [series.at(h * HOUR_S) for h in (0, 23, 24)] == [0.0, 0.0, 24.0]


def test_part_of_a_year_covers_that_part_and_is_not_wrapped_from_elsewhere(tmp_path):
    ref = source(tmp_path, first="2022-06-01", days=30, source_year=2022, align="dates")
    start = datetime(2025, 6, 10, tzinfo=UTC)
    series = laid(tmp_path, ref, start, days=40.0)
    assert series.edges_s[[0, -1]].tolist() == [-9 * DAY_S, 21 * DAY_S]
    assert coverage_fault(series, ref, start=start, end_s=40 * DAY_S) == (
        "x.csv is too short: it covers 2025-06-01T00:00Z to 2025-07-01T00:00Z, "
        "but the run goes from 2025-06-10T00:00Z to 2025-07-20T00:00Z."
    )
    with pytest.raises(DataError, match=r"^x.csv has nothing in 2022 to lay onto 2025-01-05T"):
        laid(tmp_path, ref, datetime(2025, 1, 5, tzinfo=UTC))


def test_half_a_year_more_does_not_lend_its_hours_to_the_year_asked_for(tmp_path):
    ref = source(tmp_path, first="2021-01-01", days=365 + 181, source_year=2022)
    with pytest.raises(DataError, match=r"has nothing in 2022 to lay onto 2025-09-01"):
        laid(tmp_path, ref, datetime(2025, 9, 1, tzinfo=UTC))
    ref = source(tmp_path, first="2022-07-01", days=184 + 365, source_year=2022)
    with pytest.raises(DataError, match=r"has nothing in 2022 to lay onto 2025-03-01"):
        laid(tmp_path, ref, datetime(2025, 3, 1, tzinfo=UTC))


def test_times_that_cannot_be_laid_are_refused(tmp_path):
    (tmp_path / "s.csv").write_text("time,v\n0,1\n3600,1\n")
    ref = PowerSeries(file="s.csv", column="v", unit="W", source_year=2022)
    with pytest.raises(DataError, match=r"line 2: times in seconds have no year. Leave source_y"):
        laid(tmp_path, ref, datetime(2025, 1, 1, tzinfo=UTC))
    (tmp_path / "s.csv").write_text("time,v\n2022-01-01T00:00:30Z,1\n2022-01-01T00:01:30Z,1\n")
    with pytest.raises(DataError, match=r"s.csv: source_year needs times on whole minutes."):
        laid(tmp_path, ref, datetime(2025, 1, 1, tzinfo=UTC))
