"""Price files of a known format: ENTSO-E's exports and the data sets of epftoolbox.

References
----------
.. [1] ENTSO-E Transparency Platform, "Energy Prices" (12.1.D): CSV exports, editions up to 2025.
.. [2] J. Lago et al., "Forecasting day-ahead electricity prices: A review of state-of-the-art
   algorithms, best practices and an open-access benchmark," Applied Energy 293, 2021 (epftoolbox).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.positions import quoted
from sim.scenario.schema.series import PriceFile, PriceSeries
from sim.scenario.series.files import read_columns, read_header
from sim.scenario.series.rows import (
    Array,
    Piecewise,
    Rows,
    evenly_spaced,
    fail_backwards,
    numbers,
    readings_s,
    span,
    timestamps_s,
    zone_named,
)
from sim.units import USD_PER_MWH

_MTU: Final = re.compile(r"MTU(?: \((.+)\))?")
_PRICE: Final = re.compile(r"Day-ahead Price [\[(]([A-Z]{3})/MWh[\])]")
_MOMENT: Final = re.compile(r"(\d\d)[./](\d\d)[./](\d{4}) (\d\d):(\d\d)(?::(\d\d))?(?: \((\w+)\))?")
_ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "UTC": "UTC",
        "CET/CEST": "Europe/Brussels",
        "CET": "Europe/Brussels",
        "EET/EEST": "Europe/Helsinki",
        "WET/WEST": "Europe/Lisbon",
        "GMT/BST": "Europe/London",
    }
)
"""Zones that an export can be asked for, by what its header calls them."""

_OFFSETS_H: Final[Mapping[str, int]] = MappingProxyType(
    {"UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
)
"""Marks of hours that the clocks show twice."""

_NOTHING: Final = frozenset({"", "-", "n/e", "N/A"})
"""What stands where there is no price."""


def read_entsoe(path: Path, ref: PriceFile, start: datetime) -> Piecewise:
    """Read day-ahead prices as the ENTSO-E Transparency Platform exports them.

    Parameters
    ----------
    path : Path
        The file.
    ref : PriceFile
        What to take from it.
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

    Notes
    -----
    Market time units are ranges such as ``01.01.2024 00:00 - 01.01.2024 01:00``; every range must
    begin where the one above ends, so that a change from hours to quarter hours is no gap. Rows
    without a price are left out where the clocks skip their hour, and at the end of the file.
    """
    header = read_header(path, ref.file)
    time, zone = _time_column(header, ref)
    column, currency = _price_column(header, ref)
    choices = {
        name: wanted
        for name, wanted in (("Area", ref.zone), ("Sequence", ref.sequence))
        if name in header
    }
    if ref.zone is not None and not {"Area", f"BZN|{ref.zone}"} & set(header):
        msg = f"{ref.file} does not say its zone in a column Area. Leave zone out."
        raise DataError(msg)
    found = read_columns(path, ref.file, (time, column, *choices))
    times, values, *keys = found.cells
    rows = Rows(ref.file, found.lines, time, times, column, values)
    kept: list[int] = list(range(len(times)))
    for (name, wanted), cells in zip(choices.items(), keys, strict=True):
        only = _chosen(name, wanted, list(dict.fromkeys(cells)), ref)
        kept = [row for row in kept if cells[row] == only]
    rows, edges_s = _ranges(rows.only(kept), zone, start)
    return edges_s, numbers(rows, negative=True) * (USD_PER_MWH * usd_per(currency, ref))


def read_epf(path: Path, ref: PriceFile, start: datetime) -> Piecewise:
    """Read prices of epftoolbox: local times, with 24 hours in every day.

    Parameters
    ----------
    path : Path
        The file.
    ref : PriceFile
        What to take from it, with the zone of its times and its currency.
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

    Notes
    -----
    The hour that the clocks skip in spring, which the data sets fill in, is left out; the value of
    the hour that they show twice in autumn holds for both.
    """
    header = read_header(path, ref.file)
    if not header:
        msg = f"{ref.file} has no header: its first line must name the columns."
        raise DataError(msg)
    column = _epf_column(header[1:], ref)
    found = read_columns(path, ref.file, (header[0], column))
    rows = Rows(ref.file, found.lines, header[0], found.cells[0], column, found.cells[1])
    rows.require_some()
    zone = zone_named(ref.timezone or "", ref.file)
    # On the wall clock, where every day has 24 hours, rows are evenly spaced.
    wall_s = evenly_spaced(rows, timestamps_s(rows, start=start))
    origin = start.replace(tzinfo=None)
    readings = [
        readings_s(origin + timedelta(seconds=time_s), zone, start) for time_s in wall_s.tolist()
    ]
    real = np.array([bool(instants_s) for instants_s in readings[:-1]])
    edges_s = np.array([instants_s[0] for instants_s in readings if instants_s])
    rate = usd_per(ref.currency or "USD", ref)
    return edges_s, numbers(rows, negative=True)[real] * (USD_PER_MWH * rate)


def usd_per(currency: str, ref: PriceFile | PriceSeries) -> float:
    """Return how many USD a unit of a currency is worth.

    Parameters
    ----------
    currency : str
        USD, EUR, or what a file has instead.
    ref : PriceFile or PriceSeries
        Has the exchange rate.

    Returns
    -------
    float
        The rate. [USD/EUR]

    Raises
    ------
    DataError
        If the rate is missing, or there is none to give.
    """
    if currency == "USD" and ref.usd_per_eur is None:
        return 1.0
    if currency == "EUR" and ref.usd_per_eur is not None:
        return ref.usd_per_eur
    advice = {
        "USD": "are in USD. Leave usd_per_eur out.",
        "EUR": "are in EUR. Give the exchange rate as usd_per_eur.",
    }
    instead = f"are in {quoted(currency)}, but only USD and EUR can be read. Convert them."
    msg = f"{ref.file}: its prices {advice.get(currency, instead)}"
    raise DataError(msg)


def _time_column(header: Sequence[str], ref: PriceFile) -> tuple[str, tzinfo]:
    name = next((name for name in header if name.startswith("MTU")), None)
    match = _MTU.fullmatch(name or "")
    if name is None or match is None:
        msg = f'{ref.file} has no column "MTU (CET/CEST)"; is it of format entsoe?'
        raise DataError(msg)
    if match[1] not in _ZONES:
        msg = f"{ref.file}: column {quoted(name)} must say its zone: {', '.join(_ZONES)}."
        raise DataError(msg)
    zone = _ZONES[match[1]]
    return name, UTC if zone == "UTC" else ZoneInfo(zone)


def _price_column(header: Sequence[str], ref: PriceFile) -> tuple[str, str]:
    for name in header:
        if match := _PRICE.fullmatch(name):
            return name, match[1]
    msg = f'{ref.file} has no column "Day-ahead Price (EUR/MWh)"; is it of format entsoe?'
    raise DataError(msg)


def _chosen(name: str, wanted: str | None, has: Sequence[str], ref: PriceFile) -> str:
    """Return the one value of a column that is wanted; a short form of it will do."""
    field = "zone" if name == "Area" else "sequence"
    if wanted is None:
        if len(has) > 1:
            several = f"several in column {name}: {', '.join(has)}"
            msg = f"{ref.file} has {several}. Say which in {field}."
            raise DataError(msg)
        return has[0] if has else ""
    for value in has:
        if wanted in {value, value.rpartition("|")[2], value.removeprefix("Sequence ")}:
            return value
    msg = f"{ref.file} has no {field} {quoted(wanted)}.{did_you_mean(wanted, has)}"
    raise DataError(msg)


def _ranges(rows: Rows, zone: tzinfo, start: datetime) -> tuple[Rows, Array]:
    """Return the rows that have a price, and the edges of their ranges, without any gap."""
    kept: list[int] = []
    edges_s: list[float] = []
    ends_s: set[float] = set()
    last = max((r for r, text in enumerate(rows.values) if text not in _NOTHING), default=-1)
    for row in range(last + 1):
        begin, end = _range(rows, row)
        begins_s = readings_s(begin, zone, start)
        if not begins_s:
            if rows.values[row] in _NOTHING:
                continue
            rows.fail(row, f"time {rows.times[row]} does not exist in {zone}: the clocks skip it.")
        above_s = edges_s[-1] if edges_s else -np.inf
        begin_s = next((time_s for time_s in begins_s if time_s > above_s), begins_s[-1])
        if kept and begin_s not in ends_s:
            _fail_apart(rows, row, begin_s - above_s, begin_s - max(ends_s))
        kept.append(row)
        edges_s.append(begin_s)
        ends_s = _ends_s(begin, end, begin_s, readings_s(end, zone, start))
        if not ends_s:
            rows.fail(row, f"{rows.times[row]} ends before it begins.")
    rows.only(kept).require_some()
    return rows.only(kept), np.array([*edges_s, min(ends_s)])


def _ends_s(begin: datetime, end: datetime, begin_s: float, read_s: Sequence[float]) -> set[float]:
    # As far on as its times say, unless the clocks change within the range: then it is less in
    # spring, and in autumn only the marks of the times can tell.
    long_s = (end.replace(tzinfo=None) - begin.replace(tzinfo=None)).total_seconds()
    said = begin_s + long_s if long_s > 0 else np.inf
    return {time_s for time_s in (said, *read_s) if begin_s < time_s <= said} - {np.inf}


def _fail_apart(rows: Rows, row: int, above_s: float, after_end_s: float) -> None:
    if above_s <= 0:
        fail_backwards(rows, row, gap_s=above_s)
    if after_end_s < 0:
        rows.fail(row, f"{rows.times[row]} begins before the range above ends.")
    rows.fail(row, f"gap: {rows.times[row]} begins {span(after_end_s)} after the range above ends.")


def _range(rows: Rows, row: int) -> tuple[datetime, datetime]:
    moments = [_moment(text) for text in rows.times[row].split(" - ")]
    if len(moments) != 2 or None in moments:
        what = f"{quoted(rows.times[row])} in column {rows.time_column}"
        rows.fail(row, f"{what} is not a range such as 01/01/2025 00:00:00 - 01/01/2025 01:00:00.")
    begin, end = (moment for moment in moments if moment is not None)
    return begin, end


def _moment(text: str) -> datetime | None:
    match = _MOMENT.fullmatch(text)
    if match is None or (match[7] and match[7] not in _OFFSETS_H):
        return None
    day, month, year, hour, minute, second = (int(match[i] or 0) for i in range(1, 7))
    mark = timezone(timedelta(hours=_OFFSETS_H[match[7]])) if match[7] else None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=mark)
    except ValueError:
        return None


def _epf_column(columns: Sequence[str], ref: PriceFile) -> str:
    if ref.column is not None:
        if ref.column in columns:
            return ref.column
        hint = did_you_mean(ref.column, columns)
        msg = f"{ref.file} has no column {quoted(ref.column)}.{hint}"
        raise DataError(msg)
    priced = [name for name in columns if "price" in name.casefold()]
    if "Real price" in priced:
        return "Real price"
    if len(priced) == 1:
        return priced[0]
    msg = f"{ref.file} has {len(priced)} columns named a price. Say which in column."
    raise DataError(msg)
