"""What the facility adds to the IT power of a site."""

from collections.abc import Callable

import numpy as np

from sim.datacenter.cooling import overheads
from sim.scenario.schema.datacenter import Cooling, DataCenter
from sim.scenario.series.piecewise import Series
from sim.site.times import TimeGrid
from sim.weather.window import WeatherSlice


def overhead_ratios(
    datacenter: DataCenter | None, grid: TimeGrid, weather: Callable[[], WeatherSlice]
) -> tuple[Series | None, Series | None, Series | None]:
    """Return facility power per IT power: cooling, conversion, a constant PUE's overhead.

    Parameters
    ----------
    datacenter : DataCenter or None
        The data center.
    grid : TimeGrid
        The run's times.
    weather : callable
        Gives the site's weather, where a cooling plant needs it.

    Returns
    -------
    tuple of Series or None
        Each over the run's window [-]; None for what is not there.
    """
    match datacenter.pue if datacenter else None:
        case None:
            return None, None, None
        case Cooling(cooling=plant):
            cooling, conversion = overheads(plant, weather().temp_air)
            if datacenter and datacenter.ups:
                return grid.hourly(cooling), None, None
            return grid.hourly(cooling), grid.hourly(conversion), None
        case pue:
            return None, None, grid.hourly(np.full(grid.window_hours, pue - 1.0))
