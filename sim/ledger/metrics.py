"""A run's metrics: flat, by name with unit; None where a metric has no meaning here.

Definitions follow ISO/IEC 30134 (PUE, CUE, REF), the GHG Protocol Scope 2 Guidance (location- and
market-based emissions) and Google's 24/7 carbon-free energy score [1]_, all over the length of the
run. ``matching`` says how load is matched with carbon-free supply.

References
----------
.. [1] Google, "24/7 Carbon-Free Energy: Methodologies and Metrics," 2021.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.ledger.ledger import RunLog
from sim.ledger.matching import emission_cap, matching
from sim.ledger.result import Metrics
from sim.ledger.wear import wear_metrics
from sim.units import HOUR_S, KWH

_PER_STEP_SUMS = (
    "cost_energy_usd",
    "cost_demand_usd",
    "cost_fixed_usd",
    "cost_contracts_usd",
    "revenue_export_usd",
    "cost_carbon_usd",
    "cost_backup_usd",
    "revenue_response_usd",
    "cost_response_usd",
    "cost_total_usd",
    "carbon_operational_location_kg",
    "carbon_marginal_kg",
    "carbon_operational_market_kg",
    "carbon_embodied_kg",
)

# What this version does not model stays None, so that the names can be relied on.
_NOT_MODELLED = (
    "energy_storage_kwh",
    "energy_network_kwh",
    "wue_l_per_kwh",
    "water_l",
    "goodput_fraction",
    "slo_attainment_fraction",
    "ttft_p95_s",
    "tokens_served_count",
    "energy_per_token_j",
    "efficiency_flop_per_j",
)


def metrics(log: RunLog, steps: pd.DataFrame, jobs: pd.DataFrame) -> Metrics:
    """Return the metrics of a run over all its sites.

    Parameters
    ----------
    log : RunLog
        What happened.
    steps : DataFrame
        One row for each site and step.
    jobs : DataFrame
        One row for each job.

    Returns
    -------
    dict
        Metrics by name with unit, sorted by name.
    """
    found: Metrics = dict.fromkeys(_NOT_MODELLED)
    found |= _energy(log, steps)
    found |= wear_metrics(log)
    found |= _money_and_carbon(log, steps, found)
    if any(site.clusters for site in log.sites):
        found |= _facility(log, found)
        found |= _jobs(log, jobs)
        found |= _accelerators(log, steps, jobs, found)
    found |= _not_applicable(found)
    return {name: _plain(value) for name, value in sorted(found.items())}


def _energy(log: RunLog, steps: pd.DataFrame) -> Metrics:
    """Return sums of energy flows and the shares made of them."""
    hours = log.sites[0].grid.step_s / HOUR_S
    total = {name: float(steps[f"{name}_kw"].sum()) * hours for name in _FLOWS}
    parts = frozenset().union(*(site.parts for site in log.sites))
    generated = total["solar"] + total["wind"]
    used = generated - total["grid_export"] - total["curtailed"]
    served = total["facility"] - total["unserved"] - total["backup"]
    has_supply = generated > 0.0
    peak = steps.groupby("time", sort=False)["grid_import_kw"].sum().max()
    return {
        "energy_facility_kwh": total["facility"],
        "energy_base_load_kwh": total["base_load"],
        "solar_generated_kwh": total["solar"] if "solar" in parts else None,
        "wind_generated_kwh": total["wind"] if "wind" in parts else None,
        "curtailed_kwh": total["curtailed"],
        "unserved_kwh": total["unserved"],
        "backup_generated_kwh": total["backup"] if "backup" in parts else None,
        "battery_charge_kwh": total["battery_charge"] if "battery" in parts else None,
        "battery_discharge_kwh": total["battery_discharge"] if "battery" in parts else None,
        "battery_equivalent_full_cycles": _full_cycles(log),
        "grid_import_kwh": total["grid_import"],
        "grid_export_kwh": total["grid_export"],
        "peak_import_kw": float(peak),
        "renewable_fraction": _ratio(used, total["facility"]) if has_supply else None,
        "self_consumption_fraction": _ratio(used, generated),
        "self_sufficiency_fraction": _ratio(
            max(0.0, served - total["grid_import"]), total["facility"]
        ),
    } | matching(log, steps)


_FLOWS = (
    "base_load",
    "facility",
    "solar",
    "wind",
    "battery_charge",
    "battery_discharge",
    "grid_import",
    "grid_export",
    "curtailed",
    "unserved",
    "backup",
)


def _full_cycles(log: RunLog) -> float | None:
    """Return energy drawn from the cells over their capacity, over all batteries."""
    drawn_j = capacity_j = 0.0
    for site, record in zip(log.sites, log.records, strict=True):
        if site.battery is not None:
            out_j = float(record.discharge_w.sum()) * site.grid.step_s
            drawn_j += out_j / site.battery.discharge_efficiency
            capacity_j += site.battery.capacity_j
    return _ratio(drawn_j, capacity_j)


def _money_and_carbon(log: RunLog, steps: pd.DataFrame, energy: Metrics) -> Metrics:
    """Return sums of money and carbon; None where a price or an intensity is unknown."""
    found: Metrics = {name: float(steps[name].sum(skipna=False)) for name in _PER_STEP_SUMS}
    operational, embodied = found["carbon_operational_location_kg"], found["carbon_embodied_kg"]
    if not any(site.clusters for site in log.sites):
        found["carbon_embodied_kg"] = None
        embodied = 0.0
    found["carbon_total_kg"] = (operational or 0.0) + (embodied or 0.0)
    if not any("grid" in site.parts for site in log.sites):
        found |= dict.fromkeys(("cost_demand_usd", "revenue_export_usd", "carbon_marginal_kg"))
        found["cost_fixed_usd"] = None
    held = [site.instruments for site in log.sites if site.instruments is not None]
    if not any(one.contracts or one.certificates_w for one in held):
        found["cost_contracts_usd"] = None
    return found | emission_cap(log, steps)


def _facility(log: RunLog, energy: Metrics) -> Metrics:
    """Return energy by cause and the facility's ratios."""
    sums = {"it": 0.0, "cooling": 0.0, "conversion": 0.0, "overhead": 0.0}
    modelled = all("cooling" in site.parts for site in log.sites if site.clusters)
    for site, record in zip(log.sites, log.records, strict=True):
        it_kwh = record.it_w * (site.grid.step_s / KWH)
        sums["it"] += float(it_kwh.sum())
        sums["cooling"] += float((it_kwh * site.cooling_ratio).sum())
        sums["conversion"] += float((it_kwh * site.conversion_ratio).sum())
        sums["conversion"] += float(record.ups_loss_w.sum()) * (site.grid.step_s / KWH)
        sums["overhead"] += float((it_kwh * site.overhead_ratio).sum())
    areas = [site.floor_area_m2 for site in log.sites if site.clusters]
    hours = log.sites[0].grid.duration_s / HOUR_S
    area = sum(area for area in areas if area is not None) if None not in areas else 0.0
    return {
        "energy_it_kwh": sums["it"],
        "energy_compute_kwh": sums["it"],
        "energy_cooling_kwh": sums["cooling"] if modelled else None,
        "energy_conversion_kwh": sums["conversion"] if modelled else None,
        "pue": _ratio(sum(sums.values()), sums["it"]),
        "power_density_kw_per_m2": _ratio(sums["it"] / hours, area),
    }


