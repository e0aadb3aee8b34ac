"""Laws of aging against their closed forms, at stresses where they are easy by hand."""

import math

import pytest

from sim import catalog
from sim.energy.aging import Cycle, Fade, Stress
from sim.energy.aging_laws import anode_potential_v, load_law

DAY_S, ROOM_K = 86400.0, 298.15
SETS = tuple(catalog.table("battery_aging")["aging"].unique())


def stress(days, *, soc=0.5, kelvin=ROOM_K, rate_per_h=0.0, cycles=()):
    """Return what cells go through in some days."""
    return Stress(days * DAY_S, soc, kelvin, rate_per_h, cycles)


@pytest.mark.parametrize("name", SETS)
def test_ten_years_in_days_cost_as_much_as_in_one_go(name):
    law, fade = load_law(name), Fade()
    cycle = Cycle(0.6, 0.5, 0.6)
    for _ in range(3650):
        fade = law.advance(fade, stress(1, rate_per_h=0.25, cycles=[cycle]))
    whole = law.advance(Fade(), stress(3650, rate_per_h=0.25, cycles=[cycle] * 3650))
    assert fade.total == pytest.approx(whole.total, rel=1e-9)
    assert fade.calendar == pytest.approx(whole.calendar, rel=1e-2)


@pytest.mark.parametrize("name", SETS)
def test_a_harder_life_costs_more_and_rest_costs_no_cycles(name):
    law = load_law(name)

    def lost(**changes):
        return law.advance(Fade(), stress(365, **changes))

    rest = lost()
    assert rest.cycle == 0.0
    assert lost(kelvin=318.15).calendar > rest.calendar > lost(kelvin=283.15).calendar > 0.0
    assert lost(soc=0.9).calendar > rest.calendar
    often = [Cycle(0.8, 0.5, 0.8)] * 365
    shallow = [Cycle(0.4, 0.5, 0.4)] * 730
    assert lost(rate_per_h=0.5, cycles=often).cycle > lost(rate_per_h=0.5, cycles=shallow).cycle > 0


@pytest.mark.parametrize("name", SETS)
def test_milder_days_after_harder_ones_never_give_capacity_back(name):
    law = load_law(name)
    hard = law.advance(Fade(), stress(100, soc=1.0, kelvin=318.15, cycles=[Cycle(1, 0.5, 100)]))
    mild = law.advance(hard, stress(1, soc=0.0, kelvin=278.15, cycles=[Cycle(0.01, 0.5, 0.01)]))
    assert mild.calendar >= hard.calendar
    assert mild.cycle >= hard.cycle


def test_naumann_calendar_loss_at_25_degrees_and_half_charge():
    # 1.2571e-5 * 0.60225 * sqrt(10 years of 365 days in s): 13.44 %.
    fade = load_law("lfp-sony-3ah").advance(Fade(), stress(3650))
    assert fade.calendar == pytest.approx(1.2571e-5 * 0.60225 * math.sqrt(315_360_000), rel=1e-12)
    assert fade.calendar == pytest.approx(0.1344, abs=5e-5)


def test_naumann_calendar_loss_when_warm_and_full():
    law = load_law("lfp-sony-3ah")
    heat = math.exp(-17126 / 8.314462618 * (1 / 313.15 - 1 / 298.15))
    by_soc = 2.8575 * 0.5**3 + 0.60225
    expected = 1.2571e-5 * heat * by_soc * math.sqrt(100 * DAY_S)
    fade = law.advance(Fade(), stress(100, soc=1.0, kelvin=313.15))
    assert fade.calendar == pytest.approx(expected, rel=1e-12)


def test_naumann_cycle_loss_of_a_thousand_full_cycles():
    # (0.063 * 1 + 0.0971) * (4.0253 * 0.4^3 + 1.0923) = 0.2161 % at one full cycle of depth 1.
    law = load_law("lfp-sony-3ah")
    fade = law.advance(Fade(), stress(0, rate_per_h=1.0, cycles=[Cycle(1.0, 0.5, 1000.0)]))
    percent = (0.0630 + 0.0971) * (4.0253 * 0.4**3 + 1.0923)
    assert fade.cycle == pytest.approx(percent / 100 * math.sqrt(1000), rel=1e-12)
    assert fade.calendar == 0.0


def test_xu_loss_at_reference_stress_is_the_film_and_the_damage():
    # A year at 25 degC and half charge: damage 4.14e-10 * 31,536,000 = 0.013056.
    law = load_law("lmo-xu-2018")
    fade = law.advance(Fade(), stress(365))
    damage = 4.14e-10 * 31_536_000
    film = 0.0575 * (1 - math.exp(-121 * damage))
    assert fade.total == pytest.approx(film + 0.9425 * (1 - math.exp(-damage)), rel=1e-12)
    assert fade.damage == pytest.approx(damage, rel=1e-12)


def test_xu_half_cycles_count_half():
    law = load_law("lmo-xu-2018")
    full = law.advance(Fade(), stress(0, cycles=[Cycle(0.5, 0.5, 0.5)]))
    half = law.advance(Fade(), stress(0, cycles=[Cycle(0.5, 0.5, 0.25)]))
    assert full.damage == pytest.approx(1 / (1.4e5 * 0.5**-0.501 - 1.23e5), rel=1e-12)
    assert half.damage == pytest.approx(full.damage / 2, rel=1e-12)
    assert full.calendar == 0.0


def test_an_anode_at_half_charge_stands_at_123_millivolts():
    # The laws of Gasper et al. take 0.123 V as the anode's potential at half charge.
    assert anode_potential_v(0.5) == pytest.approx(0.123, abs=5e-4)


def test_an_unknown_set_is_told():
    with pytest.raises(ValueError, match=r"no set lfp; it has lfp-sony-3ah, lfp-prismatic-250ah"):
        load_law("lfp")
