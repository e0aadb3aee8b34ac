"""How figures look: colours, hatches, titles, legends, lines constant in a step, time axes.

A figure is laid out on `width_in()` inches; `sim.report.sizes` tells what a paper makes of that.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import dates, rc_context, style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from sim.report.files import write
from sim.report.sizes import LEFT_IN, SCREEN, current, left, narrow, right, sized, width_in
from sim.report.timeline import Timeline, span

__all__ = [
    "bar_look", "canvas", "dots", "house_style", "left", "legend_above", "look", "narrow",
    "numbers", "right", "save", "save_all", "side_by_side", "sized", "step_area", "step_line",
    "time_axis", "title", "width_in", "wrapped",
]  # fmt: skip

MAX_SITES: Final = 4
LEGEND_COLUMNS: Final = 5
_MARGIN_IN: Final = 0.12
_LINE_IN: Final = 0.28
"""Height of a title or note with the space below it. [inch]"""
_DATE_IN: Final = 0.55
"""Width of a date below a time axis. [inch]"""
_LETTER_IN: Final = 0.085
"""Width of a letter of an axes' title, on average. [inch]"""
_MILLION: Final = 1e6
_ROW_IN: Final = 0.18
"""Height of a row of an axes' title. [inch]"""

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
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
HEAT: Final = "viridis"
"""Colours of heat maps: even steps in lightness, for every common kind of colour vision."""

