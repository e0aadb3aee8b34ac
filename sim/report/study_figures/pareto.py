"""The figure of the Pareto front: cost against carbon, who is not beaten, and how surely."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.report import style
from sim.report.evidence import Candidate, Front
from sim.report.study_figures.names import label_points
from sim.report.study_figures.performance import front
from sim.report.study_figures.results import StudyResults, value_text
from sim.report.study_tables import metric_of

_MOST_NAMES: Final = 12
_SMALLEST, _LARGEST = 25.0, 120.0
"""Area of the markers of the shortest and the longest completion time. [pt2]"""
_SURE: Final = 0.995


def pareto_figure(results: StudyResults) -> Figure | None:
    """Draw cost against carbon with the front of those that nobody beats in both.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A marker a policy and point, its size by the completion time; None where cost or carbon is
        unknown, or there is one candidate only.
    """
    found = results.evidence.front
    if found is None or len(found.metrics) < 2:
        return None
    across, up = (metric_of(name) for name in found.metrics[:2])
    with style.house_style():
        figure, grid = style.canvas([3.4 if style.narrow() else 4.8])
        style.title(figure, f"{results.table.scenario}: {across.label.lower()} against "
                            f"{up.label.lower()}, {results.seeds_told}", note=_note(found))
        axes = figure.add_subplot(grid[0])
        _draw(axes, found, results.table.policies)
        axes.set_xlabel(across.title)
        axes.set_ylabel(up.title)
        axes.margins(0.12)
        for axis in (axes.xaxis, axes.yaxis):
            style.numbers(axis)
        axes.locator_params(axis="x", nbins=4 if style.narrow() else 7)
        style.legend_above(figure, [axes])
        figure.draw_without_rendering()
        label_points(axes, _names(results, found), ring_points=7.0)
    return figure


def _note(found: Front) -> str:
    if len(found.metrics) < 3:
        return "Down and left is better."
    time = metric_of(found.metrics[2])
    return (f"Down and left is better; the larger a marker, the longer the "
            f"{time.label.lower()}. A ring: not beaten in all {len(found.metrics)}.")


def _draw(axes: Axes, found: Front, policies: Sequence[str]) -> None:
    line = np.array(front([_place(one) for one in found.candidates]))
    axes.step(line[:, 0], line[:, 1], where="post", color=style.GREY, linestyle="--", zorder=1,
              label="Front")
    sizes = _sizes(found)
    many = len(found.candidates) > 200
    for place, policy in enumerate(policies):
        own = [k for k, one in enumerate(found.candidates) if one.policy == policy]
        if not own:
            continue
        x, y = np.array([_place(found.candidates[k]) for k in own]).T
        look = style.look(place)
        ringed = np.array([found.candidates[k].on_front for k in own])
        axes.scatter(x, y, s=sizes[own], marker=look["marker"], color=look["color"], zorder=2,
                     alpha=0.5 if many else 0.85, linewidth=0.6, edgecolor="white")
        axes.scatter(x[ringed], y[ringed], s=sizes[own][ringed] * 1.5 + 50, marker="o", zorder=3,
                     facecolor="none", edgecolor=style.BLACK, linewidth=0.9)
        # A handle of its own, as the markers differ in size.
        axes.add_line(Line2D([], [], label=policy, **style.dots(place)))
    if len(found.metrics) > 2:
        axes.add_line(Line2D([], [], linestyle="none", marker="o", markersize=10,
                             markerfacecolor="none", color=style.BLACK,
                             label=f"Not beaten in all {len(found.metrics)}"))


def _sizes(found: Front) -> np.ndarray:
    """Return the area of each candidate's marker."""
    count = len(found.candidates)
    if len(found.metrics) < 3:
        return np.full(count, 50.0)
    time = np.array([one.values[2] for one in found.candidates])
    spread = np.ptp(time) or 1.0
    largest = _LARGEST if count <= 200 else 0.4 * _LARGEST
    return np.asarray(_SMALLEST + (largest - _SMALLEST) * (time - time.min()) / spread)


def _place(candidate: Candidate) -> tuple[float, float]:
    return candidate.values[0], candidate.values[1]


def _names(results: StudyResults, found: Front) -> list[tuple[str, float, float]]:
    """Name the candidates if they are few, else those of the front if those are."""
    unbeaten = set(front([_place(one) for one in found.candidates]))
    for shown in (list(found.candidates),
                  [one for one in found.candidates if _place(one) in unbeaten]):
        if len(shown) <= _MOST_NAMES:
            return [(_name(results, one), *_place(one)) for one in shown]
    return []


def _name(results: StudyResults, candidate: Candidate) -> str:
    """Name a candidate by its place, or by its policy if there is one place only."""
    table = results.table
    if len(table.points) == 1:
        name = candidate.policy
    elif table.axes:
        row = table.runs.loc[table.runs["point"] == candidate.point].iloc[0]
        name = ", ".join(value_text(row[axis.name]) for axis in table.axes)
    else:
        name = candidate.point
    chance = candidate.front_fraction or 0.0
    return f"{name} ({100.0 * chance:.0f} %)" if 0.0 < chance < _SURE else name
