"""The small made-up world on which anyone's policy is checked, and the same with another future."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.scenario.schema.forecast import Forecast
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec, Site, TimeGrid
from sim.site.times import HISTORY_H
from sim.streams import stream
from sim.units import DAY_S, HOUR_S, KWH
from sim.workload.jobs import JobTable

FORECAST: Final = Forecast(quantiles=tuple(level / 20 for level in range(1, 20)))
"""How its signals are forecast: with every quantile that a policy is likely to ask for."""

CHANGES_S: Final = (6 * HOUR_S, 20 * HOUR_S, 33 * HOUR_S)
"""After each of these times the truth is changed once. [s]."""

_DAYS = 2
_STEP_S = 900.0
_JOBS = 150


def made_up_sites() -> tuple[Site, ...]:
    """Return two made-up sites with sun, wind, a battery, prices and intensities."""
    return tuple(_site(name, index) for index, name in enumerate(("north", "south")))


def _site(name: str, index: int) -> Site:
    start = datetime(2025, 6, 2, tzinfo=UTC)
    n_steps = round(_DAYS * DAY_S / _STEP_S)
    window_h = HISTORY_H + _DAYS * 24 + FORECAST.horizon_h + 2
    grid = TimeGrid(
        start=start,
        step_s=_STEP_S,
        n_steps=n_steps,
        window_start=datetime(2025, 5, 24, tzinfo=UTC),
        window_hours=window_h,
    )
    hour = np.arange(window_h) + 5.0 * index
    rng = stream(index, "check/signals")
    wave = {
        "price": 2e-8 * (1.2 + np.sin(hour * np.pi / 12)),
        "average_carbon_intensity": 1e-7 * (1.5 + np.cos(hour * np.pi / 12)),
        "marginal_carbon_intensity": 1.5e-7 * (1.2 + np.sin(hour * np.pi / 8)),
        "solar": 4e5 * np.maximum(0.0, np.sin((hour - 6) * np.pi / 12)),
        "wind": 1e5 * (1.0 + np.sin(hour / 7.0)),
        "load": np.full(window_h, 3e4),
    }
    nothing: dict[str, Any] = dict.fromkeys(_COLUMNS, np.zeros(n_steps))
    signals = {
        what: grid.hourly(values * rng.uniform(0.8, 1.2, window_h)) for what, values in wave.items()
    }
    return _with_signals(
        Site(
            name=name,
            parts=frozenset({"solar", "wind", "battery", "grid", "datacenter"}),
            grid=grid,
            **nothing,
            facility=Facility.of_pue(1.0, n_steps),
            battery=BatteryLimits(200 * KWH, 1e5, 1e5, 0.95, 0.95, 0.05, 0.95, 0.5),
            connection=Connection(np.inf, np.inf),
            clusters=(_cluster(),),
            floor_area_m2=None,
            tariff=None,
            signals=signals,
        )
    )


def _cluster() -> ClusterSpec:
    power = GpuPower(
        tdp_w=700.0, idle_bare_w=200.0, idle_resident_w=240.0, server_w=125.0, server_fraction=0.03
    )
    return ClusterSpec(
        name="main",
        gpus_count=64,
        power=power,
        idle_w=power.idle_bare_w,
        embodied_kg_per_s=0.0,
    )


_COLUMNS = (
    "solar_w",
    "wind_w",
    "base_load_w",
    "price_usd_per_j",
    "export_price_usd_per_j",
    "average_carbon_kg_per_j",
    "marginal_carbon_kg_per_j",
    "carbon_free_fraction",
)


def _with_signals(site: Site) -> Site:
    """Return a site whose columns on the run's steps are those of its signals."""
    on_steps = {name: series.mean_over(site.grid.edges_s) for name, series in site.signals.items()}
    return replace(
        site,
        solar_w=on_steps["solar"],
        wind_w=on_steps["wind"],
        base_load_w=on_steps["load"],
        price_usd_per_j=on_steps["price"],
        average_carbon_kg_per_j=on_steps["average_carbon_intensity"],
        marginal_carbon_kg_per_j=on_steps["marginal_carbon_intensity"],
    )


def changed_site(site: Site, after_s: float) -> Site:
    """Return a site whose signals are others after a time, and the same before it."""
    later = site.grid.window_edges_s[:-1] >= after_s

    def changed(name: str, series: Series) -> Series:
        """Return a signal that is another after the time."""
        values = series.values.copy()
        values[later] = values[later][::-1] * stream(7, f"check/{name}").uniform(0.2, 3.0)
        return Series(series.edges_s, values)

    signals = {name: changed(name, series) for name, series in site.signals.items()}
    return _with_signals(replace(site, signals=signals))


def made_up_jobs() -> JobTable:
    """Return jobs of all kinds that fill both sites."""
    rng = stream(3, "check/jobs")
    arrival_s = np.sort(rng.uniform(0.0, _DAYS * DAY_S, _JOBS))
    duration_s = rng.lognormal(1.0, 0.8, _JOBS) * HOUR_S
    home = rng.integers(0, 2, _JOBS)
    return JobTable(
        arrival_s=arrival_s,
        earliest_start_s=arrival_s.copy(),
        deadline_s=arrival_s + duration_s + rng.uniform(0.0, DAY_S, _JOBS),
        duration_s=duration_s,
        expected_duration_s=duration_s.copy(),
        gpus_count=rng.choice([1, 2, 4, 8, 16], _JOBS),
        power_w=np.full(_JOBS, np.nan),
        power_fraction=np.ones(_JOBS),
        interruptible=rng.uniform(size=_JOBS) < 0.5,
        checkpoint_s=np.zeros(_JOBS),
        workload=np.zeros(_JOBS, dtype=int),
        home_site=home,
        home_cluster=home.copy(),
    )


def changed_jobs(jobs: JobTable, after_s: float) -> JobTable:
    """Return jobs of which those that arrive after a time are others."""
    later = jobs.arrival_s >= after_s
    duration_s = np.where(later, jobs.duration_s * 1.7, jobs.duration_s)
    return replace(
        jobs,
        duration_s=duration_s,
        expected_duration_s=duration_s.copy(),
        gpus_count=np.where(later, 17 - jobs.gpus_count, jobs.gpus_count),
        deadline_s=np.where(later, jobs.deadline_s + 5 * HOUR_S, jobs.deadline_s),
    )
