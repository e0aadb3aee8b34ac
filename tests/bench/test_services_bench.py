"""Speed of services: a year as a fluid, and requests one by one, in CPU seconds.

Run with `make bench`; the figures are printed.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from sim.ledger.close import close_all_books
from sim.scenario.schema.service import Service
from sim.streams import stream
from sim.workload.demand import Requests, Steps, build_demand
from sim.workload.requests import Pool
from sim.workload.services import ServicePlan
from sim.workload.serving import serving_curve
from tests.serving import replica, service_log
from tests.worlds import cluster, job_table, site, time_grid

pytestmark = pytest.mark.bench

REPEATS = 5


def cpu_s(work):
    """Return the least CPU time of several runs. [s]"""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def year_of_chat(grid):
    """Return a service for a year: day and week, bursts, 2 to 24 replicas of a 70B model."""
    spec = Service.model_validate(
        {
            "type": "service", "name": "chat", "model": "llama-3.1-70b-instruct",
            "gpus_per_replica": 4, "replicas": {"min": 2, "max": 24},
            "requests": {"requests_per_s": 30.0, "shape": "conversation", "burstiness_cv": 1.1},
            "slo": {"ttft_s": 1.0, "tpot_s": 0.1},
        }
    )  # fmt: skip
    steps = Steps(grid.start, grid.step_s, grid.n_steps)
    asked, _ = build_demand(spec, steps, folder=Path(), seed=1)
    curve = serving_curve("llama-3.1-70b-instruct", "h100-sxm", 4)
    return ServicePlan(spec, 0, 0, curve, 330, 70.0, 0.0, asked)


def test_a_year_of_a_service_as_a_fluid():
    grid = time_grid(8760)
    here = site(grid, clusters=[cluster(128, idle_w=77.0, resident_w=120.0)])
    jobs = job_table([], [], [])

    def work(*services):
        return close_all_books(service_log([here], jobs, services), [])

    draw_s = cpu_s(lambda: year_of_chat(grid))
    service = year_of_chat(grid)
    without_s, with_s = cpu_s(work), cpu_s(lambda: work(service))
    print(
        f"\n{grid.n_steps} steps: {without_s:.2f} CPU s without a service, {with_s:.2f} with one, "
        f"which takes {with_s - without_s:.2f}, and {draw_s:.2f} to draw its requests"
    )
    assert with_s <= 6.0 * without_s


@pytest.mark.parametrize("count", [1, 8, 64])
def test_requests_one_by_one(count):
    rng, number = stream(count, "bench/requests"), 100_000
    one = replica(max_batch=300, floor_s=0.02, s_per_token=5e-5)
    prompt_tokens = np.clip(760.0 * np.exp(0.985 * rng.standard_normal(number)), 1.0, 5000.0)
    output_tokens = 1.0 + np.rint(151.0 * np.exp(0.859 * rng.standard_normal(number)))
    each_s = one.prefill_s(prompt_tokens) + output_tokens * one.iteration_s[-1] / one.max_batch
    arrival_s = np.cumsum(rng.exponential(each_s.mean() / (0.6 * count), number))
    asked = Requests(arrival_s, prompt_tokens, output_tokens)

    def work():
        pool = Pool(asked, one)
        pool.resize(count, 0.0)
        pool.advance(1e9)
        return pool.served()

    spent_s = cpu_s(work)
    print(f"\n{number} requests on {count} replicas: {number / spent_s:,.0f} per CPU second")
    assert not np.isnan(work().latency_s).any()
