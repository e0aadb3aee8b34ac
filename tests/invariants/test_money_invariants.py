"""The steps' columns are the bill; jobs with the idle share are the site's totals."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.datacenter.curves import PowerCurve
from sim.datacenter.facility import Facility
from sim.energy.battery import BatteryLimits
from sim.grid.instruments import Instruments, PowerContract
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff, TimeOfUsePeriod
from tests.worlds import cluster, job_table, run_log, site, time_grid

DAYS = 60
"""From 2 June 2025: 29 days of June, 31 of July."""

COST_COLUMNS = (
    "cost_energy_usd", "cost_demand_usd", "cost_fixed_usd", "cost_contracts_usd",
    "cost_carbon_usd", "cost_backup_usd", "cost_response_usd",
)  # fmt: skip
REVENUE_COLUMNS = ("revenue_export_usd", "revenue_response_usd")
PEAK = {"from_hour": 14, "to_hour": 19, "days": "weekdays"}
TARIFF = Tariff(
    energy_usd_per_kwh=0.10,
    time_of_use=(TimeOfUsePeriod(energy_usd_per_kwh=0.30, **PEAK),),
    blocks=(
        EnergyBlock(up_to_kwh=2000.0, energy_usd_per_kwh=0.0),
        EnergyBlock(energy_usd_per_kwh=0.05),
    ),
    demand_charge_usd_per_kw=8.0,
    demand_charges=(DemandCharge(charge_usd_per_kw=5.0, ratchet_fraction=0.9, **PEAK),),
    fixed_usd_per_month=50.0,
    minimum_usd_per_month=400.0,
    carbon_price_usd_per_t=30.0,
    carbon_price_basis="marginal",
)


def world(draw):
    """Return a log of two months of hours, with every kind of charge and contract."""
    grid = time_grid(24 * DAYS, 3600.0)
    hours = np.arange(grid.n_steps)
    local = [grid.start + timedelta(hours=int(hour)) for hour in hours]
    peak = np.array([14 <= time.hour < 19 and time.weekday() < 5 for time in local])
    rng = np.random.default_rng(draw)
    output_w = rng.uniform(0.0, 1e4, grid.n_steps)
    here = site(
        grid,
        solar_w=2e4 * np.maximum(0.0, np.sin((hours - 6) * np.pi / 12)),
        base_load_w=rng.uniform(0.0, 5e3, grid.n_steps),
        pue=1.2,
        price_usd_per_j=np.where(peak, 0.30, 0.10) / 3.6e6,
        export_price_usd_per_j=rng.uniform(-0.01, 0.05, grid.n_steps) / 3.6e6,
        average_carbon_kg_per_j=0.4 / 3.6e6,
        marginal_carbon_kg_per_j=rng.uniform(0.0, 1.0, grid.n_steps) / 3.6e6,
        battery=BatteryLimits(1e8, 5e3, 5e3, 0.9, 0.9, 0.1, 0.9, 0.5),
        clusters=[cluster(16, idle_w=60.0)],
    )
    instruments = Instruments(
        contracts=(
            PowerContract("solar", output_w, 0.06 / 3.6e6),
            PowerContract("wind", output_w[::-1], 0.05 / 3.6e6, settles_difference=True),
        ),
        certificates_w=500.0,
        certificates_usd_per_s=1e-6,
        market_price_usd_per_j=rng.uniform(-0.02, 0.15, grid.n_steps) / 3.6e6,
        residual_carbon_kg_per_j=np.full(grid.n_steps, np.nan),
    )
    here = replace(here, tariff=TARIFF, instruments=instruments)
    arrival_s = np.sort(rng.uniform(0, DAYS * 86400, 200))
    jobs = job_table(arrival_s, rng.uniform(60, 1e5, 200), rng.integers(1, 9, 200))
    return run_log([here], jobs, Policy(name="green", storage="self-consumption"))


def bill_by_hand(steps):
    """Return energy, demand and fixed charges with plain loops, a month after the other."""
    energy = demand = fixed = earlier_kw = 0.0
    for month, hours in ((6, 30 * 24), (7, 31 * 24)):
        rows = steps[steps["time"].dt.month == month]
        covered = len(rows) / hours
        used_kwh = before = paid = 0.0
        highest = highest_peak = 0.0
        for row in rows.itertuples():
            peak = 14 <= row.time.hour < 19 and row.time.weekday() < 5
            paid += row.grid_import_kw * (0.30 if peak else 0.10)
            before, used_kwh = used_kwh, used_kwh + row.grid_import_kw
            beyond = 2000.0 * covered
            paid += 0.05 * (max(0.0, used_kwh - beyond) - max(0.0, before - beyond))
            highest = max(highest, row.grid_import_kw)
            highest_peak = max(highest_peak, row.grid_import_kw if peak else 0.0)
        due = covered * (8.0 * highest + 5.0 * max(highest_peak, 0.9 * earlier_kw))
        earlier_kw = highest_peak
        energy, demand, fixed = energy + paid, demand + due, fixed + 50.0 * covered
    return energy, demand, fixed


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_columns_of_the_steps_are_the_bill_and_its_sum_is_shared_out(draw):
    metrics, steps, jobs = close_books(world(draw), ["training"])
    energy, demand, fixed = bill_by_hand(steps)
    assert steps["cost_energy_usd"].sum() == pytest.approx(energy, rel=1e-9)
    assert steps["cost_demand_usd"].sum() == pytest.approx(demand, rel=1e-9)
    assert steps["cost_fixed_usd"].sum() >= fixed * (1 - 1e-9)
    for name in (*COST_COLUMNS, *REVENUE_COLUMNS, "cost_total_usd"):
        assert metrics[name] == pytest.approx(steps[name].sum(), rel=1e-12)
    paid = sum(metrics[name] for name in COST_COLUMNS)
    earned = sum(metrics[name] for name in REVENUE_COLUMNS)
    assert metrics["cost_total_usd"] == pytest.approx(paid - earned, rel=1e-9)
    # Each step's cost goes to jobs and the idle share by their facility power.
    whole_kw = steps["facility_kw"].where(steps["facility_kw"] > 0, 1.0)
    idle_kw = (16 - steps["gpus_busy_count"]) * 0.06 * 1.2 + steps["base_load_kw"]
    idle_usd = float((steps["cost_total_usd"] * idle_kw / whole_kw).sum())
    assert jobs["cost_usd"].sum() + idle_usd == pytest.approx(metrics["cost_total_usd"], rel=1e-6)


def test_a_job_that_is_all_of_the_load_pays_the_whole_bill():
    grid = time_grid(24 * 30, 3600.0)
    here = replace(
        site(grid, price_usd_per_j=0.1 / 3.6e6, clusters=[cluster(8)]), tariff=TARIFF
    )
    jobs = job_table([0.0], [40 * 86400.0], [8])
    metrics, _, rows = close_books(run_log([here], jobs), ["training"])
    # It began on 2 June, and TARIFF's energy price is that of the site here.
    kwh, covered = 8 * 0.7 * 24 * 30, 29 / 30
    first_day_of_july_kwh = 8 * 0.7 * 24
    energy = 0.1 * kwh + 0.05 * (kwh - first_day_of_july_kwh - 2000 * covered)
    energy += 0.05 * max(0.0, first_day_of_july_kwh - 2000 / 31)
    demand = (8 + 5) * 5.6 * (covered + 1 / 31)
    expected = energy + demand + 50 * (covered + 1 / 31)
    assert metrics["cost_total_usd"] == pytest.approx(expected, rel=1e-9)
    assert rows["cost_usd"].sum() == pytest.approx(expected, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(draw=st.integers(0, 2**32 - 1), standing=st.booleans())
def test_what_rounding_leaves_of_the_power_of_jobs_that_ended_is_no_load(draw, standing):
    # Accelerators without idle power, behind a facility that draws power without any.
    rng = np.random.default_rng(draw)
    grid = time_grid(24, 900.0)
    n = grid.n_steps
    nothing = PowerCurve.proportional(0.0, n)
    fixed_w = rng.uniform(0.0, 2e3, n) if standing else np.zeros(n)
    plant = PowerCurve(fixed_w, rng.uniform(0.05, 0.3, n), np.full(n, 2e-5))
    here = site(
        grid, clusters=[cluster(40, tdp_w=700.0 + rng.uniform())], price_usd_per_j=0.1 / 3.6e6,
        facility=Facility(plant, nothing, nothing),
    )
    arrival_s = np.sort(rng.uniform(0.0, 12 * 3600.0, 30))
    jobs = job_table(arrival_s, rng.lognormal(0.0, 0.8, 30) * 900.0, rng.choice([1, 2, 4], 30))
    _, steps, frame = close_books(run_log([here], jobs), ["work"])
    assert frame["cost_usd"].sum() <= steps["cost_total_usd"].sum() * (1.0 + 1e-9)
    assert steps["it_kw"].iloc[-1] == 0.0
    assert steps["pue"].max() < 1e9  # of residue it would be 1e12 and more
