"""The workload of a run: every stream of the scenario, drawn or read, merged into one job table."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.scenario.schema.model_jobs import AnyModelJobs
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.service import Service
from sim.scenario.schema.standing import Standing
from sim.scenario.schema.trace import TraceFile
from sim.scenario.schema.workload import GangSizes, JobsFile, LognormalDuration, Training
from sim.streams import stream
from sim.units import GB, HOUR_S, MINUTE_S
from sim.workload.arrivals import arrival_times_s
from sim.workload.homes import Home, find_home
from sim.workload.jobs import JobTable, merge
from sim.workload.model_jobs.stream import model_tables
from sim.workload.profile import Profile
from sim.workload.traces.jobs_csv import TraceColumns, read_jobs
from sim.workload.traces.read import TraceFit, read_trace


def build_workload(scenario: Scenario, folder: Path, seed: int) -> tuple[JobTable, list[str]]:
    """Return all jobs of a run, and what the user should know about them.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    folder : Path
        Folder that its file names are relative to.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    tuple
        The jobs, sorted by arrival, and warnings.

    Raises
    ------
    DataError
        If a jobs file has mistakes.
    """
    tables: list[JobTable] = []
    profiles: list[Profile] = []
    warnings: list[str] = []
    for spec in scenario.workload:
        if isinstance(spec, Service):
            continue  # it has no jobs
        if isinstance(spec, AnyModelJobs):
            streams, notes = model_tables(scenario, spec, folder, seed)
        else:
            table, notes = _plain(scenario, spec, folder, seed)
            wait_s = math.inf if spec.max_wait_h is None else spec.max_wait_h * HOUR_S
            profile = Profile(name=spec.name, max_wait_s=wait_s)
            streams = [(table, _with_data(profile, spec))]
        warnings += notes
        for table, profile in streams:
            standing = _standing(spec, table)
            tables.append(replace(table, workload=np.full(len(table), len(profiles)), **standing))
            profiles.append(profile)
    return merge(tables, tuple(profiles)), warnings


def _with_data(profile: Profile, spec: Training | JobsFile | TraceFile) -> Profile:
    """Return the profile of a stream with what moves with its jobs."""
    if not isinstance(spec, Training):
        return profile
    return replace(
        profile, data_bytes=spec.data_gb * GB, checkpoint_bytes=spec.checkpoint_gb * GB
    )


def _standing(spec: Standing, table: JobTable) -> dict[str, Any]:
    """Return the priority and the user of a stream for jobs that have none of their own."""
    found: dict[str, Any] = {}
    if spec.priority and table.priority is None:
        found["priority"] = np.full(len(table), spec.priority, dtype=np.int16)
    if spec.user is not None and table.user is None:
        found |= {"user": np.zeros(len(table), dtype=np.int32), "users": (spec.user,)}
    return found


def _plain(
    scenario: Scenario, spec: Training | JobsFile | TraceFile, folder: Path, seed: int
) -> tuple[JobTable, list[str]]:
    """Return the jobs of a stream of gangs with durations, and what to know about them."""
    home = find_home(scenario, spec.site, spec.cluster)
    if isinstance(spec, JobsFile):
        return _from_file(scenario, spec, folder=folder, home=home)
    if isinstance(spec, TraceFile):
        columns, notes = read_trace(folder, spec, _fit(scenario, spec, home, seed=seed))
        return _read_table(columns, spec, home=home), notes
    return _drawn(scenario, spec, seed=seed, home=home), []


def _drawn(scenario: Scenario, spec: Training, *, seed: int, home: Home) -> JobTable:
    """Draw the jobs of one stream; every property has a random stream of its own."""

    def draws(purpose: str) -> np.random.Generator:
        return stream(seed, f"workload/{spec.name}/{purpose}")

    arrival_s = arrival_times_s(spec.arrivals, scenario.duration_h, draws)
    count = len(arrival_s)
    duration_s = _durations_h(spec.duration, draws("durations"), count) * HOUR_S
    deadline_s = np.full(count, np.inf)
    if spec.slack is not None:
        slack_h = draws("slack").uniform(spec.slack.min_h, spec.slack.max_h, count)
        deadline_s = arrival_s + duration_s + slack_h * HOUR_S
    expected_s = np.full(count, expected_duration_h(spec.duration) * HOUR_S)
    gpus_count = _gangs(spec.gpus, draws("gpus"), count)
    return JobTable(
        arrival_s=arrival_s,
        earliest_start_s=arrival_s.copy(),
        deadline_s=deadline_s,
        duration_s=duration_s,
        expected_duration_s=duration_s.copy() if spec.duration_known else expected_s,
        gpus_count=gpus_count,
        power_w=np.full(count, np.nan),
        power_fraction=np.full(count, spec.power_fraction),
        interruptible=np.full(count, spec.interruptible),
        checkpoint_s=np.full(count, spec.checkpoint_min * MINUTE_S),
        workload=np.zeros(count, dtype=np.int64),
        home_site=np.full(count, home.site),
        home_cluster=home.first_fitting(gpus_count),
    )


def _durations_h(
    spec: LognormalDuration, rng: np.random.Generator, count: int
) -> NDArray[np.float64]:
    drawn = spec.median_h * np.exp(spec.sigma * rng.standard_normal(count))
    return np.clip(drawn, spec.min_h, spec.max_h)


def expected_duration_h(spec: LognormalDuration) -> float:
    """Return the mean of the lognormal distribution with its tails set to the bounds [h]."""
    if spec.sigma == 0.0:
        return float(np.clip(spec.median_h, spec.min_h, spec.max_h))
    low = np.log(spec.min_h / spec.median_h) / spec.sigma
    high = np.log(spec.max_h / spec.median_h) / spec.sigma
    inside = ndtr(high - spec.sigma) - ndtr(low - spec.sigma)
    mean = spec.median_h * np.exp(spec.sigma**2 / 2) * inside
    return float(spec.min_h * ndtr(low) + mean + spec.max_h * ndtr(-high))


def _gangs(spec: int | GangSizes, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    if isinstance(spec, int):
        return np.full(count, spec, dtype=np.int64)
    weights = np.asarray(spec.weights or np.ones(len(spec.sizes)), dtype=float)
    return rng.choice(np.asarray(spec.sizes), size=count, p=weights / weights.sum())


def _from_file(
    scenario: Scenario, spec: JobsFile, *, folder: Path, home: Home
) -> tuple[JobTable, list[str]]:
    """Read the jobs of one stream; those that arrive after the run's end are left out."""
    columns = read_jobs(folder / spec.file, spec, start=scenario.start, largest=max(home.sizes))
    inside = columns.arrival_s < scenario.duration_h * HOUR_S
    late = int(np.sum(~inside))
    notes = (
        [f"{spec.file}: {late} jobs arrive after the run's end and are left out."] if late else []
    )
    return _read_table(columns.only(inside), spec, home=home), notes


