"""Speed of the engine: CPU-second ratios to a reference loop in the same run, and absolute figures.

Run with `make bench`; the figures are printed.
"""

import heapq
import resource
import time
from collections import deque
from itertools import count as counter

import numpy as np
import pytest

from sim.energy.battery import BatteryLimits
from sim.engine.kernel import FINISH, RELEASE, Clock
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.streams import stream
from tests.worlds import cluster, job_table, run_log, site, time_grid

pytestmark = pytest.mark.bench

JOBS, CAPACITY, REPEATS = 200_000, 256, 5


def gang_jobs(count):
    """Return arrivals [s], durations [s] and gang sizes of jobs that load the cluster by 80 %."""
    rng = stream(0, "bench/jobs")
    gpus = rng.choice([1, 2, 4, 8, 16], count)
    duration_s = rng.lognormal(6.0, 1.0, count)
    gap_s = gpus.mean() * duration_s.mean() / (0.8 * CAPACITY)
    return np.cumsum(rng.exponential(gap_s, count)), duration_s, gpus


def cpu_s(work):
    """Return the least CPU time of several runs. [s]"""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def bare_loop(arrival_s, duration_s, gpus):
    """Do the events of FIFO gang jobs on a bare heap: an arrival and a finish for each job."""
    heap, sequence, free, queue = [], counter(), CAPACITY, deque()
    start_s = [0.0] * len(arrival_s)
    heapq.heappush(heap, (arrival_s[0], next(sequence), 0, 0))
    while heap:
        now, _, kind, job = heapq.heappop(heap)
        if kind == 0:
            queue.append(job)
            if job + 1 < len(arrival_s):
                heapq.heappush(heap, (arrival_s[job + 1], next(sequence), 0, job + 1))
        else:
            free += gpus[job]
        while queue and gpus[queue[0]] <= free:
            first = queue.popleft()
            free -= gpus[first]
            start_s[first] = now
            heapq.heappush(heap, (now + duration_s[first], next(sequence), 1, first))
    return start_s


def kernel_loop(arrival_s, duration_s, gpus):
    """Do the same events on the engine's kernel."""
    clock, queue = Clock(), deque()
    start_s = [0.0] * len(arrival_s)
    free = CAPACITY

    def dispatch():
        nonlocal free
        now = clock.now
        while queue and gpus[queue[0]] <= free:
            first = queue.popleft()
            free -= gpus[first]
            start_s[first] = now
            clock.call_at(now + duration_s[first], FINISH, on_finish, first)

    def arrive(event):
        job = event.job
        queue.append(job)
        if job + 1 < len(arrival_s):
            clock.call_at(arrival_s[job + 1], RELEASE, on_arrival, job + 1)
        dispatch()

    def finish(event):
        nonlocal free
        free += gpus[event.job]
        dispatch()

    on_arrival, on_finish = (arrive,), (finish,)
    clock.call_at(arrival_s[0], RELEASE, on_arrival)
    clock.run()
    return start_s


def test_the_kernel_costs_at_most_1_6_and_the_engine_2_5_times_a_bare_heap_loop():
    arrival_s, duration_s, gpus = gang_jobs(JOBS)
    columns = arrival_s.tolist(), duration_s.tolist(), gpus.tolist()
    assert bare_loop(*columns) == kernel_loop(*columns)
    jobs = job_table(arrival_s, duration_s, gpus)
    hours = arrival_s[-1] / 3600 + 200
    sites = [site(time_grid(hours, 3600.0), clusters=[cluster(CAPACITY)])]
    bare_s = cpu_s(lambda: bare_loop(*columns))
    kernel_s = cpu_s(lambda: kernel_loop(*columns))
    engine_s = cpu_s(lambda: run_log(sites, jobs))
    print(
        f"\n{JOBS} gang jobs, FIFO: bare {bare_s:.3f} s, kernel {kernel_s:.3f} s "
        f"({kernel_s / bare_s:.2f}x), engine {engine_s:.3f} s ({engine_s / bare_s:.2f}x)"
    )
    assert kernel_s <= 1.6 * bare_s
    assert engine_s <= 2.5 * bare_s


def test_a_year_of_5_minute_steps_runs_at_100000_steps_per_cpu_second():
    grid = time_grid(8760)
    hours = np.arange(grid.n_steps) / 12
    here = site(
        grid,
        solar_w=1.5e6 * np.maximum(0.0, np.sin((hours - 6) * np.pi / 12)),
        base_load_w=np.where((hours % 24 >= 8) & (hours % 24 < 20), 8e5, 4e5),
        price_usd_per_j=2e-8,
        average_carbon_kg_per_j=1e-7,
        marginal_carbon_kg_per_j=1e-7,
        battery=BatteryLimits(7.2e9, 1e6, 1e6, 0.95, 0.95, 0.1, 1.0, 0.5),
    )
    policy = Policy(name="green", storage="self-consumption")
    jobs = job_table([], [], [])
    spent_s = cpu_s(lambda: close_books(run_log([here], jobs, policy), []))
    rate = grid.n_steps / spent_s
    print(f"\n{grid.n_steps} steps in {spent_s:.2f} CPU s: {rate:,.0f} steps per CPU second")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process so far {peak_mib:.0f} MiB")
    assert rate >= 100_000
