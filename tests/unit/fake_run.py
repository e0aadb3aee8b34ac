"""A small run made by hand: two sites, half-hour steps, five jobs."""

from dataclasses import replace

import numpy as np
import pandas as pd

from sim.ledger.result import Run

STEP_H = 0.5
SCALE = {"fifo": 1.0, "follow-carbon": 0.8, "edf": 1.1}


def site_steps(name, start, steps_count, *, battery=True, grid=True, scale=1.0, step_h=STEP_H):
    """Return one site's steps; sources equal sinks in each."""
    hour = np.arange(steps_count) * step_h
    solar = 900.0 * np.clip(np.sin((hour % 24 - 6) / 12 * np.pi), 0, None)
    wind = 150.0 + 100.0 * np.sin(hour / 7)
    it = scale * (400.0 + 120.0 * np.sin(hour / 5) ** 2)
    overhead = 0.3 * it
    facility = it + overhead
    net = solar + wind - facility
    charge = np.clip(net, 0, 200.0) if battery else 0 * hour
    discharge = np.clip(-net, 0, 100.0) * (hour % 24 > 16) if battery else 0 * hour
    surplus = np.clip(net - charge, 0, None)
    export = np.minimum(surplus, 150.0) if grid else 0 * hour
    deficit = np.clip(-net - discharge, 0, None)
    grid_import = np.minimum(deficit, 450.0) if grid else 0 * hour
    price = 0.08 + 0.05 * np.sin((hour - 12) / 24 * 2 * np.pi) if grid else np.nan * hour
    carbon = 350.0 + 120.0 * np.cos(hour / 24 * 2 * np.pi) if grid else np.nan * hour
    kwh = grid_import * step_h
    frame = pd.DataFrame(
        {
            "site": name,
            "time": pd.date_range(start, periods=steps_count, freq=pd.Timedelta(hours=step_h)),
            "it_kw": it, "compute_kw": it, "storage_kw": 0.0, "network_kw": 0.0,
            "cooling_kw": 0.0, "conversion_kw": 0.0, "overhead_kw": overhead,
            "base_load_kw": 0.0, "facility_kw": facility, "solar_kw": solar, "wind_kw": wind,
            "battery_charge_kw": charge, "battery_discharge_kw": discharge,
            "grid_import_kw": grid_import, "grid_export_kw": export,
            "curtailed_kw": surplus - export, "unserved_kw": deficit - grid_import,
            "soc": 0.5 + 0.4 * np.sin((hour - 10) / 24 * 2 * np.pi) if battery else np.nan,
            "pue": 1.3, "gpus_busy_count": it / 10.0,
            "price_usd_per_kwh": price, "export_price_usd_per_kwh": 0.02 if grid else np.nan,
            "average_carbon_intensity_g_per_kwh": carbon,
            "marginal_carbon_intensity_g_per_kwh": carbon + 100.0 * np.sin(hour / 3),
            "carbon_free_fraction": 0.4,
            "cost_energy_usd": kwh * price, "cost_demand_usd": 0.1, "revenue_export_usd": 0.0,
            "cost_carbon_usd": 0.0, "cost_total_usd": np.nan_to_num(kwh * price) + 0.1,
            "carbon_operational_location_kg": np.nan_to_num(kwh * carbon) / 1e3,
            "carbon_marginal_kg": np.nan_to_num(kwh * carbon) / 9e2, "carbon_embodied_kg": 0.5,
        }
    )
    frame["time"] = frame["time"].astype("datetime64[ns, UTC]")
    return frame


def five_jobs(delay_s=0.0):
    """Return four finished jobs and one that never started."""
    start = np.array([600.0, 7200.0, 30000.0, 61000.0, np.nan]) + delay_s
    duration = np.array([3600.0, 14400.0, 7200.0, 1800.0, np.nan])
    arrival = np.array([600.0, 3600.0, 29000.0, 61000.0, 80000.0])
    return pd.DataFrame(
        {
            "job_id": np.arange(5), "workload": "training",
            "site": ["north", "north", "south", "north", "north"], "cluster": "main",
            "gpus_count": [8, 64, 32, 8, 16], "arrival_s": arrival, "earliest_start_s": arrival,
            "deadline_s": np.nan, "start_s": start, "end_s": start + duration,
            "duration_s": duration, "queue_wait_s": start - arrival,
            "energy_it_kwh": [8.0, 200.0, 60.0, 4.0, 0.0],
            "energy_facility_kwh": [10.0, 260.0, 78.0, 5.2, 0.0],
            "cost_usd": [1.0, 20.0, 6.0, 0.5, 0.0],
            "carbon_location_kg": [3.0, 70.0, 20.0, 2.0, 0.0],
            "carbon_marginal_kg": [4.0, 90.0, 25.0, 2.5, 0.0],
            "outcome": ["completed"] * 4 + ["waiting"], "suspensions_count": 0,
        }
    )


def fake_run(policy="fifo", seed=1, *, steps_count=48, battery=True, grid=True):
    """Return a run whose totals are summed from its own steps."""
    scale = SCALE[policy] + 0.01 * seed
    start = "2025-06-02T00:00Z"
    steps = pd.concat(
        [
            site_steps("north", start, steps_count, scale=scale, battery=battery, grid=grid),
            site_steps("south", start, steps_count, scale=0.6 * scale, battery=False, grid=grid),
        ],
        ignore_index=True,
    )
    steps["site"] = steps["site"].astype("category")
    jobs = five_jobs(delay_s=0.0 if policy == "fifo" else 7200.0)
    metrics = {
        "cost_total_usd": float(steps["cost_total_usd"].sum()),
        "carbon_operational_location_kg": float(steps["carbon_operational_location_kg"].sum()),
        "carbon_marginal_kg": float(steps["carbon_marginal_kg"].sum()),
        "energy_facility_kwh": float(steps["facility_kw"].sum() * STEP_H),
        "grid_import_kwh": float(steps["grid_import_kw"].sum() * STEP_H),
        "renewable_fraction": 0.5, "peak_import_kw": float(steps["grid_import_kw"].max()),
        "jobs_completed_count": 4, "deadline_missed_count": 0,
        "queue_wait_mean_h": float(jobs["queue_wait_s"].mean() / 3600), "wue_l_per_kwh": None,
    }
    info = {
        "scenario": "fake", "policy": policy, "seed": seed, "start": "2025-06-02T00:00:00+00:00",
        "duration_h": steps_count * STEP_H, "step_min": 30, "warnings": ["south has no battery."],
        "cpu_s": 0.1, "data_hashes": {}, "scenario_hash": "0" * 64,
    }
    return Run("fake", policy, seed, metrics, steps, jobs, info)


def with_metrics(run, **metrics):
    """Return the run with some metrics replaced."""
    return replace(run, metrics=run.metrics | metrics)
