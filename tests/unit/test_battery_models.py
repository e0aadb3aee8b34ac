"""Resistive loss, self-discharge, tapers and the C/L/C model, by hand."""

import math
import random
from dataclasses import replace

import pytest

from sim.energy.battery import Battery, BatteryLimits
from sim.energy.battery_models import ClcBattery, DetailedBattery, make_battery
from sim.energy.cells import load_cell

LIMITS = BatteryLimits(
    capacity_j=1000.0,
    max_charge_w=10.0,
    max_discharge_w=10.0,
    charge_efficiency=0.8,
    discharge_efficiency=0.5,
    min_soc=0.1,
    max_soc=0.9,
    initial_soc=0.5,
)


def battery(**changes):
    """Return a battery with some limits changed."""
    return make_battery(replace(LIMITS, **changes))


def test_the_simplest_kind_that_will_do_is_made():
    assert type(battery()) is Battery
    assert type(battery(self_discharge_per_s=1e-9)) is DetailedBattery
    assert type(battery(taper_below_soc=0.2)) is DetailedBattery
    assert type(battery(clc=load_cell("lgm50"))) is ClcBattery


def test_resistive_loss_grows_with_the_square_of_the_power():
    one = battery(resistive_loss_per_w=0.02)
    one.charge(10.0, 5.0)  # 0.8 * 10 - 0.02 * 100 = 6 W are stored
    assert one.stored_j == pytest.approx(500.0 + 6.0 * 5.0, rel=1e-15)
    assert one.loss_j == pytest.approx(0.02 * 100.0 * 5.0, rel=1e-15)
    one.discharge(5.0, 4.0)  # 5 / 0.5 + 0.02 * 25 = 10.5 W are drawn
    assert one.stored_j == pytest.approx(530.0 - 10.5 * 4.0, rel=1e-15)
    assert one.loss_j == pytest.approx(10.0 + 0.02 * 25.0 * 4.0, rel=1e-14)


def test_a_resting_battery_loses_half_in_its_half_life():
    one = battery(self_discharge_per_s=math.log(2.0) / 100.0)
    one.rest(100.0)
    assert one.stored_j == pytest.approx(250.0, rel=1e-14)
    assert one.loss_j == pytest.approx(250.0, rel=1e-14)


def test_self_discharge_goes_on_below_the_floor_and_nothing_is_given_out_there():
    one = battery(initial_soc=0.1, self_discharge_per_s=math.log(2.0) / 100.0)
    assert one.discharge(5.0, 100.0) == ((0.0, 100.0),)
    assert one.stored_j == pytest.approx(50.0, rel=1e-14)


def test_a_full_battery_is_held_full_with_what_self_discharge_takes():
    one = battery(initial_soc=0.9, self_discharge_per_s=1e-3)
    # 900 J lose 0.9 W, for which 0.9 / 0.8 W go in.
    ((power_w, _),) = one.charge(10.0, 60.0)
    assert power_w == pytest.approx(0.9 / 0.8, rel=1e-14)
    assert one.stored_j == 900.0
    assert one.loss_j == pytest.approx(0.9 * 60.0, rel=1e-14)


def test_a_trickle_below_self_discharge_lets_the_battery_drain():
    one = battery(initial_soc=0.9, self_discharge_per_s=1e-3)
    assert one.charge(0.5, 1000.0) == ((0.5, 1000.0),)
    # It approaches 0.8 * 0.5 / 1e-3 = 400 J, by a factor of e in 1000 s.
    assert one.stored_j == pytest.approx(400.0 + 500.0 / math.e, rel=1e-14)


def test_charging_power_falls_to_none_in_the_taper():
    one = battery(initial_soc=0.7, taper_above_soc=0.7)
    # 200 J wide: 0.8 * 10 W / 200 J = 1/25 per second.
    assert one.charge_limit_w(60.0) == 10.0
    ((power_w, duration_s),) = one.charge(10.0, 25.0)
    assert one.stored_j == pytest.approx(900.0 - 200.0 / math.e, rel=1e-14)
    assert duration_s == 25.0
    assert power_w == pytest.approx(200.0 * (1.0 - 1.0 / math.e) / 0.8 / 25.0, rel=1e-14)
    assert one.charge_limit_w(60.0) == pytest.approx(10.0 / math.e, rel=1e-14)


