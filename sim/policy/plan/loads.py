"""IT power of a site's jobs in the next hours: of those that run, and of those that are planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.optimize.classes import ramps
from sim.optimize.horizon import Columns, Indices
from sim.policy.base import ClusterView, Interval, Observation, SiteView
from sim.units import HOUR_S

Slots = Mapping[int, Sequence[Interval]]
"""When jobs are planned to run, by job id."""

_SOON_S: Final = 1.0
_DIGITS: Final = 3


def above_idle_w(obs: Observation, cluster: ClusterView, jobs: Indices) -> Columns:
    """Return by how much jobs draw more than the accelerators they take do idle.

    Parameters
    ----------
    obs : Observation
        What is known.
    cluster : ClusterView
        Where they run.
    jobs : ndarray of int, shape (n,)
        Job ids. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        IT power without a cap, 0 or more. [W]
    """
    known, power = obs.jobs, cluster.power
    gpus = known.gpus_count[jobs]
    own_w, fraction = known.power_w[jobs], known.power_fraction[jobs]
    alone_w = power.tdp_w * fraction * (1.0 + power.server_fraction) + power.server_w
    busy_w = gpus * np.maximum(alone_w, power.idle_resident_w)
    power_w = np.where(np.isnan(own_w), busy_w, own_w)
    return np.asarray(np.maximum(0.0, power_w - gpus * cluster.idle_w))


def home_of(obs: Observation, site: SiteView, job: int) -> ClusterView:
    """Return the cluster of a site that a job is taken to run on: the first that is large enough.

    Parameters
    ----------
    obs : Observation
        What is known.
    site : SiteView
        The site.
    job : int
        Job id. [-]

    Returns
    -------
    ClusterView
        The cluster.
    """
    gpus = obs.jobs.gpus_count[job]
    fitting = (one for one in site.clusters if one.total_count >= gpus)
    return next(fitting, site.clusters[0])


@dataclass(frozen=True, slots=True, eq=False)
class Busy:
    """Jobs of a site that run or wait, without those that run in planned slots.

    Attributes
    ----------
    job : ndarray of int, shape (m,)
        Their ids. [-]
    power_w : ndarray of float, shape (m,)
        IT power above idle without a cap. [W]
    left_s : ndarray of float, shape (m,)
        How long each goes on. [s]
    slots_w : ndarray of float, shape (n,)
        Power of those that run in planned slots, in each of the next n hours. [W]
    running_w : ndarray of float, shape (n,)
        Power of the others. [W]
    floor_w : float
        IT power of the site without any job, as it is now. [W]
    room_w : ndarray of float, shape (n,)
        Power above idle that the jobs that ask would draw on the rest of the accelerators. [W]
    """

    job: Indices
    power_w: Columns
    left_s: Columns
    slots_w: Columns
    running_w: Columns
    floor_w: float
    room_w: Columns


def busy_profiles(
    obs: Observation, site: SiteView, *, planned: Slots, asking: Indices, count: int
) -> Busy:
    """Return the jobs of a site that run or wait.

    Parameters
    ----------
    obs : Observation
        What is known.
    site : SiteView
        The site.
    planned : mapping of int to sequence of (float, float)
        Jobs that run in slots [s].
    asking : ndarray of int, shape (k,)
        Jobs that the rest of the accelerators are for. [-]
    count : int
        Hours ahead: n. [-]

    Returns
    -------
    Busy
        What they draw and hold: those for which no accelerators are free go on once some are. A job
        that outlives its expectation is taken to end right now.
    """
    now_s, known = obs.now_s, obs.jobs
    parts: list[tuple[Indices, Columns, Columns]] = []
    drawn_w = 0.0
    slots_w, running_w, room_w = np.zeros(count), np.zeros(count), np.zeros(count)
    for cluster in site.clusters:
        running = np.array([*cluster.running], dtype=np.int_)
        drawn_w += float(above_idle_w(obs, cluster, running).sum())
        jobs, left_s = _going_on(obs, cluster, planned)
        parts.append((jobs, above_idle_w(obs, cluster, jobs), left_s))
        begin_s, end_s = np.full(len(jobs), now_s), now_s + left_s
        gpus = known.gpus_count[jobs].astype(np.float64)
        wanted = profile_w(gpus, begin_s, end_s, now_s=now_s, count=count)
        wanted_w = profile_w(parts[-1][1], begin_s, end_s, now_s=now_s, count=count)
        all_gpus = cluster.free_count + float(known.gpus_count[running].sum())
        free = np.full(count, all_gpus)
        in_slots = _in_slots(obs, site, cluster, planned=planned, count=count)
        held, held_w = in_turn(*in_slots, free)
        slots_w += held_w
        free = free - held
        held, held_w = in_turn(wanted, wanted_w, free)
        running_w += held_w
        room_w += (free - held) * _per_gpu_w(obs, cluster, asking)
    if not parts:
        nothing = np.zeros(0)
        jobs = nothing.astype(np.int_)
        return Busy(jobs, nothing, nothing, slots_w, running_w, site.it_power_w, room_w)
    job, power_w, left_s = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Under a cap they draw less than that now, but not less than nothing is left without them.
    floor_w = max(0.0, site.it_power_w - drawn_w)
    return Busy(job, power_w, left_s, slots_w, running_w, floor_w, room_w)


def _going_on(
    obs: Observation, cluster: ClusterView, planned: Slots
) -> tuple[Indices, Columns]:
    """Return the jobs that run or wait on a cluster, and how long each goes on [s]."""
    running = [job for job in cluster.running if job not in planned]
    waiting = [job for job in cluster.waiting if job not in planned]
    jobs = np.array([*running, *waiting], dtype=np.int_)
    left_s = np.array([left_of(obs, job) for job in jobs.tolist()], dtype=np.float64)
    return jobs, np.maximum(left_s, _SOON_S)


def _per_gpu_w(obs: Observation, cluster: ClusterView, jobs: Indices) -> float:
    """Return the mean power above idle of some jobs' accelerators; of none, that at full load."""
    gpus = float(obs.jobs.gpus_count[jobs].sum())
    if gpus <= 0.0:
        return max(0.0, cluster.power.busy_w() - cluster.idle_w)
    return float(above_idle_w(obs, cluster, jobs).sum()) / gpus


