"""Confidence intervals of means over few seeds."""

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

FEWEST: Final = 6
"""Seeds below which a 95 % bootstrap interval of a mean cannot be had: its resamples do not leave
the range of the values, which holds the middle of a distribution with 1 - 2**(1 - n) at best."""
RESAMPLES: Final = 9999
SEED: Final = 20240229  # any will do, as long as it stays: the same runs give the same interval
CONFIDENCE: Final = 0.95

_BITS: Final = 40  # leaves 13 of a float's 53 to add seeds up in
_BATCH_VALUES: Final = 2_000_000  # what is resampled at once: 16 MB


def mean_intervals(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the 95 % confidence interval of the mean of each row.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows, n_seeds)
        One value per seed, the seeds independent of each other. [any]

    Returns
    -------
    ndarray of float, shape (n_rows, 2)
        Low and high end; NaN with fewer than two seeds. [any]

    Notes
    -----
    Bias-corrected and accelerated bootstrap [1]_ at the level that makes up for the bootstrap's too
    narrow spread in small samples ("expanded", [2]_ section 4.3). With fewer than `FEWEST` seeds
    Student's t, which takes the values to be normal.

    References
    ----------
    .. [1] B. Efron, "Better Bootstrap Confidence Intervals," JASA 82(397), 1987.
    .. [2] T. Hesterberg, "What Teachers Should Know About the Bootstrap," The American
       Statistician 69(4), 2015.
    """
    rows, seeds = values.shape
    if seeds < 2:
        return np.full((rows, 2), np.nan)
    found = np.repeat(values.mean(axis=1)[:, np.newaxis], 2, axis=1)
    differ = np.ptp(values, axis=1) > 1e-12 * np.abs(values).max(axis=1)  # else it has no width
    if differ.any():
        found[differ] = (_student if seeds < FEWEST else _bootstrap)(values[differ])
    return found


def _student(values: NDArray[np.floating]) -> NDArray[np.float64]:
    seeds = values.shape[1]
    half = _student_quantile(seeds) * values.std(axis=1, ddof=1) / sqrt(seeds)
    return np.stack([values.mean(axis=1) - half, values.mean(axis=1) + half], axis=1)


def _bootstrap(values: NDArray[np.floating]) -> NDArray[np.float64]:
    from scipy.stats import bootstrap  # slow to load, and needed with several seeds only

    seeds = values.shape[1]
    # A normal sample's percentile interval at this level is as wide as Student's.
    tail = ndtr(-sqrt(seeds / (seeds - 1)) * _student_quantile(seeds))
    # Whole multiples of a tiny unit, whose sums are exact: whether a resample's mean is that of the
    # sample is then no toss-up of rounding, and a row's interval depends on nothing beside it.
    unit = np.ldexp(1.0, np.frexp(np.abs(values).max(axis=1, keepdims=True))[1] - _BITS)
    interval = bootstrap(
        (np.round(values / unit),), np.mean, axis=-1, vectorized=True, method="BCa",
        n_resamples=RESAMPLES, confidence_level=1.0 - 2.0 * tail,
        rng=np.random.default_rng(SEED), batch=max(1, _BATCH_VALUES // values.size),
    ).confidence_interval
    return np.asarray(np.stack([interval.low, interval.high], axis=1) * unit)


def _student_quantile(seeds: int) -> float:
    return float(stdtrit(seeds - 1, 0.5 + CONFIDENCE / 2))  # of scipy.stats.t, which loads slowly


def seed_weights(seeds: int, resamples: int) -> NDArray[np.float64]:
    """Return how much each seed counts in each bootstrap resample.

    Parameters
    ----------
    seeds : int
        Seeds there are. [-]
    resamples : int
        Resamples to draw. [-]

    Returns
    -------
    ndarray of float, shape (resamples, seeds)
        Rows add up to 1. [-]
    """
    drawn = np.random.default_rng(SEED).multinomial(seeds, np.full(seeds, 1.0 / seeds), resamples)
    return drawn / seeds
