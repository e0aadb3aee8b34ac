"""When the jobs of each site ran, and on how many accelerators."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, finish, timelines
from sim.report.run_figures.lanes import laid_out
from sim.report.run_figures.work import job_bars, mean_busy
from sim.report.timeline import Timeline, span
from sim.units import DAY_S

MOST_BARS: Final = 3000
"""Stretches of a site that are drawn one by one; with more the chart adds them up."""

_MOST_STREAMS: Final = 6
_COLOURS: Final = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, "#8c8c8c")
_HATCHES: Final = ("", "//", "..", "\\\\", "xx", "--")


def job_gantt(run: Run) -> Figure | None:
    """Draw the jobs of each site as bars over time, as thick as their gangs.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        One panel a site, for the `style.MAX_SITES` sites with the largest load; one with more than
        `MOST_BARS` bars shows accelerators in use instead. None if no job ran.
    """
    lines = timelines(run)
    bars = job_bars(run)
    bars = bars[bars["gpus_count"] > 0]
    by_site = {name: bars[bars["site"] == name] for name in lines}
    by_site = {name: part for name, part in by_site.items() if len(part)}
    if not by_site:
        return None
    streams = _streams(bars)
    with style.house_style():
        figure, rows = canvas(
            run, f"{len(run.jobs):,} jobs by site",
            [2.6 if len(by_site) > 1 else 3.8] * len(by_site), sites_count=len(by_site),
        )
        drawn: list[Axes] = []
        for row, (name, part) in zip(rows, by_site.items(), strict=True):
            axes = figure.add_subplot(row)
            if len(part) <= MOST_BARS:
                _draw_bars(axes, part, lines[name], streams)
                axes.set_title(name)
            else:
                width_s = _draw_sums(axes, part, lines[name], streams)
                many = f"{len(part):,} stretches, added up in {span(width_s)}"
                axes.set_title(f"{name}: {many}")
            axes.set_ylabel("Accelerators\nof jobs")
            drawn.append(axes)
        finish(figure, drawn, next(iter(lines.values())))
        if all(len(part) <= MOST_BARS for part in by_site.values()):
            drawn[-1].set_xlabel("Time (UTC)")  # bars are no means
    return figure


def _streams(bars: pd.DataFrame) -> dict[str, int]:
    """Return a number for each stream, by its work; those beyond the last number share it."""
    work = (bars["end_s"] - bars["start_s"]) * bars["gpus_count"]
    names = work.groupby(bars["workload"]).sum().sort_values(ascending=False, kind="stable").index
    return {str(name): min(place, _MOST_STREAMS - 1) for place, name in enumerate(names)}


def _look(streams: Mapping[str, int], place: int) -> dict[str, Any]:
    names = [name for name, each in streams.items() if each == place]
    return {
        "facecolor": _COLOURS[place],
        "hatch": _HATCHES[place],
        "edgecolor": style.BLACK,
        "label": names[0] if len(names) == 1 else f"{len(names)} other streams",
    }


def _draw_bars(axes: Axes, bars: pd.DataFrame, line: Timeline, streams: Mapping[str, int]) -> None:
    rectangles, lanes_count = laid_out(bars)
    rows = np.array([bar.row for bar in rectangles])
    lane = np.array([bar.lane for bar in rectangles], dtype=float)
    high = lane + np.array([bar.lanes_count for bar in rectangles])
    start, end = (
        line.edges_day[0] + np.array(times) / DAY_S
        for times in zip(*((bar.start_s, bar.end_s) for bar in rectangles), strict=True)
    )
    outline = ((start, lane), (end, lane), (end, high), (start, high))
    corners = np.stack([np.stack(corner, axis=1) for corner in outline], axis=1)
    stream = bars["workload"].map(streams).to_numpy()[rows]
    late = bars["is_late"].to_numpy(dtype=bool)[rows]
    line_width = 0.5 if len(rectangles) < 600 else 0.15
    for place in np.unique(stream):
        chosen = stream == place
        look = _look(streams, int(place))
        axes.add_collection(PolyCollection(list(corners[chosen]), linewidth=line_width, **look))
    if late.any():
        axes.add_collection(
            PolyCollection(list(corners[late]), facecolor="none", edgecolor=style.VERMILION,
                           linewidth=2.5 * line_width, label="Deadline missed")
        )
    axes.set_ylim(0.0, lanes_count)


def _draw_sums(
    axes: Axes, bars: pd.DataFrame, line: Timeline, streams: Mapping[str, int]
) -> float:
    """Stack the accelerators that each stream holds; return the width of the sums [s]."""
    edges_day = line.edges_day
    edges_s = (edges_day - edges_day[0]) * DAY_S
    base = np.zeros(len(edges_s) - 1)
    number = bars["workload"].map(streams)
    for place in sorted(set(number)):
        busy = mean_busy(bars[number == place], edges_s)
        style.step_area(axes, edges_day, low=base, high=base + busy, look=_look(streams, place))
        base = base + busy
    axes.set_ylim(bottom=0.0)
    return line.per_point * line.step_s
