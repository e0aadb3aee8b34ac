"""Duration curves: for which share of the time a value was at least so high."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, known, site_frames
from sim.report.run_figures.layers import NOTHING_KW, power_unit

Values = NDArray[np.float64]

_MOST_POINTS: Final = 2000


class _Signal(NamedTuple):
    """A column drawn for all sites together."""

    column: str
    title: str
    unit: str


_SIGNALS: Final = (
    _Signal("price_usd_per_kwh", "Energy price", "USD/kWh"),
    _Signal("average_carbon_intensity_g_per_kwh", "Average carbon intensity", "gCO2e/kWh"),
    _Signal("marginal_carbon_intensity_g_per_kwh", "Marginal carbon intensity", "gCO2e/kWh"),
)


def duration_curves(run: Run) -> Figure:
    """Draw the duration curves of power at each site, of prices and of carbon intensities.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure
        One panel of power a site, for the `style.MAX_SITES` sites with the largest load, and one
        panel for each signal that is known.
    """
    frames = site_frames(run)
    shown = [one for one in _SIGNALS if any(known(frame, one.column) for frame in frames.values())]
    count = len(frames) + len(shown)
    columns = 1 if style.narrow() else 2
    rows = -(-count // columns)
    with style.house_style():
        figure, cells = canvas(
            run, "duration curves", [1.7 if style.narrow() else 2.5] * rows,
            columns=columns, sites_count=len(frames), gap_in=0.65,
        )
        panels = [figure.add_subplot(cell) for cell in cells[:count]]
        for axes, (name, frame) in zip(panels, frames.items(), strict=False):
            _draw_power(axes, frame)
            axes.set_title(name if len(frames) > 1 else f"Power at {name}")
        for axes, one in zip(panels[len(frames):], shown, strict=True):
            _draw_signal(axes, frames, one)
        for axes in panels:
            axes.set_xlim(0.0, 100.0)
        for axes in panels[-columns:]:
            axes.set_xlabel("Share of the time (%)")
        style.legend_above(figure, panels)
    return figure


def duration_curve(values: Values) -> tuple[Values, Values]:
    """Return a duration curve.

    Parameters
    ----------
    values : ndarray of float, shape (n_steps,)
        Values of equal steps; NaN is left out. [any]

    Returns
    -------
    tuple of ndarray of float, shape (n_points,)
        Shares of the time [%], rising, and the values that were reached or exceeded in them,
        falling from the highest to the lowest; at most 2,000 points.
    """
    highest_first = np.sort(values[np.isfinite(values)])[::-1]
    share = np.linspace(0.0, 100.0, len(highest_first)) if len(highest_first) > 1 else np.zeros(1)
    if len(highest_first) > _MOST_POINTS:
        chosen = np.linspace(0, len(highest_first) - 1, _MOST_POINTS).round().astype(int)
        return share[chosen], highest_first[chosen]
    return share[: len(highest_first)], highest_first


def _draw_power(axes: Axes, frame: pd.DataFrame) -> None:
    load_kw = frame["facility_kw"].to_numpy(dtype=float)
    own_kw = (frame["solar_kw"] + frame["wind_kw"]).to_numpy(dtype=float)
    import_kw = frame["grid_import_kw"].to_numpy(dtype=float)
    lines = [("Load", load_kw, style.BLACK, "-")]
    if own_kw.max() > NOTHING_KW:
        lines.append(("Net load (less sun and wind)", load_kw - own_kw, style.VERMILION, "--"))
    if import_kw.max() > NOTHING_KW:
        lines.append(("Grid import", import_kw, style.BLUE, "-."))
    for label, values, colour, line in lines:
        axes.plot(*duration_curve(values), label=label, color=colour, linestyle=line)
    if own_kw.max() > NOTHING_KW:
        axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    else:
        axes.set_ylim(bottom=0.0)
    power_unit(axes, float(max(load_kw.max(), own_kw.max())))


def _draw_signal(axes: Axes, frames: dict[str, pd.DataFrame], one: _Signal) -> None:
    for place, (name, frame) in enumerate(frames.items()):
        if known(frame, one.column):
            axes.plot(
                *duration_curve(frame[one.column].to_numpy(dtype=float)),
                color=style.LINE_COLOURS[(place + 4) % len(style.LINE_COLOURS)],
                linestyle=style.LINE_STYLES[place % len(style.LINE_STYLES)],
                label=f"Signals of {name}",
            )
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), max(0.0, high))
    axes.set_title(one.title)
    axes.set_ylabel(one.unit)
