"""Cooling plants against hand-computed figures, and their response to weather and load."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import row, table
from sim.datacenter.cooling import (
    Outdoor,
    cooling_curves,
    dry_plants,
    heat_shares,
    needs_wet_bulb,
    water_m3_per_j,
)
from sim.datacenter.facility import plant_facility

PLANTS = table("cooling")["plant"].tolist()
SEA_LEVEL_PA = 101_325.0

# What machines draw over their power at full load, at full load and at half load (load_curves).
CHILLER_FULL, CHILLER_HALF = 1.00138225, 0.44433604
SPEED_FULL, SPEED_HALF = 0.9991, 0.0013 + 0.147 / 2 + 0.8508 / 4


def outdoor(dry_c, wet_c=None):
    dry = np.atleast_1d(np.asarray(dry_c, dtype=float))
    wet = None if wet_c is None else np.broadcast_to(np.asarray(wet_c, dtype=float), dry.shape)
    return Outdoor(dry, wet, np.full_like(dry, SEA_LEVEL_PA))


def cooling(plant, dry_c, wet_c=None, *, load=1.0):
    """Return cooling power over IT power, of a facility made for 2 kW."""
    power, _ = cooling_curves(plant, outdoor(dry_c, wet_c), design_it_w=2e3)
    return power.at_w(2e3 * load) / (2e3 * load)


def test_air_cooled_chiller_follows_its_coefficient_of_performance():
    # COP = 0.35 * 285.15 / (T + 12 - 12): 2.8515 at 35 degC; 2.5 at least; fans and pumps 7 %
    expected = [CHILLER_FULL / 2.8515 + 0.07, CHILLER_FULL / 2.5 + 0.07]
    assert cooling("air-chiller", [35, 48]) == pytest.approx(expected)


def test_head_pressure_control_keeps_condensing_at_35_degrees_in_the_cold():
    # COP = 0.35 * 285.15 / (35 - 12) = 4.33924
    assert cooling("air-chiller", [-20, 23]) == pytest.approx([CHILLER_FULL / 4.33924 + 0.07] * 2)


def test_a_chiller_at_half_load_follows_its_part_load_curve_and_its_fans_run_on():
    expected = (CHILLER_HALF / 2.8515 + 0.07) / 0.5
    assert cooling("air-chiller", 35, load=0.5) == pytest.approx([expected])


def test_fans_of_variable_speed_draw_less_than_in_proportion_to_the_heat():
    assert cooling("air-economizer", 10) == pytest.approx([0.07 * SPEED_FULL])
    assert cooling("air-economizer", 10, load=0.5) == pytest.approx([0.07 * SPEED_HALF / 0.5])


def test_economizer_needs_no_chiller_below_23_degrees_and_half_of_it_at_31():
    assert cooling("air-economizer", [-5, 23]) == pytest.approx([0.07 * SPEED_FULL] * 2)
    # COP = 0.35 * 291.15 / (43 - 18) = 4.0761, above 39 degC for all of the heat
    assert cooling("air-economizer", 31) == pytest.approx(
        [0.5 * CHILLER_FULL / 4.0761 + 0.07 * SPEED_FULL]
    )
    assert cooling("air-economizer", 42) == pytest.approx(
        [CHILLER_FULL / (0.35 * 291.15 / 36) + 0.07 * SPEED_FULL]
    )


def test_as_many_heat_exchangers_are_sprayed_as_the_heat_needs():
    # dry they carry (39 - 30) / 16 = 0.5625; sprayed, at 30 - 0.85 * 10 = 21.5 degC, 17.5 / 12
    shares = heat_shares(row("cooling", "evaporative"), outdoor(30, 20))
    sprayed = (1 - 0.5625) / (17.5 / 12 - 0.5625)
    assert shares.sprayed == pytest.approx([sprayed])
    assert shares.evaporative == pytest.approx([sprayed * 17.5 / 12])
    assert shares.chiller == pytest.approx([0.0])
    assert cooling("evaporative", 30, 20) == pytest.approx([0.05 * SPEED_FULL + 0.01 * sprayed])


def test_chillers_take_what_sprayed_heat_exchangers_leave():
    # 33 - 0.85 * 2 = 31.3 degC: (39 - 31.3) / 12 of the heat; COP = 0.35 * 291.15 / 27
    left = 1 - 7.7 / 12
    expected = left * CHILLER_FULL / (0.35 * 291.15 / 27) + 0.05 * SPEED_FULL + 0.01
    assert cooling("evaporative", 33, 31) == pytest.approx([expected])


def test_an_evaporative_plant_is_dry_in_the_cold():
    shares = heat_shares(row("cooling", "evaporative"), outdoor([-10, 23], [-12, 20]))
    assert not shares.sprayed.any()
    assert not shares.evaporative.any()


def test_a_tower_cools_alone_at_a_wet_bulb_of_7_degrees_and_its_chillers_go_by_the_wet_bulb():
    fans_and_pumps = 0.1 * SPEED_FULL
    assert cooling("water-economizer", [9, 30], 7) == pytest.approx([fans_and_pumps] * 2)
    # 11 degC: half of the heat, condensing at 25; 23 degC: all of it, condensing at 35
    full = 0.17149273 + 0.58820208 + 0.23737257
    half, all_of_it = full / (0.6 * 285.15 / 13), full / (0.6 * 285.15 / 23)
    found = cooling("water-economizer", [30, 30], [11, 23])
    assert found == pytest.approx([0.5 * half + fans_and_pumps, all_of_it + fans_and_pumps])


def test_liquid_takes_three_quarters_of_the_heat_and_air_the_rest():
    expected = (0.75 * 0.0325 + 0.25 * 0.07) * SPEED_FULL
    assert cooling("dlc-dry-cooler", 20) == pytest.approx([expected])
    # above 40 degC all liquid heat goes through a chiller: COP = 0.35 * 313.15 / (54 - 40)
    air = CHILLER_FULL / (0.35 * 291.15 / 36) + 0.07 * SPEED_FULL
    liquid = CHILLER_FULL / (0.35 * 313.15 / 14) + 0.0325 * SPEED_FULL
    assert cooling("dlc-dry-cooler", 42) == pytest.approx([0.75 * liquid + 0.25 * air])


def test_plants_that_evaporate_water_need_the_wet_bulb():
    assert [plant for plant in PLANTS if needs_wet_bulb(plant)] == [
        "water-economizer", "evaporative"
    ]
    assert set(dry_plants()) == {"air-chiller", "air-economizer", "dlc-dry-cooler"}
    with pytest.raises(ValueError, match="needs the wet bulb"):
        cooling("evaporative", 20)


def changed_rows(monkeypatch, plant, **changes):
    """Let the catalog say something else about a plant."""

    def changed(table_name, key):
        facts = row(table_name, key)
        return facts | changes if key == plant else facts

    monkeypatch.setattr("sim.datacenter.cooling.row", changed)


def test_a_plant_takes_the_water_of_the_one_it_leaves_its_rest_to(monkeypatch):
    changed_rows(monkeypatch, "dlc-dry-cooler", rest_plant="evaporative")
    assert needs_wet_bulb("dlc-dry-cooler")
    assert water_m3_per_j("dlc-dry-cooler") == water_m3_per_j("evaporative") > 0.0
    hot = outdoor(30, 20)
    _, mixed = cooling_curves("dlc-dry-cooler", hot, design_it_w=1e3)
    _, alone = cooling_curves("evaporative", hot, design_it_w=1e3)
    assert mixed.at_w(1e3) == pytest.approx(0.25 * alone.at_w(1e3))


def test_a_wet_plant_without_cycles_of_concentration_is_refused(monkeypatch):
    changed_rows(monkeypatch, "evaporative", cycles_ratio=None)
    with pytest.raises(ValueError, match="evaporative: its cycles_ratio is unknown"):
        water_m3_per_j("evaporative")
    assert water_m3_per_j("air-chiller") == 0.0


def test_unknown_plant_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean air-chiller"):
        cooling("air-chillers", 20)


temperatures = st.lists(st.floats(-45, 50), min_size=2, max_size=30).map(sorted)


@given(st.sampled_from(PLANTS), temperatures, st.floats(0, 40), st.floats(0.05, 1.0))
def test_cooling_never_takes_less_as_the_dry_bulb_rises(plant, dry_c, depression_k, load):
    wet_c = dry_c[0] - depression_k
    assert (np.diff(cooling(plant, dry_c, wet_c, load=load)) >= -1e-12).all()


@given(st.sampled_from(PLANTS), temperatures, st.floats(0, 40), st.floats(0.05, 1.0))
def test_cooling_never_takes_less_as_the_wet_bulb_rises(plant, wet_c, depression_k, load):
    dry_c = np.full(len(wet_c), wet_c[-1] + depression_k)
    assert (np.diff(cooling(plant, dry_c, wet_c, load=load)) >= -1e-12).all()


@pytest.mark.parametrize("plant", ["water-economizer", "evaporative"])
def test_a_plant_that_goes_by_the_wet_bulb_takes_more_on_a_humid_day(plant):
    dry, humid = cooling(plant, [30, 30], [15, 28])
    assert humid > 1.1 * dry


@given(st.sampled_from(PLANTS), st.floats(-45, 50), st.floats(0, 30), st.floats(0.02, 1.2))
def test_cooling_is_positive_and_bounded_at_any_load(plant, dry_c, depression_k, load):
    facility = plant_facility(plant, outdoor(dry_c, dry_c - depression_k), design_it_w=1e6)
    (pue,) = facility.pue(load * 1e6)
    fixed = (0.07 + 0.0637 / 2.5 + 0.0118 + 0.005 + 0.01) / load
    assert 1.05 < pue < 1.6 + fixed
