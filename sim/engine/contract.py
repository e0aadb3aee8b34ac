"""Test anyone's policy for the contract, for determinism and for seeing the future."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.engine.forecasts import ForecastDesk
from sim.engine.simulation import Simulation
from sim.errors import PolicyError
from sim.policy.base import ClusterView, Observation, Roles, SiteView
from sim.policy.build import build
from sim.registry import METHODS, ROLES
from sim.scenario.schema.forecast import Forecast
from sim.scenario.schema.scenario import Policy
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec, Site, TimeGrid
from sim.site.times import HISTORY_H
from sim.streams import stream
from sim.units import DAY_S, HOUR_S, KWH
from sim.workload.jobs import JobTable

_DAYS = 2
_STEP_S = 900.0
_JOBS = 150
_CHANGES_S = (6 * HOUR_S, 20 * HOUR_S, 33 * HOUR_S)
"""After each of these times the truth is changed once."""

Decision = tuple[float, str, str, str]
"""(time, role, question, answer)"""


def check_policy(policy: str | Policy | type) -> tuple[str, ...]:
    """Run a policy on a small made-up scenario and check that it keeps the contract.

    Parameters
    ----------
    policy : str, Policy or type
        A built-in name, ``"module:Class"``, a policy put together from roles, or a class.

    Returns
    -------
    tuple of str
        The checks it passed: contract, determinism, non-anticipativity.

    Raises
    ------
    PolicyError
        If a check fails; the message names policy, check, time and answers.
    """
    sites, jobs = _truth(), _jobs()
    first = _decisions(policy, sites, jobs)
    _compare(policy, "determinism", first, _decisions(policy, sites, jobs), until_s=np.inf)
    for change_s in _CHANGES_S:
        changed = tuple(_changed(site, change_s) for site in sites)
        other = _decisions(policy, changed, _changed_jobs(jobs, change_s))
        _compare(policy, "non-anticipativity", first, other, until_s=change_s)
    return "contract", "determinism", "non-anticipativity"


def _decisions(
    policy: str | Policy | type, sites: tuple[Site, ...], jobs: JobTable
) -> list[Decision]:
    """Run a policy and return all it was asked and all it answered."""
    log: list[Decision] = []
    roles = _recording(build(policy), log)
    Simulation(sites, jobs, roles, desk=ForecastDesk(Forecast(), sites)).run()
    return log


def _recording(roles: Roles, log: list[Decision]) -> Roles:
    """Return the same roles, but every answer is written down."""
    recorders: dict[str, Any] = {role: _Recorder(getattr(roles, role), role, log) for role in ROLES}
    return replace(roles, **recorders)


class _Recorder:
    """Stands in for one role and writes down what it answers."""

    def __init__(self, role: object, name: str, log: list[Decision]) -> None:
        self._role = role
        method = METHODS[name]
        setattr(self, method, _written(getattr(role, method), name, log))

    def __getattr__(self, name: str) -> object:
        return getattr(self._role, name)  # does_nothing, replans


def _written(ask: Callable[..., object], role: str, log: list[Decision]) -> Callable[..., object]:
    def asked(obs: Observation, subject: int | ClusterView | SiteView) -> object:
        answer = ask(obs, subject)
        about = subject if isinstance(subject, int) else subject.name
        log.append((obs.now_s, role, str(about), repr(answer)))
        return answer

    return asked


def _compare(
    policy: object, check: str, first: list[Decision], other: list[Decision], *, until_s: float
) -> None:
    """Raise at the first decision before a time that differs."""
    left = [decision for decision in first if decision[0] < until_s]
    right = [decision for decision in other if decision[0] < until_s]
    for one, two in zip(left, right, strict=False):
        if one != two:
            msg = f"policy {policy} fails {check}: at {one[0]} s {one[1]} for {one[2]} answered "
            msg += f"{one[3]}, but {two[3]} for {two[2]} at {two[0]} s "
            msg += (
                "in a second run that is the same."
                if until_s == np.inf
                else f"when only the truth after {until_s} s is changed."
            )
            raise PolicyError(msg)
    if len(left) != len(right):
        msg = f"policy {policy} fails {check}: it was asked {len(left)} times in one run and "
        msg += f"{len(right)} times in another."
        raise PolicyError(msg)


def _truth() -> tuple[Site, ...]:
    """Return two made-up sites with sun, wind, a battery, prices and intensities."""
    return tuple(_site(name, index) for index, name in enumerate(("north", "south")))


def _site(name: str, index: int) -> Site:
    start = datetime(2025, 6, 2, tzinfo=UTC)
    n_steps = round(_DAYS * DAY_S / _STEP_S)
    window_h = HISTORY_H + _DAYS * 24 + Forecast().horizon_h + 2
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


def _changed(site: Site, after_s: float) -> Site:
    """Return a site whose signals are others after a time, and the same before it."""
    later = site.grid.window_edges_s[:-1] >= after_s

    def changed(name: str, series: Series) -> Series:
        values = series.values.copy()
        values[later] = values[later][::-1] * stream(7, f"check/{name}").uniform(0.2, 3.0)
        return Series(series.edges_s, values)

    signals = {name: changed(name, series) for name, series in site.signals.items()}
    return _with_signals(replace(site, signals=signals))


def _jobs() -> JobTable:
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


def _changed_jobs(jobs: JobTable, after_s: float) -> JobTable:
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
