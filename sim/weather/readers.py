"""Read typical weather years; whatever a file's habits, out comes one nominal year.

Formats stamp their hours differently: pvlib gives TMY3 rows the END of their hour and TMY2 rows the
START. Here only the file's own month, day and hour (1 to 24, hour ending) count, and row k holds
for the hour [k, k + 1) of a year of 365 days in local standard time. pvlib takes 0.7 s to import:
only the functions that need it do so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.catalog import row
from sim.errors import DataError
from sim.registry import did_you_mean

HOURS_PER_YEAR: Final = 8760
MBAR_PA: Final = 100.0

PLAUSIBLE: Final[Mapping[str, tuple[float, float, str]]] = MappingProxyType(
    {  # assumption: a little wider than the records on Earth; finds fill values such as -9900, 9999
        "ghi": (0.0, 1500.0, "W/m2"),
        "dni": (0.0, 1500.0, "W/m2"),
        "dhi": (0.0, 1500.0, "W/m2"),
        "temp_air": (-90.0, 60.0, "degC"),
        "wind_speed": (0.0, 100.0, "m/s"),
        "pressure": (30e3, 110e3, "Pa"),
    }
)
"""Weather columns with the least and greatest value each may have, and its unit."""


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
        Global horizontal irradiance, mean of the hour. [W/m2]
    dni : ndarray of float, shape (n,)
        Direct normal irradiance, mean of the hour. [W/m2]
    dhi : ndarray of float, shape (n,)
        Diffuse horizontal irradiance, mean of the hour. [W/m2]
    temp_air : ndarray of float, shape (n,)
        Dry-bulb temperature as the row gives it, taken to hold for the hour. [degC]
    wind_speed : ndarray of float, shape (n,)
        Wind speed as the row gives it, taken to hold for the hour. [m/s]
    pressure : ndarray of float, shape (n,)
        Station pressure as the row gives it, taken to hold for the hour. [Pa]
    """

    name: str
    source: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    utc_offset_h: float
    wind_height_m: float
    ghi: NDArray[np.float64]
    dni: NDArray[np.float64]
    dhi: NDArray[np.float64]
    temp_air: NDArray[np.float64]
    wind_speed: NDArray[np.float64]
    pressure: NDArray[np.float64]


class WeatherYear(Weather):
    """A typical year in local standard time: row k is its hour [k, k + 1), 8760 rows."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """What a format's reader finds: `rows` has month, day, hour and the weather columns in SI."""

    rows: pd.DataFrame
    location: Mapping[str, Any]
    header_lines: int


@cache
def read_tmy(station: str) -> WeatherYear:
    """Read the typical year of a station of the catalog's table ``weather_stations``.

    Parameters
    ----------
    station : str
        Name of the station, e.g. ``greensboro-nc``.

    Returns
    -------
    WeatherYear
        The year; its arrays are read-only and shared between calls.

    Raises
    ------
    ValueError
        If the catalog has no such station.
    DataError
        If the file that pvlib ships is missing or damaged.

    References
    ----------
    .. [1] S. Wilcox and W. Marion, "Users Manual for TMY3 Data Sets," NREL/TP-581-43156, 2008.
    .. [2] W. Marion and K. Urban, "User's Manual for TMY2s," NREL/SP-463-7668, 1995.
    """
    facts = row("weather_stations", station)
    with as_file(files("pvlib").joinpath("data", facts["file"])) as path:
        return read_year(
            path,
            facts["file_format"],
            name=station,
            source=facts["source"],
            wind_height_m=facts["wind_height_m"],
        )


