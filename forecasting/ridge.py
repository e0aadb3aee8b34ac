"""Direct ridge regression: one for each hour of issue and lead, all leads solved at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecasting.features import Features
from forecasting.history import FloatArray
from forecasting.learned import Departure, LearnedForecaster

_CONSTANT_RATIO: Final = 1e-9  # a spread this small beside the mean is rounding, not variation


class Ridge(LearnedForecaster):
    """Linear in some forty features, with weights of their own for each lead.

    Features are standardised for each lead; a missing one counts as its mean. The stacked systems
    are solved by numpy: 48 or 96 leads in one call, which scikit-learn's ridge would fit one by
    one.

    Parameters
    ----------
    alpha : float
        Penalty on the squared weights of the standardised features at no lead; a day ahead it is
        twice, two days thrice as much, for what is known tells ever less. [-]
    """

    def __init__(self, alpha: float = 30.0) -> None:
        self.alpha = alpha

    def learn(self, features: Features, departure: FloatArray) -> Departure:
        """Solve (Z'Z + alpha I) w = Z'y for each lead."""
        values = features.values
        there = ~np.isnan(departure)
        count = np.maximum(there.sum(axis=0), 1)
        if not there.all():
            values = np.where(there, values, np.nan)
        mean, scale = _standard(values)
        rows = _standardised(values, mean, scale).transpose(2, 1, 0).copy()
        intercept = np.where(there, departure, 0.0).sum(axis=0) / count
        target = np.where(there, departure - intercept, 0.0).T[:, :, None]
        columns = rows.transpose(0, 2, 1)
        lead_days = features.values[features.names.index("lead_h"), 0] / 24
        alpha = self.alpha * (1 + lead_days)
        penalty = alpha[:, None, None] * np.eye(rows.shape[2])
        weights = np.linalg.solve(columns @ rows + penalty, columns @ target)[:, :, 0].T
        return _Linear(mean, weights / scale, intercept)


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """Intercept and slopes, shapes (horizon,) and (features, horizon)."""

    mean: FloatArray
    slope: FloatArray
    intercept: FloatArray

    def __call__(self, features: Features) -> FloatArray:
        # Feature by feature: no sum depends on how many issues there are, as a matrix product may.
        found = np.zeros(features.usual.shape) + self.intercept
        for value, mean, slope in zip(features.values, self.mean, self.slope, strict=True):
            term = (value - mean) * slope
            found += np.where(np.isnan(term), 0.0, term)
        return found


def _standard(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Mean and standard deviation over the issues; infinite where a feature does not vary.
    there = ~np.isnan(values)
    count = np.maximum(there.sum(axis=1), 1)
    mean = np.where(there, values, 0.0).sum(axis=1) / count
    square = np.where(there, values - mean[:, None], 0.0) ** 2
    scale = np.sqrt(square.sum(axis=1) / count)
    return mean, np.where(scale > _CONSTANT_RATIO * np.abs(mean), scale, np.inf)


def _standardised(values: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    z = (values - mean[:, None]) / scale[:, None]
    return np.where(np.isnan(z), 0.0, z)
