"""A battery's limits, by hand."""

from dataclasses import replace

import pytest

from sim.energy.battery import Battery, BatteryLimits
from sim.energy.reserve import discharge_above, mean_discharge_w

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


def flat(parts):
    """Return powers and durations of the parts, one after the other."""
    return [value for part in parts for value in part]


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


def test_a_full_battery_takes_in_no_more_for_the_rest_of_the_time():
    battery = Battery(LIMITS)
    # 400 J of room take 20 W for 25 s, of which 0.8 are stored.
    assert flat(battery.charge(20.0, 40.0)) == pytest.approx([20.0, 25.0, 0.0, 15.0])
    assert battery.charge(20.0, 40.0) == ((0.0, 40.0),)
    assert battery.soc == 0.9


def test_an_empty_battery_gives_out_no_more_for_the_rest_of_the_time():
    battery = Battery(LIMITS)
    # 400 J above the floor give out 200 J: 20 W for 10 s.
    assert flat(battery.discharge(20.0, 40.0)) == pytest.approx([20.0, 10.0, 0.0, 30.0])
    assert battery.discharge(20.0, 40.0) == ((0.0, 40.0),)
    assert battery.soc == 0.1


def test_fading_changes_the_state_of_charge_and_not_what_is_stored():
    battery = Battery(LIMITS)
    battery.resize(800.0)
    assert battery.stored_j == 500.0
    assert battery.soc == pytest.approx(500.0 / 800.0, rel=1e-15)
    assert battery.limits.capacity_j == 1000.0


def test_a_battery_that_holds_more_than_it_may_after_fading_drains_and_is_never_clipped():
    battery = Battery(replace(LIMITS, initial_soc=0.9))
    battery.resize(800.0)  # full at 0.9 * 800 = 720 J now, holding 900 J
    assert battery.charge(10.0, 60.0) == ((0.0, 60.0),)
    assert battery.stored_j == 900.0
    assert battery.soc == 1.0
    battery.discharge(10.0, 5.0)
    assert battery.stored_j == pytest.approx(900.0 - 10.0 * 5.0 / 0.5, rel=1e-15)


def test_asking_what_it_would_give_out_changes_nothing():
    battery = Battery(LIMITS)
    given_w = mean_discharge_w(battery, 20.0, 40.0)
    assert given_w == pytest.approx(20.0 * 10.0 / 40.0, rel=1e-15)
    assert battery.stored_j == 500.0


def test_a_reserve_ends_a_discharge_when_it_is_all_that_is_left():
    battery = Battery(LIMITS)  # 500 J; 20 W out of it take 40 W from the cells
    ((power_w, giving_s), (rest_w, resting_s)) = discharge_above(battery, 20.0, 10.0, floor_j=300.0)
    assert (power_w, rest_w) == (20.0, 0.0)
    assert giving_s == pytest.approx(5.0, rel=1e-9)
    assert giving_s + resting_s == 10.0
    assert battery.stored_j == pytest.approx(300.0, rel=1e-9)
    assert discharge_above(battery, 20.0, 10.0, floor_j=300.1) == ((0.0, 10.0),)
