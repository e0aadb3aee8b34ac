"""Shift policies, by hand and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import PolicyError
from sim.policy.shift.lowest import LowestWindow
from sim.scenario.schema.scenario import Forecast, Policy
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
PERFECT = Forecast(model="perfect", horizon_h=72, refresh_h=1)
SHIFT = Policy(name="shifted", shift="lowest-window")


def starts_h(carbon, arrival_h, duration_h, *, slack_h, policy=SHIFT, forecast=PERFECT, **columns):
    """Return start times [h] of 1-GPU jobs; `carbon` repeats hourly from the run's start on."""
    grid = time_grid(96, HOUR)
    hours = len(grid.window_edges_s) - 1
    wave = np.resize(np.roll(carbon, 0), hours)
    shift = round(-grid.window_edges_s[0] / HOUR) % len(carbon)
    signal = grid.hourly(np.roll(wave, shift) if shift else wave)
    arrival_s = np.asarray(arrival_h) * HOUR
    duration_s = np.asarray(duration_h) * HOUR
    jobs = job_table(
        arrival_s, duration_s, 1, deadline_s=arrival_s + duration_s + slack_h * HOUR, **columns
    )
    here = site(grid, clusters=[cluster(64)], signals={"average_carbon_intensity": signal})
    log = run_log([here], jobs, policy, forecast)
    return log, (log.segment_start_s[np.argsort(log.segment_job, kind="stable")] / HOUR).tolist()


def test_lowest_window_starts_where_the_forecast_sum_over_the_run_is_least():
    # Two hours from arrival on: 9+8, 8+1, 1+2, 2+9.
    assert starts_h([9, 8, 1, 2, 9, 9], [0], [2], slack_h=5)[1] == [2]


def test_lowest_window_keeps_the_deadline():
    assert starts_h([9, 8, 7, 6, 5, 1], [0], [1], slack_h=3)[1] == [3]


def test_lowest_window_tries_whole_hours_after_an_arrival_within_the_hour():
    assert starts_h([9, 9, 1, 1, 9, 9], [0.25], [1], slack_h=4)[1] == [2.25]


def test_lowest_window_prefers_the_earliest_of_equals():
    assert starts_h([0.1] * 6, [0, 0.7], [3, 3], slack_h=20)[1] == [0, 0.7]


def test_a_job_without_slack_starts_at_once():
    assert starts_h([9, 8, 1, 2, 9, 9], [0.5], [2], slack_h=0)[1] == [0.5]


def test_the_longest_wait_binds_when_the_deadline_does_not():
    policy = Policy(name="short", shift={"use": "lowest-window", "max_wait_h": 1.0})
    assert starts_h([9, 8, 1, 2, 9, 9], [0], [1], slack_h=20, policy=policy)[1] == [1]


def test_without_any_forecast_a_job_starts_as_early_as_it_can():
    assert starts_h([np.nan] * 6, [3.0], [1], slack_h=20)[1] == [3.0]


@settings(deadline=None)
@given(
    carbon=st.lists(st.integers(1, 50), min_size=30, max_size=30),
    quarters=st.integers(0, 80),
    duration_quarters=st.integers(1, 40),
    slack_h=st.integers(1, 23),
)
def test_lowest_window_finds_the_least_of_all_starts_that_brute_force_tries(
    carbon, quarters, duration_quarters, slack_h
):
    _, (start_h,) = starts_h(carbon, [quarters / 4], [duration_quarters / 4], slack_h=slack_h)
    fine = np.repeat(np.resize(carbon, 200), 4)
    sums = {
        wait: int(fine[quarters + 4 * wait : quarters + 4 * wait + duration_quarters].sum())
        for wait in range(slack_h + 1)
    }
    assert start_h == quarters / 4 + min(sums, key=lambda wait: (sums[wait], wait))


SLOTS = Policy(name="slots", shift="lowest-slots")


def slots_h(carbon, arrival_h, duration_h, *, slack_h):
    """Return the stretches [h] of one interruptible job under lowest-slots."""
    log, _ = starts_h(
        carbon, [arrival_h], [duration_h], slack_h=slack_h, policy=SLOTS, interruptible=True
    )
    assert log.done.all()
    order = np.argsort(log.segment_start_s)
    starts, ends = log.segment_start_s[order] / HOUR, log.segment_end_s[order] / HOUR
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def test_lowest_slots_runs_in_the_cheapest_hours_and_is_suspended_between_them():
    assert slots_h([9, 1, 8, 2, 7, 3], 0, 3, slack_h=3) == [(1, 2), (3, 4), (5, 6)]


def test_lowest_slots_joins_neighbouring_hours_and_cuts_the_dearest_it_takes():
    # Within 0.5 .. 6: the cheapest 2.5 hours are 2..4 and half of 5..6.
    assert slots_h([9, 8, 1, 1, 7, 3], 0.5, 2.5, slack_h=3) == [(2, 4), (5, 5.5)]


def test_lowest_slots_takes_the_earlier_of_equals():
    assert slots_h([5, 5, 5, 5, 5, 5], 0, 2, slack_h=4) == [(0, 2)]


def test_lowest_slots_plans_what_cannot_be_interrupted_as_one_window():
    _, starts = starts_h([9, 1, 8, 2, 2, 9], [0], [2], slack_h=4, policy=SLOTS)
    assert starts == [3]


@settings(deadline=None)
@given(
    carbon=st.lists(st.integers(1, 50), min_size=30, max_size=30),
    arrival_h=st.integers(0, 20),
    duration_h=st.integers(1, 12),
    slack_h=st.integers(1, 24),
)
def test_lowest_slots_takes_the_sum_of_the_smallest_hours_in_reach(
    carbon, arrival_h, duration_h, slack_h
):
    stretches = slots_h(carbon, arrival_h, duration_h, slack_h=slack_h)
    hourly = np.resize(carbon, 200)
    taken = sum(hourly[int(start) : int(end)].sum() for start, end in stretches)
    reach = hourly[arrival_h : arrival_h + duration_h + slack_h]
    assert taken == np.sort(reach)[:duration_h].sum()


def test_an_unknown_signal_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean average_carbon_intensity"):
        LowestWindow(signal="average_carbon_intensty")


class Windows:
    """Runs every job in hours 2 to 3, 5 to 6 and from 9 on."""

    def plan(self, obs, job):
        return [(2 * HOUR, 3 * HOUR), (5 * HOUR, 6 * HOUR), (9 * HOUR, 10 * HOUR)]


class Early:
    """Plans before the present."""

    def plan(self, obs, job):
        return obs.now_s - 1.0


def test_an_interruptible_job_runs_in_its_windows_and_after_the_last_to_its_end():
    log, _ = starts_h([1.0], [0], [5], slack_h=9, policy=Windows, interruptible=True)
    stretches = zip(log.segment_start_s / HOUR, log.segment_end_s / HOUR, strict=True)
    assert list(stretches) == [(2, 3), (5, 6), (9, 12)]
    assert log.done.all()


@pytest.mark.parametrize(
    ("policy", "message"),
    [(Windows, "not interruptible, several windows"), (Early, "not before 3600.0 s")],
)
def test_a_plan_that_breaks_the_contract_is_refused(policy, message):
    with pytest.raises(PolicyError, match=message):
        starts_h([1.0], [1], [5], slack_h=9, policy=policy)
