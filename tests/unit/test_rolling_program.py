"""The program of a site's next hours, against plans by hand and against the one of whole runs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.optimize.ahead import Ahead, Layout, PeakAhead, Slowing, WorkAhead
from sim.optimize.horizon import Horizon, Rates
from sim.optimize.lp import Solver
from sim.optimize.rolling import RollingProgram
from sim.units import HOUR_S, KW, KWH

BATTERY = BatteryLimits(4 * KWH, KW, KW, 0.9, 0.9, 0.0, 1.0, 0.5)


def layout(hours, **more):
    return Layout(hours_count=hours, block_s=HOUR_S, **more)


def ahead(load_kw, price, *, export_price=0.0, **more):
    """Return hours with a load in kW and a price in USD/kWh each."""
    load_w = np.array(load_kw, dtype=float) * KW
    per_j = [np.broadcast_to(np.asarray(one, dtype=float), load_w.shape) / KWH
             for one in (price, export_price)]
    limits = {"import_limit_w": np.inf, "export_limit_w": np.inf} | more
    return Ahead(load_w, np.zeros(len(load_w)), *per_j, **limits)


def work(least_kwh, most_kwh, power_kw, value=0.0):
    least, most = np.array(least_kwh) * KWH, np.array(most_kwh) * KWH
    return WorkAhead(least, most, np.full(len(least), power_kw * KW), value / KWH)


def peak(cost_per_kw, floor_kw, hours, *, load_kw=np.inf, beyond_per_kw=60.0):
    counts = np.stack([np.ones(hours, dtype=bool), np.zeros(hours, dtype=bool)])
    cost, beyond, load, floor = (
        np.array([one, 0.0]) for one in (cost_per_kw, beyond_per_kw, load_kw, floor_kw)
    )
    return PeakAhead(cost / KW, beyond / KW, load * KW, floor * KW, counts)


def cost_of(plan, known):
    flows = plan.import_w * known.import_per_j - plan.export_w * known.export_per_j
    return float(flows.sum()) * HOUR_S


def test_plans_one_after_the_other_cost_what_a_program_built_anew_says():
    rng = np.random.default_rng(3)
    program = RollingProgram(layout(24, battery=BATTERY), 2 * KW)
    for _ in range(20):
        stored_j = rng.uniform(0, 4) * KWH
        known = ahead(rng.normal(0.5, 1.0, 24), rng.uniform(0.05, 0.4, 24), export_price=0.04,
                      import_limit_w=4 * KW, stored_j=stored_j)
        plan = program.solve(known)
        rates = Rates(known.import_per_j, known.export_per_j, unserved_per_j=10.0 / KWH)
        held = replace(BATTERY, initial_soc=stored_j / BATTERY.capacity_j)
        anew = Solver().solve(
            Horizon(-known.load_w, HOUR_S, rates, Connection(4 * KW, np.inf), held)
        )
        assert cost_of(plan, known) == pytest.approx(anew.total, abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_charges_and_discharges_or_imports_and_exports_at_once(seed):
    rng = np.random.default_rng(seed)
    program = RollingProgram(layout(48, battery=BATTERY), 2 * KW)
    for _ in range(5):
        known = ahead(rng.normal(0.0, 1.0, 48), rng.uniform(-0.2, 0.1, 48),
                      export_price=rng.uniform(-0.2, 0.2, 48), stored_j=2 * KWH)
        plan = program.solve(known)
        assert (plan.charge_w * plan.discharge_w == 0.0).all()
        assert (plan.import_w * plan.export_w == 0.0).all()
        stored_j = np.concatenate([[2 * KWH], plan.stored_j[:-1]])
        change_j = HOUR_S * (0.9 * plan.charge_w - plan.discharge_w / 0.9)
        assert plan.stored_j == pytest.approx(stored_j + change_j, abs=1.0)


@settings(max_examples=150, deadline=None)
@given(
    load=st.lists(st.sampled_from([-1.0, -0.1, -0.02, 0.0, 0.4, 2.0]), min_size=4, max_size=4),
    price=st.lists(st.integers(-20, 20), min_size=4, max_size=4),
    earned=st.lists(st.integers(-20, 30), min_size=4, max_size=4),
    stored=st.sampled_from([0.0, 2.0, 4.0]),
    export_kw=st.sampled_from([0.0, 0.5, 10.0]),
    import_kw=st.sampled_from([1.0, 10.0]),
)
def test_there_is_a_plan_whatever_prices_and_it_never_does_both_of_two_opposites(
    load, price, earned, stored, export_kw, import_kw
):
    program = RollingProgram(layout(4, battery=BATTERY), KW)
    known = ahead(
        load, np.array(price) / 100, export_price=np.array(earned) / 100,
        stored_j=stored * KWH, import_limit_w=import_kw * KW, export_limit_w=export_kw * KW,
    )
    plan = program.solve(known)
    assert (plan.charge_w * plan.discharge_w == 0.0).all()
    assert (plan.import_w * plan.export_w == 0.0).all()
    assert plan.stored_j.min() >= -1.0
    assert plan.stored_j.max() <= 4 * KWH + 1.0


def test_a_surplus_that_a_full_battery_cannot_take_is_let_out_though_import_is_paid_for():
    # To import pays more than to export costs, and to charge and discharge burns some of that: with
    # the smaller of each forbidden the surplus would have nowhere to go.
    program = RollingProgram(layout(1, battery=BATTERY), KW)
    known = ahead([-0.03], -0.2, export_price=-0.05, stored_j=4 * KWH, import_limit_w=KW)
    plan = program.solve(known)
    assert plan.export_w.tolist() == pytest.approx([30.0], abs=1e-2)
    assert plan.import_w.tolist() == [0.0]


def test_a_full_battery_is_not_burnt_empty_where_energy_is_paid_for():
    full = ahead([1], -0.1, stored_j=4 * KWH)
    assert RollingProgram(layout(1, battery=BATTERY), KW).solve(full).import_w == pytest.approx(
        [1000.0], abs=1e-2
    )
    # Over two hours it is: 0.81 kWh out, 1 kWh in, and 0.19 kWh of losses that are paid for.
    full = ahead([1, 1], -0.1, stored_j=4 * KWH)
    plan = RollingProgram(layout(2, battery=BATTERY), KW).solve(full)
    assert plan.import_w.tolist() == pytest.approx([190.0, 2000.0], abs=1e-2)


def test_peak_so_far_needs_no_shaving_and_what_is_beyond_does():
    program = RollingProgram(layout(3, charges_count=1, battery=BATTERY), KW)
    known = ahead([1, 3, 1], 0.1, stored_j=2 * KWH)
    high = program.solve(replace(known, peaks=(peak(5.0, 3.0, 3),)))
    assert high.import_w.max() > 1999.0
    low = program.solve(replace(known, peaks=(peak(5.0, 1.0, 3),)))
    assert low.import_w.max() == pytest.approx(2000.0, abs=1e-2)  # 1 kW of the battery
    assert low.headroom_w[1] == pytest.approx(0.0, abs=1e-2)


def test_a_peak_that_only_the_battery_makes_costs_in_full():
    # To charge a kW in the cheap hour saves 0.4 * 0.81 - 0.1 = 0.22 USD: more than 0.1 USD for a
    # share of the peak, less than the 5 USD that it is billed at in the end.
    program = RollingProgram(layout(3, charges_count=1, battery=BATTERY), KW)
    known = ahead([1, 1, 0.5], [0.1, 0.1, 0.4], stored_j=0.0)
    kept = peak(0.1, 0.0, 3, load_kw=1.0, beyond_per_kw=5.0)
    plan = program.solve(replace(known, peaks=(kept,)))
    assert plan.import_w.max() == pytest.approx(1000.0, abs=1e-2)
    assert plan.import_most_w.tolist() == pytest.approx([1000.0] * 3, abs=1e-2)
    low = program.solve(replace(known, peaks=(peak(0.1, 0.0, 3, load_kw=2.0, beyond_per_kw=5.0),)))
    assert low.import_w[:2].sum() == pytest.approx(2000 + 500 / 0.81, abs=1e-2)
    # What is billed in any case costs nothing, whoever made it.
    paid = peak(0.1, 3.0, 3, load_kw=1.0, beyond_per_kw=5.0)
    same = program.solve(replace(known, peaks=(paid,)))
    assert same.import_w[:2].sum() == pytest.approx(2000 + 500 / 0.81, abs=1e-2)


def test_more_load_has_no_room_where_no_accelerators_are_free():
    program = RollingProgram(layout(3, classes_count=1, charges_count=1), KW)
    known = ahead([0, 1, -2], 0.1, most_work_w=np.array([2.0, 3.0, 1.0]) * KW,
                  work=(work([2, 2, 2], [2, 2, 2], 2.0),), peaks=(peak(5.0, 4.0, 3),))
    plan = program.solve(known)
    assert plan.headroom_w.tolist() == pytest.approx([0, 3000, 1000], abs=1e-2)
    assert plan.spare_w.tolist() == pytest.approx([0, 0, 2000], abs=1e-2)


def test_work_is_done_in_the_cheapest_hours_of_its_window():
    program = RollingProgram(layout(4, classes_count=1), KW)
    # 2 kWh at 1 kW, half of it by the end of the third hour.
    known = ahead([1, 1, 1, 1], [0.4, 0.3, 0.2, 0.1],
                  work=(work([0, 0, 1, 2], [1, 2, 2, 2], 1.0),))
    plan = program.solve(known)
    assert plan.work_w[0].tolist() == pytest.approx([0, 0, 1000, 1000], abs=1e-2)
    assert plan.marginal_per_j * KWH == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=1e-4)
    crowded = program.solve(replace(known, most_work_w=np.array([1, 1, 0.5, 0.5]) * KW))
    assert crowded.work_w[0].tolist() == pytest.approx([0, 1000, 500, 500], abs=1e-2)


def test_work_that_may_wait_longer_than_the_plan_reaches_is_done_where_it_is_worth_it():
    program = RollingProgram(layout(2, classes_count=1), KW)
    known = ahead([1, 1], [0.1, 0.3], work=(work([0, 0], [2, 2], 1.0, value=0.2),))
    plan = program.solve(known)
    assert plan.work_w[0].tolist() == pytest.approx([1000, 0], abs=1e-2)


def test_running_jobs_slow_down_where_that_saves_and_time_allows():
    # At 0.6 of the speed half of the power: 0.833 of the energy per work.
    slowing = Slowing(0.6, 0.5 / 0.6, 0.5 / 0.4)
    program = RollingProgram(layout(3, slowing=slowing), KW)
    running = work([0.6, 1.0, 1.0], [1, 1, 1], 1.0)
    slow = program.solve(ahead([0, 0, 0], 0.1, running=running))
    assert slow.speed[0] == pytest.approx(0.6)
    assert slow.import_w[0] == pytest.approx(500.0, abs=1e-2)
    due = program.solve(ahead([0, 0, 0], 0.1, running=work([1, 1, 1], [1, 1, 1], 1.0)))
    assert due.speed[0] == pytest.approx(1.0)
    assert due.import_w[0] == pytest.approx(1000.0, abs=1e-2)


def test_a_carbon_budget_moves_energy_to_clean_hours_until_it_is_kept():
    program = RollingProgram(layout(2, battery=BATTERY, has_budget=True), KW)
    dirty = np.array([0.1, 1.0]) / KWH
    known = ahead([1, 1], 0.1, stored_j=0.0, carbon_kg_per_j=dirty)
    free = program.solve(replace(known, budget_kg=2.0))
    assert free.charge_w[0] == pytest.approx(0.0, abs=1e-2)
    plan = program.solve(replace(known, budget_kg=0.6))
    assert float(plan.import_w @ dirty) * HOUR_S == pytest.approx(0.6)
    # The next plan has other intensities in the same row.
    clean = program.solve(replace(known, budget_kg=0.6, carbon_kg_per_j=0.1 * dirty))
    assert clean.charge_w[0] == pytest.approx(0.0, abs=1e-2)


def test_a_margin_is_kept_free_below_the_import_limit():
    program = RollingProgram(layout(2, battery=BATTERY), KW)
    known = ahead([0.5, 1], [0.1, 0.3], import_limit_w=1.2 * KW)
    safe = program.solve(replace(known, margin_w=np.array([0.4, 0.0]) * KW))
    assert safe.import_w[0] == pytest.approx(800.0, abs=1e-2)
    assert program.solve(known).import_w[0] == pytest.approx(1200.0, abs=1e-2)


def test_a_solver_that_finds_no_plan_is_loud():
    rng = np.random.default_rng(1)
    program = RollingProgram(layout(24, battery=BATTERY), KW)
    program.highs.setOptionValue("simplex_iteration_limit", 0)
    known = ahead(rng.normal(size=24), rng.uniform(0, 1, 24), stored_j=2 * KWH)
    with pytest.raises(RuntimeError, match=r"without a plan \(Iteration limit"):
        program.solve(known)
    program.highs.setOptionValue("simplex_iteration_limit", 10_000)
    assert program.solve(known).import_w.shape == (24,)
