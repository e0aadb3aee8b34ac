"""The figure of energy against performance: which variants and policies no other one beats."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sim.report import style
from sim.report.study_figures.names import label_points
from sim.report.variants import VariantRow, VariantTable

_TIME: Final = "jct_mean_h"
_PANELS: Final = (
    (
        ("energy_per_training_run_kwh", 1e-3, "Facility energy of a training run (MWh)"),
        ("energy_facility_kwh", 1e-3, "Facility energy (MWh)"),
    ),
    (
        ("carbon_per_training_run_kg", 1e-3, "Carbon of a training run, embodied too (tCO2e)"),
        ("carbon_total_kg", 1e-3, "Carbon, operational and embodied (tCO2e)"),
    ),
)
"""What a panel shows: the first that all runs have; the work's own before the whole site's."""
_LEAST_SPREAD: Final = 1.02
"""Where the slowest is not slower than this times the fastest, there is no performance to trade."""

Point = tuple[VariantRow, float, float]
"""A run of a variant, its completion time [h], and what it is held against."""


def performance_figure(table: VariantTable) -> Figure | None:
    """Draw energy and carbon against the mean time to completion, with the front of the best.

    Parameters
    ----------
    table : VariantTable
        The variants.

    Returns
    -------
    Figure or None
        None where all runs complete their jobs equally fast, or too little is known.
    """
    rows = [row for row in table.rows if _complete(row, table.rows)]
    times_h = [float(row.means[_TIME] or 0.0) for row in rows if row.means.get(_TIME)]
    if len(times_h) < 2 or max(times_h) < _LEAST_SPREAD * min(times_h):
        return None
    panels = [shown for choices in _PANELS if (shown := _shown(rows, choices))]
    if not panels:
        return None
    with style.house_style():
        figure, frames = style.side_by_side(len(panels))
        style.title(figure, f"{table.scenario}: energy against performance")
        drawn = []
        for axes, (name, factor, heading) in zip(frames, panels, strict=True):
            points = _points(rows, name, factor)
            _draw(axes, table, points)
            axes.set_title(heading)
            axes.set_xlabel("Mean time to completion (h); left is faster")
            drawn.append((axes, points))
        style.legend_above(figure, figure.axes[:1])
        figure.draw_without_rendering()
        for axes, points in drawn:
            label_points(axes, [(row.policy, x, y) for row, x, y in points])
    return figure


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no other one beats in both, by the first.

    Parameters
    ----------
    points : sequence of (float, float)
        Two costs of each: the smaller the better.

    Returns
    -------
    list of (float, float)
        Those that are not dominated, the first cost rising and the second falling.
    """
    best: list[tuple[float, float]] = []
    for point in sorted(set(points)):
        if not best or point[1] < best[-1][1]:
            best.append(point)
    return best


def _complete(row: VariantRow, rows: Sequence[VariantRow]) -> bool:
    """Return whether a run completed as many jobs as any: less work takes less energy."""
    counts = [float(other.means.get("jobs_completed_count") or 0.0) for other in rows]
    return float(row.means.get("jobs_completed_count") or 0.0) >= max(counts) > 0.0


def _shown(
    rows: Sequence[VariantRow], choices: Sequence[tuple[str, float, str]]
) -> tuple[str, float, str] | None:
    """Return the first metric that as many runs have as have any, and at least two."""
    counts = [len(_points(rows, name, factor)) for name, factor, _ in choices]
    most = max(counts)
    return choices[counts.index(most)] if most > 1 else None


def _points(rows: Sequence[VariantRow], name: str, factor: float) -> list[Point]:
    return [
        (row, float(time_h), float(value) * factor) for row in rows
        if (time_h := row.means.get(_TIME)) is not None
        and (value := row.means.get(name)) is not None
    ]


def _draw(axes: Axes, table: VariantTable, points: Sequence[Point]) -> None:
    best = front([(x, y) for _, x, y in points])
    axes.step(*np.array(best).T, where="post", color=style.GREY, linestyle="--", zorder=1,
              label="Front")
    for place, variant in enumerate(table.variants):
        own = [(x, y) for row, x, y in points if row.variant == variant]
        if own:
            axes.plot(
                *np.array(own).T, label=variant, linewidth=0.8, zorder=2,
                **style.dots(place) | {"linestyle": "-"},
            )
    axes.set_xscale("log")
    axes.margins(0.12)
    for axis in (axes.xaxis, axes.yaxis):
        style.numbers(axis)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
