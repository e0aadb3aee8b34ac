"""From a fluid plan to whole jobs: each takes hours that the plan has work in, least slack first.

A job pays what more load costs in each hour, by the plan's marginal costs, and more where it draws
beyond the work that the plan has left there and what still fits below limits and peaks.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.optimize.ahead import Next
from sim.optimize.horizon import Columns
from sim.policy.base import Forecast, Interval, Observation
from sim.policy.shift.lowest import LowestSlots
from sim.policy.shift.outlook import Outlook
from sim.units import HOUR_S

_DIGITS: Final = 5
_SHARE_DIGITS: Final = 2  # of a job: less than a hundredth missing is none (assumption)


class PlannedSlots(LowestSlots):
    """Gives jobs the hours of a plan.

    Parameters
    ----------
    max_wait_h : float
        Longest wait after the earliest possible start, deadline or not. [h]
    """

    def __init__(self, max_wait_h: float) -> None:
        super().__init__("price", max_wait_h)
        self._outlook: Outlook | None = None
        self._begin_s = 0.0
        self._left_w, self._cost, self._more = np.zeros(0), np.zeros(0), np.zeros(0)

    def take(self, plan: Next, *, begin_s: float, ratio: float) -> None:
        """Take a new plan.

        Parameters
        ----------
        plan : Next
            The plan.
        begin_s : float
            When it begins. [s]
        ratio : float
            Load per IT power. [-]
        """
        self._begin_s = begin_s
        self._left_w = (plan.work_w.sum(axis=0) + plan.headroom_w) / ratio
        highest = float(np.abs(plan.beyond_per_j).max()) or 1.0
        # What the solver's tolerance and tie-breaks make of equal costs must not put off a job.
        self._cost = highest * np.round(plan.marginal_per_j / highest, _DIGITS)
        self._more = highest * np.round(plan.beyond_per_j / highest, _DIGITS) - self._cost

    def give(self, obs: Observation, job: int, power_w: float) -> float | Sequence[Interval]:
        """Return when a job is to run, and take that from what the plan has left.

        Parameters
        ----------
        obs : Observation
            What is known.
        job : int
            Job id. [-]
        power_w : float
            Its IT power above idle. [W]

        Returns
        -------
        float or sequence of (float, float)
            Its start, or the slots it runs in [s].
        """
        missing = np.maximum(0.0, power_w - self._left_w) / max(power_w, 1e-9)
        missing = np.round(missing, _SHARE_DIGITS)
        paid = self._cost + self._more * missing
        nothing = np.zeros(0)
        ahead = Forecast(paid, None, self._begin_s, self._begin_s, HOUR_S, nothing)
        self._outlook = Outlook.of(ahead, None)
        answer = self.plan(obs, job)
        for begin_s, end_s in slots_of_answer(obs, job, answer):
            self._left_w = np.maximum(0.0, self._left_w - power_w * self._shares(begin_s, end_s))
        return answer

    def outlook(self, obs: Observation, site: int) -> Outlook:
        """Return what the hours ahead cost the job that is being planned."""
        return super().outlook(obs, site) if self._outlook is None else self._outlook

    def _shares(self, begin_s: float, end_s: float) -> Columns:
        """Return which part of each hour lies between two times."""
        edges_s = self._begin_s + HOUR_S * np.arange(len(self._left_w) + 1)
        return np.asarray(np.diff(edges_s.clip(begin_s, end_s)) / HOUR_S)


def slots_of_answer(
    obs: Observation, job: int, answer: float | Sequence[Interval]
) -> Sequence[Interval]:
    """Return when a job runs by a plan: its slots, or from its start for as long as expected [s].

    Parameters
    ----------
    obs : Observation
        What is known.
    job : int
        Job id. [-]
    answer : float or sequence of (float, float)
        Its start, or its slots [s].

    Returns
    -------
    sequence of (float, float)
        The slots [s].
    """
    if isinstance(answer, Sequence):
        return answer
    return ((answer, answer + float(obs.jobs.expected_duration_s[job])),)
