"""The books know a battery that leaks, tapers and ages, and still catch one that is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from sim.energy.aging import WearTerms
from sim.energy.aging_laws import load_law
from sim.energy.battery import BatteryLimits
from sim.errors import BalanceError
from sim.ledger.close import close_books
from sim.ledger.ledger import check_balance
from sim.scenario.schema.scenario import Policy
from tests.worlds import job_table, run_log, site, time_grid

BATTERY = BatteryLimits(
    capacity_j=2e8,
    max_charge_w=2e4,
    max_discharge_w=2e4,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    min_soc=0.1,
    max_soc=1.0,
    initial_soc=0.5,
    resistive_loss_per_w=0.05 / 2e4,
    self_discharge_per_s=1e-6,
    taper_above_soc=0.9,
    wear=WearTerms(load_law("lmo-xu-2018"), 318.15, 0.8, 4e-5),
)


@pytest.fixture(scope="module")
def log():
    """Run two days with sun and load."""
    grid = time_grid(48)
    hours = np.arange(grid.n_steps) / 12
    here = site(
        grid,
        solar_w=3e4 * np.maximum(0.0, np.sin((hours % 24 - 6) * np.pi / 12)),
        base_load_w=7e3,
        battery=BATTERY,
    )
    jobs = job_table([], [], [])
    return run_log([here], jobs, Policy(name="green", storage="self-consumption"))


def test_the_books_of_a_detailed_and_aging_battery_balance(log):
    metrics, steps, _ = close_books(log, [])
    assert metrics["battery_capacity_end_fraction"] < 0.999
    assert metrics["cost_total_usd"] == pytest.approx(metrics["cost_battery_wear_usd"], rel=1e-12)
    assert steps["cost_battery_wear_usd"].sum() == pytest.approx(metrics["cost_total_usd"])


def test_stored_energy_that_vanishes_is_caught(log):
    record = log.records[0]
    stored_j = record.stored_j.copy()
    stored_j[100:] -= 1e4
    with pytest.raises(BalanceError, match=r"stored energy .* does not balance in step 100 "):
        check_balance(log.sites[0], replace(record, stored_j=stored_j))


def test_a_loss_that_is_not_booked_is_caught(log):
    record = log.records[0]
    with pytest.raises(BalanceError, match=r"stored energy .* does not balance in step 0 "):
        check_balance(log.sites[0], replace(record, cell_loss_j=np.zeros_like(record.stored_j)))


def test_a_battery_that_makes_energy_is_caught(log):
    record = log.records[0]
    stored_j, loss_j = record.stored_j.copy(), record.cell_loss_j.copy()
    stored_j[50:60] += 1e6
    loss_j[50:60] -= 1e6
    with pytest.raises(BalanceError, match=r"cells lose -\d+.* J in step 50; losses are never"):
        check_balance(log.sites[0], replace(record, stored_j=stored_j, cell_loss_j=loss_j))


def test_charging_beyond_the_faded_capacity_is_caught(log):
    record = log.records[0]
    with pytest.raises(BalanceError, match=r"state of charge .* leaves 0\.\.1"):
        check_balance(log.sites[0], replace(record, capacity_j=record.capacity_j / 2))
