"""Sum a study up from what is on disk: table, statistics, figures, page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.report.comparison import Comparison
from sim.report.page import Origin, study_page
from sim.report.study_figures import STUDY_FIGURES
from sim.report.study_figures.results import StudyResults
from sim.report.style import save_all
from sim.study.dataset.read import read_current
from sim.study.dataset.record import read_origin
from sim.study.disk.folders import replace_text
from sim.study.disk.store import FIGURES
from sim.study.summary.results import results_of

CSV: Final = "study.csv"
PAGE: Final = "study.html"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a study says.

    Attributes
    ----------
    results : StudyResults
        Its runs and what the statistics make of them.
    comparison : Comparison or None
        The policies side by side, mean over the points of a sweep; None with several variants.
    figures : tuple of Path
        The figures drawn.
    notes : tuple of str
        Sentences about what was left out.
    """

    results: StudyResults
    comparison: Comparison | None
    figures: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def summarise(home: Path) -> Summary:
    """Sum a study up, and write study.csv, figures and study.html into its folder.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    Summary
        What was written.

    Raises
    ------
    DataError
        If the folder holds no runs of the last study.
    """
    current = read_current(home)
    results = results_of(home, current)
    table = results.table
    replace_text(home / CSV, table.runs.to_csv(index=False, lineterminator="\n"))
    figures = _draw(results, home / FIGURES)
    compared = list(results.comparisons.values())
    comparison = compared[0] if len(compared) == 1 else None
    versions, scenario_yaml = read_origin(home)
    page = study_page(
        table, comparison, evidence=results.evidence, figures=figures, timelines=results.totals,
        origin=Origin(versions, scenario_yaml, "gridloom study scenario.yaml"),
    )
    replace_text(home / PAGE, page)
    return Summary(results, comparison, figures, current.notes)


def _draw(results: StudyResults, folder: Path) -> tuple[Path, ...]:
    """Draw what there is to show, one figure after the other: each takes its room only once."""
    folder.mkdir(exist_ok=True)
    drawn: list[Path] = []
    for name, one in STUDY_FIGURES.items():
        drawn += save_all({name: one.draw(results)}, folder)
    return tuple(drawn)
