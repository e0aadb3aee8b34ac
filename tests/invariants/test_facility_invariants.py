"""Facilities over random plants, weather, jobs: energy closes, and no step length shows in it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.catalog import table
from sim.datacenter.cooling import Outdoor
from sim.datacenter.facility import plant_facility
from sim.datacenter.heat import HeatReuse
from sim.ledger.close import close_books
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOURS = 6
GPUS = 16
FULL_W = GPUS * 700.0
PLANTS = table("cooling")["plant"].tolist()


def facility_on(grid, plant, seed, design_w):
    """Return a facility in random weather that changes by the hour."""
    rng = np.random.default_rng(seed)
    dry = rng.uniform(-15, 42, HOURS)
    outdoor = Outdoor(dry, dry - rng.uniform(0, 15, HOURS), np.full(HOURS, 101_325.0))
    hourly = plant_facility(plant, outdoor, design_it_w=design_w)

    def on_steps(column):
        return np.repeat(np.broadcast_to(column, HOURS), grid.n_steps // HOURS)

    names = ("cooling", "conversion", "overhead", "evaporation")
    return replace(hourly, **{name: getattr(hourly, name).changed(on_steps) for name in names})


def books(plant, seed, *, step_s, design_w=FULL_W):
    """Return metrics, steps and jobs of a run of random jobs, and its site and record."""
    grid = time_grid(HOURS, step_s)
    here = replace(
        site(
            grid,
            clusters=[cluster(GPUS, idle_w=90.0)],
            price_usd_per_j=1e-8,
            average_carbon_kg_per_j=1e-7,
            facility=facility_on(grid, plant, seed, design_w),
        ),
        parts=frozenset({"grid", "datacenter", "cooling"}),
        heat_reuse=HeatReuse(np.full(grid.n_steps, 0.6), 0.3 * FULL_W),
    )
    rng = np.random.default_rng(seed)
    jobs = job_table(
        np.sort(rng.uniform(0, 4 * 3600, 30)), rng.uniform(60, 7200, 30), rng.integers(1, 9, 30)
    )
    log = run_log([here], jobs)
    return *close_books(log, ["training"]), here, log.records[0]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLANTS), st.integers(0, 2**32 - 1), st.floats(0.5, 3.0))
def test_the_facility_is_it_and_all_causes_by_step_and_in_sum(plant, seed, size):
    metrics, steps, jobs, _, _ = books(plant, seed, step_s=900.0, design_w=size * FULL_W)
    causes = steps["it_kw"] + steps["cooling_kw"] + steps["conversion_kw"] + steps["overhead_kw"]
    np.testing.assert_allclose(steps["facility_kw"], causes, rtol=1e-12)
    parts = metrics["energy_it_kwh"] + metrics["energy_cooling_kwh"]
    parts += metrics["energy_conversion_kwh"] + steps["overhead_kw"].sum() / 4
    assert metrics["energy_facility_kwh"] == pytest.approx(parts, rel=1e-12)
    assert metrics["pue"] * metrics["energy_it_kwh"] == pytest.approx(parts, rel=1e-12)
    assert 0.0 < jobs["energy_facility_kwh"].sum() < metrics["energy_facility_kwh"]
    assert (steps["heat_reused_kw"] <= 0.6 * steps["it_kw"] * (1 + 1e-12)).all()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLANTS), st.integers(0, 2**32 - 1))
def test_energy_and_water_at_5_and_at_60_minutes_are_equal_whatever_jobs_do_in_the_hour(
    plant, seed
):
    fine, *_ = books(plant, seed, step_s=300.0)
    coarse, *_ = books(plant, seed, step_s=3600.0)
    for name in (
        *("energy_it_kwh", "energy_cooling_kwh", "energy_conversion_kwh", "energy_facility_kwh"),
        *("water_l", "energy_reused_kwh", "grid_import_kwh", "cost_energy_usd", "pue", "ere"),
    ):
        assert fine[name] == pytest.approx(coarse[name], rel=1e-9), name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLANTS), st.integers(0, 2**32 - 1))
def test_a_step_by_step_sum_over_the_changing_power_gives_the_same_energy(plant, seed):
    metrics, _, _, here, _ = books(plant, seed, step_s=3600.0)
    _, fine, _, _, _ = books(plant, seed, step_s=60.0)
    it_w = fine["it_kw"].to_numpy().reshape(HOURS, 60) * 1e3
    total = here.facility.total
    # Within a minute the power changes at most now and then: a plain sum comes close.
    fixed_w, ratio, bend_per_w = (
        column[:, None] for column in (total.fixed_w, total.ratio, total.bend_per_w)
    )
    drawn_w = fixed_w + ratio * it_w + bend_per_w * it_w**2
    assert metrics["energy_facility_kwh"] == pytest.approx(drawn_w.sum() / 60 / 1e3, rel=2e-3)
