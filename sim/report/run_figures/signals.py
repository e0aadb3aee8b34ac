"""Figure of each site's price and carbon intensities, with the starts of its jobs."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, finish, timelines
from sim.report.timeline import Timeline, span
from sim.units import DAY_S, HOUR_S

_MOST_MARKERS: Final = 400

_SIGNALS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "price": {"price_usd_per_kwh": {"label": "Energy price", "color": style.BLUE}},
    "carbon": {
        "average_carbon_intensity_g_per_kwh": {"label": "Average carbon intensity",
                                               "color": style.BLACK},
        "marginal_carbon_intensity_g_per_kwh": {"label": "Marginal carbon intensity",
                                                "color": style.VERMILION, "linestyle": "--"},
    },
}


def signals(run: Run) -> Figure | None:
    """Draw each site's price and carbon intensities with the starts of its jobs below.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        None if no site has a price, a carbon intensity or a job.
    """
    lines = timelines(run)
    plans = {name: _signal_panels(run, name, line) for name, line in lines.items()}
    lines = {name: line for name, line in lines.items() if plans[name]}
    if not lines:
        return None
    heights_in = [0.3 + 1.25 * len(plans[name]) for name in lines]
    with style.house_style():
        figure, rows = canvas(
            run, "price, carbon and job starts", heights_in, sites_count=len(lines)
        )
        drawn: list[Axes] = []
        for (name, line), row in zip(lines.items(), rows, strict=True):
            parts = row.subgridspec(len(plans[name]), 1, hspace=0.18)
            panels = [figure.add_subplot(parts[place]) for place in range(len(plans[name]))]
            for axes, kind in zip(panels, plans[name], strict=True):
                _draw_signal(axes, kind, line, _starts(run, name))
            panels[0].set_title(name)
            drawn += panels
        finish(figure, drawn, list(lines.values())[-1])
    return figure


def _signal_panels(run: Run, site: str, line: Timeline) -> tuple[str, ...]:
    known = [kind for kind, columns in _SIGNALS.items() if any(map(line.known, columns))]
    return (*known, *(["jobs"] if len(_starts(run, site)) else []))


def _starts(run: Run, site: str) -> pd.DataFrame:
    """Jobs that started at the site: day and gang size."""
    jobs = run.jobs[(run.jobs["site"] == site) & run.jobs["start_s"].notna()]
    return jobs[["start_s", "gpus_count"]]


def _draw_signal(axes: Axes, kind: str, line: Timeline, starts: pd.DataFrame) -> None:
    if kind == "jobs":
        draw_starts = _mark_starts if len(starts) <= _MOST_MARKERS else _count_starts
        draw_starts(axes, line, starts)
        return
    for column, look in _SIGNALS[kind].items():
        if line.known(column):
            style.step_line(axes, line.edges_day, line.mean(column), look)
    if kind == "price":
        _widen(axes, line.mean("price_usd_per_kwh"))
        axes.set_ylabel("Price\n(USD/kWh)")
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_ylabel("Carbon\n(gCO2e/kWh)")


def _widen(axes: Axes, values: NDArray[np.float64]) -> None:
    """Show a flat price as flat: rounding in the means must not fill the panel."""
    middle = float(np.nanmean(values))
    if np.nanmax(values) - np.nanmin(values) < 1e-3 * abs(middle):
        axes.set_ylim(*sorted((0.8 * middle, 1.2 * middle)))


def _mark_starts(axes: Axes, line: Timeline, starts: pd.DataFrame) -> None:
    """One marker a job, its area by its gang."""
    gang = starts["gpus_count"].to_numpy(dtype=float)
    day = line.edges_day[0] + starts["start_s"].to_numpy() / DAY_S
    axes.scatter(day, gang, s=12 + 100 * gang / gang.max(), color=style.PURPLE, alpha=0.55,
                 edgecolor=style.BLACK, linewidth=0.5, clip_on=False,
                 label="Job start (size: accelerators)")
    axes.set_ylabel("Gang size\n(accelerators)")
    axes.set_ylim(0.0, 1.25 * gang.max())


def _count_starts(axes: Axes, line: Timeline, starts: pd.DataFrame) -> None:
    """Too many jobs for a marker each: accelerators started per hour, or per longer point."""
    span_s = (line.edges_day[-1] - line.edges_day[0]) * DAY_S
    width_s = max(HOUR_S, line.per_point * line.step_s)
    edges_s = np.arange(np.ceil(span_s / width_s) + 1) * width_s
    started, _ = np.histogram(starts["start_s"], edges_s, weights=starts["gpus_count"])
    style.step_area(axes, line.edges_day[0] + edges_s / DAY_S, low=np.zeros_like(started),
                    high=started,
                    look={"color": style.PURPLE, "label": "Accelerators of starting jobs"})
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel(f"Job starts\n(accel. per {span(width_s)})")
