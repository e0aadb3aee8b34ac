"""The share of the oracle's gain that a forecast captures: by hand, and whatever the forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting import ForecastSet, ModelCard
from forecasting.decision import Job, decision_value

NAN = np.nan
JOB = Job(2, 4)


def issued(*point):
    array = np.array(point, dtype=np.float64)
    times_s = 3600.0 * np.arange(len(array))
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    return ForecastSet(times_s, times_s, 3600.0, array, card)


def rows(*values):
    return np.array(values, dtype=np.float64)


def test_a_job_runs_in_the_hours_it_believes_to_be_lowest():
    # Truth 4 1 2 5, mean 3. Oracle: 1 and 2, gain 1.5. Believes hours 0 and 1: 2.5, gain 0.5.
    found = decision_value(issued([1, 2, 3, 4]), rows([4, 1, 2, 5]), job=JOB)
    assert (found.gain, found.oracle_gain, found.arrivals_count) == (0.5, 1.5, 1)
    assert found.captured_fraction == pytest.approx(1 / 3)


def test_a_forecast_that_misleads_loses():
    found = decision_value(issued([1, 9, 9, 2]), rows([4, 1, 2, 5]), job=JOB)
    assert found.captured_fraction == pytest.approx(-1.0)  # 4.5 against a mean of 3


def test_a_contiguous_job_takes_the_lowest_stretch():
    # Believes 1 9 1 2: interruptible hours 0 and 2, in one stretch 2 and 3.
    truth = rows([1, 4, 1, 6])
    one = decision_value(issued([1, 9, 1, 2]), truth, job=JOB)
    other = decision_value(issued([1, 9, 1, 2]), truth, job=Job(2, 4, contiguous=True))
    assert (one.gain, one.oracle_gain) == (2.0, 2.0)
    assert (other.gain, other.oracle_gain) == (-0.5, 0.5)  # the oracle's stretches: 2.5, 2.5, 3.5


def test_a_job_may_seek_the_highest_values():
    found = decision_value(issued([0, 5, 6, 0]), rows([0, 8, 4, 0]), job=Job(2, 4, highest=True))
    assert (found.gain, found.captured_fraction) == (3.0, 1.0)


def test_days_with_much_to_gain_weigh_more():
    # Day 1: gains 0 of 4. Day 2: gains 40 of 40.
    truth = rows([1, 9, 9, 1], [10, 90, 90, 10])
    found = decision_value(issued([1, 2, 1, 2], [1, 9, 9, 1]), truth, job=JOB)
    assert found.captured_fraction == pytest.approx(40 / 44)


def test_ties_go_to_the_earliest_hour_and_no_forecast_means_at_once():
    truth = rows([4, 1, 2, 5])
    for believed in ([7, 7, 7, 7], [NAN, NAN, NAN, NAN], [3, NAN, NAN, NAN]):
        assert decision_value(issued(believed), truth, job=JOB).gain == 0.5  # hours 0 and 1


def test_ties_of_many_hours_go_to_the_earliest_too():
    believed = np.tile([2.0, 1.0], 12)
    assert Job(4, 24).chosen(believed[None, :]).tolist() == [[1, 3, 5, 7]]


def test_windows_that_are_not_wholly_known_do_not_count():
    truth = rows([4, 1, 2, 5], [4, 1, NAN, 5])
    assert decision_value(issued([4, 1, 2, 5], [4, 1, 2, 5]), truth, job=JOB).arrivals_count == 1
    none = decision_value(issued([1, 2, 3, 4]), rows([NAN] * 4), job=JOB)
    assert (none.captured_fraction, none.arrivals_count) == (None, 0)


def test_nothing_can_be_captured_where_nothing_varies():
    assert decision_value(issued([1, 2, 3, 4]), rows([0.3] * 4), job=JOB).captured_fraction is None


def test_a_horizon_shorter_than_the_window_is_refused():
    with pytest.raises(ValueError, match="window of 4 intervals needs a longer horizon than 3"):
        decision_value(issued([1, 2, 3]), rows([1, 2, 3]), job=JOB)


@pytest.mark.parametrize(("duration", "window"), [(0, 4), (5, 4)])
def test_a_job_must_fit_into_its_window(duration, window):
    with pytest.raises(ValueError, match=f"a job of {duration} intervals must fit into {window}"):
        Job(duration, window)


signals = arrays(np.float64, (3, 8), elements=st.integers(-50, 50).map(float))


@given(signals, signals, st.booleans(), st.booleans())
def test_nobody_gains_more_than_the_oracle(point, truth, contiguous, highest):
    job = Job(3, 8, contiguous=contiguous, highest=highest)
    found = decision_value(issued(*point), truth, job=job)
    assert found.gain <= found.oracle_gain + 1e-9
    assert decision_value(issued(*truth), truth, job=job).gain == found.oracle_gain


@given(signals, signals, st.sampled_from([0.5, 2.0, 4.0]), st.sampled_from([-8.0, 0.0, 16.0]))
def test_only_the_order_of_the_hours_counts(point, truth, scale, offset):
    job = Job(3, 8)
    once = decision_value(issued(*point), truth, job=job)
    assert decision_value(issued(*(scale * point + offset)), truth, job=job) == once
