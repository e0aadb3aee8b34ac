"""Plausible other years out of a typical one: days shuffled in blocks within their month."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.weather.model import HOURS_PER_YEAR, Column, WeatherYear, changed_columns
from sim.weather.sun import Sky

SHORTEST_BLOCK_DAYS: Final = 3
LONGEST_BLOCK_DAYS: Final = 7
"""Blocks are drawn evenly between these: five days on average, longer than most weather lasts."""

FADE_H: Final = 4
"""Hours before and after the midnight of a seam over which one day passes into the other."""

MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS_PER_YEAR: Final = sum(MONTH_DAYS)

_INSTANTS_H: Final = tuple((step + 0.5) / 6 for step in range(6))
_MOST_LIGHT_RATIO: Final = 4.0  # at sunrise a day's light is not blown up by more than this
_HARMONICS: Final = 2

Days = NDArray[np.int_]


def resampled(year: WeatherYear, rng: np.random.Generator) -> WeatherYear:
    """Draw another year that could have been, from a typical one.

    Parameters
    ----------
    year : WeatherYear
        The typical year.
    rng : Generator
        Random stream; equal streams give equal years.

    Returns
    -------
    WeatherYear
        The other year; its arrays are read-only.

    Notes
    -----
    A circular block bootstrap [1]_ within each month: blocks of 3 to 7 days follow each other until
    the month is full, each beginning on a random day of the same month; behind the month's last day
    comes its first. Every day is equally likely at every place, so that the mean over many draws is
    the typical month. All columns move together, which keeps sun, wind and heat consistent. Where
    two days meet that were no neighbours, one fades into the other over 4 h before and 4 h after
    midnight: no value jumps, and none leaves the range of the two. What a day brings with it from
    its own date is set to the new one: light in proportion to the sun's height there and then, the
    temperature by the typical year's seasonal course (two harmonics of the daily means).

    Months as a whole do not differ more than their days do: years drawn so are more alike than real
    ones, whose whole months may be unusual.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, "A circular block-resampling procedure for stationary
       data," in Exploring the Limits of Bootstrap, Wiley, 1992.
    """
    mix = _Mix(year, _source_days(rng))
    return WeatherYear(**changed_columns(year, mix.column))


def _source_days(rng: np.random.Generator) -> Days:
    """Draw the day of the typical year, from 0, for each day of the new one."""
    months = [first + _days_of_month(rng, count) for first, count in _months()]
    return np.concatenate(months)


def _months() -> Iterator[tuple[int, int]]:
    first = 0
    for count in MONTH_DAYS:
        yield first, count
        first += count


def _days_of_month(rng: np.random.Generator, count: int) -> Days:
    days: list[int] = []
    while len(days) < count:
        length = int(rng.integers(SHORTEST_BLOCK_DAYS, LONGEST_BLOCK_DAYS + 1))
        start = int(rng.integers(count))
        days += [(start + step) % count for step in range(length)]
    return np.array(days[:count])


class _Mix:
    """Which two hours of the typical year make each hour of the new one, and in what shares."""

    def __init__(self, year: WeatherYear, source_days: Days) -> None:
        self.hours = np.arange(HOURS_PER_YEAR)
        self.day, self.of_day = np.divmod(self.hours, 24)
        self.first = source_days[self.day] * 24 + self.of_day
        self.second, self.share = self.first.copy(), np.zeros(HOURS_PER_YEAR)
        for day in np.flatnonzero((source_days - np.roll(source_days, 1)) % DAYS_PER_YEAR != 1):
            self._fade(int(day), source_days)
        sky = Sky(year.latitude_deg, year.longitude_deg, year.utc_offset_h)
        self.up = _mean_height(sky)
        self.season_c = _seasonal_course(year.temp_air)

    def _fade(self, day: int, source_days: Days) -> None:
        """Let the day before run on, and the day itself begin earlier, around its midnight."""
        for step in range(-FADE_H, FADE_H):
            other = source_days[day - 1] + 1 if step >= 0 else source_days[day] - 1
            hour = (day * 24 + step) % HOURS_PER_YEAR
            self.second[hour] = (other % DAYS_PER_YEAR) * 24 + hour % 24
            self.share[hour] = 0.5 - (abs(step + 0.5)) / (2 * FADE_H)

    def column(self, name: str, values: Column) -> Column:
        first = self._on_date(name, values, self.first)
        second = self._on_date(name, values, self.second)
        mixed = (1.0 - self.share) * first + self.share * second
        return np.where(self.share > 0, mixed, first)

    def _on_date(self, name: str, values: Column, source: NDArray[np.int_]) -> Column:
        moved = values[..., source]
        if name in {"ghi", "dhi"}:
            return np.asarray(moved * self._light_ratio(source))
        if name == "dni":
            return np.where(self.up > 0, moved, 0.0)
        if name == "temp_air":
            return np.asarray(moved + self.season_c - self.season_c[source])
        return np.asarray(moved)

    def _light_ratio(self, source: NDArray[np.int_]) -> Column:
        there = np.maximum(self.up[source], 1e-9)
        return np.asarray(np.minimum(self.up / there, _MOST_LIGHT_RATIO))


def _mean_height(sky: Sky) -> Column:
    """Return the mean over each hour of the sine of the sun's height above the horizon."""
    cosines = [replace(sky, at_h=at_h).cosine_of_zenith() for at_h in _INSTANTS_H]
    return np.asarray(np.maximum(cosines, 0.0).mean(axis=0))


def _seasonal_course(temp_air: Column) -> Column:
    """Return the smooth yearly course of the daily mean temperature, at every hour. [degC]."""
    angle = 2 * np.pi * np.arange(DAYS_PER_YEAR) / DAYS_PER_YEAR
    terms = [np.ones(DAYS_PER_YEAR)]
    for order in range(1, _HARMONICS + 1):
        terms += [np.cos(order * angle), np.sin(order * angle)]
    basis = np.column_stack(terms)
    daily = temp_air.reshape(DAYS_PER_YEAR, 24).mean(axis=1)
    fitted = basis @ np.linalg.lstsq(basis, daily, rcond=None)[0]
    return np.repeat(fitted, 24)
