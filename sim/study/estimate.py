"""What a study will take: its runs, how many are missing, the time and the disk they need.

Runs of the same scenario that are there tell their time and size. Where a policy has none, it runs
for a short while, and from that for its whole length.
"""

import json
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from statistics import fmean
from typing import Any, Final, Protocol

from sim.engine.simulation import Prepared, prepare
from sim.engine.simulation import run as simulate_run
from sim.errors import DataError
from sim.scenario.checks.classes import importable
from sim.scenario.load import resolved_yaml
from sim.scenario.schema.scenario import policy_label
from sim.scenario.sweep.plan import Point, StudyPlan
from sim.site import is_drawn
from sim.study.disk import store
from sim.units import HOUR_S, MINUTE_S

_LOOKED_AT: Final = 200  # finished runs at most
_TRIAL_STEPS: Final = 96
_TRIAL_SHARE: Final = 20
_KEPT: Final = frozenset({".json", ".yaml", ".parquet"})
_METRIC_BYTES: Final = 10  # of a row in the dataset: 8 bytes and what Parquet adds (assumption)


class DueRun(Protocol):
    """A run that is to be done."""

    @property
    def point(self) -> Point:
        """Its point."""

    @property
    def policy(self) -> str:
        """Label of its policy."""

    @property
    def seed(self) -> int:
        """Its seed."""


@dataclass(frozen=True, slots=True)
class PointRuns:
    """The runs of a point.

    Attributes
    ----------
    point : Point
        The point.
    runs_count : int
        Runs that are wanted. [-]
    due_count : int
        Those of them that are not there. [-]
    """

    point: Point
    runs_count: int
    due_count: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the runs that are due will take.

    Attributes
    ----------
    due_count : int
        Runs to do. [-]
    work_s : float
        Time of all of them, one after the other. [s]
    wall_s : float
        Time with the workers that there are, all equally busy. [s]
    disk_bytes : float
        What they leave. [B]
    basis : str
        What this was measured on, for people.
    """

    due_count: int
    work_s: float
    wall_s: float
    disk_bytes: float
    basis: str


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one run of a policy takes."""

    run_s: float
    disk_bytes: float
    row_bytes: float


def runs_by_point(wanted: Iterable[DueRun], due: Iterable[DueRun]) -> tuple[PointRuns, ...]:
    """Count the runs of each point.

    Parameters
    ----------
    wanted : iterable of DueRun
        All runs of the study.
    due : iterable of DueRun
        Those of them that are not there.

    Returns
    -------
    tuple of PointRuns
        In the order of the study.
    """
    every = list(wanted)
    points = {run.point.name: run.point for run in every}
    counts = Counter(run.point.name for run in every)
    missing = Counter(run.point.name for run in due)
    return tuple(PointRuns(points[name], counts[name], missing[name]) for name in points)


def estimate(
    plan: StudyPlan, due: Sequence[DueRun], home: Path, *, workers: int = 1,
    keep_folders: bool = True,
) -> Estimate:
    """Estimate what the runs that are due will take.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    due : sequence of DueRun
        The runs to do.
    home : Path
        Folder of the scenario's runs, which need not be there.
    workers : int
        Processes at a time. [-]
    keep_folders : bool
        Whether each run leaves a folder, or only its row in the dataset.

    Returns
    -------
    Estimate
        Time and disk. Points are taken to be like the first one that is due.

    Raises
    ------
    DataError
        If a run fails that is tried.
    """
    if not due:
        return Estimate(0, 0.0, 0.0, 0.0, "nothing to do")
    counts = Counter(run.policy for run in due)
    loaded = plan.load(due[0].point)
    known = _of_finished(home, loaded.spec.duration_h)
    with importable(loaded.folder):
        began_s = time.perf_counter()
        prepare(loaded)
        prepare_s = time.perf_counter() - began_s
        unknown = [run for run in _first_of_each_policy(due) if run.policy not in known]
        tried = _of_trials(plan, unknown)
    costs = known | tried
    drawn = is_drawn(loaded.spec)
    builds = len({(run.point.name, run.seed * drawn) for run in due})
    work_s = prepare_s * builds + sum(costs[name].run_s * count for name, count in counts.items())
    disk = sum(
        (costs[name].disk_bytes if keep_folders else costs[name].row_bytes) * count
        for name, count in counts.items()
    )
    return Estimate(len(due), work_s, work_s / min(workers, len(due)), disk, _basis(known, tried))


