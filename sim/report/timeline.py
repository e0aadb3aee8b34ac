"""Steps of a site joined into as few points as a figure can show."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.units import DAY_S, HOUR_S, MINUTE_S

MAX_POINTS: Final = 2100  # a week of 5-minute steps still shows every step
_BIN_WIDTHS_S: Final = tuple(60 * minutes for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60))
_EPOCH: Final = pd.Timestamp(0, tz="UTC")  # matplotlib counts its days from here by default
_SPANS: Final = (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps of one site, joined into as few points as a figure can show.

    Attributes
    ----------
    frame : DataFrame
        Steps of one site, in order of time.
    step_s : float
        Length of a step. [s]
    per_point : int
        Steps joined into one point. [-]
    edges_day : ndarray of float, shape (n_points + 1,)
        Bounds of the points, as matplotlib counts days. [d]
    """

    frame: pd.DataFrame
    step_s: float
    per_point: int
    edges_day: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, step_s: float) -> "Timeline":
        """Return the timeline of one site.

        Parameters
        ----------
        frame : DataFrame
            Steps of one site, in order of time.
        step_s : float
            Length of a step. [s]

        Returns
        -------
        Timeline
            With at most `MAX_POINTS` points.
        """
        per_point = steps_per_point(len(frame), step_s)
        start = (frame["time"].iloc[0] - _EPOCH).total_seconds() / DAY_S
        bounds = np.append(np.arange(0, len(frame), per_point), len(frame))
        return cls(frame, step_s, per_point, start + bounds * (step_s / DAY_S))

    def mean(self, column: str) -> NDArray[np.float64]:
        """Return the mean of a column in every point.

        Parameters
        ----------
        column : str
            Name of a steps column.

        Returns
        -------
        ndarray of float, shape (n_points,)
            Means; NaN where any step of the point is NaN.
        """
        values = self.frame[column].to_numpy(dtype=float)
        starts = np.arange(0, len(values), self.per_point)
        counts = np.diff(np.append(starts, len(values)))
        return np.add.reduceat(values, starts) / counts

    def cumulative(self, column: str) -> NDArray[np.float64]:
        """Return the running sum of a column at the bounds of the points.

        Parameters
        ----------
        column : str
            Name of a column with amounts per step.

        Returns
        -------
        ndarray of float, shape (n_points + 1,)
            Running sums, 0 at the start; a NaN counts as nothing.
        """
        values = np.nan_to_num(self.frame[column].to_numpy(dtype=float))
        starts = np.arange(0, len(values), self.per_point)
        return np.concatenate([[0.0], np.cumsum(np.add.reduceat(values, starts))])

    def known(self, column: str) -> bool:
        """Return whether the column has a value anywhere."""
        return bool(self.frame[column].notna().any())


def steps_per_point(steps_count: int, step_s: float) -> int:
    """Return how many steps to join into one point of a figure.

    Parameters
    ----------
    steps_count : int
        Steps of the run. [-]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    int
        The least that leaves at most `MAX_POINTS` points, the points being up to an hour long or
        whole days: anything between would beat with the daily cycle.
    """
    for width_s in _BIN_WIDTHS_S:
        joined = int(width_s // step_s)
        if joined * step_s == width_s and steps_count <= MAX_POINTS * joined:
            return joined
    per_day = round(DAY_S / step_s)
    return per_day * int(np.ceil(steps_count / (per_day * MAX_POINTS)))


def span(width_s: float) -> str:
    """Return a length of time as text, in the largest unit that fits.

    Parameters
    ----------
    width_s : float
        Length of time. [s]

    Returns
    -------
    str
        E.g. ``5 min``, ``1 h``, ``1 d``.
    """
    unit, size_s = next((pair for pair in _SPANS if width_s > 0.99 * pair[1]), _SPANS[-1])
    return f"{width_s / size_s:.0f} {unit}"
