"""Counts and times of jobs, and how well accelerators were used."""

import numpy as np
import pandas as pd

from sim.ledger.ledger import RunLog
from sim.ledger.metrics.ratios import mean, ratio
from sim.ledger.result import Metrics
from sim.units import HOUR_S


def job_metrics(log: RunLog, jobs: pd.DataFrame) -> Metrics:
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
        "jct_mean_h": mean(jct_s / HOUR_S),
        "jct_p95_h": float(np.percentile(jct_s, 95) / HOUR_S) if len(ended) else None,
        "queue_wait_mean_h": mean(jobs["queue_wait_s"].dropna() / HOUR_S),
        "slowdown_mean": mean(jct_s / ended["duration_s"]),
    }


def accelerators(log: RunLog, steps: pd.DataFrame, jobs: pd.DataFrame, energy: Metrics) -> Metrics:
    """Return how well accelerators and energy were used."""
    hours = log.sites[0].grid.step_s / HOUR_S
    busy_h = float(steps["gpus_busy_count"].sum()) * hours
    owned = sum(cluster.gpus_count for site in log.sites for cluster in site.clusters)
    owned_h = owned * log.sites[0].grid.duration_s / HOUR_S
    it_kwh, base_kwh = energy["energy_it_kwh"] or 0.0, energy["energy_base_load_kwh"] or 0.0
    jobs_kwh = float(jobs["energy_it_kwh"].sum())
    return {
        "gpu_utilization_fraction": ratio(busy_h, owned_h),
        "energy_jobs_it_kwh": jobs_kwh,
        "energy_idle_it_kwh": it_kwh - jobs_kwh,
        "energy_utilization_fraction": ratio(jobs_kwh, it_kwh),
        "energy_per_gpu_hour_kwh": ratio(
            (energy["energy_facility_kwh"] or 0.0) - base_kwh, busy_h
        ),
        "cue_kg_per_kwh": ratio(energy["carbon_operational_location_kg"], it_kwh),
    }
