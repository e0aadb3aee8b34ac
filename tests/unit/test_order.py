"""Order policies on queues small enough to follow by hand."""

import numpy as np
import pytest

from sim.errors import PolicyError
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def starts_h(policy, arrival_h, duration_h, gpus, *, capacity=4, deadline_h=np.inf):
    """Return start times [h] of jobs on one cluster of 4; the deadline is in hours."""
    deadline_s = np.asarray(deadline_h, dtype=float) * HOUR
    jobs = job_table(
        np.asarray(arrival_h) * HOUR, np.asarray(duration_h) * HOUR, gpus, deadline_s=deadline_s
    )
    log = run_log([site(time_grid(48, 3600.0), clusters=[cluster(capacity)])], jobs, policy)
    start_h = np.full(len(jobs), np.nan)
    start_h[log.segment_job] = log.segment_start_s / HOUR
    return start_h.tolist()


def test_fifo_lets_the_first_that_does_not_fit_hold_up_the_rest():
    assert starts_h("fifo", [0, 0.1, 0.2], [2, 3, 1], [3, 2, 1]) == [0, 2, 2]


def test_shortest_job_first_starts_the_short_one_when_accelerators_come_free():
    assert starts_h("sjf", [0, 0.1, 0.2], [2, 3, 1], [4, 4, 4]) == [0, 3, 2]


def test_earliest_deadline_first_starts_the_urgent_one_and_puts_those_without_deadline_last():
    deadline_h = [np.inf, np.inf, 20, 9]
    starts = starts_h("edf", [0, 0.1, 0.2, 0.3], [2, 1, 1, 1], [4, 4, 4, 4], deadline_h=deadline_h)
    assert starts == [0, 4, 3, 2]


def test_easy_backfill_lets_a_job_overtake_that_ends_before_the_reservation():
    # Job 1 needs all four and is reserved for hour 3; job 2 ends by then, job 3 does not.
    starts = starts_h("easy-backfill", [0, 0.5, 1, 1], [3, 1, 2, 2.5], [3, 4, 1, 1])
    assert starts == [0, 3, 1, 4]


def test_easy_backfill_lets_a_long_job_overtake_on_accelerators_the_reserved_job_leaves_free():
    # At hour 3 job 1 takes 3 of 4; one stays free, so job 2 may run past the reservation.
    assert starts_h("easy-backfill", [0, 0.5, 1], [3, 1, 9], [3, 3, 1]) == [0, 3, 1]


def test_easy_backfill_counts_what_earlier_overtakers_took_of_the_spare_accelerators():
    # At hour 1 three come free; job 2 of 6 is reserved for hour 3, when two are to spare. Job 3
    # takes both, so job 4 may not overtake although one is free.
    starts = starts_h(
        "easy-backfill", [0, 0, 0.1, 0.2, 0.3], [3, 1, 1, 9, 9], [5, 3, 6, 2, 1], capacity=8
    )
    assert starts == [0, 0, 3, 1, 4]


class Overbooking:
    """Selects everything that waits."""

    def select(self, obs, cluster):
        return list(cluster.waiting)


class Inventing:
    """Selects a job that does not wait."""

    def select(self, obs, cluster):
        return [99]


@pytest.mark.parametrize(
    ("policy", "message"),
    [(Overbooking, "has 1 free"), (Inventing, "selected job 99, which does not wait")],
)
def test_a_selection_that_breaks_the_contract_is_refused(policy, message):
    with pytest.raises(PolicyError, match=message):
        starts_h(policy, [0, 0.1], [2, 2], [3, 2])
