"""Through the simulation's own path: what comes after an issue changes no bit of its forecast."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import ForecastSet, History, ModelCard, Place
from sim.engine.forecasts import ForecastDesk, cache
from sim.registry import FORECASTERS, load_class
from sim.scenario.schema.forecast import Forecast
from sim.scenario.series.piecewise import Series
from sim.site import TimeGrid
from tests.worlds import START, site

H = 3600.0
PAST_H, RUN_H, HORIZON_H = 60 * 24, 12 * 24, 30
GRID = TimeGrid(
    start=START,
    step_s=H,
    n_steps=RUN_H,
    window_start=START - timedelta(hours=PAST_H),
    window_hours=PAST_H + RUN_H + HORIZON_H + 2,
)
ENDS_S = GRID.window_edges_s[1:]
HOUR = np.arange(GRID.window_hours)
NOISE = np.random.default_rng(5).normal(size=GRID.window_hours)
DAY = np.maximum(0.0, np.sin((HOUR - 13) * np.pi / 12))
SIGNALS = {
    "price": 50.0 + 20.0 * np.sin(HOUR * np.pi / 12) + 5.0 * NOISE,
    "solar": 1e5 * DAY * (1.0 - 0.3 * np.abs(np.tanh(NOISE))),
}
SIGNALS["price"][200:230] = np.nan  # a gap long before the run
SIGNALS["price"][PAST_H + 100 : PAST_H + 103] = np.nan  # and one within
HONEST = [
    name
    for name, target in FORECASTERS.items()
    if not getattr(load_class(target), "needs_truth", False)
]
SLOW = {
    "boosting": {"tree_count": 5},
    "random-forest": {"tree_count": 3},
    "blend": {"tree_count": 5},
}
QUICK = sorted(set(HONEST) - set(SLOW))
CHANGES = {"nothing": np.nan, "huge": 1e9}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    cache.forget()


def forecasts(model, signal, *, latency_h=0, values=None, quantiles=(0.1, 0.9), refresh_h=8):
    """Return the bytes of every forecast of a run, by its issue."""
    values = SIGNALS[signal] if values is None else values
    here = site(GRID, signals={signal: Series(GRID.window_edges_s, values)})
    object.__setattr__(here, "place", Place(36.1, -79.9, 270.0))
    spec = Forecast(
        model=model, horizon_h=HORIZON_H, refresh_h=refresh_h, latency_h=latency_h, refit_days=4,
        quantiles=quantiles,
    )
    desk = ForecastDesk(spec, [here])
    found = [desk.latest(0, signal, at_s) for at_s in desk.issues_s]
    return {
        one.issued_at_s: one.point.tobytes()
        + (b"" if one.quantiles is None else one.quantiles.tobytes())
        for one in found
    }


def first_leak(model, signal, *, after_s, change, latency_h=0, **options):
    """Return the first issue up to a time that later values change, None if none does."""
    values = SIGNALS[signal].copy()
    known_by_s = after_s - latency_h * H
    values[known_by_s < ENDS_S] = change
    honest = forecasts(model, signal, latency_h=latency_h, **options)
    other = forecasts(model, signal, latency_h=latency_h, values=values, **options)
    return next((at for at in honest if at <= after_s and honest[at] != other[at]), None)


def signal_of(model):
    return "solar" if model == "clear-sky" else "price"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("model", QUICK)
@settings(max_examples=6, deadline=None)
@given(after_h=st.floats(0.0, RUN_H), latency_h=st.sampled_from([0, 0, 7]))
def test_no_forecast_knows_what_comes_after_it(model, change, after_h, latency_h):
    leak = first_leak(
        model, signal_of(model), after_s=after_h * H, change=change, latency_h=latency_h
    )
    assert leak is None


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("model", sorted(set(SLOW) & set(HONEST)))
def test_no_forecast_that_takes_long_to_learn_knows_it_either(model, change):
    # Between two refits and within an hour: the hour of the issue itself is not known.
    choice = {"use": model, **SLOW[model]}
    leak = first_leak(
        choice, "price", after_s=150.5 * H, change=change, latency_h=3, refresh_h=12
    )
    assert leak is None


class Planted:
    """Honest, but for one look past the guard; each child looks elsewhere."""

    def fit(self, history, until_s):
        self.level, self.trained_until_s = 0.0, until_s
        return self

    def predict(self, history, issued_at_s, horizon_count):
        last = history.last_known_index(issued_at_s)[:, None]
        point = np.repeat(history.take(issued_at_s, last), horizon_count, axis=1) + self.level
        self.peek(history, issued_at_s, point)
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)

    def peek(self, history, issued_at_s, point): ...


class LooksAtOneHour(Planted):
    def peek(self, history, issued_at_s, point):
        now = history.target_index(issued_at_s, 1)[:, 0]
        point[:, -1] += 1e-6 * np.nan_to_num(history._values[now])


class ScalesByTheWholeRun(Planted):
    def fit(self, history, until_s):
        self.level, self.trained_until_s = np.nanmax(history._values) / 1e3, until_s
        return self


class LearnsAnHourEarly(Planted):
    def fit(self, history, until_s):
        early = History(history._values[:-1], history.start_s, H)
        last = early.last_known_index(np.array([until_s + H]))
        self.level, self.trained_until_s = early._values[last[0]], until_s
        return self


@pytest.mark.parametrize("leaks", [LooksAtOneHour, ScalesByTheWholeRun, LearnsAnHourEarly])
def test_a_planted_leak_is_found(leaks):
    # The refit at 96 h and the issue at 95 h are both the last before a change.
    name = f"test_desk_leaks:{leaks.__name__}"
    found = [
        first_leak(name, "price", after_s=after_h * H, change=1e9, quantiles=())
        for after_h in (95.0, 100.0, 192.0)
    ]
    assert any(leak is not None for leak in found)


def test_the_base_of_the_planted_leaks_is_honest():
    name = "test_desk_leaks:Planted"
    assert first_leak(name, "price", after_s=100 * H, change=1e9, quantiles=()) is None