def test_less_power_is_tapered_later():
    one = battery(initial_soc=0.7, taper_above_soc=0.7)
    # 5 W may go in until 100 J are left: 100 J at 4 W of storing last 25 s.
    assert one.time_to_full_s(5.0) == pytest.approx(25.0, rel=1e-14)
    constant, tapered = one.charge(5.0, 50.0)
    assert constant == pytest.approx((5.0, 25.0), rel=1e-14)
    assert tapered[0] == pytest.approx(100.0 * (1.0 - 1.0 / math.e) / 0.8 / 25.0, rel=1e-14)
    assert one.stored_j == pytest.approx(900.0 - 100.0 / math.e, rel=1e-14)


def test_discharging_power_falls_to_none_in_the_taper():
    one = battery(initial_soc=0.3, taper_below_soc=0.3)
    # 200 J wide: 10 W / 0.5 / 200 J = 1/10 per second.
    assert one.discharge_limit_w(60.0) == 10.0
    ((power_w, _),) = one.discharge(10.0, 10.0)
    assert one.stored_j == pytest.approx(100.0 + 200.0 / math.e, rel=1e-14)
    assert power_w == pytest.approx(200.0 * (1.0 - 1.0 / math.e) * 0.5 / 10.0, rel=1e-14)
    assert one.discharge_limit_w(60.0) == pytest.approx(10.0 / math.e, rel=1e-14)


def flow_w(limits, stored_j, power_w):
    """Return AC power and flow into the cells at one moment, by the definition of the model."""
    low_j, high_j = limits.min_soc * limits.capacity_j, limits.max_soc * limits.capacity_j
    if power_w > 0.0:
        width_j = high_j - limits.taper_above_soc * limits.capacity_j
        power_w = max(0.0, min(power_w, limits.max_charge_w * (high_j - stored_j) / width_j))
        gained_w = limits.charge_efficiency * power_w
    else:
        width_j = limits.taper_below_soc * limits.capacity_j - low_j
        most_w = limits.max_discharge_w * (stored_j - low_j) / width_j
        power_w = -max(0.0, min(-power_w, most_w))
        gained_w = power_w / limits.discharge_efficiency
    lost_w = limits.resistive_loss_per_w * power_w**2 + limits.self_discharge_per_s * stored_j
    return power_w, gained_w - lost_w


def in_small_steps(limits, power_w, duration_s, count=4000):
    """Return the stored energy and the AC energy after a duration, by the midpoint rule."""
    stored_j, moved_j, dt_s = limits.initial_soc * limits.capacity_j, 0.0, duration_s / count
    for _ in range(count):
        half_j = stored_j + 0.5 * dt_s * flow_w(limits, stored_j, power_w)[1]
        now_w, gain_w = flow_w(limits, half_j, power_w)
        stored_j, moved_j = stored_j + dt_s * gain_w, moved_j + dt_s * abs(now_w)
    return stored_j, moved_j


@pytest.mark.parametrize("seed", range(24))
def test_closed_forms_equal_the_integral_in_small_steps(seed):
    draw = random.Random(seed)
    limits = replace(
        LIMITS,
        initial_soc=draw.uniform(0.12, 0.88),
        charge_efficiency=draw.uniform(0.7, 1.0),
        resistive_loss_per_w=draw.choice([0.0, 0.005, 0.02]),
        self_discharge_per_s=draw.choice([0.0, 1e-4, 2e-3]),
        taper_above_soc=draw.uniform(0.5, 0.85),
        taper_below_soc=draw.uniform(0.15, 0.5),
    )
    sign, power_w, duration_s = draw.choice([1, -1]), draw.uniform(0.5, 10.0), draw.uniform(20, 400)
    one = make_battery(limits)
    parts = (one.charge if sign > 0 else one.discharge)(power_w, duration_s)
    stored_j, moved_j = in_small_steps(limits, sign * power_w, duration_s)
    assert sum(part_s for _, part_s in parts) == pytest.approx(duration_s, rel=1e-12)
    assert one.stored_j == pytest.approx(stored_j, rel=1e-4)
    assert sum(part_w * part_s for part_w, part_s in parts) == pytest.approx(moved_j, rel=1e-3)


