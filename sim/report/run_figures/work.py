"""Jobs as bars in time: each stretch of each job, and the energy it took step by step."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report.run_figures.canvas import step_s
from sim.units import HOUR_S

Values = NDArray[np.float64]


def job_bars(run: Run) -> pd.DataFrame:
    """Return every stretch of every job.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    DataFrame
        In order of start: site, workload, gpus_count, start_s, end_s, power_it_kw (mean), and
        whether the job missed its deadline. A job still running at the end ends there; a stretch
        without accelerators only moves its data.
    """
    jobs = run.jobs[run.jobs["start_s"].notna()]
    late = _late(jobs)
    columns = ["job_id", "site", "workload", "gpus_count", "start_s", "end_s", "energy_it_kwh"]
    whole = jobs[columns].assign(
        is_late=late, end_s=jobs["end_s"].fillna(float(run.info["duration_h"]) * HOUR_S)
    )
    if len(run.stretches):
        named = whole.set_index("job_id")[["workload", "is_late"]]
        parts = run.stretches.join(named, on="job_id")
        whole = whole[~whole["job_id"].isin(run.stretches["job_id"])]
    hours = np.maximum((whole["end_s"] - whole["start_s"]).to_numpy(dtype=float), 1e-9) / HOUR_S
    whole = whole.assign(power_it_kw=whole["energy_it_kwh"].to_numpy(dtype=float) / hours)
    kept = ["site", "workload", "gpus_count", "start_s", "end_s", "power_it_kw", "is_late"]
    both = [whole[kept], parts[kept]] if len(run.stretches) else [whole[kept]]
    bars = pd.concat([part.astype({"site": str, "workload": str}) for part in both])
    return bars.sort_values(["start_s", "end_s"], kind="stable", ignore_index=True)


def energy_by_step_kwh(run: Run, bars: pd.DataFrame, steps_count: int) -> Values:
    """Return the IT energy that jobs took in each step.

    Parameters
    ----------
    run : Run
        A finished run.
    bars : DataFrame
        Stretches of jobs, as `job_bars` returns them.
    steps_count : int
        Steps of the run. [-]

    Returns
    -------
    ndarray of float, shape (steps_count,)
        Energy. [kWh]
    """
    edges_s = np.arange(steps_count + 1, dtype=float) * step_s(run)
    return np.diff(_running(bars, "power_it_kw", edges_s)) / HOUR_S


def mean_busy(bars: pd.DataFrame, edges_s: Values) -> Values:
    """Return the mean number of accelerators that stretches hold between edges.

    Parameters
    ----------
    bars : DataFrame
        Stretches of jobs, as `job_bars` returns them.
    edges_s : ndarray of float, shape (n + 1,)
        Rising times. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Accelerators. [-]
    """
    return np.diff(_running(bars, "gpus_count", edges_s)) / np.diff(edges_s)


def _running(bars: pd.DataFrame, column: str, at_s: Values) -> Values:
    """Integrate what all stretches together hold, from the start of the run to each time."""
    level = bars[column].to_numpy(dtype=float)
    times_s = np.concatenate([bars["start_s"].to_numpy(dtype=float), bars["end_s"].to_numpy(float)])
    change = np.concatenate([level, -level])
    order = np.argsort(times_s, kind="stable")
    times_s, height = times_s[order], np.cumsum(change[order])
    if not len(times_s):
        return np.zeros_like(at_s)
    area = np.concatenate([[0.0], np.cumsum(height[:-1] * np.diff(times_s))])
    return np.asarray(np.interp(at_s, times_s, area))


def _late(jobs: pd.DataFrame) -> NDArray[np.bool_]:
    ended = jobs["end_s"].fillna(np.inf)
    return (ended > jobs["deadline_s"] + 1e-6).to_numpy()
