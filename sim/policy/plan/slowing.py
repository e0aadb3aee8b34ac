"""Power caps as a plan sees them: running jobs that go on more slowly, for less energy per work."""

from dataclasses import dataclass

import numpy as np

from sim.datacenter.power import relative_draw, relative_throughput
from sim.optimize.ahead import Slowing, WorkAhead
from sim.optimize.classes import ramps
from sim.policy.base import Interval, Observation, SiteView
from sim.policy.plan.loads import Busy, Slots, left_of
from sim.units import HOUR_S

_LEVELS = 21


@dataclass(frozen=True, slots=True)
class Caps:
    """Caps of a site's accelerators.

    Attributes
    ----------
    slowing : Slowing
        What they make of running jobs.
    levels : tuple of (float, float)
        Caps over TDP, from the lowest to 1, and the speed under each [-].
    """

    slowing: Slowing
    levels: tuple[tuple[float, float], ...]

    def cap_for(self, speed: float) -> float | None:
        """Return the lowest cap under which jobs have a speed; None if only without a cap."""
        cap = next(cap for cap, reached in self.levels if reached >= min(speed, 1.0) - 1e-9)
        return None if cap >= 1.0 else cap


def caps_of(site: SiteView) -> Caps | None:
    """Return what caps a site's accelerators may get; None if they save nothing.

    Parameters
    ----------
    site : SiteView
        The site.

    Returns
    -------
    Caps or None
        For training at full load on its first cluster (assumption: the rest is alike).
    """
    lowest = site.lowest_cap_fraction
    if not site.clusters or lowest >= 1.0:
        return None
    power, idle_w = site.clusters[0].power, site.clusters[0].idle_w
    full_w = power.busy_w()
    capped_w = power.server_w + (full_w - power.server_w) * relative_draw(lowest)
    draw = max(0.0, (capped_w - idle_w) / (full_w - idle_w)) if full_w > idle_w else 1.0
    speed = relative_throughput(lowest)
    slow, fast = draw / speed, (1.0 - draw) / (1.0 - speed)
    if slow >= fast:
        return None
    caps = np.linspace(lowest, 1.0, _LEVELS).tolist()
    speeds = [relative_throughput(cap) for cap in caps]
    return Caps(Slowing(speed, slow, fast), tuple(zip(caps, speeds, strict=True)))


def needed_speed(obs: Observation, site: SiteView, planned: Slots) -> float:
    """Return the least speed at which every job of this step still meets its deadline.

    Parameters
    ----------
    obs : Observation
        What is known.
    site : SiteView
        The site.
    planned : mapping of int to sequence of (float, float)
        Slots of jobs that are planned [s].

    Returns
    -------
    float
        Speed over full speed; 1 where a job will be late anyway. [-]
    """
    now_s, known = obs.now_s, obs.jobs
    # Work left of each, and the time there is for it.
    times_s: list[Interval] = []
    for job, slots in planned.items():
        if slots[0][0] < now_s + obs.step_s:
            slots_s = sum(max(0.0, end_s - max(now_s, begin_s)) for begin_s, end_s in slots)
            free_s = slots_s + known.deadline_s.item(job) - slots[-1][1]
            times_s.append((left_of(obs, job), free_s))
    running = [job for cluster in site.clusters for job in cluster.running if job not in planned]
    times_s += [(left_of(obs, job), known.deadline_s.item(job) - now_s) for job in running]
    tight = (left_s / max(free_s, left_s) for left_s, free_s in times_s if left_s > 0.0)
    return max(tight, default=0.0)


def running_work(
    obs: Observation,
    busy: Busy,
    *,
    ratio: float,
    speeds: tuple[float, float],
    count: int,
    value_per_j: float,
) -> WorkAhead:
    """Return the work of running jobs, which may go on more slowly.

    Parameters
    ----------
    obs : Observation
        What is known.
    busy : Busy
        Jobs that run or wait.
    ratio : float
        Load per IT power. [-]
    speeds : tuple of float
        Speed under the lowest cap, and that at which no job is late. [-]
    count : int
        Hours ahead: n. [-]
    value_per_j : float
        What it is worth to have work done when the hours end. [per J]

    Returns
    -------
    WorkAhead
        In load at full speed; done in time for deadlines that can still be met.
    """
    now_s, (slowest, needed) = obs.now_s, speeds
    edges_s = now_s + HOUR_S * np.arange(count + 1, dtype=np.float64)
    load_w, left_s = ratio * busy.power_w, busy.left_s
    slowest_s = left_s / slowest
    due_s = np.minimum(obs.jobs.deadline_s[busy.job], now_s + slowest_s)
    due_s = np.maximum(due_s, now_s + left_s)
    begin_s = np.full(len(left_s), now_s)
    most_j = ratio * HOUR_S * np.cumsum(busy.running_w)
    late_j = ramps(due_s - left_s, due_s, load_w, edges_s)[1:]
    slow_j = ramps(begin_s, now_s + slowest_s, slowest * load_w, edges_s)[1:]
    power_w = np.diff(ramps(begin_s, due_s, load_w, edges_s)) / HOUR_S
    power_w = np.maximum(power_w, ratio * busy.running_w)  # of jobs that wait and are late
    least_j = np.maximum(late_j, slow_j)
    # All have one speed: that of the job with the least time to spare.
    least_j[0] = max(least_j[0], needed * most_j[0])
    return WorkAhead(np.minimum(least_j, most_j), most_j, power_w, value_per_j)
