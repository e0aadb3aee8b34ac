"""The figure of two axes: cost and carbon as heat maps, with the best points of both."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.report import style
from sim.report.labels import Metric, decimals, written
from sim.report.study_figures.panels import fall_in, tilt
from sim.report.study_figures.results import (
    StudyResults,
    axis_label,
    in_order,
    is_number,
    value_text,
)
from sim.report.study_tables import metric_of

_MOST_PANELS: Final = 3
_TICK_IN: Final = 0.62
"""Width of a number below an axis. [inch]"""
_ROW_IN: Final = 0.22
"""Height of a value beside an axis. [inch]"""
_MOST_NUMBERS: Final = 48
"""Cells of which the numbers are written, if they are not more."""
_LEAST_FILLED: Final = 0.75
"""Below this share of filled cells two axes are no grid."""
_BRIGHTNESS: Final = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601
_MARKERS: Final = (("*", 15), ("o", 10), ("D", 8))

Grid = pd.DataFrame
"""A metric by the values of one axis (rows) and another (columns)."""


def heat_map(results: StudyResults) -> Figure | None:
    """Draw metrics over the first two axes, with the points where each is best.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A panel a metric, for the policy that does best; None unless two axes make a grid.
    """
    names = two_axes(results)
    if names is None:
        return None
    grids = {name: _grid(results, name, names) for name in list(results.means)[:_MOST_PANELS]}
    grids = {name: grid for name, grid in grids.items() if grid.notna().to_numpy().any()}
    if not grids:
        return None
    metrics = [metric_of(name) for name in grids]
    rows, across = ([value_text(value) for value in values]
                    for values in (grids[metrics[0].name].index, grids[metrics[0].name].columns))
    columns = 1 if style.narrow() else len(metrics)
    left_in = max(0.95, 0.5 + 0.08 * max(map(len, rows)))
    panel_in = 0.8 * ((style.width_in() - left_in) / columns - 0.5)
    drop_in = 0.0 if is_number(grids[metrics[0].name].columns) else fall_in(across, panel_in)
    with style.house_style():
        figure, cells = style.canvas(
            [2.6 if style.narrow() else 3.6] * (len(metrics) // columns), columns=columns,
            gap_in=0.95 + drop_in, bottom_in=0.6 + drop_in, from_left_in=left_in,
        )
        title = f"{results.table.scenario}: {axis_label(results, names[1])} and "
        style.title(figure, title + axis_label(results, names[0]), note=_note(results, names),
                    from_left_in=left_in)
        drawn = []
        for place, metric in enumerate(metrics):
            parts = cells[place].subgridspec(1, 3, width_ratios=_widths(left_in, columns),
                                             wspace=0.06)
            axes = figure.add_subplot(parts[0])
            _draw(figure, axes, grids[metric.name], figure.add_subplot(parts[1]))
            axes.set_title(metric.title)
            axes.set_xlabel(axis_label(results, names[1]))
            axes.tick_params(labelleft=place % columns == 0)
            axes.set_ylabel(axis_label(results, names[0]) if place % columns == 0 else "")
            if drop_in:
                tilt(axes)
            drawn.append(axes)
        _mark(drawn, metrics, grids)
        if any(grid.isna().to_numpy().any() for grid in grids.values()):
            drawn[0].add_patch(Rectangle((0, 0), 0, 0, facecolor=style.GREY, label="No value"))
        style.legend_above(figure, drawn[:1])
    return figure


def _widths(left_in: float, columns: int) -> tuple[float, float, float]:
    """Return the ratios of a panel's map, colour bar and the room for the bar's numbers."""
    whole_in = (style.right() * style.width_in() - left_in) / columns
    spare_in = 0.4 if columns > 1 else _TICK_IN
    return 20.0, 1.0, 21.0 * spare_in / (whole_in - spare_in)


def two_axes(results: StudyResults) -> tuple[str, str] | None:
    """Return the names of the axes of a heat map: rows, columns; None if there is no grid."""
    if len(results.moving) < 2:
        return None
    across, up = results.moving[:2]
    runs = results.table.runs
    filled = len(runs[[across, up]].drop_duplicates())
    whole = runs[across].nunique() * runs[up].nunique()
    return (up, across) if filled >= max(4, _LEAST_FILLED * whole) else None


def _grid(results: StudyResults, metric: str, names: tuple[str, str]) -> Grid:
    """Return the means of the leading policy in the first variant, over any other axes."""
    means = results.means[metric]
    mine = means[(means["policy"] == results.leader)
                 & (means["variant"] == means["variant"].iloc[0])]
    grid: Grid = mine.pivot_table("mean", names[0], names[1])
    # All metrics have the same cells, also where one has no meaning.
    runs = results.table.runs
    return grid.reindex(index=in_order(results, names[0], runs[names[0]]),
                        columns=in_order(results, names[1], runs[names[1]]))


def _note(results: StudyResults, names: tuple[str, str]) -> str:
    table = results.table
    others = [axis_label(results, axis.name) for axis in table.axes if axis.name not in names]
    policy = f"Policy {results.leader}, {results.seeds_told}"
    return f"{policy} and over {', '.join(others)}." if others else f"{policy}."


def _draw(figure: Figure, axes: Axes, grid: Grid, bar: Axes) -> None:
    values = grid.to_numpy(dtype=float)
    axes.set_facecolor(style.GREY)
    mesh = axes.pcolormesh(np.arange(values.shape[1] + 1), np.arange(values.shape[0] + 1),
                           np.ma.masked_invalid(values), cmap=style.HEAT)
    axes.grid(visible=False)
    figure.colorbar(mesh, cax=bar)
    style.numbers(bar.yaxis)
    bar.grid(visible=False)
    box = axes.get_window_extent()
    for axis, labels, side, room_in in (
        (axes.xaxis, grid.columns, box.width, _TICK_IN if is_number(grid.columns) else 0.0),
        (axes.yaxis, grid.index, box.height, _ROW_IN),
    ):
        every = max(1, int(np.ceil(len(labels) * room_in * figure.dpi / side)))
        axis.set_ticks(np.arange(0, len(labels), every) + 0.5,
                       [value_text(value) for value in labels[::every]])
    if _has_numbers(axes, values):
        _write_numbers(axes, values, mesh.to_rgba(values))


def _has_numbers(axes: Axes, values: np.ndarray) -> bool:
    """Return whether cells are few and wide enough for a number in each."""
    known = [float(value) for value in values[np.isfinite(values)]]
    widest = max(len(written(value, decimals(known))) for value in known)
    cell_in = axes.get_window_extent().width / axes.figure.dpi / values.shape[1]
    return values.size <= _MOST_NUMBERS and 0.08 * widest <= cell_in


def _write_numbers(axes: Axes, values: np.ndarray, colours: np.ndarray) -> None:
    """Write the number into the lower half of each cell."""
    known = [float(value) for value in values[np.isfinite(values)]]
    count = decimals(known)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(column + 0.5, row + 0.14, written(float(value), count), ha="center",
                      va="bottom", fontsize=8.5,
                      color="white" if colours[row, column, :3] @ _BRIGHTNESS < 0.5 else "black")


def _mark(drawn: Sequence[Axes], metrics: Sequence[Metric], grids: "dict[str, Grid]") -> None:
    """Mark in every panel where each metric is best."""
    for (marker, size), metric in zip(_MARKERS, metrics, strict=False):
        values = grids[metric.name].to_numpy(dtype=float)
        best = np.nanargmax(values) if metric.better == "high" else np.nanargmin(values)
        row, column = np.unravel_index(best, values.shape)
        extreme = "Most" if metric.better == "high" else "Least"
        for axes in drawn:
            above = 0.16 if _has_numbers(axes, values) else 0.0
            axes.plot(column + 0.5, row + 0.5 + above, marker=marker, markersize=size,
                      linestyle="none", clip_on=False,
                      markerfacecolor="none" if marker == "o" else "white", markeredgewidth=1.4,
                      markeredgecolor=style.BLACK if marker != "o" else style.VERMILION,
                      label=f"{extreme}: {metric.label}")
