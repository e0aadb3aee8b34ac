"""Speed of the bounds: CPU-second ratios to settling the same steps, and absolute figures.

Run with `make bench`; the figures are printed.
"""

import time
from dataclasses import replace

import numpy as np
import pytest

from sim.energy.battery import Battery, BatteryLimits
from sim.energy.dispatch import FOLLOW, Connection, settle
from sim.optimize.bound import storage_bound
from sim.optimize.horizon import Horizon
from sim.optimize.lp import Solver
from sim.optimize.rates import rates_of
from sim.scenario.schema.tariff import Tariff
from tests.worlds import site, time_grid

pytestmark = pytest.mark.bench

TARIFF = Tariff(demand_charge_usd_per_kw=10.0, timezone="America/New_York")


def campus(hours, step_s):
    """Return a site with sun, an hourly price that is negative at times, and a demand charge."""
    grid, rng = time_grid(hours, step_s), np.random.default_rng(7)
    hour = np.arange(grid.n_steps) * step_s / 3600
    clouds, noise = rng.uniform(0.3, 1.0, hours + 1), rng.normal(0.0, 0.02, hours + 1)
    here = site(
        grid,
        solar_w=2e6 * np.maximum(0.0, np.sin((hour - 6) * np.pi / 12)) * clouds[hour.astype(int)],
        base_load_w=8e5 + 1e5 * rng.normal(size=grid.n_steps),
        price_usd_per_j=(0.04 + 0.03 * np.sin(hour * np.pi / 12) + noise[hour.astype(int)]) / 3.6e6,
        export_price_usd_per_j=0.01 / 3.6e6,
        battery=BatteryLimits(1.44e10, 1e6, 1e6, 0.95, 0.95, 0.05, 0.95, 0.5),
        connection=Connection(2e6, 2e6),
    )
    return replace(here, tariff=TARIFF)


def settle_all(here):
    """Do the bare settling of all steps."""
    battery = Battery(here.battery)
    for net_w in (here.solar_w - here.base_load_w).tolist():
        settle(net_w, battery, FOLLOW, here.connection, here.grid.step_s)


def cpu_s(work, repeats=3):
    """Return the least CPU time of several runs. [s]"""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize(
    ("what", "hours", "step_s", "ratio"),
    [
        ("a week of 5-minute steps", 168, 300.0, 500),
        ("a year of hourly steps", 8760, 3600.0, 200),
        ("a year of 5-minute steps", 8760, 300.0, 1000),
    ],
)
def test_a_bound_costs_a_bounded_multiple_of_settling(what, hours, step_s, ratio):
    here = campus(hours, step_s)
    settle_s = cpu_s(lambda: settle_all(here))
    spent_s = cpu_s(lambda: storage_bound(here, here.base_load_w), repeats=1)
    print(f"\nbound of {what}: {spent_s:.2f} CPU s, {spent_s / settle_s:.0f}x bare settling")
    assert spent_s <= ratio * settle_s


def test_a_rolling_plan_is_solved_faster_from_the_plan_before():
    here = campus(24 * 30, 3600.0)
    net_w, rates = here.solar_w - here.base_load_w, rates_of(replace(here, tariff=None))

    def plans(solver_of):
        for first in range(24 * 28):
            window = slice(first, first + 48)
            part = replace(rates, import_per_j=rates.import_per_j[window],
                           export_per_j=rates.export_per_j[window])
            solver_of().solve(
                Horizon(net_w[window], 3600.0, part, here.connection, here.battery)
            )

    cold_s = cpu_s(lambda: plans(Solver), repeats=1)
    solver = Solver()
    warm_s = cpu_s(lambda: plans(lambda: solver), repeats=1)
    count = 24 * 28
    print(f"\n48-hour plan: {1e3 * warm_s / count:.2f} ms warm, {1e3 * cold_s / count:.2f} ms cold")
    assert warm_s <= cold_s
