"""Sobol' indices: how much of a metric's variance each axis causes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.report.evidence import Estimate, SobolIndex
from sim.study.statistics.intervals import CONFIDENCE, SEED

_RESAMPLES: Final = 999


def sobol_indices_of(
    names: Sequence[str], values: NDArray[np.floating]
) -> tuple[SobolIndex, ...]:
    """Return the Sobol' indices of named axes, the strongest first; see `sobol_estimates`."""
    rows = map(SobolIndex, names, *sobol_estimates(values))
    return tuple(sorted(rows, key=lambda row: -row.total.value))


def sobol_estimates(
    values: NDArray[np.floating],
) -> tuple[tuple[Estimate, ...], tuple[Estimate, ...]]:
    """Return first-order and total Sobol' indices of each axis.

    Parameters
    ----------
    values : ndarray of float, shape (n_axes + 2, n_samples)
        The metric in the order of a ``sobol-indices`` design: at A, at B, and for each axis at A
        with that axis from B. The number of samples is a power of two. [any]

    Returns
    -------
    tuple of (tuple of Estimate, tuple of Estimate)
        First-order and total indices with percentile bootstrap intervals over the samples; 0 where
        the metric does not vary. [-]

    References
    ----------
    .. [1] A. Saltelli et al., "Variance Based Sensitivity Analysis of Model Output," Computer
       Physics Communications 181(2), 2010.
    """
    from scipy.stats import bootstrap  # slow to load

    axes, samples = len(values) - 2, values.shape[1]
    if not np.ptp(values) > 1e-12 * np.abs(values).max():
        return (Estimate(0.0, 0.0, 0.0),) * axes, (Estimate(0.0, 0.0, 0.0),) * axes
    # scipy's own bootstrap of the indices cannot be seeded
    interval = bootstrap(
        (np.arange(samples),), lambda rows: _indices(values[:, rows]), method="percentile",
        vectorized=False, n_resamples=_RESAMPLES, confidence_level=CONFIDENCE,
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    first, total = (
        tuple(Estimate(*map(float, one)) for one in zip(*of_kind, strict=True))
        for of_kind in zip(_indices(values), interval.low, interval.high, strict=True)
    )
    return first, total


def _indices(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return both indices of every axis, of shape (2, n_axes)."""
    from scipy.stats import sobol_indices

    # one output: of shape (outputs, samples) and (axes, outputs, samples)
    told = {"f_A": values[:1], "f_B": values[1:2], "f_AB": values[2:, np.newaxis]}
    found = sobol_indices(func=told, n=values.shape[1])
    return np.stack([np.atleast_1d(found.first_order), np.atleast_1d(found.total_order)])


def design_places(axes: pd.DataFrame) -> NDArray[np.intp] | None:
    """Find out which point is where in a design for Sobol' indices.

    Parameters
    ----------
    axes : DataFrame
        Values of the axes, a row per point, each point once, in the order of the design: the N
        points of A, the N of B, then those of A with one axis from B.

    Returns
    -------
    ndarray of int or None, shape (n_axes + 2, N)
        Row of each point. One point may stand in several places, as an axis with few values is
        often the same in A and in B. None where points are missing.
    """
    rows = list(axes.itertuples(index=False, name=None))
    place_of = {row: place for place, row in enumerate(rows)}
    # Upwards: of two axes, A with B beside each other look like an A of twice as many samples.
    count = 1 << (-(-len(rows) // (axes.shape[1] + 2)) - 1).bit_length()
    while 2 * count <= len(rows):
        places = _places(rows, place_of, count)
        if places.min() >= 0 and len(np.unique(places)) == len(rows):
            return places
        count *= 2
    return None


def _places(
    rows: Sequence[tuple[Any, ...]], place_of: Mapping[tuple[Any, ...], int], count: int
) -> NDArray[np.intp]:
    """Lay the points out as if there were so many in A; -1 where there is no such point."""
    a, b = rows[:count], rows[count : 2 * count]
    mixed = [
        [place_of.get((*mine[:axis], theirs[axis], *mine[axis + 1 :]), -1)
         for mine, theirs in zip(a, b, strict=False)]
        for axis in range(len(rows[0]))
    ]
    return np.array([range(count), range(count, 2 * count), *mixed])
