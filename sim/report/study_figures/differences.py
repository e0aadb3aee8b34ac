"""The figure of paired differences: how far policies are from the baseline, and how surely."""

from collections.abc import Mapping
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.report import style
from sim.report.comparison import Comparison, Outcome
from sim.report.labels import Metric
from sim.report.study_figures.results import StudyResults
from sim.report.study_tables import metric_of

MOST_COMPARISONS: Final = 7
_METRICS: Final = (
    "cost_total_usd",
    "carbon_operational_location_kg",
    "carbon_marginal_kg",
    "energy_facility_kwh",
    "jct_mean_h",
    "queue_wait_mean_h",
)
_MOST_PANELS: Final = 3
_ROW_IN: Final = 0.3
_SPREAD: Final = 0.6
"""Part of a row over which the markers of several variants are spread."""


def differences(results: StudyResults) -> Figure | None:
    """Draw each policy's paired difference from the baseline with its 95 % interval.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A panel a metric and a row a policy; None with one policy, or too many variants to tell.
    """
    compared = results.comparisons
    policies = results.table.policies[1:]
    if not policies or not 0 < len(compared) <= MOST_COMPARISONS:
        return None
    metrics = _metrics(results)
    if not metrics:
        return None
    columns = 1 if style.narrow() else len(metrics)
    left_in = 0.35 + 0.085 * max(map(len, policies))
    row_in = _ROW_IN * (1.0 + 0.35 * (len(compared) - 1))
    with style.house_style():
        figure, grid = style.canvas(
            [row_in * (len(policies) + 0.4)] * (len(metrics) // columns), columns=columns,
            gap_in=0.75, from_left_in=left_in,
        )
        style.title(figure, _title(results), note=_note(results), from_left_in=left_in)
        for place, metric in enumerate(metrics):
            axes = figure.add_subplot(grid[place])
            _draw(axes, compared, metric, policies)
            axes.tick_params(labelleft=place % columns == 0, left=False)
        style.legend_above(figure, figure.axes[:1])
    return figure


def _metrics(results: StudyResults) -> list[Metric]:
    """Return the main metric and others of which differences are known, cost and carbon first."""
    names = dict.fromkeys((results.table.main_metric, *_METRICS))
    return [metric_of(name) for name in names
            if any(_known(one, name) for one in results.comparisons.values())][:_MOST_PANELS]


def _known(comparison: Comparison, metric: str) -> bool:
    found = comparison.outcomes.get(metric, {})
    return any(outcome.change_percent is not None for outcome in found.values())


def _title(results: StudyResults) -> str:
    table = results.table
    points = f" and {next(iter(results.comparisons))}" if table.axes else ""
    return f"{table.scenario}: differences from {table.policies[0]}, {results.seeds_told}{points}"


def _note(results: StudyResults) -> str:
    outcomes = [outcome for one in results.comparisons.values()
                for found in one.outcomes.values() for outcome in found.values()]
    if any(outcome.low_percent is not None for outcome in outcomes):
        return "Means of paired differences with their 95 % confidence intervals over the seeds."
    return "Too few seeds for intervals: what is small may be chance."


def _draw(axes: Axes, compared: Mapping[str, Comparison], metric: Metric,
          policies: tuple[str, ...]) -> None:
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8, zorder=1)
    for place, (name, comparison) in enumerate(compared.items()):
        shift = _SPREAD * ((place + 0.5) / len(compared) - 0.5)
        look = style.look(place + 1)
        for row, policy in enumerate(policies):
            outcome = comparison.outcomes.get(metric.name, {}).get(policy)
            if outcome is not None:
                _mark(axes, outcome, row + shift, look)
        if len(compared) > 1:
            axes.add_line(Line2D([], [], label=name, **look | {"linestyle": "-"}))
    if any(one.doubtful for comparison in compared.values()
           for one in comparison.outcomes.get(metric.name, {}).values()):
        axes.add_line(Line2D([], [], linestyle="none", marker="o", markerfacecolor="white",
                             color=style.BLUE, label="May be chance (Holm-corrected p ≥ 0.05)"))
    axes.set_yticks(range(len(policies)), policies)
    axes.set_ylim(len(policies) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_title(metric.label)
    better = {"low": "; left is better", "high": "; right is better"}.get(metric.better, "")
    axes.set_xlabel(f"Difference (%){better}")
    axes.locator_params(axis="x", nbins=6)
    axes.margins(x=0.08)


def _mark(axes: Axes, outcome: Outcome, height: float, look: Mapping[str, Any]) -> None:
    """Draw one difference: a hollow marker where it may be chance."""
    if outcome.change_percent is None:
        return
    if outcome.low_percent is not None and outcome.high_percent is not None:
        axes.plot((outcome.low_percent, outcome.high_percent), (height, height), linewidth=1.6,
                  color=look["color"], marker="|", markersize=6, solid_capstyle="butt", zorder=2)
    axes.plot(outcome.change_percent, height, color=look["color"], marker=look["marker"],
              markersize=5.5, markerfacecolor="white" if outcome.doubtful else look["color"],
              zorder=3)
