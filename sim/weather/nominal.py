"""The hours of a nominal year, and where a file departs from them."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.weather.model import HOURS_PER_YEAR

Hours = NDArray[np.int_]

_NOMINAL: Final = pd.date_range("2001-01-01", periods=HOURS_PER_YEAR, freq="h")
NOMINAL_HOURS: Final[Hours] = np.column_stack([_NOMINAL.month, _NOMINAL.day, _NOMINAL.hour + 1])
"""Month, day and hour 1 to 24 of each hour of a year without 29 February, shape (8760, 3)."""


def calendar_fault(given: Hours, lines: Hours) -> str | None:
    """Say where a file's rows are not all hours of a nominal year, in order.

    Parameters
    ----------
    given : ndarray of int, shape (n, 3)
        Month, day and hour 1 to 24 of each row. [-]
    lines : ndarray of int, shape (n,)
        Line of each row in the file. [-]

    Returns
    -------
    str or None
        The first row that is not the one expected there, or how many there are; None if all is
        well.
    """
    common = min(len(given), HOURS_PER_YEAR)
    wrong = np.flatnonzero((given[:common] != NOMINAL_HOURS[:common]).any(axis=1))
    if wrong.size:
        first = int(wrong[0])
        return (
            f", row {lines[first]}: found {_label(given[first])}, expected "
            f"{_label(NOMINAL_HOURS[first])}; a typical year has every hour of 365 days, in order, "
            "without 29 February."
        )
    if len(given) != HOURS_PER_YEAR:
        return f": {len(given)} hourly rows, but a typical year needs {HOURS_PER_YEAR}."
    return None


def is_leap_day(given: Hours) -> NDArray[np.bool_]:
    """Return which rows lie on 29 February, shape (n,)."""
    return np.asarray((given[:, 0] == 2) & (given[:, 1] == 29))


def _label(month_day_hour: Hours) -> str:
    month, day, hour = month_day_hour.tolist()
    return f"{month:02d}-{day:02d} hour {hour}"
