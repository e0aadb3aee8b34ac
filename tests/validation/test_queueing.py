"""The engine against a reference loop and against queueing theory."""

import heapq
import math
from collections import deque

import numpy as np
import pytest

from sim.policy.order.fifo import FirstInFirstOut
from sim.streams import stream
from tests.worlds import cluster, job_table, run_log, site, time_grid


def fifo_starts(arrival_s, duration_s, gpus_count, capacity):
    """Return start times of first-in-first-out gang jobs: the textbook loop."""
    events = [(time, 1, job) for job, time in enumerate(arrival_s)]
    heapq.heapify(events)
    queue, free, start_s = deque(), capacity, [math.nan] * len(arrival_s)
    while events:
        now, kind, job = heapq.heappop(events)
        if kind == 1:
            queue.append(job)
        else:
            free += gpus_count[job]
        while queue and gpus_count[queue[0]] <= free:
            first = queue.popleft()
            free -= gpus_count[first]
            start_s[first] = now
            heapq.heappush(events, (now + duration_s[first], 0, first))
    return np.array(start_s)


def test_fifo_starts_of_20000_random_gang_jobs_equal_those_of_the_reference_loop():
    rng = stream(1, "test/fifo")
    count, capacity = 20_000, 256
    gpus = rng.choice([1, 2, 4, 8, 16, 64], count, p=[0.4, 0.2, 0.15, 0.15, 0.07, 0.03])
    duration_s = rng.lognormal(8.0, 1.2, count)
    mean_gap_s = gpus.mean() * duration_s.mean() / (0.95 * capacity)
    arrival_s = np.cumsum(rng.exponential(mean_gap_s, count))
    grid = time_grid(math.ceil(arrival_s[-1] / 3600) + 300, step_s=3600.0)
    jobs = job_table(arrival_s, duration_s, gpus, power_w=1.0)
    log = run_log([site(grid, clusters=[cluster(capacity)])], jobs)
    start_s = np.full(count, np.nan)
    start_s[log.segment_job] = log.segment_start_s
    expected_s = fifo_starts(arrival_s.tolist(), duration_s.tolist(), gpus.tolist(), capacity)
    assert np.mean(expected_s > arrival_s) > 0.3  # many jobs had to wait
    np.testing.assert_array_equal(start_s, expected_s)


def easy_starts(arrival_s, duration_s, gpus_count, capacity):
    """Return start times under EASY, by its definition: nobody delays the first that waits."""
    start_s, running, queue, now = {}, {}, [], 0.0

    def earliest_s(gpus, held):
        free, at_s = capacity - sum(gpus_count[job] for job in held), now
        for job in sorted(held, key=held.get):
            if free >= gpus:
                break
            free, at_s = free + gpus_count[job], held[job]
        return at_s

    times = sorted(set(arrival_s))
    while times or running:
        now = min([*times[:1], *running.values()])
        if times and times[0] == now:
            times.pop(0)
            queue += [job for job, time in enumerate(arrival_s) if time == now]
        running = {job: end for job, end in running.items() if end > now}
        for job in list(queue):
            first, with_job = gpus_count[queue[0]], running | {job: now + duration_s[job]}
            fits = sum(gpus_count[other] for other in with_job) <= capacity
            delays = job != queue[0] and earliest_s(first, with_job) > earliest_s(first, running)
            if fits and not delays:
                queue.remove(job)
                running = with_job
                start_s[job] = now
    return np.array([start_s[job] for job in range(len(arrival_s))])


def test_easy_backfill_starts_of_random_gang_jobs_equal_those_of_its_definition():
    rng = stream(2, "test/easy")
    count, capacity = 600, 16
    gpus = rng.choice([1, 2, 4, 8, 16], count, p=[0.4, 0.25, 0.15, 0.15, 0.05])
    duration_s = rng.lognormal(8.0, 1.2, count)
    arrival_s = np.cumsum(
        rng.exponential(gpus.mean() * duration_s.mean() / (0.9 * capacity), count)
    )
    grid = time_grid(math.ceil(arrival_s[-1] / 3600) + 300, step_s=3600.0)
    jobs = job_table(arrival_s, duration_s, gpus, power_w=1.0)
    log = run_log([site(grid, clusters=[cluster(capacity)])], jobs, "easy-backfill")
    start_s = np.full(count, np.nan)
    start_s[log.segment_job] = log.segment_start_s
    expected_s = easy_starts(arrival_s.tolist(), duration_s.tolist(), gpus.tolist(), capacity)
    fifo_s = fifo_starts(arrival_s.tolist(), duration_s.tolist(), gpus.tolist(), capacity)
    assert np.sum(expected_s < fifo_s) > 100  # many jobs overtook
    np.testing.assert_array_equal(start_s, expected_s)


class AskedOneByOne(FirstInFirstOut):
    """First in, first out, by being asked instead of by its batch form."""

    in_queue_order = False


def test_the_batch_form_of_fifo_starts_the_same_jobs_as_being_asked():
    rng = stream(3, "test/batch")
    count, capacity = 3000, 64
    gpus = rng.choice([1, 2, 8, 16, 64], count, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    duration_s = rng.lognormal(8.0, 1.2, count)
    arrival_s = np.cumsum(
        rng.exponential(gpus.mean() * duration_s.mean() / (0.9 * capacity), count)
    )
    hours = math.ceil(arrival_s[-1] / 3600) + 300
    here = site(time_grid(hours, step_s=3600.0), clusters=[cluster(capacity)])
    jobs = job_table(arrival_s, duration_s, gpus, power_w=1.0)
    batch, asked = (run_log([here], jobs, policy) for policy in ("fifo", AskedOneByOne))
    np.testing.assert_array_equal(batch.segment_start_s, asked.segment_start_s)
    np.testing.assert_array_equal(batch.segment_job, asked.segment_job)


def erlang_c_wait_s(arrivals_per_s, service_s, servers):
    """Return the mean wait in an M/M/c queue (Erlang 1917; Kleinrock 1975, eq. 3.40)."""
    load = arrivals_per_s * service_s
    busy = load / servers
    below = sum(load**k / math.factorial(k) for k in range(servers))
    top = load**servers / math.factorial(servers) / (1.0 - busy)
    return top / (below + top) * service_s / (servers * (1.0 - busy))


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.6), (4, 0.8), (16, 0.9)])
def test_waits_in_an_mmc_queue_match_erlang_c_within_their_confidence_interval(servers, busy):
    service_s, count, batches = 600.0, 60_000, 30
    rate = busy * servers / service_s
    rng = stream(servers, "test/mmc")
    arrival_s = np.cumsum(rng.exponential(1.0 / rate, count))
    grid = time_grid(math.ceil(arrival_s[-1] / 3600) + 200, step_s=3600.0)
    jobs = job_table(arrival_s, rng.exponential(service_s, count), 1, power_w=1.0)
    log = run_log([site(grid, clusters=[cluster(servers)])], jobs)
    wait_s = np.full(count, np.nan)
    wait_s[log.segment_job] = log.segment_start_s - arrival_s[log.segment_job]
    # Means of long batches are nearly independent, single waits are not.
    means = wait_s[count // 10 :].reshape(batches, -1).mean(axis=1)
    half_width_s = 2.76 * means.std(ddof=1) / math.sqrt(batches)  # t(29), 99 %
    assert abs(means.mean() - erlang_c_wait_s(rate, service_s, servers)) < half_width_s
    assert half_width_s < 0.3 * means.mean()  # an interval that wide would say nothing
