"""Battery invariants over random operation, for every kind of battery there is."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.energy.battery import BatteryLimits
from sim.energy.battery_models import make_battery
from sim.energy.cells import load_cell
from sim.energy.dispatch import FOLLOW, Connection, settle

CAPACITY_J = 7.2e9
POWER_W = st.floats(0.0, 2e6, allow_subnormal=False)
LEAKS_PER_S = [0.0, 1e-8, 1e-5, 1e-3]
OPEN = Connection(math.inf, math.inf)


@st.composite
def details(draw):
    """Draw a battery with some of resistive loss, self-discharge and tapers."""
    low, below, above, high = sorted(draw(st.lists(st.floats(0.02, 0.98), min_size=4, max_size=4)))
    most_w = draw(st.floats(1e4, 2e6))
    efficiency = draw(st.floats(0.5, 1.0))
    resistive, leak = draw(st.sampled_from([0.0, 0.01, 0.2])), draw(st.sampled_from(LEAKS_PER_S))
    # What no charging power could make up for, a scenario may not have.
    assume(4.0 * resistive / most_w * leak * high * CAPACITY_J < 0.99 * efficiency**2)
    return BatteryLimits(
        capacity_j=CAPACITY_J,
        max_charge_w=most_w,
        max_discharge_w=most_w * draw(st.floats(0.2, 1.0)),
        charge_efficiency=efficiency,
        discharge_efficiency=draw(st.floats(0.5, 1.0)),
        min_soc=low,
        max_soc=high,
        initial_soc=draw(st.floats(low, high)),
        resistive_loss_per_w=resistive / most_w,
        self_discharge_per_s=leak,
        taper_above_soc=above if above < high and draw(st.booleans()) else None,
        taper_below_soc=below if low < below and draw(st.booleans()) else None,
    )


@st.composite
def clc(draw):
    """Draw a C/L/C battery."""
    cell = load_cell("lgm50")
    return BatteryLimits(
        capacity_j=CAPACITY_J,
        max_charge_w=draw(POWER_W),
        max_discharge_w=draw(POWER_W),
        charge_efficiency=cell.charge_efficiency,
        discharge_efficiency=cell.discharge_efficiency,
        min_soc=0.1,
        max_soc=draw(st.floats(0.5, 1.0)),
        initial_soc=draw(st.floats(0.1, 0.5)),
        clc=cell,
    )


setpoints = st.one_of(
    st.just(FOLLOW), POWER_W.map(lambda w: (w, 0.0)), POWER_W.map(lambda w: (0.0, w))
)
steps = st.lists(
    st.tuples(st.floats(-3e6, 3e6), setpoints, st.sampled_from([1.0] * 9 + [0.9])),
    min_size=1,
    max_size=40,
)


@given(limits=details() | clc(), steps=steps, dt_s=st.sampled_from([60.0, 300.0, 3600.0]))
def test_stored_energy_changes_by_what_goes_in_and_out_and_is_lost(limits, steps, dt_s):
    battery = make_battery(limits)
    for net_w, setpoint, fade in steps:
        if fade < 1.0:
            stored_j = battery.stored_j
            battery.resize(battery.capacity_j * fade)
            assert battery.stored_j == stored_j
        before_j, lost_j = battery.stored_j, battery.loss_j
        flows = settle(net_w, battery, setpoint, OPEN, dt_s)
        assert min(flows) >= 0.0
        assert flows.charge_w <= limits.max_charge_w * (1 + 1e-12)
        assert flows.discharge_w <= limits.max_discharge_w * (1 + 1e-12)
        lost_j = battery.loss_j - lost_j
        assert lost_j >= -1e-12 * CAPACITY_J
        through_j = flows.charge_w * limits.charge_efficiency * dt_s
        through_j -= flows.discharge_w / limits.discharge_efficiency * dt_s
        assert battery.stored_j - before_j == pytest.approx(
            through_j - lost_j, rel=1e-9, abs=1e-11 * CAPACITY_J
        )
        assert 0.0 <= battery.soc <= 1.0
        # Above the limit, which fading may put it, it can only drain.
        most_j = max(before_j, limits.max_soc * battery.capacity_j)
        assert battery.stored_j <= most_j * (1 + 1e-12)


@given(limits=details(), net_kw=st.lists(st.integers(-3000, 3000), min_size=1, max_size=24))
def test_the_same_energies_at_5_and_at_60_minutes_where_inputs_are_constant_in_the_hour(
    limits, net_kw
):
    def energies_j(step_s):
        battery, total = make_battery(limits), np.zeros(4)
        for net in net_kw:
            for _ in range(round(3600.0 / step_s)):
                flows = settle(net * 1e3, battery, FOLLOW, OPEN, step_s)
                total += np.array(flows[:4]) * step_s
        return np.array([*total, battery.stored_j, battery.loss_j])

    np.testing.assert_allclose(
        energies_j(300.0), energies_j(3600.0), rtol=1e-9, atol=1e-9 * CAPACITY_J
    )


def test_a_battery_without_details_is_the_same_whichever_kind_computes_it():
    plain = BatteryLimits(CAPACITY_J, 1e6, 8e5, 0.93, 0.91, 0.1, 0.9, 0.5)
    # A self-discharge too small to matter takes the other path through the code.
    one, two = make_battery(plain), make_battery(replace(plain, self_discharge_per_s=1e-30))
    assert type(one) is not type(two)
    for step in range(500):
        net_w = 1.5e6 * math.sin(step / 20)
        flows = settle(net_w, one, FOLLOW, OPEN, 300.0)
        assert settle(net_w, two, FOLLOW, OPEN, 300.0) == pytest.approx(flows, rel=1e-9, abs=1e-3)
    assert two.stored_j == pytest.approx(one.stored_j, rel=1e-12)
