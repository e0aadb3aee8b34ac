"""How long requests take: time to the first token, per further token, and to the last.

Waits for a prefill are those of a queue with several servers (Sakasegawa [1]_, with the variability
of the prompts after Pollaczek and Khinchine), and exponential where there is one; waits for a place
in a full batch likewise. Decoding is held up by the prefills of others, as in a busy period: a
request of n further tokens takes n times the mean token time, with a variance from the number of
prefills in that time and from the batch's ups and downs. Percentiles are those of the mixture over
prompt and answer lengths, each length's time being lognormal (assumption).

References
----------
.. [1] H. Sakasegawa, "An approximation formula Lq = a rho^b / (1 - rho)," Ann. Inst. Stat. Math.
   29, 1977.
"""

from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.workload.replica import Replica

Column = NDArray[np.float64]

TIMES_S: Final[Column] = np.geomspace(1e-3, 1e5, 369)
"""Times at which distributions are held; between two, 5 % apart, they are interpolated."""

MOST_READING: Final = 0.995
"""Largest share of prefills at which waits are told: at 1 they have no end."""

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Situations:
    """What requests meet; columns have shape (n_situations,) where nothing else is said.

    Attributes
    ----------
    replicas_count : ndarray of float
        Replicas that serve. [-]
    reading_fraction : ndarray of float
        Share of their time that goes to prefills, below 1. [-]
    token_s : ndarray of float
        Mean time for a token, prefills apart. [s]
    spread_ratio : ndarray of float
        Its standard deviation over its mean. [-]
    full_fraction : ndarray of float
        Share of requests that wait for a place in a batch. [-]
    full_wait_s : ndarray of float
        How long those wait. [s]
    delay_s : ndarray of float
        Wait in a backlog that earlier steps have left. [s]
    prompt_tokens, output_tokens : ndarray of float, shape (n_situations, n_points)
        Equally likely lengths of prompts and of answers. [-]
    """

    replicas_count: Column
    reading_fraction: Column
    token_s: Column
    spread_ratio: Column
    full_fraction: Column
    full_wait_s: Column
    delay_s: Column
    prompt_tokens: Column
    output_tokens: Column


class Distributions(NamedTuple):
    """Shares of requests that take at most `TIMES_S`, each of shape (n_situations, n_times)."""

    ttft: Column
    tpot: Column
    latency: Column


