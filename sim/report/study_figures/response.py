"""The figure of one axis: how cost and carbon follow it, a line a policy with its interval."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.study_figures.heat_map import two_axes
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
_MOST_LINES: Final = 10
_LEAST_POINTS: Final = 2


def response(results: StudyResults) -> Figure | None:
    """Draw metrics over the first axis: a line a policy, or a value of the second axis.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A panel a metric, with bands of 95 % intervals where there are seeds for them; None unless
        there is one axis, or two that make a grid.
    """
    lines = {name: list(_lines(results, name)) for name in list(results.means)[:_MOST_PANELS]}
    lines = {name: found for name, found in lines.items() if 0 < len(found) <= _MOST_LINES}
    axis = _axis(results)
    if axis is None or not lines:
        return None
    with style.house_style():
        values = in_order(results, axis, results.table.runs[axis])
        room_in = (style.width_in() - 1.5) / (1 if style.narrow() else len(lines)) - 0.5
        drop_in = 0.0 if is_number(values) else fall_in([value_text(one) for one in values],
                                                        room_in)
        figure, panels = style.side_by_side(len(lines), bottom_in=0.6 + drop_in)
        banded = any(frame["low"].notna().any() for found in lines.values() for _, frame in found)
        bands = "Bands are 95 % confidence intervals of the mean over the seeds." if banded else ""
        style.title(figure, f"{results.table.scenario}: {axis_label(results, axis)}, "
                            f"{results.seeds_told}", note=bands)
        for axes, (name, found) in zip(panels, lines.items(), strict=True):
            _draw(axes, found, values)
            if drop_in:
                tilt(axes)
            axes.set_title(metric_of(name).title)
            axes.set_xlabel(axis_label(results, axis))
        style.legend_above(figure, panels[:1])
    return figure


def _axis(results: StudyResults) -> str | None:
    """Return the axis to draw over: the only one that moves, or the first of numbers."""
    if len(results.moving) == 1:
        return results.moving[0]
    if len(results.moving) != 2 or two_axes(results) is None:
        return None
    runs = results.table.runs
    return next((name for name in results.moving if is_number(runs[name])), results.moving[0])


def _lines(results: StudyResults, metric: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and points of each line, in the order of the axis."""
    axis, means = _axis(results), results.means[metric]
    if axis is None:
        return
    keys = ["variant", "policy"]
    if len(results.moving) > 1:
        means = means[means["policy"] == results.leader]
        keys = ["variant", next(name for name in results.moving if name != axis)]
    several = len(means["variant"].unique()) > 1
    for (variant, other), frame in means.dropna(subset="mean").groupby(keys, sort=False):
        if len(frame) >= _LEAST_POINTS:
            name = str(other) if keys[1] == "policy" else (
                f"{axis_label(results, keys[1])}: {value_text(other)}")
            order = in_order(results, axis, frame[axis])
            yield f"{variant}: {name}" if several else name, frame.set_index(axis).loc[order]


def _draw(axes: Axes, lines: list[tuple[str, pd.DataFrame]], values: list[Any]) -> None:
    numeric = is_number(values)
    for place, (name, frame) in enumerate(lines):
        look = style.look(place)
        x = np.array([value if numeric else values.index(value) for value in frame.index])
        axes.plot(x, frame["mean"], label=name, markersize=5, **look)
        if frame["low"].notna().any():
            axes.fill_between(x, frame["low"].astype(float), frame["high"].astype(float),
                              color=look["color"], alpha=0.18, linewidth=0.0)
    if not numeric:
        axes.set_xticks(range(len(values)), [value_text(value) for value in values])
        axes.set_xlim(-0.4, len(values) - 0.6)
    elif _is_logarithmic(np.array(values, dtype=float)):
        axes.set_xscale("log")
        axes.set_xticks(values, [value_text(value) for value in values])
        axes.minorticks_off()
    else:
        style.numbers(axes.xaxis)
        axes.locator_params(axis="x", nbins=7)
    style.numbers(axes.yaxis)


def _is_logarithmic(values: np.ndarray) -> bool:
    """Return whether an axis goes up by factors rather than by steps."""
    ordered = np.sort(values)
    if len(ordered) < 4 or ordered[0] <= 0.0:
        return False
    ratios, steps = ordered[1:] / ordered[:-1], np.diff(ordered)
    return bool(ordered[-1] > 20.0 * ordered[0]
                and ratios.std() / ratios.mean() < steps.std() / steps.mean())