def _jobs(log: RunLog, jobs: pd.DataFrame) -> Metrics:
    """Return counts and times of jobs."""
    completed = jobs["outcome"] == "completed"
    ended = jobs[completed]
    jct_s = ended["end_s"] - ended["arrival_s"]
    has_deadline = jobs["deadline_s"].notna()
    due = jobs["deadline_s"] <= log.sites[0].grid.duration_s
    missed = has_deadline & ((jobs["end_s"] > jobs["deadline_s"]) | (~completed & due))
    return {
        "jobs_submitted_count": len(jobs),
        "jobs_completed_count": int(completed.sum()),
        "jobs_rejected_count": 0,
        "jobs_unfinished_count": int((~completed).sum()),
        "deadline_missed_count": int(missed.sum()) if bool(has_deadline.any()) else None,
        "jct_mean_h": _mean(jct_s / HOUR_S),
        "jct_p95_h": float(np.percentile(jct_s, 95) / HOUR_S) if len(ended) else None,
        "queue_wait_mean_h": _mean(jobs["queue_wait_s"].dropna() / HOUR_S),
        "slowdown_mean": _mean(jct_s / ended["duration_s"]),
    }


def _accelerators(log: RunLog, steps: pd.DataFrame, jobs: pd.DataFrame, energy: Metrics) -> Metrics:
    """Return how well accelerators and energy were used."""
    hours = log.sites[0].grid.step_s / HOUR_S
    busy_h = float(steps["gpus_busy_count"].sum()) * hours
    owned = sum(cluster.gpus_count for site in log.sites for cluster in site.clusters)
    owned_h = owned * log.sites[0].grid.duration_s / HOUR_S
    it_kwh, base_kwh = energy["energy_it_kwh"] or 0.0, energy["energy_base_load_kwh"] or 0.0
    jobs_kwh = float(jobs["energy_it_kwh"].sum())
    return {
        "gpu_utilization_fraction": _ratio(busy_h, owned_h),
        "energy_jobs_it_kwh": jobs_kwh,
        "energy_idle_it_kwh": it_kwh - jobs_kwh,
        "energy_utilization_fraction": _ratio(jobs_kwh, it_kwh),
        "energy_per_gpu_hour_kwh": _ratio(
            (energy["energy_facility_kwh"] or 0.0) - base_kwh, busy_h
        ),
        "cue_kg_per_kwh": _ratio(energy["carbon_operational_location_kg"], it_kwh),
    }


