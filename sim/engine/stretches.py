"""The log of a run: uninterrupted stretches of jobs at one power and one size.

Each job's last stretch stands in two flat arrays, so that a job that runs once costs nothing more;
only what was cut short stands apart. It is all that the ledger needs.
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
_COLUMNS = 5


class Segments(NamedTuple):
    """Stretches of jobs: ids [-], starts and ends [s], IT powers [W] and accelerators [-]."""

    job: NDArray[np.int64]
    start_s: Column
    end_s: Column
    power_w: Column
    gpus_count: NDArray[np.int64]


class Stretches:
    """What jobs have done so far.

    Parameters
    ----------
    jobs_count : int
        Jobs in all. [-]

    Attributes
    ----------
    start_s, end_s : array of float
        Start and end of each job's last stretch; nan where there is none yet. [s]
    """

    __slots__ = ("_earlier", "end_s", "start_s")

    def __init__(self, jobs_count: int) -> None:
        self.start_s = array("d", [math.nan]) * jobs_count
        self.end_s = array("d", [math.nan]) * jobs_count
        self._earlier = array("d")

    def add(self, job: int, start_s: float, end_s: float, power_w: float, gpus_count: int) -> None:
        """Log a stretch that is over and not the job's last.

        Parameters
        ----------
        job : int
            Job id. [-]
        start_s, end_s : float
            When it began and ended. [s]
        power_w : float
            IT power. [W]
        gpus_count : int
            Accelerators; 0 while only data move. [-]
        """
        self._earlier.extend((job, start_s, end_s, power_w, gpus_count))

    def done(self) -> NDArray[np.bool_]:
        """Return which jobs have run to their end, shape (n_jobs,)."""
        ended: NDArray[np.bool_] = ~np.isnan(np.asarray(self.end_s))
        return ended

    def segments(
        self,
        end_s: float,
        running: Iterable[tuple[int, float]],
        power_w: Sequence[float],
        gpus_count: Sequence[int] | NDArray[np.int64],
    ) -> Segments:
        """Return all stretches; call it once, when the run is over.

        Parameters
        ----------
        end_s : float
            End of the run, which cuts off what goes on. [s]
        running : iterable of (int, float)
            Jobs that run on, and the power of each [W].
        power_w : sequence of float, shape (n_jobs,)
            Power of each job's last stretch. [W]
        gpus_count : sequence of int, shape (n_jobs,)
            Accelerators of each job's last stretch. [-]

        Returns
        -------
        Segments
            The stretches, shape (n_segments,).
        """
        powers_w = np.array(power_w, dtype=float)
        for job, present_w in running:
            self.end_s[job] = end_s
            powers_w[job] = present_w
        start_s, stop_s = np.asarray(self.start_s), np.asarray(self.end_s)
        last = np.flatnonzero(stop_s > start_s)
        ids, from_s, to_s, earlier_w, size = np.asarray(self._earlier).reshape(-1, _COLUMNS).T
        return Segments(
            np.concatenate([ids.astype(np.int64), last]),
            np.concatenate([from_s, start_s[last]]),
            np.concatenate([np.minimum(to_s, end_s), stop_s[last]]),
            np.concatenate([earlier_w, powers_w[last]]),
            np.concatenate([size.astype(np.int64), np.asarray(gpus_count)[last]]),
        )


def stretch_clusters(
    segments: Segments,
    cluster_of: Sequence[int],
    moves: Mapping[int, Sequence[tuple[float, int]]],
) -> NDArray[np.int64]:
    """Return the cluster of each stretch.

    Parameters
    ----------
    segments : Segments
        The stretches.
    cluster_of : sequence of int, shape (n_jobs,)
        Cluster each job is on at the end. [-]
    moves : mapping of int to sequence of (float, int)
        When each job that migrated left a cluster [s], and which [-], in order.

    Returns
    -------
    ndarray of int, shape (n_segments,)
        The clusters. [-]
    """
    clusters = np.asarray(cluster_of, dtype=np.int64)[segments.job]
    order = np.argsort(segments.job, kind="stable")
    jobs = np.asarray(list(moves))
    first = np.searchsorted(segments.job, jobs, side="left", sorter=order)
    last = np.searchsorted(segments.job, jobs, side="right", sorter=order)
    for job, begin, end in zip(moves, first, last, strict=True):
        mine = order[begin:end]
        for time_s, cluster in reversed(moves[job]):
            clusters[mine[segments.start_s[mine] < time_s]] = cluster
    return clusters
