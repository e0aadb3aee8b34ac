"""Forecasts of a run, handed out by plan; how good they were; and what the manifest tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from desk_world import GRID, HOURS, MEAN_OF_DAYS, WAVE, H, MeanOfDays, desk, here

from forecasting import ForecastSet, History, ModelCard
from sim.engine.forecasts import cache
from sim.engine.forecasts.outcome import moment, outcome
from sim.errors import PolicyError
from sim.scenario.schema.forecast import SiteForecast
from sim.scenario.series.piecewise import Series
from sim.units import KW, USD_PER_MWH
from tests.worlds import site


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    cache.forget()
    MeanOfDays.fits = 0
    yield tmp_path / "cache"
    cache.forget()


class Fails:
    def fit(self, history, until_s):
        msg = "no good"
        raise ValueError(msg)

    def predict(self, history, issued_at_s, horizon_count): ...


# By plan


def test_each_signal_is_issued_as_often_and_as_far_as_its_plan_says():
    found = desk(
        horizon_h=24, refresh_h=6, signals={"price": {"refresh_h": 4, "horizon_h": 30}}
    )
    assert len(found.latest(0, "price", 5 * H).point) == 30
    assert found.latest(0, "price", 5 * H).issued_at_s == 4 * H
    assert len(found.latest(0, "load", 5 * H).point) == 24
    assert found.latest(0, "load", 5 * H).issued_at_s == 0.0
    assert (found.issues_s[:6] / H).tolist() == [0, 4, 6, 8, 12, 16]


def test_a_site_is_forecast_in_its_own_way():
    own = SiteForecast.model_validate({"model": "persistence"})
    found = desk(sites=[here(), here()], overrides=[None, own], model="perfect")
    now = WAVE[GRID.history_hours :]
    assert found.latest(0, "price", 0.0).point[:3].tolist() == now[:3].tolist()
    assert (found.latest(1, "price", 0.0).point == WAVE[GRID.history_hours - 1]).all()


def test_parameters_reach_the_forecaster():
    week_ago = WAVE[GRID.history_hours - 168 :]
    model = {"use": "seasonal-naive", "season_h": 168}
    found = desk(model=model).latest(0, "price", 0.0)
    assert found.point[:24].tolist() == week_ago[:24].tolist()


def test_between_two_issues_the_same_forecast_is_handed_out():
    found = desk()
    first = found.latest(0, "price", 0.0)
    assert found.latest(0, "price", 6 * H - 1) is first
    later = found.latest(0, "price", 6 * H)
    assert later.issued_at_s == 6 * H
    assert found.latest(0, "price", 0.0).point.tobytes() == first.point.tobytes()
    assert found.latest(0, "price", 1e9).issued_at_s == 234 * H


def test_quantiles_come_with_their_levels_where_they_are_asked_for():
    found = desk(quantiles=(0.1, 0.5, 0.9), signals={"load": {"quantiles": ()}})
    price = found.latest(0, "price", 0.0)
    assert price.quantiles.shape == (48, 3)
    assert price.quantile_levels.tolist() == [0.1, 0.5, 0.9]
    load = found.latest(0, "load", 0.0)
    assert (load.quantiles, load.quantile_levels.tolist()) == (None, [])


def test_errors_of_the_days_before_the_run_tell_its_first_quantiles():
    grid = replace(
        GRID, window_start=GRID.start - timedelta(days=60),
        window_hours=GRID.window_hours + 51 * 24,
    )
    values = np.resize(WAVE, grid.window_hours)
    found = desk(sites=[here(values, grid=grid)], quantiles=(0.1, 0.5, 0.9))
    quantiles = found.latest(0, "price", 0.0).quantiles
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert found.latest(0, "price", 0.0).issued_at_s == 0.0
    assert found.report()[0]["issues_count"] == 40


def test_past_the_end_of_the_data_an_oracle_says_nothing():
    edges_s = GRID.window_edges_s
    inside = edges_s <= GRID.duration_s
    ends = Series(edges_s[inside], WAVE[: inside.sum() - 1])
    found = desk(sites=[site(GRID, signals={"price": ends})], model="perfect")
    last = found.latest(0, "price", 234 * H).point
    assert np.isfinite(last[:6]).all()
    assert np.isnan(last[6:]).all()


def test_errors_of_oracles_differ_between_sites_signals_and_seeds():
    spec = {"model": "ar1-error"}
    signals = {name: Series(GRID.window_edges_s, WAVE) for name in ("price", "load")}
    sites = [site(GRID, signals=signals)] * 2
    found = desk(sites=sites, seed=1, **spec)
    price = found.latest(0, "price", 0.0).point
    assert (price != WAVE[GRID.history_hours :][:48]).any()
    assert (found.latest(0, "load", 0.0).point != price).any()
    assert (desk(sites=sites, seed=2, **spec).latest(0, "price", 0.0).point != price).any()
    again = desk(sites=sites, seed=1, **spec).latest(0, "price", 0.0).point
    assert again.tobytes() == price.tobytes()
    own = {"model": {"use": "ar1-error", "seed": 5}}
    one, other = (desk(sites=sites, seed=seed, **own).latest(0, "price", 0.0) for seed in (1, 2))
    assert one.point.tobytes() == other.point.tobytes()


def test_a_forecaster_that_fails_is_named_with_what_it_should_forecast():
    with pytest.raises(PolicyError, match=r"test_forecast_desk:Fails failed on price of here: no"):
        desk(model="test_forecast_desk:Fails").latest(0, "price", 0.0)


# How good they were


def test_scores_are_those_of_the_hours_that_ended_within_the_run():
    # Hours -2 to 3, the run ends after 3 h: 1 and 2 say nothing of hour 3. Persistence, by hand:
    # issue 0 says 20 for 10, 40, 40; issue 1 says 10 for 40, 40; issue 2 says 40 for 40.
    values = np.array([20.0, 20.0, 10.0, 40.0, 40.0, 1000.0])
    history = History(values, start_s=-2 * H)
    issued_at_s = np.array([0.0, H, 2 * H])
    point = np.array([[20.0] * 3, [10.0] * 3, [40.0] * 3])
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    low_high = np.stack([point - 15, point + 15], axis=2)
    issued = ForecastSet.on_grid(
        history, issued_at_s, point=point, card=card, quantile_levels=[0.1, 0.9],
        quantiles=low_high,
    )
    found = outcome(issued, values, start_s=-2 * H, end_s=3 * H)
    assert found.mae == pytest.approx((10 + 20 + 20 + 30 + 30 + 0) / 6)
    assert found.nmae_ratio == pytest.approx(found.mae / 30)
    assert found.coverage_fraction == pytest.approx(2 / 6)


def test_the_manifest_tells_model_data_training_and_scores_in_peoples_units():
    values = WAVE * 10.0 * USD_PER_MWH
    found = desk(values, model={"use": MEAN_OF_DAYS, "days": 2}, refit_days=4)
    found.latest(0, "price", 0.0)
    (told,) = found.report()
    assert (told["site"], told["signal"], told["model"]) == ("here", "price", MEAN_OF_DAYS)
    assert told["parameters"] == {"days": 2}
    assert (told["horizon_h"], told["refresh_h"], told["issues_count"]) == (48, 6, 40)
    assert told["trained_from"] == "2025-05-24T00:00Z"
    assert told["trained_until"] == "2025-06-10T00:00Z"
    assert told["fallback_until"] is None
    assert told["fit_cpu_s"] == 1.5
    # A sine of 10 USD/MWh around its mean is off by 2/pi of that on average.
    assert told["mae_usd_per_mwh"] == pytest.approx(20 / np.pi, rel=0.05)
    assert told["nmae_ratio"] == pytest.approx(2 / np.pi / 3, rel=0.05)
    assert len(told["data_hash"]) == 64


def test_only_what_was_asked_for_is_made_and_told():
    found = desk(model="perfect")
    assert found.report() == []
    assert set(found.metrics().values()) == {None}
    found.latest(0, "price", 0.0)
    assert [told["signal"] for told in found.report()] == ["price"]
    assert found.metrics() == {
        "forecast_nmae_ratio": 0.0,
        "forecast_rank_correlation": pytest.approx(1.0),
        "forecast_coverage_fraction": None,
    }


def test_powers_are_told_in_kilowatts():
    signals = {"wind": Series(GRID.window_edges_s, 5.0 * KW * (HOURS >= 0))}
    found = desk(sites=[site(GRID, signals=signals)], model=MEAN_OF_DAYS)
    found.latest(0, "wind", 0.0)
    assert found.report()[0]["mae_kw"] == pytest.approx(5.0)


def test_moments_are_told_as_dates():
    start = datetime(2025, 6, 2, tzinfo=UTC)
    assert moment(start, -H) == "2025-06-01T23:00Z"
    assert moment(start, np.inf) == "end"
    assert moment(start, None) is None

