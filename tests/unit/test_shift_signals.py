"""Shift policies that follow a signal in other ways than its lowest window, by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.policy.base import Forecast as Issued
from sim.policy.jobs_view import JobsView
from sim.policy.shift.lowest import LowestSlots
from sim.policy.shift.outlook import Outlook
from sim.policy.shift.surplus import RenewableSurplus
from sim.policy.shift.threshold import Threshold
from sim.scenario.schema.scenario import Policy
from tests.unit.test_shift import PERFECT, starts_h
from tests.worlds import cluster, job_table, run_log, site, time_grid

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


class Sighted:
    """A policy's view of one job and one forecast."""

    def __init__(self, values, step_s, *, now_s, length_s, due_s):
        self.now_s = now_s
        table = job_table([now_s], [length_s], 1, deadline_s=due_s, interruptible=True)
        self.jobs = JobsView(table, [1])
        self._forecast = Issued(np.array(values, dtype=float), None, 0.0, 0.0, step_s)

    def site_of(self, job):
        return 0

    def forecast(self, site, signal):
        return self._forecast


@settings(deadline=None)
@given(
    values=st.lists(st.integers(1, 9), min_size=12, max_size=40),
    begins=st.floats(0.0, 6.0),
    length=st.one_of(st.floats(0.01, 6.0), st.integers(1, 6)),
    slack=st.floats(0.0, 30.0),
    make=st.sampled_from([LowestSlots, Threshold]),
)
def test_slots_come_one_after_the_other_and_are_as_long_as_the_job(
    values, begins, length, slack, make
):
    step_s = 900.0
    now_s, length_s = begins * step_s, length * step_s
    due_s = now_s + length_s + slack * step_s
    plan = make().plan(Sighted(values, step_s, now_s=now_s, length_s=length_s, due_s=due_s), 0)
    slots = plan if isinstance(plan, list) else [(plan, plan + length_s)]
    bounds = [bound for slot in slots for bound in slot]
    assert all(one < other for one, other in pairwise(bounds))
    assert sum(end - start for start, end in slots) == pytest.approx(length_s, rel=1e-9)
    assert now_s <= bounds[0]
    assert bounds[-1] <= due_s + 1e-6


@settings(deadline=None)
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


def surplus_starts_h(solar_kw, load_kw, duration_h, *, slack_h):
    """Return the start [h] of a job that follows the surplus of sun over load."""
    grid = time_grid(96, HOUR)
    first = round(-grid.window_edges_s[0] / HOUR)
    ahead = np.zeros(len(grid.window_edges_s) - 1)
    ahead[first : first + len(solar_kw)] = solar_kw
    signals = {"solar": grid.hourly(ahead), "load": grid.hourly(np.full(len(ahead), load_kw))}
    jobs = job_table([0.0], [duration_h * HOUR], 1, deadline_s=(duration_h + slack_h) * HOUR)
    here = site(grid, clusters=[cluster(1)], signals=signals)
    log = run_log([here], jobs, policy("renewable-surplus"), PERFECT)
    return log.segment_start_s[0] / HOUR


def test_renewable_surplus_starts_where_most_of_it_lies_under_the_run():
    # Over 2 h: 0, 1, 1+3, 3+2; what is below the load counts as nothing, not as less.
    assert surplus_starts_h([2, 2, 5, 7, 6, 0], 4, 2, slack_h=4) == 3


def test_forecasts_of_other_issue_times_are_set_against_each_other_hour_by_hour():
    # The load's was issued 2 h ago: at 4 h the sun gives 9 over a load of 4, before that nothing.
    load = Issued(np.array([0.0, 0.0, 9.0, 9.0, 4.0, 9.0]), None, 0.0, 0.0, HOUR)
    solar = Issued(np.array([9.0, 9.0, 9.0, 9.0]), None, 2 * HOUR, 2 * HOUR, HOUR)
    wind = Issued(np.zeros(5), None, HOUR, HOUR, HOUR)

    class Desk:
        def forecast(self, site, signal):
            return {"load": load, "solar": solar, "wind": wind}[signal]

    one = RenewableSurplus()
    outlook = one.outlook(Desk(), 0)
    assert (outlook.start_s, outlook.values.tolist()) == (2 * HOUR, [0.0, 0.0, 5.0, 0.0])
    assert one.outlook(Desk(), 0) is outlook
    # A new forecast of one of them makes another surplus, though the load's is the same.
    solar = Issued(np.full(4, 10.0), None, 3 * HOUR, 3 * HOUR, HOUR)
    outlook = one.outlook(Desk(), 0)
    assert (outlook.start_s, outlook.values.tolist()) == (3 * HOUR, [1.0, 6.0, 1.0])


def test_without_surplus_in_reach_a_job_starts_at_once():
    assert surplus_starts_h([2, 2, 2, 9, 9, 9], 4, 1, slack_h=2) == 0


def test_the_guard_starts_a_job_that_would_be_late():
    late = {"use": "tests.unit.test_shift_signals:At", "hour": 9}
    assert starts_h([1], [0], [2], slack_h=3, policy=policy("deadline-guard", inner=late))[1] == [3]
    kept = {"use": "tests.unit.test_shift_signals:At", "hour": 2}
    assert starts_h([1], [0], [2], slack_h=3, policy=policy("deadline-guard", inner=kept))[1] == [2]


def test_the_guard_keeps_a_margin():
    late = {"use": "tests.unit.test_shift_signals:At", "hour": 9}
    chosen = policy("deadline-guard", inner=late, margin_fraction=0.5, margin_h=1)
    assert starts_h([1], [0], [2], slack_h=5, policy=chosen)[1] == [3]


def test_the_guard_lets_an_interrupted_job_run_through_when_it_must():
    pausing = {"use": "tests.unit.test_shift_signals:Pausing"}
    chosen = policy("deadline-guard", inner=pausing)
    # It runs 1..2 and 3..4 as planned, but needs 6 h by hour 10: from 6 on it may not wait.
    assert stretches_h([1], 0, 6, chosen, slack_h=4) == [(1, 2), (3, 4), (6, 10)]


class At:
    """Starts every job at one hour of the run."""

    def __init__(self, hour):
        self.hour = hour

    def plan(self, obs, job):
        return self.hour * HOUR


class Pausing:
    """Runs for one hour in two."""

    def plan(self, obs, job):
        return [(1 * HOUR, 2 * HOUR), (3 * HOUR, 4 * HOUR), (20 * HOUR, 21 * HOUR)]
