"""Elastic jobs large in clean hours and small in dirty ones."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.policy.ahead import Ahead
from sim.policy.base import Controls, JobControls, Observation, SiteView
from sim.policy.parameters import checked_signal
from sim.policy.power.sizing import Changes, Column, planned_sizes
from sim.policy.shift.outlook import Outlook
from sim.units import DAY_S
from sim.workload.profile import Elastic


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of a job to come.

    Attributes
    ----------
    made_at_s : float
        When it was made. [s]
    start_s, step_s : float
        Begin and length of its slots. [s]
    gpus : ndarray of int, shape (n_slots,)
        Accelerators in each slot; 0 for none. [-]
    """

    made_at_s: float
    start_s: float
    step_s: float
    gpus: NDArray[np.int64]

    def at(self, time_s: float) -> int:
        """Return the accelerators at a time; those of the last slot after it."""
        slot = int((time_s - self.start_s) / self.step_s)
        return int(self.gpus[min(max(slot, 0), len(self.gpus) - 1)])


class CarbonScaler:
    """Each elastic job gets its accelerators where they get most work done per carbon.

    Up to its deadline every hour could hold every further accelerator; by marginal throughput per
    marginal carbon the best of them are taken until the job's expected work is done. In hours that
    get none the job is suspended. A change of size, and going on after a pause, cost the work of
    the time in which the job then stands still. It is planned again at each new forecast and every
    hour, by the work that is then left. Other jobs are left alone.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    stretch_ratio : float
        Time from arrival to completion over the expected duration at the least size, where a job
        has no deadline. [-]
    margin_fraction : float
        How much more work than expected is planned: for the queue. [-]

    Raises
    ------
    ValueError
        If there is no such signal, or a number is out of bounds.

    Notes
    -----
    Beyond the forecast its last day is taken to repeat (assumption). Sizes are those of the scaling
    curve; one that lies below the line between its neighbours is not used.

    References
    ----------
    .. [1] W. A. Hanafy et al., "CarbonScaler: Leveraging Cloud Workload Elasticity for Optimizing
       Carbon-Efficiency," Proc. ACM Meas. Anal. Comput. Syst. 7(3), 2023.
    """

    def __init__(
        self,
        signal: str = "average_carbon_intensity",
        stretch_ratio: float = 1.5,
        margin_fraction: float = 0.05,
    ) -> None:
        if not (1.0 <= stretch_ratio < math.inf and margin_fraction >= 0.0):
            msg = f"stretch_ratio is {stretch_ratio} and margin_fraction {margin_fraction}; they "
            msg += "must be at least 1 and at least 0."
            raise ValueError(msg)
        self.signal = checked_signal(signal)
        self.stretch_ratio = stretch_ratio
        self.margin_fraction = margin_fraction
        self._ahead = Ahead()
        self._plans: dict[int, Plan] = {}

    def at_arrival(self, obs: Observation, job: int) -> JobControls | None:
        """Return the size that a job starts with."""
        elastic = obs.jobs.traits(job).elastic
        if elastic is None:
            return None
        return JobControls(gpus_count=self._size(obs, job, elastic))

    def set(self, obs: Observation, site: SiteView) -> Controls:
        """Return the sizes of the site's elastic jobs."""
        sizes: dict[int, int] = {}
        for job in tuple(self._plans):
            elastic = obs.jobs.traits(job).elastic
            if obs.has_ended(job):
                del self._plans[job]
            elif elastic is not None and obs.site_of(job) == site.index:
                sizes[job] = self._size(obs, job, elastic)
        return Controls(sizes=sizes)

    def _size(self, obs: Observation, job: int, elastic: Elastic) -> int:
        """Return the size of a job now, by a plan that is made anew where it is old."""
        outlook = self._ahead.outlook(obs, obs.site_of(job), self.signal)
        plan, now_s = self._plans.get(job), obs.now_s
        fresh = plan is not None and plan.start_s == outlook.start_s
        if plan is None or not fresh or now_s - plan.made_at_s >= outlook.step_s:
            plan = self._plans[job] = self._planned(obs, job, elastic, outlook)
        return plan.at(now_s)

    def _planned(self, obs: Observation, job: int, elastic: Elastic, outlook: Outlook) -> Plan:
        jobs, now_s = obs.jobs, obs.now_s
        expected_s = float(jobs.expected_duration_s[job])
        due_s = float(jobs.deadline_s[job])
        if due_s == math.inf:
            due_s = float(jobs.arrival_s[job]) + self.stretch_ratio * expected_s
        needed_s = (1.0 + self.margin_fraction) * expected_s - obs.work_s(job)
        begin_s = max(now_s, float(jobs.earliest_start_s[job]))
        starts_s, rates = _slots(outlook, max(due_s, now_s + outlook.step_s))
        ends_s = starts_s + outlook.step_s
        open_s = np.maximum(0.0, np.minimum(ends_s, due_s) - np.maximum(starts_s, begin_s))
        changes = _changes(obs, job, elastic)
        gpus = planned_sizes(elastic, rates, open_s, needed_s=needed_s, changes=changes)
        if not open_s.any():  # too late already
            gpus[:] = _late_size(elastic, changes, max(0.0, expected_s - obs.work_s(job)))
        return Plan(now_s, outlook.start_s, outlook.step_s, gpus)


def _late_size(elastic: Elastic, changes: Changes, left_s: float) -> int:
    """Return the size with which a job is done soonest that has some work left [s]."""
    present = changes.present_gpus
    if not present:
        return elastic.most
    grown_s = changes.resize_s + left_s / elastic.speedup(elastic.most)
    return elastic.most if grown_s < left_s / elastic.speedup(present) else present


def _changes(obs: Observation, job: int, elastic: Elastic) -> Changes:
    """Return what it costs a job to change its size."""
    clusters = obs.sites[obs.site_of(job)].clusters
    runs = any(job in one.running for one in clusters)
    power = clusters[0].power
    return Changes(
        elastic.resize_s,
        obs.jobs.traits(job).resume_s,
        power.idle_resident_w / power.busy_w(),
        obs.gpus_of(job) if runs else 0,
    )


def _slots(outlook: Outlook, until_s: float) -> tuple[Column, Column]:
    """Return the starts of the slots up to a time [s], and the signal in each."""
    count = max(1, math.ceil((until_s - outlook.start_s) / outlook.step_s))
    starts_s = outlook.start_s + outlook.step_s * np.arange(count)
    values = outlook.values[:count]
    missing = count - len(values)
    if missing:
        day = max(1, round(DAY_S / outlook.step_s))
        last = values[-day:] if len(values) else np.zeros(1)
        values = np.concatenate([values, np.resize(last, missing)])
    return np.asarray(starts_s, dtype=float), values
