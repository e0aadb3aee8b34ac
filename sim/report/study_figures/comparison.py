"""Figures that hold policies against each other: bars, and how cost and carbon add up in time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.comparison import Comparison, Outcome
from sim.report.labels import HEADLINES, Metric, decimals, percent, written
from sim.report.timeline import Timeline
from sim.units import HOUR_S

_BARS: Final = (
    "cost_total_usd",
    "carbon_operational_location_kg",
    "carbon_marginal_kg",
    "energy_facility_kwh",
    "grid_import_kwh",
    "queue_wait_mean_h",
)
_RUNNING: Final = (
    ("cost_total_usd", "Cost", "USD"),
    ("carbon_operational_location_kg", "Operational carbon", "kgCO2e"),
)
_COLUMNS: Final = 3
_LABEL_POINTS: Final = 8.5
_CHARACTER_IN: Final = 0.07  # bold, at that size, on average


def write_comparison_figures(
    comparison: Comparison, totals: Mapping[str, pd.DataFrame], folder: Path
) -> tuple[Path, ...]:
    """Draw every figure that the comparison has something to show in.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    totals : mapping of str to DataFrame
        By policy, per step over all sites: time, cost_total_usd, carbon_operational_location_kg.
    folder : Path
        Existing folder that gets the PNG files.

    Returns
    -------
    tuple of Path
        The files written.
    """
    drawn = {"comparison": bars(comparison), "cumulative": cumulative(comparison, totals)}
    return style.save_all(drawn, folder)


def bars(comparison: Comparison) -> Figure:
    """Draw one bar a policy for cost, carbon, energy, import and wait.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.

    Returns
    -------
    Figure
        A panel a metric; the labels give the value and the change against the baseline.
    """
    shown = [metric for metric in HEADLINES if metric.name in _BARS and _has(comparison, metric)]
    columns = 1 if style.narrow() else min(_COLUMNS, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    left_in = 0.35 + 0.085 * max(map(len, comparison.policies))
    panel_in = (style.width_in() - left_in) / columns - 0.3
    with style.house_style():
        row_in = 0.3 if style.narrow() else 0.42
        figure, grid = style.canvas([row_in * (len(comparison.policies) + 0.5)] * rows,
                                    columns=columns, bottom_in=0.2, from_left_in=left_in)
        style.title(figure, _title(comparison, "policies compared"), from_left_in=left_in)
        for place, metric in enumerate(shown):
            axes = figure.add_subplot(grid[divmod(place, columns)])
            _draw_bars(axes, comparison, metric, panel_in)
            axes.tick_params(labelleft=place % columns == 0, left=False)
        style.legend_above(figure)
    return figure


def cumulative(comparison: Comparison, totals: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Draw how cost and carbon add up in time, and how far each policy is from the baseline.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    totals : mapping of str to DataFrame
        By policy, per step over all sites: time, cost_total_usd, carbon_operational_location_kg.

    Returns
    -------
    Figure or None
        None if the scenario knows neither a cost nor an emission.
    """
    shown = [entry for entry in _RUNNING
             if any(one.mean is not None for one in comparison.outcomes[entry[0]].values())]
    if not shown:
        return None
    lines = _timelines(comparison, totals)
    differ = len(comparison.policies) > 1
    columns = 1 if style.narrow() else len(shown)
    with style.house_style():
        figure, grid = style.canvas([2.2] * ((1 + differ) * len(shown) // columns),
                                    columns=columns)
        style.title(figure, _title(comparison, "running totals"))
        for place, (column, label, unit) in enumerate(shown):
            first = (0, place) if columns > 1 else ((1 + differ) * place, 0)
            panels = [figure.add_subplot(grid[first[0] + row, first[1]])
                      for row in range(1 + differ)]
            _draw_running(panels, lines, column)
            panels[0].set_title(f"{label} so far ({unit})")
            for axes in panels[1:]:
                axes.set_title(f"Difference from {comparison.policies[0]} ({unit})")
            _share_time(panels, lines[comparison.policies[0]])
            if columns == 1 and place < len(shown) - 1:
                panels[-1].set_xlabel("")
                panels[-1].xaxis.get_offset_text().set_visible(False)
        style.legend_above(figure, figure.axes[:1])
    return figure


def _has(comparison: Comparison, metric: Metric) -> bool:
    return any(one.mean is not None for one in comparison.outcomes[metric.name].values())


def _title(comparison: Comparison, subject: str) -> str:
    seeds = len(comparison.seeds)
    over = f"seed {comparison.seeds[0]}" if seeds == 1 else f"mean over {seeds} seeds"
    return f"{comparison.scenario}: {subject}, {over}"


def _draw_bars(axes: Axes, comparison: Comparison, metric: Metric, panel_in: float) -> None:
    outcomes = [comparison.outcomes[metric.name][policy] for policy in comparison.policies]
    count = decimals([outcome.mean for outcome in outcomes])
    labels = [_bar_label(outcome, count) for outcome in outcomes]
    lengths = [0.0 if outcome.mean is None else float(outcome.mean) for outcome in outcomes]
    for row, outcome in enumerate(outcomes):
        axes.barh(row, lengths[row], height=0.62, alpha=0.8, edgecolor="white", linewidth=0.0,
                  **style.bar_look(row))
        axes.annotate(labels[row], (max(lengths[row], 0.0), row), xytext=(4, 0),
                      textcoords="offset points", va="center", fontsize=_LABEL_POINTS,
                      fontweight="bold" if outcome.best else "normal")
    low, high = min(0.0, *lengths), max(0.0, *lengths)
    room = min(0.75, (0.1 + _CHARACTER_IN * max(map(len, labels))) / panel_in)
    axes.set_xticks([])  # the labels give the values; the title gives the unit
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(low, low + ((high - low) or 1.0) / (1.0 - room))
    axes.set_yticks(range(len(lengths)), comparison.policies)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8)
    axes.set_title(metric.title)


def _bar_label(outcome: Outcome, count: int) -> str:
    change = percent(outcome.change_percent)
    return f"{written(outcome.mean, count)}  {change}".rstrip()


def _timelines(comparison: Comparison, totals: Mapping[str, pd.DataFrame]) -> dict[str, Timeline]:
    """One timeline a policy, the baseline first."""
    times = totals[comparison.policies[0]]["time"].iloc[:2]
    step_s = (times.iloc[-1] - times.iloc[0]).total_seconds() or HOUR_S  # a run of a single step
    return {policy: Timeline.of(totals[policy], step_s) for policy in comparison.policies}


def _draw_running(panels: Sequence[Axes], lines: Mapping[str, Timeline], column: str) -> None:
    baseline = next(iter(lines.values())).cumulative(column)
    for place, (policy, line) in enumerate(lines.items()):
        total = line.cumulative(column)
        # Later lines are thinner, so that one beneath another still shows at its sides.
        pen = style.look(place) | {"marker": "", "linewidth": 1.4 + 1.6 * (1 - place / len(lines))}
        panels[0].plot(line.edges_day, total, label=policy, **pen)
        for axes in panels[1:]:
            axes.plot(line.edges_day, total - baseline, **pen)


def _share_time(panels: Sequence[Axes], line: Timeline) -> None:
    for axes in panels:
        style.time_axis(axes, line)
        style.numbers(axes.yaxis)
    for axes in panels[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
