"""Power caps by hand, and what must hold for every cap and every kind of work."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.datacenter.power import clock_sensitivity, relative_draw, relative_throughput

CAPS = st.floats(0.5, 1.0)
KINDS = st.floats(0.0, 1.0)
DRAWS = st.floats(0.4, 1.0)


def energy(cap, k=0.5, draw=1.0):
    """Return energy per work under a cap, relative to none."""
    return relative_draw(cap, draw) / relative_throughput(cap, k, draw)


def test_without_a_cap_nothing_changes():
    assert relative_throughput(1.0) == 1.0
    assert relative_draw(1.0) == 1.0
    assert relative_draw(1.0, 0.7) == pytest.approx(1.0)


def test_the_throughput_at_a_cap_of_65_percent_is_the_hand_computed_one():
    # x = 0.35 / 0.7 = 0.5, f = 0.70711, r = 1 / (0.5 + 0.5 / 0.70711).
    assert relative_throughput(0.65) == pytest.approx(0.828427, rel=1e-6)
    # k = 0.9: 1 / (0.1 + 0.9 / 0.70711)
    assert relative_throughput(0.65, 0.9) == pytest.approx(0.728442, rel=1e-6)
    # work that draws 0.8: x = 0.35 / 0.5 = 0.7, f = 0.83666, r = 1 / (0.5 + 0.5 / 0.83666)
    assert relative_throughput(0.65, 0.5, 0.8) == pytest.approx(0.911066, rel=1e-6)


def test_the_draw_at_a_cap_of_65_percent_is_the_hand_computed_one():
    # (0.961 * 0.65)^-6.57 = 22.0073, less 0.961^-6.57 = 1.29863, and 1: 21.7087^(-1 / 6.57)
    assert relative_draw(0.65) == pytest.approx(0.62600, rel=1e-4)


def test_a_cap_that_does_not_bind_slows_nothing():
    assert relative_throughput(0.8, 1.0, 0.7) == 1.0


def test_decoding_follows_the_clock_least_and_prefill_most():
    decode, training, prefill = map(clock_sensitivity, ("decode", "training", "prefill"))
    assert decode.high < training.low
    assert training.high < prefill.low
    assert training == (0.4, 0.5, 0.6)
    with pytest.raises(ValueError, match=r'no row "decoding"\. Did you mean decode'):
        clock_sensitivity("decoding")


@given(low=CAPS, high=CAPS, k=KINDS, draw=DRAWS)
def test_a_higher_cap_never_draws_less_nor_works_less(low, high, k, draw):
    low, high = sorted((low, high))
    assert relative_draw(low, draw) <= relative_draw(high, draw) <= 1.0 + 1e-12
    assert relative_throughput(low, k, draw) <= relative_throughput(high, k, draw) <= 1.0


@given(cap=CAPS, draw=DRAWS)
def test_no_work_draws_more_than_its_cap(cap, draw):
    assert relative_draw(cap, draw) * draw <= cap * (1.0 + 1e-12)


@given(cap=CAPS, k=KINDS)
def test_more_of_the_time_at_the_clock_means_less_work(cap, k):
    assert relative_throughput(cap, 1.0) <= relative_throughput(cap, k) <= 1.0


@given(low=CAPS, high=CAPS)
def test_a_lower_cap_never_needs_more_energy_for_the_same_training(low, high):
    low, high = sorted((low, high))
    assert energy(low) <= energy(high) + 1e-9


@given(low=CAPS, high=CAPS, k=KINDS)
def test_energy_per_work_has_one_knee_and_rises_above_it(low, high, k):
    # the cap of the least energy, on a grid: below half of TDP for decoding, 0.6 for k = 1
    caps = [0.5 + 0.005 * step for step in range(101)]
    knee = min(caps, key=lambda cap: energy(cap, k))
    low, high = sorted((low, high))
    assume(low >= knee + 0.005)
    assert energy(low, k) <= energy(high, k) + 1e-9


def test_clock_bound_work_is_cheapest_at_sixty_percent():
    # E = P / f with k = 1: the fit's minimum lies at x = 0.43, a cap of 0.60
    assert min((energy(cap / 100, 1.0), cap) for cap in range(50, 101))[1] == 60
