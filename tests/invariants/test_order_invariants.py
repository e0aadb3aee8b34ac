"""What orders promise: reservations hold, nobody starves, gangs keep together, work is not lost."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.datacenter.nodes import Nodes
from sim.policy.order.conservative import ConservativeBackfill
from sim.policy.order.easy import EasyBackfill
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
NODE = 4

job_lists = st.lists(
    st.tuples(
        st.integers(0, 400),  # arrival [min]
        st.integers(1, 300),  # duration [min]
        st.integers(1, 8),  # gang
        st.booleans(),  # interruptible
    ),
    min_size=1,
    max_size=40,
)


def table(rows, **columns):
    """Return the jobs of a drawn list; times are in minutes."""
    arrival, duration, gpus, interruptible = np.array(sorted(rows)).T
    return job_table(
        arrival * 60.0, duration * 60.0, gpus, interruptible=interruptible.astype(bool), **columns
    )


def run(jobs, policy, *, capacity=8, packed=None):
    """Return what happened on one cluster, long enough for all jobs to end."""
    spec = replace(cluster(capacity), packed_gpus_per_node=packed)
    return run_log([site(time_grid(300, 3600.0), clusters=[spec])], jobs, policy)


def starts_s(log):
    """Return when each job first ran [s]."""
    found = np.full(len(log.jobs), np.inf)
    np.minimum.at(found, log.segment_job, log.segment_start_s)
    return found


class WatchedEasy(EasyBackfill):
    """EASY, and what it promised to each job that was first in the queue [s]."""

    promised_s: dict[int, float] = {}  # noqa: RUF012 - one run at a time looks at it

    def select(self, obs, cluster):
        chosen = list(super().select(obs, cluster))
        waiting = [job for job in cluster.waiting if job not in chosen]
        if waiting:
            head = waiting[0]
            running = list(cluster.running.items()) + [(job, obs.now_s) for job in chosen]
            ends = sorted((start + obs.jobs.expected_duration_s[job], job)
                          for job, start in running)  # fmt: skip
            free = cluster.total_count - sum(obs.gpus_of(job) for job, _ in running)
            at_s = obs.now_s
            for end_s, job in ends:
                if free >= obs.gpus_of(head):
                    break
                free, at_s = free + obs.gpus_of(job), end_s
            first_s = self.promised_s.setdefault(head, at_s)
            assert at_s <= first_s + 1e-6, f"job {head} is put off from {first_s} to {at_s} s"
        return chosen


@given(rows=job_lists)
def test_easy_backfill_never_delays_the_first_that_waits(rows):
    WatchedEasy.promised_s = {}
    jobs = table(rows)
    found_s = starts_s(run(replace(jobs, interruptible=np.zeros(len(jobs), bool)), WatchedEasy))
    for job, promised_s in WatchedEasy.promised_s.items():
        assert found_s[job] <= promised_s + 1e-6


@given(rows=job_lists)
def test_conservative_backfill_gives_every_job_the_first_gap_that_earlier_ones_left(rows):
    jobs = table(rows)
    found_s = starts_s(run(jobs, ConservativeBackfill))
    placed = []
    for job, (arrival_s, duration_s, gpus) in enumerate(
        zip(jobs.arrival_s, jobs.duration_s, jobs.gpus_count, strict=True)
    ):
        def fits(from_s, gpus=gpus, duration_s=duration_s):
            moments = [from_s, *(s for s, _, _ in placed if from_s < s < from_s + duration_s)]
            held = (sum(g for s, e, g in placed if s <= t < e) for t in moments)
            return max(held) + gpus <= 8

        reserved_s = next(t for t in sorted({arrival_s, *(e for _, e, _ in placed)})
                          if t >= arrival_s and fits(t))  # fmt: skip
        assert found_s[job] == reserved_s
        placed.append((reserved_s, reserved_s + duration_s, gpus))


@given(rows=job_lists, factor=st.sampled_from([0.2, 0.5, 2.0, 5.0]))
@pytest.mark.parametrize("policy", sorted(POLICIES["order"]))
@pytest.mark.parametrize("packed", [None, NODE])
def test_every_job_runs_once_to_its_end_whatever_is_expected_of_it(policy, packed, rows, factor):
    jobs = table(rows)
    expected_s = jobs.duration_s * np.where(np.arange(len(jobs)) % 2, factor, 1.0)
    jobs = replace(jobs, expected_duration_s=expected_s)
    log = run(jobs, Policy(name="p", order=policy), packed=packed)
    length_s = log.segment_end_s - log.segment_start_s
    worked_s = np.bincount(log.segment_job, length_s, minlength=len(jobs))
    np.testing.assert_allclose(worked_s, jobs.duration_s, rtol=1e-9)
    assert log.done.all()
    assert not log.suspensions_count[~jobs.interruptible].any()
    gpus = jobs.gpus_count[log.segment_job]
    moments = np.concatenate([log.segment_start_s, log.segment_end_s])
    change = np.concatenate([gpus, -gpus])
    assert (np.cumsum(change[np.lexsort((change, moments))]) <= 8).all()


@given(moves=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 14)), max_size=60))
def test_no_gang_is_spread_over_more_nodes_than_it_needs_and_no_node_is_overfull(moves):
    nodes, placed = Nodes(3, NODE), {}
    for job, gpus in moves:
        if job in placed:
            nodes.release(job)
            del placed[job]
        held = [sum(g for at in placed.values() for n, g in at if n == node) for node in range(3)]
        whole, rest = divmod(gpus, NODE)
        left = sorted(held)[whole:] if sum(h == 0 for h in held) >= whole else []
        room = bool(left) and min(left) + rest <= NODE if rest else sum(
            h == 0 for h in held) >= whole  # fmt: skip
        assert nodes.fits(gpus) == room
        if room:
            placed[job] = nodes.place(job, gpus)
            assert len({node for node, _ in placed[job]}) == math.ceil(gpus / NODE)
            assert sum(count for _, count in placed[job]) == gpus
    for node in range(3):
        assert sum(g for at in placed.values() for n, g in at if n == node) <= NODE


def urgent_stream():
    """Return one unimportant job of 8 that comes first of a stream of urgent ones without end."""
    count = 400
    arrival_s = np.arange(count) * 0.4 * HOUR
    duration_s = np.full(count, HOUR)
    gpus = np.full(count, 4)
    gpus[3] = 8
    priority = np.full(count, 10, dtype=np.int16)
    priority[3] = 0
    jobs = job_table(arrival_s, duration_s, gpus)
    return replace(jobs, priority=priority)


def test_with_aging_an_unimportant_job_starts_once_it_has_aged_and_without_it_starves():
    jobs = urgent_stream()
    aged = Policy(name="aged", order={"use": "priority", "aging_per_h": 1.0})
    never = Policy(name="never", order={"use": "priority", "aging_per_h": 0.0})
    aged_s, never_s = (starts_s(run(jobs, policy))[3] for policy in (aged, never))
    # After ten hours it comes before all that arrive; those before it are at most 10 h of jobs.
    assert 10 * HOUR <= aged_s - jobs.arrival_s[3] <= 20 * HOUR
    assert never_s > jobs.arrival_s[-1]


@given(rows=job_lists)
def test_with_aging_no_job_waits_for_more_than_those_that_arrived_before_it_aged(rows):
    jobs = table(rows)
    priority = (np.arange(len(jobs)) * 7 % 5).astype(np.int16)
    found_s = starts_s(
        run(replace(jobs, priority=priority), Policy(name="p", order={"use": "priority"}))
    )
    for job in range(len(jobs)):
        # One point an hour: whoever comes 4 h later can never be ahead.
        later = jobs.arrival_s > jobs.arrival_s[job] + 4 * HOUR
        assert (found_s[later] >= found_s[job]).all()


@pytest.mark.parametrize(("half_life_h", "first"), [(168.0, 3), (1.0, 2)])
def test_fair_share_forgets_what_was_used_long_ago(half_life_h, first):
    # a uses all from hour 0 to 4, b from 4 to 5. With a half-life of an hour that is worth, at
    # hour 5, 8 (2^-1 - 2^-5) / ln 2 = 5.41 and 8 (2^0 - 2^-1) / ln 2 = 5.77: then a has used less.
    jobs = job_table(np.array([0.0, 0.1, 4.5, 4.6]) * HOUR, np.array([4, 1, 1, 1]) * HOUR, 8)
    jobs = replace(jobs, user=np.array([0, 1, 0, 1], dtype=np.int32), users=("a", "b"))
    order = {"use": "fair-share", "half_life_h": half_life_h}
    assert starts_s(run(jobs, Policy(name="p", order=order)))[first] == 5 * HOUR


def test_fair_share_survives_a_long_time_without_jobs():
    jobs = job_table(np.array([0.0, 1, 2, 250, 250.1, 250.2]) * HOUR, HOUR, 8)
    jobs = replace(jobs, user=np.array([0, 1, 0, 0, 1, 0], dtype=np.int32), users=("a", "b"))
    order = {"use": "fair-share", "half_life_h": 0.01}
    found_s = starts_s(run(jobs, Policy(name="p", order=order)))
    assert (found_s / HOUR).tolist() == [0, 1, 2, 250, 251, 252]


def test_fair_share_lets_the_user_go_first_who_has_used_less():
    # User 0 fills the cluster; then both want it for an hour at a time: first user 1, until even.
    arrival_s = np.array([0.0, 1, 2, 3, 4, 5])
    jobs = job_table(arrival_s, np.array([3, 1, 1, 1, 1, 1]) * HOUR, 8)
    jobs = replace(jobs, user=np.array([0, 0, 1, 1, 1, 1], dtype=np.int32), users=("a", "b"))
    order = np.argsort(starts_s(run(jobs, Policy(name="p", order="fair-share"))))
    assert order.tolist() == [0, 2, 3, 4, 1, 5]
    heavier = {"use": "fair-share", "shares": {"a": 10.0}}
    order = np.argsort(starts_s(run(jobs, Policy(name="p", order=heavier))))
    assert order.tolist() == [0, 2, 1, 3, 4, 5]
