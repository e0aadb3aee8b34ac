"""What the last study into a folder was: its question and axes, and which runs belong to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import DataError
from sim.scenario.sweep.axes import Axis
from sim.scenario.sweep.plan import StudyPlan
from sim.scenario.variants import BASE
from sim.study.dataset.rows import StudyRow, rows_table
from sim.study.disk.folders import replace_text, replacing
from sim.study.disk.identity import provenance

RECORD: Final = "study.json"
PLAN: Final = "plan.parquet"
MAIN_METRIC: Final = "cost_total_usd"

_AGAIN: Final = "Run `gridloom study SCENARIO` again: it writes the file and keeps finished runs."
_NOTHING: Final[Mapping[tuple[str, str, int], str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """What the last study into a folder was.

    Attributes
    ----------
    scenario : str
        Name of the scenario.
    description : str
        Its question; may be empty.
    axes : tuple of Axis
        What was swept.
    design : str
        How the points were picked; empty without axes.
    policies : tuple of str
        The baseline first.
    seeds : tuple of int
        Seeds. [-]
    main_metric : str
        Name of the metric that it is about.
    """

    scenario: str
    description: str
    axes: tuple[Axis, ...]
    design: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    main_metric: str


def write_record(
    home: Path,
    plan: StudyPlan,
    *,
    seeds: Iterable[int] = (),
    main_metric: str = MAIN_METRIC,
    hashes: Mapping[tuple[str, str, int], str] = _NOTHING,
) -> Record:
    """Write what a study is (study.json), and all runs that it consists of (plan.parquet).

    Call it before the first run, and again when seeds were added.

    Parameters
    ----------
    home : Path
        Folder of the scenario's runs.
    plan : StudyPlan
        The study, all of it, whatever part of it is carried out now.
    seeds : iterable of int
        Seeds besides the scenario's. [-]
    main_metric : str
        Name of the metric that the study is about.
    hashes : mapping
        Content hashes that are known, by point, policy and seed.

    Returns
    -------
    Record
        What was written.
    """
    extra = tuple(seeds)
    rows = [
        StudyRow(
            policy, seed, point.name, run_id="", metrics={}, variant=point.variant or BASE,
            axes=point.values,
            content_hash=hashes.get((point.name, policy, seed))
            or plan.content_hash(point, policy, seed),
        )
        for point in plan.points
        for policy in plan.policies_of(point)
        for seed in dict.fromkeys((*plan.seeds_of(point), *extra))
    ]
    every = tuple(dict.fromkeys((*plan.seeds, *extra)))
    record = Record(
        plan.name, plan.description, plan.axes, plan.design, plan.policies, every, main_metric
    )
    table = rows_table(rows).drop_columns(["run_id", "folder"])
    home.mkdir(parents=True, exist_ok=True)
    with replacing(home / PLAN) as partial:
        pq.write_table(table, partial, compression="zstd")
    told = asdict(record) | {
        "versions": _versions(), "scenario_yaml": plan.path.read_text(encoding="utf-8"),
    }
    replace_text(home / RECORD, json.dumps(told, indent=2, allow_nan=False) + "\n")
    return record


def read_record(home: Path) -> Record | None:
    """Read what the last study was.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Record or None
        None where no study was carried out: `gridloom run` writes none.

    Raises
    ------
    DataError
        If study.json cannot be read.
    """
    path = home / RECORD
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        axes = tuple(Axis(**axis | {"values": tuple(axis["values"])}) for axis in told["axes"])
        return Record(
            told["scenario"], told["description"], axes, told["design"],
            tuple(told["policies"]), tuple(told["seeds"]), told["main_metric"],
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        msg = f"{path}: cannot be read ({type(error).__name__}: {error}). {_AGAIN}"
        raise DataError(msg) from error


def read_origin(home: Path) -> tuple[dict[str, Any], str]:
    """Read what the last study was made with, and its scenario file; nothing if not known."""
    path = home / RECORD
    if not path.is_file():
        return {}, ""
    told = json.loads(path.read_text(encoding="utf-8"))
    return told.get("versions", {}), told.get("scenario_yaml", "")


def read_plan(home: Path) -> pa.Table:
    """Read which runs the last study consists of.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Table
        Variant, axes, policy, seed, point and content hash of each, in the order of the scenario.

    Raises
    ------
    DataError
        If plan.parquet cannot be read.
    """
    path = home / PLAN
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        msg = f"{path}: cannot be read ({error}). {_AGAIN}"
        raise DataError(msg) from error


def _versions() -> dict[str, Any]:
    """Leave out of the provenance what says nothing of the study."""
    return {name: value for name, value in provenance().items() if name != "peak_memory_mb"}
