"""The runs of a study as tasks: what there is, what is done already, what goes together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import DataError, Problem, ScenarioError
from sim.registry import did_you_mean
from sim.scenario.sweep.plan import Point, StudyPlan
from sim.scenario.variants import BASE
from sim.study.conduct.scratch import TRACES
from sim.study.conduct.settings import Selection, Settings
from sim.study.dataset import parts
from sim.study.disk import store


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One run of a study.

    Attributes
    ----------
    point : Point
        What of the scenario it is.
    policy : str
        Name of its policy.
    seed : int
        Its seed. [-]
    content_hash : str
        Hash of everything that its result depends on.
    """

    point: Point
    policy: str
    seed: int
    content_hash: str

    @property
    def run_id(self) -> str:
        """Name that its folder has, or would have."""
        return store.run_id(self.policy, self.seed, self.content_hash)

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from the study's other runs: point, policy and seed."""
        return self.point.name, self.policy, self.seed

    @property
    def name(self) -> str:
        """The run's name for people."""
        return f"{self.point.name}: {self.policy}, seed {self.seed}"

    def folder(self, home: Path) -> Path:
        """Return where it stands below the scenario's folder."""
        return home_of(home, self.point) / self.run_id


@dataclass(frozen=True, slots=True)
class Task:
    """Some runs of one point, which a worker carries out one after the other.

    Attributes
    ----------
    runs : tuple of StudyRun
        The runs.
    home : Path
        The scenario's folder.
    scenario : Path
        The scenario's file, which every worker reads once.
    scratch : Path
        Folder of this very study while it runs, with the traces of runs under way.
    code_hash : str
        Hash of the code that the study was begun with.
    keep_folders : bool
        Whether each run gets a folder, else only its row in the dataset.
    time_limit_s : float or None
        Most that a run may take. [s]
    metric : str
        Name of the metric to report.
    fresh : bool
        Whether a run that is there is done all the same.
    """

    runs: tuple[StudyRun, ...]
    home: Path
    scenario: Path
    scratch: Path
    code_hash: str
    keep_folders: bool = True
    time_limit_s: float | None = None
    metric: str = ""
    fresh: bool = False

    def trace(self, run: StudyRun) -> Path:
        """Return the file that is there while a run is under way; it gets told where it hung."""
        return self.scratch / TRACES / f"{run.run_id}.txt"


def home_of(home: Path, point: Point) -> Path:
    """Return the folder of a point's runs below the scenario's folder."""
    return home if point.name == BASE else home / point.name


def list_runs(plan: StudyPlan, selection: Selection) -> list[StudyRun]:
    """List the runs that are wanted, those of a point together and of a seed within it.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    selection : Selection
        What is wanted of it.

    Returns
    -------
    list of StudyRun
        In the plan's order of points, then by seed, then by policy, the baseline first.

    Raises
    ------
    ScenarioError
        If the study has no such policy or variant.
    DataError
        If the filter cannot be understood, or nothing is left.
    """
    _refuse_unknown(plan, "policies", selection.policies, plan.policies)
    variants = [one.variant or BASE for one in plan.variants]
    _refuse_unknown(plan, "variants", selection.variants, variants)
    wanted = list(_filtered(plan, list(_keys(plan, selection)), selection.where))
    if not wanted:
        msg = f"{plan.path}: no run of the study is left. Ask for more of it."
        raise DataError(msg)
    return [
        StudyRun(point, policy, seed, plan.content_hash(point, policy, seed))
        for point, seed, policy in wanted
    ]


def split(
    runs: Iterable[StudyRun], home: Path, settings: Settings
) -> tuple[list[StudyRun], list[StudyRun]]:
    """Tell the runs that are there from those that are due.

    Parameters
    ----------
    runs : iterable of StudyRun
        The runs wanted.
    home : Path
        The scenario's folder.
    settings : Settings
        How the study is carried out.

    Returns
    -------
    tuple of (list of StudyRun, list of StudyRun)
        What stands there, and what is to be done.
    """
    there: list[StudyRun] = []
    due: list[StudyRun] = []
    rows = _rows(home) if settings.keep == "metrics" and not settings.fresh else frozenset()
    for run in runs:
        found = (run.point.name, run.content_hash) in rows or store.is_complete(run.folder(home))
        (there if found and not settings.fresh else due).append(run)
    return there, due


def batches(runs: Iterable[StudyRun], count: int) -> Iterator[tuple[StudyRun, ...]]:
    """Put runs of a point together, at most so many.

    Parameters
    ----------
    runs : iterable of StudyRun
        Runs, those of a point one after the other.
    count : int
        Most runs of a batch. [-]

    Yields
    ------
    tuple of StudyRun
        A batch.
    """
    gathered: list[StudyRun] = []
    for _, group in groupby(runs, key=lambda run: run.point.name):
        of_point = list(group)
        if gathered and len(gathered) + len(of_point) > count:
            yield tuple(gathered)
            gathered = []
        while len(of_point) > count:
            yield tuple(of_point[:count])
            of_point = of_point[count:]
        gathered += of_point
    if gathered:
        yield tuple(gathered)


def _rows(home: Path) -> frozenset[tuple[str, str]]:
    if not home.is_dir():
        return frozenset()
    table = parts.update(home).table
    return frozenset(zip(
        table["point"].to_pylist(), table["content_hash"].to_pylist(), strict=True
    ))


def _keys(plan: StudyPlan, selection: Selection) -> Iterator[tuple[Point, int, str]]:
    for point in plan.points:
        if selection.variants and (point.variant or BASE) not in selection.variants:
            continue
        policies = [name for name in plan.policies_of(point)
                    if not selection.policies or name in selection.policies]
        for seed in dict.fromkeys(selection.seeds or plan.seeds_of(point)):
            for policy in policies:
                yield point, seed, policy


def _filtered(
    plan: StudyPlan, keys: Sequence[tuple[Point, int, str]], where: str
) -> Iterable[tuple[Point, int, str]]:
    if not where:
        return keys
    columns: dict[str, list[Any]] = {
        "variant": [point.variant or BASE for point, _, _ in keys],
        **{one.name: [_value(point, one.name) for point, _, _ in keys] for one in plan.axes},
        "policy": [policy for _, _, policy in keys],
        "seed": [seed for _, seed, _ in keys],
        "point": [point.name for point, _, _ in keys],
    }
    try:
        kept = pd.DataFrame(columns).query(where, engine="python").index
    except Exception as error:
        msg = (
            f'--filter "{where}" cannot be understood: {error}. It may use '
            f"{', '.join(columns)}, as in \"policy == 'fifo' and seed < 3\"."
        )
        raise DataError(msg) from error
    return [keys[row] for row in kept]


def _refuse_unknown(
    plan: StudyPlan, what: str, wanted: Iterable[str], known: Sequence[str]
) -> None:
    problems = [
        Problem(0, 0, what, f'has none named "{name}".{did_you_mean(name, known)}')
        for name in dict.fromkeys(wanted) if name not in known
    ]
    if problems:
        raise ScenarioError(str(plan.path), problems)


def _value(point: Point, axis: str) -> Any:  # noqa: ANN401 - numbers, texts or truths
    return point.values.get(axis)  # noqa: PD011 - no frame
