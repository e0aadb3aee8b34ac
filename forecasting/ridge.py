"""Direct ridge regression: one for each hour of issue and lead, all leads solved at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.features import Features
from forecasting.history import FloatArray
from forecasting.learned import Departure, LearnedForecaster

_CONSTANT_RATIO: Final = 1e-6  # a spread this small beside the mean is rounding, not variation
_FAR: Final = 5.0  # standard deviations: further out, a feature counts as this far. Assumption
_HUBER: Final = 1.5  # robust standard deviations from which on an error weighs less: usual
_MAD_TO_SIGMA: Final = 1.4826  # of a normal distribution
_TINY: Final = np.finfo(np.float32).tiny

SingleArray = NDArray[np.float32]


class Ridge(LearnedForecaster):
    """Linear in some forty features, with weights of their own for each lead.

    Features are standardised for each lead; one that is missing counts as its mean, one that is far
    out as five standard deviations, so that no single odd value throws a forecast off. Hours that a
    first solution misses by much weigh less in the second and last.

    Parameters
    ----------
    alpha : float
        Penalty on the squared weights of the standardised features at no lead; a day ahead it is
        twice, two days thrice as much, for what is known tells ever less. [-]

    Notes
    -----
    All leads of an hour of issue are solved by one call of numpy; scikit-learn's `Ridge` and
    `HuberRegressor` would be called for each.

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard, "Ridge regression," Technometrics 12, 1970.
    .. [2] P. J. Huber, "Robust estimation of a location parameter," Ann. Math. Stat. 35, 1964.
    """

    def __init__(self, alpha: float = 50.0) -> None:
        self.alpha = alpha

    def learn(self, features: Features, departure: FloatArray) -> Departure:
        """Solve (Z'WZ + alpha I) w = Z'Wy for each lead, with W from the errors of W = 1."""
        rows = features.values.transpose(2, 1, 0).copy()
        mean, scale = _standardise(rows)
        lead_days = features.values[features.names.index("lead_h"), 0] / 24
        penalty = self.alpha * (1 + lead_days)
        target = departure.T[:, :, None].astype(np.float32)
        there = ~np.isnan(target)
        target[~there] = 0.0
        weights, intercept = _solved(rows, target, there.astype(np.float32), penalty)
        error = np.abs(target - rows @ weights - intercept)
        bound = _HUBER * _MAD_TO_SIGMA * np.median(error, axis=1, keepdims=True)
        closeness = there * np.minimum(1, bound / np.maximum(error, _TINY))
        weights, intercept = _solved(rows, target, closeness, penalty)
        return _Linear(mean[:, 0].T, scale[:, 0].T, weights[:, :, 0].T, intercept[:, 0, 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """Weights of standardised features, shape (features, horizon), and what they leave."""

    mean: SingleArray
    scale: SingleArray
    weights: SingleArray
    intercept: SingleArray

    def __call__(self, features: Features) -> FloatArray:
        # Feature by feature: no sum depends on how many issues there are, as a matrix product may.
        found = np.zeros(features.usual.shape) + self.intercept
        for row, value in enumerate(features.values):
            z = (value - self.mean[row]) / self.scale[row]
            found += np.where(np.isnan(z), 0.0, np.clip(z, -_FAR, _FAR)) * self.weights[row]
        return found


def _standardise(rows: SingleArray) -> tuple[SingleArray, SingleArray]:
    # Standardise in place over the issues, the second axis; return means and standard deviations,
    # the latter infinite where a feature does not vary.
    missing = np.isnan(rows)
    rows[missing] = 0.0
    count = np.maximum((~missing).sum(axis=1, keepdims=True), 1).astype(np.float32)
    mean = rows.sum(axis=1, keepdims=True) / count
    rows -= mean
    rows[missing] = 0.0
    scale = np.sqrt((rows**2).sum(axis=1, keepdims=True) / count)
    scale[scale <= _CONSTANT_RATIO * np.abs(mean)] = np.inf
    rows /= scale
    np.clip(rows, -_FAR, _FAR, out=rows)
    return mean, scale


def _solved(
    rows: SingleArray, target: SingleArray, closeness: SingleArray, penalty: SingleArray
) -> tuple[SingleArray, SingleArray]:
    # Weighted ridge of each lead, shapes (horizon, features, 1) and (horizon, 1, 1); the intercept
    # goes unpenalised.
    total = np.maximum(closeness.sum(axis=1, keepdims=True), _TINY)
    weighted = (rows * closeness).transpose(0, 2, 1)
    middle = weighted.sum(axis=2, keepdims=True) / total
    level = (closeness * target).sum(axis=1, keepdims=True) / total
    gram = weighted @ rows - total * middle * middle.transpose(0, 2, 1)
    gram += penalty[:, None, None] * np.eye(rows.shape[2], dtype=np.float32)
    weights = np.linalg.solve(gram, weighted @ target - total * middle * level)
    return weights, level - middle.transpose(0, 2, 1) @ weights
