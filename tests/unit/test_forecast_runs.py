"""Forecasts within whole runs: what a run says of them, and that keeping them changes nothing."""

import json

import pytest

import sim
from sim.engine.forecasts import cache
from sim.scenario.load import load_scenario
from sim.study.disk.store import read_manifest, read_metrics
from sim.study.execute import execute

TEXT = """\
schema_version: 1
name: small
start: 2025-06-02T00:00Z
duration_h: 72
step_min: 60
sites:
  - name: lab
    weather: {tmy: greensboro-nc}
    solar: {dc_capacity_kw: 500}
    grid: {market: us-carolinas}
    datacenter:
      clusters: [{name: main, accelerator: h100-sxm, nodes: 8}]
      pue: 1.2
    forecast: {signals: {solar: {model: clear-sky}}}
workload:
  - type: training
    arrivals: {poisson_per_h: 2, until_h: 48}
    gpus: 8
    duration: {median_h: 2, sigma: 0.5}
    slack: {min_h: 12, max_h: 24}
forecast: {model: MODEL, quantiles: [0.1, 0.9], history_days: 60}
policies:
  - fifo
  - {name: shifty, shift: {use: lowest-window, signal: price}}
  - {name: sunny, shift: {use: lowest-window, signal: solar}}
"""
MODEL = "ridge"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    cache.forget()
    yield tmp_path / "cache"
    cache.forget()


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(TEXT.replace("MODEL", MODEL))
    return path


def test_a_run_tells_of_the_forecasts_that_its_policy_asked_for(scenario):
    blind, shifty, sunny = (
        sim.simulate(scenario, policy=name) for name in ("fifo", "shifty", "sunny")
    )
    assert blind.info["forecasts"] == []
    assert blind.metrics["forecast_nmae_ratio"] is None
    (price,) = shifty.info["forecasts"]
    assert (price["site"], price["signal"], price["model"]) == ("lab", "price", MODEL)
    assert price["quantiles"] == (0.1, 0.9)
    assert price["trained_from"] == "2025-04-03T00:00Z"  # 60 days before
    assert price["trained_until"] == "2025-06-02T00:00Z"
    assert price["fallback_until"] is None
    assert 0.0 < price["mae_usd_per_mwh"] < 20.0
    assert shifty.metrics["forecast_nmae_ratio"] == price["nmae_ratio"]
    assert shifty.metrics["forecast_coverage_fraction"] == price["coverage_fraction"]
    assert 0.4 < price["coverage_fraction"] <= 1.0
    (sun,) = sunny.info["forecasts"]
    assert (sun["signal"], sun["model"]) == ("solar", "clear-sky")
    assert sun["rank_correlation"] > 0.9


def test_a_run_with_too_little_history_says_so_as_a_warning(tmp_path, scenario):
    scenario.write_text(scenario.read_text().replace("history_days: 60", "history_days: 20"))
    run = sim.simulate(scenario, policy="shifty")
    (note,) = [note for note in run.info["warnings"] if "too little history" in note]
    assert note.startswith(f"lab price: too little history for {MODEL}: climatology stood in until")
    assert run.info["forecasts"][0]["fallback_until"] == "end"


def test_kept_or_made_anew_forecasts_give_the_same_run(scenario, own_cache, monkeypatch):
    made = sim.simulate(scenario, policy="shifty")
    (kept,) = own_cache.iterdir()
    cache.forget()
    found = sim.simulate(scenario, policy="shifty")
    assert [path.name for path in own_cache.iterdir()] == [kept.name]
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    cache.forget()
    anew = sim.simulate(scenario, policy="shifty")
    for other in (found, anew):
        assert other.metrics == made.metrics
        assert other.steps.equals(made.steps)
        assert other.jobs.equals(made.jobs)
    told = [run.info["forecasts"][0] | {"fit_cpu_s": 0.0} for run in (made, found, anew)]
    assert told[0] == told[1] == told[2]


def test_the_manifest_on_disk_holds_it_all(scenario, tmp_path):
    loaded = load_scenario(scenario)
    (folder,) = execute(loaded, policies=["shifty"], out=tmp_path / "out")
    (told,) = read_manifest(folder)["forecasts"]
    assert json.loads(json.dumps(told)) == told
    assert told["quantiles"] == [0.1, 0.9]
    assert read_metrics(folder)["forecast_nmae_ratio"] == told["nmae_ratio"]
