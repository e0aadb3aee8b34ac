"""Cooling plants against hand-computed figures, and their response to temperature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.datacenter.cooling import overheads, pue

PLANTS = table("cooling")["plant"].tolist()


def cooling(plant, *temps_c):
    return overheads(plant, np.array(temps_c, dtype=float))[0]


def test_chiller_follows_its_coefficient_of_performance():
    # COP = 0.35 * 285.15 / (T + 12 - 12): 4.9901 at 20 degC and 2.8515 at 35 degC; fans, pumps 7 %
    expected = [1 / 4.990125 + 0.07, 1 / 2.8515 + 0.07]
    assert cooling("air-chiller", 20, 35) == pytest.approx(expected)


def test_coefficient_of_performance_stays_within_its_bounds():
    # 9 in the cold, even where the outside is colder than the supply; 2.5 in great heat
    expected = [1 / 9 + 0.07, 1 / 9 + 0.07, 1 / 2.5 + 0.07]
    assert cooling("air-chiller", -20, 5, 48) == pytest.approx(expected)


def test_economizer_needs_no_chiller_below_7_degrees_and_all_of_it_above_15():
    assert cooling("air-economizer", 0, 7) == pytest.approx([0.07, 0.07])
    # halfway, at 11 degC, half of the heat goes through the chiller at COP 0.35 * 285.15 / 11 > 9
    assert cooling("air-economizer", 11) == pytest.approx([0.07 + 0.5 / 9])
    assert cooling("air-economizer", 15, 30) == pytest.approx(cooling("air-chiller", 15, 30))


def test_liquid_takes_three_quarters_of_the_heat_and_air_the_rest():
    # liquid: fans 1.75 %, pumps 1.5 %; air at 20 degC: 1 / 4.9901 + 7 %
    expected = 0.75 * 0.0325 + 0.25 * (1 / 4.990125 + 0.07)
    assert cooling("dlc-dry-cooler", 20) == pytest.approx([expected])
    # above 40 degC all liquid heat goes through a chiller: COP = 0.35 * 313.15 / (42 - 28) = 7.829
    air = 1 / 2.5 + 0.07
    liquid = 1 / (0.35 * 313.15 / 14) + 0.0325
    assert cooling("dlc-dry-cooler", 42) == pytest.approx([0.75 * liquid + 0.25 * air])


@pytest.mark.parametrize("plant", PLANTS)
def test_conversion_losses_are_those_of_transformer_ups_and_pdu(plant):
    _, conversion = overheads(plant, np.array([-10.0, 20.0]))
    # 0.95 * 0.99 * 0.985 = 0.9263925 of the power arrives
    assert conversion == pytest.approx([1 / 0.9263925 - 1] * 2)


def test_pue_is_one_plus_both_overheads():
    assert pue("air-chiller", np.array([20.0])) == pytest.approx([1 + 0.27040 + 0.07946], abs=1e-4)


def test_unknown_plant_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean air-chiller"):
        overheads("air-chillers", np.zeros(1))


@given(st.sampled_from(PLANTS), st.lists(st.floats(-50, 55), min_size=2, max_size=50))
def test_overhead_never_falls_as_it_gets_warmer(plant, temps_c):
    ratio = pue(plant, np.sort(np.array(temps_c)))
    assert (np.diff(ratio) >= -1e-12).all()
    assert ((ratio > 1.08) & (ratio < 1.6)).all()
