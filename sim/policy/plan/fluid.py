"""Jobs that wait, as fluid classes by their slack, for a plan of the next hours."""

from typing import Final, NamedTuple

import numpy as np

from sim.optimize.ahead import WorkAhead
from sim.optimize.classes import ramps
from sim.optimize.horizon import Columns, Indices
from sim.units import HOUR_S

SLACK_BOUNDS_H: Final = (6.0, 24.0)
"""Slacks that part the classes. [h]."""

CLASSES: Final = len(SLACK_BOUNDS_H) + 1


class Waiting(NamedTuple):
    """Jobs that wait, shape (m,).

    Attributes
    ----------
    job : ndarray of int
        Their ids. [-]
    begin_s : ndarray of float
        When each may begin, now or later. [s]
    length_s : ndarray of float
        How long each is expected to run. [s]
    due_s : ndarray of float
        When each must be done, with time enough to run. [s]
    power_w : ndarray of float
        IT power above idle. [W]
    """

    job: Indices
    begin_s: Columns
    length_s: Columns
    due_s: Columns
    power_w: Columns

    @classmethod
    def none(cls) -> "Waiting":
        """Return no jobs."""
        nothing = np.zeros(0)
        return cls(nothing.astype(np.int_), nothing, nothing, nothing, nothing)

    @property
    def slack_s(self) -> Columns:
        """How long each may be put off. [s]."""
        return self.due_s - self.begin_s - self.length_s


def classes_of(
    waiting: Waiting, *, now_s: float, count: int, ratio: float, value_per_j: float
) -> tuple[WorkAhead, ...]:
    """Return the jobs as classes of work.

    Parameters
    ----------
    waiting : Waiting
        The jobs.
    now_s : float
        Present time. [s]
    count : int
        Hours ahead: n. [-]
    ratio : float
        Load per IT power. [-]
    value_per_j : float
        What it is worth to have work done when the hours end. [per J]

    Returns
    -------
    tuple of WorkAhead
        `CLASSES` of them, those of little slack first.
    """
    number = np.searchsorted(np.array(SLACK_BOUNDS_H) * HOUR_S, waiting.slack_s, side="right")
    edges_s = now_s + HOUR_S * np.arange(count + 1, dtype=np.float64)
    return tuple(
        _class(waiting, np.flatnonzero(number == one), edges_s, ratio, value_per_j)
        for one in range(CLASSES)
    )


def _class(
    waiting: Waiting, rows: Indices, edges_s: Columns, ratio: float, value_per_j: float
) -> WorkAhead:
    if not rows.size:
        nothing = np.zeros(len(edges_s) - 1)
        return WorkAhead(nothing, nothing, nothing, value_per_j)
    begin_s, due_s, length_s = waiting.begin_s[rows], waiting.due_s[rows], waiting.length_s[rows]
    load_w = ratio * waiting.power_w[rows]
    most_j = ramps(begin_s, begin_s + length_s, load_w, edges_s)[1:]
    least_j = ramps(due_s - length_s, due_s, load_w, edges_s)[1:]
    room_j = np.diff(ramps(begin_s, due_s, load_w, edges_s))
    return WorkAhead(np.minimum(least_j, most_j), most_j, room_j / HOUR_S, value_per_j)
