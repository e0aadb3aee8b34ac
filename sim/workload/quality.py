"""How well a service did: what it served in each step, and how long requests took."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.scenario.schema.service import Objective
from sim.workload.decoding import LEVELS, MOST_POOLED, Decoding
from sim.workload.demand import Demand, Steps
from sim.workload.fluid import Fluid, FluidLog
from sim.workload.latency import (
    MOST_READING,
    TIMES_S,
    Distributions,
    Situations,
    distributions,
    percentile_s,
    share_within,
)
from sim.workload.lengths import Lengths, binned_lengths
from sim.workload.requests import Served
from sim.workload.settling import settled

Column = NDArray[np.float64]

@dataclass(frozen=True, slots=True)
class Quality:
    """What a service did; columns have shape (n_steps,).

    Attributes
    ----------
    arrived_count, served_count : ndarray of float
        Requests that came, and that were served. [-]
    backlog_count : ndarray of float
        Requests not yet served at the end of the step. [-]
    prompt_tokens, output_tokens : ndarray of float
        Tokens of the requests that were served. [-]
    ttft_p50_s, ttft_p95_s, tpot_p95_s, latency_p95_s : ndarray of float
        Percentiles over the requests that arrived in the step; nan without any. [s]
    attained_fraction : ndarray of float
        Share of them that stayed within the objective; nan without any. [-]
    within : ndarray of float, shape (3, n_times)
        Shares of all requests whose time to the first token, per further token, and to the last
        token is at most `latency.TIMES_S`. [-]
    """

    arrived_count: Column
    served_count: Column
    backlog_count: Column
    prompt_tokens: Column
    output_tokens: Column
    ttft_p50_s: Column
    ttft_p95_s: Column
    tpot_p95_s: Column
    latency_p95_s: Column
    attained_fraction: Column
    within: Column


def fluid_quality(
    fluid: Fluid, log: FluidLog, objective: Objective, *, network_s: float = 0.0
) -> Quality:
    """Return how well a service did that was served as a fluid.

    Parameters
    ----------
    fluid : Fluid
        The service.
    log : FluidLog
        What its replicas did.
    objective : Objective
        What users expect.
    network_s : float
        Network time there and back. [s]

    Returns
    -------
    Quality
        By step and over all.
    """
    demand, asked = fluid.demand, fluid.demand.requests_count
    left = {
        name: _left(getattr(demand, name), log.served_fraction)
        for name in ("requests_count", "prompt_tokens", "output_tokens")
    }
    served = {
        name: getattr(demand, name) - np.diff(left[name], prepend=0.0) for name in left
    }
    log, waiting = settled(fluid, log)
    delay_s = _delays_s(demand.steps, asked, waiting)
    times = {name: np.full(len(asked), np.nan) for name in _TIMES}
    mixture = np.zeros((3, len(TIMES_S)))
    for cap in np.unique(log.cap_fraction[asked > 0.0]).tolist():
        steps = np.flatnonzero((log.cap_fraction == cap) & (asked > 0.0))
        # Steps that are next to alike are looked at once.
        key = _alike(log, demand, delay_s)[steps]
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        met = _met(fluid, log, delay_s, steps[first], _lengths(demand, steps, which))
        within = distributions(
            met,
            fluid.replica_under(cap),
            cluster_ratio=demand.cluster_ratio,
            network_s=network_s,
        )
        found = _told(within, objective)
        for name, values in found.items():
            times[name][steps] = values[which]
        mixture += np.bincount(which, asked[steps]) @ np.asarray(within)
    return Quality(
        arrived_count=asked,
        served_count=served["requests_count"],
        backlog_count=left["requests_count"],
        prompt_tokens=served["prompt_tokens"],
        output_tokens=served["output_tokens"],
        within=mixture / max(1.0, float(asked.sum())),
        **times,
    )


def mean_batch(fluid: Fluid, log: FluidLog) -> Column:
    """Return the mean batch of a replica that decodes; nan where none serves, shape (n_steps,)."""
    batch = np.full(len(log.replicas_count), np.nan)
    for steps, table in _tables(fluid, log, np.flatnonzero(log.replicas_count > 0.0)):
        batch[steps] = np.interp(log.load_fraction[steps], _GRID, table.batch)
    return batch


def requests_quality(
    demand: Demand, served: Served, objective: Objective, *, network_s: float = 0.0
) -> Quality:
    """Return how well a service did that was served request by request.

    Parameters
    ----------
    demand : Demand
        What was asked of it, with the requests one by one.
    served : Served
        What became of them.
    objective : Objective
        What users expect.
    network_s : float
        Network time there and back. [s]

    Returns
    -------
    Quality
        By step and over all; requests that did not finish have missed the objective.

    Raises
    ------
    ValueError
        If the requests are not known one by one.
    """
    requests = demand.requests
    if requests is None:
        msg = "the requests of this demand are not known one by one"
        raise ValueError(msg)
    steps = demand.steps
    arrived = steps.index(requests.arrival_s)
    ended = ~np.isnan(served.latency_s)
    left = steps.index((requests.arrival_s + served.latency_s)[ended])

    def finished(amount: Column) -> Column:
        """Add up what the requests that finish in each step have."""
        return np.bincount(left, amount[ended], minlength=steps.count).astype(float)

    done = finished(np.ones(len(requests)))
    ttft_s, latency_s = served.ttft_s + network_s, served.latency_s + network_s
    good = ended.astype(float) if _has_objective(objective) else np.full(len(ended), np.nan)
    if objective.ttft_s is not None:
        good *= ttft_s <= objective.ttft_s
    if objective.tpot_s is not None:
        good *= ~(served.tpot_s > objective.tpot_s)  # a single token has none
    met = np.bincount(arrived, good, minlength=steps.count)
    return Quality(
        arrived_count=demand.requests_count,
        served_count=done,
        backlog_count=np.cumsum(demand.requests_count - done),
        prompt_tokens=finished(requests.prompt_tokens),
        output_tokens=finished(requests.output_tokens),
        ttft_p50_s=_by_step(ttft_s, arrived, steps, 0.5),
        ttft_p95_s=_by_step(ttft_s, arrived, steps, 0.95),
        tpot_p95_s=_by_step(served.tpot_s, arrived, steps, 0.95),
        latency_p95_s=_by_step(latency_s, arrived, steps, 0.95),
        attained_fraction=np.divide(
            met,
            demand.requests_count,
            out=np.full(steps.count, np.nan),
            where=demand.requests_count > 0.0,
        ),
        within=np.stack([_within(one) for one in (ttft_s, served.tpot_s, latency_s)]),
    )


def _left(asked: Column, served_fraction: Column) -> Column:
    """Return what stays in the backlog at the end of each step."""
    left = np.zeros(len(asked))
    for step in np.flatnonzero(served_fraction < 1.0).tolist():
        rest = left[step - 1] if step else 0.0
        left[step] = (rest + asked[step]) * (1.0 - served_fraction[step])
    return left


def _delays_s(steps: Steps, asked: Column, backlog: Column) -> Column:
    """Return how long requests wait in the backlog, mean over each step's first and last."""
    # First come, first served: a request is served when as many have been as had come before it.
    # One that the run does not serve has waited until its end, at least.
    if not backlog.any():
        return np.zeros_like(backlog)
    come = np.cumsum(asked)
    edges_s = steps.edges_s
    gone = np.concatenate([[0.0], np.maximum.accumulate(come - backlog)])
    waits_s = np.interp(come, gone, edges_s) - edges_s[1:]
    late_s = np.where(backlog > _NOTHING * come, waits_s, 0.0)
    return (np.concatenate([[0.0], late_s[:-1]]) + late_s) / 2.0


