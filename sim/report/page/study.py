"""The page of a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.report.comparison import Comparison
from sim.report.evidence import Evidence
from sim.report.page.answer import answer
from sim.report.page.comparison import runs_table
from sim.report.page.evidence import axis_title, evidence_tables, points
from sim.report.page.parts import Column, Origin, Table, pictures
from sim.report.page.render import laid_out, render
from sim.report.page.scenario import site_facts
from sim.report.page.timelines import policy_timelines
from sim.report.study_table import StudyTable

_SECTIONS: Final = (
    ("question", "Question"), ("setup", "Set-up"), ("answer", "Answer"), ("figures", "Figures"),
)
_MOST_FAILED: Final = 50
_MOST_VALUES: Final = 12


def study_page(
    table: StudyTable,
    comparison: Comparison | None = None,
    *,
    evidence: Evidence | None = None,
    figures: Sequence[Path] = (),
    timelines: Mapping[str, pd.DataFrame] | None = None,
    origin: Origin | None = None,
) -> str:
    """Return the page of a study.

    Parameters
    ----------
    table : StudyTable
        Its runs.
    comparison : Comparison or None
        Its policies side by side; None where a comparison would mean nothing.
    evidence : Evidence or None
        What the statistics say.
    figures : sequence of Path
        Figure files, PNG or SVG, which become part of the page.
    timelines : mapping of str to DataFrame or None
        By policy, per step over all sites and mean over the seeds: time, then columns of
        `sim.report.page.timelines.TOTALS`.
    origin : Origin or None
        Where the results come from.

    Returns
    -------
    str
        HTML; the same for the same study.
    """
    source, told = origin or Origin(), evidence or Evidence()
    lines = policy_timelines(timelines or {})
    cautions = (*(comparison.cautions if comparison else ()), *told.cautions)
    later = (*((("timelines", "Timelines"),) if lines else ()), ("runs", "Runs"))
    return render(
        "study.html.jinja",
        {
            "study": table,
            "facts": [*_facts(table), *site_facts(source.scenario_yaml)],
            "axes": laid_out(_axes(table)) if table.axes else None,
            "findings": comparison.findings if comparison else (),
            "cautions": tuple(dict.fromkeys(cautions)),
            "compared": answer(comparison, len(table.points)) if comparison else None,
            "evidence": [
                laid_out(one)
                for one in (*([points(table)] if table.axes else []),
                            *evidence_tables(told, table))
            ],
            "pictures": pictures(figures),
            "failed": laid_out(_failed(table)) if table.failed else None,
        },
        origin=source,
        sections=(*_SECTIONS, *later),
        tables={"runs": runs_table(table.runs, {}, _apart(table))},
        timelines=lines,
    )


def _facts(table: StudyTable) -> list[tuple[str, str]]:
    failed = f" and {len(table.failed):,} failed" if table.failed else ""
    facts = [
        ("Scenario", table.scenario),
        ("Policies", ", ".join(table.policies)),
        ("Baseline", table.policies[0] if table.policies else ""),
        ("Seeds", ", ".join(map(str, table.seeds))),
        ("Design", table.design),
        ("Points", f"{len(table.points):,}"),
        ("Runs", f"{len(table.runs):,}{failed}"),
    ]
    return [(name, value) for name, value in facts if value]


def _axes(table: StudyTable) -> Table:
    """One row an axis; long lists of values by their ends."""
    rows = tuple(
        (axis_title(axis), axis.path, _values(axis.values))
        for axis in table.axes
    )
    return Table("What was swept", (Column("Axis"), Column("Field"), Column("Values")), rows)


def _values(values: Sequence[Any]) -> str:
    texts = [f"{one:g}" if isinstance(one, float) else str(one) for one in values]
    if len(texts) <= _MOST_VALUES:
        return ", ".join(texts)
    return f"{texts[0]}, {texts[1]}, ... {texts[-1]}: {len(texts)} values"


def _apart(table: StudyTable) -> dict[str, str]:
    """Return titles of the columns that tell the study's points apart."""
    variant = {"variant": "Variant"} if len(set(table.runs["variant"])) > 1 else {}
    return variant | {
        axis.name: axis_title(axis) for axis in table.axes if axis.name in table.runs.columns
    }


def _failed(table: StudyTable) -> Table:
    first = table.failed[:_MOST_FAILED]
    rows = tuple(
        (str(one.get("point", "")), str(one.get("policy", "")), str(one.get("seed", "")),
         str(one.get("traceback", "")).strip().rpartition("\n")[2])
        for one in first
    )
    left = len(table.failed) - len(first)
    some = f"The first {len(first)}; {left} more are left out. " if left else ""
    columns = tuple(map(Column, ("Point", "Policy", "Seed", "Last line of the traceback")))
    return Table(f"{some}Each failed twice; failed/*.json has the whole traceback.", columns, rows)
