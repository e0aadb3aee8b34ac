"""What weather is: hourly columns of a place, and the wind at several heights where it is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

HOURS_PER_YEAR: Final = 8760

Column = NDArray[np.float64]
Change = Callable[[str, Column], Column]
"""From a column's name and values, hours along the last axis, to its new values."""

PLAUSIBLE: Final[Mapping[str, tuple[float, float, str]]] = MappingProxyType(
    {  # assumption: a little wider than the records on Earth; finds fill values such as -9900, 9999
        "ghi": (0.0, 1500.0, "W/m2"),
        "dni": (0.0, 1500.0, "W/m2"),
        "dhi": (0.0, 1500.0, "W/m2"),
        "temp_air": (-90.0, 60.0, "degC"),
        "wind_speed": (0.0, 100.0, "m/s"),
        "pressure": (30e3, 110e3, "Pa"),
        "relative_humidity": (0.0, 110.0, "%"),
    }
)
"""Weather columns with the least and greatest value each may have, and its unit."""

IRRADIANCES: Final = ("ghi", "dni", "dhi")
PROFILE_COLUMNS: Final = ("wind_speed", "temp_air", "pressure")

_UNKNOWN: Final[Any] = None


@dataclass(frozen=True, slots=True, eq=False)
class WindProfile:
    """Wind, temperature and pressure at several heights above ground; read-only.

    Attributes
    ----------
    heights_m : ndarray of float, shape (k,)
        Heights above ground, increasing. [m]
    wind_speed : ndarray of float, shape (k, n)
        Wind speed. [m/s]
    temp_air : ndarray of float, shape (k, n)
        Dry-bulb temperature. [degC]
    pressure : ndarray of float, shape (k, n)
        Air pressure. [Pa]
    """

    heights_m: Column
    wind_speed: Column
    temp_air: Column
    pressure: Column


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Weather:
    """Hourly weather of a place; its arrays are read-only.

    Attributes
    ----------
    name : str
        Name of the place.
    source : str
        Where the data come from.
    latitude_deg : float
        Latitude, north positive. [degree]
    longitude_deg : float
        Longitude, east positive. [degree]
    altitude_m : float
        Height above sea level. [m]
    utc_offset_h : float
        Local standard time minus UTC. [h]
    wind_height_m : float
        Height above ground of the wind measurement. [m]
    ghi : ndarray of float, shape (n,)
        Global horizontal irradiance, mean of the hour; nan where the source has no sun. [W/m2]
    dni : ndarray of float, shape (n,)
        Direct normal irradiance, mean of the hour; nan where the source has no sun. [W/m2]
    dhi : ndarray of float, shape (n,)
        Diffuse horizontal irradiance, mean of the hour; nan where the source has no sun. [W/m2]
    temp_air : ndarray of float, shape (n,)
        Dry-bulb temperature as the row gives it, taken to hold for the hour. [degC]
    wind_speed : ndarray of float, shape (n,)
        Wind speed as the row gives it, taken to hold for the hour. [m/s]
    pressure : ndarray of float, shape (n,)
        Station pressure as the row gives it, taken to hold for the hour. [Pa]
    relative_humidity : ndarray of float, shape (n,)
        Relative humidity as the row gives it; nan where the source has none. [%]
    profile : WindProfile or None
        Wind at several heights, where the source has it; the columns above are the lowest's.
    """

    name: str
    source: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    utc_offset_h: float
    wind_height_m: float
    ghi: Column
    dni: Column
    dhi: Column
    temp_air: Column
    wind_speed: Column
    pressure: Column
    relative_humidity: Column = _UNKNOWN
    profile: WindProfile | None = None

    def __post_init__(self) -> None:
        """Fill in a humidity that nobody gave."""
        if self.relative_humidity is _UNKNOWN:
            object.__setattr__(self, "relative_humidity", frozen(np.full_like(self.ghi, np.nan)))

    @property
    def has_sun(self) -> bool:
        """Whether the source has irradiances at all."""
        return not bool(np.isnan(self.ghi).all())


class WeatherYear(Weather):
    """A typical year in local standard time: row k is its hour [k, k + 1), 8760 rows."""

    __slots__ = ()


def frozen(values: Column) -> Column:
    """Return an array after making it read-only."""
    values.setflags(write=False)
    return values


def changed_columns(weather: Weather, change: Change) -> dict[str, Any]:
    """Return all fields of some weather with its hourly columns changed, every height alike.

    Parameters
    ----------
    weather : Weather
        The weather.
    change : callable
        From a column's name and values, hours along the last axis, to its new values.

    Returns
    -------
    dict
        Fields by name; the arrays are read-only.
    """
    values = {field.name: getattr(weather, field.name) for field in fields(Weather)}
    for name in PLAUSIBLE:
        values[name] = frozen(change(name, values[name]))
    if weather.profile is not None:
        new = {n: frozen(change(n, getattr(weather.profile, n))) for n in PROFILE_COLUMNS}
        values["profile"] = WindProfile(weather.profile.heights_m, **new)
    return values
