"""How far off forecasts were lately, turned into quantiles around the new ones."""

from collections.abc import Sequence

from forecasting.base import ForecastSet
from forecasting.history import DAY_S, History


def with_intervals(
    forecasts: ForecastSet,
    history: History,
    *,
    levels: Sequence[float] = (0.1, 0.5, 0.9),
    window_s: float = 90 * DAY_S,
    adaptation: float = 0.05,
) -> ForecastSet:
    """Return the forecasts with quantiles from rolling residuals (skeleton: being written)."""
    raise NotImplementedError
