"""Backfilling against plain implementations of its definition, on thousands of random jobs."""

import math

import numpy as np
import pytest

from sim.streams import stream
from tests.worlds import cluster, job_table, run_log, site, time_grid

CAPACITY = 32
MINUTE = 60.0


def random_jobs(count, seed, *, unit_s):
    """Return arrivals [s], durations [s] and gangs that load the cluster; times in whole units."""
    rng = stream(seed, "test/backfill")
    gpus = rng.choice([1, 2, 4, 8, 16, 32], count, p=[0.35, 0.2, 0.2, 0.15, 0.07, 0.03])
    duration_s = np.maximum(np.round(rng.lognormal(8.0, 1.0, count) / unit_s), 1.0) * unit_s
    gap_s = gpus.mean() * duration_s.mean() / (0.9 * CAPACITY)
    arrival_s = np.floor(np.cumsum(rng.exponential(gap_s, count)) / unit_s) * unit_s
    return arrival_s, duration_s, gpus


def starts_s(policy, arrival_s, duration_s, gpus):
    """Return the engine's start times [s]."""
    grid = time_grid(math.ceil(arrival_s[-1] / 3600) + 400, step_s=3600.0)
    jobs = job_table(arrival_s, duration_s, gpus, power_w=1.0)
    log = run_log([site(grid, clusters=[cluster(CAPACITY)])], jobs, policy)
    found = np.full(len(jobs), np.nan)
    found[log.segment_job] = log.segment_start_s
    return found


def easy_starts_s(arrival_s, duration_s, gpus):
    """Return start times [s] under EASY, by the textbook: a reservation for the first only."""
    start_s, running, queue, arriving = {}, {}, [], list(range(len(arrival_s)))

    def schedule(now_s):
        free = CAPACITY - sum(gpus[job] for job in running)
        while queue and gpus[queue[0]] <= free:
            free -= gpus[queue[0]]
            begin(queue.pop(0), now_s)
        if not queue:
            return
        then, shadow_s = free, None
        for end_s in sorted(set(running.values())):
            then += sum(gpus[job] for job, other_s in running.items() if other_s == end_s)
            if then >= gpus[queue[0]]:
                shadow_s, spare = end_s, then - gpus[queue[0]]
                break
        for job in queue[1:]:
            ends_before = now_s + duration_s[job] <= shadow_s
            if gpus[job] <= free and (ends_before or gpus[job] <= spare):
                queue.remove(job)
                begin(job, now_s)
                free -= gpus[job]
                spare -= 0 if ends_before else gpus[job]

    def begin(job, now_s):
        start_s[job] = now_s
        running[job] = now_s + duration_s[job]

    while arriving or running:
        times_s = list(running.values())
        now_s = min([*times_s, arrival_s[arriving[0]]] if arriving else times_s)
        for job in [job for job, end_s in running.items() if end_s == now_s]:
            del running[job]
        while arriving and arrival_s[arriving[0]] == now_s:
            queue.append(arriving.pop(0))
        schedule(now_s)
    return np.array([start_s[job] for job in range(len(arrival_s))])


def conservative_starts_s(arrival_s, duration_s, gpus):
    """Return start times [s] where each job, as it arrives, gets the first gap that holds it."""
    starts, ends = np.full(len(gpus), np.inf), np.full(len(gpus), np.inf)
    for job, now_s in enumerate(arrival_s):
        known = np.flatnonzero(ends[:job] > now_s)
        for from_s in sorted({now_s, *ends[known]}):
            to_s = from_s + duration_s[job]
            moments = [from_s, *(s for s in starts[known] if from_s < s < to_s)]
            held = [gpus[known[(starts[known] <= t) & (ends[known] > t)]].sum() for t in moments]
            if max(held) + gpus[job] <= CAPACITY:
                starts[job], ends[job] = from_s, to_s
                break
    return starts


REFERENCES = {
    "easy-backfill": easy_starts_s,
    "conservative-backfill": conservative_starts_s,
}


@pytest.mark.parametrize("unit_s", [MINUTE, 20 * MINUTE])  # the longer, the more end at once
@pytest.mark.parametrize("policy", REFERENCES)
def test_starts_of_5000_random_jobs_equal_those_of_a_plain_implementation(policy, unit_s):
    jobs = random_jobs(5000, 4, unit_s=unit_s)
    found_s = starts_s(policy, *jobs)
    np.testing.assert_array_equal(found_s, REFERENCES[policy](*jobs))
    fifo_s = starts_s("fifo", *jobs)
    assert np.sum(found_s < fifo_s) > 1000  # many overtook
