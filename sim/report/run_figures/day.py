"""A day in the life of a site: where its power comes from and goes to, by the hour of the day."""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, site_frames
from sim.report.run_figures.layers import SOURCES, USES, power_unit, stack
from sim.report.run_figures.local import hour_of_day, local_time, zone_of, zones_told

_ROW_IN: Final = 2.5
_TICKS_H: Final = (0, 3, 6, 9, 12, 15, 18, 21, 24)
_NARROW_TICKS_H: Final = (0, 6, 12, 18, 24)


def day_in_the_life(run: Run, *, day: date | None = None) -> Figure | None:
    """Draw each site's sources above zero and its uses below, by the hour of the day.

    Both outlines are equally far from zero, because every step balances.

    Parameters
    ----------
    run : Run
        A finished run.
    day : date or None
        A day of the site's own clock; None takes the mean over all days.

    Returns
    -------
    Figure or None
        One panel a site, for the `style.MAX_SITES` sites with the largest load; None if the run
        knows nothing of that day.
    """
    frames = {
        name: mean_day(frame, zone_of(run, name), day=day)
        for name, frame in site_frames(run).items()
    }
    if not any(len(frame) for frame in frames.values()):
        return None
    what = "mean day" if day is None else f"{day:%A %d %B %Y}"
    subject = f"a day in the life ({what})"
    columns = 1 if style.narrow() or len(frames) == 1 else 2
    rows = -(-len(frames) // columns)
    with style.house_style():
        figure, cells = canvas(
            run, subject, [_ROW_IN + 1.2 * (columns == 1 and not style.narrow())] * rows,
            columns=columns, sites_count=len(frames), gap_in=0.45,
        )
        drawn = []
        for cell, (name, frame) in zip(cells, frames.items(), strict=False):
            axes = figure.add_subplot(cell)
            _draw(axes, frame)
            axes.set_title(name)
            drawn.append(axes)
        for axes in drawn[: -columns if len(drawn) > columns else 0]:
            axes.tick_params(labelbottom=False)
        for axes in drawn[-columns:]:
            axes.set_xlabel(f"Hour of the day ({zones_told(run, frames)})")
        style.legend_above(figure, drawn)
    return figure


def mean_day(frame: pd.DataFrame, zone: str, *, day: date | None = None) -> pd.DataFrame:
    """Return a site's mean powers in each hour of the day.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.
    zone : str
        Time zone of the hours.
    day : date or None
        The only day that counts; None counts all.

    Returns
    -------
    DataFrame
        Means of the columns of sources and uses that the frame has, by hour 0 to 23; hours that
        the run does not know are left out. [kW]
    """
    if day is not None:
        frame = frame[local_time(frame, zone).date == day]
    columns = [layer.column for layer in (*SOURCES, *USES) if layer.column in frame]
    return frame[columns].groupby(np.floor(hour_of_day(frame, zone)).astype(int)).mean()


def _draw(axes: Axes, frame: pd.DataFrame) -> None:
    every = frame.reindex(np.arange(24))
    edges = np.arange(25.0)

    def mean(column: str) -> NDArray[np.float64]:
        return every[column].to_numpy(dtype=float) if column in every else np.zeros(24)

    heights_kw = [
        stack(axes, edges, mean, layers=layers, sign=sign)
        for layers, sign in ((SOURCES, 1.0), (USES, -1.0))
    ]
    axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    axes.set_xlim(0.0, 24.0)
    axes.set_xticks(_NARROW_TICKS_H if style.narrow() else _TICKS_H)
    power_unit(axes, max(heights_kw), "↓ uses    sources ↑")
