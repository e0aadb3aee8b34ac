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
from sim.ledger.metrics.carbon import money_and_carbon
from sim.ledger.metrics.energy import energy
from sim.ledger.metrics.facility import facility
from sim.ledger.metrics.jobs import accelerators, job_metrics, work_metrics
from sim.ledger.metrics.services import service_metrics
from sim.ledger.result import Metrics
from sim.ledger.wear import wear_metrics


def metrics(
    log: RunLog, steps: pd.DataFrame, jobs: pd.DataFrame, services: pd.DataFrame
) -> Metrics:
    """Return the metrics of a run over all its sites.

    Parameters
    ----------
    log : RunLog
        What happened.
    steps : DataFrame
        One row for each site and step.
    jobs : DataFrame
        One row for each job.
    services : DataFrame
        One row for each service and step.

    Returns
    -------
    dict
        Metrics by name with unit, sorted by name.
    """
    found = energy(log, steps)
    found |= wear_metrics(log)
    found |= money_and_carbon(log, steps, found)
    if any(site.clusters for site in log.sites):
        found |= facility(log, found)
        found |= job_metrics(log, jobs)
        found |= accelerators(log, steps, jobs, found)
        found |= work_metrics(log, jobs)
    found |= service_metrics(log.services, services)
    found |= _not_applicable(found)
    return {name: _plain(value) for name, value in sorted(found.items())}


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
    "wue_source_l_per_kwh",
    "ere",
    "erf",
    "cer",
    "energy_reused_kwh",
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


def _plain(value: float | None) -> float | int | None:
    """Return a JSON number; an unknown price or intensity made the sum nan, which becomes None."""
    return None if value is None or not np.isfinite(value) else value
