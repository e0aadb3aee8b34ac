"""Shift policies that follow a signal in other ways than its lowest window, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.policy.base import Forecast as Issued
from sim.policy.shift.outlook import Outlook
from sim.policy.shift.threshold import Threshold
from sim.scenario.schema.scenario import Policy
from tests.unit.test_shift import starts_h

HOUR = 3600.0


def policy(use, **parameters):
    return Policy(name="tried", shift={"use": use, **parameters})


def stretches_h(carbon, arrival_h, duration_h, chosen, *, slack_h=90):
    """Return the stretches [h] of one interruptible job."""
    log, _ = starts_h(
        carbon, [arrival_h], [duration_h], slack_h=slack_h, policy=chosen, interruptible=True
    )
    assert log.done.all()
    order = np.argsort(log.segment_start_s)
    starts, ends = log.segment_start_s[order] / HOUR, log.segment_end_s[order] / HOUR
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def test_lowest_slot_starts_with_the_lowest_hour_however_long_the_job_is():
    carbon = [9, 8, 1, 9, 9, 9, 2, 2]
    assert starts_h(carbon, [0.5], [2], slack_h=6, policy=policy("lowest-slot"))[1] == [2]


def test_lowest_slot_prefers_the_first_of_equals_and_may_stay_in_the_present_hour():
    assert starts_h([3, 3, 5, 5], [0.5], [1], slack_h=3, policy=policy("lowest-slot"))[1] == [0.5]


def test_lowest_slot_looks_at_the_latest_start_too():
    carbon = [9, 9, 9, 1, 9, 9]
    assert starts_h(carbon, [0], [1], slack_h=3, policy=policy("lowest-slot"))[1] == [3]
    assert starts_h(carbon, [0], [1], slack_h=2.9, policy=policy("lowest-slot"))[1] == [0]


def test_carbon_time_does_not_wait_long_for_a_little():
    # A run of 1 h emits 10 now, 6 after 1 h (saves 4 in 2 h), 1 after 5 h (saves 9 in 6 h).
    carbon = [10, 6, 10, 10, 10, 1]
    assert starts_h(carbon, [0], [1], slack_h=5, policy=policy("carbon-time"))[1] == [1]
    assert starts_h(carbon, [0], [1], slack_h=5)[1] == [5]


def test_carbon_time_waits_for_much():
    # Saves 1 in 2 h, or 9 in 6 h.
    carbon = [10, 9, 10, 10, 10, 1]
    assert starts_h(carbon, [0], [1], slack_h=5, policy=policy("carbon-time"))[1] == [5]


def test_threshold_runs_below_the_quantile_and_waits_above_it():
    # Of the day from hour 0 on, a quarter is below 5.
    carbon = [9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 1, 2, *[9] * 12]
    chosen = policy("threshold", threshold_fraction=0.25)
    assert stretches_h(carbon, 0, 5, chosen) == [(2, 4), (6, 8), (10, 11)]


def test_threshold_runs_through_when_its_wait_is_used_up():
    carbon = [9, 9, 1, 2, 9, 9, 9, 9, 9, 9, 1, 2, *[9] * 12]
    chosen = policy("threshold", threshold_fraction=0.2, max_wait_h=4.5)
    # It waits 2 h, runs 2 h, waits the 2.5 h that are left, and runs the rest.
    assert stretches_h(carbon, 0, 5, chosen) == [(2, 4), (6.5, 9.5)]


def test_threshold_never_waits_longer_than_the_deadline_allows():
    carbon = [9] * 20 + [1] * 4
    chosen = policy("threshold", threshold_fraction=0.3)
    assert stretches_h(carbon, 0, 3, chosen, slack_h=2) == [(2, 5)]


def test_threshold_starts_what_cannot_be_interrupted_at_the_first_low_moment():
    carbon = [9, 9, 1, 9, 1, 1, *[9] * 18]
    chosen = policy("threshold", threshold_fraction=0.2)
    assert starts_h(carbon, [0], [3], slack_h=9, policy=chosen)[1] == [2]


@given(
    carbon=st.lists(st.integers(1, 9), min_size=24, max_size=24),
    arrival_h=st.integers(0, 20),
    duration_h=st.integers(1, 12),
    wait_h=st.integers(0, 24),
)
def test_threshold_runs_the_whole_job_within_its_wait(carbon, arrival_h, duration_h, wait_h):
    chosen = policy("threshold", max_wait_h=wait_h)
    stretches = stretches_h(carbon, arrival_h, duration_h, chosen)
    assert sum(end - start for start, end in stretches) == pytest.approx(duration_h)
    assert stretches[-1][1] <= arrival_h + duration_h + wait_h + 1e-9


def test_the_threshold_is_a_fraction_strictly_between_0_and_1():
    with pytest.raises(ValueError, match=r"threshold_fraction is 1\.0; it must lie between"):
        Threshold(threshold_fraction=1.0)


def issued(point, quantiles=None, levels=()):
    return Issued(np.array(point), quantiles, 0.0, 0.0, HOUR, np.array(levels))


def test_an_outlook_follows_the_quantile_that_is_asked_for():
    forecast = issued([5.0, 5.0], np.array([[1.0, 8.0], [2.0, 9.0]]), [0.1, 0.9])
    assert Outlook.of(forecast, 0.9).values.tolist() == [8.0, 9.0]
    assert Outlook.of(forecast, None).values.tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match=r"no quantile 0\.5 \(they have 0\.1, 0\.9\)"):
        Outlook.of(forecast, 0.5)


def test_an_outlook_ends_where_the_forecast_is_unknown():
    assert Outlook.of(issued([5.0, np.nan, 7.0]), None).values.tolist() == [5.0]
