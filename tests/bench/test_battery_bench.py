"""Speed of the battery: CPU time of a step, and its ratio to a bare loop that does the same.

Run with `make bench`; the figures are printed.
"""

import math
import time

import pytest

from sim.energy.aging import WearTerms
from sim.energy.aging_laws import load_law
from sim.energy.battery import BatteryLimits
from sim.energy.battery_models import make_battery
from sim.energy.cells import load_cell
from sim.energy.degradation import Wear

pytestmark = pytest.mark.bench

STEPS, REPEATS = 100_000, 7
LINEAR = {
    "capacity_j": 7.2e9,
    "max_charge_w": 1e6,
    "max_discharge_w": 1e6,
    "charge_efficiency": 0.95,
    "discharge_efficiency": 0.95,
    "min_soc": 0.1,
    "max_soc": 1.0,
    "initial_soc": 0.5,
}
POWERS_W = [2e5 * math.sin(step / 40) for step in range(STEPS)]


def cpu_us(work):
    """Return the least CPU time of a step in several runs. [us]"""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best / STEPS * 1e6


def bare_loop():
    """Clip and add, as plainly as it can be said."""
    stored_j, low_j, high_j, gain, drain = 3.6e9, 7.2e8, 7.2e9, 0.95, 1 / 0.95
    moved_j = 0.0
    for power_w in POWERS_W:
        change_j = power_w * 300.0 * (gain if power_w > 0.0 else drain)
        after_j = min(high_j, max(low_j, stored_j + change_j))
        moved_j += abs(after_j - stored_j)
        stored_j = after_j


def operate(battery, wear=None):
    """Charge and discharge a battery, step by step."""
    for power_w in POWERS_W:
        if power_w > 0.0:
            battery.charge(power_w, 300.0)
        else:
            battery.discharge(-power_w, 300.0)
        if wear is not None:
            wear.after_step(300.0)


def limits(**changes):
    """Return the limits of a battery."""
    return BatteryLimits(**(LINEAR | changes))


def test_a_step_of_the_linear_battery_costs_at_most_2_5_times_a_bare_loop_that_clips():
    cell = load_cell("lgm50")
    detailed = limits(
        resistive_loss_per_w=2e-8, self_discharge_per_s=1e-9, taper_above_soc=0.8,
        taper_below_soc=0.2,
    )  # fmt: skip
    aging = limits(wear=WearTerms(load_law("lfp-sony-3ah"), 298.15, 0.8, 0.0))
    bare_us = cpu_us(bare_loop)
    linear_us = cpu_us(lambda: operate(make_battery(limits())))
    detailed_us = cpu_us(lambda: operate(make_battery(detailed)))
    clc_us = cpu_us(lambda: operate(make_battery(limits(clc=cell))))

    def worn():
        battery = make_battery(aging)
        operate(battery, Wear(battery, aging.wear, 86400.0))

    worn_us = cpu_us(worn)
    print(
        f"\nbattery, {STEPS} steps: bare {bare_us:.2f} us, linear {linear_us:.2f}, detailed "
        f"{detailed_us:.2f}, C/L/C {clc_us:.2f}, linear with aging {worn_us:.2f} us a step"
    )
    assert linear_us <= 2.5 * bare_us
    assert worn_us <= 5.0 * bare_us
    assert detailed_us <= 10.0 * bare_us
