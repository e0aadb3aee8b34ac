"""Names beside points, where they cover neither points nor each other."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from sim.report import style

Array = NDArray[np.float64]
Named = tuple[str, float, float]
"""A name and its point, in the units of the axes."""

_LABEL_POINTS: Final = 8.5
_POINTS_PER_IN: Final = 72.0
_APART_POINTS: Final = 49.0
_AROUND: Final = np.array([
    (reach, dx, dy)
    for reach in (3, 12, 24, 38, 56)
    for dx, dy in ((1, 0), (0.7, 0.7), (0.7, -0.7), (-1, 0), (-0.7, 0.7), (-0.7, -0.7), (0, 1),
                   (0, -1))
])
"""Where a name may stand: distance from the marker [pt], direction; the better first."""


def label_points(axes: Axes, points: Sequence[Named], *, ring_points: float = 4.0) -> None:
    """Write names beside points, where that covers neither points nor names.

    Parameters
    ----------
    axes : Axes
        Where they are drawn; the figure must have been laid out.
    points : sequence of (str, float, float)
        Name and place of each, in the units of the axes; those of one name that are close together
        are named once.
    ring_points : float
        Radius of the markers to keep clear of. [pt]
    """
    to_points = _POINTS_PER_IN / axes.figure.dpi
    spots = to_points * axes.transData.transform([point[1:] for point in points])
    taken = [_box(spot - ring_points, np.full(2, 2.0 * ring_points)) for spot in spots]
    named: dict[str, list[Array]] = {}
    for point, spot in zip(points, spots, strict=True):
        others = named.setdefault(point[0], [])
        if all(math.dist(spot, other) > _APART_POINTS for other in others):
            others.append(spot)
            taken.append(_place(axes, point, spot, np.array(taken), ring_points))


def _place(axes: Axes, point: Named, spot: Array, taken: Array, ring_points: float) -> Array:
    """Write a name at the best of the places around a point; all in points of the figure."""
    note = axes.annotate(
        point[0], point[1:], textcoords="offset points", xytext=(0, 0), fontsize=_LABEL_POINTS,
        annotation_clip=False, arrowprops={"arrowstyle": "-", "color": style.BLACK,
                                           "linewidth": 0.5, "shrinkA": 0, "shrinkB": 4},
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )
    to_points = _POINTS_PER_IN / axes.figure.dpi
    size = to_points * np.array(note.get_window_extent().size)
    frame = to_points * axes.get_window_extent().get_points().ravel()
    away = ring_points + _AROUND[:, :1]
    side = np.sign(np.round(_AROUND[:, 1:]))
    boxes = _box(spot + away * _AROUND[:, 1:] - size * (1.0 - side) / 2.0, size)
    covered = _overlaps(boxes, taken).sum(axis=1)
    outside = size.prod() - _overlaps(boxes, frame[np.newaxis])[:, 0]
    best: Array = boxes[np.argmin(covered + outside)]
    note.set_position((best[0] - spot[0], best[1] - spot[1]))
    return best


def _box(corner: Array, size: Array) -> Array:
    """Return left, bottom, right and top of boxes."""
    return np.concatenate([corner, corner + size], axis=-1)


def _overlaps(boxes: Array, others: Array) -> Array:
    """Return the area that each box shares with each other one."""
    low = np.maximum(boxes[:, np.newaxis, :2], others[:, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[:, 2:])
    return np.asarray(np.clip(high - low, 0.0, None).prod(axis=2))
