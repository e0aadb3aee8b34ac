"""Curves of losses and of whole facilities: published points, inverses, exactness in a step."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.datacenter.cooling import Outdoor
from sim.datacenter.curves import LoadShape, PowerCurve, load_shape, load_w
from sim.datacenter.facility import Facility, UpsLoss, plant_facility
from sim.ledger.close import close_books
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def loss_at(name, load):
    """Return a loss over the rated power."""
    return float(load_shape(name).curve(1.0, 1.0).at_w(load)[0])


@pytest.mark.parametrize(
    ("load", "efficiency"),
    [(0.10, 0.889), (0.25, 0.946), (0.50, 0.962), (0.75, 0.964), (1.0, 0.963)],
)
def test_double_conversion_has_the_efficiencies_of_modern_units(load, efficiency):
    assert load / (load + loss_at("double-conversion", load)) == pytest.approx(efficiency, abs=6e-4)


@pytest.mark.parametrize("load", [0.4, 0.5, 0.75, 1.0])
def test_eco_mode_has_the_published_98_to_99_percent(load):
    assert 0.98 <= load / (load + loss_at("eco", load)) <= 0.99


def test_transformer_and_pdu_lose_1_and_1_5_percent_at_full_load_and_less_at_half():
    assert loss_at("transformer", 1.0) == pytest.approx(0.010)
    assert loss_at("pdu", 1.0) == pytest.approx(0.015)
    assert loss_at("transformer", 0.5) / 0.5 == pytest.approx(0.008)
    assert loss_at("transformer", 0.25) / 0.25 == pytest.approx(0.010)


def test_machines_draw_their_rated_power_at_full_load():
    curves = table("load_curves").set_index("curve")
    machines = curves[curves["kind"] == "machine"]
    full = machines[["fixed_fraction", "linear_fraction", "quadratic_fraction"]].sum(axis=1)
    assert full.between(0.995, 1.005).all()


def test_the_fan_curve_is_within_1_5_percent_of_the_cubic_it_stands_for():
    x = np.linspace(0, 1, 101)
    cubic = 0.0013 + 0.1470 * x + 0.9506 * x**2 - 0.0998 * x**3
    ours = [loss_at("variable-speed", load) for load in x]
    assert np.abs(ours - cubic).max() < 0.015


@given(total=st.floats(0.0, 1e7), ratio=st.floats(1.0, 2.0), bend=st.floats(0.0, 0.2))
def test_the_load_for_a_total_is_the_inverse_of_the_total_for_a_load(total, ratio, bend):
    load = load_w(total, ratio=ratio, bend_per_w=bend / 1e6)
    assert ratio * load + bend / 1e6 * load**2 == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_no_power_leaves_no_load_and_endless_power_an_endless_one():
    assert load_w(-5.0, ratio=1.2, bend_per_w=1e-6) == 0.0
    assert load_w(math.inf, ratio=1.2, bend_per_w=0.0) == math.inf


def test_a_constant_pue_is_all_overhead_in_proportion():
    facility = Facility.of_pue(1.25, 3)
    assert facility.pue(7.0) == pytest.approx([1.25] * 3)
    assert facility.overhead.at_w(8.0) == pytest.approx([2.0] * 3)
    assert facility.evaporation is None


def test_pue_is_one_plus_all_causes():
    # air-chiller at 35 degC, full load: cooling (test_cooling), UPS, transformer and PDU, lighting
    facility = plant_facility("air-chiller", Outdoor(np.array([35.0])), design_it_w=1e6)
    added = 1.00138225 / 2.8515 + 0.07 + 0.0389 + 0.025 + 0.01
    assert facility.pue(1e6) == pytest.approx([1 + added])
    # at half load: losses 0.019725, 0.004 and 0.006, the lighting as before
    half = (0.44433604 / 2.8515 + 0.07 + 0.019725 + 0.010 + 0.01) / 0.5
    assert facility.pue(5e5) == pytest.approx([1 + half])


def test_a_larger_ups_loses_more_at_no_load():
    ups = UpsLoss(load_shape("eco"), rated_w=2e6)
    facility = plant_facility("air-chiller", Outdoor(np.array([35.0])), design_it_w=1e6, ups=ups)
    assert facility.conversion.fixed_w == pytest.approx([0.004 * 2e6 + 0.005 * 1e6])


@pytest.mark.parametrize("step_s", [300.0, 3600.0])
def test_losses_are_exact_where_jobs_start_and_end_within_a_step(step_s):
    grid = time_grid(4, step_s)
    nothing = PowerCurve.proportional(0.0, grid.n_steps)
    losses = LoadShape(0.0118, 0.0046, 0.0225).curve(np.full(grid.n_steps, 2000.0), 2000.0)
    here = site(
        grid,
        clusters=[cluster(10, tdp_w=100.0)],
        price_usd_per_j=1e-6,
        facility=Facility(nothing, losses, nothing),
    )
    # 1000 W for 36 minutes, from minute 33.
    log = run_log([here], job_table([1980.0], [2160.0], [10]))
    metrics, steps, rows = close_books(log, ["training"])
    loss_kwh = (0.0118 * 2000 * 4 + 0.6 * (0.0046 * 1000 + 0.0225 * 1000**2 / 2000)) / 1e3
    assert metrics["energy_facility_kwh"] == pytest.approx(0.6 + loss_kwh, rel=1e-12)
    assert steps["conversion_kw"].sum() * step_s / HOUR == pytest.approx(loss_kwh, rel=1e-12)
    assert np.isfinite(rows["cost_usd"]).all()
    assert 0.0 < rows["cost_usd"].sum() < metrics["cost_total_usd"]
