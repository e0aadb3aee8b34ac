"""Speed of rolling plans and of the bound of whole runs: ratios, and CPU seconds that are printed.

Run with `make bench`.
"""

import time
from dataclasses import replace

import numpy as np
import pytest

from sim.optimize.ahead import Ahead, Layout, PeakAhead, WorkAhead
from sim.optimize.bound import run_bound
from sim.optimize.classes import ramps
from sim.optimize.ran import Freedom, Ran, SiteRan
from sim.optimize.replay import Replay
from sim.optimize.rolling import RollingProgram
from sim.scenario.schema.forecast import Forecast
from sim.units import HOUR_S
from tests.bench.test_optimize_bench import campus
from tests.validation.test_rolling_capture import NO_JOBS
from tests.validation.test_rolling_capture import campus as month
from tests.worlds import cluster, job_table, run_log

pytestmark = pytest.mark.bench

HOURS = 48


def spent_s(work):
    """Return the CPU time of some work. [s]"""
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def test_a_plan_is_solved_faster_than_built_anew():
    here = campus(24 * 30, HOUR_S)
    load_w, price = here.base_load_w - here.solar_w, here.price_usd_per_j
    counts = np.stack([np.ones(HOURS, dtype=bool), np.zeros(HOURS, dtype=bool)])
    cost, highest_w = np.array([0.01, 0.01]), np.array([1e6, 1e6])
    peak = PeakAhead(cost, cost, highest_w, np.array([9e5, 0.0]), counts)
    least_j = np.linspace(0.0, 1.0, HOURS) ** 3 * 3e9
    work = WorkAhead(least_j, np.full(HOURS, 3e9), np.full(HOURS, 3e5), 0.0)
    layout, starts = Layout(HOURS, HOUR_S, 3, 1, here.battery), range(24 * 28)

    def plans(program_of):
        for first in starts:
            window = slice(first, first + HOURS)
            known = Ahead(
                load_w[window], np.zeros(HOURS), price[window], np.zeros(HOURS), 2e6, 2e6,
                stored_j=7e9, work=(work,) * 3, peaks=(peak,),
            )
            program_of().solve(known)

    program = RollingProgram(layout, 1e6)
    warm_s = spent_s(lambda: plans(lambda: program))
    anew_s = spent_s(lambda: plans(lambda: RollingProgram(layout, 1e6)))
    each_ms = 1e3 / len(starts)
    print(f"\n48 h with three classes of work and a demand charge: {each_ms * warm_s:.2f} ms a "
          f"plan, {each_ms * anew_s:.2f} ms built anew")
    assert warm_s <= 0.9 * anew_s


def test_a_month_with_a_plan_every_hour():
    here = month(10.0)
    perfect = Forecast(model="perfect", refresh_h=1)
    plan_s = spent_s(lambda: run_log([here], NO_JOBS, "rolling-lp", perfect))
    idle_s = spent_s(lambda: run_log([here], NO_JOBS, "idle", perfect))
    print(f"\na month of hours, a plan every hour: {plan_s:.2f} CPU s; a year of these: "
          f"{plan_s * 365 / 30:.0f} CPU s")
    assert plan_s <= 500 * idle_s


@pytest.mark.parametrize(
    ("step_s", "jobs_count", "cap"),
    [(HOUR_S, 20_000, False), (300.0, 20_000, False), (HOUR_S, 1_000_000, True)],
)
def test_the_bounds_of_a_year(step_s, jobs_count, cap):
    hours, rng, gpus = 8760, np.random.default_rng(1), 2000
    here = replace(campus(hours, step_s), clusters=(cluster(gpus, idle_w=60.0),))
    phase = np.arange(here.grid.n_steps) * step_s / HOUR_S * np.pi / 12
    here = replace(here, average_carbon_kg_per_j=(0.3 + 0.2 * np.sin(phase)) / 3.6e6)
    end_s = here.grid.duration_s
    arrival_s = np.sort(rng.uniform(0, end_s - 100 * HOUR_S, jobs_count))
    duration_s = rng.lognormal(1.0, 0.8, jobs_count).clip(0.1, 24) * HOUR_S
    each = max(1, int(0.3 * gpus * end_s / duration_s.sum()))
    slack_s = rng.lognormal(2.0, 1.0, jobs_count).clip(0, 72) * HOUR_S
    jobs = job_table(arrival_s, duration_s, each, deadline_s=arrival_s + duration_s + slack_s)
    ends_s = arrival_s + duration_s
    above_w = np.full(jobs_count, 640.0 * each)
    used_w = np.diff(ramps(arrival_s, ends_s, above_w, here.grid.edges_s)) / step_s
    it_w = gpus * 60.0 + used_w
    held = np.zeros((1, here.grid.n_steps))
    ran = Ran(
        (SiteRan(it_w, here.base_load_w + it_w, 0.0 * it_w, 0.0, {}),), held,
        np.zeros(jobs_count, dtype=int), arrival_s, ends_s, np.ones(jobs_count, dtype=bool),
        700.0 * each * duration_s, np.zeros(jobs_count),
    )

    def bounds():
        replay = Replay([here], jobs, ran, Freedom(cap=cap))
        return [run_bound(replay, objective=one) for one in ("cost_usd", "carbon_location_kg")]

    both_s = spent_s(bounds)
    sort_s = spent_s(lambda: [np.sort(rng.uniform(size=1_000_000)) for _ in range(10)])
    print(f"\nboth bounds of a year, {step_s / 60:.0f}-min steps, {jobs_count:,} jobs"
          f"{', with caps' if cap else ''}: {both_s:.1f} CPU s")
    assert both_s <= 50 * sort_s