def _first_of_each_policy(due: Iterable[DueRun]) -> Iterator[DueRun]:
    seen: set[str] = set()
    for run in due:
        if run.policy not in seen:
            seen.add(run.policy)
            yield run


def _basis(known: Mapping[str, _Cost], tried: Mapping[str, _Cost]) -> str:
    parts = ["finished runs"] * bool(known)
    if tried:
        which = ", ".join(tried) if known else "each policy"
        parts.append(f"a short trial of {which}")
    return "measured on " + " and ".join(parts)


def _of_finished(home: Path, duration_h: float) -> dict[str, _Cost]:
    """Return the mean cost of each policy's finished runs, stretched to the length of a run."""
    found: dict[str, list[_Cost]] = {}
    for path in islice(_manifests(home), _LOOKED_AT):
        info = _read(path)
        if info.get("wall_s") and info.get("duration_h"):
            run_s = float(info["wall_s"]) * duration_h / float(info["duration_h"])
            found.setdefault(str(info["policy"]), []).append(_Cost(run_s, *_sizes(path.parent)))
    return {policy: _mean(costs) for policy, costs in found.items()}


def _manifests(home: Path) -> Iterator[Path]:
    return chain(
        home.glob(f"[!.]*/{store.MANIFEST}"), home.glob(f"[!.]*/[!.]*/{store.MANIFEST}")
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # written by something else, or going away just now
    return found if isinstance(found, dict) and "policy" in found else {}


def _sizes(folder: Path) -> tuple[float, float]:
    """Return the bytes of a run's folder without figures and page, and of its row."""
    kept = [path for path in folder.iterdir() if path.suffix in _KEPT]
    metrics = json.loads((folder / store.METRICS).read_text(encoding="utf-8"))
    return float(sum(path.stat().st_size for path in kept)), float(_METRIC_BYTES * len(metrics))


def _mean(costs: Sequence[_Cost]) -> _Cost:
    return _Cost(
        fmean(cost.run_s for cost in costs),
        fmean(cost.disk_bytes for cost in costs),
        fmean(cost.row_bytes for cost in costs),
    )


def _of_trials(plan: StudyPlan, runs: Iterable[DueRun]) -> dict[str, _Cost]:
    """Run each policy for a short while and for twice that, and take the line through both."""
    workshop = _Workshop(plan)
    return {run.policy: workshop.cost(run) for run in runs}


class _Workshop:
    """Tries runs, and keeps the sites that they share.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self._plan = plan
        self._ready: dict[tuple[str, float], Prepared] = {}

    def cost(self, run: DueRun) -> _Cost:
        """Return what a run takes; a short one is tried as a whole."""
        spec = self._plan.load(run.point).spec
        step_h = spec.step_min * MINUTE_S / HOUR_S
        whole = round(spec.duration_h / step_h)
        short = max(_TRIAL_STEPS, whole // _TRIAL_SHARE)
        if 4 * short >= whole:
            return self._tried(run, spec.duration_h)
        once, twice = (self._tried(run, steps * step_h) for steps in (short, 2 * short))
        further = whole / short - 1
        return _Cost(
            once.run_s + further * max(twice.run_s - once.run_s, 0.0),
            once.disk_bytes + further * max(twice.disk_bytes - once.disk_bytes, 0.0),
            once.row_bytes,
        )

    def _tried(self, run: DueRun, duration_h: float) -> _Cost:
        prepared = self._prepared(run.point, duration_h)
        prepared.sites(run.seed)
        spec = prepared.loaded.spec
        by_label = {policy_label(choice): choice for choice in spec.policies}
        began_s = time.perf_counter()
        try:
            result = simulate_run(prepared, by_label[run.policy], run.seed)
        except Exception as error:
            msg = (f"{run.point.name}: {run.policy}, seed {run.seed}: fails in a trial for the "
                   f"estimate:\n{''.join(traceback.format_exception(error))}")
            raise DataError(msg) from error
        with tempfile.TemporaryDirectory() as folder:
            left = store.write_run(
                result, Path(folder) / "trial", scenario_yaml=resolved_yaml(spec), manifest={}
            )
            took_s = time.perf_counter() - began_s
            return _Cost(took_s, *_sizes(left))

    def _prepared(self, point: Point, duration_h: float) -> Prepared:
        key = (point.name, duration_h)
        if key not in self._ready:
            loaded = self._plan.load(point)
            spec = loaded.spec.model_copy(update={"duration_h": duration_h})
            self._ready[key] = Prepared(replace(loaded, spec=spec))
        return self._ready[key]
