"""Read typical weather years; whatever a file's habits, out comes one nominal year.

Row k of a year holds for the hour [k, k + 1) of 365 days in local standard time, its irradiances
for the sun at the middle of that hour. Whatever a file lacks or has wrong is told with its row.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.catalog import row
from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.schema.weather import USUAL_WIND_HEIGHT_M
from sim.weather.formats import READERS, RowError, Table, odd_line
from sim.weather.model import (
    HOURS_PER_YEAR,
    IRRADIANCES,
    PLAUSIBLE,
    PROFILE_COLUMNS,
    Column,
    WeatherYear,
    WindProfile,
    frozen,
)
from sim.weather.nominal import calendar_fault, is_leap_day
from sim.weather.srw import read_srw
from sim.weather.sun import MID_HOUR_H, Sky, at_mid_hour, fitting_time_h, sun_fault

FORMATS: Final = (*READERS, "srw")


T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Label:
    """What a year is called in messages and reports.

    Attributes
    ----------
    name : str
        Name of the place.
    source : str
        Where the data come from.
    file : str
        The file, as the user names it.
    """

    name: str
    source: str
    file: str


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
    path: Path,
    file_format: str,
    *,
    name: str,
    source: str,
    wind_height_m: float = USUAL_WIND_HEIGHT_M,
) -> WeatherYear:
    """Read a typical year from a file and check it: 8760 rows in order, all finite and plausible.

    Parameters
    ----------
    path : Path
        The file.
    file_format : str
        One of ``FORMATS``: ``tmy3``, ``tmy2``, ``epw``, ``psm3``, ``pvgis``, ``srw``.
    name : str
        Name of the place.
    source : str
        Where the data come from.
    wind_height_m : float
        Height above ground of the wind measurement, where the format does not tell. [m]

    Returns
    -------
    WeatherYear
        The year; its arrays are read-only.

    Raises
    ------
    ValueError
        If the format is unknown.
    DataError
        If the file cannot be read, a row is missing, out of order or without a usable value, or the
        sun shines when it cannot.
    """
    label = Label(name, source, str(path))
    table = read_table(path, file_format, file=label.file)
    return year_of(table, label, wind_height_m=wind_height_m)


def read_table(path: Path, file_format: str, *, file: str) -> Table:
    """Read a file as it is, without checking its rows.

    Parameters
    ----------
    path : Path
        The file.
    file_format : str
        One of ``FORMATS``.
    file : str
        What to call it in messages.

    Returns
    -------
    Table
        Its rows.

    Raises
    ------
    ValueError
        If the format is unknown.
    DataError
        If it cannot be read as a file of that format.
    """
    if file_format not in FORMATS:
        msg = f'weather format "{file_format}" is unknown.{did_you_mean(file_format, FORMATS)}'
        raise ValueError(msg)
    if file_format == "srw":
        return read_srw(path, file)
    try:
        return READERS[file_format](path)
    except (OSError, ValueError, LookupError, TypeError) as error:  # what pvlib lets through
        named = isinstance(error, RowError) or not path.is_file()
        reason = (None if named else odd_line(path, file_format)) or f"{error}"
        msg = f"{file}: cannot be read as a {file_format.upper()} weather file: {reason}"
        raise DataError(msg) from error


def year_of(table: Table, label: Label, *, wind_height_m: float | None) -> WeatherYear:
    """Check a file's rows and lay them onto the nominal year.

    Parameters
    ----------
    table : Table
        The rows.
    label : Label
        What the year is called.
    wind_height_m : float or None
        Height above ground of the wind measurement, where the table has no profile. [m]

    Returns
    -------
    WeatherYear
        The year; its arrays are read-only.

    Raises
    ------
    DataError
        If a row is missing, out of order or without a usable value, or the sun shines when it
        cannot.
    """
    given = table.rows[["month", "day", "hour"]].to_numpy(dtype=int)
    kept = ~is_leap_day(given)
    lines = table.lines[kept]
    if fault := calendar_fault(given[kept], lines):
        msg = f"{label.file}{fault}"
        raise DataError(msg)
    checks = _Checks(table, kept, lines, label.file)
    columns = {name: checks.column(name) for name in PLAUSIBLE}
    sun = _sun_at_mid_hour(table, {name: columns[name] for name in IRRADIANCES}, checks)
    profile = checks.profile()
    height_m = wind_height_m or USUAL_WIND_HEIGHT_M
    values: dict[str, Any] = {n: frozen(column) for n, column in (columns | sun).items()}
    return WeatherYear(
        name=label.name,
        source=label.source,
        wind_height_m=height_m if profile is None else float(profile.heights_m[0]),
        profile=profile,
        **values | dict(table.place),
    )


@dataclass(frozen=True, slots=True)
class _Checks:
    """Takes columns from a table: without 29 February, checked, and rolled to local time."""

    table: Table
    kept: NDArray[np.bool_]
    lines: NDArray[np.int_]
    file: str

    def column(self, name: str) -> Column:
        rows = self.table.rows
        if name not in rows:
            return np.full(HOURS_PER_YEAR, np.nan)
        return self.checked(name, rows[name].to_numpy(dtype=np.float64)[self.kept])

    def checked(self, name: str, values: Column) -> Column:
        least, greatest, unit = PLAUSIBLE[name]
        wrong = ~((values >= least) & (values <= greatest))  # NaN compares as false
        if name == "relative_humidity" and wrong.all():
            return np.full(HOURS_PER_YEAR, np.nan)  # the format has a column, this file no values
        for first in np.flatnonzero(wrong)[:1]:
            msg = (
                f"{self.file}, row {self.lines[first]}: {name} is {values[first]:g} {unit}; "
                f"{least:g} to {greatest:g} {unit} is possible. Fill the gap before use."
            )
            raise DataError(msg)
        return self.local(values)

    def local(self, values: NDArray[T]) -> NDArray[T]:
        return np.roll(values, self.table.ahead_h, axis=-1)

    def profile(self) -> WindProfile | None:
        found = self.table.profile
        if found is None:
            return None
        columns = {
            name: frozen(np.stack([self.checked(name, row) for row in getattr(found, name)]))
            for name in PROFILE_COLUMNS
        }
        return WindProfile(found.heights_m, **columns)


def _sun_at_mid_hour(table: Table, sun: dict[str, Column], checks: _Checks) -> dict[str, Column]:
    """Check the light against the sun, and move it to mid-hour where it belongs to an instant."""
    if np.isnan(sun["ghi"]).all():
        return sun
    place = table.place
    sky = Sky(place["latitude_deg"], place["longitude_deg"], place["utc_offset_h"])
    at_h = fitting_time_h(sun, sky) if table.sun_at_h is None else table.sun_at_h
    if at_h != MID_HOUR_H:
        sun = at_mid_hour(sun, Sky(sky.latitude_deg, sky.longitude_deg, sky.utc_offset_h, at_h))
    if fault := sun_fault(sun, sky, lines=checks.local(checks.lines)):
        msg = f"{checks.file}: {fault}"
        raise DataError(msg)
    return sun
