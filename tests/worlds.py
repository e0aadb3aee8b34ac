"""Small worlds for tests: a site from plain arrays, jobs from lists, a run without a file."""

from datetime import UTC, datetime, timedelta

import numpy as np

from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.energy.dispatch import Connection
from sim.engine.forecasts import ForecastDesk
from sim.engine.simulation import Simulation
from sim.policy.build import build
from sim.scenario.schema.scenario import Forecast
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec, Site, TimeGrid
from sim.site.times import HISTORY_H
from sim.units import HOUR_S
from sim.workload.jobs import JobTable

START = datetime(2025, 6, 2, tzinfo=UTC)

COLUMNS = (
    "solar_w",
    "wind_w",
    "base_load_w",
    "price_usd_per_j",
    "export_price_usd_per_j",
    "average_carbon_kg_per_j",
    "marginal_carbon_kg_per_j",
    "carbon_free_fraction",
)


def time_grid(hours, step_s=300.0):
    """Return the times of a run of some hours."""
    return TimeGrid(
        start=START,
        step_s=step_s,
        n_steps=round(hours * HOUR_S / step_s),
        window_start=START - timedelta(hours=HISTORY_H),
        window_hours=HISTORY_H + int(np.ceil(hours)) + 50,
    )


def cluster(gpus_count, *, tdp_w=700.0, idle_w=0.0, resident_w=None, name="main"):
    """Return a cluster without server overhead; idle with a model resident is idle, or as given."""
    resident_w = idle_w if resident_w is None else resident_w
    power = GpuPower(tdp_w, idle_w, resident_w, server_w=0.0, server_fraction=0.0)
    return ClusterSpec(
        name=name,
        gpus_count=gpus_count,
        power=power,
        idle_w=idle_w,
        embodied_kg_per_s=0.0,
    )


def site(
    grid, *, signals=None, battery=None, clusters=(), connection=None, pue=1.0, facility=None,
    **columns,
):
    """Return a site; columns and signals that are left out are zero."""
    full = {name: np.zeros(grid.n_steps) for name in COLUMNS}
    for name, values in columns.items():
        full[name] = np.broadcast_to(np.asarray(values, dtype=float), grid.n_steps).copy()
    edges_s = grid.window_edges_s
    zero = Series.constant(0.0, float(edges_s[0]), float(edges_s[-1]))
    names = (
        "price",
        "average_carbon_intensity",
        "marginal_carbon_intensity",
        "solar",
        "wind",
        "load",
    )
    return Site(
        name="here",
        parts=frozenset({"grid"}),
        grid=grid,
        battery=battery,
        connection=connection or Connection(np.inf, np.inf),
        clusters=tuple(clusters),
        floor_area_m2=None,
        tariff=None,
        signals=dict.fromkeys(names, zero) | (signals or {}),
        facility=facility or Facility.of_pue(pue, grid.n_steps),
        **full,
    )


def job_table(arrival_s, duration_s, gpus_count, *, power_w=np.nan, **columns):
    """Return jobs; what is left out does not constrain them."""
    arrival_s = np.asarray(arrival_s, dtype=float)
    count = len(arrival_s)
    full = {
        "arrival_s": arrival_s,
        "earliest_start_s": arrival_s,
        "deadline_s": np.inf,
        "duration_s": duration_s,
        "expected_duration_s": duration_s,
        "power_w": power_w,
        "power_fraction": 1.0,
        "checkpoint_s": 0.0,
    } | columns
    table = {
        name: np.broadcast_to(np.asarray(values, dtype=float), count).copy()
        for name, values in full.items()
        if name not in {"interruptible", "home_site", "home_cluster", "workload", "profiles"}
    }
    whole = {
        name: np.broadcast_to(np.asarray(columns.get(name, 0), dtype=int), count).copy()
        for name in ("home_site", "home_cluster", "workload")
    }
    return JobTable(
        gpus_count=np.broadcast_to(np.asarray(gpus_count, dtype=int), count).copy(),
        interruptible=np.broadcast_to(
            np.asarray(columns.get("interruptible", False)), count
        ).copy(),
        profiles=tuple(columns.get("profiles", ())),
        **table,
        **whole,
    )


def run_log(sites, jobs, policy="fifo", forecast=None):
    """Return what happened in a run of sites and jobs under a policy."""
    sites = tuple(sites)
    desk = ForecastDesk(forecast or Forecast(), sites)
    return Simulation(sites, jobs, build(policy), desk=desk).run()


class Never:
    """A shift policy whose plans no deadline survives."""

    def plan(self, obs, job):
        return obs.jobs.deadline_s[job] + HOUR_S
