"""Panels whose rows have names."""

from collections.abc import Sequence
from math import radians, sin
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style

_LEAST_PANEL_IN: Final = 1.6
_LETTER_IN: Final = 0.075
_TILT_DEGREES: Final = 30.0


def named_panels(
    count: int, height_in: float, *, names: Sequence[str], spare_in: float = 0.2
) -> tuple[Figure, list[Axes], float]:
    """Return a figure with panels beside each other, as many as fit, each with names on its left.

    Parameters
    ----------
    count : int
        Number of panels. [-]
    height_in : float
        Height of each. [inch]
    names : sequence of str
        All names.
    spare_in : float
        Room on the right of each panel. [inch]

    Returns
    -------
    tuple
        The figure, its panels, and where the first ones begin. [inch]
    """
    name_in = 0.35 + 0.085 * max(map(len, names))
    gap_in = name_in + spare_in
    fitting = next((n for n in range(count, 1, -1)
                    if style.width_in() / n >= gap_in + _LEAST_PANEL_IN), 1)
    rows = -(-count // fitting)
    columns = -(-count // rows)
    figure, grid = style.canvas([height_in] * rows, columns=columns, gap_in=0.75,
                                from_left_in=name_in)
    panel_in = style.width_in() / columns - gap_in
    grid.update(right=1.0 - spare_in / style.width_in(), wspace=gap_in / panel_in)
    return figure, [figure.add_subplot(grid[place]) for place in range(count)], name_in


def fall_in(names: Sequence[str], room_in: float) -> float:
    """Return how far names below an axis reach down if they must be tilted to fit.

    Parameters
    ----------
    names : sequence of str
        Names of the ticks.
    room_in : float
        Width of the axis. [inch]

    Returns
    -------
    float
        0 if they fit as they are. [inch]
    """
    longest_in = _LETTER_IN * max(map(len, names), default=0) + 0.1
    fits = longest_in * len(names) <= room_in
    return 0.0 if fits else longest_in * sin(radians(_TILT_DEGREES))


def tilt(axes: Axes) -> None:
    """Tilt the names below an axis."""
    for text in axes.get_xticklabels():
        text.set(rotation=_TILT_DEGREES, ha="right", va="top", rotation_mode="anchor")
