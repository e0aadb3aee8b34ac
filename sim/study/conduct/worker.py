"""What a worker does with a task: each run once, its result on disk, its faults told."""

import errno
import faulthandler
import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sim.engine.simulation import Prepared
from sim.engine.simulation import run as simulate_run
from sim.errors import DataError, ScenarioError
from sim.ledger.result import Metrics, Run
from sim.policy.build import build
from sim.scenario.checks.classes import importable
from sim.scenario.hashes import code_hash
from sim.scenario.load import resolved_yaml
from sim.scenario.schema.scenario import PolicyChoice, policy_label
from sim.scenario.sweep.load import load_study
from sim.scenario.sweep.plan import Point, StudyPlan
from sim.scenario.variants import BASE
from sim.study.conduct.tasks import StudyRun, Task
from sim.study.dataset import parts
from sim.study.dataset.rows import StudyRow
from sim.study.disk import identity, store

_NO_ROOM: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_POINTS: Final = 2
"""Points whose sites a worker keeps: the present one, and one that another worker left it."""
_CHANGED: Final = (
    "{}: the file, a data file or a class of the scenario changed while the study ran. Start the "
    "study again."
)

_alone = threading.Lock()


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went.

    Attributes
    ----------
    run : StudyRun
        The run.
    wall_s : float
        How long it took, with what it left on disk. [s]
    value : float or None
        The metric that was asked for. [any]
    fault : str
        Traceback of what stopped it; empty if nothing did.
    headline : str
        The same in a line.
    halt : str
        Why no other run would fare better, and what to do; empty where others may.
    """

    run: StudyRun
    wall_s: float = 0.0
    value: float | None = None
    fault: str = ""
    headline: str = ""
    halt: str = ""


def work(task: Task) -> list[Report]:
    """Carry out a task.

    Parameters
    ----------
    task : Task
        Some runs of a study.

    Returns
    -------
    list of Report
        How each run went. One that went well is on disk by now.
    """
    rows: list[StudyRow] = []
    with _alone:  # a Dask worker may have threads; a run has its process to itself
        reports = [_attempt(task, run, rows) for run in task.runs]
        if rows:
            try:
                parts.write_part(task.home, rows)
            except (DataError, OSError) as error:
                return [_fault(run, error) for run in task.runs]
    return reports


def _attempt(task: Task, run: StudyRun, rows: list[StudyRow]) -> Report:
    began_s = time.perf_counter()
    try:
        with _watched(task.trace(run), task.time_limit_s):
            metrics = _carry_out(task, run, rows)
    except Exception as error:  # noqa: BLE001 - a run that fails must not take the study along
        return _fault(run, error)
    value = metrics.get(task.metric)
    return Report(run, time.perf_counter() - began_s, None if value is None else float(value))


def _carry_out(task: Task, run: StudyRun, rows: list[StudyRow]) -> Metrics:
    if task.keep_folders and not task.fresh and store.is_complete(run.folder(task.home)):
        return store.read_metrics(run.folder(task.home))  # done by a worker that died after it
    plan = _plan(task.scenario, task.scratch)
    _refuse_changes(plan, task, run)
    with importable(plan.variants[0].folder):
        ready = _ready(task.scenario, task.scratch, run.point.name)
        choice = ready.policies[run.policy]
        build(choice)  # a class of the user's must be there before the run looks for it
        result = simulate_run(ready.prepared, choice, run.seed)
    if task.keep_folders:
        _write(task, run, result, ready)
    else:
        rows.append(_row(run, result))
    return result.metrics


@contextmanager
def _watched(trace: Path, limit_s: float | None) -> Iterator[None]:
    """Let the time limit or a crash leave its traceback in a file, which goes if all goes well.

    The file also tells which run of a task was under way when its process was killed.
    """
    before = faulthandler.is_enabled()
    with trace.open("w") as file:
        faulthandler.enable(file)
        if limit_s is not None:
            faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
            if before and sys.__stderr__ is not None:
                faulthandler.enable(sys.__stderr__)
    trace.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A point with all that its runs have in common."""

    prepared: Prepared
    policies: dict[str, PolicyChoice]
    scenario_yaml: str
    manifest: dict[str, Any]


@lru_cache(maxsize=_POINTS)
def _ready(scenario: Path, study: Path, point: str) -> _Ready:
    loaded = _plan(scenario, study).load(_points(scenario, study)[point])
    return _Ready(
        Prepared(loaded),
        {policy_label(choice): choice for choice in loaded.spec.policies},
        resolved_yaml(loaded.spec),
        identity.of_scenario(loaded),
    )


@lru_cache(maxsize=1)
def _plan(scenario: Path, _study: Path) -> StudyPlan:
    """Read the scenario once in each study."""
    try:
        plan = load_study(scenario, tried=False)
    except ScenarioError as error:
        raise _ChangedError(_CHANGED.format(scenario)) from error
    # A run ends with a full collection. What stays as long as the process need not be looked
    # through each time: 60 ms a run.
    gc.collect()
    gc.freeze()
    return plan


@lru_cache(maxsize=1)
def _points(scenario: Path, study: Path) -> dict[str, Point]:
    return {point.name: point for point in _plan(scenario, study).points}


class _ChangedError(DataError):
    """What the study depends on is not what it was."""


def _refuse_changes(plan: StudyPlan, task: Task, run: StudyRun) -> None:
    """Stop where the code or a data file is another than when the study began."""
    if code_hash() != task.code_hash:
        msg = (
            "Gridloom's code is not that with which the study began: it changed meanwhile, or a "
            "worker of the cluster has another version. Start the study again, and such workers."
        )
        raise _ChangedError(msg)
    if plan.content_hash(run.point, run.policy, run.seed) != run.content_hash:
        raise _ChangedError(_CHANGED.format(run.name))


def _write(task: Task, run: StudyRun, result: Run, ready: _Ready) -> None:
    manifest = identity.provenance() | ready.manifest | {"content_hash": run.content_hash}
    place = {"variant": run.point.variant, "point": run.point.name, "axes": dict(run.point.values)}
    store.write_run(
        result, run.folder(task.home), scenario_yaml=ready.scenario_yaml,
        manifest=manifest | place, replace=True,
    )


def _row(run: StudyRun, result: Run) -> StudyRow:
    done = {store.WORK_DONE: store.work_done_gpu_h(result.jobs)}
    return StudyRow(
        policy=run.policy, seed=run.seed, point=run.point.name, run_id=run.run_id,
        content_hash=run.content_hash, metrics=done | result.metrics,
        variant=run.point.variant or BASE, axes=run.point.values,
    )


def _fault(run: StudyRun, error: Exception) -> Report:
    told = "".join(traceback.format_exception(error))
    causes = (error, error.__cause__)
    halt = str(error) if isinstance(error, _ChangedError) else ""
    if any(isinstance(one, OSError) and one.errno in _NO_ROOM for one in causes):
        halt = (
            "The disk is full. Finished runs are kept; make room and start the study again, or "
            "choose another folder with --out."
        )
    headline = traceback.format_exception_only(error)[0].strip().partition("\n")[0]
    return Report(run, fault=told, headline=headline, halt=halt)
