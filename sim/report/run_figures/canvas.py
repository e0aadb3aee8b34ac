"""What the figures of a run share: the sites they show, a canvas with a row a site, the finish."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from sim.ledger.result import Run
from sim.report import style
from sim.report.timeline import Timeline
from sim.units import HOUR_S, MINUTE_S

_GAP_IN: Final = 0.5


def step_s(run: Run) -> float:
    """Return the length of a run's steps [s]."""
    return float(run.info["step_min"]) * MINUTE_S


def step_h(run: Run) -> float:
    """Return the length of a run's steps [h]."""
    return step_s(run) / HOUR_S


def site_frames(run: Run, most: int = style.MAX_SITES) -> dict[str, pd.DataFrame]:
    """Return the steps of the sites to show, in the scenario's order.

    Parameters
    ----------
    run : Run
        A finished run.
    most : int
        How many sites; those with the largest load are taken. [-]

    Returns
    -------
    dict
        Steps by the site's name.
    """
    groups = run.steps.groupby("site", sort=False, observed=True)
    frames = {str(name): frame for name, frame in groups}
    loads = {name: float(frame["facility_kw"].sum()) for name, frame in frames.items()}
    shown = sorted(loads, key=lambda name: -loads[name])[:most]
    return {name: frame for name, frame in frames.items() if name in shown}


def timelines(run: Run) -> dict[str, Timeline]:
    """Return the timelines of the sites to show, in the scenario's order."""
    return {name: Timeline.of(frame, step_s(run)) for name, frame in site_frames(run).items()}


def known(frame: pd.DataFrame, column: str) -> bool:
    """Return whether a frame has a column with a value anywhere."""
    return column in frame and bool(frame[column].notna().any())


def heading(run: Run, subject: str, *, sites_count: int | None = None) -> str:
    """Return a figure's title.

    Parameters
    ----------
    run : Run
        A finished run.
    subject : str
        What the figure shows.
    sites_count : int or None
        How many of its sites the figure shows, if it shows them one by one. [-]

    Returns
    -------
    str
        Scenario, policy, seed and subject; and how many sites, if not all.
    """
    count = run.steps["site"].nunique()
    some = f" ({sites_count} of {count} sites)" if (sites_count or count) < count else ""
    return f"{run.scenario_name}, {run.policy}, seed {run.seed}: {subject}{some}"


def canvas(
    run: Run, subject: str, heights_in: Sequence[float], *, columns: int = 1,
    sites_count: int | None = None, gap_in: float = _GAP_IN,
) -> tuple[Figure, list[SubplotSpec]]:
    """Lay out a figure of a run, and say what it shows.

    Parameters
    ----------
    run : Run
        A finished run.
    subject : str
        What the figure shows.
    heights_in : sequence of float
        Heights of the rows. [inch]
    columns : int
        Places beside each other. [-]
    sites_count : int or None
        How many sites it shows, if one by one. [-]
    gap_in : float
        Height between two rows. [inch]

    Returns
    -------
    tuple
        The figure and the places for axes, row by row. `style.legend_above` makes the room that
        title and legend need.
    """
    figure, grid = style.canvas(heights_in, columns=columns, gap_in=gap_in)
    style.title(figure, heading(run, subject, sites_count=sites_count))
    return figure, [grid[place] for place in range(columns * len(heights_in))]


def finish(figure: Figure, drawn: Sequence[Axes], last: Timeline) -> None:
    """Give panels below each other one time axis, and one legend above them.

    Parameters
    ----------
    figure : Figure
        The figure.
    drawn : sequence of Axes
        Its panels, from top to bottom.
    last : Timeline
        What the lowest shows.
    """
    for axes in drawn:
        style.time_axis(axes, last)
    for axes in drawn[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
    figure.align_ylabels(drawn)
    style.legend_above(figure, drawn)
