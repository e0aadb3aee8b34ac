"""Figures of one run, drawn from what is on disk: `RUN_FIGURES` names them all, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from matplotlib.figure import Figure

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.battery import battery_use
from sim.report.run_figures.day import day_in_the_life
from sim.report.run_figures.duration import duration_curves
from sim.report.run_figures.forecasts import forecast_fan
from sim.report.run_figures.gantt import job_gantt
from sim.report.run_figures.plane import carbon_against_price
from sim.report.run_figures.sankey import energy_sankey
from sim.report.run_figures.services import services_figure
from sim.report.run_figures.signals import signals
from sim.report.run_figures.supply import supply_and_demand
from sim.report.run_figures.weeks import calendar_maps, weekly_maps


@dataclass(frozen=True, slots=True)
class RunFigure:
    """One kind of figure of a run.

    Attributes
    ----------
    title : str
        What it is called.
    alt : str
        What it shows, for those who cannot see it.
    draw : callable
        Draws it; None if the run has nothing to show in it.
    """

    title: str
    alt: str
    draw: Callable[[Run], Figure | None]


RUN_FIGURES: Final[Mapping[str, RunFigure]] = MappingProxyType(
    {
        "supply_demand": RunFigure(
            "Supply and demand",
            "Power of each site over time: solar, wind, battery and grid stacked above zero, "
            "surplus below, the facility's load as a line; the battery's state of charge beneath.",
            supply_and_demand,
        ),
        "services": RunFigure(
            "Services",
            "Requests, replicas, time to the first token and power of each service over time.",
            services_figure,
        ),
        "signals": RunFigure(
            "Price, carbon and job starts",
            "Energy price and carbon intensities of each site over time, and when its jobs "
            "started.",
            signals,
        ),
        "sankey": RunFigure(
            "Energy from sources to uses",
            "Sankey diagram: bands as wide as their kWh run from solar, wind, grid and other "
            "sources through the sites to compute, storage, network, cooling, conversion, battery "
            "losses, export and curtailment; each label gives kWh and share.",
            energy_sankey,
        ),
        "day": RunFigure(
            "A day in the life",
            "The mean day of each site: its sources stacked above zero and its uses below, by the "
            "hour of the day.",
            day_in_the_life,
        ),
        "duration": RunFigure(
            "Duration curves",
            "For which share of the time load, net load, import, price and carbon intensity were "
            "at least so high.",
            duration_curves,
        ),
        "weeks": RunFigure(
            "Typical week",
            "Heat maps of load, grid import, carbon intensity and price by day of the week and "
            "hour of the day.",
            weekly_maps,
        ),
        "calendar": RunFigure(
            "Every day by the hour",
            "Heat maps of load, grid import, carbon intensity and price by day of the run and "
            "hour of the day.",
            calendar_maps,
        ),
        "carbon_price": RunFigure(
            "Carbon against price",
            "How many hours had each pair of energy price and carbon intensity, and how much "
            "energy the jobs took in them, with the means over time and over that energy.",
            carbon_against_price,
        ),
        "gantt": RunFigure(
            "Jobs by site",
            "When the jobs of each site ran, each a bar as thick as its accelerators; accelerators "
            "in use by stream where there are too many jobs for a bar each.",
            job_gantt,
        ),
        "battery": RunFigure(
            "Battery use and ageing",
            "State of charge and equivalent full cycles of each battery over time, the capacity "
            "left if it ages, and mean charge and discharge by the price of energy.",
            battery_use,
        ),
        "forecasts": RunFigure(
            "Forecasts on what came",
            "Issued forecasts, with their bands where there are quantiles, on the values that "
            "came, and the mean absolute error by lead time.",
            forecast_fan,
        ),
    }
)
"""All figures of a run by name, in the order in which a reader wants them."""

BASIC: Final = ("supply_demand", "services", "signals")
"""Those that every run draws when it is written; `gridloom plot` draws all."""


def write_run_figures(run: Run, folder: Path) -> tuple[Path, ...]:
    """Draw the basic figures that this run has something to show in.

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
    drawn = {name: RUN_FIGURES[name].draw(run) for name in BASIC}
    return tuple(
        style.save(figure, folder / f"{name}.png") for name, figure in drawn.items() if figure
    )
