"""The weather of a site on the window of a run: its own year, and other years before it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sim.scenario.schema.weather import AnyWeather
from sim.site.times import YEAR_H, TimeGrid
from sim.streams import stream
from sim.weather.backwards import backwards
from sim.weather.source import weather_year
from sim.weather.window import WeatherSlice, joined, slice_window


def window_weather(
    spec: AnyWeather, folder: Path, grid: TimeGrid, *, site: str, seed: int
) -> WeatherSlice:
    """Return the weather of all hours of the window.

    Parameters
    ----------
    spec : Weather or WeatherFile
        The site's weather.
    folder : Path
        Folder that its file name is relative to.
    grid : TimeGrid
        The run's times.
    site : str
        Name of the site.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    WeatherSlice
        The run has the year that the scenario asks for, and so has what precedes it as far as that
        year goes. Every year before is another: drawn by resampling and turned backwards, so that
        no forecaster finds there the hours that it is to forecast.

    Notes
    -----
    A run of more than a year repeats its weather: its physics does not depend on who forecasts,
    and from the second year on a forecaster could recognise the first.
    """
    year = weather_year(spec, folder, rng=stream(seed, f"weather/{site}"))
    drawn = spec.model_copy(update={"resample": "daily-block"})
    # Sites that are alike for every seed must stay so.
    history_seed = 0 if spec.resample == "none" else seed
    slices = []
    at_h = 0
    for age, hours in _years_before(grid.foreign_hours):
        rng = stream(history_seed, f"weather/{site}/{age}-years-before")
        other = backwards(weather_year(drawn, folder, rng=rng))
        slices.append(slice_window(other, grid.window_start + timedelta(hours=at_h), hours))
        at_h += hours
    own_start = grid.window_start + timedelta(hours=at_h)
    return joined([*slices, slice_window(year, own_start, grid.window_hours - at_h)])


def _years_before(hours: int) -> Iterator[tuple[int, int]]:
    """Give the years that some hours reach back, the oldest first: how old, how many hours."""
    years = -(-hours // YEAR_H)
    for age in range(years, 0, -1):
        yield age, hours - YEAR_H * (years - 1) if age == years else YEAR_H
