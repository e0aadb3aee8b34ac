"""The plane of carbon against price: which hours there were, and in which of them jobs ran."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, known, site_frames, step_h
from sim.report.run_figures.work import energy_by_step_kwh, job_bars

Values = NDArray[np.float64]

_PRICE: Final = "price_usd_per_kwh"
_CARBON: Final = "average_carbon_intensity_g_per_kwh"
_CELLS: Final = 18
_LARGEST_PT2: Final = 160.0
_HOURS_COLOURS: Final = LinearSegmentedColormap.from_list("hours", ["#f2f2f2", "#7d7d7d"])


class Plane(NamedTuple):
    """Hours and job energy of a site in the cells of the plane, shape (price, carbon)."""

    hours: Values
    energy_kwh: Values


def carbon_against_price(run: Run) -> Figure | None:
    """Draw how often each pair of price and carbon came, and the energy of jobs at each.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        One panel a site, for the `style.MAX_SITES` sites with the largest load; None where no job
        ran, or where price or carbon intensity is unknown or always the same.
    """
    frames = {
        name: frame for name, frame in site_frames(run).items()
        if known(frame, _PRICE) and known(frame, _CARBON)
    }
    bars = job_bars(run)
    if not frames or not len(bars):
        return None
    edges = [_edges([frame[column] for frame in frames.values()]) for column in (_PRICE, _CARBON)]
    if any(len(each) < 2 for each in edges):
        return None
    price_edges, carbon_edges = edges
    energy = {
        name: energy_by_step_kwh(run, bars[bars["site"] == name], len(frame))
        for name, frame in frames.items()
    }
    planes = {
        name: plane(frame, energy[name], step_h=step_h(run), edges=(price_edges, carbon_edges))
        for name, frame in frames.items()
    }
    columns = 1 if style.narrow() or len(frames) == 1 else 2
    rows = -(-len(frames) // columns)
    with style.house_style():
        figure, places = canvas(
            run, "carbon against price, and the energy of jobs",
            [3.0 + 1.0 * (len(frames) == 1)] * rows, sites_count=len(frames), gap_in=0.75,
        )
        widths = [1.0] * columns + ([0.25] if style.narrow() else [0.12])
        grids = [
            place.subgridspec(1, columns + 1, width_ratios=widths, wspace=0.2 * columns - 0.16)
            for place in places
        ]
        cells = [grid[column] for grid in grids for column in range(columns)]
        panels = [figure.add_subplot(cell) for cell in cells[: len(frames)]]
        most_hours = max(float(each.hours.max()) for each in planes.values())
        most_kwh = max(float(each.energy_kwh.max()) for each in planes.values())
        for axes, (name, each) in zip(panels, planes.items(), strict=True):
            image = axes.pcolormesh(
                price_edges, carbon_edges, np.where(each.hours > 0.0, each.hours, np.nan).T,
                cmap=_HOURS_COLOURS, vmin=0.0, vmax=most_hours,
            )
            _draw_energy(axes, each, edges=(price_edges, carbon_edges), most_kwh=most_kwh)
            _draw_means(axes, frames[name], energy[name])
            axes.set_title(name)
            axes.set_ylabel("Average carbon\nintensity (gCO2e/kWh)")
        for axes in panels[-columns:]:
            axes.set_xlabel("Energy price (USD/kWh)")
        beside = grids[0][columns].subgridspec(1, 2, width_ratios=[0.3, 1.0])
        bar = figure.colorbar(image, cax=figure.add_subplot(beside[0]))
        bar.set_label("Hours of the run")
        style.legend_above(figure, panels)
    return figure


def plane(
    frame: pd.DataFrame, energy_kwh: Values, *, step_h: float, edges: tuple[Values, Values]
) -> Plane:
    """Sort a site's hours and the energy of its jobs into the cells of the plane.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.
    energy_kwh : ndarray of float, shape (n_steps,)
        Energy of jobs in each. [kWh]
    step_h : float
        Length of a step. [h]
    edges : tuple of ndarray of float
        Bounds of the cells in price [USD/kWh] and in carbon intensity [g/kWh].

    Returns
    -------
    Plane
        Sums by cell; steps without a price or an intensity are left out.
    """
    price, carbon = (frame[column].to_numpy(dtype=float) for column in (_PRICE, _CARBON))
    seen = np.isfinite(price) & np.isfinite(carbon)
    price, carbon = price[seen], carbon[seen]
    hours, _, _ = np.histogram2d(price, carbon, bins=edges)
    energy, _, _ = np.histogram2d(price, carbon, bins=edges, weights=energy_kwh[seen])
    return Plane(hours * step_h, energy)


def _edges(columns: list["pd.Series[float]"]) -> Values:
    """Return bounds of cells over all values of a column; nothing where all are the same."""
    values = np.concatenate([column.to_numpy(dtype=float) for column in columns])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return np.empty(0)
    margin = 0.5 * (high - low) / (_CELLS - 1)  # the extremes lie in the middle of their cells
    return np.linspace(low - margin, high + margin, _CELLS + 1)


def _draw_energy(
    axes: Axes, each: Plane, *, edges: tuple[Values, Values], most_kwh: float
) -> None:
    if most_kwh <= 0.0:
        return
    price, carbon = (0.5 * (bounds[1:] + bounds[:-1]) for bounds in edges)
    at, to = np.nonzero(each.energy_kwh > 1e-3 * most_kwh)
    axes.scatter(
        price[at], carbon[to], s=_LARGEST_PT2 * each.energy_kwh[at, to] / most_kwh,
        facecolor=style.SKY, edgecolor=style.BLUE, linewidth=0.8, alpha=0.75,
        label=f"IT energy of jobs (largest: {most_kwh:,.0f} kWh)",
    )


def _draw_means(axes: Axes, frame: pd.DataFrame, energy_kwh: Values) -> None:
    """Mark the mean over the hours, and that over the energy of jobs."""
    price, carbon = (frame[column].to_numpy(dtype=float) for column in (_PRICE, _CARBON))
    seen = np.isfinite(price) & np.isfinite(carbon)
    kinds = (("Mean over time", np.ones(len(price)), "X", style.BLACK),
             ("Mean over the energy of jobs", energy_kwh, "D", style.VERMILION))
    for label, weight, marker, colour in kinds:
        share = np.where(seen, weight, 0.0)
        if share.sum() > 0.0:
            axes.plot(
                np.nansum(price * share) / share.sum(), np.nansum(carbon * share) / share.sum(),
                marker, color=colour, markersize=9, markeredgecolor="white", label=label,
                linestyle="none", zorder=5,
            )
