"""Trees over all leads of an hour of issue: gradient boosting, and a random forest."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import WEEKDAYS
from forecasting.features import Features
from forecasting.history import FloatArray
from forecasting.learned import Departure, LearnedForecaster

_UNSEEN: Final = frozenset({"sine_of_year", "cosine_of_year", *WEEKDAYS})
"""Trees would cut out the very weeks that were unusual, and need no more of a week than its end."""


class Boosting(LearnedForecaster):
    """Gradient-boosted trees (scikit-learn's HistGradientBoostingRegressor), the lead a feature.

    Parameters
    ----------
    tree_count : int
        Trees. [-]
    row_count : int
        Most pairs of issue and lead to learn from, drawn at random: neighbouring leads say much
        the same. [-]
    seed : int
        Of that draw. [-]
    """

    def __init__(self, tree_count: int = 150, row_count: int = 8_000, seed: int = 0) -> None:
        self.tree_count = tree_count
        self.row_count = row_count
        self.seed = seed

    def learn(self, features: Features, departure: FloatArray) -> Departure:
        """Fit the trees to a sample of all pairs of issue and lead."""
        from sklearn.ensemble import HistGradientBoostingRegressor  # takes 2 s, so only here

        trees = HistGradientBoostingRegressor(
            max_iter=self.tree_count,
            learning_rate=0.07,
            max_leaf_nodes=15,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        )
        return _fitted(trees, features, departure, row_count=self.row_count, seed=self.seed)


class RandomForest(LearnedForecaster):
    """A few deep trees, each grown on a resample (scikit-learn's RandomForestRegressor).

    Parameters
    ----------
    tree_count : int
        Trees. [-]
    row_count : int
        Most pairs of issue and lead to learn from, drawn at random. [-]
    seed : int
        Of that draw and of the trees. [-]
    """

    def __init__(self, tree_count: int = 20, row_count: int = 8_000, seed: int = 0) -> None:
        self.tree_count = tree_count
        self.row_count = row_count
        self.seed = seed

    def learn(self, features: Features, departure: FloatArray) -> Departure:
        """Fit the trees to a sample of all pairs of issue and lead."""
        from sklearn.ensemble import RandomForestRegressor  # takes 2 s, so only here

        trees = RandomForestRegressor(
            self.tree_count,
            max_features=1 / 3,
            min_samples_leaf=5,
            random_state=self.seed,
            n_jobs=1,
        )
        return _fitted(trees, features, departure, row_count=self.row_count, seed=self.seed)


class _Regressor(Protocol):
    """What scikit-learn's regressors have in common."""

    def fit(self, rows: NDArray[np.float32], target: FloatArray) -> object: ...

    def predict(self, rows: NDArray[np.float32]) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Trees:
    """A fitted regressor."""

    regressor: _Regressor

    def __call__(self, features: Features) -> FloatArray:
        columns = _columns(features)
        rows = columns.reshape(len(columns), -1).T
        return self.regressor.predict(rows).reshape(features.usual.shape)


def _fitted(
    regressor: _Regressor,
    features: Features,
    departure: FloatArray,
    *,
    row_count: int,
    seed: int,
) -> _Trees:
    issue, lead = np.nonzero(~np.isnan(departure))
    if len(issue) > row_count:
        drawn = np.random.default_rng(seed).choice(len(issue), row_count, replace=False)
        issue, lead = issue[drawn], lead[drawn]
    regressor.fit(_columns(features)[:, issue, lead].T, departure[issue, lead])
    return _Trees(regressor)


def _columns(features: Features) -> NDArray[np.float32]:
    seen = [column for column, name in enumerate(features.names) if name not in _UNSEEN]
    return features.values[seen]