_LOOK: Final = {
    "figure.dpi": SCREEN.dpi,
    "savefig.dpi": SCREEN.dpi,
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
    "pdf.fonttype": 42,  # text of a PDF as text; journals refuse the default, Type 3
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in Gridloom's style, whatever the user's own matplotlib settings are."""
    with style.context(["default", _LOOK]):
        yield


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, SVG or PDF, as its name says, always the same bytes."""
    size = current()
    with house_style(), rc_context({"svg.hashsalt": path.stem}):
        write(figure, path, scale=size.scale, dpi=size.dpi)
    return path


def save_all(figures: Mapping[str, Figure | None], folder: Path,
             file_format: str = "png") -> tuple[Path, ...]:
    """Write the figures that there are, and remove what an earlier study left of the others.

    Parameters
    ----------
    figures : mapping of str to Figure or None
        By name; None where there is nothing to show.
    folder : Path
        Existing folder.
    file_format : {'png', 'svg', 'pdf'}
        Format, which is also the files' suffix.

    Returns
    -------
    tuple of Path
        The files written.
    """
    paths = {name: folder / f"{name}.{file_format}" for name in figures}
    for name, figure in figures.items():
        if figure is None:
            paths[name].unlink(missing_ok=True)
    return tuple(save(figure, paths[name]) for name, figure in figures.items() if figure)


def title(figure: Figure, text: str, *, note: str = "", from_left_in: float | None = None) -> None:
    """Say what a figure shows: above it on the screen, for the caption of a paper.

    Parameters
    ----------
    figure : Figure
        The figure; `Figure.get_label` gives the words from now on.
    text : str
        What it shows.
    note : str
        A sentence to read it by.
    from_left_in : float or None
        Where to begin, if not where axes usually do. [inch]
    """
    figure.set_label(f"{text}. {note}" if note else text)
    if not current().titled:
        return
    from_left_in = LEFT_IN if from_left_in is None else from_left_in
    fonts: tuple[dict[str, Any], ...] = ({"fontsize": 12, "fontweight": "bold"}, {"fontsize": 9.5})
    for line, (words, font) in enumerate(zip((text, note), fonts, strict=True)):
        if words:
            place = offset_copy(figure.transFigure, figure, units="inches", x=from_left_in,
                                y=-_MARGIN_IN - line * _LINE_IN)
            figure.text(0.0, 1.0, words, transform=place, va="top", **font)


def numbers(axis: Axis) -> None:
    """Write the numbers of an axis with separators of thousands, from a million on in millions."""
    axis.set_major_formatter(
        lambda value, _: f"{value:,.6g}" if max(map(abs, axis.get_view_interval())) < _MILLION
        else f"{value / _MILLION:,.6g} M"
    )


def wrapped(text: str, room_in: float) -> str:
    """Break the title of axes into lines that are not wider than the room for them."""
    return textwrap.fill(text, max(8, int(room_in / _LETTER_IN)))


def look(place: int) -> dict[str, Any]:
    """Return colour, line style and marker of the n-th of several lines; no two share all."""
    return {
        "color": LINE_COLOURS[place % len(LINE_COLOURS)],
        "linestyle": LINE_STYLES[place % len(LINE_STYLES)],
        "marker": _nth(MARKERS, place),
    }


def dots(place: int) -> dict[str, Any]:
    """Return the look of the n-th of several kinds of markers without a line."""
    return look(place) | {"linestyle": "none", "markersize": 7, "markeredgecolor": "white",
                          "markeredgewidth": 0.8}


def bar_look(place: int) -> dict[str, Any]:
    """Return colour and hatch of the n-th of several bars; no two of 49 share both."""
    return {"facecolor": LINE_COLOURS[place % len(LINE_COLOURS)],
            "hatch": _nth(BAR_HATCHES, place)}


def _nth(looks: Sequence[str], place: int) -> str:
    """Return the n-th look; shifted by one when the colours begin again."""
    return looks[(place + place // len(LINE_COLOURS)) % len(looks)]


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
    most = min(9, max(3, int(axes.get_window_extent().width / axes.figure.dpi / _DATE_IN)))
    locator = dates.AutoDateLocator(  # type: ignore[no-untyped-call]
        tz="UTC", minticks=min(4, most), maxticks=most
    )
    formatter = dates.ConciseDateFormatter(locator, tz="UTC")  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(line.edges_day[0], line.edges_day[-1])
    means = f"; means over {span(line.per_point * line.step_s)}" if line.per_point > 1 else ""
    axes.set_xlabel(f"Time (UTC){means}", loc="left" if narrow() else "center")


def legend_above(figure: Figure, axes: Sequence[Axes] = ()) -> None:
    """Put one legend for all axes above them, where it covers no data, and make it room.

    Parameters
    ----------
    figure : Figure
        The figure, all drawn but for names beside points.
    axes : sequence of Axes
        Axes whose labelled artists to list, each label once; without any there is no legend, but
        the room above the axes is still made to fit.
    """
    found: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    # Titles hang from the top; what else stands beside the axes does not.
    lines = sum(text.get_verticalalignment() == "top" for text in figure.texts)
    from_top_in = _MARGIN_IN + lines * _LINE_IN
    if found:
        legend = _widest_legend(figure, found, from_top_in)
        from_top_in += legend.get_window_extent().height / figure.dpi
    titles = [text for one in figure.axes if (text := one.get_title(loc="left"))]
    rows = max((text.count("\n") + 1 for text in titles), default=0)
    _make_room(figure, from_top_in + _MARGIN_IN + rows * _ROW_IN)


def _widest_legend(figure: Figure, found: Mapping[str, Any], from_top_in: float) -> Legend:
    """Draw the legend in as many columns as fit."""
    place = offset_copy(figure.transFigure, figure, units="inches", y=-from_top_in,
                        x=0.1 if narrow() else LEFT_IN)
    for columns in range(min(len(found), LEGEND_COLUMNS), 0, -1):
        legend = figure.legend(
            _by_row(list(found.values()), columns), _by_row(list(found), columns),
            loc="upper left", bbox_to_anchor=(0.0, 1.0), bbox_transform=place, ncols=columns,
            handlelength=2.4, borderaxespad=0.0, columnspacing=1.2 if narrow() else 2.0,
        )
        if columns == 1 or legend.get_window_extent().x1 <= figure.bbox.x1:
            break
        legend.remove()
    return legend


def _make_room(figure: Figure, header_in: float) -> None:
    """Let axes begin below a header: the figure grows; without a title it also shrinks."""
    boxes = [axes.get_position() for axes in figure.axes]
    height_in = figure.get_figheight()
    more_in = header_in - height_in * (1.0 - max((box.y1 for box in boxes), default=1.0))
    if not boxes or (more_in <= 0.0 and current().titled):
        return
    ratio = height_in / (height_in + more_in)
    figure.set_figheight(height_in + more_in)
    for axes, box in zip(figure.axes, boxes, strict=True):
        axes.set_position((box.x0, box.y0 * ratio, box.width, box.height * ratio))


def _by_row(entries: list[Any], columns: int) -> list[Any]:
    """Reorder for a legend, which fills its columns first, so that it reads along its rows."""
    return [entry for column in range(columns) for entry in entries[column::columns]]


def canvas(heights_in: Sequence[float], *, columns: int = 1, gap_in: float = 0.5,
           bottom_in: float = 0.6, from_left_in: float | None = None) -> tuple[Figure, GridSpec]:
    """Return a figure with a grid for axes; `title` and `legend_above` make room above it.

    Parameters
    ----------
    heights_in : sequence of float
        Height of each row of axes. [inch]
    columns : int
        Axes beside each other. [-]
    gap_in : float
        Height between two rows, for titles and labels. [inch]
    bottom_in : float
        Height below the last row. [inch]
    from_left_in : float or None
        Where axes begin, if not where they usually do. [inch]

    Returns
    -------
    tuple
        The figure and the grid.
    """
    rows_in = sum(heights_in)
    height_in = _MARGIN_IN + rows_in + gap_in * (len(heights_in) - 1) + bottom_in
    figure = Figure(figsize=(width_in(), height_in))
    grid = figure.add_gridspec(
        len(heights_in), columns, height_ratios=heights_in,
        left=left() if from_left_in is None else from_left_in / width_in(), right=right(),
        top=1 - _MARGIN_IN / height_in, bottom=bottom_in / height_in,
        hspace=gap_in * len(heights_in) / rows_in, wspace=0.24,
    )
    return figure, grid


def side_by_side(count: int, *, bottom_in: float = 0.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels beside each other, or below where the figure is narrow."""
    if narrow():
        figure, grid = canvas([2.9] * count, gap_in=bottom_in + 0.25, bottom_in=bottom_in)
    else:
        figure, grid = canvas([4.2], columns=count, bottom_in=bottom_in)
    return figure, [figure.add_subplot(grid[place]) for place in range(count)]
