"""What a metric depends on: Sobol' indices, a tornado, or rank correlations, as the design has it.

The points of a study are read in the order of its design, in which `StudyTable` has them.
"""

from collections.abc import Sequence
from math import atanh, sqrt, tanh
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.report.evidence import Correlation, Estimate, Sensitivity
from sim.report.study_table import StudyTable
from sim.study.statistics.intervals import CONFIDENCE
from sim.study.statistics.sobol import design_places, sobol_indices_of
from sim.study.statistics.tornado import swings

_TRENDS: Final = "Rank correlations see steady trends only: one near 0 may still have an effect."
_TOGETHER: Final = "The axes move together, so that their effects cannot be told apart."
_ENOUGH_SAMPLES: Final = 1024
"""From which the indices of the Ishigami function are right within 0.03; 512 can be off by 0.1."""
_ROUGH: Final = (
    f"Fewer than {_ENOUGH_SAMPLES} samples: the indices and their intervals are rough."
)
_HOLES: Final = "Sobol' indices need every point of the design, and some have no result."


def sensitivity(
    table: StudyTable, metric: str, *, variant: str = "base", policy: str | None = None
) -> Sensitivity | None:
    """Say which axes of a sweep a metric depends on.

    Parameters
    ----------
    table : StudyTable
        The study.
    metric : str
        The metric; its mean over the seeds counts.
    variant : str
        The variant.
    policy : str or None
        The policy; None for the baseline.

    Returns
    -------
    Sensitivity or None
        Sobol' indices of a ``sobol-indices`` design, a tornado of one at a time, else Spearman's
        rank correlations. None if nothing was swept, or fewer than three points have the metric.
    """
    policy = policy or table.policies[0]
    runs = table.runs
    if not table.axes or metric not in runs:
        return None
    names = [axis.name for axis in table.axes]
    mine = runs[(runs["variant"] == variant) & (runs["policy"] == policy) & runs[metric].notna()]
    by_point = mine.assign(value=pd.to_numeric(mine[metric]).astype(float)).groupby(
        "point", sort=False
    )
    axes = by_point[names].first()
    if len(axes) < 3:
        return None
    if table.design == "one-at-a-time":
        values = [group.to_numpy() for _, group in by_point["value"]]
        return Sensitivity(metric, policy, "tornado", swings(axes, values), variant=variant)
    means = by_point["value"].mean().to_numpy()
    places = design_places(axes) if table.design == "sobol-indices" else None
    if places is not None:
        rows = sobol_indices_of(names, means[places])
        rough = (_ROUGH,) if places.shape[1] < _ENOUGH_SAMPLES else ()
        return Sensitivity(metric, policy, "sobol", rows, rough, variant)
    notes = (_TRENDS, *_because(table.design))
    return Sensitivity(
        metric, policy, "rank-correlation", _correlations(axes, means), notes, variant
    )


def _because(design: str) -> Sequence[str]:
    return {"zip": (_TOGETHER,), "sobol-indices": (_HOLES,)}.get(design, ())


def _correlations(axes: pd.DataFrame, means: NDArray[np.float64]) -> tuple[Correlation, ...]:
    """Give the rank correlation of every axis whose values have an order, the strongest first."""
    rows = [
        Correlation(name, _spearman(axes[name].to_numpy(dtype=float), means))
        for name in map(str, axes.columns)
        if pd.api.types.is_numeric_dtype(axes[name]) and axes[name].min() < axes[name].max()
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.rho.value)))


def _spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> Estimate:
    """Correlate ranks; the interval is Bonett's and Wright's (Psychometrika 65(1), 2000)."""
    from scipy.stats import spearmanr  # slow to load

    if not np.ptp(y) > 1e-12 * np.abs(y).max():
        return Estimate(0.0)
    rho = float(spearmanr(x, y).statistic)
    if len(x) < 4 or abs(rho) > 1.0 - 1e-12:
        return Estimate(rho)
    half = -ndtri(0.5 - CONFIDENCE / 2) * sqrt((1.0 + rho**2 / 2.0) / (len(x) - 3))
    return Estimate(rho, tanh(atanh(rho) - half), tanh(atanh(rho) + half))
