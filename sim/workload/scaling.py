"""How many replicas a service wants: a rule that sees the step before, and nothing to come."""

import math
from dataclasses import dataclass

from sim.scenario.schema.service import Autoscaling
from sim.units import MINUTE_S


@dataclass(slots=True)
class Scaling:
    """What the rule remembers.

    Attributes
    ----------
    rule : Autoscaling
        Target, and how long it waits.
    least, most : int
        Bounds of the number of replicas. [-]
    step_s : float
        Length of a step, after each of which it is asked. [s]
    above_s, below_s : float
        For how long more, or fewer, replicas have been wanted than there are. [s]
    below_most : int
        The most that was wanted in the time `below_s`. [-]
    """

    rule: Autoscaling
    least: int
    most: int
    step_s: float
    above_s: float = 0.0
    below_s: float = 0.0
    below_most: int = 0


def target_replicas(state: Scaling, load: float, present: int) -> int:
    """Return how many replicas a service is to have from now on.

    Parameters
    ----------
    state : Scaling
        What the rule remembers; it is brought up to date.
    load : float
        Replicas that the last step's requests and its backlog would have kept busy all the time.
        [-]
    present : int
        Replicas that there are, or that load. [-]

    Returns
    -------
    int
        Number within the bounds. [-]

    Notes
    -----
    As many are wanted as bring the load to the target. They are added once more have been wanted
    all through ``up_delay_min``, and removed once fewer have been wanted all through
    ``down_delay_min``, down to the most that was wanted in that time.
    """
    rule = state.rule
    wanted = math.ceil(load / rule.target_fraction - 1e-9)
    wanted = min(state.most, max(state.least, wanted))
    state.above_s = state.above_s + state.step_s if wanted > present else 0.0
    if wanted < present:
        state.below_most = wanted if not state.below_s else max(wanted, state.below_most)
        state.below_s += state.step_s
    else:
        state.below_s = 0.0
    if state.above_s > rule.up_delay_min * MINUTE_S:
        state.above_s = 0.0
        return wanted
    if state.below_s > rule.down_delay_min * MINUTE_S:
        state.below_s = 0.0
        return state.below_most
    return min(state.most, max(state.least, present))
