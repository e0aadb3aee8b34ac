"""A plan of the next hours that rolls on: jobs, battery and caps together, by linear programs."""

import math
from collections.abc import Sequence

import numpy as np

from sim.energy.dispatch import Setpoint
from sim.optimize.horizon import Indices
from sim.policy.base import Interval, Observation, SiteView
from sim.policy.plan.fluid import Waiting
from sim.policy.plan.goal import CarbonSignal, Goal
from sim.policy.plan.loads import above_idle_w, home_of
from sim.policy.plan.rounding import PlannedSlots, slots_of_answer
from sim.policy.plan.site import Settings, SitePlan
from sim.units import HOUR_S

_SIGNALS = ("average", "marginal")


class RollingPlan:
    """Jobs, battery and power caps follow the cheapest plan of the next hours, made anew each hour.

    The plan is a linear program over hours, on the latest forecasts of price, carbon intensity,
    sun, wind and load: work that can wait as a fluid, the battery, import and export within their
    limits, and the demand charge on what goes beyond the month's highest import so far. Jobs are
    fitted into it with every new forecast, those of least slack first; one that arrives in between
    takes the hours that cost least at the margin. Each site is planned by itself.

    Parameters
    ----------
    horizon_h : int
        How far it looks ahead. [h]
    resolve_h : float
        Time after which the battery is planned anew. [h]
    max_wait_h : float
        Longest wait of a job after its earliest possible start, deadline or not. [h]
    carbon_usd_per_t : float
        What emissions count for, besides what the site pays for them. [USD/tCO2e]
    carbon_signal : {'average', 'marginal'}
        Intensity of the grid at which they count.
    carbon_budget_kg_per_day : float or None
        Emissions that it keeps to on average since the start, if it can; None for no budget.
        [kgCO2e/d]
    quantile : float or None
        Probability with which import limit and peaks are to hold each hour, by the quantiles of the
        forecasts of load, and of sun and wind at 1 less that; None plans on what is expected. [-]
    cap : bool
        Whether it caps the power of running jobs, as far as their deadlines allow.

    Raises
    ------
    ValueError
        If a parameter is out of bounds.

    References
    ----------
    .. [1] J. B. Rawlings, D. Q. Mayne, M. M. Diehl, "Model Predictive Control: Theory, Computation,
       and Design," 2nd ed., Nob Hill, 2017.
    """

    replans = True

    def __init__(  # noqa: PLR0913 - each is a choice of the scenario's own
        self,
        horizon_h: int = 48,
        *,
        resolve_h: float = 1.0,
        max_wait_h: float = 24.0,
        carbon_usd_per_t: float = 0.0,
        carbon_signal: CarbonSignal = "average",
        carbon_budget_kg_per_day: float | None = None,
        quantile: float | None = None,
        cap: bool = False,
    ) -> None:
        if horizon_h != int(horizon_h) or not 2 <= horizon_h <= 336:
            msg = f"horizon_h is {horizon_h}; it must be a whole number of hours from 2 to 336."
            raise ValueError(msg)
        for name, value in (("resolve_h", resolve_h), ("max_wait_h", max_wait_h)):
            if not 0.0 <= value < math.inf:
                msg = f"{name} is {value}; it must be a finite number of hours, 0 or more."
                raise ValueError(msg)
        if carbon_signal not in _SIGNALS:
            msg = f"carbon_signal is {carbon_signal!r}; it must be average or marginal."
            raise ValueError(msg)
        if not carbon_usd_per_t >= 0.0 or not (carbon_budget_kg_per_day or 0.0) >= 0.0:
            msg = "carbon_usd_per_t and carbon_budget_kg_per_day must be 0 or more."
            raise ValueError(msg)
        if quantile is not None and not 0.5 <= quantile < 1.0:
            msg = f"quantile is {quantile}; it must lie between 0.5 and 1."
            raise ValueError(msg)
        self.horizon_h, self.resolve_h, self.max_wait_h = int(horizon_h), resolve_h, max_wait_h
        self.never_caps = not cap
        """Whether no power is ever capped: the power role then only watches the import."""
        self._settings = Settings(
            hours_count=self.horizon_h,
            goal=Goal(carbon_usd_per_t, carbon_signal, carbon_budget_kg_per_day is not None),
            carbon_budget_kg_per_day=carbon_budget_kg_per_day,
            quantile=quantile,
            cap=cap,
        )
        self._sites: dict[int, _Site] = {}

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return when a job is to run."""
        return self._site(obs, obs.site_of(job)).answer(obs, job)

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return what the battery does in this step."""
        return self._site(obs, site.index).setpoint(obs, site)

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap of running jobs; None for none."""
        return self._site(obs, site.index).cap_fraction(obs, site)

    def _site(self, obs: Observation, number: int) -> "_Site":
        found = self._sites.get(number)
        if found is None:
            found = self._sites[number] = _Site(
                SitePlan(self._settings, obs, obs.sites[number]),
                PlannedSlots(self.max_wait_h),
                resolve_s=self.resolve_h * HOUR_S,
                caps=self._settings.cap,
            )
        return found


class _Site:
    """One site under the policy.

    Parameters
    ----------
    plan : SitePlan
        Its plan.
    rounding : PlannedSlots
        What fits jobs into it.
    resolve_s : float
        Time after which it is made anew. [s]
    caps : bool
        Whether running jobs are capped.
    """

    def __init__(
        self, plan: SitePlan, rounding: PlannedSlots, *, resolve_s: float, caps: bool
    ) -> None:
        self._plan, self._rounding = plan, rounding
        self._resolve_s, self._caps = resolve_s, caps
        self._resolved_s = -math.inf
        self._issued_at_s = -math.inf
        self._answers: dict[int, float | Sequence[Interval]] = {}

    def answer(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return when a job is to run; with a new forecast, all that wait are planned anew."""
        site, begun = obs.sites[obs.site_of(job)], self._begun(job, obs.now_s)
        issued_at_s = obs.forecast(site.index, "price").issued_at_s
        if issued_at_s != self._issued_at_s:
            self._issued_at_s = issued_at_s
            self._plan_all(obs, site, [] if begun else [job])
        elif job not in self._answers and not begun:
            self._give(obs, site, job)
        return begun or self._answers[job]

    def _begun(self, job: int, now_s: float) -> Sequence[Interval]:
        """Return the slots that are left of a job which has begun; none of one that has not."""
        slots = self._plan.slots.get(job, ())
        if not slots or slots[0][0] >= now_s:
            return ()
        return [(max(begin_s, now_s), end_s) for begin_s, end_s in slots if end_s > now_s]

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return what the battery does in this step."""
        self._look(obs, site)
        return self._plan.setpoint(obs, site)

    def cap_fraction(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap of running jobs; None for none."""
        if not self._caps:
            self._plan.note(obs, site)
            return None
        self._look(obs, site)
        return self._plan.cap_fraction(obs, site)

    def _look(self, obs: Observation, site: SiteView) -> None:
        """Take note of the last step, and plan anew if it is time; once in a step."""
        self._plan.note(obs, site)
        if self._resolved_s < obs.now_s >= self._resolved_s + self._resolve_s:
            self._resolved_s = obs.now_s
            self._plan.decide(obs, site)

    def _plan_all(self, obs: Observation, site: SiteView, asking: Sequence[int]) -> None:
        """Plan all jobs anew that have not begun, and those that ask."""
        now_s, slots = obs.now_s, self._plan.slots
        pending = {one for one in self._answers if one in slots and slots[one][0][0] >= now_s}
        jobs = np.array(sorted(pending.union(asking)), dtype=np.int_)
        for one in pending:
            del slots[one]
        waiting = self._waiting(obs, site, jobs) if len(jobs) else Waiting.none()
        plan = self._plan.decide(obs, site, waiting, is_settled=False)
        self._rounding.take(plan, begin_s=now_s, ratio=site.facility_ratio)
        self._answers = {}
        for one in jobs[np.argsort(waiting.slack_s, kind="stable")].tolist():
            self._give(obs, site, one)

    def _give(self, obs: Observation, site: SiteView, job: int) -> None:
        """Fit a job into the plan."""
        power_w = float(above_idle_w(obs, home_of(obs, site, job), np.array([job]))[0])
        answer = self._rounding.give(obs, job, power_w)
        self._answers[job] = answer
        self._plan.slots[job] = slots_of_answer(obs, job, answer)

    def _waiting(self, obs: Observation, site: SiteView, jobs: Indices) -> Waiting:
        """Return jobs with the times within which they may run."""
        bounds = [self._rounding.earliest_and_latest_s(obs, job) for job in jobs.tolist()]
        earliest_s, latest_s = np.array(bounds).T
        length_s = obs.jobs.expected_duration_s[jobs]
        power_w = [
            float(above_idle_w(obs, home_of(obs, site, job), np.array([job]))[0])
            for job in jobs.tolist()
        ]
        due_s = np.maximum(earliest_s, latest_s) + length_s
        return Waiting(jobs, earliest_s, length_s, due_s, np.array(power_w))
