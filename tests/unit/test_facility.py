"""UPS losses: the curve's published points, and exactness within a step."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.datacenter.facility import UpsLoss
from sim.ledger.close import close_books
from tests.worlds import cluster, job_table, run_log, site, time_grid

MODERN = UpsLoss(1.0, 0.0118, 0.0046, 0.0225)
HOUR = 3600.0


@pytest.mark.parametrize(
    ("load", "efficiency"),
    [(0.10, 0.889), (0.25, 0.946), (0.50, 0.962), (0.75, 0.964), (1.0, 0.963)],
)
def test_the_curve_gives_the_efficiencies_of_modern_units(load, efficiency):
    assert load / (load + MODERN.mean_w(load, load**2)) == pytest.approx(efficiency, abs=6e-4)


@given(load=st.floats(0.0, 3.0), ratio=st.floats(1.0, 2.0), bend=st.floats(0.0, 0.2))
def test_the_load_for_a_total_is_the_inverse_of_the_total_for_a_load(load, ratio, bend):
    ups = UpsLoss(2.0, 0.01, 0.005, bend)
    total = load * ratio + ups.mean_w(load, load**2)
    assert ups.load_w(total, ratio) == pytest.approx(load, rel=1e-9, abs=1e-9)


def test_a_total_below_the_fixed_loss_leaves_no_load():
    assert MODERN.load_w(0.01, 1.2) == 0.0


@pytest.mark.parametrize("step_s", [300.0, 3600.0])
def test_losses_are_exact_where_jobs_start_and_end_within_a_step(step_s):
    ups = UpsLoss(2000.0, 0.0118, 0.0046, 0.0225)
    here = replace(
        site(time_grid(4, step_s), clusters=[cluster(10, tdp_w=100.0)], price_usd_per_j=1e-6),
        ups=ups,
    )
    # 1000 W for 36 minutes, from minute 33.
    log = run_log([here], job_table([1980.0], [2160.0], [10]))
    metrics, steps, rows = close_books(log, ["training"])
    loss_kwh = (0.0118 * 2000 * 4 + 0.6 * (0.0046 * 1000 + 0.0225 * 1000**2 / 2000)) / 1e3
    assert metrics["energy_facility_kwh"] == pytest.approx(0.6 + loss_kwh, rel=1e-12)
    assert steps["conversion_kw"].sum() * step_s / HOUR == pytest.approx(loss_kwh, rel=1e-12)
    assert np.isfinite(rows["cost_usd"]).all()
    assert 0.0 < rows["cost_usd"].sum() < metrics["cost_total_usd"]
