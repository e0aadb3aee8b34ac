"""Jobs drawn at random and read from the user's file."""

from datetime import UTC, datetime

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.workload import JobsFile, LognormalDuration
from sim.workload.generate import build_workload, expected_duration_h
from sim.workload.traces.jobs_csv import read_jobs

START = datetime(2025, 6, 2, tzinfo=UTC)


def scenario(*workload, hours=2000):
    """Return a scenario with two clusters of 8 and 64 accelerators."""
    clusters = (
        {"name": "small", "accelerator": "h100-sxm", "nodes": 1},
        {"name": "large", "accelerator": "h100-sxm", "nodes": 8},
    )
    return Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "jobs",
            "start": "2025-06-02T00:00Z",
            "duration_h": hours,
            "sites": ({"name": "here", "datacenter": {"clusters": clusters, "pue": 1.2}},),
            "workload": workload,
        }
    )


TRAINING = {
    "type": "training",
    "arrivals": {"poisson_per_h": 10, "until_h": 1500},
    "gpus": {"sizes": (4, 32), "weights": (3, 1)},
    "duration": {"median_h": 2.0, "sigma": 0.5},
    "slack": {"min_h": 1, "max_h": 5},
}


def test_poisson_arrivals_have_exponential_gaps_of_the_given_rate(tmp_path):
    jobs, _ = build_workload(scenario(TRAINING), tmp_path, seed=3)
    gaps_h = np.diff(jobs.arrival_s) / 3600
    # 15,000 expected; five standard deviations of the count and of the mean gap.
    assert abs(len(jobs) - 15_000) < 5 * np.sqrt(15_000)
    assert abs(gaps_h.mean() - 0.1) < 5 * 0.1 / np.sqrt(len(gaps_h))
    assert gaps_h.std() == pytest.approx(gaps_h.mean(), rel=0.05)
    assert jobs.arrival_s.max() < 1500 * 3600


def test_drawn_jobs_have_the_distributions_that_the_scenario_asks_for(tmp_path):
    jobs, _ = build_workload(scenario(TRAINING), tmp_path, seed=3)
    assert np.median(jobs.duration_s) == pytest.approx(7200, rel=0.03)
    assert np.log(jobs.duration_s).std() == pytest.approx(0.5, rel=0.03)
    assert np.mean(jobs.gpus_count == 4) == pytest.approx(0.75, abs=0.02)
    slack_h = (jobs.deadline_s - jobs.arrival_s - jobs.duration_s) / 3600
    assert slack_h.min() >= 1 - 1e-9
    assert slack_h.max() <= 5 + 1e-9


def test_a_gang_goes_to_the_first_cluster_that_is_large_enough(tmp_path):
    jobs, _ = build_workload(scenario(TRAINING), tmp_path, seed=1)
    np.testing.assert_array_equal(jobs.home_cluster, np.where(jobs.gpus_count == 4, 0, 1))


def test_another_stream_of_jobs_does_not_shift_the_draws_of_the_first(tmp_path):
    alone, _ = build_workload(scenario(TRAINING), tmp_path, seed=1)
    both, _ = build_workload(scenario(TRAINING | {"name": "other"}, TRAINING), tmp_path, seed=1)
    np.testing.assert_array_equal(both.arrival_s[both.workload == 1], alone.arrival_s)
    np.testing.assert_array_equal(both.duration_s[both.workload == 1], alone.duration_s)


def test_where_durations_are_unknown_policies_see_the_mean(tmp_path):
    jobs, _ = build_workload(scenario(TRAINING | {"duration_known": False}), tmp_path, seed=1)
    assert set(jobs.expected_duration_s) == {
        expected_duration_h(LognormalDuration(median_h=2.0, sigma=0.5)) * 3600
    }


@pytest.mark.parametrize(
    "spec",
    [
        LognormalDuration(median_h=2.0, sigma=0.7),
        LognormalDuration(median_h=2.0, sigma=1.5, min_h=1.0, max_h=6.0),
        LognormalDuration(median_h=50.0, sigma=0.3, max_h=40.0),
        LognormalDuration(median_h=3.0, sigma=0.0),
    ],
)
def test_the_expected_duration_is_the_mean_of_many_clipped_draws(spec):
    rng = np.random.default_rng(0)
    drawn = spec.median_h * np.exp(spec.sigma * rng.standard_normal(2_000_000))
    mean = np.clip(drawn, spec.min_h, spec.max_h).mean()
    assert expected_duration_h(spec) == pytest.approx(mean, rel=5e-3)


