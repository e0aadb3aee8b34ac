'''Forecasts of price, carbon, sun, wind and load, made without looking at what is to come.

A `History` holds one signal, the future too, but gives a value out only once its hour has ended and
the publication latency has passed; asking earlier is a `LeakError`. A forecaster reads it and
returns all forecasts of a run at once, as a `ForecastSet`. `ForecastSet.at` answers with the latest
forecast issued by a time. Element 0 covers the hour the issue lies in (which has not ended, so it
is forecast too), element 1 the next hour, and so on, on the grid of the history; that grid's hour
is `valid_start_s` where an issue stands between two hours.

A forecaster of your own is any class with ``fit`` and ``predict`` whose constructor only stores:

>>> import numpy as np
>>> from forecasting import ForecastSet, History, ModelCard, check_forecaster
>>> class TwoDays:
...     """Mean of the latest two known days at the target's hour, some days weighing more."""
...     def __init__(self, newest_fraction=0.7):
...         self.newest_fraction = newest_fraction
...     def fit(self, history, until_s):
...         return self
...     def predict(self, history, issued_at_s, horizon_count):
...         target = history.target_index(issued_at_s, horizon_count)
...         latest = history.last_same_phase_index(issued_at_s, target, period_count=24)
...         newer, older = (history.take(issued_at_s, latest - back) for back in (0, 24))
...         point = older + self.newest_fraction * (newer - older)
...         card = ModelCard.of(self, history)
...         return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

`check_forecaster` tries to catch it looking ahead, and names what it did wrong; then a scenario can
use it, ``forecast: {model: "my_lab.forecasts:TwoDays"}``:

>>> check_forecaster(TwoDays())
>>> two_days = History([10.0] * 24 + [20.0] * 24, start_s=-48 * 3600)
>>> forecasts = TwoDays().fit(two_days, 0).predict(two_days, np.array([0.0]), 3)
>>> forecasts.at(1800).point
array([17., 17., 17.])
'''

from forecasting.base import Forecaster, ForecastSet, Issue, ModelCard
from forecasting.check import check_forecaster
from forecasting.history import ForecastError, History, LeakError, Place, TooShortError
from forecasting.intervals import with_intervals
from forecasting.rolling import rolling_forecasts

__all__ = [
    "ForecastError",
    "ForecastSet",
    "Forecaster",
    "History",
    "Issue",
    "LeakError",
    "ModelCard",
    "Place",
    "TooShortError",
    "check_forecaster",
    "rolling_forecasts",
    "with_intervals",
]
