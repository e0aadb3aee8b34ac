"""Runs of one scenario against each other: a table of all metrics, a page and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.report.comparison import Comparison
from sim.report.page import comparison_page
from sim.report.study_figures.comparison import write_comparison_figures
from sim.report.variants import VariantTable
from sim.study.dataset.rows import all_metrics
from sim.study.disk import store
from sim.study.disk.folders import replace_text
from sim.study.disk.newest import newest_runs
from sim.study.summary.outcomes import compared
from sim.study.summary.page_inputs import origin_of, run_command, run_pages
from sim.study.summary.totals import policy_totals

TABLE: Final = "comparison.csv"
PAGE: Final = "comparison.html"
COMPARISON_FIGURES: Final = ("comparison.png", "cumulative.png")

_KEYS: Final = ("policy", "seed", "run_id")


def compare_folder(home: Path) -> tuple[Comparison, tuple[str, ...]]:
    """Compare the runs that stand in a scenario's folder, and write the comparison there.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    tuple of (Comparison, tuple of str)
        The comparison, and a sentence about the runs left out, if any: those of another version of
        the scenario or the code than the newest run.
    """
    folders, left_out = newest_runs(home)
    notes = (
        f"{left_out} run{'s' if left_out > 1 else ''} of earlier versions of the scenario or the "
        "code left out.",
    ) if left_out else ()
    return write_comparison(home, folders), notes


def write_comparison(home: Path, folders: Sequence[Path]) -> Comparison:
    """Compare runs and write table, page and figures beside them.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs, which gets comparison.csv, comparison.html and figures.
    folders : sequence of Path
        The runs, those of the baseline first.

    Returns
    -------
    Comparison
        What was written.
    """
    comparison = compare(folders)
    figures = home / store.FIGURES
    figures.mkdir(exist_ok=True)
    totals = policy_totals(zip(comparison.runs["policy"], folders, strict=True))
    drawn = write_comparison_figures(comparison, totals, figures)
    replace_text(home / TABLE, comparison.runs.to_csv(index=False, lineterminator="\n"))
    write_page(home, comparison, [path.name for path in drawn], totals=totals)
    return comparison


def write_page(
    home: Path,
    comparison: Comparison,
    figures: Sequence[str] = COMPARISON_FIGURES,
    *,
    variants: VariantTable | None = None,
    totals: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the page of a comparison.

    Parameters
    ----------
    home : Path
        Folder of the runs compared.
    comparison : Comparison
        What it tells.
    figures : sequence of str
        Names of figures of the folder; those that are not there are passed over.
    variants : VariantTable or None
        The scenario's variants, to tell of them too.
    totals : mapping of str to DataFrame or None
        What `policy_totals` gives of its runs; None to read them again.
    """
    there = [path for name in figures if (path := home / store.FIGURES / name).is_file()]
    folders = {str(run): home / str(run) for run in comparison.runs["run_id"]}
    if totals is None:
        totals = policy_totals(zip(comparison.runs["policy"], folders.values(), strict=True))
    command = run_command(comparison.policies, comparison.seeds)
    page = comparison_page(
        comparison, there, run_pages(home, folders), variants=variants, timelines=totals,
        origin=origin_of(next(iter(folders.values())), command),
    )
    replace_text(home / PAGE, page)


def compare(folders: Sequence[Path]) -> Comparison:
    """Compare runs.

    Parameters
    ----------
    folders : sequence of Path
        The runs, those of the baseline first.

    Returns
    -------
    Comparison
        Means over seeds and paired differences from the baseline.
    """
    rows = [_row(folder) for folder in folders]
    names = sorted({name for row in rows for name in row} - set(_KEYS))
    runs = pd.DataFrame(rows, columns=[*_KEYS, *names], dtype=object)  # counts stay whole numbers
    info = store.read_manifest(folders[0])
    scenario = "/".join(filter(None, (info["scenario"], info.get("variant"))))
    return compared(scenario, list(dict.fromkeys(runs["policy"])), runs)


def _row(folder: Path) -> dict[str, Any]:
    info = store.read_manifest(folder)
    return {
        "policy": info["policy"],
        "seed": info["seed"],
        "run_id": folder.name,
    } | all_metrics(folder, info)
