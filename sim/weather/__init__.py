"""Weather: typical years read from files, laid onto the dates of a run."""

from sim.weather.readers import WeatherYear, read_tmy, read_year
from sim.weather.window import WeatherSlice, slice_window

__all__ = ["WeatherSlice", "WeatherYear", "read_tmy", "read_year", "slice_window"]
