"""The small made-up world on which anyone's policy is checked, and the same with another future."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.datacenter.moving import data_path
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.scenario.schema.forecast import Forecast
from sim.scenario.schema.service import Service
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec, Site, TimeGrid
from sim.site.link import Link
from sim.site.times import HISTORY_H
from sim.streams import stream
from sim.units import DAY_S, HOUR_S, KWH
from sim.workload.demand import Demand, Steps
from sim.workload.jobs import JobTable
from sim.workload.lengths import Lengths, binned_lengths
from sim.workload.profile import Elastic, Profile
from sim.workload.services import ServicePlan
from sim.workload.serving import ServingCurve

FORECAST: Final = Forecast(quantiles=tuple(level / 20 for level in range(1, 20)))
"""How its signals are forecast: with every quantile that a policy is likely to ask for."""

CHANGES_S: Final = (6 * HOUR_S, 20 * HOUR_S, 33 * HOUR_S)
"""After each of these times the truth is changed once. [s]."""

_START = datetime(2025, 6, 2, tzinfo=UTC)
_DAYS = 2
_STEP_S = 900.0
_JOBS = 150


def made_up_sites(seed: int) -> tuple[Site, ...]:
    """Return two made-up sites with sun, wind, a battery, prices and intensities."""
    return tuple(_site(name, index, seed) for index, name in enumerate(("north", "south")))


def _site(name: str, index: int, seed: int) -> Site:
    n_steps = round(_DAYS * DAY_S / _STEP_S)
    window_h = HISTORY_H + _DAYS * 24 + FORECAST.horizon_h + 2
    grid = TimeGrid(
        start=_START,
        step_s=_STEP_S,
        n_steps=n_steps,
        window_start=datetime(2025, 5, 24, tzinfo=UTC),
        window_hours=window_h,
    )
    hour = np.arange(window_h) + 5.0 * index
    rng = stream(seed, f"check/signals/{name}")
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
            clusters=(_cluster("main", 40, 700.0), _cluster("old", 16, 300.0)),
            floor_area_m2=None,
            tariff=None,
            signals=signals,
            network=Link(data_path("inter-dc"), distance_m=1e6, bytes_per_s=1.25e9),
        )
    )


def _cluster(name: str, gpus_count: int, tdp_w: float) -> ClusterSpec:
    power = GpuPower(
        tdp_w=tdp_w, idle_bare_w=0.3 * tdp_w, idle_resident_w=0.35 * tdp_w,
        server_w=125.0, server_fraction=0.03,
    )  # fmt: skip
    return ClusterSpec(
        name=name,
        gpus_count=gpus_count,
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
        values[later] *= stream(int(after_s), f"check/{name}").uniform(0.2, 3.0, later.sum())
        return Series(series.edges_s, values)

    signals = {name: changed(name, series) for name, series in site.signals.items()}
    return _with_signals(replace(site, signals=signals))


def made_up_jobs(seed: int) -> JobTable:
    """Return jobs of three kinds that fill both sites: gangs, elastic ones, ones with data."""
    rng = stream(seed, "check/jobs")
    arrival_s = np.sort(rng.uniform(0.0, _DAYS * DAY_S, _JOBS))
    duration_s = rng.lognormal(1.0, 0.8, _JOBS) * HOUR_S
    home = rng.integers(0, 2, _JOBS)
    workload = rng.integers(0, len(_PROFILES), _JOBS)
    gangs = rng.choice([1, 2, 4, 8, 16], _JOBS)
    return JobTable(
        arrival_s=arrival_s,
        earliest_start_s=arrival_s.copy(),
        deadline_s=arrival_s + duration_s + rng.uniform(0.0, DAY_S, _JOBS),
        duration_s=duration_s,
        expected_duration_s=duration_s * rng.uniform(0.8, 1.3, _JOBS),
        gpus_count=np.where(workload == _ELASTIC, 2, gangs),
        power_w=np.full(_JOBS, np.nan),
        power_fraction=np.ones(_JOBS),
        interruptible=rng.uniform(size=_JOBS) < 0.5,
        checkpoint_s=np.full(_JOBS, 600.0),
        workload=workload,
        home_site=home,
        home_cluster=2 * home,
        profiles=_PROFILES,
        priority=rng.integers(0, 3, _JOBS).astype(np.int16),
        user=rng.integers(0, 3, _JOBS).astype(np.int32),
        users=("ada", "bob", "cy"),
    )


_ELASTIC: Final = 1
_PROFILES: Final = (
    Profile("gangs", resume_s=60.0, checkpoint_bytes=1e11),
    Profile("elastic", elastic=Elastic((2, 4, 8), (1.0, 1.8, 3.0), resize_s=120.0)),
    Profile("with-data", data_bytes=1e12, max_wait_s=6 * HOUR_S),
)


def changed_jobs(jobs: JobTable, after_s: float) -> JobTable:
    """Return jobs of which those that arrive after a time are others."""
    # How long a job really runs shows when it ends: after the time, that may be otherwise too.
    later, gang = jobs.arrival_s >= after_s, jobs.workload != _ELASTIC
    runs_on = gang & (jobs.arrival_s + jobs.duration_s > after_s)
    ratio = stream(int(after_s), "check/changed-jobs").uniform(1.0, 4.0, _JOBS)
    return replace(
        jobs,
        duration_s=np.where(later | runs_on, ratio, 1.0) * jobs.duration_s,
        expected_duration_s=np.where(later, 2.0, 1.0) * jobs.expected_duration_s,
        gpus_count=np.where(later & gang, 17 - jobs.gpus_count, jobs.gpus_count),
        deadline_s=np.where(later, jobs.deadline_s + 5 * HOUR_S, jobs.deadline_s),
    )


def made_up_services() -> tuple[ServicePlan, ...]:
    """Return a service at the first site, asked more by day than by night."""
    hour = np.arange(round(_DAYS * DAY_S / _STEP_S)) * _STEP_S / HOUR_S
    requests_count = 400.0 * (1.5 + np.sin((hour - 9.0) * np.pi / 12.0))
    spec = Service.model_validate(
        {
            "type": "service", "name": "chat", "model": "made-up", "gpus_per_replica": 2,
            "replicas": {"min": 1, "max": 6}, "requests": {"requests_per_s": 1.0},
        }
    )  # fmt: skip
    curve = ServingCurve(
        name="made-up", gpus_per_replica=2, t0_s=0.01, t1_s=0.001, p0_w=600.0, pdyn_w=600.0,
        k_batch=20.0, batch_min=1.0, batch_max=64.0, floor_s=0.1, s_per_token=1e-4,
        prefill_base_fraction=0.5, prefill_gain_fraction=0.4, prefill_half_tokens=500.0,
        model_bytes=None, kv_bytes_per_token=None, throughput_error_fraction=0.0,
        prefill_measured=True,
    )  # fmt: skip
    steps = Steps(_START, _STEP_S, len(requests_count))
    lengths = Lengths(binned_lengths(np.array([500.0])), binned_lengths(np.array([200.0])))
    asked = Demand(
        steps, requests_count, 500.0 * requests_count, 200.0 * requests_count, lengths, 1.0, None
    )
    return (ServicePlan(spec, 0, 0, curve, 64, load_s=60.0, network_s=0.01, demand=asked),)


def changed_service(plan: ServicePlan, after_s: float) -> ServicePlan:
    """Return a service of which another number of requests is asked after a time."""
    demand = plan.demand
    later = np.arange(len(demand.requests_count)) * _STEP_S >= after_s
    ratio = np.where(later, 2.5, 1.0)
    return replace(
        plan,
        demand=replace(
            demand,
            requests_count=demand.requests_count * ratio,
            prompt_tokens=demand.prompt_tokens * ratio,
            output_tokens=demand.output_tokens * ratio,
        ),
    )
