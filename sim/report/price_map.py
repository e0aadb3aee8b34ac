"""A map of a network: mean prices at the buses, congestion on the lines."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from sim.grid.network.network import Network
from sim.grid.network.year import CONGESTED_USD_PER_MWH, MarketYear
from sim.report import style

Columns = NDArray[np.float64]

_MOST_NAMES: Final = 120
_APART: Final = 0.012
"""Buses nearer than this share of the map's width are named together."""
_LEAST_SPREAD: Final = 0.02
"""Prices that differ by less than this share have one colour."""
_RARELY: Final = 0.001
_THIN, _THICK = 0.9, 5.9
"""Widths of a line that is never and of one that is always at its limit."""


def price_map(year: MarketYear) -> Figure:
    """Draw mean prices where the buses are, and how often each line was at its limit.

    Parameters
    ----------
    year : MarketYear
        What the market gave.

    Returns
    -------
    Figure
        A map; where positions are unknown or the same, a graph laid out by the steps between buses.
    """
    network = year.network
    place, is_map = _positions(network)
    price = year.lmp_usd_per_mwh.mean(axis=0)
    with style.house_style():
        figure, axes = canvas(network, "mean prices and congestion", height_in=7.2)
        axes.set_position((0.07, 0.09, 0.76, 0.78))
        _draw_branches(axes, year, place)
        top = np.argsort(np.abs(price - np.median(price)))  # what is unusual lies on top
        dots = axes.scatter(place[top, 0], place[top, 1], c=price[top], cmap="viridis",
                            norm=_colours(price), s=70, zorder=3, edgecolor=style.BLACK,
                            linewidth=0.6)
        bar = figure.add_axes((0.87, 0.09, 0.02, 0.78))
        figure.colorbar(dots, cax=bar, label="Mean price (USD/MWh)")
        for names, point in _labels(network.buses.names, place):
            axes.annotate(names, point, xytext=(5, 5), textcoords="offset points", fontsize=7,
                          zorder=4, path_effects=[withStroke(linewidth=2, foreground="white")])
        _frame(axes, place, is_map=is_map)
        style.legend_above(figure, [axes])
    return figure


def canvas(network: Network, subject: str, *, height_in: float) -> tuple[Figure, Axes]:
    """Make a figure with a title and one pair of axes, with room for a legend between.

    Parameters
    ----------
    network : Network
        What the figure is of.
    subject : str
        What it shows.
    height_in : float
        Its height. [in]

    Returns
    -------
    Figure
        The figure.
    Axes
        Its axes.
    """
    figure = Figure(figsize=(style.width_in(), height_in))
    axes = figure.add_axes((0.09, 0.13, 0.86, 0.68))
    style.title(figure, f"{network.name}: {subject}")
    return figure, axes


def _colours(price: Columns) -> Normalize:
    middle = float(price.max() + price.min()) / 2
    spread = max(float(price.max() - price.min()), _LEAST_SPREAD * abs(middle), 1e-3)
    return Normalize(middle - spread / 2, middle + spread / 2)


def _labels(names: tuple[str, ...], place: Columns) -> Iterator[tuple[str, tuple[float, float]]]:
    """Names of buses that stand apart, or of several that do not; none where there are too many."""
    if len(names) > _MOST_NAMES:
        return
    width = float(np.ptp(place, axis=0).max())
    left = list(range(len(names)))
    while left:
        near = [k for k in left if np.abs(place[k] - place[left[0]]).max() <= _APART * width]
        yield ", ".join(names[k] for k in near), (place[left[0], 0], place[left[0], 1])
        left = [k for k in left if k not in near]


def _positions(network: Network) -> tuple[Columns, bool]:
    """Where to draw the buses, and whether that is longitude and latitude."""
    buses = network.buses
    place = np.column_stack([buses.longitude_deg, buses.latitude_deg])
    if np.isfinite(place).all() and len(np.unique(place, axis=0)) == len(place):
        return place, True
    return _layout(network), False


def _layout(network: Network) -> Columns:
    # Distances resemble the steps between buses: W. S. Torgerson, "Multidimensional scaling,"
    # Psychometrika 17, 401-419, 1952.
    size = len(network.buses.names)
    ends = (np.concatenate([network.lines.from_bus, network.links.from_bus]),
            np.concatenate([network.lines.to_bus, network.links.to_bus]))
    joined = coo_array((np.ones(len(ends[0])), ends), shape=(size, size)).tocsr()
    steps = shortest_path(joined, directed=False, unweighted=True)
    steps[~np.isfinite(steps)] = steps[np.isfinite(steps)].max() + 2.0  # islands apart
    centre = np.eye(size) - 1.0 / size
    values, vectors = np.linalg.eigh(-0.5 * centre @ steps**2 @ centre)
    largest = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1][:, :2]
    return np.pad(largest, ((0, 0), (0, 2 - largest.shape[1])))  # a single bus has one axis


def _draw_branches(axes: Axes, year: MarketYear, place: Columns) -> None:
    network = year.network
    often = (year.limit_price_usd_per_mwh > CONGESTED_USD_PER_MWH).mean(axis=0)
    of_links, of_lines = np.split(often, [len(network.links.names)])
    kinds = ((network.links, "--", of_links), (network.lines, "-", of_lines))
    for branches, dashes, share in kinds:
        ends = np.stack([place[branches.from_bus], place[branches.to_bus]], axis=1)
        colours = np.where(share > _RARELY, style.VERMILION, style.GREY).tolist()
        widths = (_THIN + (_THICK - _THIN) * share).tolist()
        axes.add_collection(LineCollection(list(ends), linewidths=widths, linestyles=dashes,
                                           colors=colours, zorder=2))
    axes.add_line(Line2D([], [], color=style.GREY, linewidth=_THIN, label="Line"))
    if network.links.names:
        axes.add_line(Line2D([], [], color=style.GREY, linewidth=_THIN, linestyle="--",
                             label="Direct current"))
    for share_percent in (10, 50) if (often > _RARELY).any() else ():
        width = _THIN + (_THICK - _THIN) * share_percent / 100
        axes.add_line(Line2D([], [], color=style.VERMILION, linewidth=width,
                             label=f"At its limit {share_percent} % of the hours"))


def _frame(axes: Axes, place: Columns, *, is_map: bool) -> None:
    axes.grid(visible=is_map)
    axes.margins(0.06)
    axes.autoscale_view()
    if is_map:
        axes.set_aspect(1.0 / np.cos(np.radians(place[:, 1].mean())), adjustable="datalim")
        axes.set_xlabel("Longitude (degree)")
        axes.set_ylabel("Latitude (degree)")
    else:
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel("Positions unknown or the same: laid out by the steps between buses")
