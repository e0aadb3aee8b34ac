"""Figures that hold policies against each other: bars, and how cost and carbon add up in time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
    return tuple(
        style.save(figure, folder / f"{name}.png") for name, figure in drawn.items() if figure
    )


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
    rows = max(1, -(-len(shown) // _COLUMNS))
    row_in = 0.3 + 0.42 * len(comparison.policies)
    top_in, bottom_in, gap_in = 0.8, 0.2, 0.55
    height_in = top_in + rows * row_in + (rows - 1) * gap_in + bottom_in
    left_in = 0.35 + 0.085 * max(map(len, comparison.policies))
    panel_in = (style.WIDTH_IN - left_in) / _COLUMNS - 0.3
    with style.house_style():
        figure = Figure(figsize=(style.WIDTH_IN, height_in))
        grid = figure.add_gridspec(
            rows, _COLUMNS, left=left_in / style.WIDTH_IN, right=1 - 0.15 / style.WIDTH_IN,
            top=1 - top_in / height_in, bottom=bottom_in / height_in,
            hspace=gap_in / row_in, wspace=0.08,
        )
        _title(figure, comparison, "policies compared", left_in)
        for place, metric in enumerate(shown):
            axes = figure.add_subplot(grid[place // _COLUMNS, place % _COLUMNS])
            _draw_bars(axes, comparison, metric, panel_in)
            axes.tick_params(labelleft=place % _COLUMNS == 0, left=False)
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
    rows = 1 + (len(comparison.policies) > 1)
    legend_rows = -(-len(comparison.policies) // style.LEGEND_COLUMNS)
    top_in, bottom_in, row_in = 0.85 + 0.2 * legend_rows, 0.6, 2.5
    height_in = top_in + row_in * rows + bottom_in
    with style.house_style():
        figure = Figure(figsize=(style.WIDTH_IN, height_in))
        grid = figure.add_gridspec(
            rows, len(shown), left=style.LEFT_IN / style.WIDTH_IN,
            right=1 - style.RIGHT_IN / style.WIDTH_IN, top=1 - top_in / height_in,
            bottom=bottom_in / height_in, hspace=0.2, wspace=0.22,
        )
        _title(figure, comparison, "running totals", style.LEFT_IN)
        for place, (column, label, unit) in enumerate(shown):
            panels = [figure.add_subplot(grid[row, place]) for row in range(rows)]
            _draw_running(panels, lines, column)
            panels[0].set_title(f"{label} so far ({unit})")
            if rows > 1:
                panels[1].set_title(f"Difference from {comparison.policies[0]} ({unit})")
            _share_time(panels, lines[comparison.policies[0]])
        style.legend_above(figure, figure.axes[:1], top_in=0.42)
    return figure


def _has(comparison: Comparison, metric: Metric) -> bool:
    return any(one.mean is not None for one in comparison.outcomes[metric.name].values())


def _title(figure: Figure, comparison: Comparison, subject: str, left_in: float) -> None:
    seeds = len(comparison.seeds)
    over = f"seed {comparison.seeds[0]}" if seeds == 1 else f"mean over {seeds} seeds"
    figure.text(left_in / style.WIDTH_IN, 1 - 0.12 / figure.get_figheight(),
                f"{comparison.scenario}: {subject}, {over}", va="top", fontsize=12,
                fontweight="bold")


def _draw_bars(axes: Axes, comparison: Comparison, metric: Metric, panel_in: float) -> None:
    outcomes = [comparison.outcomes[metric.name][policy] for policy in comparison.policies]
    count = decimals([outcome.mean for outcome in outcomes])
    labels = [_bar_label(outcome, count) for outcome in outcomes]
    lengths = [0.0 if outcome.mean is None else float(outcome.mean) for outcome in outcomes]
    for row, (outcome, look) in enumerate(zip(outcomes, _looks(len(outcomes)), strict=True)):
        axes.barh(row, lengths[row], height=0.62, facecolor=look["color"], alpha=0.8,
                  edgecolor="white", hatch=look["hatch"], linewidth=0.0)
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
    change = percent(outcome.change_percent, outcome.half_width_percent)
    return f"{written(outcome.mean, count)}  {change}".rstrip()


def _looks(count: int) -> list[dict[str, Any]]:
    """One look a policy: colour, line style and hatch all differ, so that grey print will do."""
    return [
        {
            "color": style.LINE_COLOURS[k % len(style.LINE_COLOURS)],
            "linestyle": style.LINE_STYLES[k % len(style.LINE_STYLES)],
            "hatch": style.BAR_HATCHES[k % len(style.BAR_HATCHES)],
        }
        for k in range(count)
    ]


def _timelines(comparison: Comparison, totals: Mapping[str, pd.DataFrame]) -> dict[str, Timeline]:
    """One timeline a policy, the baseline first."""
    times = totals[comparison.policies[0]]["time"].iloc[:2]
    step_s = (times.iloc[-1] - times.iloc[0]).total_seconds() or HOUR_S  # a run of a single step
    return {policy: Timeline.of(totals[policy], step_s) for policy in comparison.policies}


def _draw_running(panels: Sequence[Axes], lines: Mapping[str, Timeline], column: str) -> None:
    baseline = next(iter(lines.values())).cumulative(column)
    looks = _looks(len(lines))
    for place, (policy, line) in enumerate(lines.items()):
        total = line.cumulative(column)
        # Later lines are thinner, so that one beneath another still shows at its sides.
        pen = {"color": looks[place]["color"], "linestyle": looks[place]["linestyle"],
               "linewidth": 1.4 + 1.6 * (1.0 - place / len(lines))}
        panels[0].plot(line.edges_day, total, label=policy, **pen)
        for axes in panels[1:]:
            axes.plot(line.edges_day, total - baseline, **pen)


def _share_time(panels: Sequence[Axes], line: Timeline) -> None:
    for axes in panels:
        style.time_axis(axes, line)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    for axes in panels[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
