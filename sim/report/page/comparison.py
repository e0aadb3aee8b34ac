"""The page that holds the policies of a scenario against each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sim.report.comparison import Comparison
from sim.report.labels import HEADLINES, RARE, Value
from sim.report.page.answer import answer
from sim.report.page.parts import Cell, Origin, Table, link_to, metric_columns, pictures, plain
from sim.report.page.render import render
from sim.report.page.scenario import description, site_facts
from sim.report.page.timelines import policy_timelines
from sim.report.variants import CHANGES, VariantTable, caption, shown_columns
from sim.scenario.variants import BASE

PAGE: Final = "comparison.html"
HOW: Final = "A heading sorts, the filter looks for words in any cell."

_SECTIONS: Final = (
    ("question", "Question"), ("setup", "Set-up"), ("answer", "Answer"), ("figures", "Figures"),
)


def comparison_page(
    comparison: Comparison,
    figures: Sequence[Path] = (),
    pages: Mapping[str, str] | None = None,
    *,
    variants: VariantTable | None = None,
    timelines: Mapping[str, pd.DataFrame] | None = None,
    origin: Origin | None = None,
) -> str:
    """Return the page that holds the policies of a scenario against each other.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    figures : sequence of Path
        Figure files, PNG or SVG, which become part of the page.
    pages : mapping of str to str or None
        Where the page of a run is, relative to this page, by run_id.
    variants : VariantTable or None
        The scenario's variants, to tell of them too.
    timelines : mapping of str to DataFrame or None
        By policy, per step over all sites and mean over the seeds: time, then columns of
        `sim.report.page.timelines.TOTALS`.
    origin : Origin or None
        Where the results come from.

    Returns
    -------
    str
        HTML; the same for the same comparison.
    """
    source = origin or Origin()
    lines = policy_timelines(timelines or {})
    tables = {"runs": runs_table(comparison.runs, pages or {})}
    if variants is not None:
        tables["variants"] = _variants(variants)
    later = (
        *((("timelines", "Timelines"),) if lines else ()),
        *((("variants", "Variants"),) if variants else ()),
        ("runs", "Runs"),
    )
    return render(
        "comparison.html.jinja",
        {
            "comparison": comparison,
            "question": description(source.scenario_yaml),
            "facts": [*_facts(comparison), *site_facts(source.scenario_yaml)],
            "compared": answer(comparison),
            "pictures": pictures(figures),
            "has_variants": variants is not None,
        },
        origin=source,
        sections=(*_SECTIONS, *later),
        tables=tables,
        timelines=lines,
    )


def runs_table(
    runs: pd.DataFrame, pages: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> Table:
    """Return the table of runs: policy, seed, what tells them apart, then the main metrics.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, run_id, then every metric.
    pages : mapping of str to str
        Where the page of a run is, by run_id.
    extra : mapping of str to str or None
        Titles of further columns before the metrics, by name.

    Returns
    -------
    Table
        One row per run.
    """
    titles = {"policy": "Policy", "seed": "Seed", **(extra or {})}
    told = Table.of(runs[list(titles)], "", titles)
    metrics = metric_columns((*HEADLINES, *RARE), runs)
    values: list[tuple[Cell, ...]] = [
        tuple(plain(value) for value in row)
        for row in runs[list(metrics.values())].itertuples(index=False)
    ] if metrics else [() for _ in told.rows]
    links = tuple(pages.get(str(run), "") for run in runs["run_id"])
    return Table(
        f"One row per run. {HOW}",
        (*told.columns, *metrics),
        tuple((*first, *rest) for first, rest in zip(told.rows, values, strict=True)),
        links if any(links) else (),
    )


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    return [
        ("Scenario", comparison.scenario),
        ("Policies", ", ".join(comparison.policies)),
        ("Baseline", comparison.policies[0]),
        ("Seeds", ", ".join(map(str, comparison.seeds))),
        ("Runs", f"{len(comparison.runs):,}"),
    ]


def _variants(table: VariantTable) -> Table:
    """One row a variant, with a link where it has a page of its own."""
    best = table.best
    columns: dict[str, pd.Series[Any]] = {
        "Variant": pd.Series([row.variant for row in best]),
        "Policy": pd.Series([row.policy for row in best]),
    }
    for metric in shown_columns(best):
        values = [row.means.get(metric.name) for row in best]
        columns[metric.title] = pd.Series(values, dtype=object)
        if metric.name in CHANGES:
            columns[f"{metric.label}, change (%)"] = pd.Series(_changes(values), dtype=object)
    links = [link_to("" if row.variant == BASE else row.variant, PAGE) for row in best]
    told = caption(table).replace("% against", "Changes are against")
    return Table.of(pd.DataFrame(columns), f"{told}. {HOW}", links=links)


def _changes(values: Sequence[Value]) -> list[float | None]:
    """Return the changes against the first. [%]."""
    first = values[0]
    return [
        None if value is None or not first else 100.0 * (value - first) / abs(first)
        for value in values
    ]
