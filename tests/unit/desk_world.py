"""A small run whose forecasts are looked at, and a forecaster that counts how often it learns."""

import numpy as np

from forecasting import ForecastSet, ModelCard, TooShortError
from sim.engine.forecasts import ForecastDesk
from sim.scenario.schema.forecast import Forecast
from sim.scenario.series.piecewise import Series
from tests.worlds import site, time_grid

H = 3600.0
GRID = time_grid(240, 3600.0)
HOURS = GRID.window_edges_s[:-1] / H
WAVE = 3.0 + np.sin(HOURS * np.pi / 12) + 0.2 * np.sin(HOURS * 1.7)
MEAN_OF_DAYS = "desk_world:MeanOfDays"


class MeanOfDays:
    """Forecasts the mean of all it has seen; needs some days, and counts its fits."""

    fits = 0

    def __init__(self, days=1.0):
        self.days = days

    def fit(self, history, until_s):
        MeanOfDays.fits += 1
        count = history.known_count(np.array([until_s]))[0]
        values = history.take(np.array([until_s]), np.arange(count)[None, :])
        known = values[np.isfinite(values)]
        if known.size < self.days * 24:
            msg = f"needs {self.days} days, has {known.size} hours"
            raise TooShortError(msg)
        self.level = known.mean()
        self.trained_from_s, self.trained_until_s, self.fit_s = history.start_s, until_s, 0.5
        return self

    def predict(self, history, issued_at_s, horizon_count):
        point = np.full((len(issued_at_s), horizon_count), self.level)
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)


def here(values=WAVE, *, grid=GRID):
    return site(grid, signals={"price": Series(grid.window_edges_s, values)})


def desk(values=WAVE, *, sites=None, overrides=(), seed=0, **spec):
    sites = sites or [here(values)]
    return ForecastDesk(Forecast(**spec), sites, overrides=overrides, seed=seed)


def all_points(one, signal="price", site_number=0):
    return [one.latest(site_number, signal, at_s).point.tobytes() for at_s in one.issues_s]
