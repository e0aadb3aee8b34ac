"""Day-ahead prices of Germany and PJM, against the published forecasts of epftoolbox.

Each day at midnight its 24 hours are forecast from what is known then, learned from what lies
before. The naive forecast of the field repeats the day before, and the week before on Mondays,
Saturdays and Sundays; LEAR and the DNN are given forecasts of load and renewables, which ours lack.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from forecasting import History, scores
from forecasting.data import read_series
from forecasting.rolling import rolling_forecasts
from sim.registry import FORECASTERS, load_class

DATA = Path(__file__).parents[3] / "shared" / "data" / "epf"
DAY = 86400.0

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the epftoolbox prices are not at hand")


@cache
def prices(market):
    path = DATA / f"Forecasts_{market}_DNN_LEAR_ensembles.csv.gz"
    return read_series(path, "Real price", past_columns=["LEAR Ensemble"])


def naive(values, first_weekday):
    """Return the naive forecast of each day from the eighth on, shape (days, 24)."""
    by_day = values.reshape(-1, 24)
    weekday = (first_weekday + np.arange(len(by_day))) % 7
    weekly = np.isin(weekday, (0, 5, 6))[7:, None]
    return np.where(weekly, by_day[:-7], by_day[6:-1])


@pytest.mark.parametrize(
    ("market", "first_weekday", "lear_mae", "naive_mae"),
    [("DE", 0, 3.61, 8.04), ("PJM", 1, 3.01, 4.86)],
)
def test_published_forecasts_score_as_published(market, first_weekday, lear_mae, naive_mae):
    found = prices(market)
    assert found.origin.weekday() == first_weekday
    error = np.abs(found.others["LEAR Ensemble"] - found.values).mean()
    assert error == pytest.approx(lear_mae, abs=0.005)
    came = found.values.reshape(-1, 24)[7:]
    error = np.abs(naive(found.values, first_weekday) - came).mean()
    assert error == pytest.approx(naive_mae, abs=0.03)  # published with the week before the data


@pytest.mark.parametrize(("market", "limit"), [("DE", 5.5), ("PJM", 4.0)])
def test_ridge_forecasts_the_next_days_prices_without_any_other_input(market, limit):
    """From the first day on that has enough history: the 41st of 728."""
    values = prices(market).values
    issued_at_s = DAY * np.arange(40, len(values) // 24)
    history = History(values, start_s=0.0, origin=prices(market).origin)
    forecaster = load_class(FORECASTERS["ridge"])()
    forecasts = rolling_forecasts(forecaster, history, issued_at_s, 24)
    truth = scores.truth_for(forecasts, values, start_s=0.0)
    assert scores.mean_absolute_error(forecasts.point, truth) < limit
