"""Heat maps of a site by hour of the day: over the days of the week, and over those of the run."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, known, site_frames
from sim.report.run_figures.local import hour_of_day, local_time, zone_of, zones_told

Values = NDArray[np.float64]

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS: Final = (0, 6, 12, 18, 24)
_WIDTHS: Final = (1.0, 0.05, 0.2)
_NARROW_WIDTHS: Final = (1.0, 0.07, 0.4)
"""Widths of a map, of the bar that tells its colours, and of that bar's numbers. [-]."""
_CALENDAR_FROM_H: Final = 8 * 24.0


class _Quantity(NamedTuple):
    column: str
    title: str


_QUANTITIES: Final = (
    _Quantity("facility_kw", "Load (kW)"),
    _Quantity("grid_import_kw", "Grid import (kW)"),
    _Quantity("average_carbon_intensity_g_per_kwh", "Carbon (gCO2e/kWh)"),
    _Quantity("price_usd_per_kwh", "Price (USD/kWh)"),
)


class HourMap(NamedTuple):
    """Means by day and hour, shape (days, 24); the days are dates, or those of the week."""

    means: Values
    dates: pd.DatetimeIndex | None


def weekly_maps(run: Run) -> Figure | None:
    """Draw load, import, carbon intensity and price by day of the week and hour of the day.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        One panel a site and quantity, the mean over all weeks, for the `style.MAX_SITES` sites
        with the largest load; None if nothing ever changes.
    """
    return _figure(run, "typical week", by_weekday)


def calendar_maps(run: Run) -> Figure | None:
    """Draw load, import, carbon intensity and price by day of the run and hour of the day.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        As `weekly_maps`, for each day; None for a run of hardly more than a week, which the weekly
        maps show whole.
    """
    if float(run.info["duration_h"]) <= _CALENDAR_FROM_H:
        return None
    return _figure(run, "every day by the hour", by_date)


def by_weekday(frame: pd.DataFrame, column: str, zone: str) -> HourMap:
    """Return a column's means by day of the week, from Monday on, and hour of the day.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.
    column : str
        Its column.
    zone : str
        Time zone of days and hours.

    Returns
    -------
    HourMap
        Means over all weeks; NaN where there is no value. [unit of the column]
    """
    weekday = local_time(frame, zone).day_of_week.to_numpy()
    return HourMap(_means(frame, column, zone, weekday, 7), None)


def by_date(frame: pd.DataFrame, column: str, zone: str) -> HourMap:
    """Return a column's means by date and hour of the day.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.
    column : str
        Its column.
    zone : str
        Time zone of days and hours.

    Returns
    -------
    HourMap
        Means by days without gap; NaN where there is no value. [unit of the column]
    """
    date = local_time(frame, zone).tz_localize(None).normalize()
    days = pd.date_range(date.min(), date.max())
    return HourMap(_means(frame, column, zone, (date - days[0]).days.to_numpy(), len(days)), days)


def _means(
    frame: pd.DataFrame, column: str, zone: str, day: NDArray[np.integer], days_count: int
) -> Values:
    cell = day.astype(int) * 24 + np.floor(hour_of_day(frame, zone)).astype(int)
    values = frame[column].to_numpy(dtype=float)
    seen = np.isfinite(values)
    total = np.bincount(cell[seen], values[seen], minlength=24 * days_count)
    count = np.bincount(cell[seen], minlength=24 * days_count)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(days_count, 24)


def _figure(
    run: Run, subject: str, mapped: Callable[[pd.DataFrame, str, str], HourMap]
) -> Figure | None:
    """Draw a panel for each site and quantity; a quantity has the same colours at every site."""
    frames = site_frames(run)
    shown = [
        one for one in _QUANTITIES if any(_varies(frame, one.column) for frame in frames.values())
    ]
    if not shown:
        return None
    columns = min(len(shown), 4 if len(frames) > 1 and not style.narrow() else 2)
    panels = [
        (name, one, mapped(frame, one.column, zone_of(run, name)))
        for name, frame in frames.items() for one in shown
    ]
    rows = -(-len(panels) // columns)
    with style.house_style():
        figure, cells = canvas(
            run, f"{subject} ({zones_told(run, frames)})",
            [1.4 if style.narrow() else 2.1] * rows, columns=columns,
            sites_count=len(frames), gap_in=0.8,
        )
        widths = _NARROW_WIDTHS if style.narrow() else _WIDTHS
        parts = [
            cell.subgridspec(1, 3, width_ratios=widths, wspace=0.06)
            for cell in cells[: len(panels)]
        ]
        drawn = [figure.add_subplot(part[0]) for part in parts]
        for place, (axes, (name, one, here)) in enumerate(zip(drawn, panels, strict=True)):
            image = _draw(axes, here, _limits([each for _, other, each in panels if other is one]))
            bar = figure.colorbar(image, cax=figure.add_subplot(parts[place][1]))
            bar.locator = MaxNLocator(3 if style.narrow() else 5)
            axes.set_title(f"{name}\n{one.title}" if len(frames) > 1 else one.title, fontsize=9.5)
            if place % columns:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
            if place < len(drawn) - columns:
                axes.set_xlabel("")
        style.legend_above(figure, drawn)
    return figure


def _varies(frame: pd.DataFrame, column: str) -> bool:
    return known(frame, column) and bool(frame[column].max() > frame[column].min())


def _limits(maps: list[HourMap]) -> tuple[float, float]:
    every = np.concatenate([one.means.ravel() for one in maps])
    return float(np.nanmin(every)), float(np.nanmax(every))


def _draw(axes: Axes, here: HourMap, limits: tuple[float, float]) -> QuadMesh:
    # A year has 8,760 cells: an SVG or PDF of as many rectangles would be megabytes, with seams.
    look: Any = {"cmap": style.HEAT, "vmin": limits[0], "vmax": limits[1], "rasterized": True}
    hours = np.arange(25)
    if here.dates is None:
        image = axes.pcolormesh(hours, np.arange(8), here.means, **look)
        axes.set_ylim(7.0, 0.0)
        axes.set_yticks(np.arange(7) + 0.5, _WEEKDAYS)
        axes.set_xticks(_HOURS)
        axes.set_xlabel("Hour of the day")
    else:
        first = (here.dates[0] - pd.Timestamp(0)).days
        days = first + np.arange(len(here.dates) + 1)
        image = axes.pcolormesh(days, hours, here.means.T, **look)
        axes.set_yticks(_HOURS)
        axes.set_ylabel("Hour of the day")
        locator = dates.AutoDateLocator(minticks=2, maxticks=4)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.grid(visible=False)
    return image
