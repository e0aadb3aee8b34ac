from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from sim.errors import DataError
from sim.grid.network.opf import OptimalPowerFlow
from sim.grid.network.topology import incidence, loops
from sim.grid.network.year import solve_year
from tests.grids import network

VOLL = 9000.0

# A triangle of equal lines: two thirds of what A sends to C take the direct line, one third of what
# B sends. With 90 MW at C and 50 MW on the line A-C: 2/3 a + 1/3 b = 50 and a + b = 90.
TRIANGLE = network(
    "ABC", lines=[("AC", 1.0, 50.0), ("AB", 1.0, 99.0), ("BC", 1.0, 99.0)],
    units=[("A", 200.0, 10.0, 900.0), ("B", 200.0, 30.0, 400.0)], load_mw=[0.0, 0.0, 90.0],
)


def test_power_divides_by_reactance_and_a_full_line_parts_the_prices():
    year = solve_year(TRIANGLE)
    assert year.generation_mw[0] == pytest.approx([60.0, 30.0])
    assert year.line_flow_mw[0] == pytest.approx([50.0, 10.0, 40.0])
    # One MW more at C: one less from A and two more from B, or the line would be over its rating.
    assert year.lmp_usd_per_mwh[0] == pytest.approx([10.0, 30.0, 50.0])
    assert year.cost_usd[0] == pytest.approx(60 * 10 + 30 * 30)
    assert year.co2_kg[0] == pytest.approx(60 * 900 + 30 * 400)


def test_marginal_emissions_are_those_of_all_generators_that_respond():
    year = solve_year(TRIANGLE)
    # 2 * 400 - 900: more demand at C lowers the emissions.
    assert year.marginal_emissions_kg_per_mwh[0] == pytest.approx([900.0, 400.0, -100.0])
    assert year.average_intensity_kg_per_mwh[0] == pytest.approx((60 * 900 + 30 * 400) / 90)


def test_the_price_of_a_limit_is_what_more_of_it_saves():
    year = solve_year(TRIANGLE)
    # One MW more on A-C: three more from A in place of three from B, 20 USD each.
    assert year.limit_price_usd_per_mwh[0] == pytest.approx([60.0, 0.0, 0.0])
    assert year.congested.tolist() == [True]


def test_a_carbon_price_turns_the_order_of_generators():
    # Coal 10 + 0.9 p against gas 30 + 0.4 p: equal at 40 USD/t.
    pair = network("A", units=[("A", 50.0, 10.0, 900.0), ("A", 50.0, 30.0, 400.0)], load_mw=[50.0])
    for price, expected in ((39.0, [50.0, 0.0]), (41.0, [0.0, 50.0])):
        year = solve_year(pair, carbon_price_usd_per_t=price)
        assert year.generation_mw[0] == pytest.approx(expected)
    assert year.cost_usd[0] == pytest.approx(50 * 30)
    assert year.objective_usd[0] == pytest.approx(50 * (30 + 0.4 * 41))


def test_demand_beyond_all_supply_is_shed_at_the_value_of_lost_load():
    short = network("AB", lines=[("AB", 1.0, 30.0)], units=[("A", 100.0, 10.0, 500.0)],
                    load_mw=[20.0, 50.0])
    year = solve_year(short)
    assert year.shed_mw[0] == pytest.approx([0.0, 20.0])
    assert year.lmp_usd_per_mwh[0] == pytest.approx([10.0, VOLL])
    assert year.marginal_emissions_kg_per_mwh[0] == pytest.approx([500.0, 0.0])
    assert year.unserved_mwh[0] == pytest.approx(20.0)
    assert year.objective_usd[0] == pytest.approx(50 * 10 + 20 * VOLL)


def test_shedding_costs_what_the_user_says():
    short = network("A", units=[("A", 10.0, 10.0)], load_mw=[15.0],
                    value_of_lost_load_usd_per_mwh=200.0)
    assert solve_year(short).lmp_usd_per_mwh[0] == pytest.approx([200.0])


def test_islands_have_prices_of_their_own_and_one_without_supply_is_shed():
    apart = network("ABCDE", lines=[("AB", 1.0, 99.0), ("CD", 1.0, 99.0)],
                    units=[("A", 50.0, 10.0), ("C", 50.0, 20.0), ("E", 1.0, 30.0)],
                    load_mw=[5.0, 5.0, 0.0, 8.0, 2.0])
    year = solve_year(apart)
    assert apart.islands().tolist() == [0, 0, 1, 1, 2]
    assert year.lmp_usd_per_mwh[0] == pytest.approx([10.0, 10.0, 20.0, 20.0, VOLL])
    assert year.unserved_mwh[0] == pytest.approx(1.0)