def test_a_tapered_battery_that_drains_comes_to_where_all_that_is_asked_may_go_in():
    limits = replace(
        LIMITS, initial_soc=0.895, self_discharge_per_s=2e-3, taper_above_soc=0.7,
        taper_below_soc=0.2, resistive_loss_per_w=0.01,
    )  # fmt: skip
    one = make_battery(limits)
    # Tapered to 10 W * 5 J / 200 J at first; half a watt may go in again at 890 J and below.
    tapered, constant = one.charge(0.5, 60.0)
    assert 0.25 < tapered[0] < 0.5
    assert constant[0] == 0.5
    stored_j, moved_j = in_small_steps(limits, 0.5, 60.0)
    assert one.stored_j == pytest.approx(stored_j, rel=1e-6)
    assert tapered[0] * tapered[1] + 0.5 * constant[1] == pytest.approx(moved_j, rel=1e-4)


CLC = replace(
    LIMITS,
    capacity_j=3600 * 19.14,  # one cell
    max_charge_w=1e3,
    max_discharge_w=1e3,
    charge_efficiency=0.978,
    discharge_efficiency=1 / 1.014,
    min_soc=0.0,
    max_soc=1.0,
    clc=load_cell("lgm50"),
)


def test_a_clc_cell_is_limited_by_rate_far_from_its_limits():
    one = make_battery(CLC)
    assert one.charge_limit_w(300.0) == pytest.approx(0.7 * 19.14, rel=1e-14)
    assert one.discharge_limit_w(300.0) == pytest.approx(1.5 * 19.14, rel=1e-14)


def test_a_clc_cell_near_full_is_limited_by_current_and_step():
    one = make_battery(replace(CLC, initial_soc=0.95))
    # (b - v2) / (u2 / V - eta_c dt), in Wh, W and h.
    limit_w = (0.95 * 19.14 - 19.14) / (-1.326 / 3.63 - 0.978 / 12)
    assert one.charge_limit_w(300.0) == pytest.approx(limit_w, rel=1e-14)
    ((power_w, _),) = one.charge(9.0, 300.0)
    assert power_w == pytest.approx(limit_w, rel=1e-14)
    assert one.stored_j / 3600 == pytest.approx(0.95 * 19.14 + 0.978 * limit_w / 12, rel=1e-14)


def test_a_clc_cell_near_empty_is_limited_by_current_and_step():
    one = make_battery(replace(CLC, initial_soc=0.02))
    limit_w = (0.02 * 19.14) / (0.087 / 3.63 + 1.014 / 12)
    assert one.discharge_limit_w(300.0) == pytest.approx(limit_w, rel=1e-14)
    one.discharge(20.0, 300.0)
    assert one.stored_j / 3600 == pytest.approx(0.02 * 19.14 - 1.014 * limit_w / 12, rel=1e-12)


@pytest.mark.parametrize("step_s", [60.0, 300.0, 900.0, 3600.0])
def test_the_step_length_shifts_a_clc_cell_by_less_than_a_fifth_of_a_step(step_s):
    def stored_j(step_s):
        one, course = make_battery(replace(CLC, initial_soc=0.6)), []
        for _ in range(round(4 * 3600 / step_s)):
            one.charge(10.0, step_s)
            course.append(one.stored_j)
        return course[round(3600 / step_s) - 1 :: round(3600 / step_s)]

    exact, coarse = stored_j(1.0), stored_j(step_s)
    worst_j = max(abs(a - b) for a, b in zip(exact, coarse, strict=True))
    assert worst_j <= 0.2 * 0.978 * 10.0 * step_s
