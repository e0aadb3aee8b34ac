"""Cycles counted as ASTM E1049 does; capacity, replacement and cost of a worn battery by hand."""

from dataclasses import replace

import numpy as np
import pytest
import rainflow
from hypothesis import given
from hypothesis import strategies as st

from sim.energy.aging import Fade, WearTerms
from sim.energy.battery import Battery, BatteryLimits
from sim.energy.degradation import CycleCounter, Wear

DAY_S, HOUR_S = 86400.0, 3600.0
LIMITS = BatteryLimits(1000.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.5)

# Points A to I of the example in ASTM E1049-85, section 5.4.4, and the cycles counted there.
ASTM = (-2.0, 1.0, -3.0, 5.0, -1.0, 3.0, -4.0, 4.0, -2.0)
ASTM_COUNTS = {3.0: 0.5, 4.0: 1.5, 6.0: 0.5, 8.0: 1.0, 9.0: 0.5}


class Linear:
    """A law that is easy by hand: 1 % a day, 0.1 % a full cycle of depth 1."""

    def advance(self, fade, stress):
        cycles = sum(each.full_cycles * each.depth for each in stress.cycles)
        return Fade(fade.calendar + 0.01 * stress.duration_s / DAY_S, fade.cycle + 0.001 * cycles)


TERMS = WearTerms(Linear(), 298.15, end_of_life_fraction=0.9, replacement_usd_per_j=0.05)


def counts(cycles):
    """Return how often each range was counted."""
    found = {}
    for span, _, count in cycles:
        found[span] = found.get(span, 0.0) + count
    return found


def worn(*, midnight_s=DAY_S, terms=TERMS, **changes):
    """Return a battery and its wear."""
    battery = Battery(replace(LIMITS, **changes))
    return battery, Wear(battery, terms, midnight_s)


def idle(wear, hours, *, last=False):
    """Let hours pass, the last of which may be the run's last."""
    for hour in range(hours):
        wear.after_step(HOUR_S, last=last and hour + 1 == hours)


def test_the_cycles_of_the_standards_example_are_counted():
    counter = CycleCounter(ASTM[0])
    assert counts([*counter.closed_by(ASTM[1:]), *counter.rest()]) == ASTM_COUNTS


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_cycles_of_the_example_are_the_same_when_it_comes_in_stretches(length):
    counter, found = CycleCounter(ASTM[0]), []
    for first in range(1, len(ASTM), length):
        found += counter.closed_by(ASTM[first : first + length])
    assert counts([*found, *counter.rest()]) == ASTM_COUNTS


def test_equal_swings_are_counted_as_soon_as_they_are_over():
    counter = CycleCounter(0.0)
    assert counter.closed_by([1.0, 0.0]) == [(1.0, 0.5, 0.5)]
    assert counter.closed_by([1.0, 0.0]) == [(1.0, 0.5, 0.5)] * 2
    assert counter.rest() == [(1.0, 0.5, 0.5)]


@given(
    course=st.lists(st.integers(0, 9) | st.integers(0, 999).map(lambda n: n / 128), min_size=3),
    length=st.integers(1, 9),
)
def test_counting_in_stretches_equals_counting_at_once(course, length):
    counter, found = CycleCounter(course[0]), []
    for first in range(1, len(course), length):
        found += counter.closed_by(course[first : first + length])
    found = [cycle for cycle in [*found, *counter.rest()] if cycle[0] > 0.0]
    whole = [cycle[:3] for cycle in rainflow.extract_cycles(course) if cycle[0] > 0.0]
    assert sorted(found) == sorted(whole)


def test_capacity_fades_at_midnight_and_what_is_stored_stays():
    battery, wear = worn()
    idle(wear, 23)
    assert battery.capacity_j == 1000.0
    idle(wear, 1)
    assert battery.capacity_j == pytest.approx(990.0, rel=1e-12)
    assert battery.stored_j == 500.0
    idle(wear, 24)
    assert battery.capacity_j == pytest.approx(980.0, rel=1e-12)


def test_the_first_midnight_comes_when_the_calendar_says():
    battery, wear = worn(midnight_s=6 * HOUR_S)
    idle(wear, 6)
    assert battery.capacity_j == pytest.approx(1000.0 - 10.0 * 6 / 24, rel=1e-12)
    idle(wear, 23)
    assert battery.capacity_j == pytest.approx(997.5, rel=1e-12)
    idle(wear, 1)
    assert battery.capacity_j == pytest.approx(987.5, rel=1e-12)


