"""How figures look: colours, hatches, lines and areas that are constant in a step, time axes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import dates, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.report.timeline import Timeline, span

MAX_SITES: Final = 4
LEGEND_COLUMNS: Final = 5
WIDTH_IN: Final = 11.0
LEFT_IN: Final = 0.95
RIGHT_IN: Final = 0.4
DPI: Final = 110

# M. Okabe and K. Ito, "Color Universal Design," 2008: eight colours that stay apart for every
# common kind of colour vision. Yellow is too pale for a line on white and serves areas only.
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#bdbdbd"

LINE_COLOURS: Final = (BLACK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
LINE_STYLES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
BAR_HATCHES: Final = ("", "//", "\\\\", "..", "xx", "--", "++")

_LOOK: Final = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in Gridloom's style, whatever the user's own matplotlib settings are."""
    with style.context(["default", _LOOK]):
        yield


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG with the same bytes every time, and return where it is."""
    with house_style():
        figure.savefig(path, format="png", metadata={"Software": None})
    return path


def step_line(axes: Axes, edges_day: NDArray[np.float64], values: NDArray[np.float64],
              look: Mapping[str, Any]) -> None:
    """Draw a line that is constant between edges.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    edges_day : ndarray of float, shape (n + 1,)
        Bounds. [d]
    values : ndarray of float, shape (n,)
        Values between them. [unit of the axes]
    look : mapping
        Colour, label and so on, as `Axes.plot` knows them.
    """
    axes.plot(_doubled(edges_day), np.repeat(values, 2), **look)


def step_area(
    axes: Axes,
    edges_day: NDArray[np.float64],
    *,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    look: Mapping[str, Any],
) -> None:
    """Fill between two outlines that are constant between edges.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    edges_day : ndarray of float, shape (n + 1,)
        Bounds. [d]
    low, high : ndarray of float, shape (n,)
        Outlines between them. [unit of the axes]
    look : mapping
        Colour, label and so on, as `Axes.fill_between` knows them.
    """
    # Axes.stairs looks the same but walks every corner in Python: 0.14 s for a week of steps.
    axes.fill_between(
        _doubled(edges_day), np.repeat(low, 2), np.repeat(high, 2), linewidth=0.0, **look
    )


def _doubled(edges_day: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.repeat(edges_day, 2)[1:-1]


def time_axis(axes: Axes, line: Timeline) -> None:
    """Label the time axis with short dates in UTC, and say what one point is the mean of.

    Parameters
    ----------
    axes : Axes
        Where the timeline is drawn.
    line : Timeline
        What is drawn.
    """
    # matplotlib ships no types for these two constructors.
    locator = dates.AutoDateLocator(tz="UTC", minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    formatter = dates.ConciseDateFormatter(locator, tz="UTC")  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(line.edges_day[0], line.edges_day[-1])
    means = f"; means over {span(line.per_point * line.step_s)}" if line.per_point > 1 else ""
    axes.set_xlabel(f"Time (UTC){means}")


def side_by_side(title: str, count: int, *, top_in: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with a title, room for a legend, and panels beside each other.

    Parameters
    ----------
    title : str
        Its title.
    count : int
        Number of panels. [-]
    top_in : float
        Room above them for title and legend. [inch]

    Returns
    -------
    tuple
        The figure and its panels.
    """
    bottom_in, panel_in = 0.6, 4.2
    height_in = top_in + panel_in + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height_in))
    grid = figure.add_gridspec(
        1, count, left=LEFT_IN / WIDTH_IN, right=1 - RIGHT_IN / WIDTH_IN,
        top=1 - top_in / height_in, bottom=bottom_in / height_in, wspace=0.24,
    )
    figure.text(LEFT_IN / WIDTH_IN, 1 - 0.12 / height_in, title, va="top", fontsize=12,
                fontweight="bold")
    return figure, [figure.add_subplot(grid[0, place]) for place in range(count)]


def legend_above(figure: Figure, axes: Sequence[Axes], top_in: float) -> None:
    """Put one legend for all axes above them, where it covers no data.

    Parameters
    ----------
    figure : Figure
        The figure.
    axes : sequence of Axes
        Axes whose labelled artists to list, each label once.
    top_in : float
        Distance of the legend's upper edge from the top of the figure. [in]
    """
    found: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if not found:
        return
    columns = min(len(found), LEGEND_COLUMNS)
    figure.legend(
        _by_row(list(found.values()), columns),
        _by_row(list(found), columns),
        loc="upper left",
        bbox_to_anchor=(LEFT_IN / WIDTH_IN, 1 - top_in / figure.get_figheight()),
        ncols=columns,
        handlelength=2.4,
        borderaxespad=0.0,
    )


def _by_row(entries: list[Any], columns: int) -> list[Any]:
    """Reorder for a legend, which fills its columns first, so that it reads along its rows."""
    return [entry for column in range(columns) for entry in entries[column::columns]]
