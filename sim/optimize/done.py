"""The work that the jobs of a run did, and what it needs at the least."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.optimize.classes import Deferrable
from sim.optimize.horizon import Columns, Indices
from sim.optimize.needs import Needs, needs_on
from sim.optimize.ran import Freedom, Ran
from sim.site import ClusterSpec
from sim.workload.jobs import JobTable

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """Work done in a run, n jobs on C clusters.

    Attributes
    ----------
    home : Needs
        What each job needs on the cluster where it ran.
    work_s : ndarray of float, shape (n,)
        Work of each job, in its own run time; of those that did not end no more than was done. [s]
    rows : ndarray of int, shape (m,)
        Jobs whose work takes power. [-]
    work : Deferrable
        The work of these.
    most_w_per_gpu : ndarray of float, shape (m, C)
        Most IT power above idle of their accelerators on each cluster. [W]
    """

    home: Needs
    work_s: Columns
    rows: Indices
    work: Deferrable
    most_w_per_gpu: Columns


def work_done(
    jobs: JobTable, ran: Ran, clusters: Sequence[ClusterSpec], *, freedom: Freedom, end_s: float
) -> Done:
    """Return the work that the jobs of a run did.

    Parameters
    ----------
    jobs : JobTable
        All jobs of the run.
    ran : Ran
        What it did.
    clusters : sequence of ClusterSpec
        All clusters.
    freedom : Freedom
        What policies may do.
    end_s : float
        End of the run. [s]

    Returns
    -------
    Done
        The work. Each job's may begin at its earliest start and is due at its deadline, when it
        ended if that was later, or the run's end if it did not end or has none.
    """
    needs = [needs_on(jobs, one, may_cap=freedom.cap) for one in clusters]
    home = Needs.picked(needs, ran.cluster_of)
    work_s = _work_s(jobs, ran, home)
    rows = np.flatnonzero(home.power_w * work_s > 0.0)
    power_w, begin_s = home.power_w[rows], jobs.earliest_start_s[rows]
    energy_j = power_w * work_s[rows]
    due_s = np.where(ran.done, np.fmax(jobs.deadline_s, ran.end_s), end_s)
    due_s = np.minimum(due_s, end_s)[rows]
    allowed = _allowed(jobs, ran, clusters, rows, may_place=freedom.place)
    work = Deferrable(
        begin_s=begin_s,
        due_s=due_s,
        energy_j=energy_j,
        # What ran through its whole window may have been faster by a rounding error.
        power_w=np.maximum(power_w * home.speed[rows], energy_j / (due_s - begin_s)),
        home=ran.cluster_of[rows],
        it_ratio=np.where(allowed, _stacked(needs, "power_w", rows) / power_w[:, None], np.nan),
        gpus_per_w=_stacked(needs, "gpus_count", rows) / power_w[:, None],
    )
    gang = jobs.gpus_count[rows].astype(np.float64)
    most_w = np.where(allowed, _stacked(needs, "full_w", rows), 0.0)
    return Done(home, work_s, rows, work, most_w / gang[:, None])


def _work_s(jobs: JobTable, ran: Ran, home: Needs) -> Columns:
    """Return the work of each job; none of one that did not end, if it may fail or be resized."""
    plain = np.ones(len(jobs), dtype=np.bool_)
    if jobs.profiles:
        plain = np.array([profile.is_plain for profile in jobs.profiles])[jobs.workload]
    part_s = ran.energy_j / np.where(home.energy_w > 0.0, home.energy_w, np.inf) - ran.lost_s
    part_s = np.clip(part_s * (1.0 - _ROUNDING), 0.0, jobs.duration_s)
    return np.asarray(np.where(ran.done, jobs.duration_s, np.where(plain, part_s, 0.0)))


def _allowed(
    jobs: JobTable, ran: Ran, clusters: Sequence[ClusterSpec], rows: Indices, *, may_place: bool
) -> NDArray[np.bool_]:
    """Return on which clusters each of some jobs may run, shape (m, C)."""
    home = ran.cluster_of[rows, None] == np.arange(len(clusters))
    if not may_place:
        return np.asarray(home)
    fits = jobs.gpus_count[rows, None] <= np.array([one.gpus_count for one in clusters])
    if jobs.profiles:
        stays = np.array([profile.stays_home for profile in jobs.profiles])
        fits &= ~stays[jobs.workload[rows], None]
    return np.asarray(home | fits)


def _stacked(needs: Sequence[Needs], name: str, rows: Indices) -> Columns:
    """Return a need of some jobs on each cluster, shape (m, C)."""
    if not needs:
        return np.zeros((len(rows), 0))
    return np.stack([getattr(one, name)[rows] for one in needs], axis=1)
