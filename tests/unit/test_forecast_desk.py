"""Forecasts of a run: made once, told by plan, held to what came; and what the user is told."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, TooShortError
from sim.engine.forecasts import ForecastDesk, cache
from sim.engine.forecasts.batch import refit_days
from sim.engine.forecasts.outcome import level_jump, moment, outcome
from sim.errors import PolicyError
from sim.scenario.schema.forecast import Forecast, SiteForecast
from sim.scenario.series.piecewise import Series
from sim.units import KW, USD_PER_MWH
from tests.worlds import site, time_grid

H = 3600.0
GRID = time_grid(240, 3600.0)
HOURS = GRID.window_edges_s[:-1] / H
WAVE = 3.0 + np.sin(HOURS * np.pi / 12) + 0.2 * np.sin(HOURS * 1.7)
MEAN_OF_DAYS = "test_forecast_desk:MeanOfDays"


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


class Fails:
    def fit(self, history, until_s):
        msg = "no good"
        raise ValueError(msg)

    def predict(self, history, issued_at_s, horizon_count): ...


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    cache.forget()
    MeanOfDays.fits = 0
    yield tmp_path / "cache"
    cache.forget()


def here(values=WAVE, *, grid=GRID):
    return site(grid, signals={"price": Series(grid.window_edges_s, values)})


def desk(values=WAVE, *, sites=None, overrides=(), seed=0, **spec):
    sites = sites or [here(values)]
    return ForecastDesk(Forecast(**spec), sites, overrides=overrides, seed=seed)


def all_points(one, signal="price", site_number=0):
    return [one.latest(site_number, signal, at_s).point.tobytes() for at_s in one.issues_s]


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
    price = found.latest(0, "price", 200 * H)
    assert price.quantiles.shape == (48, 3)
    assert price.quantile_levels.tolist() == [0.1, 0.5, 0.9]
    assert (np.diff(price.quantiles, axis=1) >= 0).all()
    assert np.isfinite(found.latest(0, "price", 0.0).quantiles).all()  # from the days before
    load = found.latest(0, "load", 0.0)
    assert (load.quantiles, load.quantile_levels.tolist()) == (None, [])


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


# Once


def test_a_batch_is_made_once_for_all_policies_of_a_study():
    first = all_points(desk(model=MEAN_OF_DAYS, refit_days=3))
    assert MeanOfDays.fits == 4  # days 0, 3, 6, 9
    assert all_points(desk(model=MEAN_OF_DAYS, refit_days=3)) == first
    assert MeanOfDays.fits == 4


def test_another_process_finds_it_on_disk_bit_for_bit(own_cache):
    one = desk(model=MEAN_OF_DAYS, quantiles=(0.2, 0.8))
    first, fits = all_points(one), MeanOfDays.fits
    cache.forget()
    again = desk(model=MEAN_OF_DAYS, quantiles=(0.2, 0.8))
    assert all_points(again) == first
    assert MeanOfDays.fits == fits
    assert again.report() == one.report()
    assert again.metrics() == one.metrics()
    quantiles = [one.latest(0, "price", at).quantiles.tobytes() for at in one.issues_s]
    assert [again.latest(0, "price", at).quantiles.tobytes() for at in one.issues_s] == quantiles
    (file,) = own_cache.iterdir()
    with np.load(file, allow_pickle=False) as stored:
        assert stored["point"].shape == (40, 48)


@pytest.mark.parametrize(
    "changed",
    [
        {"model": {"use": MEAN_OF_DAYS, "days": 2}},
        {"horizon_h": 47},
        {"refresh_h": 12},
        {"latency_h": 1},
        {"refit_days": 5},
        {"quantiles": (0.5,)},
        {"values": np.where(HOURS == 239, 0.0, WAVE)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_it_depends_on_makes_another_batch(changed):
    desk(model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    fits = MeanOfDays.fits
    desk(**{"model": MEAN_OF_DAYS, **changed}).latest(0, "price", 0.0)
    assert MeanOfDays.fits > fits


def test_another_year_makes_another_batch():
    desk(model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    fits = MeanOfDays.fits
    later = time_grid(240, 3600.0)
    object.__setattr__(later, "start", datetime(2026, 6, 2, tzinfo=UTC))
    object.__setattr__(later, "window_start", datetime(2026, 5, 24, tzinfo=UTC))
    desk(sites=[here(grid=later)], model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    assert MeanOfDays.fits > fits


def test_models_that_learn_nothing_leave_nothing_on_disk(own_cache):
    desk().latest(0, "price", 0.0)
    assert not own_cache.exists()


def test_it_can_be_told_to_keep_nothing_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    first = all_points(desk(model=MEAN_OF_DAYS))
    cache.forget()
    assert all_points(desk(model=MEAN_OF_DAYS)) == first
    assert MeanOfDays.fits == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip", "cut", "flip"])
def test_a_damaged_entry_is_passed_over_and_mended(own_cache, damage):
    first = all_points(desk(model=MEAN_OF_DAYS))
    (file,) = own_cache.iterdir()
    whole = file.read_bytes()
    at = len(whole) // 2
    spoilt = {"cut": whole[:at], "flip": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]}
    file.write_bytes(spoilt.get(damage, damage))
    cache.forget()
    assert all_points(desk(model=MEAN_OF_DAYS)) == first
    assert MeanOfDays.fits == 2
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "file" / "cache"))
    assert len(all_points(desk(model=MEAN_OF_DAYS))) == 40


def test_what_was_not_used_for_longest_goes_first(own_cache, monkeypatch):
    def ask(days):
        cache.forget()
        desk(model={"use": MEAN_OF_DAYS, "days": days}).latest(0, "price", 0.0)

    ask(1.0)
    (first,) = own_cache.iterdir()
    size_bytes = first.stat().st_size
    monkeypatch.setattr(cache, "DISK_BYTES", int(2.5 * size_bytes))
    ask(1.5)
    (second,) = set(own_cache.iterdir()) - {first}
    for file in (first, second):
        os.utime(file, (0.0, 0.0))  # long ago
    ask(1.0)  # used again
    ask(2.0)
    left = set(own_cache.iterdir())
    assert len(left) == 2
    assert first in left
    assert second not in left


def test_memory_keeps_no_more_than_its_bound(monkeypatch):
    one = 8 * (40 * 48 + 2 * 40)  # points, issue times, starts
    monkeypatch.setattr(cache, "MEMORY_BYTES", 2 * one)
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    for days in (1.0, 1.5, 2.0, 1.5, 2.0):
        desk(model={"use": MEAN_OF_DAYS, "days": days}).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 3
    desk(model={"use": MEAN_OF_DAYS, "days": 1.0}).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 4


# Too little, gaps, units


def test_another_model_stands_in_until_there_is_history_enough():
    found = desk(model={"use": MEAN_OF_DAYS, "days": 12}, refit_days=2)
    usual = desk(model="climatology", refit_days=2)
    early, late = 2 * 86400.0, 4 * 86400.0
    assert (
        found.latest(0, "price", early).point.tobytes()
        == usual.latest(0, "price", early).point.tobytes()
    )
    assert np.ptp(found.latest(0, "price", late).point) == 0.0
    (told,) = found.report()
    assert told["fallback_until"] == "2025-06-06T00:00Z"  # 9 days before, and 4 more
    (note,) = found.notes()
    assert note.startswith(
        "here price: too little history for test_forecast_desk:MeanOfDays: climatology stood in "
        "until 2025-06-06T00:00Z."
    )


def test_it_stands_in_all_through_the_run_if_need_be():
    found = desk(model={"use": MEAN_OF_DAYS, "days": 100})
    assert np.isfinite(found.latest(0, "price", 0.0).point).all()
    assert found.report()[0]["fallback_until"] == "end"


def test_with_two_days_of_history_the_days_before_stand_in_for_climatology():
    values = np.where(HOURS < -48, np.nan, WAVE)
    found = desk(values, model={"use": MEAN_OF_DAYS, "days": 100})
    mean = desk(values, model="weekly-mean")
    for at_s in (0.0, 86400.0):
        one, other = (each.latest(0, "price", at_s).point for each in (found, mean))
        assert one.tobytes() == other.tobytes()


def test_without_any_history_there_is_no_forecast_and_a_warning():
    found = desk(np.where(HOURS < 0, np.nan, WAVE), model=MEAN_OF_DAYS)
    assert np.isnan(found.latest(0, "price", 0.0).point).all()
    assert any("nothing was known when the first forecast was issued" in n for n in found.notes())


def test_values_that_jump_a_thousandfold_at_the_start_are_told():
    for factor, words in ((1000.0, "1,000 times"), (0.001, "1/1,000 of")):
        found = desk(np.where(HOURS < 0, factor, 1.0))
        found.latest(0, "price", 0.0)
        (note,) = found.notes()
        assert f"before the start its values are usually {words} those of the run" in note
    assert level_jump(np.array([0.0, 50.0, 1.0, 0.0]), 2) is None
    assert level_jump(np.array([0.0, 50.0, 0.1, 0.0]), 2) == 500.0
    assert level_jump(np.array([0.0, 1.0, 0.0]), 2) is None


@pytest.mark.parametrize(("known_days", "days"), [(0.0, 30), (329.0, 30), (330.0, 90)])
def test_who_knows_a_year_need_not_learn_anew_every_month(known_days, days):
    assert refit_days(known_days) == days


def test_without_a_word_models_learn_anew_every_30_days():
    grid = time_grid(65 * 24, 3600.0)
    values = np.resize(WAVE, grid.window_hours)
    desk(sites=[here(values, grid=grid)], model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 3


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

