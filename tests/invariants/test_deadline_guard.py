"""A guarded policy keeps every deadline that starting at once would have kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy
from tests.unit.test_shift import starts_h

JOB = st.tuples(
    st.floats(0.0, 30.0),  # arrival [h]
    st.floats(0.1, 12.0),  # length [h]
    st.floats(-4.0, 24.0),  # slack [h]: none may start in time where it is negative
)


def met(policy, carbon, jobs, interruptible):
    """Return whether each job ended by its deadline on a cluster that never fills."""
    arrival_h, duration_h, slack_h = np.array(jobs).T
    log, _ = starts_h(
        carbon, arrival_h, duration_h, slack_h=slack_h, policy=policy, interruptible=interruptible
    )
    assert log.done.all()
    deadline_s = (arrival_h + duration_h + slack_h) * 3600.0
    end_s = np.zeros(len(jobs))
    np.maximum.at(end_s, log.segment_job, log.segment_end_s)
    return end_s <= deadline_s + 1e-6


@pytest.mark.parametrize(
    "inner", [*sorted(set(POLICIES["shift"]) - {"deadline-guard"}),
              "tests.worlds:Never"],
)
@settings(max_examples=25)
@given(
    carbon=st.lists(st.floats(0.0, 900.0), min_size=2, max_size=24),
    jobs=st.lists(JOB, min_size=1, max_size=6).map(sorted),
    interruptible=st.booleans(),
)
def test_no_deadline_is_missed_that_starting_at_once_keeps(inner, carbon, jobs, interruptible):
    guarded = Policy(name="tried", shift={"use": "deadline-guard", "inner": {"use": inner}})
    at_once = met(Policy(name="at-once"), carbon, jobs, interruptible)
    assert met(guarded, carbon, jobs, interruptible)[at_once].all()


def test_without_the_guard_they_are_missed():
    never = Policy(name="tried", shift="tests.worlds:Never")
    assert not met(never, [1.0, 2.0], [(0.0, 2.0, 3.0)], interruptible=False).any()
