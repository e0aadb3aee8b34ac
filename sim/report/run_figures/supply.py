"""Figure of supply and demand of each site, with the battery's state of charge."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, finish, timelines
from sim.report.run_figures.layers import SOURCES, SURPLUS, power_unit, stack
from sim.report.timeline import Timeline


def supply_and_demand(run: Run) -> Figure:
    """Draw where each site's power comes from and where it goes, with the battery below.

    Above zero stand the sources, below it what is not load, so that the upper edge minus the lower
    edge is the facility's load, drawn as a line.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure
        One panel a site, for the `MAX_SITES` sites with the largest load.
    """
    lines = timelines(run)
    heights_in = [2.6 + 0.9 * line.known("soc") for line in lines.values()]
    with style.house_style():
        figure, rows = canvas(run, "supply and demand", heights_in, sites_count=len(lines))
        drawn: list[Axes] = []
        for (name, line), row in zip(lines.items(), rows, strict=True):
            has_soc = line.known("soc")
            parts = row.subgridspec(1 + has_soc, 1, height_ratios=[2.9, 1][: 1 + has_soc],
                                    hspace=0.12)
            axes = figure.add_subplot(parts[0])
            _draw_flows(axes, line)
            axes.set_title(name)
            drawn.append(axes)
            if has_soc:
                below = figure.add_subplot(parts[1], sharex=axes)
                _draw_soc(below, line)
                drawn.append(below)
        finish(figure, drawn, list(lines.values())[-1])
    return figure


def _draw_flows(axes: Axes, line: Timeline) -> None:
    facility_kw = line.mean("facility_kw")

    def mean(column: str) -> NDArray[np.float64]:
        return line.mean(column) if column in line.frame else np.zeros(len(facility_kw))

    sides = ((SOURCES, 1.0), (SURPLUS, -1.0))
    heights_kw = [
        stack(axes, line.edges_day, mean, layers=layers, sign=sign) for layers, sign in sides
    ]
    style.step_line(axes, line.edges_day, facility_kw,
                    {"color": style.BLACK, "label": "Facility load"})
    axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    power_unit(axes, max(facility_kw.max(), *heights_kw), "↓ surplus    supply ↑")


def _draw_soc(axes: Axes, line: Timeline) -> None:
    soc = line.mean("soc")
    style.step_line(axes, line.edges_day, soc, {"color": style.GREEN})
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("Battery\nsoc (-)")
