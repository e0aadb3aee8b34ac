"""The plan of one site: what it knows, its program, and what it decided last."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.energy.dispatch import FOLLOW, HoldImport, Setpoint
from sim.optimize.ahead import Ahead, Layout, Next, WorkAhead
from sim.optimize.horizon import Columns
from sim.optimize.rolling import RollingProgram
from sim.policy.base import Interval, Observation, SiteView
from sim.policy.plan.fluid import CLASSES, Waiting, classes_of
from sim.policy.plan.goal import Goal, expected, present_share
from sim.policy.plan.hours import next_hours
from sim.policy.plan.loads import busy_profiles
from sim.policy.plan.peaks import PeaksSoFar
from sim.policy.plan.slowing import caps_of, needed_speed, running_work
from sim.policy.plan.usual import UsualPower
from sim.units import DAY_S, HOUR_S

_SUPPLY: Final = ("solar", "wind")
_NOTHING_W: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Settings:
    """What a plan is to do.

    Attributes
    ----------
    hours_count : int
        Hours that it looks ahead. [-]
    goal : Goal
        What it has as little of as it can.
    carbon_budget_kg_per_day : float or None
        Emissions that it keeps to on average; None for no budget. [kgCO2e/d]
    quantile : float or None
        Probability with which import limit and peaks are to hold; None plans on what is expected.
        [-]
    cap : bool
        Whether it caps the power of running jobs.
    """

    hours_count: int
    goal: Goal
    carbon_budget_kg_per_day: float | None
    quantile: float | None
    cap: bool


class SitePlan:
    """The plan of one site, which rolls on.

    Parameters
    ----------
    settings : Settings
        What it is to do.
    obs : Observation
        What is known.
    site : SiteView
        The site.

    Attributes
    ----------
    slots : dict of int to sequence of (float, float)
        When jobs are to run whose slots have not ended, by job id [s].
    decided : Next or None
        What was decided last.
    decided_at_s : float
        When. [s]
    """

    def __init__(self, settings: Settings, obs: Observation, site: SiteView) -> None:
        self._settings = settings
        self._peaks = PeaksSoFar(site.terms.tariff, obs.start, obs.step_s)
        self._caps = caps_of(site) if settings.cap else None
        self._layout = Layout(
            hours_count=settings.hours_count,
            block_s=HOUR_S,
            classes_count=CLASSES if site.clusters else 0,
            charges_count=len(self._peaks.charges),
            battery=site.battery,
            slowing=None if self._caps is None else self._caps.slowing,
            has_budget=settings.carbon_budget_kg_per_day is not None,
        )
        self._program: RollingProgram | None = None
        self.slots: dict[int, Sequence[Interval]] = {}
        self.decided: Next | None = None
        self.decided_at_s = -math.inf
        self._usual = UsualPower()
        self._noted_s, self._emitted_kg, self._intensity = 0.0, 0.0, 0.0

    def note(self, obs: Observation, site: SiteView) -> None:
        """Take note of the step that has ended, once, right as the next begins."""
        now_s, flows = obs.now_s, site.flows
        if now_s > self._noted_s or now_s == 0.0:
            self._usual.add(now_s, site.it_power_w)
        if now_s > self._noted_s and flows is not None:
            self._noted_s = now_s
            alone_w = flows.import_w - flows.export_w - flows.charge_w + flows.discharge_w
            self._peaks.add(now_s - obs.step_s, flows.import_w, load_w=max(0.0, alone_w))
            self._emitted_kg += flows.import_w * obs.step_s * self._intensity
        present = site.now(f"{self._settings.goal.carbon_signal}_carbon_intensity")
        self._intensity = 0.0 if math.isnan(present) else present

    def decide(
        self,
        obs: Observation,
        site: SiteView,
        waiting: Waiting | None = None,
        *,
        is_settled: bool = True,
    ) -> Next:
        """Return the cheapest plan of the next hours.

        Parameters
        ----------
        obs : Observation
            What is known.
        site : SiteView
            The site.
        waiting : Waiting or None
            Jobs that are to be planned anew; None for none.
        is_settled : bool
            Whether the last step has been settled, and the next one begun.

        Returns
        -------
        Next
            The plan, which is kept as `decided`.
        """
        self._forget(obs.now_s)
        ahead = self._ahead(obs, site, waiting, is_settled=is_settled)
        if self._program is None:
            self._program = RollingProgram(self._layout, self._unit_w(site, ahead))
        self.decided, self.decided_at_s = self._program.solve(ahead), obs.now_s
        return self.decided

    def hour(self, now_s: float) -> int:
        """Return which hour of the last plan it is now."""
        return min(int((now_s - self.decided_at_s) / HOUR_S), self._settings.hours_count - 1)

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return what the battery does in this step: as planned, but for how sun and load differ.

        Parameters
        ----------
        obs : Observation
            What is known.
        site : SiteView
            The site.

        Returns
        -------
        Setpoint
            What was planned of the grid stays as it is, but import keeps to limits and billed peaks
            and sun and wind are stored; without import or export the battery follows both; what was
            planned of a surplus too large for it stays as it is but for how that differs now.
        """
        plan, battery, hour = self.decided, site.battery, self.hour(obs.now_s)
        if plan is None or battery is None:
            return 0.0, 0.0
        charge_w, discharge_w = float(plan.charge_w[hour]), float(plan.discharge_w[hour])
        if plan.import_w[hour] > _NOTHING_W:
            most_w = float(plan.import_most_w[hour])
            return HoldImport(most_w, charge_w, 0.0 if charge_w > 0.0 else discharge_w)
        if plan.spare_w[hour] <= _NOTHING_W:
            return FOLLOW
        if charge_w > _NOTHING_W:
            charge_w -= self._more_load_w(obs, site, hour)
            return min(max(0.0, charge_w), battery.max_charge_w), 0.0
        return 0.0, discharge_w

    def _more_load_w(self, obs: Observation, site: SiteView, hour: int) -> float:
        """Return by how much load less supply is higher now than planned for the hour."""
        plan = self.decided
        if plan is None or obs.now_s == self.decided_at_s:
            return 0.0
        given_w = plan.import_w + plan.discharge_w + plan.unserved_w
        planned_w = float((given_w - plan.charge_w - plan.spare_w)[hour])
        load_w: float = site.now("load") + site.terms.facility_w(site.it_power_w)
        return load_w - site.now("solar") - site.now("wind") - planned_w

    def cap_fraction(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap that gives running jobs the speed that is planned; None for none."""
        if self._caps is None or self.decided is None:
            return None
        speed = float(self.decided.speed[self.hour(obs.now_s)])
        return self._caps.cap_for(max(speed, needed_speed(obs, site, self.slots)))

    def _forget(self, now_s: float) -> None:
        """Forget the slots of jobs that are done, or run through from now on."""
        for job, slots in tuple(self.slots.items()):
            if slots[-1][1] <= now_s or (len(slots) == 1 and slots[0][0] < now_s):
                del self.slots[job]

    def _unit_w(self, site: SiteView, ahead: Ahead) -> float:
        """Return about the largest power of the site."""
        battery = site.battery
        powers = [float(np.abs(ahead.load_w).max()), site.it_power_w]
        if battery is not None:
            powers += [battery.max_charge_w, battery.max_discharge_w]
        return max(powers) or 1.0

    def _ahead(
        self, obs: Observation, site: SiteView, waiting: Waiting | None, *, is_settled: bool
    ) -> Ahead:
        """Return what is known of the next hours."""
        count, settings = self._settings.hours_count, self._settings
        share = present_share(obs) if is_settled else 0.0
        rates = settings.goal.rates(obs, site, count, share=share)
        waiting = waiting or Waiting.none()
        busy = busy_profiles(obs, site, planned=self.slots, asking=waiting.job, count=count)
        terms, value = site.terms, float(rates.import_per_j.mean())
        rest_w = busy.floor_w + busy.slots_w
        # Jobs that are not known yet make up for what those that are leave of the usual power.
        unknown_w = self._usual.ahead(obs.now_s, count) - rest_w - busy.running_w
        unknown_w[0] = 0.0
        rest_w = rest_w + np.maximum(0.0, unknown_w)
        it_w = rest_w + busy.running_w
        ratio = terms.ratio + 2.0 * terms.bend_per_w * float(it_w.mean())
        running = None
        if self._caps is not None:
            it_w = rest_w
            running = running_work(
                obs, busy, ratio=ratio, count=count, value_per_j=value,
                speeds=(self._caps.slowing.least_speed, needed_speed(obs, site, self.slots)),
            )
        load_w = expected(obs, site, "load", count, share=share)
        load_w = load_w + terms.fixed_w + (terms.ratio + terms.bend_per_w * it_w) * it_w
        for signal in _SUPPLY:
            load_w = load_w - expected(obs, site, signal, count, share=share)
        work: tuple[WorkAhead, ...] = ()
        if self._layout.classes_count:
            work = classes_of(
                waiting, now_s=obs.now_s, count=count, ratio=ratio, value_per_j=value
            )
        return Ahead(
            load_w=load_w,
            margin_w=self._margin_w(obs, site, share),
            import_per_j=rates.import_per_j,
            export_per_j=rates.export_per_j,
            import_limit_w=terms.connection.import_limit_w,
            export_limit_w=terms.connection.export_limit_w,
            stored_j=self._stored_j(obs, site, is_settled=is_settled),
            work=work,
            most_work_w=ratio * busy.room_w,
            peaks=self._peaks.ahead(obs.now_s, load_w + _at_once_w(work, running, count)),
            running=running,
            carbon_kg_per_j=rates.carbon_kg_per_j if self._layout.has_budget else None,
            budget_kg=self._budget_kg(obs),
        )

    def _stored_j(self, obs: Observation, site: SiteView, *, is_settled: bool) -> float:
        """Return the stored energy; as it was planned where the last step is not settled yet."""
        if is_settled or self.decided is None or site.battery is None:
            return site.stored_j
        ended = round((obs.now_s - self.decided_at_s) / HOUR_S) - 1
        if not 0 <= ended < self._settings.hours_count:
            return site.stored_j
        return float(self.decided.stored_j[ended])

    def _margin_w(self, obs: Observation, site: SiteView, share: float) -> Columns:
        """Return by how much the load less supply may be higher than expected, at the quantile."""
        count, level = self._settings.hours_count, self._settings.quantile
        if level is None:
            return np.zeros(count)
        square = np.zeros(count)
        # Errors of the three signals are taken to be independent (assumption).
        for signal, quantile in (("load", level), *((one, 1.0 - level) for one in _SUPPLY)):
            forecast = obs.forecast(site.index, signal)
            if np.isnan(forecast.point[0]) or not forecast.point.any():
                continue
            bad = next_hours(forecast, obs.now_s, count, level=quantile)
            # Before there are errors to learn from, quantiles are unknown: then there is no margin.
            error_w = np.nan_to_num(bad - next_hours(forecast, obs.now_s, count))
            square += np.maximum(0.0, error_w if signal == "load" else -error_w) ** 2
        square[0] *= (1.0 - share) ** 2
        return np.sqrt(square)

    def _budget_kg(self, obs: Observation) -> float:
        """Return what may be emitted by the end of the time ahead."""
        per_day = self._settings.carbon_budget_kg_per_day
        if per_day is None:
            return math.inf
        until_s = obs.now_s + self._settings.hours_count * HOUR_S
        return per_day * until_s / DAY_S - self._emitted_kg


def _at_once_w(work: Sequence[WorkAhead], running: WorkAhead | None, count: int) -> Columns:
    """Return the load of work if none of it is put off or slowed down. [W]."""
    every = work if running is None else (*work, running)
    return sum((np.diff(one.most_j, prepend=0.0) / HOUR_S for one in every), start=np.zeros(count))