def _in_slots(
    obs: Observation, site: SiteView, cluster: ClusterView, *, planned: Slots, count: int
) -> tuple[Columns, Columns]:
    """Return the accelerators of a cluster that planned slots want in each hour, and the power."""
    here = {job: slots for job, slots in planned.items() if home_of(obs, site, job) is cluster}
    jobs = np.array([*here], dtype=np.int_)
    gpus = obs.jobs.gpus_count[jobs].astype(np.float64)
    wanted, wanted_w = (
        profile_w(
            *slots_of(here, dict(zip(here, each, strict=True)), obs.now_s),
            now_s=obs.now_s,
            count=count,
        )
        for each in (gpus.tolist(), above_idle_w(obs, cluster, jobs).tolist())
    )
    return wanted, wanted_w


def in_turn(wanted: Columns, wanted_w: Columns, free: Columns) -> tuple[Columns, Columns]:
    """Return what jobs hold and draw if those for which nothing is free wait until there is.

    Parameters
    ----------
    wanted, wanted_w : ndarray of float, shape (n,)
        Accelerators that they want in each hour, and their power on these [-], [W].
    free : ndarray of float, shape (n,)
        Accelerators that there are. [-]

    Returns
    -------
    tuple of ndarray of float, shape (n,)
        Accelerators [-], and power [W].
    """
    upto, upto_w, most = (
        np.concatenate([[0.0], np.cumsum(hourly)]) for hourly in (wanted, wanted_w, free)
    )
    held = most + np.minimum.accumulate(upto - most)  # what a queue has served
    return np.diff(held), np.diff(np.interp(held, upto, upto_w))


def left_of(obs: Observation, job: int) -> float:
    """Return how long a job is expected to run on at full speed; less than 0 if it outlives that.

    Parameters
    ----------
    obs : Observation
        What is known.
    job : int
        Job id. [-]

    Returns
    -------
    float
        Time. [s]
    """
    # To the millisecond: less than that is rounding, and tips plans that are as good as each other.
    return float(obs.jobs.expected_duration_s.item(job) - round(obs.work_s(job), _DIGITS))


def profile_w(
    power_w: Columns, from_s: Columns, until_s: Columns, *, now_s: float, count: int
) -> Columns:
    """Return the power of stretches of time in the mean of each of the next hours.

    Parameters
    ----------
    power_w : ndarray of float, shape (m,)
        Power of each. [W]
    from_s, until_s : ndarray of float, shape (m,)
        Begin and end of each. [s]
    now_s : float
        Present time. [s]
    count : int
        Hours: n. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        Sum of their powers. [W]
    """
    edges_s = now_s + HOUR_S * np.arange(count + 1, dtype=np.float64)
    return np.asarray(np.diff(ramps(from_s, until_s, power_w, edges_s)) / HOUR_S)


def slots_of(
    planned: Slots, power_w: Mapping[int, float], now_s: float
) -> tuple[Columns, Columns, Columns]:
    """Return power, begin and end of what is left of planned slots.

    Parameters
    ----------
    planned : mapping of int to sequence of (float, float)
        Slots by job id [s].
    power_w : mapping of int to float
        Power of each job. [W]
    now_s : float
        Present time. [s]

    Returns
    -------
    tuple of ndarray of float, shape (m,)
        Powers [W], begins and ends [s].
    """
    rows = [
        (power_w[job], max(begin_s, now_s), end_s)
        for job, slots in planned.items()
        for begin_s, end_s in slots
        if end_s > now_s
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]
