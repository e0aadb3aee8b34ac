"""The rule that says how many replicas a service wants."""

import pytest

from sim.scenario.schema.service import Autoscaling
from sim.workload.scaling import Scaling, target_replicas


def scaling(**rule):
    """Return a rule for steps of five minutes between 1 and 10 replicas."""
    return Scaling(Autoscaling(target_fraction=0.5, **rule), least=1, most=10, step_s=300.0)


def followed(state, loads, present=2):
    """Return the numbers of replicas that a list of loads leads to."""
    numbers = []
    for load in loads:
        present = target_replicas(state, load, present)
        numbers.append(present)
    return numbers


def test_as_many_are_wanted_as_bring_the_load_to_the_target():
    assert followed(scaling(), [1.6]) == [4]
    assert followed(scaling(), [1.5]) == [3]


@pytest.mark.parametrize(("load", "count"), [(0.0, 1), (99.0, 10)])
def test_the_bounds_hold(load, count):
    state = scaling(down_delay_min=0)
    assert followed(state, [load] * 3)[-1] == count


def test_more_are_added_once_they_have_been_wanted_long_enough():
    state = scaling(up_delay_min=10)
    assert followed(state, [2.0, 2.0, 0.9, 2.0, 2.0, 2.0]) == [2, 2, 2, 2, 2, 4]


def test_fewer_are_kept_once_they_have_been_wanted_long_enough_but_the_most_of_that_time():
    state = scaling(down_delay_min=10)
    assert followed(state, [1.0, 0.4, 0.6, 1.1], present=6) == [6, 6, 2, 3]


def test_what_a_rise_needs_is_not_delayed_by_a_fall_before_it():
    state = scaling(down_delay_min=60)
    assert followed(state, [0.5, 0.5, 3.0, 0.5]) == [2, 2, 6, 6]
