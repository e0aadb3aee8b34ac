"""The windows in which a shift policy lets a job run."""

import math

from sim.policy.base import Interval


def drop_passed(windows: list[Interval], now_s: float) -> None:
    """Take out windows that are over; the last stays, for after it a job runs on to its end.

    Parameters
    ----------
    windows : list of (float, float)
        Windows that are left, in order; changed. [s]
    now_s : float
        Present time. [s]
    """
    while len(windows) > 1 and windows[0][1] <= now_s:
        windows.pop(0)


def pause_of(windows: list[Interval], now_s: float) -> float:
    """Return when a job that runs now must pause; windows passed in the queue are taken out.

    Parameters
    ----------
    windows : list of (float, float)
        Windows that are left, in order; changed. [s]
    now_s : float
        Present time. [s]

    Returns
    -------
    float
        End of the present window; inf in the last one, so that no job is lost. [s]
    """
    drop_passed(windows, now_s)
    return windows[0][1] if len(windows) > 1 else math.inf