def test_the_last_part_of_a_day_is_counted_at_the_end():
    battery, wear = worn()
    idle(wear, 36, last=True)
    report = wear.report()
    assert report.calendar_fade_fraction == pytest.approx(0.015, rel=1e-12)
    assert report.capacity_end_fraction == pytest.approx(0.985, rel=1e-12)
    assert battery.capacity_j == pytest.approx(985.0, rel=1e-12)


def test_a_cycle_costs_by_its_depth_and_energy():
    battery, wear = worn(initial_soc=0.0)
    for step in range(16):  # 0 to 0.4 and back, twice, in steps of 100 J
        act = battery.charge if step % 8 < 4 else battery.discharge
        act(1.0, 100.0)
        wear.after_step(HOUR_S, last=step == 15)
    # Two cycles of depth 0.4: 2 * 0.4 full cycles, weighted by the depth of 0.4.
    cost = 0.001 * 2 * 0.4 * 0.4
    assert wear.report().cycle_fade_fraction == pytest.approx(cost, rel=1e-12)


def test_half_a_cycle_that_is_open_at_the_end_is_counted():
    battery, wear = worn(initial_soc=0.0)
    for hour in range(30):
        battery.charge(1.0, 20.0)
        wear.after_step(HOUR_S, last=hour == 29)
    report = wear.report()
    # Half a cycle of 600 J, which no day has closed; 990 J are left of 1000 J by then.
    expected = 0.001 * 0.5 * 0.6 * (600 / 990)
    assert report.cycle_fade_fraction == pytest.approx(expected, rel=1e-12)
    assert len(report.cost_usd) == 30


def test_wear_costs_the_share_of_life_that_is_used_evenly_over_the_day():
    _, wear = worn()
    idle(wear, 60, last=True)
    report = wear.report()
    # 2.5 % of the 10 % that a life has, at 0.05 USD/J * 1000 J.
    assert report.cost_usd.sum() == pytest.approx(0.25 * 50.0, rel=1e-12)
    np.testing.assert_allclose(report.cost_usd, 0.1 * 50.0 / 24, rtol=1e-12)


def test_cells_are_replaced_at_the_end_of_life_and_keep_what_was_stored():
    battery, wear = worn()
    idle(wear, 9 * 24)
    assert battery.capacity_j == pytest.approx(910.0, rel=1e-12)
    idle(wear, 24)
    assert battery.capacity_j == 1000.0
    assert battery.stored_j == 500.0
    idle(wear, 24)
    report = wear.report()
    assert report.replacements_count == 1
    assert report.capacity_end_fraction == pytest.approx(0.99, rel=1e-12)
    assert report.calendar_fade_fraction == pytest.approx(0.11, rel=1e-12)
    assert report.cost_usd.sum() == pytest.approx(1.1 * 50.0, rel=1e-12)


def test_a_full_battery_that_fades_counts_as_full():
    battery, wear = worn(initial_soc=1.0)
    idle(wear, 24)
    assert battery.stored_j == 1000.0
    assert battery.capacity_j == pytest.approx(990.0)
    assert battery.soc == 1.0


def test_the_course_of_a_day_gives_its_mean_state_of_charge_and_rate():
    seen = []

    class Witness(Linear):
        """Keeps what it is told."""

        def advance(self, fade, stress):
            seen.append(stress)
            return super().advance(fade, stress)

    battery, wear = worn(terms=replace(TERMS, law=Witness()), initial_soc=0.2)
    for hour in range(24):
        if 6 <= hour < 10:
            battery.charge(1.0, 150.0)
        wear.after_step(HOUR_S)
    (stress,) = seen
    # 0.2 for 6 h, up to 0.8 within 4 h, then 14 h at 0.8; 600 J in 4 h of 1000 J: 0.15 per hour.
    assert stress.mean_soc == pytest.approx((6 * 0.2 + 4 * 0.5 + 14 * 0.8) / 24, rel=1e-12)
    assert stress.rate_per_h == pytest.approx(0.15, rel=1e-12)
    assert stress.temperature_k == 298.15
