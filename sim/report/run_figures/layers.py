"""Sources and uses of a site's power: their columns, names and looks, and how they are stacked."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sim.report import style
from sim.units import KW, MW

Values = NDArray[np.float64]

NOTHING_KW: Final = 1e-6
"""Rounding in the balance is no flow, and has no place in the legend. [kW]."""

_MEGAWATTS_FROM_KW: Final = 20_000.0


class Layer(NamedTuple):
    """A column of the steps, its name for people, and its look."""

    column: str
    label: str
    look: dict[str, Any]


def _plain(colour: str) -> dict[str, Any]:
    return {"facecolor": colour}


def _hatched(colour: str, edge: str, hatch: str) -> dict[str, Any]:
    return {"facecolor": colour, "edgecolor": edge, "hatch": hatch}


SOURCES: Final = (
    Layer("solar_kw", "Solar", _plain(style.YELLOW)),
    Layer("wind_kw", "Wind", _plain(style.SKY)),
    Layer("battery_discharge_kw", "Battery discharge", _plain(style.GREEN)),
    Layer("grid_import_kw", "Grid import", _plain(style.GREY)),
    Layer("backup_kw", "Backup generator", _hatched("#e8d5c4", "#7a4b20", "++++")),
    Layer("unserved_kw", "Unserved", _hatched("#fbe3d6", style.VERMILION, "xxxx")),
)
"""Where power comes from; what nobody supplied closes the balance."""

SURPLUS: Final = (
    Layer("battery_charge_kw", "Battery charge", _hatched("#a6dccb", style.GREEN, "///")),
    Layer("grid_export_kw", "Grid export", _hatched("#a9cbe2", style.BLUE, "\\\\\\")),
    Layer("curtailed_kw", "Curtailed", _hatched("#fdf3dc", style.ORANGE, "....")),
)
"""Where power goes besides the load."""

LOAD: Final = (
    Layer("compute_kw", "Compute", _plain(style.BLUE)),
    Layer("storage_kw", "Storage", _hatched("#7fb2d6", style.BLACK, "oo")),
    Layer("network_kw", "Network", _hatched("#c9a8e0", style.BLACK, "--")),
    Layer("cooling_kw", "Cooling", _hatched("#d9ecf7", style.SKY, "||")),
    Layer("conversion_kw", "Conversion", _hatched("#f3d4e4", style.PURPLE, "//")),
    Layer("overhead_kw", "Other overhead", _hatched("#eeeeee", "#777777", "\\\\")),
    Layer("base_load_kw", "Base load", _plain("#8c8c8c")),
)
"""The facility's load by cause."""

USES: Final = (*LOAD, *SURPLUS)
"""Where power goes."""


def stack(
    axes: Axes,
    edges: Values,
    mean: Callable[[str], Values],
    *,
    layers: Sequence[Layer],
    sign: float,
) -> float:
    """Stack the layers that are not empty away from zero.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    edges : ndarray of float, shape (n + 1,)
        Bounds of the points. [unit of the axis]
    mean : callable
        Gives a column's means between them, shape (n,). [kW]
    layers : sequence of Layer
        What to stack.
    sign : float
        1 for upwards, -1 for downwards. [-]

    Returns
    -------
    float
        How high the stack reaches. [kW]
    """
    base: Values = np.zeros(len(edges) - 1)
    for layer in layers:
        power_kw = mean(layer.column)
        if not np.nanmax(power_kw, initial=0.0) > NOTHING_KW:
            continue
        style.step_area(axes, edges, low=sign * base, high=sign * (base + power_kw),
                        look=layer.look | {"label": layer.label})
        base = base + power_kw
    return float(np.nanmax(base, initial=0.0))


def power_unit(axes: Axes, peak_kw: float, sides: str = "") -> None:
    """Write powers in kW or, where they are large, in MW; both sides of zero count upwards.

    Parameters
    ----------
    axes : Axes
        Where power is drawn in kW.
    peak_kw : float
        The largest. [kW]
    sides : str
        What stands on which side of zero.
    """
    unit_kw, unit = (MW / KW, "MW") if peak_kw > _MEGAWATTS_FROM_KW else (1.0, "kW")
    absolute = bool(sides)
    axes.yaxis.set_major_formatter(
        lambda value, _: f"{(abs(value) if absolute else value) / unit_kw:,.4g}"
    )
    if sides and style.narrow():
        axes.set_ylabel(f"{sides} ({unit})")
    else:
        axes.set_ylabel(f"Power ({unit})" + (f"\n{sides}" if sides else ""))
