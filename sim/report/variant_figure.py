"""The figure of a scenario's variants: cost against carbon."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from sim.report import style
from sim.report.variants import VariantRow, VariantTable

Spot = tuple[float, float]
"""A place in the figure. [pixel]"""

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")

_COST: Final = "cost_total_usd"
_PANELS: Final = (
    ("carbon_operational_location_kg", "Carbon, average intensity (kgCO2e)"),
    ("carbon_marginal_kg", "Carbon, marginal intensity (kgCO2e)"),
)
_LABEL_POINTS: Final = 8.5
_APART_PX: Final = 75.0
_AROUND: Final = tuple(
    (reach * dx, reach * dy)
    for reach in (7, 16, 28, 42, 60)
    for dx, dy in ((1, 0), (0.7, 0.7), (0.7, -0.7), (-1, 0), (-0.7, 0.7), (-0.7, -0.7), (0, 1),
                   (0, -1))
)
"""Where a label may stand from its point, the better first. [pt]"""


def variants_figure(table: VariantTable) -> Figure | None:
    """Draw cost against carbon: one marker a variant and policy, one panel an accounting.

    Parameters
    ----------
    table : VariantTable
        The variants.

    Returns
    -------
    Figure or None
        None if the scenario knows no cost, or neither of the emissions.
    """
    panels = [(name, title) for name, title in _PANELS if _points(table.rows, name)]
    if not panels:
        return None
    with style.house_style():
        title = f"{table.scenario}: cost and carbon of its variants"
        figure, frames = style.side_by_side(title, len(panels), top_in=0.85)
        for axes, (name, heading) in zip(frames, panels, strict=True):
            _draw(axes, table, name)
            axes.set_title(heading)
            axes.set_xlabel("Total cost (USD)")
        style.legend_above(figure, figure.axes[:1], top_in=0.42)
        figure.draw_without_rendering()
        for axes, (name, _) in zip(figure.axes, panels, strict=True):
            points = _points(table.rows, name)
            label_points(axes, [(row.variant, cost, carbon) for row, cost, carbon in points])
    return figure


def write_variants_figure(table: VariantTable, path: Path) -> Path | None:
    """Write the figure as PNG; return where it is, or None if there is nothing to draw."""
    figure = variants_figure(table)
    if figure is None:
        path.unlink(missing_ok=True)
        return None
    return style.save(figure, path)


def _points(rows: Sequence[VariantRow], name: str) -> list[tuple[VariantRow, float, float]]:
    """Return the rows whose cost and carbon are known, with both."""
    return [
        (row, float(cost), float(carbon)) for row in rows
        if (cost := row.means.get(_COST)) is not None
        and (carbon := row.means.get(name)) is not None
    ]


def _draw(axes: Axes, table: VariantTable, name: str) -> None:
    for variant in table.variants:
        known = _points([row for row in table.rows if row.variant == variant], name)
        axes.plot([cost for _, cost, _ in known], [carbon for *_, carbon in known],
                  color=style.GREY, linewidth=1.0, zorder=1)
    for place, policy in enumerate(table.policies):
        known = _points([row for row in table.rows if row.policy == policy], name)
        axes.plot(
            [cost for _, cost, _ in known], [carbon for *_, carbon in known], label=policy,
            linestyle="none", marker=MARKERS[place % len(MARKERS)], markersize=7,
            color=style.LINE_COLOURS[place % len(style.LINE_COLOURS)], markeredgecolor="white",
            markeredgewidth=0.8, zorder=2,
        )
    axes.margins(0.12)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    axes.locator_params(axis="x", nbins=6)


def label_points(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Write names beside points, where that covers neither points nor names.

    Parameters
    ----------
    axes : Axes
        Where they are drawn; the figure must have been laid out.
    points : sequence of (str, float, float)
        Name and place of each, in the units of the axes; those of one name that are close together
        are named once.
    """
    spots: list[Spot] = [
        (float(x), float(y)) for x, y in axes.transData.transform([point[1:] for point in points])
    ]
    taken = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in spots]
    for name in dict.fromkeys(name for name, *_ in points):
        named: list[Spot] = []
        for spot in (spot for spot, (other, *_) in zip(spots, points, strict=True)
                     if other == name):
            if all(math.dist(spot, other) > _APART_PX for other in named):
                named.append(spot)
                taken.append(_place(axes, name, spot, taken))


def _place(axes: Axes, text: str, spot: Spot, taken: Sequence[Bbox]) -> Bbox:
    """Write a name at the best of the places around a point."""
    pixels = style.DPI / 72.0
    note = axes.annotate(
        text, spot, xycoords="figure pixels", textcoords="offset points", xytext=(0, 0),
        fontsize=_LABEL_POINTS, annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": style.BLACK, "linewidth": 0.5, "shrinkA": 0,
                    "shrinkB": 4},
    )
    size, frame = note.get_window_extent(), axes.get_window_extent()
    choices = []
    for effort, (dx, dy) in enumerate(_AROUND):
        x = spot[0] + dx * pixels - (size.width * (1 - np.sign(round(dx))) / 2)
        y = spot[1] + dy * pixels - (size.height * (1 - np.sign(round(dy))) / 2)
        box = Bbox.from_bounds(x, y, size.width, size.height)
        covered = sum(_overlap(box, other) for other in taken)
        outside = box.width * box.height - _overlap(box, frame)
        choices.append((covered + outside, effort, box))
    _, _, box = min(choices, key=lambda choice: choice[:2])
    note.set_position(((box.x0 - spot[0]) / pixels, (box.y0 - spot[1]) / pixels))
    return box


def _overlap(one: Bbox, other: Bbox) -> float:
    common = Bbox.intersection(one, other)
    return 0.0 if common is None else common.width * common.height