def _alike(log: FluidLog, demand: Demand, delay_s: Column) -> NDArray[np.int64]:
    """Return one number a step, equal where requests meet next to the same."""
    asked = np.maximum(demand.requests_count, _NOTHING)
    digits = (
        (log.reading_fraction * LEVELS, LEVELS + 1),
        (log.load_fraction * LEVELS, LEVELS + 1),
        (8.0 * np.log2(np.maximum(log.replicas_count, 1.0)), 200),
        (8.0 * np.log2(1.0 + delay_s / _NO_DELAY_S), 400),
        (4.0 * np.log2(np.maximum(1.0, demand.prompt_tokens / asked)), 100),
        (4.0 * np.log2(np.maximum(1.0, demand.output_tokens / asked)), 100),
    )
    key = np.zeros(len(asked), dtype=np.int64)
    for value, base in digits:
        key = key * base + np.clip(np.rint(value), 0, base - 1).astype(np.int64)
    return key


def _lengths(demand: Demand, steps: NDArray[np.int64], which: NDArray[np.int64]) -> Lengths:
    """Return the lengths of the requests of steps that are alike, shape (n_kinds, n_points)."""
    kinds = int(which.max()) + 1
    if demand.requests is None:
        return Lengths(*(np.tile(one, (kinds, 1)) for one in demand.lengths))
    kind_of = np.full(demand.steps.count, kinds)
    kind_of[steps] = which
    kind = kind_of[demand.steps.index(demand.requests.arrival_s)]
    order = np.argsort(kind, kind="stable")
    ends = np.searchsorted(kind[order], np.arange(kinds), side="right")
    columns = (demand.requests.prompt_tokens, demand.requests.output_tokens)
    return Lengths(
        *(
            np.array([binned_lengths(part) for part in np.split(one[order], ends)[:kinds]])
            for one in columns
        )
    )


