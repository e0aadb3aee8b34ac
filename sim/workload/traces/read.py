"""Jobs from a public trace: read, checked, filtered and scaled; all that is dropped is counted."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.scenario.schema.trace import TraceFile
from sim.units import DAY_S, HOUR_S
from sim.workload.traces.formats import FORMATS, RawJobs
from sim.workload.traces.jobs_csv import TraceColumns, numbered
from sim.workload.traces.table import Column, refuse

_SHOWN: Final = 3
"""Bad rows that a message shows."""
_LATE_FRACTION: Final = 0.1
"""A first arrival later than a day and than this share of the run is taken for a mistake."""


@dataclass(frozen=True, slots=True)
class _Jobs:
    """Jobs on their way from the trace to the run, with notes of what was left out."""

    name: str
    arrival_s: Column
    duration_s: Column
    gpus_count: Column
    status: NDArray[np.str_]
    user: NDArray[np.str_] | None = None
    notes: tuple[str, ...] = ()

    def only(self, keep: NDArray[np.bool_], why: str) -> "_Jobs":
        """Return the jobs to keep, noting how many are left out and why."""
        left_out = int(np.sum(~keep))
        if not left_out:
            return self
        note = f"{self.name}: {left_out} of {len(keep)} jobs {why}, and are left out."
        return replace(self.rows(np.flatnonzero(keep)), notes=(*self.notes, note))

    def rows(self, order: NDArray[np.int64]) -> "_Jobs":
        """Return some rows, in another order."""
        return _Jobs(
            self.name,
            self.arrival_s[order],
            self.duration_s[order],
            self.gpus_count[order],
            self.status[order],
            None if self.user is None else self.user[order],
            self.notes,
        )


@dataclass(frozen=True, slots=True)
class TraceFit:
    """What a trace has to fit.

    Attributes
    ----------
    start : datetime
        Start of the run.
    duration_s : float
        Length of the run. [s]
    largest_count : int
        Accelerators of the largest cluster the jobs can run on. [-]
    rng : Generator
        Draws which jobs are kept where only a share is.
    """

    start: datetime
    duration_s: float
    largest_count: int
    rng: np.random.Generator


def read_trace(folder: Path, spec: TraceFile, fit: TraceFit) -> tuple[TraceColumns, list[str]]:
    """Read a trace and make it fit a run.

    Parameters
    ----------
    folder : Path
        Folder that file names are relative to.
    spec : TraceFile
        The stream.
    fit : TraceFit
        The run.

    Returns
    -------
    tuple
        Jobs sorted by arrival, and what was left out or scaled.

    Raises
    ------
    DataError
        If the file cannot be read, a row is wrong, the trace is not in order, a gang fits nowhere,
        or the first job arrives long after the start; each unless the scenario allows it.
    """
    path = folder / spec.file
    raw = FORMATS[spec.format](path, spec, folder)
    jobs = _in_order(path, spec, _readable(path, spec, raw))
    jobs = _scaled(spec, _sized(path, spec, _chosen(spec, jobs), fit.largest_count), fit.rng)
    jobs = _placed(path, spec, replace(jobs, arrival_s=_since_start(spec, raw, jobs, fit)), fit)
    return _columns(spec, jobs), list(jobs.notes)


def _readable(path: Path, spec: TraceFile, raw: RawJobs) -> _Jobs:
    """Return the jobs whose rows could be read; refuse the others, or leave them out."""
    faults = dict(raw.table.faults)
    line = raw.table.line
    for row in np.flatnonzero(np.isnan(raw.arrival_s)):
        faults.setdefault(int(line[row]), "has no time of arrival")
    for row in np.flatnonzero(raw.gpus_count < 0.0):
        faults.setdefault(int(line[row]), f"wants {raw.gpus_count[row]:g} accelerators")
    jobs = _Jobs(path.name, raw.arrival_s, raw.duration_s, raw.gpus_count, raw.status, raw.user)
    if not faults:
        return jobs
    where = "job" if spec.format == "philly" else "line"
    shown = "; ".join(f"{where} {n} {what}" for n, what in sorted(faults.items())[:_SHOWN])
    if spec.bad_rows == "refuse":
        more = f" ({len(faults)} bad rows in all)" if len(faults) > 1 else ""
        refuse(path, f"{shown}{more}. Mend it, or say bad_rows: drop.")
    bad = np.isin(line, np.fromiter(faults, dtype=np.int64))
    kept = jobs.only(~bad, "")
    note = f"{path.name}: {len(faults)} bad rows are left out: {shown}."
    return replace(kept, notes=(note,))


def _in_order(path: Path, spec: TraceFile, jobs: _Jobs) -> _Jobs:
    """Return the jobs in order of arrival, those that never arrived left out."""
    jobs = jobs.only(np.isfinite(jobs.arrival_s), "never arrived")
    early = np.flatnonzero(np.diff(jobs.arrival_s) < 0.0)
    if not len(early):
        return jobs
    if spec.unsorted == "refuse":
        refuse(path, f"{len(early)} jobs arrive before the one they stand behind (the first is job "
               f"{early[0] + 2}). Say unsorted: sort if that is meant.")
    order = np.argsort(jobs.arrival_s, kind="stable")
    return jobs.rows(order)


def _chosen(spec: TraceFile, jobs: _Jobs) -> _Jobs:
    """Leave out what the scenario does not ask for, and what used no accelerator for no time."""
    since_h = (jobs.arrival_s - jobs.arrival_s[:1].sum()) / HOUR_S
    inside = (since_h >= spec.from_h) & (since_h < (np.inf if spec.to_h is None else spec.to_h))
    jobs = jobs.only(inside, "arrive outside from_h to to_h")
    if spec.statuses:
        jobs = jobs.only(np.isin(jobs.status, spec.statuses), f"are not {'/'.join(spec.statuses)}")
    jobs = jobs.only(np.isfinite(jobs.duration_s), "never ran or have not ended")
    longest_s = np.inf if spec.max_duration_h is None else spec.max_duration_h * HOUR_S
    asked = (jobs.duration_s >= spec.min_duration_h * HOUR_S) & (jobs.duration_s < longest_s)
    jobs = jobs.only(asked, "ran for less than min_duration_h, or for max_duration_h or longer")
    jobs = jobs.only(jobs.duration_s > 0.0, "ran for no time")
    return jobs.only(jobs.gpus_count > 0.0, "use no accelerator")


def _sized(path: Path, spec: TraceFile, jobs: _Jobs, largest_count: int) -> _Jobs:
    """Return the jobs with whole accelerators that some cluster has."""
    wanted = jobs.gpus_count * spec.gpus_ratio
    # A rounding error must not take one accelerator more.
    whole = np.ceil(wanted - 1e-9)
    if rounded := int(np.sum(whole > wanted + 1e-9)):
        note = f"{path.name}: {rounded} jobs use part of an accelerator and get all of it."
        jobs = replace(jobs, notes=(*jobs.notes, note))
    jobs = replace(jobs, gpus_count=whole)
    large = whole > largest_count
    if not np.any(large):
        return jobs
    if spec.too_large == "refuse":
        refuse(path, f"{int(large.sum())} jobs are larger than every cluster (up to "
               f"{whole.max():g} accelerators; the largest cluster has {largest_count}). Say "
               "too_large: drop or shrink, or use gpus_ratio.")
    if spec.too_large == "drop":
        return jobs.only(~large, f"are larger than every cluster ({largest_count})")
    note = f"{path.name}: {int(large.sum())} jobs are shrunk to {largest_count} accelerators."
    shrunk = np.minimum(whole, largest_count)
    return replace(jobs, gpus_count=shrunk, notes=(*jobs.notes, note))


def _scaled(spec: TraceFile, jobs: _Jobs, rng: np.random.Generator) -> _Jobs:
    """Thin the jobs, stretch their times, and cut them down to whole multiples."""
    if spec.load_ratio < 1.0:
        drawn = rng.random(len(jobs.arrival_s)) < spec.load_ratio
        jobs = jobs.only(drawn, "are not drawn (load_ratio)")
    return replace(jobs, duration_s=_truncated(spec, jobs.duration_s * spec.duration_ratio))


def _truncated(spec: TraceFile, time_s: Column) -> Column:
    return time_s if spec.truncate_s is None else time_s // spec.truncate_s * spec.truncate_s


def _since_start(spec: TraceFile, raw: RawJobs, jobs: _Jobs, fit: TraceFit) -> Column:
    """Return arrivals since the run's start."""
    if spec.origin == "first-arrival":
        offset_s = jobs.arrival_s[:1].sum()
    else:
        offset_s = fit.start.timestamp() if raw.dated else 0.0
    return _truncated(spec, (jobs.arrival_s - offset_s) * spec.time_ratio)


