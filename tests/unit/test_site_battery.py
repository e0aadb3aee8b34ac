"""A battery of the scenario in SI, by hand."""

import math

import pytest

from sim.energy.aging_laws import NaumannLaw
from sim.energy.battery import BatteryLimits
from sim.energy.battery_models import make_battery
from sim.energy.dispatch import Connection, settle
from sim.scenario.schema.battery import Battery, Degradation
from sim.site.battery import auxiliary_w, battery_limits

PLAIN = {"capacity_kwh": 100.0, "max_charge_kw": 50.0, "max_discharge_kw": 80.0}


def test_no_battery_has_no_limits_and_draws_nothing():
    assert battery_limits(None) is None
    assert auxiliary_w(None) == 0.0


def test_a_plain_battery_has_only_its_plain_limits():
    assert battery_limits(Battery(**PLAIN)) == BatteryLimits(
        3.6e8, 5e4, 8e4, 0.95, 0.95, 0.05, 0.95, 0.5
    )
    assert auxiliary_w(Battery(**PLAIN)) == 0.0


def test_losses_come_by_power_and_by_second():
    spec = Battery(
        **PLAIN,
        resistive_loss_fraction=0.04,
        self_discharge_fraction_per_day=0.5,
        auxiliary_kw=1.5,
        taper_above_soc=0.8,
        taper_below_soc=0.1,
    )
    limits = battery_limits(spec)
    # 4 % of the larger power, 80 kW, are lost at that power.
    assert limits.resistive_loss_per_w * 8e4**2 == pytest.approx(0.04 * 8e4, rel=1e-15)
    assert limits.self_discharge_per_s * 86400 == pytest.approx(math.log(2.0), rel=1e-15)
    assert (limits.taper_above_soc, limits.taper_below_soc) == (0.8, 0.1)
    assert auxiliary_w(spec) == 1500.0


def test_a_clc_battery_has_its_cells_efficiencies():
    limits = battery_limits(Battery(**PLAIN, model="clc", charge_efficiency=0.5))
    assert limits.charge_efficiency == 0.978
    assert limits.discharge_efficiency == pytest.approx(1 / 1.014, rel=1e-15)
    assert limits.clc.upper_lag_s == pytest.approx(1.326 / 3.63 * 3600, rel=1e-15)
    assert limits.clc.charge_rate_per_s == pytest.approx(0.7 / 3600, rel=1e-15)


def test_aging_comes_with_its_terms():
    wear = battery_limits(
        Battery(**PLAIN, degradation=Degradation(
            aging="lfp-sony-3ah", temperature_c=30.0, replacement_usd_per_kwh=180.0
        ))
    ).wear  # fmt: skip
    assert isinstance(wear.law, NaumannLaw)
    assert wear.temperature_k == pytest.approx(303.15, rel=1e-15)
    assert wear.end_of_life_fraction == 0.8
    assert wear.replacement_usd_per_j == pytest.approx(180.0 / 3.6e6, rel=1e-15)


def test_a_day_of_idling_costs_the_share_of_charge_that_the_scenario_says():
    battery = make_battery(battery_limits(Battery(**PLAIN, self_discharge_fraction_per_day=0.25)))
    for _ in range(288):
        settle(-1e3, battery, (0.0, 0.0), Connection(math.inf, 0.0), 300.0)
    assert battery.stored_j == pytest.approx(0.75 * 1.8e8, rel=1e-12)
