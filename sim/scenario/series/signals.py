"""Files of signals whose format is known: who writes them settles columns, times and units.

References
----------
.. [1] Electricity Maps, "Data Portal": fields of its CSV files, editions of 2022 to 2025.
.. [2] D. Maji et al., "CarbonCast: Multi-day Forecasting of Grid Carbon Intensity," BuildSys 2022.
.. [3] US EPA, "AVERT: User Manual." It is made of continuous emission monitoring data (40 CFR 75),
   whose hours are in local standard time all year.
.. [4] WattTime, "Marginal Operating Emissions Rate": historical CSV files.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

import numpy as np

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.positions import quoted
from sim.scenario.schema.series import AverageCarbonFile, MarginalCarbonFile, PriceFile
from sim.scenario.series.files import read_columns, read_header
from sim.scenario.series.prices import read_entsoe, read_epf
from sim.scenario.series.rows import (
    Array,
    Piecewise,
    Rows,
    evenly_spaced,
    finite,
    numbers,
    timestamps_s,
    zone_named,
)
from sim.units import CARBON_UNITS, HOUR_S

SignalFile = AverageCarbonFile | MarginalCarbonFile | PriceFile
"""A file of a known format."""

_INTENSITY: Final = re.compile(r"carbon intensity gco2eq/kwh \((.*)\)")
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "direct": "direct",
        "lca": "life-cycle",
        "life cycle": "life-cycle",
        "life cycle assessment": "life-cycle",
    }
)
"""What the editions of Electricity Maps call their two intensities."""

_TAKES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "entsoe": ("zone", "sequence", "usd_per_eur"),
        "epf": ("column", "timezone", "currency", "usd_per_eur"),
        "electricity-maps": ("zone", "emissions"),
        "decarbonization-potential": ("zone",),
        "carboncast": ("emissions",),
        "avert": ("zone", "timezone"),
        "watttime": (),
    }
)
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "epf": ("timezone", "currency"),
        "decarbonization-potential": ("zone",),
        "avert": ("zone", "timezone", "source_year"),
    }
)
_SPECIAL: Final = ("zone", "sequence", "column", "timezone", "currency", "usd_per_eur", "emissions")


def read_signal(path: Path, ref: SignalFile, start: datetime) -> Piecewise:
    """Read a file of a known format.

    Parameters
    ----------
    path : Path
        The file.
    ref : AverageCarbonFile, MarginalCarbonFile or PriceFile
        Its format and what to take from it.
    start : datetime
        The scenario's start, from which time is counted.

    Returns
    -------
    tuple of ndarray
        Edges and values.

    Raises
    ------
    DataError
        If the file has not the format, or its rows have mistakes.
    """
    for name in _SPECIAL:
        if getattr(ref, name, None) is not None and name not in _TAKES[ref.format]:
            msg = f"{ref.file}: format {ref.format} takes no {name}. Leave it out."
            raise DataError(msg)
    for name in _NEEDS.get(ref.format, ()):
        if getattr(ref, name) is None:
            msg = f"{ref.file}: format {ref.format} needs {name}."
            raise DataError(msg)
    match ref:
        case PriceFile():
            return (read_entsoe if ref.format == "entsoe" else read_epf)(path, ref, start)
        case AverageCarbonFile():
            return _AVERAGE[ref.format](path, ref, start)
        case _:
            return (_avert if ref.format == "avert" else _watttime)(path, ref, start)


def _electricity_maps(path: Path, ref: AverageCarbonFile, start: datetime) -> Piecewise:
    header = read_header(path, ref.file)
    time = _first_of(("Datetime (UTC)", "datetime"), header, ref)
    zone = next((name for name in header if name.casefold() in {"zone id", "zone_id"}), None)
    column = _intensity_column(_intensities(header), ref)
    rows, (zones,) = _rows(path, ref, time, column, (zone or time,))
    if zone:
        rows = rows.only(_in_zone(zones, ref))
    return _evenly(rows, start, "g/kWh")


def _intensities(header: Sequence[str]) -> dict[str, str]:
    """Return the columns of intensities by what kind they are; empty where they do not say."""
    found = {}
    for name in header:
        plain = " ".join(name.casefold().replace("₂", "2").split())
        if match := _INTENSITY.fullmatch(plain):
            found[_KINDS.get(match[1], match[1])] = name
        elif plain in {"carbon_intensity_avg", "carbon_intensity"}:
            found[""] = name
        elif plain.startswith("carbon_intensity_avg_"):
            kind = plain.removeprefix("carbon_intensity_avg_")
            found["life-cycle" if kind == "lifecycle" else kind] = name
    return found


def _intensity_column(kinds: Mapping[str, str], ref: AverageCarbonFile) -> str:
    if ref.emissions is None and len(kinds) == 1:
        return next(iter(kinds.values()))
    if ref.emissions in kinds:
        return kinds[str(ref.emissions)]
    if not kinds:
        msg = f"{ref.file} has no column of carbon intensity; is it of format {ref.format}?"
    elif ref.emissions is None:
        msg = f"{ref.file} has intensities {' and '.join(kinds)}. Say which in emissions."
    else:
        has = next(iter(kinds)) or "one that does not say which; leave emissions out"
        msg = f"{ref.file} has no {ref.emissions} intensity, but {has}."
    raise DataError(msg)


def _in_zone(zones: Sequence[str], ref: AverageCarbonFile) -> list[int]:
    """Return the rows of the zone asked for, or all if there is a single zone."""
    known = dict.fromkeys(zones)
    if ref.zone is None and len(known) > 1:
        msg = f"{ref.file} has the zones {', '.join(known)}. Say which in zone."
        raise DataError(msg)
    if ref.zone is not None and ref.zone not in known:
        _no_zone(ref.zone, known, ref)
    return [row for row, zone in enumerate(zones) if ref.zone in {None, zone}]


def _no_zone(zone: str, known: Sequence[str] | Mapping[str, None], ref: SignalFile) -> NoReturn:
    msg = f"{ref.file} has no zone {quoted(zone)}.{did_you_mean(zone, known)}"
    raise DataError(msg)


def _decarbonization_potential(path: Path, ref: AverageCarbonFile, start: datetime) -> Piecewise:
    return _by_zone(path, ref, "utc", start)


def _by_zone(path: Path, ref: AverageCarbonFile, time: str, start: datetime) -> Piecewise:
    rows, _ = _rows(path, ref, time, _zone_column(path, time, ref), ())
    return _evenly(rows, start, "g/kWh")


def _zone_column(path: Path, time: str, ref: AverageCarbonFile | MarginalCarbonFile) -> str:
    zone = ref.zone or ""
    header = read_header(path, ref.file)
    _first_of((time,), header, ref)
    zones = [name for name in header if name and name not in {time, "Month"}]
    return zone if zone in zones else _no_zone(zone, zones, ref)


def _carboncast(path: Path, ref: AverageCarbonFile, start: datetime) -> Piecewise:
    header = read_header(path, ref.file)
    time = _first_of(("UTC time",), header, ref)
    rows, _ = _rows(path, ref, time, _intensity_column(_intensities(header), ref), ())
    return _evenly(rows, start, "g/kWh")


def _watttime(path: Path, ref: MarginalCarbonFile, start: datetime) -> Piecewise:
    header = read_header(path, ref.file)
    time = _first_of(("timestamp", "point_time"), header, ref)
    rows, _ = _rows(path, ref, time, _first_of(("MOER", "value"), header, ref), ())
    return _evenly(rows, start, "lb/MWh")


def _avert(path: Path, ref: MarginalCarbonFile, start: datetime) -> Piecewise:
    """Read hours that are counted from the year's first, in local standard time."""
    rows, _ = _rows(path, ref, "Timestamp", _zone_column(path, "Timestamp", ref), ())
    for row, text in enumerate(rows.times):
        if finite(text) != row:
            rows.fail(row, f"Timestamp {quoted(text)} is not {row}: hours count from 0.")
    year = ref.source_year or start.year
    zone = _standard(zone_named(ref.timezone or "", ref.file), year)
    first, following = (datetime(number, 1, 1, tzinfo=zone) for number in (year, year + 1))
    hours = round((following - first).total_seconds() / HOUR_S)
    if len(rows.times) != hours:
        msg = f"{ref.file} has {len(rows.times)} hours, but {year} has {hours}."
        raise DataError(msg)
    edges_s = np.arange(hours + 1, dtype=float) * HOUR_S + (first - start).total_seconds()
    return edges_s, numbers(rows, negative=False) * CARBON_UNITS["lb/kWh"]


