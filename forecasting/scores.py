"""How good forecasts are: errors by lead, honest intervals, and whether they rank the hours."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from forecasting.base import ForecastSet
from forecasting.history import FloatArray

Score = float | None
"""A score, or None where it has no meaning."""

WORST_WINDOW_S: Final = 30 * 86400.0
"""Length of the window whose coverage is the worst one reported. [s]"""


def truth_for(forecasts: ForecastSet, values: ArrayLike, *, start_s: float) -> FloatArray:
    """Return what came, in the shape of the forecasts.

    Parameters
    ----------
    forecasts : ForecastSet
        The forecasts, on the grid of the values.
    values : array_like of float, shape (n,)
        The signal, NaN where it has no value. [any]
    start_s : float
        Start of the first value's interval. [s]

    Returns
    -------
    ndarray of float, shape (issues, horizon)
        The values; NaN before the first and after the last. [any]

    Raises
    ------
    ValueError
        If the forecasts do not lie on that grid.
    """
    first = (forecasts.valid_start_s - start_s) / forecasts.step_s
    if (np.abs(first - np.rint(first)) > 1e-6).any():
        msg = f"forecasts must lie on the grid of the values, which starts at {start_s:g} s"
        raise ValueError(msg)
    padded = np.append(np.asarray(values, dtype=np.float64), np.nan)
    index = np.rint(first).astype(np.int64)[:, None] + np.arange(forecasts.point.shape[1])
    return padded[np.where((index >= 0) & (index < len(padded) - 1), index, -1)]


def mean_absolute_error(point: FloatArray, truth: FloatArray) -> Score:
    """Return the mean absolute error, of the hours that have both. [any]."""
    return _mean(np.abs(point - truth))


def root_mean_square_error(point: FloatArray, truth: FloatArray) -> Score:
    """Return the root of the mean squared error, of the hours that have both. [any]."""
    mean = _mean((point - truth) ** 2)
    return None if mean is None else float(np.sqrt(mean))


def mean_absolute_percentage_error(point: FloatArray, truth: FloatArray) -> Score:
    """Return the mean of the absolute error over the truth; None unless all truth is positive.

    Parameters
    ----------
    point, truth : ndarray of float, shape (issues, horizon)
        Forecasts and what came, NaN where there is none. [any]

    Returns
    -------
    float or None
        As a fraction. Sun at night and prices around zero have none. [-]
    """
    known = truth[np.isfinite(truth)]
    if not known.size or known.min() <= 0:
        return None
    return _mean(np.abs(point - truth) / truth)


def normalised_error(
    point: FloatArray, truth: FloatArray, *, capacity: float, where: NDArray[np.bool_] | None = None
) -> Score:
    """Return the mean absolute error over the capacity.

    Parameters
    ----------
    point, truth : ndarray of float, shape (issues, horizon)
        Forecasts and what came, NaN where there is none. [any]
    capacity : float
        Rated output, in the unit of the truth. [any]
    where : ndarray of bool, shape (issues, horizon), or None
        Hours to count, such as those of daylight; None counts all.

    Returns
    -------
    float or None
        As a fraction. [-]

    Raises
    ------
    ValueError
        If the capacity is not positive.
    """
    if not capacity > 0:
        msg = f"capacity must be positive; got {capacity}"
        raise ValueError(msg)
    error = np.abs(point - truth)
    return _mean((error if where is None else error[where]) / capacity)


def skill(point: FloatArray, reference: FloatArray, truth: FloatArray) -> Score:
    """Return by how much forecasts beat others: 1 is perfect, 0 no better, negative worse.

    Parameters
    ----------
    point, reference, truth : ndarray of float, shape (issues, horizon)
        Forecasts, those to beat, and what came. [any]

    Returns
    -------
    float or None
        1 - MAE / MAE of the reference, over the hours that both forecast; None where the reference
        makes no error. [-]
    """
    both = np.isfinite(point) & np.isfinite(reference)
    other = mean_absolute_error(reference[both], truth[both])
    own = mean_absolute_error(point[both], truth[both])
    return None if own is None or not other else 1 - own / other


def pinball_loss(quantiles: FloatArray, levels: FloatArray, truth: FloatArray) -> Score:
    """Return the pinball loss, the mean over hours and levels.

    Parameters
    ----------
    quantiles : ndarray of float, shape (issues, horizon, q)
        Forecast quantiles. [any]
    levels : ndarray of float, shape (q,)
        Their levels. [-]
    truth : ndarray of float, shape (issues, horizon)
        What came. [any]

    Returns
    -------
    float or None
        max(level * d, (level - 1) * d) with d = truth - quantile [1]_; in the unit of the truth.
        [any]

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression Quantiles," Econometrica 46(1), 1978.
    """
    difference = truth[:, :, None] - quantiles
    return _mean(np.maximum(levels * difference, (levels - 1) * difference))


def covered(quantiles: FloatArray, truth: FloatArray) -> FloatArray:
    """Return whether what came lies between the outermost quantiles.

    Parameters
    ----------
    quantiles : ndarray of float, shape (issues, horizon, q)
        Forecast quantiles, rising. [any]
    truth : ndarray of float, shape (issues, horizon)
        What came. [any]

    Returns
    -------
    ndarray of float, shape (issues, horizon)
        1 inside or on the edge, 0 outside, NaN where either is missing. [-]
    """
    low, high = quantiles[:, :, 0], quantiles[:, :, -1]
    inside = (truth >= low) & (truth <= high)
    return np.where(np.isfinite(truth + low + high), inside, np.nan)


def coverage(quantiles: FloatArray, truth: FloatArray) -> Score:
    """Return the fraction of hours that lie between the outermost quantiles."""
    return _mean(covered(quantiles, truth))


def worst_window_coverage(
    quantiles: FloatArray, truth: FloatArray, issued_at_s: FloatArray
) -> Score:
    """Return the coverage of the worst 30 days of issues in a row.

    Parameters
    ----------
    quantiles : ndarray of float, shape (issues, horizon, q)
        Forecast quantiles, rising. [any]
    truth : ndarray of float, shape (issues, horizon)
        What came. [any]
    issued_at_s : ndarray of float, shape (issues,)
        Issue times, rising by equal amounts. [s]

    Returns
    -------
    float or None
        The lowest over all such windows; None where the issues span fewer days. [-]
    """
    if len(issued_at_s) < 2:
        return None
    width = max(round(WORST_WINDOW_S / float(issued_at_s[1] - issued_at_s[0])), 1)
    if width > len(issued_at_s):
        return None
    inside = covered(quantiles, truth)
    counted = np.isfinite(inside)
    hits = _rolling_sum(np.where(counted, inside, 0.0).sum(axis=1), width)
    hours = _rolling_sum(counted.sum(axis=1), width)
    some = hours > 0
    return float(np.min(hits[some] / hours[some])) if some.any() else None


def reliability(quantiles: FloatArray, truth: FloatArray) -> FloatArray:
    """Return how often the truth is at or below each quantile; its level, if forecasts are honest.

    Parameters
    ----------
    quantiles : ndarray of float, shape (issues, horizon, q)
        Forecast quantiles. [any]
    truth : ndarray of float, shape (issues, horizon)
        What came. [any]

    Returns
    -------
    ndarray of float, shape (q,)
        Fraction of the hours that have both. [-]
    """
    known = np.isfinite(truth[:, :, None] + quantiles)
    below = (truth[:, :, None] <= quantiles) & known
    fraction: FloatArray = below.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    return fraction


def rank_correlation(point: FloatArray, truth: FloatArray) -> Score:
    """Return Spearman's rank correlation within each issue, the mean over the issues.

    Parameters
    ----------
    point, truth : ndarray of float, shape (issues, horizon)
        Forecasts and what came. [any]

    Returns
    -------
    float or None
        From -1 to 1; of the issues that have every hour and vary. A scheduler that picks the best
        hours needs the order alone: a forecast of twice the truth has 1. [-]
    """
    whole = np.isfinite(point + truth).all(axis=1)
    ranks = [rankdata(part[whole], axis=1) for part in (point, truth)]
    if not ranks[0].size:
        return None
    one, other = (part - part.mean(axis=1, keepdims=True) for part in ranks)
    scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return _mean((one * other).sum(axis=1)[scale > 0] / scale[scale > 0])


def _mean(values: FloatArray) -> Score:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _rolling_sum(values: FloatArray, width: int) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums: FloatArray = total[width:] - total[:-width]
    return sums