def _met(
    fluid: Fluid, log: FluidLog, delay_s: Column, steps: NDArray[np.int64], lengths: Lengths
) -> Situations:
    """Return what requests meet in some steps."""
    demand = fluid.demand
    columns = {name: np.zeros(len(delay_s)) for name in _FROM_TABLE}
    for some, table in _tables(fluid, log, steps):
        for name, column in columns.items():
            column[some] = np.interp(log.load_fraction[some], _GRID, getattr(table, name))
    asked = demand.requests_count[steps]
    output = demand.output_tokens[steps] / asked
    full_wait_s = columns["full_wait_s"][steps] * output
    full_wait_s /= 1.0 - np.minimum(log.reading_fraction[steps], MOST_READING)
    return Situations(
        replicas_count=np.maximum(log.replicas_count[steps], 1.0),
        reading_fraction=log.reading_fraction[steps],
        token_s=columns["token_s"][steps],
        spread_ratio=columns["spread_ratio"][steps],
        full_fraction=columns["full_fraction"][steps],
        full_wait_s=full_wait_s,
        delay_s=delay_s[steps],
        prompt_tokens=lengths.prompt_tokens,
        output_tokens=lengths.output_tokens,
    )


def _tables(
    fluid: Fluid, log: FluidLog, steps: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], Decoding]]:
    """Yield steps with the same pool of replicas under the same cap, and how those decode."""
    pool = np.clip(log.replicas_count[steps], 1.0, MOST_POOLED)
    caps = log.cap_fraction[steps]
    for cap in np.unique(caps).tolist():
        for count in np.unique(pool[caps == cap]).tolist():
            same = (pool == count) & (caps == cap)
            yield steps[same], fluid.decoding(int(count), cap)


def _told(within: Distributions, objective: Objective) -> dict[str, Column]:
    """Return percentiles and attainment, by the names of Quality."""
    attained = np.full(len(within.ttft), 1.0 if _has_objective(objective) else math.nan)
    if objective.ttft_s is not None:
        attained = attained * share_within(within.ttft, objective.ttft_s)
    if objective.tpot_s is not None:
        attained = attained * share_within(within.tpot, objective.tpot_s)
    return {
        "ttft_p50_s": percentile_s(within.ttft, 0.5),
        "ttft_p95_s": percentile_s(within.ttft, 0.95),
        "tpot_p95_s": percentile_s(within.tpot, 0.95),
        "latency_p95_s": percentile_s(within.latency, 0.95),
        "attained_fraction": attained,
    }


def _has_objective(objective: Objective) -> bool:
    return objective.ttft_s is not None or objective.tpot_s is not None


def _by_step(values: Column, step: NDArray[np.int64], steps: Steps, fraction: float) -> Column:
    """Return a percentile of the values of each step; nan where there is none."""
    found = pd.Series(values).groupby(step).quantile(fraction)
    return np.asarray(found.reindex(range(steps.count)), dtype=float)


def _within(values: Column) -> Column:
    """Return the shares of the values that are known which are at most `TIMES_S`."""
    known = np.sort(values[~np.isnan(values)])
    count = np.searchsorted(known, TIMES_S, side="right")
    return np.asarray(count / max(1, len(known)), dtype=float)


_TIMES: Final = ("ttft_p50_s", "ttft_p95_s", "tpot_p95_s", "latency_p95_s", "attained_fraction")
_FROM_TABLE: Final = ("token_s", "spread_ratio", "full_fraction", "full_wait_s")
_GRID: Final[Column] = np.linspace(0.0, 1.0, LEVELS + 1)
_NO_DELAY_S: Final = 0.01
_NOTHING: Final = 1e-9
