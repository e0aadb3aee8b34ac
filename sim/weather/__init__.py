"""Weather: typical years read from files or drawn from them, laid onto the dates of a run."""

from sim.weather.model import Weather, WeatherYear, WindProfile
from sim.weather.readers import read_tmy, read_year
from sim.weather.resample import resampled
from sim.weather.source import weather_year
from sim.weather.window import WeatherSlice, slice_window

__all__ = [
    "Weather",
    "WeatherSlice",
    "WeatherYear",
    "WindProfile",
    "read_tmy",
    "read_year",
    "resampled",
    "slice_window",
    "weather_year",
]
