"""Jobs as classes of fluid work: those of like windows together, so that a year stays small.

Where there are few enough, jobs share a class only if they begin and are due in the same steps.
Else jobs of like slack share one, whatever their arrival, and are known by sums over time alone: in
the order of arrival they are then in that of their deadlines too, or nearly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sim.optimize.horizon import Columns, Indices
from sim.optimize.work import Work

_EXACT_ENTRIES: Final = 20_000
_EXACT_CLASSES: Final = 3_000
_MOST_ENTRIES: Final = 27_000
_MOST_CLASSES: Final = 24
_ROUNDING: Final = 1e-13  # of all the work of a class, and as much again for each 100 jobs


@dataclass(frozen=True, slots=True, eq=False)
class Deferrable:
    """What has to be done of n jobs, on C clusters.

    Attributes
    ----------
    begin_s, due_s : ndarray of float, shape (n,)
        When it may begin, and must be done. [s]
    energy_j : ndarray of float, shape (n,)
        Its least IT energy above idle, where it ran. [J]
    power_w : ndarray of float, shape (n,)
        Most power at which that is spent. [W]
    home : ndarray of int, shape (n,)
        Cluster on which it ran. [-]
    it_ratio : ndarray of float, shape (n, C)
        IT power that it takes on each cluster, over that where it ran; nan where it may not run.
        [-]
    gpus_per_w : ndarray of float, shape (n, C)
        Accelerators that it takes, over its power. [1/W]
    """

    begin_s: Columns
    due_s: Columns
    energy_j: Columns
    power_w: Columns
    home: Indices
    it_ratio: Columns
    gpus_per_w: Columns

    def of(self, rows: Indices) -> "Deferrable":
        """Return some of the jobs."""
        return Deferrable(
            self.begin_s[rows],
            self.due_s[rows],
            self.energy_j[rows],
            self.power_w[rows],
            self.home[rows],
            self.it_ratio[rows],
            self.gpus_per_w[rows],
        )


def as_work(
    jobs: Deferrable, edges_s: Columns, *, site_of: tuple[int, ...], gpus_free: Columns
) -> Work:
    """Return jobs as classes of work.

    Parameters
    ----------
    jobs : Deferrable
        The jobs, each with a window that is long enough for it.
    edges_s : ndarray of float, shape (n + 1,)
        Edges of the steps. [s]
    site_of : tuple of int
        Site of each cluster. [-]
    gpus_free : ndarray of float, shape (C, n)
        Accelerators that are there for them, in the mean of each step. [-]

    Returns
    -------
    Work
        Any run of the jobs within their windows is a schedule of it.
    """
    first = np.searchsorted(edges_s, jobs.begin_s, side="right") - 1
    last = np.searchsorted(edges_s, jobs.due_s, side="left") - 1
    label = _classes(jobs, first, last, n_steps=len(edges_s) - 1)
    parts = [
        _entries(jobs.of(rows), edges_s, int(first[rows].min()), int(last[rows].max()))
        for rows in _rows_by(label)
    ]
    columns = {
        name: np.concatenate([part[name] for part in parts]) for name in parts[0]
    }
    return Work(site_of=site_of, gpus_free=gpus_free, **columns)


def _rows_by(label: Indices) -> Iterator[Indices]:
    """Yield the jobs of each class."""
    order = np.argsort(label, kind="stable")
    bounds = np.flatnonzero(np.diff(label[order])) + 1
    yield from np.split(order, bounds)


def _classes(jobs: Deferrable, first: Indices, last: Indices, *, n_steps: int) -> Indices:
    """Return the number of each job's class."""
    allowed = ~np.isnan(jobs.it_ratio) @ (1 << np.arange(jobs.it_ratio.shape[1]))
    kinds, kind = np.unique(np.stack([jobs.home, allowed]), axis=1, return_inverse=True)
    windows, label = np.unique(np.stack([kind, first, last]), axis=1, return_inverse=True)
    is_small = windows.shape[1] <= _EXACT_CLASSES
    if is_small and int((windows[2] - windows[1] + 1).sum()) <= _EXACT_ENTRIES:
        return np.asarray(label)
    count = int(np.clip(_MOST_ENTRIES // (n_steps * kinds.shape[1]), 1, _MOST_CLASSES))
    slack_s = jobs.due_s - jobs.begin_s - jobs.energy_j / jobs.power_w
    label = np.zeros_like(kind)
    for number in range(kinds.shape[1]):
        rows = np.flatnonzero(kind == number)
        bounds_s = np.quantile(slack_s[rows], np.arange(1, count) / count)
        label[rows] = number * count + np.searchsorted(bounds_s, slack_s[rows], side="right")
    return np.asarray(label)


def _entries(jobs: Deferrable, edges_s: Columns, first: int, last: int) -> dict[str, Any]:
    """Return the columns of a class, from its first step to its last, by their names in `Work`."""
    within_s = edges_s[first : last + 2]
    length_s = jobs.energy_j / jobs.power_w
    # As early as it can be done, and as late.
    most_j = ramps(jobs.begin_s, jobs.begin_s + length_s, jobs.power_w, within_s)[1:]
    least_j = ramps(jobs.due_s - length_s, jobs.due_s, jobs.power_w, within_s)[1:]
    room_j = np.diff(ramps(jobs.begin_s, jobs.due_s, jobs.power_w, within_s))
    total_j, count = float(jobs.energy_j.sum()), last - first + 1
    slip = _ROUNDING * (1.0 + len(length_s) / 100.0)
    is_first = np.zeros(count, dtype=np.bool_)
    is_first[0] = True
    return {
        "step": np.arange(first, last + 1),
        "first": is_first,
        "least_j": np.minimum(np.maximum(0.0, least_j - slip * total_j), most_j),
        "most_j": most_j + slip * total_j,
        "power_w": room_j / np.diff(within_s) * (1.0 + slip),
        "it_ratio": np.repeat(jobs.it_ratio.min(axis=0, keepdims=True), count, axis=0),
        "gpus_per_w": np.repeat(jobs.gpus_per_w.min(axis=0, keepdims=True), count, axis=0),
    }


def ramps(from_s: Columns, to_s: Columns, slope_w: Columns, at_s: Columns) -> Columns:
    """Return the sum of ramps at some times.

    Parameters
    ----------
    from_s, to_s : ndarray of float, shape (n,)
        When each ramp begins and ends to rise; it stays as high as it is then. [s]
    slope_w : ndarray of float, shape (n,)
        Its slope. [W]
    at_s : ndarray of float, shape (m,)
        Times. [s]

    Returns
    -------
    ndarray of float, shape (m,)
        Sum of their heights. [J]
    """
    if not len(from_s):
        return np.zeros(len(at_s))
    time_s = np.concatenate([from_s, to_s])
    order = np.argsort(time_s, kind="stable")
    time_s = time_s[order]
    slope = np.cumsum(np.concatenate([slope_w, -slope_w])[order])
    height_j = np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(time_s))])
    return np.asarray(np.interp(at_s, time_s, height_j))