def test_a_link_loses_power_and_can_be_used_either_way():
    linked = network("AB", links=[("AB", 100.0, 0.9)],
                     units=[("A", 200.0, [10.0, 50.0]), ("B", 200.0, [40.0, 20.0])],
                     load_mw=[[0.0, 45.0], [45.0, 0.0]])
    year = solve_year(linked)
    # To serve 45 MW, 50 MW leave A; backwards, the end at B counts 0.9 of the flow at A.
    assert year.link_flow_mw[:, 0] == pytest.approx([50.0, -45.0])
    assert year.generation_mw == pytest.approx(np.array([[50.0, 0.0], [0.0, 40.5]]))
    assert year.lmp_usd_per_mwh[0] == pytest.approx([10.0, 10.0 / 0.9])


def test_a_link_costs_what_leaves_its_first_bus():
    linked = network("AB", links=[("AB", 100.0, 1.0)], units=[("A", 200.0, 10.0)],
                     load_mw=[0.0, 40.0])
    linked = replace(linked, links=replace(linked.links, cost_usd_per_mwh=np.array([2.0])))
    year = solve_year(linked)
    assert year.cost_usd[0] == pytest.approx(40 * 12)
    assert year.lmp_usd_per_mwh[0] == pytest.approx([10.0, 12.0])


def test_sun_that_finds_no_demand_is_curtailed_at_a_price_of_nothing():
    sunny = network("A", units=[("A", [0.0, 80.0], 0.0), ("A", 99.0, 25.0, 300.0)],
                    load_mw=[[50.0], [50.0]])
    year = solve_year(sunny)
    assert year.curtailed_mw == pytest.approx([0.0, 30.0])
    assert year.lmp_usd_per_mwh[:, 0] == pytest.approx([25.0, 0.0])
    assert year.carbon_free_fraction == pytest.approx([0.0, 1.0])


def test_hours_may_be_solved_in_any_order_and_with_more_demand():
    costs = network("A", units=[("A", [30.0, 60.0], [10.0, 20.0]), ("A", 99.0, 35.0)],
                    load_mw=[[20.0], [40.0]])
    flow = OptimalPowerFlow(costs)
    prices = [flow.solve(hour).lmp_usd_per_mwh[0] for hour in (1, 0, 1)]
    assert prices == pytest.approx([20.0, 10.0, 20.0])
    assert flow.solve(0, np.array([15.0])).lmp_usd_per_mwh[0] == pytest.approx(35.0)
    assert flow.solve(0).lmp_usd_per_mwh[0] == pytest.approx(10.0)


def test_demand_may_be_taken_away_but_not_below_nothing():
    flow = OptimalPowerFlow(TRIANGLE)
    less = np.array([0.0, 0.0, -80.0])
    assert flow.solve(0, less).generation_mw == pytest.approx([10.0, 0.0])
    with pytest.raises(ValueError, match='demand at bus "C" is -10 MW'):
        flow.solve(0, np.array([0.0, 0.0, -100.0]))
    with pytest.raises(ValueError, match='demand at bus "B" is nan MW'):
        flow.solve(0, np.array([0.0, np.nan, 0.0]))


def test_hours_can_stand_for_others_in_totals():
    weighted = replace(TRIANGLE, weight_h=np.array([24.0]))
    assert solve_year(weighted).cost_usd.sum() == pytest.approx(24 * (60 * 10 + 30 * 30))


def must_run(load_mw):
    one = network("A", units=[("A", 50.0, 10.0)], load_mw=load_mw)
    return replace(one, units=replace(one.units, p_min_mw=np.full((len(load_mw), 1), 20.0)))


def test_an_hour_that_cannot_take_what_must_run_is_named():
    flow = OptimalPowerFlow(must_run([[30.0], [15.0], [25.0]]))
    flow.solve(0)
    with pytest.raises(DataError, match=r"hour 2025-01-01 01:00.*no dispatch is possible. 20 MW"):
        flow.solve(1)
    assert flow.solve(2).generation_mw == pytest.approx([25.0])  # the next hour is none the worse


def test_a_solve_that_stops_early_is_tried_again_from_nothing_with_presolve():
    flow = OptimalPowerFlow(network("A", units=[("A", 50.0, 10.0, 700.0)], load_mw=[20.0]))
    # Not one step of the simplex is allowed; presolve alone finds the dispatch.
    flow._solver.setOptionValue("simplex_iteration_limit", 0)
    dispatch = flow.solve(0)
    assert dispatch.generation_mw == pytest.approx([20.0])
    assert dispatch.marginal_emissions_kg_per_mwh == pytest.approx([700.0])


def test_what_the_solver_cannot_do_either_way_is_no_result():
    flow = OptimalPowerFlow(TRIANGLE)
    flow._solver.setOptionValue("time_limit", 0.0)
    with pytest.raises(DataError, match=r"small, hour 2025-01-01 00:00.*no dispatch found \(Time"):
        flow.solve(0)


