"""How many seeds are enough."""

from math import ceil, isnan, nan
from typing import Final

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.study.statistics.intervals import mean_intervals
from sim.study.statistics.pairs import differences, known_values

FEWEST: Final = 10
"""Seeds before which no interval is called narrow enough: of a handful some always happen to lie
close together (of intervals of M/M/1 waits that may stop at 6, 89 % hold the truth; at 10, 92 %)"""
_LEAP: Final = 4
"""Seeds grow to at most this many times what there is in one step: the spread of a few seeds says
little about how many are needed."""


def half_width_fraction(
    runs: pd.DataFrame, metric: str, *, baseline: str | None = None
) -> float | None:
    """Return half the width of the widest 95 % interval, relative to the mean.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metric : str
        The metric.
    baseline : str or None
        The policy that others are held against; None for that of the first run.

    Returns
    -------
    float or None
        With several policies the intervals are those of their paired differences from the
        baseline, relative to the baseline's mean, each point by itself; with one, that of its
        mean. Those that cannot be had do not count: of a policy with fewer than two seeds at a
        point, and against a mean of 0. None where there is no other. [-]
    """
    ordered = _first(runs, baseline)
    points = ordered["point"] if "point" in ordered else pd.Series("", index=ordered.index)
    widths = [width for _, group in ordered.groupby(points)
              for width in _widths(known_values(group, metric)) if not isnan(width)]
    return max(widths, default=None)


def until_ci(
    runs: pd.DataFrame, metric: str, target_fraction: float, *, baseline: str | None = None
) -> int:
    """Return how many more seeds it takes until the intervals of a metric are narrow enough.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metric : str
        The metric.
    target_fraction : float
        Half the width that the intervals may have, relative to the mean. [-]
    baseline : str or None
        The policy that others are held against; None for that of the first run.

    Returns
    -------
    int
        0 when it is reached; else an estimate, to be asked again once they have run. Never reached
        with fewer than ten seeds. [-]

    Raises
    ------
    ValueError
        If the target is not above 0.
    DataError
        If no interval can be had: no run has the metric, or its mean is 0.

    Notes
    -----
    Relative precision as in [1]_, section 9.4.1: the width goes with 1 / sqrt(seeds). To stop as
    soon as an interval is narrow picks the samples that happen to spread little, so that a little
    less than 95 % of the intervals hold the truth; the fewest seeds and the batches keep it little.

    References
    ----------
    .. [1] A. M. Law, Simulation Modeling and Analysis, 5th ed., 2015.
    """
    if not target_fraction > 0.0:
        msg = f"target_fraction is {target_fraction!r}: it must be above 0"
        raise ValueError(msg)
    seeds = int(runs["seed"].nunique())
    if seeds < FEWEST:
        return FEWEST - seeds
    width = half_width_fraction(runs, metric, baseline=baseline)
    if width is None:
        msg = (f"{metric}: no interval can be held against its mean, as no run has a value or the "
               "mean is 0. Choose another metric.")
        raise DataError(msg)
    if width <= target_fraction:
        return 0
    return max(1, min(ceil(seeds * (width / target_fraction) ** 2), _LEAP * seeds) - seeds)


def _first(runs: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """Put the runs of the baseline first."""
    return runs if baseline is None else runs.sort_values(
        "policy", key=lambda names: names != baseline, kind="stable"
    )


def _widths(values: pd.DataFrame) -> list[float]:
    """Return half the widths of the intervals of one point, relative to the mean."""
    if values.shape[1] > 1:
        found = differences(values).values()
        return [_relative(one.low, one.high, one.baseline) for one in found]
    only = values.to_numpy()[:, 0]
    only = only[~np.isnan(only)]
    if len(only) < 2:
        return []
    low, high = mean_intervals(only[np.newaxis])[0]
    return [_relative(low, high, float(only.mean()))]


def _relative(low: float | None, high: float | None, mean: float) -> float:
    if low is None or high is None or mean == 0.0:
        return nan
    return (high - low) / 2.0 / abs(mean)
