"""What the clock and the calendar say of an hour, in UTC."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from forecasting.clock import posix_s
from forecasting.history import DAY_S, HOUR_S, FloatArray, History, IntArray

YEAR_DAYS: Final = 365.2425
"""Mean length of a Gregorian year, in days."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_POSIX_WEEKDAY: Final = 3  # POSIX time begins on a Thursday


def calendar_features(history: History, index: IntArray) -> Mapping[str, FloatArray]:
    """Return what is known of intervals for all time, as of their start.

    Parameters
    ----------
    history : History
        Gives the grid and the moment of time 0.
    index : ndarray of int, any shape
        Intervals, those of the future too. [-]

    Returns
    -------
    mapping of str to ndarray of float, same shape
        ``hour_of_day``, each day of the week (1 or 0), ``weekend``, ``sine_of_year`` and
        ``cosine_of_year``.

    Raises
    ------
    ValueError
        If the history does not say the moment of time 0.
    """
    start_s = posix_s(history, index)
    day = start_s // DAY_S
    weekday = (day + _POSIX_WEEKDAY) % 7
    angle = 2 * np.pi * day / YEAR_DAYS
    return {
        "hour_of_day": start_s % DAY_S / HOUR_S,
        **{name: np.equal(weekday, number) * 1.0 for number, name in enumerate(WEEKDAYS)},
        "weekend": (weekday >= 5) * 1.0,
        "sine_of_year": np.sin(angle),
        "cosine_of_year": np.cos(angle),
    }
