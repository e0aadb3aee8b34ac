"""Cost of one shift decision, at a horizon of 48 h.

Run with `make bench`; the figures are printed. Forecasts of a run are hourly; 5-minute steps show
what a decision costs with twelve times as much to look at. Asserted are ratios to ten additions of
two numpy columns in the same run.
"""

import time

import numpy as np
import pytest

from sim.policy.base import Forecast
from sim.policy.jobs_view import JobsView
from sim.registry import POLICIES, load_class
from sim.streams import stream
from tests.worlds import job_table

pytestmark = pytest.mark.bench

HOUR, HORIZON_H = 3600.0, 48
JOBS, REPEATS = 2_000, 7


class Desk:
    """What a shift policy sees: all jobs, and one forecast for all signals."""

    step_s = 300.0
    now_s = 0.0

    def __init__(self, jobs, step_s):
        count = round(HORIZON_H * HOUR / step_s)
        hours = np.arange(count) * step_s / HOUR
        noise = stream(0, "bench/outlook").uniform(0.0, 5.0, count)
        self.jobs = JobsView(jobs, [len(jobs)])
        self._forecast = Forecast(
            100.0 + 50.0 * np.sin(hours * np.pi / 12) + noise, None, 0.0, 0.0, step_s
        )

    def site_of(self, job):
        return 0

    def forecast(self, site, signal):
        return self._forecast


def waiting_jobs():
    """Return interruptible jobs of some hours that arrive within 5 h and may wait for a day."""
    rng = stream(1, "bench/shift-jobs")
    arrival_s = np.sort(rng.uniform(0.0, 5 * HOUR, JOBS))
    duration_s = np.minimum(rng.lognormal(0.5, 1.0, JOBS), 18.0) * HOUR
    deadline_s = arrival_s + duration_s + 24 * HOUR
    return job_table(arrival_s, duration_s, 1, deadline_s=deadline_s, interruptible=True)


def least_cpu_us(work):
    """Return the least CPU time a job of several passes over all jobs. [us]"""
    best_s = float("inf")
    for _ in range(REPEATS):
        start_s = time.process_time()
        work()
        best_s = min(best_s, time.process_time() - start_s)
    return best_s / JOBS * 1e6


@pytest.mark.parametrize("step_s", [300.0, HOUR], ids=["5-min steps", "hourly"])
def test_what_a_shift_decision_costs(step_s):
    jobs = waiting_jobs()
    obs = Desk(jobs, step_s)
    arrivals_s = jobs.arrival_s.tolist()
    column = np.arange(576.0)

    def reference():
        for _ in arrivals_s:
            for _ in range(10):
                column + 1.0

    def decide(policy):
        for job, now_s in enumerate(arrivals_s):
            obs.now_s = now_s
            policy.plan(obs, job)

    base_us = least_cpu_us(reference)
    costs_us = {}
    for name, target in POLICIES["shift"].items():
        policy = load_class(target)()
        costs_us[name] = least_cpu_us(lambda policy=policy: decide(policy))
    told = ", ".join(f"{name} {cost_us:.1f}" for name, cost_us in costs_us.items())
    print(f"\n{HORIZON_H} h of {step_s:g} s, us a decision: {told}; ten additions {base_us:.1f}")
    assert costs_us["lowest-window"] <= 3.0 * base_us
    assert max(costs_us.values()) <= 3.0 * base_us
