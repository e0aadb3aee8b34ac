"""Weather formats that pvlib reads, each with its own habits of stamps, units and zones.

An hour has many names: TMY3, TMY2 and EPW rows say at which hour (1 to 24) theirs ENDS, NSRDB rows
carry its MIDDLE (minute 30), PVGIS rows an instant some minutes after the full UTC hour. Out of
here every row says month, day and the hour 1 to 24 that it holds for, on the clock of the file.
pvlib takes 0.7 s to import: only the functions that need it do so.
"""

import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.weather.model import HOURS_PER_YEAR, PLAUSIBLE, WindProfile
from sim.weather.nominal import calendar_fault
from sim.weather.psychrometrics import relative_humidity_percent
from sim.weather.sun import MID_HOUR_H

MBAR_PA: Final = 100.0
MID_HOUR_MINUTE: Final = 30
DEGREES_PER_HOUR: Final = 15.0

_PRESSURE_UNITS_PA: Final = MappingProxyType(
    {"mbar": MBAR_PA, "Millibar": MBAR_PA, "hPa": MBAR_PA, "Pa": 1.0}
)
_PVGIS_STAMP: Final = re.compile(r"\d{4}(\d\d)(\d\d):(\d\d)\d\d,")


@dataclass(frozen=True, slots=True)
class Table:
    """What a format's reader finds, before anything is checked.

    Attributes
    ----------
    rows : DataFrame
        Columns month, day, hour (1 to 24) and the weather columns that the file has, in SI.
    place : mapping of str to float
        latitude_deg, longitude_deg, altitude_m, utc_offset_h. [degree, m, h]
    lines : ndarray of int, shape (n,)
        Line of each row in the file. [-]
    ahead_h : int
        Local standard time minus the clock of the rows. [h]
    sun_at_h : float or None
        Time within its hour that a row's irradiance belongs to, None if the file does not say. [h]
    profile : WindProfile or None
        Wind at several heights, where the file has it.
    """

    rows: pd.DataFrame
    place: Mapping[str, float]
    lines: NDArray[np.int_]
    ahead_h: int = 0
    sun_at_h: float | None = MID_HOUR_H
    profile: WindProfile | None = None


class RowError(ValueError):
    """A row is not as the format wants it; the message names it."""


def file_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked if its name ends in ``.gz``."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rb") as file:
        return bytes(file.read())


def file_text(path: Path) -> str:
    """Return the text of a file; place names in old files are often not UTF-8."""
    content = file_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _tmy3(path: Path) -> Table:
    from pvlib.iotools import read_tmy3

    data, meta = read_tmy3(StringIO(file_text(path)))
    date = data["Date (MM/DD/YYYY)"].str
    rows = _columns(data).apply(pd.to_numeric, errors="coerce")
    rows = rows.assign(
        month=date[:2].astype(int),
        day=date[3:5].astype(int),
        hour=data["Time (HH:MM)"].str[:2].astype(int),
        pressure=rows["pressure"] * MBAR_PA,
    )
    return _table("tmy3", rows, meta)


def _tmy2(path: Path) -> Table:
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
            "relative_humidity": data["RHum"],
        }
    )
    return _table("tmy2", rows, meta)


def _epw(path: Path) -> Table:
    from pvlib.iotools import read_epw

    data, meta = read_epw(StringIO(file_text(path)))
    data = data.rename(columns={"atmospheric_pressure": "pressure"})
    rows = _columns(data).apply(pd.to_numeric, errors="coerce")
    rows = rows.assign(month=data["month"], day=data["day"], hour=data["hour"])
    return _table("epw", rows, meta)


def _psm3(path: Path) -> Table:
    from pvlib.iotools import read_nsrdb_psm4

    data, meta = read_nsrdb_psm4(StringIO(file_text(path)))
    _require_mid_hour(data["Minute"].to_numpy())
    rows = _columns(data)
    rows["pressure"] = rows["pressure"] * _PRESSURE_UNITS_PA[meta.get("Pressure Units", "mbar")]
    if "relative_humidity" not in rows and "temp_dew" in data:
        rows["relative_humidity"] = relative_humidity_percent(
            data["temp_air"].to_numpy(), data["temp_dew"].to_numpy()
        )
    rows = rows.assign(month=data["Month"], day=data["Day"], hour=data["Hour"] + 1)
    zone_h = meta["Local Time Zone"]
    return _table("psm3", rows, {**meta, "TZ": zone_h}, ahead_h=zone_h - meta["Time Zone"])


def _require_mid_hour(minutes: NDArray[np.int_]) -> None:
    off = np.flatnonzero(minutes != MID_HOUR_MINUTE)
    if off.size:
        msg = (
            f"row {off[0] + 4} is stamped at minute {minutes[off[0]]}, but only hourly rows "
            "stamped at minute 30, the middle of their hour, can be used (interval=60)."
        )
        raise RowError(msg)


