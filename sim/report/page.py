"""Pages for a browser: one a run, one a comparison; no script, links relative to the page."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim.ledger.result import Run
from sim.report.comparison import Comparison, Outcome
from sim.report.labels import HEADLINES, KEY_METRICS, decimals, percent, written

_ALT: Final = {
    "supply_demand": "Supply and demand of each site over time, with the battery's state of charge",
    "signals": "Price and carbon intensity over time, with the starts of jobs",
    "comparison": "Bars of cost, carbon, energy, import and wait for every policy",
    "cumulative": "Running totals of cost and carbon for every policy",
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
    comparison: Comparison, figures: Sequence[str], runs: Sequence[tuple[str, int, str]]
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

    Returns
    -------
    str
        HTML.
    """
    table = []
    for metric in HEADLINES:
        outcomes = comparison.outcomes[metric.name]
        count = decimals([outcome.mean for outcome in outcomes.values()])
        row = [outcomes[policy] for policy in comparison.policies]
        table.append((metric.title, [_cell(outcome, count) for outcome in row]))
    return _render("comparison.html.jinja", {
        "comparison": comparison,
        "table": table,
        "figures": _figures(figures),
        "runs": runs,
    })


def _cell(outcome: Outcome, count: int) -> tuple[str, str, bool]:
    change = percent(outcome.change_percent, outcome.half_width_percent)
    return written(outcome.mean, count), change, outcome.best


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
    ]


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
