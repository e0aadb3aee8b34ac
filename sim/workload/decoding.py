"""Replicas that decode: mean batch, power and time per token by load.

Replicas share the requests evenly. With b requests in the batch of each, they write b / (t0 + t1 b)
tokens per second of decoding: a processor whose speed depends on how many share it. Its stationary
batch does not depend on how long answers are beyond their mean [1]_: p(n) ~ product over i <= n of
(tokens wanted per second of decoding) / (tokens written per second by i requests). What is beyond
the largest batch waits. Prefills hold decoding up, which changes none of this: they only take time.

References
----------
.. [1] F. P. Kelly, "Reversibility and Stochastic Networks," Wiley 1979, section 3.3: symmetric
   queues are insensitive to the distribution of service.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.workload.replica import Replica

Column = NDArray[np.float64]

LEVELS: Final = 100
"""Levels of load at which replicas are looked at."""

MOST_POOLED: Final = 8
"""Replicas whose batches are looked at together; of more, the spread no longer matters."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Replicas that decode, by load; columns have shape (LEVELS + 1,), from no load to full.

    Attributes
    ----------
    most_tokens_per_s : float
        Tokens that one replica writes per second of decoding with a full batch. [1/s]
    power_w : ndarray of float
        Mean IT power of one replica while it does not read prompts. [W]
    batch : ndarray of float
        Mean batch of one replica. [-]
    token_s : ndarray of float
        Mean time that a request waits for its next token, prefills apart. [s]
    spread_ratio : ndarray of float
        Standard deviation of that time from moment to moment, over its mean. [-]
    full_fraction : ndarray of float
        Share of requests that find all batches full. [-]
    full_wait_s : ndarray of float
        How long they wait for a place, per output token of a mean request. [s]
    """

    most_tokens_per_s: float
    power_w: Column
    batch: Column
    token_s: Column
    spread_ratio: Column
    full_fraction: Column
    full_wait_s: Column


def decoding(replica: Replica, pooled_count: int, *, cluster_ratio: float = 1.0) -> Decoding:
    """Return what replicas do while they decode, by load.

    Parameters
    ----------
    replica : Replica
        Times and powers of one of them.
    pooled_count : int
        Replicas that share the load; above `MOST_POOLED` taken as that. [-]
    cluster_ratio : float
        Requests that come at once, in the mean; 1 for a Poisson process. [-]

    Returns
    -------
    Decoding
        Means over the stationary batch, at `LEVELS` + 1 loads.
    """
    pool = min(pooled_count, MOST_POOLED)
    requests = np.arange(pool * replica.max_batch + 1.0)
    active = np.minimum(requests, pool)  # replicas that have any
    batch = np.maximum(requests / pool, 1.0)
    sizes = np.arange(replica.max_batch + 1.0)
    iteration_s = np.interp(batch, sizes, replica.iteration_s)
    speed = active * batch / iteration_s
    load = np.linspace(0.0, 1.0, LEVELS + 1)
    chance = _stationary(load, speed, cluster_ratio)
    # The queue behind full batches: each further request is less likely by this.
    further = 1.0 - (1.0 - load) / cluster_ratio
    queue = np.divide(further, 1.0 - further, out=np.zeros_like(load), where=load < 1.0)
    beyond = chance[:, -1] * queue
    chance /= (1.0 + beyond)[:, None]
    chance[:, -1] += beyond / (1.0 + beyond)
    drawn_w = np.interp(batch, sizes, replica.power_w) * (active / pool)
    drawn_w += (1.0 - active / pool) * replica.power_w[0]
    seen = chance * speed  # by the tokens themselves
    seen[0, 1] = 1.0
    seen /= seen.sum(axis=1, keepdims=True)
    token_s = seen @ iteration_s
    spread_s2 = np.maximum(0.0, seen @ iteration_s**2 - token_s**2)
    free = np.where(load < 1.0, 1.0 - load, np.inf)
    return Decoding(
        most_tokens_per_s=float(speed[-1]) / pool,
        power_w=chance @ drawn_w,
        batch=chance @ requests / pool,
        token_s=token_s,
        spread_ratio=np.sqrt(spread_s2) / token_s,
        full_fraction=np.where(load < 1.0, chance[:, -1], 0.0),
        full_wait_s=cluster_ratio / (speed[-1] * free),
    )


def _stationary(load: Column, speed: Column, cluster_ratio: float) -> Column:
    """Return the chances of 0, 1, 2 ... requests, shape (n_loads, n_speeds)."""
    # Poisson clusters of a geometric size, with mean m: what crosses from n to n + 1 requests is
    # wanted / m from n, and a share 1 - 1/m of what crosses from n - 1 to n, which equals what
    # comes back. So p(n + 1) speed(n + 1) = p(n) (wanted / m + (1 - 1/m) speed(n)).
    alone = 1.0 / cluster_ratio
    up = load[:-1, None] * (speed[-1] * alone) + (1.0 - alone) * speed[:-1]
    with np.errstate(divide="ignore"):
        weight = np.cumsum(np.log(up) - np.log(speed[1:]), axis=1)
    weight = np.concatenate([np.zeros((len(weight), 1)), weight], axis=1)
    chance = np.exp(weight - weight.max(axis=1, keepdims=True))
    full = np.zeros((1, len(speed)))  # at full load every batch is full
    full[0, -1] = 1.0
    return np.concatenate([chance / chance.sum(axis=1, keepdims=True), full])
