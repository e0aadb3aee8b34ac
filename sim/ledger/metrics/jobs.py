"""Counts and times of jobs, how well accelerators were used, and what work came of it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.ledger import RunLog
from sim.ledger.metrics.ratios import mean, ratio
from sim.ledger.result import Metrics
from sim.ledger.work import work_of
from sim.units import HOUR_S, KW, KWH
from sim.workload.profile import Profile

Columns = NDArray[np.float64]


def job_metrics(log: RunLog, jobs: pd.DataFrame) -> Metrics:
    """Return counts and times of jobs."""
    completed = jobs["outcome"] == "completed"
    ended = jobs.loc[completed, ["arrival_s", "end_s", "duration_s"]]
    jct_s = ended["end_s"] - ended["arrival_s"]
    has_deadline = jobs["deadline_s"].notna()
    due = jobs["deadline_s"] <= log.sites[0].grid.duration_s
    missed = has_deadline & ((jobs["end_s"] > jobs["deadline_s"]) | (~completed & due))
    return {
        "jobs_submitted_count": len(jobs),
        "jobs_completed_count": int(completed.sum()),
        "jobs_rejected_count": len(log.rejected),
        "jobs_unfinished_count": int((~completed).sum()) - len(log.rejected),
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
    used_kwh = jobs_kwh + sum(float(one.power_w.sum()) for one in log.services) * hours / KW
    return {
        "gpu_utilization_fraction": ratio(busy_h, owned_h),
        "energy_jobs_it_kwh": jobs_kwh,
        "energy_idle_it_kwh": it_kwh - used_kwh,
        "energy_utilization_fraction": ratio(used_kwh, it_kwh),
        "energy_per_gpu_hour_kwh": ratio(
            (energy["energy_facility_kwh"] or 0.0) - base_kwh, busy_h
        ),
        "cue_kg_per_kwh": ratio(energy["carbon_operational_location_kg"], it_kwh),
    }


def work_metrics(log: RunLog, jobs: pd.DataFrame) -> Metrics:
    """Return what work came of the accelerator time and the energy that jobs took.

    Operations are held against the IT energy of the jobs whose operations are known, everything
    else against facility energy; checkpoints, restarts and lost work are part of both.

    Parameters
    ----------
    log : RunLog
        What happened.
    jobs : DataFrame
        One row for each job.

    Returns
    -------
    dict
        Metrics by name with unit; None where no job has what it takes.
    """
    work = work_of(log)
    profiles = log.jobs.profiles
    can_fail = any(profile.failures for profile in profiles)
    lost_h = float(work.lost_s @ log.jobs.gpus_count) / HOUR_S
    found: Metrics = {
        "goodput_fraction": ratio(float(work.useful_gpu_s.sum()), float(work.held_gpu_s.sum())),
        "failures_count": sum(log.setbacks.failures_count.values()) if can_fail else None,
        "lost_work_gpu_h": lost_h if len(jobs) else None,
    }
    books = _Books(log, jobs, work.done_fraction)
    flop, flop_kwh = books.sums(lambda profile: profile.run_flop, "energy_it_kwh")
    tokens, tokens_kwh = books.sums(lambda one: one.run_tokens_count if one.trains else None)
    samples, samples_kwh = books.sums(lambda one: one.run_samples_count if one.trains else None)
    steps, steps_kwh = books.sums(lambda one: one.run_steps_count if one.trains else None)
    batch, batch_kwh = books.sums(lambda one: None if one.trains else one.run_tokens_count)
    return found | {
        "efficiency_flop_per_j": ratio(flop, flop_kwh * KWH),
        "tokens_trained_count": tokens,
        "tokens_trained_per_kwh": ratio(tokens, tokens_kwh),
        "samples_trained_per_kwh": ratio(samples, samples_kwh),
        "tokens_batch_count": batch,
        "tokens_batch_per_kwh": ratio(batch, batch_kwh),
        "energy_per_training_step_kwh": ratio(steps_kwh, steps) if steps else None,
        "energy_per_training_run_kwh": books.mean_of_runs("energy_facility_kwh"),
        "carbon_per_training_run_kg": books.mean_of_runs(
            "carbon_location_kg", "carbon_embodied_kg"
        ),
    }


class _Books:
    """Work and energy of jobs, by stream."""

    def __init__(self, log: RunLog, jobs: pd.DataFrame, done_fraction: Columns) -> None:
        self._profiles = log.jobs.profiles
        self._stream = log.jobs.workload
        self._completed = log.done
        self._jobs = jobs
        self._done = self._by_stream(done_fraction)

    def sums(
        self, amount: Callable[[Profile], float | None], energy: str = "energy_facility_kwh"
    ) -> tuple[float | None, float]:
        """Return an amount over all streams that know it, and the energy of these streams [kWh]."""
        amounts = [amount(profile) for profile in self._profiles]
        known = np.array([one is not None for one in amounts], dtype=bool)
        if not known.any():
            return None, 0.0
        done = sum(one * done for one, done in zip(amounts, self._done, strict=True) if one)
        spent = self._by_stream(self._jobs[energy].to_numpy())
        return float(done), float(spent[known].sum())

    def mean_of_runs(self, *columns: str) -> float | None:
        """Return the mean over finished training runs of columns added up [unit of the columns]."""
        if not self._profiles:
            return None
        trains = np.array([profile.trains for profile in self._profiles])[self._stream]
        runs = self._jobs.loc[trains & self._completed, list(columns)]
        return mean(runs.sum(axis=1, skipna=False))

    def _by_stream(self, values: Columns) -> Columns:
        """Add up values of jobs by their stream."""
        if not self._profiles:
            return np.empty(0)
        return np.bincount(self._stream, values, minlength=len(self._profiles)).astype(float)
