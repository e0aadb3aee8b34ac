"""Plans of one site's energy against schedules worked out by hand."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.grid.events import ResponseEvent
from sim.grid.instruments import Instruments, PowerContract
from sim.optimize.bound import deferral_bounds, storage_bound
from sim.optimize.horizon import Horizon, Rates
from sim.optimize.lp import Solver
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff
from sim.site.node import MarketNode
from sim.units import KW, KWH
from tests.worlds import site, time_grid

FREE = Connection(math.inf, math.inf)


def battery(kwh=1.0, kw=1.0, *, charge=1.0, discharge=1.0, soc=0.0, **more):
    return BatteryLimits(kwh * KWH, kw * KW, kw * KW, charge, discharge, 0.0, 1.0, soc, **more)


def horizon(net_kw, price, *, export_price=0.0, held=None, connection=FREE, **more):
    """Return hours with a price in USD/kWh each."""
    net_w = np.array(net_kw, dtype=float) * KW
    import_per_j = np.broadcast_to(np.asarray(price, dtype=float), net_w.shape) / KWH
    export_per_j = np.broadcast_to(np.asarray(export_price, dtype=float), net_w.shape) / KWH
    rates = Rates(import_per_j, export_per_j, unserved_per_j=10.0 / KWH)
    return Horizon(net_w, 3600.0, rates, connection, held, **more)


def solve(*args, **kwargs):
    return Solver().solve(horizon(*args, **kwargs))


def hours(load_kw, price=0.1, **columns):
    """Return a site with a load and a price in each hour, and its load in W."""
    grid = time_grid(len(load_kw), 3600.0)
    load_w = np.array(load_kw, dtype=float) * KW
    price = np.broadcast_to(np.asarray(price, dtype=float), load_w.shape)
    return site(grid, base_load_w=load_w, price_usd_per_j=price / KWH, **columns), load_w


def bound_of(place, **kwargs):
    here, load_w = place
    return storage_bound(here, load_w, **kwargs)


def test_energy_is_bought_when_cheap_and_used_when_dear():
    plan = solve([-1, -1], [0.1, 0.3], held=battery())
    assert plan.total == pytest.approx(0.2)
    assert plan.import_w.tolist() == pytest.approx([2000.0, 0.0])
    assert plan.stored_j.tolist() == pytest.approx([KWH, 0.0])


def test_losses_are_paid_on_the_way_in_and_out():
    # 1 kW of charging stores 0.8 kWh, which give back 0.72: 2 kWh at 0.1 and 0.28 at 0.3 USD.
    plan = solve([-1, -1], [0.1, 0.3], held=battery(charge=0.8, discharge=0.9))
    assert plan.total == pytest.approx(0.284)


def test_storing_that_loses_more_than_the_price_difference_is_left():
    plan = solve([-1, -1], [0.1, 0.13], held=battery(charge=0.8, discharge=0.9))
    assert plan.total == pytest.approx(0.23)
    assert plan.charge_w.max() == pytest.approx(0.0, abs=1e-6)


def test_surplus_beyond_the_export_limit_is_curtailed():
    plan = solve([3, 2], 0.1, export_price=0.05, connection=Connection(math.inf, KW))
    assert plan.export_w.tolist() == pytest.approx([1000.0, 1000.0])
    assert plan.curtailed_w.tolist() == pytest.approx([2000.0, 1000.0])
    assert plan.total == pytest.approx(-0.1)


def test_load_beyond_the_import_limit_is_served_from_the_battery_and_else_unserved():
    plan = solve([-3], 0.1, held=battery(soc=0.5), connection=Connection(KW, KW))
    assert plan.discharge_w.tolist() == pytest.approx([500.0])
    assert plan.unserved_w.tolist() == pytest.approx([1500.0])
    assert plan.total == pytest.approx(0.1 + 1.5 * 10.0)


def test_final_stored_energy_is_kept_where_it_is_asked_for():
    plan = solve([-1, -1], [0.1, 0.3], held=battery(soc=0.5), final_stored_j=0.5 * KWH)
    assert plan.stored_j[-1] == pytest.approx(0.5 * KWH)
    # Half a kWh moves from the dear hour to the cheap one.
    assert plan.total == pytest.approx(1.5 * 0.1 + 0.5 * 0.3)


def test_final_stored_energy_out_of_reach_is_refused():
    with pytest.raises(ValueError, match="No plan meets the final stored energy"):
        solve([-1], 0.1, held=battery(kwh=5), final_stored_j=5 * KWH)


def test_a_price_that_is_no_number_is_named():
    with pytest.raises(ValueError, match=r"import_per_j\[1\] is nan"):
        solve([-1, -1], [0.1, np.nan])


def test_numbers_that_the_solver_refuses_are_an_error():
    with pytest.raises(RuntimeError, match="refuses the program's numbers"):
        solve([-1], 0.1, held=battery(discharge=1e-16))


def test_a_solve_that_stops_early_is_done_again_from_nothing_and_then_fails_loudly():
    rng, solver = np.random.default_rng(1), Solver()
    day = horizon(rng.normal(size=24), rng.uniform(0, 1, 24), held=battery(charge=0.9))
    solver.highs.setOptionValue("simplex_iteration_limit", 0)
    assert solver.solve(horizon([-1], 0.1)).total == pytest.approx(0.1)  # presolve alone solves it
    with pytest.raises(RuntimeError, match=r"stopped without a solution \(Iteration limit reached"):
        solver.solve(day)
    solver.highs.setOptionValue("simplex_iteration_limit", 10_000)
    assert solver.solve(day).total == pytest.approx(Solver().solve(day).total)


def test_a_warm_start_changes_no_result():
    rng, solver = np.random.default_rng(4), Solver()
    for _ in range(5):
        day = horizon(rng.normal(size=48), rng.uniform(0, 1, 48), held=battery(kwh=4, soc=0.5))
        assert solver.solve(day).total == pytest.approx(Solver().solve(day).total, rel=1e-9)
    solver.solve(day)
    assert solver.highs.getInfo().simplex_iteration_count == 0


def test_solver_prints_nothing(capfd):
    solve([-1], 0.1)
    assert capfd.readouterr() == ("", "")


def test_export_that_earns_more_than_import_costs_is_no_money_machine():
    # Without a battery nothing can be traded: 1 kW of load is imported.
    assert solve([-1], 0.1, export_price=0.5).total == pytest.approx(0.1)
    # An empty one of 1 kW may charge in half of the hour and discharge in the other half.
    assert solve([0], 0.1, export_price=0.5, held=battery()).total == pytest.approx(-0.2)


def test_supply_is_curtailed_only_while_export_is_at_its_limit():
    # 3 kW into the battery for 20 minutes, then 1 kW of export that costs 0.5 USD/kWh, 2 curtailed.
    limits = Connection(math.inf, KW)
    plan = solve([3], 0.1, export_price=-0.5, held=battery(kwh=1, kw=3), connection=limits)
    assert plan.total == pytest.approx(0.5 * 2 / 3)


def test_a_negative_price_pays_for_what_the_battery_takes_in_and_no_more():
    room = replace(battery(kw=2.0), max_discharge_w=0.0)
    plan = solve([2, 0], -0.1, connection=Connection(math.inf, 5 * KW), held=room)
    # 1 kWh can be taken in; sun is not curtailed to import, nor imported to be exported.
    assert plan.total == pytest.approx(-0.1)
    assert plan.curtailed_w.max() == pytest.approx(0.0, abs=1e-6)


def test_self_discharge_takes_its_share_of_what_is_stored():
    leak = -math.log(0.9) / 3600.0
    held = battery(charge=0.9, discharge=0.9, soc=1.0, self_discharge_per_s=leak)
    plan = solve([0, -1], 1.0, held=held)
    # 0.9 kWh are left after the first hour and 0.81 after the second; 0.9 of them can be given out,
    # 1 / 0.9 as much if it is all given out before it leaks.
    assert plan.total == pytest.approx(1.0 - 0.9 * 0.81 / 0.9)


def test_a_battery_may_lose_more_than_its_efficiencies_say():
    # Half of 1 kW is lost in the cells: 1 kWh of room takes in 2 kWh, for 0.1 USD each.
    plan = solve([0, 0], -0.1, held=battery(resistive_loss_per_w=5e-4))
    assert plan.total == pytest.approx(-0.2)


def test_the_bound_of_a_site_without_a_battery_is_its_bill():
    assert bound_of(hours([1, 2, 3], [0.1, 0.2, 0.3])).value == pytest.approx(1.4)


def test_a_demand_charge_is_spread_by_the_battery():
    tariff = Tariff(demand_charge_usd_per_kw=720.0, demand_interval_min=60)
    here, load_w = hours([0, 2], 0.0, battery=battery(kwh=1, kw=1))
    here = replace(here, tariff=tariff)
    # June has 720 hours, of which the run covers 2: 2 USD/kW on a peak of 1 kW instead of 2.
    assert storage_bound(here, load_w).value == pytest.approx(2.0)
    assert storage_bound(replace(here, battery=None), load_w).value == pytest.approx(4.0)


def test_a_demand_charge_counts_in_its_hours_only():
    charge = DemandCharge(charge_usd_per_kw=720.0, from_hour=1, to_hour=2, interval_min=60)
    here, load_w = hours([2, 1, 2], 0.0)
    here = replace(here, tariff=Tariff(demand_charges=(charge,)))
    assert storage_bound(here, load_w).value == pytest.approx(3.0)


def test_a_ratchet_carries_a_peak_into_the_next_month():
    charge = DemandCharge(charge_usd_per_kw=1.0, interval_min=60, ratchet_fraction=0.5)
    here, load_w = hours([8, 1], 0.0)
    turn = here.grid.start + timedelta(days=29) - timedelta(hours=1)
    tariff = Tariff(demand_charges=(charge,))
    here = replace(here, grid=replace(here.grid, start=turn), tariff=tariff)
    # 8 kW in one hour of June's 720; half of that in one hour of July's 744.
    assert storage_bound(here, load_w).value == pytest.approx(8 / 720 + 4 / 744)


def test_import_beyond_a_block_costs_more():
    blocks = (
        EnergyBlock(up_to_kwh=360.0, energy_usd_per_kwh=0.0),
        EnergyBlock(up_to_kwh=None, energy_usd_per_kwh=0.2),
    )
    here, load_w = hours([2, 1], 0.1)
    # 2 of 720 hours: the first block ends at 1 kWh.
    assert storage_bound(replace(here, tariff=Tariff(blocks=blocks)), load_w).value == (
        pytest.approx(0.3 + 2 * 0.2)
    )


def test_a_block_whose_price_falls_costs_as_little_as_the_next():
    blocks = (
        EnergyBlock(up_to_kwh=360.0, energy_usd_per_kwh=0.2),
        EnergyBlock(up_to_kwh=720.0, energy_usd_per_kwh=0.1),
        EnergyBlock(up_to_kwh=None, energy_usd_per_kwh=0.4),
    )
    here, load_w = hours([2, 1], 0.2)
    # 1 kWh in each of the first two blocks, which have the mean of both, and 1 in the last.
    assert storage_bound(replace(here, tariff=Tariff(blocks=blocks)), load_w).value == (
        pytest.approx(2 * 0.15 + 0.4)
    )
    last = replace(here, tariff=Tariff(blocks=(*blocks[:1], EnergyBlock(energy_usd_per_kwh=0.1))))
    assert storage_bound(last, load_w).value == pytest.approx(3 * 0.1)


def contracts(power_kw, strike, market):
    """Return a power purchase agreement over two hours, prices in USD/kWh."""
    return Instruments(
        contracts=(PowerContract("ppa", np.full(2, power_kw * KW), strike / KWH),),
        certificates_w=0.0,
        certificates_usd_per_s=0.0,
        market_price_usd_per_j=np.full(2, market / KWH),
        residual_carbon_kg_per_j=np.full(2, np.nan),
    )


def test_contracted_energy_is_used_before_more_is_bought():
    here, load_w = hours([2, 0], [0.1, 0.1])
    # 2 kWh at 0.05; one meets load, the other is sold at 0.02; one more is bought at 0.1.
    here = replace(here, instruments=contracts(1, 0.05, 0.02))
    assert storage_bound(here, load_w).value == pytest.approx(0.1 - 0.02 + 0.1)


def test_contracted_energy_that_is_not_used_is_not_exported_at_once():
    here, load_w = hours([0, 0], 0.1, export_price_usd_per_j=0.05 / KWH, battery=battery())
    here = replace(here, instruments=contracts(5, 0.0, np.nan))
    # It can go through the battery: stored in one hour and exported in the other; half of each hour
    # at most charges, so no more than 1 kWh is exported.
    assert storage_bound(here, load_w).value == pytest.approx(-0.05)


def test_carbon_has_its_own_bounds():
    place = hours(
        [1, 1],
        average_carbon_kg_per_j=np.array([0.2, 0.6]) / KWH,
        marginal_carbon_kg_per_j=np.array([0.7, 0.3]) / KWH,
        battery=battery(),
    )
    assert bound_of(place, objective="carbon_location_kg").value == pytest.approx(2 * 0.2)
    # What is stored in the first hour would emit more: nothing is.
    assert bound_of(place, objective="carbon_marginal_kg").value == pytest.approx(0.7 + 0.3)


def test_an_outage_is_bridged_by_battery_and_generator():
    here, load_w = hours([1, 1, 1], 0.1, battery=battery(kwh=0.25, soc=1.0))
    limits = FREE._replace(backup_limit_w=0.25 * KW)
    here = replace(here, connection=limits, outages_s=((3600.0, 7200.0),), backup_usd_per_j=1 / KWH)
    bound = storage_bound(here, load_w)
    # An hour without grid: 0.25 kWh from the generator at its most, 0.25 from the battery.
    assert bound.unserved_j == pytest.approx(0.5 * KWH)
    assert bound.value == pytest.approx(0.1 * 2.0 + 1.0 * 0.25)


def test_an_outage_of_a_part_of_a_step_leaves_the_rest_of_it():
    here, load_w = hours([1, 1, 1])
    bound = storage_bound(replace(here, outages_s=((900.0, 3600.0), (5400.0, 9000.0))), load_w)
    # A quarter of the first hour, half of the second, half of the third have grid.
    assert bound.plan.import_w.tolist() == pytest.approx([250.0, 500.0, 500.0])


def test_load_may_stay_unserved_up_to_a_limit_at_no_cost():
    limits = Connection(2e3, 0.0)
    here, load_w = hours([3, 1], [0.1, 0.9], battery=battery(soc=1.0), connection=limits)
    # All can be served: the battery gives what the grid cannot, and the dear hour is imported.
    assert storage_bound(here, load_w).value == pytest.approx(0.2 + 0.9)
    # Left unserved in the first hour, as the grid is at its limit then, it spares the dear hour.
    assert storage_bound(here, load_w, unserved_j=KWH).value == pytest.approx(0.2)


def test_load_is_unserved_only_while_import_and_generator_are_at_their_limits():
    # Settled at its best: 3 kW from the battery for 20 minutes, then 2 kW of import and 1 unserved.
    held, limits = battery(kwh=1, kw=3, soc=1.0), Connection(2e3, 0.0)
    here, load_w = hours([3], 0.9, battery=held, connection=limits)
    assert storage_bound(here, load_w, unserved_j=9 * KWH).value == pytest.approx(0.9 * 4 / 3)
    # A generator that can serve the load does.
    here, load_w = hours([1], connection=Connection(0.0, 0.0, 2e3))
    here = replace(here, backup_usd_per_j=1.0 / KWH)
    assert storage_bound(here, load_w, unserved_j=9 * KWH).value == pytest.approx(1.0)


def test_unserved_load_below_what_there_must_be_is_refused():
    here, load_w = hours([3], connection=Connection(1e3, 0))
    with pytest.raises(ValueError, match="limit of unserved load"):
        storage_bound(here, load_w, unserved_j=KWH)


def test_what_a_linear_program_cannot_price_has_no_bound():
    here, load_w = hours([1, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match="price_usd_per_j is unknown in step 1"):
        storage_bound(here, load_w)
    known, load_w = hours([1, 1])
    moved = replace(known, node=MarketNode("1", None, None, None, 0.0))
    with pytest.raises(ValueError, match="a market that answers to its load"):
        storage_bound(moved, load_w)
    assert storage_bound(moved, load_w, objective="carbon_location_kg").value == 0.0


def test_a_demand_response_event_pays_no_more_than_its_promise():
    event = ResponseEvent(0, 1, 1e3, 1e3, payment_usd_per_j=0.05 / KWH, penalty_usd_per_j=0.0)
    here, load_w = hours([1, 1], 0.1)
    assert storage_bound(replace(here, responses=(event,)), load_w).value == pytest.approx(0.15)


def test_an_island_needs_no_price():
    here, load_w = hours([1, 1], np.nan, battery=battery(soc=1.0), connection=Connection(0.0, 0.0))
    bound = storage_bound(here, load_w)
    assert (bound.value, bound.unserved_j) == (0.0, pytest.approx(KWH))


def test_deferral_takes_the_least_window_and_the_least_steps():
    bounds = deferral_bounds(np.array([5.0, 1.0, 4.0, 2.0]), length_count=2, slack_count=1)
    assert bounds.no_delay.tolist() == [6.0, 5.0, 6.0]
    assert bounds.contiguous.tolist() == [5.0, 5.0, 6.0]
    assert bounds.interruptible.tolist() == [5.0, 3.0, 6.0]


@pytest.mark.parametrize(("length", "slack"), [(0, 1), (5, 1), (2, -1)])
def test_deferral_of_an_impossible_job_is_refused(length, slack):
    with pytest.raises(ValueError, match="has no bound on a signal of 4"):
        deferral_bounds(np.zeros(4), length_count=length, slack_count=slack)
