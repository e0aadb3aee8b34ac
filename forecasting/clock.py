"""Intervals of a history in POSIX time."""

import numpy as np

from forecasting.history import FloatArray, History, IntArray


def posix_s(history: History, index: IntArray) -> FloatArray:
    """Return when intervals begin.

    Parameters
    ----------
    history : History
        Gives the grid and the moment of time 0.
    index : ndarray of int, any shape
        Intervals, those of the future too. [-]

    Returns
    -------
    ndarray of float, same shape
        Since 1970-01-01 00:00 UTC. [s]

    Raises
    ------
    ValueError
        If the history does not say the moment of time 0.
    """
    if history.origin is None:
        msg = "the clock needs to know time 0: History(..., origin=datetime(..., tzinfo=UTC))"
        raise ValueError(msg)
    return np.asarray(history.origin.timestamp() + history.start_s + index * history.step_s)