def _fit(scenario: Scenario, spec: TraceFile, home: Home, *, seed: int) -> TraceFit:
    """Return what a trace has to fit."""
    return TraceFit(
        start=scenario.start,
        duration_s=scenario.duration_h * HOUR_S,
        largest_count=max(home.sizes),
        rng=stream(seed, f"workload/{spec.name}/thinning"),
    )


def _read_table(columns: TraceColumns, spec: JobsFile | TraceFile, *, home: Home) -> JobTable:
    """Return jobs that were read from a file as the table of one stream."""
    count = len(columns.arrival_s)
    return JobTable(
        arrival_s=columns.arrival_s,
        earliest_start_s=columns.earliest_start_s,
        deadline_s=columns.deadline_s,
        duration_s=columns.duration_s,
        expected_duration_s=columns.expected_duration_s,
        gpus_count=columns.gpus_count,
        power_w=columns.power_w,
        power_fraction=np.ones(count),
        interruptible=columns.interruptible,
        checkpoint_s=np.full(count, spec.checkpoint_min * MINUTE_S),
        workload=np.zeros(count, dtype=np.int64),
        home_site=np.full(count, home.site),
        home_cluster=home.first_fitting(columns.gpus_count),
        priority=columns.priority,
        user=columns.user,
        users=columns.users,
    )