def _standard(zone: tzinfo, year: int) -> tzinfo:
    """Return a zone of the US without daylight saving time: as it is in January."""
    return timezone(datetime(year, 1, 1, tzinfo=zone).utcoffset() or timedelta())


def _first_of(names: Sequence[str], header: Sequence[str], ref: SignalFile) -> str:
    for name in names:
        if name in header:
            return name
    msg = f"{ref.file} has no column {quoted(names[0])}; is it of format {ref.format}?"
    raise DataError(msg)


def _rows(
    path: Path, ref: SignalFile, time: str, column: str, others: Sequence[str]
) -> tuple[Rows, list[list[str]]]:
    found = read_columns(path, ref.file, (time, column, *others))
    times, values, *rest = found.cells
    return Rows(ref.file, found.lines, time, times, column, values), rest or [[]]


def _evenly(rows: Rows, start: datetime, unit: str) -> Piecewise:
    """Return rows of UTC times."""
    rows.require_some()
    edges_s: Array = evenly_spaced(rows, timestamps_s(rows, start=start, zone=UTC))
    return edges_s, numbers(rows, negative=False) * CARBON_UNITS[unit]


_AVERAGE: Final[Mapping[str, Callable[[Path, AverageCarbonFile, datetime], Piecewise]]] = (
    MappingProxyType(
        {
            "electricity-maps": _electricity_maps,
            "decarbonization-potential": _decarbonization_potential,
            "carboncast": _carboncast,
        }
    )
)