def _not_applicable(found: Metrics) -> Metrics:
    """Return None for every promised metric that nothing above gave."""
    return dict.fromkeys(name for name in NAMES if name not in found)


NAMES: Sequence[str] = (
    "energy_it_kwh",
    "energy_compute_kwh",
    "energy_storage_kwh",
    "energy_network_kwh",
    "energy_cooling_kwh",
    "energy_conversion_kwh",
    "energy_facility_kwh",
    "solar_generated_kwh",
    "wind_generated_kwh",
    "curtailed_kwh",
    "unserved_kwh",
    "battery_charge_kwh",
    "battery_discharge_kwh",
    "battery_equivalent_full_cycles",
    "grid_import_kwh",
    "grid_export_kwh",
    "peak_import_kw",
    "renewable_fraction",
    "cfe_score_fraction",
    "self_consumption_fraction",
    "self_sufficiency_fraction",
    "pue",
    "wue_l_per_kwh",
    "cue_kg_per_kwh",
    "water_l",
    "cost_energy_usd",
    "cost_demand_usd",
    "revenue_export_usd",
    "cost_carbon_usd",
    "cost_battery_wear_usd",
    "cost_total_usd",
    "carbon_operational_location_kg",
    "carbon_operational_market_kg",
    "carbon_marginal_kg",
    "carbon_embodied_kg",
    "carbon_total_kg",
    "jobs_submitted_count",
    "jobs_completed_count",
    "jobs_rejected_count",
    "jobs_unfinished_count",
    "deadline_missed_count",
    "jct_mean_h",
    "jct_p95_h",
    "queue_wait_mean_h",
    "slowdown_mean",
    "gpu_utilization_fraction",
    "goodput_fraction",
    "slo_attainment_fraction",
    "ttft_p95_s",
    "tokens_served_count",
    "energy_per_token_j",
    "energy_per_gpu_hour_kwh",
    "efficiency_flop_per_j",
    "power_density_kw_per_m2",
    "energy_utilization_fraction",
)
"""Metric names that other tools rely on; every run has them all."""


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None or not whole else part / whole


def _mean(values: "pd.Series[float]") -> float | None:
    return float(values.mean()) if len(values) else None


def _plain(value: float | None) -> float | int | None:
    """Return a JSON number; an unknown price or intensity made the sum nan, which becomes None."""
    return None if value is None or not np.isfinite(value) else value
