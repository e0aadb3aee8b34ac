"""Pareto fronts: what no other candidate beats, and how surely."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.report.evidence import Candidate, Front
from sim.study.statistics.intervals import seed_weights
from sim.study.statistics.panel import panel_of

_RESAMPLES: Final = 1000
_MOST_PAIRS: Final = 100_000_000
"""Pairs of candidates that are held against each other, resamples counted: seconds of work."""
_BLOCK: Final = 1_000_000  # pairs at once: some 20 MB
_TIE: Final = 1e-9  # relative


def on_front(costs: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which candidates no other one dominates.

    Parameters
    ----------
    costs : ndarray of float, shape (n_candidates, n_metrics)
        What each costs: the lower the better. [units of the metrics]

    Returns
    -------
    ndarray of bool, shape (n_candidates,)
        True where no other is as good in every metric and better in one.
    """
    rows = max(1, _BLOCK // max(1, len(costs)))
    parts = [_dominated(costs[first : first + rows], costs) for first in range(0, len(costs), rows)]
    return ~np.concatenate(parts)


def _dominated(some: NDArray[np.floating], every: NDArray[np.floating]) -> NDArray[np.bool_]:
    no_worse = np.ones((len(some), len(every)), dtype=bool)
    better = np.zeros_like(no_worse)
    for mine, theirs in zip(some.T[..., np.newaxis], every.T, strict=True):
        tie = _TIE * np.maximum(np.abs(mine), np.abs(theirs))
        no_worse &= theirs <= mine + tie
        better |= theirs < mine - tie
    return np.asarray((no_worse & better).any(axis=1))


def front_of(runs: pd.DataFrame, metrics: Sequence[str]) -> Front | None:
    """Find the candidates on the Pareto front.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metrics : sequence of str
        What is weighed against each other; low is good in all. Those that no run has are passed
        over.

    Returns
    -------
    Front or None
        None with fewer than two such metrics or candidates.

    Notes
    -----
    The share of resamples is had as in the ranking: the seeds drawn anew, the same for all. It is
    None too where there are so many candidates that it would take long.
    """
    told = [name for name in metrics if name in runs and runs[name].notna().any()]
    panel = panel_of(runs, told) if len(told) > 1 else None
    if panel is None or len(panel.points) * len(panel.policies) < 2:
        return None
    values = panel.cube.reshape(len(told), -1, len(panel.seeds))
    means = values.mean(axis=-1).T
    shares = _shares(values)
    names = [(point, policy) for point in panel.points for policy in panel.policies]
    return Front(
        tuple(told),
        tuple(
            Candidate(*name, tuple(map(float, mean)), bool(there), share)
            for name, mean, there, share in zip(names, means, on_front(means), shares, strict=True)
        ),
        len(panel.seeds),
    )


def _shares(values: NDArray[np.floating]) -> Sequence[float | None]:
    """Return each candidate's share of the resamples with it on the front."""
    _, candidates, seeds = values.shape
    resamples = min(_RESAMPLES, _MOST_PAIRS // candidates**2)
    if seeds < 2 or resamples < 100:
        return [None] * candidates
    drawn = (on_front((values @ weights).T) for weights in seed_weights(seeds, resamples))
    return [float(share) for share in sum(one.astype(float) for one in drawn) / resamples]
