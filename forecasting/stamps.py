"""Times as they stand in a file, as instants on an even grid; faults name file and line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import pandas as pd

from forecasting.history import HOUR_S, FloatArray, ForecastError, IntArray

_FORMS: Final = (
    "ISO8601",
    *(f"{day} {clock}" for day in ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y")
      for clock in ("%H:%M", "%H:%M:%S")),
)
_ZONED: Final = re.compile(r"\d:\d\d.*(Z|[+-]\d\d:?\d\d)$")
_LEAST_FILLED: Final = 0.5  # assumption: with fewer hours than this a date is probably mistyped


class DataError(ForecastError):
    """A data file cannot be used; the message names file, line and what is wanted."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """A column of times as text.

    Attributes
    ----------
    file : str
        What messages call the file.
    column : str
        Name of the column.
    lines : sequence of int
        Line of each row in the file, from 1. [-]
    texts : sequence of str
        The cells.
    """

    file: str
    column: str
    lines: Sequence[int]
    texts: Sequence[str]

    def fail(self, row: int, message: str) -> NoReturn:
        """Raise the fault of a row.

        Parameters
        ----------
        row : int
            Row among these. [-]
        message : str
            What is wrong.

        Raises
        ------
        DataError
            Always.
        """
        msg = f"{self.file}, line {self.lines[row]}: {message}"
        raise DataError(msg)


def is_time(text: str) -> bool:
    """Return whether a text is a time of one of the forms that are read."""
    return any(not _read([text], form).hasnans for form in _FORMS)


def instants(stamps: Stamps, *, timezone: str = "UTC") -> pd.DatetimeIndex:
    """Return the times of a column in UTC.

    Parameters
    ----------
    stamps : Stamps
        The column: ISO 8601, 12/31/2021 23:00, 31/12/2021 23:00 or 31.12.2021 23:00.
    timezone : str
        Zone of times that name none. The day of 25 hours has one hour twice, that of 23 hours
        leaves one out.

    Returns
    -------
    DatetimeIndex, shape (n,)
        Rising.

    Raises
    ------
    DataError
        At the first row that is no time, is local time that the clocks skip, or is not after the
        row above; if there are fewer than two rows; if day and month cannot be told apart.
    """
    if len(stamps.texts) < 2:
        count = len(stamps.texts)
        msg = f"{stamps.file} has {count} row(s); at least two show how far they are apart."
        raise DataError(msg)
    zone = _zone(timezone, stamps.file)
    zoned = [bool(_ZONED.search(text)) for text in stamps.texts]
    if any(zoned) and not all(zoned):
        row = zoned.index(not zoned[0])
        stamps.fail(row, f"time {stamps.texts[row]} names a zone or not, unlike the rows above.")
    times = _parsed(stamps)
    found = times if zoned[0] else _localized(stamps, times, zone)
    _require_rising(stamps, found, local=not zoned[0])
    return found


def grid(stamps: Stamps, times: pd.DatetimeIndex) -> tuple[IntArray, float]:
    """Return where rows stand on an even grid, which may have gaps.

    Parameters
    ----------
    stamps : Stamps
        The column, for messages.
    times : DatetimeIndex, shape (n,)
        Its times, rising.

    Returns
    -------
    place : ndarray of int, shape (n,)
        Place of each row, from 0. [-]
    step_s : float
        Length of a step: the most common distance between two rows. [s]

    Raises
    ------
    DataError
        If a row is no whole number of steps after the row above, or most steps have no row.
    """
    apart_s: FloatArray = np.diff(times.asi8) / 1e6
    lengths_s, counts = np.unique(apart_s, return_counts=True)
    step_s = float(lengths_s[np.argmax(counts)])
    steps = apart_s / step_s
    for row in 1 + np.flatnonzero(np.abs(steps - np.rint(steps)) > 1e-6)[:1]:
        apart = f"{_span(apart_s[row - 1])} after the row above, but rows are {_span(step_s)} apart"
        stamps.fail(int(row), f"time {stamps.texts[row]} is {apart}. Space them evenly.")
    place: IntArray = np.concatenate([[0], np.cumsum(np.rint(steps).astype(np.int64))])
    if len(place) < _LEAST_FILLED * (place[-1] + 1):
        row = 1 + int(np.argmax(steps))
        gap = f"{_span(apart_s[row - 1])} after the row above"
        stamps.fail(row, f"time {stamps.texts[row]} is {gap}: most hours of the file are missing.")
    return place, step_s


def did_you_mean(name: str, allowed: Sequence[str]) -> str:
    """Return ``" Did you mean X?"`` for the nearest allowed name, or the list of all."""
    near = get_close_matches(name, allowed, n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else f" Allowed: {', '.join(allowed)}."


def _zone(name: str, file: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=1) or ["Europe/Berlin or UTC"]
        msg = f'{file}: "{name}" is not a time zone. Did you mean {near[0]}?'
        raise DataError(msg) from None


def _read(texts: Sequence[str], form: str) -> pd.DatetimeIndex:
    # utc=True reads times that name no zone as if they were UTC; `_localized` takes that back.
    times = pd.to_datetime(list(texts), format=form, errors="coerce", utc=True)
    return pd.DatetimeIndex(times).as_unit("us")


def _parsed(stamps: Stamps) -> pd.DatetimeIndex:
    possible = [form for form in _FORMS if not _read(stamps.texts[:1], form).hasnans]
    if not possible:
        _no_time(stamps, 0)
    read = [_read(stamps.texts, form) for form in possible]
    whole = [times for times in read if not times.hasnans]
    if not whole:
        _no_time(stamps, max(int(np.argmax(times.isna())) for times in read))
    if len(whole) > 1:  # 03/02/2021: in one reading days follow each other, in the other they jump
        whole = [times for times in whole if len(np.unique(np.diff(times.asi8))) == 1]
    if len(whole) != 1:
        text = stamps.texts[0]
        stamps.fail(0, f"time {text}: day and month cannot be told apart. Write 2021-03-02 00:00.")
    return whole[0]


def _no_time(stamps: Stamps, row: int) -> NoReturn:
    wanted = "such as 2021-03-02T00:00Z" if row == 0 else "of the form of the rows above"
    where = f'"{stamps.texts[row]}" in column "{stamps.column}"'
    stamps.fail(row, f"{where} is not a time {wanted}.")


def _localized(stamps: Stamps, times: pd.DatetimeIndex, zone: ZoneInfo) -> pd.DatetimeIndex:
    """Return the instants of local times; of an hour shown twice, the first goes before."""
    bare = times.tz_localize(None)
    first, second = (
        bare.tz_localize(zone, ambiguous=np.full(len(bare), summer), nonexistent="NaT")
        .tz_convert("UTC")
        for summer in (True, False)
    )
    for row in np.flatnonzero(first.isna())[:1]:
        skipped = f"time {stamps.texts[row]} does not exist in {zone}: the clocks skip it"
        stamps.fail(int(row), f"{skipped}. Is the file in standard time, or UTC, all year?")
    ticks, later = first.asi8.copy(), second.asi8
    for row in np.flatnonzero(ticks != later):
        if row and ticks[row] <= ticks[row - 1]:
            ticks[row] = later[row]
    return pd.DatetimeIndex(ticks.astype("datetime64[us]"), tz="UTC")


def _require_rising(stamps: Stamps, times: pd.DatetimeIndex, *, local: bool) -> None:
    apart = np.diff(times.asi8)
    for row in 1 + np.flatnonzero(apart <= 0)[:1]:
        text = stamps.texts[row]
        if apart[row - 1] < 0:
            stamps.fail(int(row), f"time {text} is before the row above. Sort by time.")
        hint = " If it is local time, name its zone (timezone)." if local else ""
        stamps.fail(int(row), f"time {text} stands twice. Keep one row a time.{hint}")


def _span(duration_s: float) -> str:
    hours = duration_s / HOUR_S
    return f"{hours:g} h" if hours >= 1 else f"{duration_s / 60:g} min"