def _placed(path: Path, spec: TraceFile, jobs: _Jobs, fit: TraceFit) -> _Jobs:
    """Return the jobs that arrive in the run."""
    if not len(jobs.arrival_s):
        refuse(path, f"no job is left. {' '.join(jobs.notes)}")
    first_s = float(jobs.arrival_s[0])
    first_h = first_s / HOUR_S
    if first_s < 0.0:
        refuse(path, f"its first job arrives {-first_h:.4g} h before the run's start. Say origin: "
               "first-arrival, or move the start.")
    if first_s > max(DAY_S, _LATE_FRACTION * fit.duration_s):
        refuse(path, f"its first job arrives {first_h:.4g} h after the run's start. Say origin: "
               "first-arrival, or move the start.")
    jobs = jobs.only(jobs.duration_s > 0.0, "last less than truncate_s")
    return jobs.only(jobs.arrival_s < fit.duration_s, "arrive after the run's end")


def _columns(spec: TraceFile, jobs: _Jobs) -> TraceColumns:
    count = len(jobs.arrival_s)
    power_w = np.nan if spec.power_per_gpu_w is None else spec.power_per_gpu_w
    slack_s = np.inf if spec.slack_h is None else spec.slack_h * HOUR_S
    mean_s = np.full(count, _truncated(spec, np.array(jobs.duration_s.mean())) if count else 0.0)
    return TraceColumns(
        arrival_s=jobs.arrival_s,
        earliest_start_s=jobs.arrival_s.copy(),
        deadline_s=jobs.arrival_s + jobs.duration_s + slack_s,
        duration_s=jobs.duration_s,
        expected_duration_s=jobs.duration_s.copy() if spec.duration_known else mean_s,
        gpus_count=jobs.gpus_count.astype(np.int64),
        power_w=jobs.gpus_count * power_w,
        interruptible=np.full(count, spec.interruptible),
        **({} if jobs.user is None else numbered(_named_users(spec, jobs.user))),
    )


def _named_users(spec: TraceFile, user: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return who jobs belong to; where the trace does not say, the stream's user."""
    return np.where(user == "", spec.user or spec.name, user)
