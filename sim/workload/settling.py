"""Batches that fill and empty: loads that replicas really come to, and requests that wait.

The batch of a steady load takes time to build: near saturation, minutes. What is in the system, x
requests on R replicas, follows dx/dt = arrivals - R (1 - rho) b / (n (t0 + t1 b)), with b = x / R
up to the largest batch and n further tokens a request; what is beyond waits for a place. Each step
is cut into parts, in which the equation is linear (exponential Euler [1]_), so that it is stable
however long they are.

References
----------
.. [1] M. Hochbruck and A. Ostermann, "Exponential integrators," Acta Numerica 19, 2010.
"""

import math
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.workload.fluid import Fluid, FluidLog

Column = NDArray[np.float64]

SETTLED_FRACTION: Final = 0.8
"""Share of the capacity below which batches settle in no time."""

_PARTS: Final = 8
_LITTLE: Final = 1e-9


class Pace(NamedTuple):
    """How fast one replica serves in a step.

    Attributes
    ----------
    arrivals_per_s : float
        Requests that come to all replicas together. [1/s]
    read_s : float
        Prefill of one. [s]
    tokens : float
        Tokens of one after its first. [-]
    t0_s, t1_s : float
        Time of a decode iteration: fixed part, and part per request. [s]
    """

    arrivals_per_s: float
    read_s: float
    tokens: float
    t0_s: float
    t1_s: float


def settled(fluid: Fluid, log: FluidLog) -> tuple[FluidLog, Column]:
    """Return the loads that batches come to, and how many requests wait for a place.

    Parameters
    ----------
    fluid : Fluid
        The service.
    log : FluidLog
        What its replicas did, as if every batch were at once that of its load.

    Returns
    -------
    tuple
        The log with other loads, and requests that wait at the end of each step [-].
    """
    step_s, most = fluid.demand.steps.step_s, float(fluid.replica_under(1.0).max_batch)
    paces = _paces(fluid, log)
    steady = _steady_batch(paces, log, most) * log.replicas_count
    near = ~(log.utilization_fraction < SETTLED_FRACTION)
    loads, waiting = log.load_fraction.copy(), np.zeros(len(near))
    inside, followed = 0.0, False
    counts: list[float] = log.replicas_count.tolist()
    for step, (count, crowded) in enumerate(zip(counts, near.tolist(), strict=True)):
        if not (crowded or followed):
            continue
        if not followed:
            inside = float(steady[step - 1]) if step else 0.0
        pace = Pace(*paces[:, step].tolist())
        inside, batch = _through(inside, pace, count, most, step_s)
        waiting[step] = max(0.0, inside - most * count)
        loads[step] = _load(batch, pace, most)
        followed = crowded or waiting[step] > 0.0
    return replace(log, load_fraction=loads), waiting


def _through(
    inside: float, pace: Pace, count: float, most: float, step_s: float
) -> tuple[float, float]:
    """Return what is in the system at the end of a step, and the mean batch of a replica."""
    if not count:
        return inside + pace.arrivals_per_s * step_s, 0.0
    part_s, batches, room = step_s / _PARTS, 0.0, most * count
    full_s = pace.read_s + pace.tokens * (pace.t0_s + pace.t1_s * most) / most
    growth_per_s = pace.arrivals_per_s - count / full_s  # as many are read as finish
    for _ in range(_PARTS):
        left_s = part_s
        if inside < room:
            then = _filled(inside, pace, count, part_s)
            if then > room:  # it fills on the way
                left_s *= (then - room) / (then - inside)
                then = room
            else:
                left_s = 0.0
            inside = then
        inside = max(0.0, inside + growth_per_s * left_s)
        batches += min(most, inside / count)
    return inside, batches / _PARTS


def _filled(inside: float, pace: Pace, count: float, part_s: float) -> float:
    """Return what is in the system after a while in which batches have room."""
    free = max(0.0, 1.0 - pace.arrivals_per_s / count * pace.read_s)
    iteration_s = pace.t0_s + pace.t1_s * inside / count
    done_per_s = free * inside / (pace.tokens * iteration_s)
    slope = free * pace.t0_s / (pace.tokens * iteration_s * iteration_s)
    lasts_s = -math.expm1(-slope * part_s) / slope if slope > _LITTLE else part_s
    return max(0.0, inside + (pace.arrivals_per_s - done_per_s) * lasts_s)


def _paces(fluid: Fluid, log: FluidLog) -> Column:
    """Return the pace of each step, one row a field of `Pace`, shape (5, n_steps)."""
    demand = fluid.demand
    asked = np.maximum(demand.requests_count, _LITTLE)
    paces = np.zeros((len(Pace._fields), len(asked)))
    paces[0] = demand.requests_count / demand.steps.step_s
    paces[2] = np.maximum(demand.further_tokens / asked, _LITTLE)
    for cap in np.unique(log.cap_fraction).tolist():
        replica, here = fluid.replica_under(cap), log.cap_fraction == cap
        times_s, most = replica.iteration_s, replica.max_batch
        t1_s = (times_s[-1] - times_s[1]) / max(1, most - 1)
        paces[1, here] = (demand.reading_s(replica.prefill_s) / asked)[here]
        paces[3, here], paces[4, here] = times_s[1] - t1_s, t1_s
    return paces


def _steady_batch(paces: Column, log: FluidLog, most: float) -> Column:
    """Return the batch that writes as many tokens as the load wants, shape (n_steps,). [-]."""
    t0_s, t1_s = paces[3], paces[4]
    speed = log.load_fraction * most / (t0_s + t1_s * most)
    batch: Column = speed * t0_s / (1.0 - speed * t1_s)
    return batch


def _load(batch: float, pace: Pace, most: float) -> float:
    """Return what a batch writes over what the largest writes, 0..1."""
    if not batch:
        return 0.0
    slowest_s, iteration_s = pace.t0_s + pace.t1_s * most, pace.t0_s + pace.t1_s * batch
    return min(1.0, batch * slowest_s / (most * iteration_s))
