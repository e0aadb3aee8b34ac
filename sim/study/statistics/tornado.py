"""Tornado: how far a metric swings as one axis at a time goes from end to end."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.report.evidence import Estimate, Swing
from sim.study.statistics.intervals import mean_intervals
from sim.study.statistics.pairs import known


def swings(axes: pd.DataFrame, values: Sequence[NDArray[np.float64]]) -> tuple[Swing, ...]:
    """Return the bars of a tornado, the longest first.

    Parameters
    ----------
    axes : DataFrame
        Values of the axes, a row per point; in all but one they are at their base.
    values : sequence of ndarray of float, shape (n_seeds,)
        The metric at each point. [any]

    Returns
    -------
    tuple of Swing
        One for each axis with more than one point.
    """
    base = axes.mode().iloc[0]  # of several axes each is at its base at most of the points
    there = axes == base
    means = np.array([one.mean() for one in values])
    at_base = np.flatnonzero(there.all(axis=1))
    centre = float(means[at_base[0]]) if len(at_base) and axes.shape[1] > 1 else None
    rows = []
    for name in axes:
        points = np.flatnonzero(there.drop(columns=name).all(axis=1))
        if len(points) > 1:
            least, most = points[means[points].argmin()], points[means[points].argmax()]
            ends = axes[name].tolist()  # plain numbers, not numpy's
            low, high = _estimate(values[least]), _estimate(values[most])
            rows.append(Swing(str(name), ends[least], ends[most], low, high, centre))
    return tuple(sorted(rows, key=lambda row: row.low.value - row.high.value))


def _estimate(values: NDArray[np.float64]) -> Estimate:
    low, high = map(known, mean_intervals(values[np.newaxis])[0])
    return Estimate(float(values.mean()), low, high)