def _pvgis(path: Path) -> Table:
    from pvlib.iotools import read_pvgis_tmy

    content = file_bytes(path)
    if content.lstrip().startswith(b"{"):
        data, meta = read_pvgis_tmy(StringIO(content.decode()), pvgis_format="json")
        first_line = 1  # a JSON file has records, no rows
    else:
        first_line = _first_pvgis_row(content)
        data, meta = read_pvgis_tmy(BytesIO(content), pvgis_format="csv")
    rows = _columns(data).assign(
        month=data.index.month, day=data.index.day, hour=data.index.hour + 1
    )
    where = {**meta["inputs"], **meta["inputs"].get("location", {})}
    offset_h = where.get("irradiance_time_offset", where.get("irradiance time offset"))
    ahead_h = round(float(where["longitude"]) / DEGREES_PER_HOUR)  # PVGIS tells no zone
    place = _place({**where, "altitude": where["elevation"], "TZ": ahead_h})
    lines = first_line + np.arange(len(rows))
    return Table(rows, place, lines, ahead_h=ahead_h, sun_at_h=offset_h)


def _first_pvgis_row(content: bytes) -> int:
    """Find the first row; check that all hours are there, as pvlib reads 8760 lines blindly."""
    stamped = [
        (line, match)
        for line, text in enumerate(content.decode("latin-1").splitlines(), start=1)
        if (match := _PVGIS_STAMP.match(text))
    ]
    stamps = [[int(part) for part in match.groups()] for _, match in stamped]
    given = np.array(stamps, dtype=np.int_).reshape(-1, 3) + np.array([0, 0, 1])
    lines = np.array([line for line, _ in stamped], dtype=np.int_)
    if fault := calendar_fault(given, lines):
        raise RowError(fault.removeprefix(", ").removeprefix(": "))
    return int(lines[0])


def _columns(data: pd.DataFrame) -> pd.DataFrame:
    """Pick the weather columns; only the humidity may be missing."""
    missing = [name for name in PLAUSIBLE if name not in data and name != "relative_humidity"]
    if missing:
        msg = f"it has no column for {', '.join(missing)}."
        raise LookupError(msg)
    return data.filter(items=list(PLAUSIBLE))


def _table(
    file_format: str, rows: pd.DataFrame, meta: Mapping[str, Any], *, ahead_h: int = 0
) -> Table:
    lines = FIRST_LINES[file_format] + np.arange(len(rows))
    return Table(rows, _place(meta), lines, ahead_h=ahead_h)


def _place(meta: Mapping[str, Any]) -> dict[str, float]:
    return {
        "latitude_deg": float(meta["latitude"]),
        "longitude_deg": float(meta["longitude"]),
        "altitude_m": float(meta["altitude"]),
        "utc_offset_h": float(meta["TZ"]),
    }


def odd_line(path: Path, file_format: str) -> str | None:
    """Find the first row of a file that does not look like its first one.

    Parameters
    ----------
    path : Path
        The file.
    file_format : str
        Its format, one of `READERS`.

    Returns
    -------
    str or None
        The row and what is odd about it; None if no row is.
    """
    lines = file_text(path).splitlines()
    if file_format == "tmy2":
        return _odd_digit(lines)
    stamped = (line for line, text in enumerate(lines, start=1) if _PVGIS_STAMP.match(text))
    first_line = FIRST_LINES.get(file_format) or next(stamped, len(lines) + 1)
    cells = [line.split(",") for line in lines[first_line - 1 :][:HOURS_PER_YEAR]]
    numeric = [_is_number(cell) for cell in cells[0]] if cells else []
    for line, row in enumerate(cells, start=first_line):
        if len(row) != len(numeric):
            return f"row {line} has {len(row)} cells, the rows above have {len(numeric)}."
        for cell, wanted in zip(row, numeric, strict=True):
            if wanted and not _is_number(cell):
                return f'row {line} has "{cell.strip()}" where the rows above have a number.'
    return None


def _odd_digit(lines: Sequence[str]) -> str | None:
    """Find the first row of a file of fixed width that has a letter where the first has a digit."""
    model = lines[1] if len(lines) > 1 else ""
    for line, row in enumerate(lines[1:], start=2):
        for place, (wanted, found) in enumerate(zip(model, row, strict=False), start=1):
            if wanted.isdigit() and not (found.isdigit() or found in " -+."):
                return f'row {line} has "{found}" at place {place}, where a digit should be.'
    return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


READERS: Final[Mapping[str, Callable[[Path], Table]]] = MappingProxyType(
    {"tmy3": _tmy3, "tmy2": _tmy2, "epw": _epw, "psm3": _psm3, "pvgis": _pvgis}
)
"""Readers by format: from a file to its table; they let pvlib's errors through."""

FIRST_LINES: Final[Mapping[str, int]] = MappingProxyType(
    {"tmy3": 3, "tmy2": 2, "epw": 9, "psm3": 4}
)
"""Line of the first row in formats with a header of fixed length."""
