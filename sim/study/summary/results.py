"""What the figures of a study are drawn from, put together from its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from sim.report.comparison import Comparison
from sim.report.evidence import Evidence
from sim.report.study_figures.results import StudyResults
from sim.report.study_table import StudyTable
from sim.report.study_tables import variant_table
from sim.scenario.variants import BASE
from sim.study.dataset.read import Current, read_current, to_study
from sim.study.disk.store import read_manifest
from sim.study.statistics.evidence import CARBON, COST, evidence_of
from sim.study.statistics.intervals import mean_intervals
from sim.study.statistics.panel import panel_of
from sim.study.summary.outcomes import compared
from sim.study.summary.totals import policy_totals

_MOST_INTERVALS: Final = 400
"""Points times policies up to which each mean gets its interval: figures of more show none."""
_MOST_TIMELINES: Final = 200
"""Runs of which the steps are read."""


def read_results(home: Path) -> StudyResults:
    """Read what the figures of a study are drawn from.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    StudyResults
        Of the last version of the scenario and the code.

    Raises
    ------
    DataError
        If the folder holds no runs.
    """
    return results_of(home, read_current(home))


def results_of(home: Path, current: Current) -> StudyResults:
    """Work out what the figures of a study are drawn from.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    current : Current
        What `read_current` returned for it.

    Returns
    -------
    StudyResults
        The study and what the statistics make of it.
    """
    table = to_study(home, current)
    rows = current.table.select(["point", "policy", "folder"]).to_pylist()
    kept = [(row["point"], row["policy"], home / row["folder"]) for row in rows if row["folder"]]
    return study_results(table, evidence_of(table), kept)


def study_results(
    table: StudyTable, evidence: Evidence, folders: Sequence[tuple[str, str, Path]] = ()
) -> StudyResults:
    """Put together what the figures of a study are drawn from.

    Parameters
    ----------
    table : StudyTable
        The study.
    evidence : Evidence
        What the statistics say.
    folders : sequence of (str, str, Path)
        Point, policy and folder of the runs that have one.

    Returns
    -------
    StudyResults
        Parts that the study has nothing for are empty.
    """
    swept = bool(table.axes)
    points = table.points
    first = points[0] if len(points) == 1 else BASE
    kept = [(policy, folder) for point, policy, folder in folders if point == first]
    compared = _pooled(table) if swept and len(points) > 1 else _by_variant(table)
    return StudyResults(
        table=table,
        evidence=evidence,
        means={name: _means(table, name) for name in _metrics(table)},
        comparisons=compared,
        totals=policy_totals(_some(kept)) if not swept or len(points) == 1 else {},
        variants=None if swept else replace(variant_table(table), signals=_signals(folders)),
    )


def _some(runs: Sequence[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Take the first runs of each policy, so many that all are at most `_MOST_TIMELINES`."""
    policies = dict.fromkeys(policy for policy, _ in runs)
    most = max(1, _MOST_TIMELINES // max(1, len(policies)))
    return [pair for policy in policies
            for pair in [one for one in runs if one[0] == policy][:most]]


def _signals(folders: Sequence[tuple[str, str, Path]]) -> tuple[str, ...]:
    """Return the signals whose forecasts some of the runs looked at."""
    found = {told["signal"] for _, _, folder in folders[:_MOST_TIMELINES]
             for told in read_manifest(folder).get("forecasts", [])}
    return tuple(sorted(found))


def _metrics(table: StudyTable) -> list[str]:
    """Return the metrics of heat maps and lines: the main one, cost, carbon."""
    carbon = next((name for name in CARBON if _known(table, name)), CARBON[-1])
    return [name for name in dict.fromkeys((table.main_metric, COST, carbon))
            if _known(table, name)]


def _known(table: StudyTable, metric: str) -> bool:
    return metric in table.runs and bool(table.runs[metric].notna().any())


def _means(table: StudyTable, metric: str) -> pd.DataFrame:
    axes = [axis.name for axis in table.axes]
    keys = ["point", "variant", *axes, "policy"]
    runs = table.runs[[*keys, "seed", metric]].dropna(subset=metric)
    values = runs.astype({metric: float}).pivot_table(metric, keys, "seed", sort=False)
    frame = pd.DataFrame({"mean": values.mean(axis=1), "low": np.nan, "high": np.nan})
    whole = values.notna().all(axis=1).to_numpy()
    if len(values) <= _MOST_INTERVALS and whole.any() and values.shape[1] > 1:
        frame.loc[whole, ["low", "high"]] = mean_intervals(values.to_numpy()[whole])
    return frame.reset_index()


def _by_variant(table: StudyTable) -> Mapping[str, Comparison]:
    """Compare the policies of each variant that has the baseline."""
    return {
        str(variant): _compared(table, str(variant), runs)
        for variant, runs in table.runs.groupby("variant", sort=False)
        if (runs["policy"] == table.policies[0]).any()
    }


def _pooled(table: StudyTable) -> Mapping[str, Comparison]:
    """Compare the policies by their means over the points at which all have all seeds."""
    panel = panel_of(table.runs, [table.main_metric])
    if panel is None:
        return {}
    runs = table.runs[table.runs["point"].isin(panel.points)
                      & table.runs["seed"].isin(panel.seeds)]
    means = runs.groupby(["policy", "seed"], sort=False)[list(table.metrics)].mean().reset_index()
    return {f"{len(panel.points)} points": _compared(table, BASE, means)}


def _compared(table: StudyTable, variant: str, runs: pd.DataFrame) -> Comparison:
    scenario = table.scenario if variant == BASE else f"{table.scenario}/{variant}"
    present = set(runs["policy"])
    return compared(scenario, [name for name in table.policies if name in present], runs)
