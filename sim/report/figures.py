"""Figures of one run: supply and demand with state of charge; price and carbon with job starts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.service_figure import services_figure
from sim.report.timeline import Timeline, span
from sim.units import DAY_S, HOUR_S, KW, MINUTE_S, MW

_MEGAWATTS_FROM_KW: Final = 20_000.0
_MOST_MARKERS: Final = 400
_NOTHING_KW: Final = 1e-6  # rounding in the balance is no flow, and has no place in the legend

_SOURCES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("solar_kw", "Solar", {"facecolor": style.YELLOW}),
    ("wind_kw", "Wind", {"facecolor": style.SKY}),
    ("battery_discharge_kw", "Battery discharge", {"facecolor": style.GREEN}),
    ("grid_import_kw", "Grid import", {"facecolor": style.GREY}),
    ("unserved_kw", "Unserved", {"facecolor": "#fbe3d6", "edgecolor": style.VERMILION,
                                 "hatch": "xxxx"}),
)
_SINKS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("battery_charge_kw", "Battery charge", {"facecolor": "#a6dccb", "edgecolor": style.GREEN,
                                             "hatch": "///"}),
    ("grid_export_kw", "Grid export", {"facecolor": "#a9cbe2", "edgecolor": style.BLUE,
                                       "hatch": "\\\\\\"}),
    ("curtailed_kw", "Curtailed", {"facecolor": "#fdf3dc", "edgecolor": style.ORANGE,
                                   "hatch": "...."}),
)
_SIGNALS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "price": {"price_usd_per_kwh": {"label": "Energy price", "color": style.BLUE}},
    "carbon": {
        "average_carbon_intensity_g_per_kwh": {"label": "Average carbon intensity",
                                               "color": style.BLACK},
        "marginal_carbon_intensity_g_per_kwh": {"label": "Marginal carbon intensity",
                                                "color": style.VERMILION, "linestyle": "--"},
    },
}


def write_run_figures(run: Run, folder: Path) -> tuple[Path, ...]:
    """Draw every figure that this run has something to show in.

    Parameters
    ----------
    run : Run
        A finished run.
    folder : Path
        Existing folder that gets the PNG files.

    Returns
    -------
    tuple of Path
        The files written.
    """
    drawn = {
        "supply_demand": supply_and_demand(run),
        "services": services_figure(run),
        "signals": signals(run),
    }
    return tuple(
        style.save(figure, folder / f"{name}.png") for name, figure in drawn.items() if figure
    )


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
    lines = _timelines(run)
    heights_in = [2.6 + 0.9 * line.known("soc") for line in lines.values()]
    with style.house_style():
        figure, rows = _canvas(
            run, "supply and demand", heights_in, sites_count=len(lines), legend_rows=2
        )
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
        _finish(figure, drawn, list(lines.values())[-1])
    return figure


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
    lines = _timelines(run)
    plans = {name: _signal_panels(run, name, line) for name, line in lines.items()}
    lines = {name: line for name, line in lines.items() if plans[name]}
    if not lines:
        return None
    heights_in = [0.3 + 1.25 * len(plans[name]) for name in lines]
    with style.house_style():
        figure, rows = _canvas(
            run, "price, carbon and job starts", heights_in, sites_count=len(lines), legend_rows=1
        )
        drawn: list[Axes] = []
        for (name, line), row in zip(lines.items(), rows, strict=True):
            parts = row.subgridspec(len(plans[name]), 1, hspace=0.18)
            panels = [figure.add_subplot(part) for part in parts]
            for axes, kind in zip(panels, plans[name], strict=True):
                _draw_signal(axes, kind, line, _starts(run, name))
            panels[0].set_title(name)
            drawn += panels
        _finish(figure, drawn, list(lines.values())[-1])
    return figure


def _timelines(run: Run) -> dict[str, Timeline]:
    """Timelines of the sites to show, in the scenario's order."""
    step_s = float(run.info["step_min"]) * MINUTE_S
    groups = run.steps.groupby("site", sort=False, observed=True)
    frames = {str(name): frame for name, frame in groups}
    loads = {name: frame["facility_kw"].sum() for name, frame in frames.items()}
    shown = sorted(loads, key=lambda name: -loads[name])[: style.MAX_SITES]
    return {name: Timeline.of(frames[name], step_s) for name in frames if name in shown}


def _canvas(
    run: Run, subject: str, heights_in: Sequence[float], *, sites_count: int, legend_rows: int
) -> tuple[Figure, list[Any]]:
    """Lay out a figure: title and legend on top, then one row a site."""
    top_in, bottom_in, gap_in = 0.75 + 0.2 * legend_rows, 0.6, 0.5
    height_in = top_in + sum(heights_in) + gap_in * (len(heights_in) - 1) + bottom_in
    figure = Figure(figsize=(style.WIDTH_IN, height_in))
    grid = figure.add_gridspec(
        len(heights_in), 1, height_ratios=heights_in,
        left=style.LEFT_IN / style.WIDTH_IN, right=1 - style.RIGHT_IN / style.WIDTH_IN,
        top=1 - top_in / height_in, bottom=bottom_in / height_in,
        hspace=gap_in / (sum(heights_in) / len(heights_in)),
    )
    count = run.steps["site"].nunique()
    some = f" ({sites_count} of {count} sites)" if sites_count < count else ""
    title = f"{run.scenario_name}, {run.policy}, seed {run.seed}: {subject}{some}"
    figure.text(style.LEFT_IN / style.WIDTH_IN, 1 - 0.12 / height_in, title, va="top", fontsize=12,
                fontweight="bold")
    return figure, [grid[row] for row in range(len(heights_in))]


def _finish(figure: Figure, drawn: Sequence[Axes], last: Timeline) -> None:
    for axes in drawn:
        style.time_axis(axes, last)
    for axes in drawn[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
    figure.align_ylabels(drawn)
    style.legend_above(figure, drawn, top_in=0.42)


def _draw_flows(axes: Axes, line: Timeline) -> None:
    facility_kw = line.mean("facility_kw")
    up_kw, down_kw = _stack(axes, line, _SOURCES, 1.0), _stack(axes, line, _SINKS, -1.0)
    peak_kw = max(facility_kw.max(), up_kw, down_kw)
    style.step_line(axes, line.edges_day, facility_kw,
                    {"color": style.BLACK, "label": "Facility load"})
    axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    unit_kw, unit = (MW / KW, "MW") if peak_kw > _MEGAWATTS_FROM_KW else (1.0, "kW")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value) / unit_kw:,.4g}")
    axes.set_ylabel(f"Power ({unit})\n↓ surplus    supply ↑")


def _stack(
    axes: Axes,
    line: Timeline,
    layers: Sequence[tuple[str, str, dict[str, Any]]],
    sign: float,
) -> float:
    """Stack the layers that are not empty away from zero; return how high they reach in kW."""
    base: NDArray[np.float64] = np.zeros(len(line.edges_day) - 1)
    for column, label, look in layers:
        power_kw = line.mean(column)
        if power_kw.max() < _NOTHING_KW:
            continue
        style.step_area(axes, line.edges_day, low=sign * base, high=sign * (base + power_kw),
                        look=look | {"label": label})
        base = base + power_kw
    return float(base.max())


def _draw_soc(axes: Axes, line: Timeline) -> None:
    soc = line.mean("soc")
    style.step_line(axes, line.edges_day, soc, {"color": style.GREEN})
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("Battery\nsoc (-)")


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
