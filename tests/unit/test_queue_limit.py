"""Queues that take no more than so many jobs."""

from dataclasses import replace

import numpy as np
import pytest

from sim.ledger.close import close_books
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def run(policy, limit, arrival_h, duration_h, gpus, **columns):
    """Return what happened on a cluster of 4 with a queue of limited length."""
    limited = replace(cluster(4), queue_limit=limit)
    jobs = job_table(np.asarray(arrival_h) * HOUR, np.asarray(duration_h) * HOUR, gpus, **columns)
    return run_log([site(time_grid(48, 3600.0), clusters=[limited])], jobs, policy)


@pytest.mark.parametrize("policy", ["fifo", "sjf", "fair-share", "easy-backfill",
                                    "conservative-backfill"])  # fmt: skip
def test_a_job_that_finds_the_queue_full_is_rejected_and_costs_nothing(policy):
    log = run(policy, 1, [0, 1, 2, 6], [5, 1, 1, 1], [4, 4, 4, 4])
    assert list(log.rejected) == [2]
    metrics, _, jobs = close_books(log, ["all"])
    assert metrics["jobs_submitted_count"] == 4
    assert metrics["jobs_completed_count"] == 3
    assert metrics["jobs_rejected_count"] == 1
    assert metrics["jobs_unfinished_count"] == 0
    assert jobs["outcome"].tolist() == ["completed", "completed", "rejected", "completed"]
    assert jobs["cost_usd"][2] == 0.0
    assert np.isnan(jobs["start_s"][2])


def test_a_job_that_can_start_at_once_is_never_rejected():
    assert list(run("fifo", 0, [0, 1, 2], [1, 1, 1], [4, 4, 4]).rejected) == []
    assert list(run("easy-backfill", 1, [0, 1, 1.5], [3, 1, 1], [3, 4, 1]).rejected) == []


def test_a_suspended_job_comes_back_to_a_full_queue():
    log = run("srpt", 0, [0, 1], [5, 2], [4, 4], interruptible=True)
    assert list(log.rejected) == []
    assert log.done.all()
