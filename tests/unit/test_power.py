"""Power caps against the measured medians of the Zeus traces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.datacenter.power import relative_draw, relative_throughput

# V100, jobs that draw at least 60 % of TDP: cap over TDP -> throughput, energy per epoch.
MEASURED = [(0.6, 0.886, 0.770), (0.7, 0.927, 0.821), (0.8, 0.956, 0.879)]


@pytest.mark.parametrize(("cap", "throughput", "energy"), MEASURED)
def test_capped_training_keeps_the_measured_throughput_within_the_fits_error(
    cap, throughput, energy
):
    # The fit's p95 error is 0.14 of throughput; these jobs draw less than TDP, so caps bind later.
    assert relative_throughput(cap) == pytest.approx(throughput, abs=0.14)
    assert relative_draw(cap) / relative_throughput(cap) == pytest.approx(energy, abs=0.14)


def test_without_a_cap_nothing_changes():
    assert relative_throughput(1.0) == 1.0
    assert relative_draw(1.0) == 1.0


def test_the_throughput_at_a_cap_of_65_percent_is_the_hand_computed_one():
    # x = 0.35 / 0.7 = 0.5, f = 0.70711, r = 1 / (0.5 + 0.5 / 0.70711).
    assert relative_throughput(0.65) == pytest.approx(0.828427, rel=1e-6)


@given(low=st.floats(0.5, 1.0), high=st.floats(0.5, 1.0))
def test_a_lower_cap_draws_less_works_less_and_never_needs_more_energy_for_the_same_work(low, high):
    low, high = sorted((low, high))
    assert relative_draw(low) <= relative_draw(high) <= 1.0
    assert relative_throughput(low) <= relative_throughput(high) <= 1.0
    assert relative_draw(low) / relative_throughput(low) <= 1.0 + 1e-9
