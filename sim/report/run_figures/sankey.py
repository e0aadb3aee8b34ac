"""Bands of energy from its sources to its uses, as wide as their kWh."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas
from sim.report.run_figures.flows import Flow, Flows, energy_flows
from sim.report.run_figures.layers import SOURCES, USES

_LOOKS: Final = MappingProxyType(
    {layer.label: layer.look for layer in (*SOURCES, *USES)}
    | {
        "From battery stock": {"facecolor": style.GREEN},
        "Left in batteries": {"facecolor": style.GREEN},
        "Battery losses": {"facecolor": "#a6dccb", "edgecolor": style.GREEN, "hatch": "///"},
    }
)
_BUS: Final = (0.48, 0.52)
_NODE: Final = 0.025
_GAP_IN: Final = 0.07
_LABEL_IN: Final = 0.34
"""Height of a label of two lines. [inch]."""


def energy_sankey(run: Run) -> Figure | None:
    """Draw the run's energy from its sources through the sites to its uses.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        Bands as wide as their energy, which each label tells; None if there was none.
    """
    flows = energy_flows(run)
    if not flows.sources:
        return None
    with style.house_style():
        labels_in = _LABEL_IN * max(len(flows.sources), len(flows.uses))
        height_in = labels_in + (2.4 if style.narrow() else 3.2)
        figure, (row,) = canvas(run, "energy from sources to uses", [height_in])
        axes = figure.add_subplot(row)
        box = axes.get_position()
        side = 0.02
        axes.set_position((side, box.y0, 1.0 - 2.0 * side, box.height))
        axes.axis("off")
        _draw(axes, flows, height_in - 0.1)
        style.legend_above(figure, [axes])
    return figure


def _draw(axes: Axes, flows: Flows, height_in: float) -> None:
    """Draw in inches from bottom to top, and in fractions of the width from left to right."""
    total = sum(flow.energy_kwh for flow in flows.sources)
    sides = [np.array([flow.energy_kwh for flow in side]) for side in (flows.sources, flows.uses)]
    in_per_kwh = min(
        largest_scale(side, height_in - _GAP_IN * (len(side) - 1), least=_LABEL_IN)
        for side in sides
    )
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-0.05, height_in + 0.05)
    middle, tall = 0.5 * height_in, total * in_per_kwh
    axes.add_patch(Rectangle((_BUS[0], middle - 0.5 * tall), _BUS[1] - _BUS[0], tall,
                             facecolor="#4d4d4d"))
    axes.text(0.5, middle, f"{flows.place}: {_kwh(total)}", ha="center", va="center", rotation=90,
              fontsize=8.5, color="white")
    near = (0.365, 0.635) if style.narrow() else (0.22, 0.78)
    for side, x, bus_x in zip((flows.sources, flows.uses), near, _BUS, strict=True):
        _draw_side(axes, side, x=(x, bus_x), in_per_kwh=in_per_kwh, middle_in=middle)


def _draw_side(
    axes: Axes, flows: Sequence[Flow], *, x: tuple[float, float], in_per_kwh: float,
    middle_in: float,
) -> None:
    heights = np.array([flow.energy_kwh for flow in flows]) * in_per_kwh
    slots = np.maximum(heights, _LABEL_IN)
    whole = slots.sum() + _GAP_IN * (len(slots) - 1)
    slot_tops = middle_in + 0.5 * whole - np.concatenate([[0.0], np.cumsum(slots + _GAP_IN)[:-1]])
    bus_tops = middle_in + 0.5 * heights.sum() - np.concatenate([[0.0], np.cumsum(heights)[:-1]])
    is_source, total = x[0] < x[1], heights.sum()
    node_x = x[0] - _NODE if is_source else x[0]
    text_x = x[0] + (-1.0 if is_source else 1.0) * (_NODE + 0.012)
    for flow, height, centre, bus_top in zip(
        flows, heights, slot_tops - 0.5 * slots, bus_tops, strict=True
    ):
        look = _LOOKS.get(flow.label, {"facecolor": style.GREY})
        top = centre + 0.5 * height
        axes.add_patch(_band((x[0], top), (x[1], bus_top), float(height), look))
        axes.add_patch(Rectangle((node_x, top - height), _NODE, height, **_edged(look)))
        axes.text(text_x, centre, f"{flow.label}\n{_kwh(flow.energy_kwh)}, "
                  f"{100.0 * height / total:.1f} %", ha="right" if is_source else "left",
                  va="center", fontsize=8.2, linespacing=1.05)


def largest_scale(
    energies_kwh: NDArray[np.float64], room_in: float, *, least: float
) -> float:
    """Return the scale at which flows fill a height, none in less room than its label needs.

    Parameters
    ----------
    energies_kwh : ndarray of float, shape (n,)
        Flows, all positive. [kWh]
    room_in : float
        Height for all of them, more than their labels need. [inch]
    least : float
        Room that each takes at least. [inch]

    Returns
    -------
    float
        Inches per kWh.
    """
    falling = np.sort(energies_kwh)[::-1]
    count = np.arange(1, len(falling) + 1)
    # With the n largest drawn to scale, the others take the least: the scale that fits is the
    # smallest of these, because max(energy * scale, least) only grows as n does.
    scales = (room_in - least * (len(falling) - count)) / np.cumsum(falling)
    return float(scales.min())


def _band(near: tuple[float, float], far: tuple[float, float], height: float,
          look: dict[str, Any]) -> PathPatch:
    (x0, y0), (x1, y1) = near, far
    middle = 0.5 * (x0 + x1)
    points = [
        (x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 - height), (middle, y1 - height),
        (middle, y0 - height), (x0, y0 - height), (x0, y0),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=look["facecolor"], alpha=0.55, linewidth=0.0)


def _edged(look: dict[str, Any]) -> dict[str, Any]:
    return {"edgecolor": style.BLACK, "linewidth": 0.5} | look


def _kwh(energy_kwh: float) -> str:
    return f"{energy_kwh:,.0f} kWh" if energy_kwh >= 10.0 else f"{energy_kwh:.2g} kWh"