def test_the_solver_prints_nothing(capfd):
    OptimalPowerFlow(TRIANGLE).solve(0)
    assert capfd.readouterr() == ("", "")


def test_progress_goes_from_nothing_to_one():
    heard = []
    solve_year(TRIANGLE.at_hours(np.zeros(250, dtype=int)), on_progress=heard.append)
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)


@st.composite
def random_networks(draw):
    """Draw connected or broken networks with parallel lines, of up to eight buses."""
    count = draw(st.integers(2, 8))
    buses = "ABCDEFGH"[:count]
    numbers = st.integers(1, 40)
    pairs = st.tuples(st.sampled_from(buses), st.sampled_from(buses)).filter(lambda p: p[0] != p[1])
    lines = [
        (a + b, draw(numbers) / 10, draw(numbers) * 2.0)
        for a, b in draw(st.lists(pairs, min_size=1, max_size=14))
    ]
    units = [(draw(st.sampled_from(buses)), draw(numbers) * 4.0, cost + draw(numbers) / 97)
             for cost in range(1, draw(st.integers(2, 6)))]
    # Every bus has a generator: then none has demand that nothing reaches.
    units += [(bus, 1.0, 70.0 + place) for place, bus in enumerate(buses)]
    load_mw = [draw(st.integers(0, 60)) * 1.0 for _ in buses]
    named = [(pair, x, rating) for pair, x, rating in lines]
    grid = network(buses, lines=named[:1], units=units, load_mw=load_mw)
    ends = np.array([[buses.index(a), buses.index(b)] for (a, b), _, _ in named])
    every = replace(
        grid.lines, names=tuple(f"L{k}" for k in range(len(named))), from_bus=ends[:, 0],
        to_bus=ends[:, 1], reactance_rad_per_mw=np.array([x for _, x, _ in named]),
        rating_mw=np.array([rating for *_, rating in named]),
    )
    return replace(grid, lines=every)


def cost_with_angles(grid, extra_mw=0.0, bus=0):
    """Solve the same hour with voltage angles, by another program."""
    lines, units, count = grid.lines, grid.units, len(grid.buses.names)
    leaving = incidence(lines.from_bus, lines.to_bus, arriving_fraction=np.ones(len(lines.names)),
                        buses_count=count).toarray()
    susceptance = np.diag(1 / lines.reactance_rad_per_mw)
    at_bus = np.zeros((count, len(units.names)))
    at_bus[units.bus, np.arange(len(units.names))] = 1.0
    load_mw = grid.load_mw[0] + extra_mw * (np.arange(count) == bus)
    flows = susceptance @ leaving.T
    nothing = np.zeros((len(lines.names), len(units.names) + count))
    found = linprog(
        c=np.concatenate([units.cost_usd_per_mwh[0], np.full(count, VOLL), np.zeros(count)]),
        A_eq=np.hstack([at_bus, np.eye(count), -leaving @ flows]), b_eq=load_mw,
        A_ub=np.vstack([np.hstack([nothing, flows]), np.hstack([nothing, -flows])]),
        b_ub=np.tile(lines.rating_mw, 2),
        bounds=[(0, high) for high in units.p_max_mw[0]] + [(0, high) for high in load_mw]
        + [(None, None)] * count,
    )
    assert found.success
    return found.fun


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.integers(0, 7))
def test_any_network_costs_what_it_costs_with_voltage_angles_and_prices_are_its_slopes(grid, bus):
    year = solve_year(grid)
    least_usd = cost_with_angles(grid)
    assert year.objective_usd[0] == pytest.approx(least_usd, rel=1e-7, abs=1e-6)
    bus %= len(grid.buses.names)
    # A price is a slope of the convex cost: no chord to the right is flatter, none left steeper.
    price, step_mw = year.lmp_usd_per_mwh[0, bus], 0.5
    assert cost_with_angles(grid, step_mw, bus) - least_usd >= price * step_mw - 1e-4
    if grid.load_mw[0, bus] >= step_mw:
        assert least_usd - cost_with_angles(grid, -step_mw, bus) <= price * step_mw + 1e-4


@settings(max_examples=60, deadline=None)
@given(random_networks())
def test_loops_are_closed_independent_and_all_there_are(grid):
    lines, count = grid.lines, len(grid.buses.names)
    around = loops(lines, count)
    assert isinstance(around, csr_array)
    leaving = incidence(lines.from_bus, lines.to_bus, arriving_fraction=np.ones(len(lines.names)),
                        buses_count=count)
    islands = grid.islands().max() + 1  # these networks have no links
    assert around.shape[0] == len(lines.names) - count + islands
    assert not (leaving @ around.T).toarray().any()
    assert np.linalg.matrix_rank(around.toarray()) == around.shape[0]