def read_year(
    path: Path, file_format: str, *, name: str, source: str, wind_height_m: float
) -> WeatherYear:
    """Read a typical year from a file and check it: 8760 rows in order, all finite and plausible.

    Parameters
    ----------
    path : Path
        The file.
    file_format : str
        ``tmy3`` or ``tmy2``.
    name : str
        Name of the place.
    source : str
        Where the data come from.
    wind_height_m : float
        Height above ground of the wind measurement, which these formats do not tell. [m]

    Returns
    -------
    WeatherYear
        The year; its arrays are read-only.

    Raises
    ------
    ValueError
        If the format is unknown.
    DataError
        If the file cannot be read, or a row is missing, out of order or without a usable value.
    """
    if file_format not in _READERS:
        msg = f'weather format "{file_format}" is unknown.{did_you_mean(file_format, _READERS)}'
        raise ValueError(msg)
    try:
        found = _READERS[file_format](path)
    except (OSError, ValueError, LookupError, TypeError) as error:  # what pvlib lets through
        msg = f"{path}: cannot be read as a {file_format.upper()} weather file: {error}"
        raise DataError(msg) from error
    _check_calendar(found, path)
    columns: dict[str, Any] = {column: _checked(column, found, path) for column in PLAUSIBLE}
    place: dict[str, Any] = {"name": name, "source": source, "wind_height_m": float(wind_height_m)}
    return WeatherYear(**place, **found.location, **columns)


def _tmy3(path: Path) -> _Table:
    from pvlib.iotools import read_tmy3

    data, meta = read_tmy3(path)
    date = data["Date (MM/DD/YYYY)"].str
    rows = data[list(PLAUSIBLE)].apply(pd.to_numeric, errors="coerce")
    rows = rows.assign(
        month=date[:2].astype(int),
        day=date[3:5].astype(int),
        hour=data["Time (HH:MM)"].str[:2].astype(int),
        pressure=rows["pressure"] * MBAR_PA,
    )
    return _Table(rows, _location(meta), header_lines=2)


def _tmy2(path: Path) -> _Table:
    from pvlib.iotools import read_tmy2

    data, meta = read_tmy2(path)
    rows = pd.DataFrame(
        {
            "month": data["month"],
            "day": data["day"],
            "hour": data["hour"],
            "ghi": data["GHI"],
            "dni": data["DNI"],
            "dhi": data["DHI"],
            "temp_air": data["DryBulb"] / 10,  # pvlib leaves both in tenths, as in the file
            "wind_speed": data["Wspd"] / 10,
            "pressure": data["Pressure"] * MBAR_PA,
        }
    )
    return _Table(rows, _location(meta), header_lines=1)


_READERS: Final[Mapping[str, Callable[[Path], _Table]]] = MappingProxyType(
    {"tmy3": _tmy3, "tmy2": _tmy2}
)


def _location(meta: Mapping[str, Any]) -> dict[str, float]:
    return {
        "latitude_deg": float(meta["latitude"]),
        "longitude_deg": float(meta["longitude"]),
        "altitude_m": float(meta["altitude"]),
        "utc_offset_h": float(meta["TZ"]),
    }


def _check_calendar(found: _Table, path: Path) -> None:
    nominal = pd.date_range("2001-01-01", periods=HOURS_PER_YEAR, freq="h")
    wanted = np.column_stack([nominal.month, nominal.day, nominal.hour + 1])
    given = found.rows[["month", "day", "hour"]].to_numpy(dtype=int)
    common = min(len(given), HOURS_PER_YEAR)
    wrong = np.flatnonzero((given[:common] != wanted[:common]).any(axis=1))
    if wrong.size:
        first = int(wrong[0])
        msg = (
            f"{path}, row {first + 1 + found.header_lines}: found {_hour_label(given[first])}, "
            f"expected {_hour_label(wanted[first])}; a typical year has every hour of 365 days, in "
            "order, without 29 February."
        )
        raise DataError(msg)
    if len(given) != HOURS_PER_YEAR:
        msg = f"{path}: {len(given)} hourly rows, but a typical year needs {HOURS_PER_YEAR}."
        raise DataError(msg)


def _hour_label(month_day_hour: NDArray[np.int_]) -> str:
    month, day, hour = month_day_hour.tolist()
    return f"{month:02d}-{day:02d} hour {hour}"


def _checked(column: str, found: _Table, path: Path) -> NDArray[np.float64]:
    values = found.rows[column].to_numpy(dtype=np.float64, copy=True)
    least, greatest, unit = PLAUSIBLE[column]
    wrong = np.flatnonzero(~((values >= least) & (values <= greatest)))  # NaN compares as false
    if wrong.size:
        first = int(wrong[0])
        msg = (
            f"{path}, row {first + 1 + found.header_lines}: {column} is {values[first]:g} {unit}; "
            f"{least:g} to {greatest:g} {unit} is possible. Fill the gap before use."
        )
        raise DataError(msg)
    values.setflags(write=False)
    return values