def distributions(
    met: Situations, replica: Replica, *, cluster_ratio: float = 1.0, network_s: float = 0.0
) -> Distributions:
    """Return how long requests take in every situation.

    Parameters
    ----------
    met : Situations
        What they meet.
    replica : Replica
        How fast prompts are read.
    cluster_ratio : float
        Requests that come at once, in the mean; 1 for a Poisson process. [-]
    network_s : float
        Time there and back to the users, before the first token. [s]

    Returns
    -------
    Distributions
        Shares within each time.
    """
    count = len(met.token_s)
    found = Distributions(*(np.empty((count, len(TIMES_S))) for _ in Distributions._fields))
    for first in range(0, count, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        columns = (getattr(met, field.name)[part] for field in fields(met))
        some = Situations(*(one[:, None] if one.ndim == 1 else one for one in columns))
        for whole, piece in zip(found, _some(some, replica, cluster_ratio, network_s), strict=True):
            whole[part] = piece
    return found


def _some(
    met: Situations, replica: Replica, cluster_ratio: float, network_s: float
) -> tuple[Column, Column, Column]:
    """Return the shares for a few situations, whose columns have shape (n_situations, 1)."""
    read_s = replica.prefill_s(met.prompt_tokens)
    mean_s, mean_s2 = (np.mean(x, axis=1, keepdims=True) for x in (read_s, read_s**2))
    rho = np.minimum(met.reading_fraction, MOST_READING)
    busy = rho ** (np.sqrt(2.0 * (met.replicas_count + 1.0)) - 1.0)
    busy_wait_s = mean_s2 / mean_s / (2.0 * met.replicas_count * (1.0 - rho))
    # Of those that came at once, some are read before on the same replica, and as many behind.
    among = (1.0 - 1.0 / cluster_ratio) ** met.replicas_count
    among_s = among / (1.0 - among) * mean_s
    waits = 1.0 - (1.0 - busy) * (1.0 - among) * (1.0 - met.full_fraction)
    wait_s = busy * busy_wait_s + among_s / (1.0 - rho) + met.full_fraction * met.full_wait_s
    each_s = np.divide(wait_s, waits, out=np.full_like(wait_s, 1e-9), where=waits > 0.0)
    further = np.maximum(0.0, met.output_tokens - 1.0)
    write_s = further * met.token_s / (1.0 - rho)
    typical_s = np.mean(write_s, axis=1, keepdims=True)
    # Prefills of others come at rho / mean_s per second, each with a busy period of its own.
    write_s2 = (2.0 * cluster_ratio - 1.0) * rho / mean_s * mean_s2 * write_s / (1.0 - rho) ** 2
    write_s2 += (met.spread_ratio * write_s) ** 2 / (1.0 + write_s / np.maximum(typical_s, 1e-9))
    write_s2 += among_s**2
    write_s = write_s + among_s * (further > 0.0)
    spare_s = TIMES_S - met.delay_s - network_s
    before_s2 = 2.0 * waits * each_s**2 - wait_s**2 + mean_s2 - mean_s**2
    per_token = np.maximum(further, 1.0)
    return (
        _after_wait(spare_s, read_s, waits, each_s),
        _lognormal(TIMES_S, write_s / per_token, write_s2 / per_token**2, further > 0.0),
        _lognormal(spare_s, wait_s + mean_s + write_s, before_s2 + write_s2, further >= 0.0),
    )


def _after_wait(spare_s: Column, read_s: Column, waits: Column, each_s: Column) -> Column:
    """Return the shares whose wait and prefill end in time, shape (n_situations, n_times)."""
    left_s = spare_s[:, :, None] - read_s[:, None, :]
    late = waits[:, :, None] * np.exp(-np.maximum(left_s, 0.0) / each_s[:, :, None])
    within: Column = np.where(left_s >= 0.0, 1.0 - late, 0.0).mean(axis=2)
    return within


def _lognormal(
    times_s: Column, mean_s: Column, variance_s2: Column, counted: NDArray[np.bool_]
) -> Column:
    """Return the shares within times of a mixture of lognormals given by mean and variance."""
    mean_s = np.maximum(mean_s, 1e-9)
    log2 = np.log1p(variance_s2 / mean_s**2)
    centre = np.log(mean_s) - log2 / 2.0
    width = np.sqrt(np.maximum(log2, 1e-12))
    log_s = np.log(np.maximum(np.broadcast_to(times_s, (len(mean_s), len(TIMES_S))), 1e-12))
    score = (log_s[:, :, None] - centre[:, None, :]) / width[:, None, :]
    weight = counted / np.maximum(1, counted.sum(axis=1, keepdims=True))
    within: Column = (ndtr(score) @ weight[:, :, None])[:, :, 0]
    return within


def percentile_s(within: Column, fraction: float) -> Column:
    """Return the time within which a share of the requests stays, shape (n_situations,). [s]."""
    log_s = np.log(TIMES_S)
    return np.exp([np.interp(fraction, row, log_s) for row in within])


def share_within(within: Column, time_s: float) -> Column:
    """Return the share of the requests that stays within a time, shape (n_situations,). [-]."""
    at = np.interp(np.log(time_s), np.log(TIMES_S), np.arange(len(TIMES_S), dtype=float))
    low = min(int(at), len(TIMES_S) - 2)
    share: Column = within[:, low] + (at - low) * (within[:, low + 1] - within[:, low])
    return share
