"""Water that cooling takes, heat that finds a use, and what the ledger makes of both."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.cooling import Outdoor, cooling_curves
from sim.datacenter.curves import PowerCurve
from sim.datacenter.facility import Facility
from sim.datacenter.heat import HeatReuse
from sim.datacenter.water import evaporated_ratio, makeup_m3_per_j
from sim.ledger.close import close_books
from sim.units import KWH, LITER_M3
from tests.worlds import cluster, job_table, run_log, site, time_grid


def test_four_cycles_take_a_third_more_than_what_evaporates():
    # 1.59 L per kWh evaporate, blown down at 1 / (1 - 1/4)
    assert makeup_m3_per_j(4.0) * KWH / LITER_M3 == pytest.approx(1.59 * 4 / 3)


def test_cycles_that_never_blow_down_or_always_do_are_refused():
    with pytest.raises(ValueError, match="must be above 1"):
        makeup_m3_per_j(1.0)


def test_a_tower_rejects_most_of_its_heat_by_evaporation_and_less_in_the_cold():
    pressure = np.full(2, 101_325.0)
    summer, winter = evaporated_ratio(np.array([30.0, 2.0]), np.array([25.0, 0.0]), pressure)
    # Humidity ratios from the ASHRAE tables: 30/25 degC 18.0 g/kg, saturated at 33 degC 32.6;
    # 2/0 degC 2.95, saturated at 8 degC 6.68. h = 1.006 T + (2501 + 1.86 T) W.
    assert summer == pytest.approx(2562 * 0.0146 / (2562 * 0.0146 + 1.006 * 3), abs=0.01)
    assert winter == pytest.approx(2516 * 0.00373 / (2516 * 0.00373 + 1.006 * 6), abs=0.02)


def test_air_that_leaves_a_tower_cooler_than_it_came_evaporates_more_than_the_heat():
    desert = evaporated_ratio(np.array([42.0]), np.array([20.0]), np.array([101_325.0]))
    assert desert[0] > 1.0


def test_a_tower_also_rejects_what_its_chillers_draw():
    outdoor = Outdoor(np.array([30.0]), np.array([23.0]), np.array([101_325.0]))
    power, evaporation = cooling_curves("water-economizer", outdoor, design_it_w=1e3)
    ratio = evaporated_ratio(outdoor.temp_air, outdoor.wet_bulb, outdoor.pressure)
    chillers_w = power.at_w(1e3) - 100.0 * 0.9991  # fans and pumps
    assert evaporation.at_w(1e3) == pytest.approx(ratio * (1e3 + chillers_w))


def run(*, reuse=None, evaporation=None, grid_water=None, hours=4, step_s=1800.0):
    """Return metrics and steps of 1 kW for the last two of four hours at PUE 1.2."""
    grid = time_grid(hours, step_s)
    facility = Facility.of_pue(1.2, grid.n_steps)
    if evaporation is not None:
        curve = PowerCurve.proportional(evaporation, grid.n_steps)
        facility = replace(facility, evaporation=curve, water_m3_per_j=2.0 * LITER_M3 / KWH)
    here = replace(
        site(grid, clusters=[cluster(10, tdp_w=100.0)], facility=facility),
        heat_reuse=reuse and reuse(grid.n_steps),
        grid_water_m3_per_j=grid_water,
    )
    log = run_log([here], job_table([7200.0], [7200.0], [10]))
    metrics, steps, _ = close_books(log, ["training"])
    return metrics, steps


def test_water_follows_the_heat_that_evaporates_it():
    metrics, steps = run(evaporation=0.5, grid_water=3.0 * LITER_M3 / KWH)
    # 2 kWh of IT, half of it evaporates 2 L/kWh
    assert metrics["water_l"] == pytest.approx(2.0)
    assert steps["water_l"].tolist() == pytest.approx([0.0] * 4 + [0.5] * 4)
    assert metrics["wue_l_per_kwh"] == pytest.approx(1.0)
    assert metrics["wue_source_l_per_kwh"] == pytest.approx(1.0 + 1.2 * 3.0)


def test_water_that_is_not_known_is_null():
    metrics, _ = run()
    unknown = ("water_l", "wue_l_per_kwh", "wue_source_l_per_kwh", "energy_reused_kwh", "ere")
    assert [metrics[name] for name in unknown] == [None] * len(unknown)
    metrics, _ = run(evaporation=0.5)
    assert metrics["wue_l_per_kwh"] == pytest.approx(1.0)
    assert metrics["wue_source_l_per_kwh"] is None


def test_heat_is_reused_up_to_what_is_captured_and_lowers_ere():
    metrics, steps = run(reuse=lambda n: HeatReuse(np.full(n, 0.75), np.inf))
    assert metrics["energy_reused_kwh"] == pytest.approx(1.5)
    assert metrics["ere"] == pytest.approx(1.2 - 0.75)
    assert metrics["erf"] == pytest.approx(0.75 / 1.2)
    assert (1 - metrics["erf"]) * metrics["pue"] == pytest.approx(metrics["ere"])
    assert steps["heat_reused_kw"].tolist() == pytest.approx([0.0] * 4 + [0.75] * 4)


def test_no_more_heat_is_taken_than_there_is_room_for_nor_out_of_season():
    metrics, _ = run(reuse=lambda n: HeatReuse(np.full(n, 0.75), 500.0))
    assert metrics["energy_reused_kwh"] == pytest.approx(1.0)
    season = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    metrics, _ = run(reuse=lambda n: HeatReuse(season, np.inf))
    assert metrics["energy_reused_kwh"] == pytest.approx(1.0)


def test_the_network_evens_out_an_hour():
    # 1 kW in half of the hour: 500 W in its mean, as much as the network takes
    taken = HeatReuse(np.ones(2), 500.0).reused_w(np.array([1000.0, 0.0]), np.array([0, 0]))
    assert taken.tolist() == [1000.0, 0.0]
    taken = HeatReuse(np.ones(2), 250.0).reused_w(np.array([1000.0, 0.0]), np.array([0, 0]))
    assert taken.tolist() == [500.0, 0.0]