def read(tmp_path, text, **options):
    """Read a jobs file for a cluster of 64."""
    path = tmp_path / "jobs.csv"
    path.write_text(text)
    spec = JobsFile(type="jobs", file="jobs.csv", **options)
    return read_jobs(path, spec, start=START, largest=64)


def test_a_jobs_file_in_seconds_is_read_and_sorted_by_arrival(tmp_path):
    jobs = read(
        tmp_path,
        "arrival,earliest_start,deadline,duration,gpus,power_w,interruptible\n"
        "100,200,9000,3600,8,5600,true\n"
        "50,,,60,1,,no\n",
    )
    assert jobs.arrival_s.tolist() == [50, 100]
    assert jobs.earliest_start_s.tolist() == [50, 200]
    assert jobs.deadline_s.tolist() == [np.inf, 9000]
    assert jobs.duration_s.tolist() == [60, 3600]
    assert jobs.gpus_count.tolist() == [1, 8]
    assert np.isnan(jobs.power_w[0])
    assert jobs.power_w[1] == 5600
    assert jobs.interruptible.tolist() == [False, True]


def test_timestamps_hours_and_other_column_names_are_understood(tmp_path):
    jobs = read(
        tmp_path,
        "submitted,length,cpus,due\n"
        "2025-06-02T01:00:00Z,2,4,2025-06-02T09:00+02:00\n"
        "2025-06-02 03:00,0.5,1,\n",
        columns={"arrival": "submitted", "duration": "length", "gpus": "cpus", "deadline": "due"},
        time_unit="h",
        slack_h=1.0,
        power_per_gpu_w=10.0,
    )
    assert jobs.arrival_s.tolist() == [3600, 10800]
    assert jobs.duration_s.tolist() == [7200, 1800]
    # Without a deadline of its own: arrival 3 h + half an hour + an hour of slack.
    assert jobs.deadline_s.tolist() == [7 * 3600, 4.5 * 3600]
    assert jobs.power_w.tolist() == [40, 10]


HEAD = "arrival,duration,gpus,deadline,power_w,interruptible\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arrival,duration,gpu\n1,1,1\n", r"has no column gpus. Did you mean gpu\?"),
        (HEAD, r"jobs.csv: has no rows"),
        (HEAD + "1,1,1,,,\n-5,1,1,,,\n", r'line 3: arrival "-5" lies before the scenario'),
        (HEAD + "1,0,1,,,\n", r'line 2: duration "0" is not positive'),
        (HEAD + "1,nan,1,,,\n", r'line 2: duration "nan" is not a number'),
        (HEAD + "1,,1,,,\n", r'line 2: duration "" is not a number'),
        (HEAD + "1,abc,1,,,\n", r'line 2: duration "abc" is not a number'),
        (HEAD + "1,1,0,,,\n", r'line 2: gpus "0" is not a whole number from 1'),
        (HEAD + "1,1,1.5,,,\n", r'line 2: gpus "1.5" is not a whole number from 1'),
        (HEAD + "1,1,65,,,\n", r'line 2: gpus "65" is larger than every cluster \(64\)'),
        (HEAD + "100,1,1,50,,\n", r'line 2: deadline "50" lies before the job'),
        (HEAD + "1,1,1,,-3,\n", r'line 2: power_w "-3" is negative'),
        (HEAD + "1,1,1,,,maybe\n", r'line 2: interruptible "maybe" is not true or false'),
        (HEAD + "soon,1,1,,,\n", r'line 2: arrival "soon" is neither a number nor an ISO'),
        (HEAD + "1,inf,1,,,\n", r'line 2: duration "inf" is not a number'),
    ],
)
def test_the_first_offending_row_of_a_jobs_file_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "jobs.csv").write_bytes(b"\x80\x04\x95\xff\xfe")
    spec = JobsFile(type="jobs", file="jobs.csv")
    with pytest.raises(DataError, match=r"jobs.csv: cannot be read as CSV"):
        read_jobs(tmp_path / "jobs.csv", spec, start=START, largest=64)


def test_jobs_that_arrive_after_the_end_are_left_out_with_a_warning(tmp_path):
    (tmp_path / "jobs.csv").write_text("arrival,duration,gpus\n0,1,1\n36000,1,1\n")
    spec = {"type": "jobs", "file": "jobs.csv"}
    jobs, warnings = build_workload(scenario(spec, hours=10), tmp_path, seed=1)
    assert len(jobs) == 1
    assert warnings == ["jobs.csv: 1 jobs arrive after the run's end and are left out."]
