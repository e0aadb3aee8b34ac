"""Failures on the engine's clock against Daly's closed form of the expected run time."""

import numpy as np
import pytest

from sim.workload.profile import Failures, Profile
from sim.workload.training import checkpoint_overhead_ratio, young_daly_interval_s
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
JOBS, GPUS = 1500, 8
WRITE_S, RESTART_S = 120.0, 900.0


def run_times_s(interval_s, mtbf_s, *, cycles, seed):
    """Return how long each of many jobs takes that writes a checkpoint after every interval."""
    failures = Failures(1.0 / (GPUS * mtbf_s), RESTART_S, seed=seed, name="llm")
    cycle_s = interval_s + WRITE_S
    jobs = job_table(
        np.zeros(JOBS), cycles * cycle_s, GPUS, checkpoint_s=cycle_s, power_w=1.0,
        profiles=[Profile(name="llm", failures=failures)],
    )  # fmt: skip
    hours = 40 * cycles * cycle_s / HOUR
    log = run_log([site(time_grid(hours, HOUR), clusters=[cluster(JOBS * GPUS)])], jobs)
    assert log.done.all()
    end_s = np.zeros(JOBS)
    np.maximum.at(end_s, log.segment_job, log.segment_end_s)
    return end_s


@pytest.mark.parametrize(
    ("interval_s", "mtbf_s"),
    [
        (1800.0, 40 * HOUR),  # rare failures: mostly checkpoints
        (1800.0, 3 * HOUR),  # a failure every six checkpoints
        (HOUR, HOUR),  # as often as checkpoints
        (3 * HOUR, 2 * HOUR),  # most work is lost
    ],
)
def test_the_mean_run_time_of_many_jobs_is_dalys_within_its_statistical_error(interval_s, mtbf_s):
    cycles = 20
    end_s = run_times_s(interval_s, mtbf_s, cycles=cycles, seed=7)
    ratio = end_s / (cycles * interval_s)
    expected = checkpoint_overhead_ratio(interval_s, WRITE_S, mtbf_s, restart_s=RESTART_S)
    error = ratio.std(ddof=1) / np.sqrt(JOBS)
    assert error < 0.02 * expected
    assert abs(ratio.mean() - expected) < 3.5 * error


def test_the_interval_of_young_and_daly_is_the_best_of_those_around_it():
    mtbf_s = 8 * HOUR
    best_s = young_daly_interval_s(WRITE_S, mtbf_s)

    def mean_ratio(interval_s):
        cycles = round(40 * HOUR / interval_s)
        return run_times_s(interval_s, mtbf_s, cycles=cycles, seed=3).mean() / (cycles * interval_s)

    assert mean_ratio(best_s) < mean_ratio(best_s / 3)
    assert mean_ratio(best_s) < mean_ratio(best_s * 3)
