"""Runs of all variants of a scenario, and what tells the variants apart."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.errors import DataError, Problem, ScenarioError
from sim.policy.build import build
from sim.registry import did_you_mean
from sim.report import style
from sim.report.labels import Value
from sim.report.study_figures.forecast_value import forecast_value_figure
from sim.report.study_figures.performance import performance_figure
from sim.report.study_figures.variants import variants_figure
from sim.report.variants import VariantRow, VariantTable
from sim.scenario.load import LoadedScenario
from sim.scenario.schema.scenario import policy_label
from sim.scenario.variants import BASE
from sim.study.compare import COMPARISON_FIGURES, compare, write_comparison, write_page
from sim.study.disk.folders import open_folder, replace_text
from sim.study.disk.newest import newest_runs
from sim.study.disk.store import FIGURES, MANIFEST, read_manifest
from sim.study.execute import Progress, execute, finished_runs, select_policies

TABLE: Final = "variants.csv"
FIGURE: Final = "variants.png"
PERFORMANCE_FIGURE: Final = "performance.png"
FORECAST_FIGURE: Final = "forecast-value.png"

Folders = dict[str, list[Path]]
"""Folders of runs by variant, those of the baseline first; ``base`` is the scenario itself."""


def execute_variants(
    loaded: Sequence[LoadedScenario],
    *,
    policies: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    out: Path = Path("outputs"),
    on_progress: Progress = lambda _name, _fraction: None,
    force: bool = False,
) -> Folders:
    """Run several variants of a scenario, except for the runs that stand there already.

    Policies are checked before anything is written; the sites of a variant are built when its turn
    comes.

    Parameters
    ----------
    loaded : sequence of LoadedScenario
        The variants to run.
    policies : sequence of str or None
        Names of policies, each of which some variant must have; None takes all.
    seeds : sequence of int or None
        Seeds; None takes each variant's own. [-]
    out : Path
        Folder that gets a folder with the scenario's name, and in there one for each variant.
    on_progress : callable
        Is told the name of each run and the fraction of it that is done.
    force : bool
        Whether to run again what is there.

    Returns
    -------
    dict
        Folders of the runs asked for, by variant.
    """
    wanted = _policies_of(loaded, policies)
    several = len(loaded) > 1
    for one in loaded:
        for policy in select_policies(one, wanted[_label(one)]):
            build(policy)
    return {
        _label(one): execute(
            one, policies=wanted[_label(one)], seeds=seeds, out=out, force=force,
            on_progress=partial(_told, on_progress, _label(one)) if several else on_progress,
        )
        for one in loaded
        if wanted[_label(one)]
    }


def write_variants(
    loaded: Sequence[LoadedScenario], *, out: Path, seeds: Iterable[int] = ()
) -> VariantTable:
    """Hold the variants of a scenario against each other, as far as they have run.

    Parameters
    ----------
    loaded : sequence of LoadedScenario
        All of them, in the order of the file.
    out : Path
        Folder for outputs.
    seeds : iterable of int
        Seeds to look for besides those of the scenario. [-]

    Returns
    -------
    VariantTable
        What was written to variants.csv, figures/variants.png and comparison.html.
    """
    extra = list(seeds)
    found = {_label(one): finished_runs(one, out, extra) for one in loaded}
    return _write(out / loaded[0].spec.name, {name: runs for name, runs in found.items() if runs})


def rebuild_variants(home: Path) -> tuple[VariantTable, tuple[str, ...]] | None:
    """Build the comparisons of all variants again from the runs that stand in a folder.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    tuple of (VariantTable, tuple of str) or None
        The variants, and sentences about what was left out; None if there are no variants.
    """
    named = _written_before(home)
    found, notes = Folders(), []
    for name in named or [BASE, *_with_runs(home)]:
        folder = home if name == BASE else home / name
        try:
            found[name], left_out = newest_runs(folder)
        except DataError:
            continue
        if left_out:
            notes.append(f"{name}: {left_out} run{'s' * (left_out > 1)} of earlier versions of the "
                         "scenario or the code left out.")
    if not set(found) - {BASE}:
        return None
    for name, runs in found.items():
        write_comparison(home if name == BASE else home / name, runs)
    return _write(home, found), tuple(notes)


def _write(home: Path, found: Folders) -> VariantTable:
    """Write table, figure and page of the variants."""
    comparisons = {name: compare(runs) for name, runs in found.items()}
    frames = [one.runs.assign(variant=name) for name, one in comparisons.items()]
    runs = pd.concat(frames, ignore_index=True)
    runs.insert(0, "variant", runs.pop("variant"))
    table = VariantTable(_scenario(found), tuple(_rows(runs)), _signals(found))
    open_folder(home)
    (home / FIGURES).mkdir(exist_ok=True)
    replace_text(home / TABLE, runs.to_csv(index=False, lineterminator="\n"))
    style.save_all({
        "variants": variants_figure(table),
        "performance": performance_figure(table),
        "forecast-value": forecast_value_figure(table),
    }, home / FIGURES)
    if BASE in comparisons:
        figures = (*COMPARISON_FIGURES, FIGURE, PERFORMANCE_FIGURE, FORECAST_FIGURE)
        write_page(home, comparisons[BASE], figures, variants=table)
    return table


def _rows(runs: pd.DataFrame) -> Iterable[VariantRow]:
    metrics = [name for name in runs.columns if name not in {"variant", "policy", "seed", "run_id"}]
    for (variant, policy), group in runs.groupby(["variant", "policy"], sort=False):
        means = {name: _mean(group[name]) for name in metrics}
        yield VariantRow(str(variant), str(policy), means)


def _mean(values: "pd.Series[Any]") -> Value:
    """Return the mean over the seeds; a count of a single run stays a whole number."""
    known = values.dropna()
    if len(known) == 1:
        value: float | int = known.iloc[0]
        return value
    return float(known.astype(float).mean()) if len(known) else None


def _scenario(found: Folders) -> str:
    return str(read_manifest(next(iter(found.values()))[0])["scenario"])


def _signals(found: Folders) -> tuple[str, ...]:
    """Return the signals whose forecasts the runs looked at."""
    manifests = [read_manifest(run) for runs in found.values() for run in runs]
    seen = {told["signal"] for info in manifests for told in info.get("forecasts", [])}
    return tuple(sorted(seen))


def _policies_of(
    loaded: Sequence[LoadedScenario], names: Sequence[str] | None
) -> Mapping[str, list[str]]:
    """Return which of the wanted policies each variant has; every one must be somewhere."""
    has = {_label(one): [policy_label(choice) for choice in one.spec.policies] for one in loaded}
    if names is None:
        return has
    known = dict.fromkeys(name for own in has.values() for name in own)
    problems = [
        Problem(0, 0, "policies", f'has none named "{name}".{did_you_mean(name, known)}')
        for name in dict.fromkeys(names) if name not in known
    ]
    if problems:
        raise ScenarioError(str(loaded[0].path), problems)
    return {label: [name for name in own if name in names] for label, own in has.items()}


def _label(loaded: LoadedScenario) -> str:
    return loaded.variant or BASE


def _told(on_progress: Progress, variant: str, name: str, fraction: float) -> None:
    on_progress(f"{variant}: {name}", fraction)


def _written_before(home: Path) -> list[str]:
    """Return the variants of the table that stands there, in its order."""
    path = home / TABLE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(dict.fromkeys(row.get("variant") or BASE for row in csv.DictReader(file)))


def _with_runs(home: Path) -> list[str]:
    """Return the folders in there that hold runs of a variant of their name."""
    runs = [path.parent for path in home.glob(f"[!.]*/[!.]*/{MANIFEST}")]
    return sorted({
        run.parent.name for run in runs if read_manifest(run).get("variant") == run.parent.name
    })
