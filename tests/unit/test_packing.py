"""Gangs on nodes: best fit, whole nodes, and policies on clusters that pack."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.nodes import Nodes
from sim.errors import PolicyError
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def test_a_gang_gets_the_node_with_the_fewest_free_accelerators_that_hold_it():
    nodes = Nodes(3, 8)
    ((first, _),) = nodes.place(0, 6)
    ((second, _),) = nodes.place(1, 3)
    assert second != first
    assert nodes.place(2, 2) == ((first, 2),)
    assert nodes.place(3, 5) == ((second, 5),)


def test_a_large_gang_gets_whole_nodes_and_the_rest_where_it_fits_best():
    nodes = Nodes(4, 8)
    ((begun, _),) = nodes.place(0, 5)
    placed = nodes.place(1, 19)
    assert [gpus for _, gpus in placed] == [8, 8, 3]
    assert placed[-1] == (begun, 3)
    assert len({node for node, _ in placed}) == 3


def test_a_gang_does_not_fit_although_enough_accelerators_are_free_on_several_nodes():
    nodes = Nodes(2, 8)
    nodes.place(0, 5)
    nodes.place(1, 5)
    assert not nodes.fits(4)  # 3 + 3 are free
    assert nodes.fits(3)
    with pytest.raises(ValueError, match="no nodes have room for job 2 with 4 accelerators"):
        nodes.place(2, 4)
    nodes.release(0)
    assert nodes.fits(11)
    assert not nodes.fits(12)


def test_a_copy_can_be_changed_without_changing_the_nodes():
    nodes = Nodes(1, 8)
    nodes.place(0, 4)
    copy = nodes.copy()
    copy.release(0)
    assert copy.fits(8)
    assert not nodes.fits(8)


def starts_h(policy, arrival_h, duration_h, gpus, *, nodes=2):
    """Return start times [h] of jobs on a cluster of packed nodes of 8."""
    packed = replace(cluster(nodes * 8), packed_gpus_per_node=8)
    jobs = job_table(np.asarray(arrival_h) * HOUR, np.asarray(duration_h) * HOUR, gpus)
    log = run_log([site(time_grid(48, 3600.0), clusters=[packed])], jobs, policy)
    start_h = np.full(len(jobs), np.nan)
    start_h[log.segment_job] = log.segment_start_s / HOUR
    return start_h.tolist()


BUILT_IN = ["fifo", "sjf", "edf", "srpt", "priority", "fair-share", "easy-backfill",
            "conservative-backfill"]  # fmt: skip


@pytest.mark.parametrize("policy", BUILT_IN)
def test_a_gang_waits_for_a_node_that_holds_it_under_every_order(policy):
    # 5 and 5 leave 3 on each node: 4 do not fit although 6 are free.
    assert starts_h(policy, [0, 0, 1], [3, 4, 1], [5, 5, 4]) == [0, 0, 3]


def test_easy_backfill_keeps_the_node_that_the_reserved_gang_will_need():
    # Job 2 takes a whole node; at hour 3 that of job 0 is empty. Job 3 fits on it now, but would
    # still be there; job 4 ends before, so it may overtake; job 5 fits beside job 1.
    starts = starts_h(
        "easy-backfill", [0, 0, 1, 1.1, 1.2, 1.3], [3, 9, 1, 5, 1, 5], [5, 6, 8, 3, 3, 2]
    )
    assert starts == [0, 0, 3, 4, 1.2, 1.3]


class Counting:
    """Selects by the number of free accelerators alone."""

    def select(self, obs, cluster):
        job, gpus = next(iter(cluster.waiting.items()))
        return [job] if gpus <= cluster.free_count else []


def test_a_selection_that_would_spread_a_gang_is_refused():
    with pytest.raises(PolicyError, match=r"main is packed and has no nodes that hold it, though"):
        starts_h(Counting, [0, 0, 1], [3, 4, 1], [5, 5, 4])
