"""SAM's wind resource files (.srw): wind, temperature and pressure at several heights.

Five lines of header: the place; a description; what each column is; its unit; its height above
ground. Then a row an hour from midnight on 1 January, local standard time, without stamps.
"""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.weather.formats import DEGREES_PER_HOUR, MBAR_PA, Table, file_text
from sim.weather.model import HOURS_PER_YEAR, PROFILE_COLUMNS, Column, WindProfile, frozen
from sim.weather.nominal import NOMINAL_HOURS

HEADER_LINES: Final = 5
ATMOSPHERE_PA: Final = 101325.0

_QUANTITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("temperature", "temp"), "temp_air"),
        **dict.fromkeys(("pressure", "pres"), "pressure"),
        **dict.fromkeys(("speed", "velocity"), "wind_speed"),
        **dict.fromkeys(("direction", "dir"), "wind_direction"),
    }
)
"""Names of columns that SAM knows, and ours."""

_UNITS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "temp_air": {"c": 1.0, "degc": 1.0, "celsius": 1.0},
        "pressure": {"atm": ATMOSPHERE_PA, "pa": 1.0, "hpa": MBAR_PA, "mbar": MBAR_PA},
        "wind_speed": {"m/s": 1.0, "ms": 1.0},
    }
)
"""Units of our columns as factors to SI."""

_PLACE: Final[Mapping[str, int]] = MappingProxyType(
    {"latitude_deg": 5, "longitude_deg": 6, "altitude_m": 7, "utc_offset_h": 8}
)
"""Cells of the first line that tell the place, from 0."""

_MOST_OFF_SUN_H: Final = 4.0  # clocks are at most 3.5 h off the sun (western China)


def read_srw(path: Path, file: str, *, place: Mapping[str, float] | None = None) -> Table:
    """Read a SAM wind resource file.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        What to call it in messages.
    place : mapping of str to float
        latitude_deg, longitude_deg, altitude_m, utc_offset_h; None takes them from the file.
        [degree, m, h]

    Returns
    -------
    Table
        Its rows, with a profile; there are no irradiances and no humidity. Temperature and pressure
        are interpolated to the heights of the wind, linearly and in the logarithm; beyond the
        heights that have them the nearest ones hold.

    Raises
    ------
    DataError
        If it cannot be read, or its header does not say what is needed.
    """
    header, data = _parts(path, file)
    kinds = _kinds(header[2], file)
    factors = [_factor(kind, unit, file) for kind, unit in zip(kinds, header[3], strict=False)]
    heights = _heights(header[4], len(kinds), file)
    columns = {
        name: {
            height: data[place].to_numpy(dtype=np.float64) * factors[place]
            for place, (kind, height) in enumerate(zip(kinds, heights, strict=True))
            if kind == name
        }
        for name in PROFILE_COLUMNS
    }
    for name, found in columns.items():
        if not found:
            _fail(file, f"line 3 names no column for {name}.")
    profile = _profile(columns)
    rows = pd.DataFrame(NOMINAL_HOURS[np.arange(len(data)) % HOURS_PER_YEAR])
    rows.columns = pd.Index(["month", "day", "hour"])
    lowest = {name: getattr(profile, name)[0] for name in PROFILE_COLUMNS}
    lines = HEADER_LINES + 1 + np.arange(len(data))
    return Table(rows.assign(**lowest), place or _place(header[0], file), lines, profile=profile)


def _fail(file: str, fault: str) -> NoReturn:
    msg = f"{file}: cannot be read as a SRW weather file: {fault}"
    raise DataError(msg)


def _parts(path: Path, file: str) -> tuple[list[list[str]], pd.DataFrame]:
    try:
        lines = file_text(path).rstrip().splitlines()
    except OSError as error:
        _fail(file, f"{error}")
    if len(lines) <= HEADER_LINES:
        _fail(file, f"{len(lines)} lines; it needs {HEADER_LINES} lines of header, then the hours.")
    header = [[cell.strip() for cell in line.split(",")] for line in lines[:HEADER_LINES]]
    width = max(line.count(",") for line in lines[HEADER_LINES:]) + 1
    text = StringIO("\n".join(lines[HEADER_LINES:]))
    data = pd.read_csv(text, names=range(width), dtype=str, skip_blank_lines=False)
    if width < sum(map(bool, header[2])):
        _fail(file, f"the rows have {width} cells, but line 3 names {sum(map(bool, header[2]))}.")
    return header, data.apply(pd.to_numeric, errors="coerce")


def _kinds(names: Sequence[str], file: str) -> list[str]:
    kinds = [name.lower() for name in names if name]
    for kind in kinds:
        if kind not in _QUANTITIES:
            _fail(file, f'line 3 names a column "{kind}".{did_you_mean(kind, _QUANTITIES)}')
    return [_QUANTITIES[kind] for kind in kinds]


def _factor(kind: str, unit: str, file: str) -> float:
    if kind not in _UNITS:  # the wind's direction is not used
        return 1.0
    if unit.lower() not in _UNITS[kind]:
        _fail(file, f'line 4 has the unit "{unit}". {did_you_mean(unit, _UNITS[kind]).strip()}')
    return _UNITS[kind][unit.lower()]


def _heights(cells: Sequence[str], count: int, file: str) -> list[float]:
    numbers = [_number(cell) for cell in cells[:count]]
    if len(numbers) < count or not all(np.isfinite(number) for number in numbers):
        _fail(file, "line 5 must have the height of every column that line 3 names, in m.")
    return numbers


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _place(cells: Sequence[str], file: str) -> dict[str, float]:
    found = {name: _number(cells[at]) if at < len(cells) else np.nan for name, at in _PLACE.items()}
    unknown = [name for name, value in found.items() if not np.isfinite(value)]
    advice = "Give the place in the scenario: location: {latitude_deg: ..., utc_offset_h: ...}."
    if unknown:
        _fail(file, f"line 1 does not tell {', '.join(unknown)}. {advice}")
    if abs(found["longitude_deg"] / DEGREES_PER_HOUR - found["utc_offset_h"]) > _MOST_OFF_SUN_H:
        clock = f"UTC{found['utc_offset_h']:+g} at longitude {found['longitude_deg']:g}"
        _fail(file, f"line 1 says {clock}, which cannot be. {advice}")
    return found


def _profile(columns: Mapping[str, Mapping[float, Column]]) -> WindProfile:
    heights_m = np.array(sorted(columns["wind_speed"]), dtype=np.float64)
    wind_speed = np.stack([columns["wind_speed"][height] for height in heights_m.tolist()])
    temp_air = _at_heights(columns["temp_air"], heights_m)
    pressure = np.exp(_at_heights(
        {height: np.log(values) for height, values in columns["pressure"].items()}, heights_m
    ))
    return WindProfile(frozen(heights_m), wind_speed, temp_air, pressure)


def _at_heights(columns: Mapping[float, Column], wanted_m: Column) -> Column:
    known_m = np.array(sorted(columns))
    known = np.stack([columns[height] for height in known_m.tolist()])
    weights = np.stack([np.interp(wanted_m, known_m, unit) for unit in np.eye(known_m.size)])
    return np.asarray(weights.T @ known)
