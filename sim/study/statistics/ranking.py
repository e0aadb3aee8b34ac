"""Which policy does best, and how surely."""

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.report.evidence import Estimate, Ranked, Ranking
from sim.study.statistics.intervals import CONFIDENCE, seed_weights
from sim.study.statistics.panel import panel_of

_RESAMPLES: Final = 1000
_TIE: Final = 1e-9  # relative


def ranking_of(
    runs: pd.DataFrame, metric: str, better: Literal["low", "high"] = "low"
) -> Ranking | None:
    """Rank the policies in one metric.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metric : str
        The metric.
    better : {'low', 'high'}
        Which end is the good one.

    Returns
    -------
    Ranking or None
        None with fewer than two policies that have the metric.

    Notes
    -----
    At each point policies are ranked by their mean over the seeds; a policy's rank is the mean of
    that over the points. The seeds are then drawn anew with replacement, the same for all policies
    and points, and everything is ranked again: the interval holds 95 % of those ranks. It tells how
    far other seeds could change the order; other points could change it further.
    """
    panel = panel_of(runs, [metric])
    if panel is None or len(panel.policies) < 2:
        return None
    values = panel.cube[0] if better == "low" else -panel.cube[0]
    rank = _ranks(values.mean(axis=-1)).mean(axis=0)
    many = len(panel.seeds) > 1
    drawn = _drawn_ranks(values) if many else rank[np.newaxis]
    wins = _wins(drawn).mean(axis=0)
    ends = np.quantile(drawn, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], axis=0)
    rows = [
        Ranked(
            policy=policy,
            mean=float(panel.cube[0, :, place].mean()),
            rank=Estimate(float(rank[place]), *(map(float, ends[:, place]) if many else ())),
            best_fraction=float(wins[place]) if many else None,
        )
        for place, policy in enumerate(panel.policies)
    ]
    rows.sort(key=lambda row: row.rank.value)
    return Ranking(metric, tuple(rows), len(panel.seeds), len(panel.points))


def _drawn_ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rank again in every resample; of shape (resamples, policies), mean over the points."""
    weights = seed_weights(values.shape[-1], _RESAMPLES)
    total = np.zeros((_RESAMPLES, values.shape[1]))
    for point in values:
        total += _ranks(weights @ point.T)
    return total / len(values)


def _ranks(means: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rank along the last axis; those that are equal share the mean of their places."""
    mine, theirs = means[..., :, np.newaxis], means[..., np.newaxis, :]
    tie = _TIE * np.maximum(np.abs(mine), np.abs(theirs))
    ahead = (theirs < mine - tie).sum(axis=-1)
    equal = (np.abs(theirs - mine) <= tie).sum(axis=-1)  # itself among them
    return np.asarray(1.0 + ahead + (equal - 1) / 2.0)


def _wins(ranks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each policy's share of the first place in every resample."""
    first = ranks <= ranks.min(axis=-1, keepdims=True) + _TIE
    return np.asarray(first / first.sum(axis=-1, keepdims=True))
