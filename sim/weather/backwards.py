"""A year whose weather runs backwards: as changeable as the other, but nobody finds it again."""

from functools import partial
from typing import Final

import numpy as np

from sim.weather.model import Column, WeatherYear, changed_columns
from sim.weather.resample import MONTH_DAYS

_IN_PROPORTION: Final = frozenset({"ghi", "dni", "dhi", "wind_speed"})
"""Columns that are never negative and swing in proportion; the others swing about their mean."""

_MONTH_STARTS_H: Final = 24 * np.cumsum(MONTH_DAYS)[:-1]


def backwards(year: WeatherYear) -> WeatherYear:
    """Let what departs from the usual weather run backwards within each month.

    Parameters
    ----------
    year : WeatherYear
        A year.

    Returns
    -------
    WeatherYear
        Another one; its arrays are read-only.

    Notes
    -----
    A resampled year is made of the typical year's own days: whoever looks for the latest hours in
    it finds them, and reads on. A forecaster that did so (the most similar day and what followed
    it) had half the error in wind that it had without such a year to look in. Here the usual course
    of day and month stays, and what departs from it is reversed in time, all columns together. How
    large departures are, how long they last and how columns go together stays what it is; but what
    follows in one year came before in the other, and that forecaster gains nothing.
    """
    turn = partial(_turned, shift_h=_morning_shift_h(year.ghi))
    return WeatherYear(**changed_columns(year, turn))


def _morning_shift_h(ghi: Column) -> int:
    """Return by how much to shift reversed hours so that morning light stands for evening light."""
    light = ghi.reshape(-1, 24).sum(axis=0)
    if not light.sum() > 0.0:  # a source without sun
        return 0
    middle_h = float(light @ np.arange(24) / light.sum())
    return round(2.0 * middle_h) - 23


def _turned(name: str, values: Column, *, shift_h: int) -> Column:
    months = np.split(values, _MONTH_STARTS_H, axis=-1)
    in_proportion = name in _IN_PROPORTION
    turned = [_turned_month(one, shift_h, in_proportion=in_proportion) for one in months]
    return np.clip(np.concatenate(turned, axis=-1), values.min(), values.max())


def _turned_month(month: Column, shift_h: int, *, in_proportion: bool) -> Column:
    """Reverse the departures from the mean at each hour of the day."""
    days = month.reshape(*month.shape[:-1], -1, 24)
    usual = np.broadcast_to(days.mean(axis=-2, keepdims=True), days.shape).reshape(month.shape)
    if in_proportion:
        some = usual > 0.0  # an hour that is always dark says nothing of the one it changes with
        departure = np.where(some, month / np.where(some, usual, 1.0), 1.0)
        return np.asarray(usual * np.roll(departure[..., ::-1], shift_h, axis=-1))
    return np.asarray(usual + np.roll((month - usual)[..., ::-1], shift_h, axis=-1))
