"""The mean of two models whose errors differ: the surest for days ahead."""

from typing import Self

from forecasting.base import ForecastSet, ModelCard
from forecasting.boosting import Boosting
from forecasting.history import FloatArray, ForecastError, History
from forecasting.learned import LearnedForecaster
from forecasting.ridge import Ridge


class Blend:
    """Mean of ridge and boosting.

    Parameters
    ----------
    alpha : float
        Penalty of `Ridge`. [-]
    tree_count : int
        Trees of `Boosting`. [-]
    """

    _models: tuple[LearnedForecaster, ...] = ()

    def __init__(self, alpha: float = 50.0, tree_count: int = 150) -> None:
        self.alpha = alpha
        self.tree_count = tree_count

    def fit(self, history: History, until_s: float) -> Self:
        """Fit both; raise TooShortError if there is too little history."""
        self._models = (Ridge(self.alpha), Boosting(self.tree_count))
        for model in self._models:
            model.fit(history, until_s)
        self.trained_from_s, self.trained_until_s = history.start_s, until_s
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the mean of both forecasts; raise ForecastError if they have not been fitted."""
        if not self._models:
            msg = "Blend has learned nothing yet; call fit first"
            raise ForecastError(msg)
        line, trees = (
            model.predict(history, issued_at_s, horizon_count) for model in self._models
        )
        self.features = line.card.features
        self.fit_s = line.card.fit_s + trees.card.fit_s
        point = (line.point + trees.point) / 2
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)
