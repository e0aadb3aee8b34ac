"""Pages for a browser: one a run, one a comparison; no script, links relative to the page."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim.ledger.result import Run
from sim.report.comparison import Comparison, Outcome
from sim.report.labels import KEY_METRICS, decimals, percent, shown, written
from sim.report.variants import VariantTable, caption, cells, shown_columns
from sim.scenario.variants import BASE

_ALT: Final = {
    "supply_demand": "Supply and demand of each site over time, with the battery's state of charge",
    "services": "Requests, replicas, time to the first token and power of each service over time",
    "signals": "Price and carbon intensity over time, with the starts of jobs",
    "comparison": "Bars of cost, carbon, energy, import and wait for every policy",
    "cumulative": "Running totals of cost and carbon for every policy",
    "variants": "Cost against carbon, a marker for every variant and policy",
}


def run_page(run: Run, figures: Sequence[str]) -> str:
    """Return the page of one run.

    Parameters
    ----------
    run : Run
        A finished run.
    figures : sequence of str
        Figure files, relative to the page.

    Returns
    -------
    str
        HTML.
    """
    rows = {
        heading: [(metric.title, _written(run.metrics[metric.name])) for metric in metrics
                  if run.metrics.get(metric.name) is not None]
        for heading, metrics in KEY_METRICS.items()
    }
    every = [(name, "" if value is None else repr(value)) for name, value in run.metrics.items()]
    return _render("run.html.jinja", {
        "run": run,
        "facts": _facts(run),
        "groups": {heading: found for heading, found in rows.items() if found},
        "every": sorted(every),
        "figures": _figures(figures),
        "warnings": run.info.get("warnings", []),
    })


def comparison_page(
    comparison: Comparison,
    figures: Sequence[str],
    runs: Sequence[tuple[str, int, str]],
    *,
    variants: VariantTable | None = None,
) -> str:
    """Return the page that holds the policies of a scenario against each other.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    figures : sequence of str
        Figure files, relative to the page.
    runs : sequence of (str, int, str)
        Policy, seed and folder of each run, the folder relative to the page. [-]
    variants : VariantTable or None
        The scenario's variants, to tell of them too.

    Returns
    -------
    str
        HTML.
    """
    table = []
    for metric in shown(comparison.outcomes):
        outcomes = comparison.outcomes[metric.name]
        count = decimals([outcome.mean for outcome in outcomes.values()])
        row = [outcomes[policy] for policy in comparison.policies]
        table.append((metric.title, [_cell(outcome, count) for outcome in row]))
    return _render("comparison.html.jinja", {
        "comparison": comparison,
        "table": table,
        "figures": _figures(figures),
        "runs": runs,
        "variants": None if variants is None else _variants(variants),
    })


def _cell(outcome: Outcome, count: int) -> tuple[str, str, bool]:
    change = percent(outcome.change_percent, outcome.half_width_percent)
    return written(outcome.mean, count), change, outcome.best


def _variants(table: VariantTable) -> dict[str, Any]:
    """One row a variant, with a link where it has a page of its own."""
    columns = shown_columns(table.best)
    values = [cells(table.best, metric) for metric in columns]
    return {
        "headings": [metric.title for metric in columns],
        "rows": [(row.variant, "" if row.variant == BASE else f"{row.variant}/comparison.html",
                  row.policy, texts)
                 for row, *texts in zip(table.best, *values, strict=True)],
        "caption": caption(table),
    }


def _written(value: float | int | None) -> str:
    return written(value, decimals([value]))


def _facts(run: Run) -> list[tuple[str, str]]:
    """Tell what ran; nothing that changes from one time to the next, so that the page does not."""
    info = run.info
    return [
        ("Scenario", run.scenario_name),
        ("Policy", run.policy),
        ("Seed", str(run.seed)),
        ("Start", str(info["start"])),
        ("Length", f"{info['duration_h']:g} h in steps of {info['step_min']:g} min"),
        ("Sites", ", ".join(map(str, run.steps["site"].unique()))),
        ("Jobs", f"{len(run.jobs):,}"),
        *_services(run),
    ]


def _services(run: Run) -> list[tuple[str, str]]:
    if not len(run.services):
        return []
    return [("Services", ", ".join(map(str, run.services["service"].unique())))]


def _figures(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Each figure's path with words for those who cannot see it."""
    return [(path, _ALT.get(path.rpartition("/")[2].removesuffix(".png"), "")) for path in paths]


def _render(template: str, values: Mapping[str, Any]) -> str:
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
