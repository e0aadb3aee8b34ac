"""Forecasts of a run from too little, from gaps, and from values that cannot be right."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from desk_world import HOURS, MEAN_OF_DAYS, WAVE, MeanOfDays, desk, here

from forecasting import Place
from sim.engine.forecasts import cache
from sim.engine.forecasts.outcome import level_jump
from sim.errors import PolicyError
from sim.registry import FORECASTERS
from sim.scenario.schema.scenario import Scenario
from sim.scenario.series.piecewise import Series
from sim.site import TimeGrid, build_sites
from tests.worlds import site, time_grid


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    cache.forget()
    MeanOfDays.fits = 0
    yield tmp_path / "cache"
    cache.forget()


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
        "here price: too little history for desk_world:MeanOfDays: climatology stood in "
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


def test_without_a_word_models_learn_anew_every_30_days():
    grid = time_grid(65 * 24, 3600.0)
    values = np.resize(WAVE, grid.window_hours)
    desk(sites=[here(values, grid=grid)], model=MEAN_OF_DAYS).latest(0, "price", 0.0)
    assert MeanOfDays.fits == 3


# Every built-in model on bad input

LONG = replace(
    time_grid(96, 3600.0),
    window_start=time_grid(96, 3600.0).start - timedelta(days=60),
    window_hours=60 * 24 + 96 + 50,
)
DAYS = np.arange(LONG.window_hours) / 24.0
SMALL = {
    "boosting": {"tree_count": 5},
    "blend": {"tree_count": 5},
    "random-forest": {"tree_count": 3},
}
MODELS = sorted(FORECASTERS)
CALM = sorted(set(MODELS) - {"clear-sky", "white-error", "ar1-error"})  # night, errors on purpose
UNMEASURED = sorted(set(MODELS) - {"bootstrap-error"})  # that one measures errors, so it needs some


def first_points(name, values, **spec):
    """Return the forecasts at each issue of four days, for the one signal that suits all."""
    series = Series(LONG.window_edges_s, values)
    where = replace(site(LONG, signals={"solar": series}), place=Place(36.1, -79.9, 270.0))
    model = {"use": name, **SMALL.get(name, {})}
    found = desk(sites=[where], model=model, refresh_h=24, **spec)
    points = np.stack([found.latest(0, "solar", at_s).point for at_s in found.issues_s])
    return points, found


@pytest.mark.parametrize("name", CALM)
def test_a_constant_signal_stays_constant(name):
    points, found = first_points(name, np.full(LONG.window_hours, 7.0))
    assert points == pytest.approx(np.full((4, 48), 7.0), rel=1e-9)
    assert found.report()[0]["rank_correlation"] is None


@pytest.mark.parametrize("name", MODELS)
def test_days_without_values_before_and_within_the_run_are_passed_over(name):
    sun = np.maximum(0.0, np.sin((24 * DAYS - 11) * np.pi / 12)) * (1.2 + np.sin(DAYS))
    gaps = sun.round(6)  # the sine is not quite 0 where it should be
    gaps[20 * 24 : 22 * 24 + 7] = np.nan
    gaps[61 * 24 + 5 : 62 * 24 + 2] = np.nan
    points, found = first_points(name, gaps)
    shown = np.isfinite(points)
    if name in {"perfect", "white-error", "ar1-error", "bootstrap-error"}:
        assert shown[0, :24].all()  # oracles say nothing of hours that have no value
    else:
        assert shown.all()
    score = found.report()[0]["nmae_ratio"]
    assert np.isfinite(score)
    assert score < 1.5  # persistence errs by more than the mean at night


ONE_DAY = np.where(DAYS < 59, np.nan, 5.0 + np.sin(DAYS * 2 * np.pi))


@pytest.mark.parametrize("name", UNMEASURED)
def test_a_day_of_history_is_enough_for_some_forecast(name):
    points, _ = first_points(name, ONE_DAY)
    assert np.isfinite(points[0]).mean() > 0.9


def test_errors_cannot_be_measured_on_a_day():
    with pytest.raises(PolicyError, match=r"bootstrap-error failed on solar of here: .*errors"):
        first_points("bootstrap-error", ONE_DAY)


@pytest.mark.parametrize("name", UNMEASURED)
def test_nothing_known_is_no_forecast_and_no_failure(name):
    points, found = first_points(name, np.full(LONG.window_hours, np.nan))
    assert np.isnan(points).all()
    assert found.metrics()["forecast_nmae_ratio"] is None
    assert any("nothing was known" in note for note in found.notes())


def test_a_file_in_another_unit_gives_the_same_forecasts(tmp_path):
    first = np.datetime64("2025-05-24T00", "h")
    for unit, factor in (("kW", 1), ("MW", 1000)):
        rows = [f"{first + hour}:00Z,{(hour * 7 % 24 + 8) / factor}" for hour in range(14 * 24)]
        (tmp_path / f"{unit}.csv").write_text("\n".join(["time,load", *rows]))
    points = []
    for unit in ("kW", "MW"):
        spec = Scenario.model_validate({
            "schema_version": 1, "name": "one", "start": "2025-06-02T00:00Z", "duration_h": 48,
            "step_min": 60, "sites": (
                {"name": "lab", "base_load": {"file": f"{unit}.csv", "column": "load",
                                              "unit": unit}},),
        })
        sites = build_sites(spec, tmp_path, TimeGrid.of(spec), seed=1)
        found = desk(sites=sites, model="weekly-mean").latest(0, "load", 86400.0)
        points.append(found.point)
    assert points[0] == pytest.approx(points[1], rel=1e-12)
    assert points[0].min() >= 8000.0
