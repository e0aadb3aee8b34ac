"""A battery's limits, by hand."""

import pytest

from sim.energy.battery import Battery, BatteryLimits

LIMITS = BatteryLimits(
    capacity_j=1000.0,
    max_charge_w=50.0,
    max_discharge_w=80.0,
    charge_efficiency=0.8,
    discharge_efficiency=0.5,
    min_soc=0.1,
    max_soc=0.9,
    initial_soc=0.5,
)


def test_charging_stores_the_power_times_the_charge_efficiency():
    battery = Battery(LIMITS)
    battery.charge(10.0, 2.0)
    assert battery.stored_j == pytest.approx(500.0 + 10.0 * 2.0 * 0.8, rel=1e-15)


def test_discharging_draws_the_power_over_the_discharge_efficiency():
    battery = Battery(LIMITS)
    battery.discharge(10.0, 2.0)
    assert battery.stored_j == pytest.approx(500.0 - 10.0 * 2.0 / 0.5, rel=1e-15)


def test_it_is_full_when_the_room_over_the_stored_share_has_been_taken_in():
    # 900 - 500 = 400 J of room, 0.8 stored of each joule: 500 J at 5 W last 100 s.
    assert Battery(LIMITS).time_to_full_s(5.0) == pytest.approx(100.0, rel=1e-15)


def test_it_is_empty_when_the_energy_above_the_floor_has_been_given_out():
    # 500 - 100 = 400 J above the floor give 200 J outside: 2 W last 100 s.
    assert Battery(LIMITS).time_to_empty_s(2.0) == pytest.approx(100.0, rel=1e-15)


def test_a_battery_charged_as_long_as_it_can_is_exactly_full():
    battery = Battery(LIMITS)
    battery.charge(7.77, battery.time_to_full_s(7.77))
    assert battery.soc <= 0.9
    assert battery.soc == pytest.approx(0.9, rel=1e-15)
