"""What forecasts add to a scenario: 3 sites x 5 signals for a year, CPU seconds of one thread.

Counted is all that a run without forecasts has not: the year of history before its start, learning,
all issues of the year, scores for the manifest. Run with `make bench`; the figures are printed.
"""

import time
from pathlib import Path

import pytest

from sim.engine.forecasts import ForecastDesk, cache
from sim.scenario.schema.scenario import Scenario
from sim.site import TimeGrid, build_sites

pytestmark = pytest.mark.bench

SIGNALS = ("price", "average_carbon_intensity", "marginal_carbon_intensity", "solar", "wind")
PLACES = (
    ("greensboro-nc", "us-carolinas"),
    ("miami-fl", "us-florida"),
    ("sand-point-ak", "sand-point-ak"),
)


def scenario(**forecast):
    return Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "year",
            "start": "2025-01-01T00:00Z",
            "duration_h": 8760,
            "step_min": 60,
            "sites": tuple(
                {
                    "name": station,
                    "weather": {"tmy": station},
                    "solar": {"dc_capacity_kw": 1000},
                    "wind": {
                        "turbine": "ewt-dw61-1000", "hub_height_m": 69, "shear_exponent": 0.2,
                    },
                    "grid": {"market": fleet},
                }
                for station, fleet in PLACES
            ),
            "forecast": forecast,
        }
    )


def cpu_s(call):
    begin_s = time.process_time()
    result = call()
    return time.process_time() - begin_s, result


def built(spec):
    return build_sites(spec, Path(), TimeGrid.of(spec), seed=1)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setenv("GRIDLOOM_CACHE", "off")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    cache.forget()
    yield
    cache.forget()


def added_s(refresh_h):
    """Return what ridge for all signals adds, and print what it is made of."""
    built(scenario())  # loads what is loaded once
    plain_s, _ = cpu_s(lambda: built(scenario()))
    spec = scenario(model="ridge", horizon_h=48, refresh_h=refresh_h)
    history_s, sites = cpu_s(lambda: built(spec))
    desk = ForecastDesk(spec.forecast, sites)
    issued_s, _ = cpu_s(
        lambda: [desk.latest(site, signal, 0.0) for site in range(3) for signal in SIGNALS]
    )
    told_s, report = cpu_s(desk.report)
    assert len(report) == 15
    total_s = history_s - plain_s + issued_s + told_s
    print(
        f"\n3 sites x 5 signals, a year, ridge, issued every {refresh_h} h: {total_s:.1f} CPU s "
        f"(history {history_s - plain_s:.1f}, forecasts {issued_s:.1f}, scores {told_s:.1f})"
    )
    return total_s


def test_ridge_for_a_year_of_three_sites_adds_at_most_15_cpu_seconds():
    assert added_s(refresh_h=6) <= 15.0


def test_issued_every_hour_it_takes_six_times_as_many_models():
    added_s(refresh_h=1)


def test_looking_a_forecast_up_costs_little_of_the_10_us_of_a_decision():
    spec = scenario(refresh_h=1)
    desk = ForecastDesk(spec.forecast, built(spec))
    desk.latest(0, "price", 0.0)
    times_s = [8760.0 * 3600.0 * step / 200_000 for step in range(200_000)]
    spent_s, _ = cpu_s(lambda: [desk.latest(0, "price", time_s) for time_s in times_s])
    each_us = 1e6 * spent_s / len(times_s)
    print(f"\na forecast looked up 200,000 times over a year: {each_us:.2f} us each")
    assert each_us <= 2.0
