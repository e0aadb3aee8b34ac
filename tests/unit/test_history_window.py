"""What lies before the start of a run: as much as its forecasters need, and never its own hours."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from sim.scenario.schema.scenario import Scenario
from sim.site import TimeGrid, build_sites
from sim.site.weather import window_weather
from sim.streams import stream
from sim.weather import read_tmy, resampled
from sim.weather.backwards import backwards
from sim.weather.window import joined, slice_window

YEAR_H = 8760
LAB = {
    "name": "lab",
    "weather": {"tmy": "greensboro-nc"},
    "solar": {"dc_capacity_kw": 100},
    "wind": {"turbine": "ewt-dw61-1000", "hub_height_m": 69, "shear_exponent": 0.2},
    "grid": {"market": "us-carolinas"},
}
SIGNALS = ("price", "average_carbon_intensity", "marginal_carbon_intensity", "solar", "wind")


def scenario(*, hours=48, start="2025-06-02T00:00Z", forecast=None, **site):
    return Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "one",
            "start": start,
            "duration_h": hours,
            "step_min": 60,
            "sites": (LAB | site,),
            "forecast": forecast or {},
        }
    )


def built(folder=".", seed=1, **options):
    spec = scenario(**options)
    return build_sites(spec, Path(folder), TimeGrid.of(spec), seed=seed)[0]


def grid(**options):
    return TimeGrid.of(scenario(**options))


# How far back


@pytest.mark.parametrize(
    ("forecast", "days"),
    [
        ({}, 9),
        ({"model": "perfect"}, 9),
        ({"model": "ridge"}, 365),
        ({"signals": {"wind": {"model": "ridge"}}}, 365),
        ({"quantiles": (0.1, 0.9)}, 365),
        ({"model": "my_lab.forecasts:Mine"}, 365),
        ({"model": "ridge", "history_days": 400}, 400),
        ({"history_days": 3}, 3),
        ({"latency_h": 48}, 11),
        ({"signals": {"price": {"latency_h": 25}}}, 9 + 25 / 24),
    ],
)
def test_the_window_reaches_back_as_far_as_the_models_need(forecast, days):
    assert grid(forecast=forecast).history_hours == days * 24


def test_a_site_of_its_own_and_a_late_file_count_too():
    plain = scenario()
    site = plain.sites[0].model_validate(LAB | {"forecast": {"model": "ridge", "horizon_h": 72}})
    found = TimeGrid.of(plain.model_copy(update={"sites": (site,)}))
    assert found.history_hours == 365 * 24
    assert found.window_hours == 365 * 24 + 48 + 72 + 2
    price = {"file": "p.csv", "column": "p", "unit": "USD/MWh", "latency_h": 24.5}
    assert grid(grid={"price": price}).history_hours == 216 + 25


def test_the_window_ends_behind_the_farthest_horizon():
    far = {"signals": {"load": {"horizon_h": 100}}}
    assert grid(forecast=far).window_hours == 216 + 48 + 100 + 2


# Which weather


def test_before_a_short_run_lies_its_own_year():
    own = read_tmy("greensboro-nc")
    times = grid(forecast={"history_days": 200})
    assert times.foreign_hours == 0
    found = window_weather(
        scenario().sites[0].weather, Path(), times, site="lab", seed=1
    )
    expected = slice_window(own, times.window_start, times.window_hours)
    assert found.temp_air.tobytes() == expected.temp_air.tobytes()
    assert found.time_utc.equals(expected.time_utc)


def test_no_hour_of_the_year_comes_twice_in_the_window_of_a_run():
    times = grid(hours=100 * 24, forecast={"history_days": 800})
    # The run's own year ends where the window does: 8760 h of it are of that year.
    assert times.foreign_hours == times.window_hours - YEAR_H
    found = window_weather(scenario().sites[0].weather, Path(), times, site="lab", seed=1)
    own = slice_window(
        read_tmy("greensboro-nc"), times.window_start, times.window_hours
    )
    first = times.foreign_hours
    assert found.temp_air[first:].tobytes() == own.temp_air[first:].tobytes()
    assert (found.temp_air[:first] != own.temp_air[:first]).mean() > 0.9
    # Two years are drawn, each by its own stream, the older one shorter.
    older_h = first - YEAR_H
    streams = [stream(0, f"weather/lab/{age}-years-before") for age in (2, 1)]
    drawn = [backwards(resampled(read_tmy("greensboro-nc"), rng)) for rng in streams]
    middle = times.window_start + timedelta(hours=older_h)
    for year, start, part in (
        (drawn[0], times.window_start, slice(0, older_h)),
        (drawn[1], middle, slice(older_h, first)),
    ):
        hours = part.stop - part.start
        expected = slice_window(year, start, hours).wind_speed
        assert found.wind_speed[part].tobytes() == expected.tobytes()


@pytest.mark.parametrize("hours", [YEAR_H, 2 * YEAR_H])
def test_before_a_run_of_a_year_or_more_all_is_drawn(hours):
    times = grid(hours=hours, forecast={"history_days": 30})
    assert times.foreign_hours == times.history_hours == 720


def test_the_years_before_are_alike_for_every_seed_unless_the_year_itself_is_drawn():
    typical, resampling = {"tmy": "miami-fl"}, {"tmy": "miami-fl", "resample": "daily-block"}
    options = {"hours": YEAR_H, "forecast": {"history_days": 30}}
    one, other = (built(seed=seed, weather=typical, **options) for seed in (1, 2))
    assert one.signals["wind"].values.tobytes() == other.signals["wind"].values.tobytes()
    one, other = (built(seed=seed, weather=resampling, **options) for seed in (1, 2))
    past = slice(0, 720)
    assert (one.signals["wind"].values[past] != other.signals["wind"].values[past]).mean() > 0.5


@pytest.mark.parametrize("hours", [48, YEAR_H])
def test_how_far_forecasters_look_back_changes_nothing_in_the_run(hours):
    short, long = (
        built(hours=hours, forecast={"history_days": days}) for days in (9, 500)
    )
    for column in ("solar_w", "wind_w", "price_usd_per_j", "marginal_carbon_kg_per_j"):
        assert getattr(short, column).tobytes() == getattr(long, column).tobytes()
    for signal in SIGNALS:
        assert np.isfinite(long.signals[signal].mean_over(long.grid.window_edges_s)).all()


def test_an_array_has_its_age_at_the_start_however_far_the_window_reaches_back():
    worn = {"dc_capacity_kw": 100, "degradation_per_year_fraction": 0.1, "age_years": 2}
    new = built().solar_w
    aged, again = (
        built(solar=worn, forecast={"history_days": days}).solar_w for days in (9, 365)
    )
    assert aged == pytest.approx(again, rel=1e-9)
    # Between the inverter's curve at low load and its limit, power goes with what is left.
    plain = (new > 0.4 * new.max()) & (new < 0.8 * new.max())
    assert plain.sum() > 5
    assert aged[plain] / new[plain] == pytest.approx(0.9**2, rel=0.01)
    whole = built(solar=worn | {"age_years": 0}, forecast={"history_days": 365})
    fresh = built(forecast={"history_days": 365})
    past = slice(0, 364 * 24)
    assert (
        whole.signals["solar"].values[past].tobytes()
        == fresh.signals["solar"].values[past].tobytes()
    )


def test_joined_slices_hold_every_column_of_each():
    year = read_tmy("miami-fl")
    whole = slice_window(year, grid().start, 30)
    parts = [
        slice_window(year, grid().start + timedelta(hours=at), hours)
        for at, hours in ((0, 7), (7, 1), (8, 22))
    ]
    found = joined(parts)
    assert found.time_utc.equals(whole.time_utc)
    for name in ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure", "relative_humidity"):
        assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()
    assert found.latitude_deg == whole.latitude_deg
    assert joined([whole]) is whole


# A year of a file, laid onto the years of the run


def yearly_file(folder):
    hours = np.arange(YEAR_H)
    times = np.datetime64("2023-01-01T00", "h") + hours
    rows = [f"{time}:00Z,{hour}" for time, hour in zip(times, hours, strict=True)]
    (folder / "p.csv").write_text("\n".join(["time,p", *rows]))
    return {"price": {"file": "p.csv", "column": "p", "unit": "USD/MWh", "source_year": 2023,
                      "align": "dates"}}


@pytest.mark.parametrize("hours", [48, 100 * 24])
def test_a_year_laid_onto_the_run_does_not_come_twice(tmp_path, hours):
    site = built(
        tmp_path, hours=hours, start="2025-06-02T00:00Z", grid=yearly_file(tmp_path),
        forecast={"history_days": 400},
    )
    known = np.isfinite(site.signals["price"].mean_over(site.grid.window_edges_s))
    # The run, its 50 h behind and what is known before it are one year.
    assert known[: site.grid.history_hours].sum() == YEAR_H - 50 - hours
    assert known[site.grid.history_hours :].all()


def test_nine_days_before_a_run_of_a_year_are_left_of_a_year_laid_onto_it(tmp_path):
    site = built(
        tmp_path, hours=YEAR_H, start="2025-01-01T00:00Z", grid=yearly_file(tmp_path),
        forecast={"history_days": 30},
    )
    known = np.isfinite(site.signals["price"].mean_over(site.grid.window_edges_s))
    assert known[: site.grid.history_hours].sum() == 216
