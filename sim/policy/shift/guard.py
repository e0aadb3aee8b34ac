"""Hold another shift policy to the deadlines."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.policy.base import Interval, Observation, ShiftPolicy
from sim.policy.parameters import inner_policy
from sim.units import HOUR_S


class DeadlineGuard:
    """A job follows another policy's plan until waiting longer would miss its deadline.

    The plan is kept as far as the job, by its expected duration and a margin, still ends in time;
    from the moment at which it would not, the job runs through. A job that would be late anyway
    starts at once.

    Parameters
    ----------
    inner : str or mapping
        The policy to follow: its name, or ``use`` and its parameters.
    margin_fraction : float
        How much longer than expected a job is taken to run. [-]
    margin_h : float
        Time kept free before the deadline, for example for the queue. [h]

    Raises
    ------
    ValueError
        If a margin is negative, or there is no such policy.
    """

    def __init__(
        self,
        inner: str | Mapping[str, Any] = "lowest-window",
        margin_fraction: float = 0.0,
        margin_h: float = 0.0,
    ) -> None:
        if not (margin_fraction >= 0.0 and margin_h >= 0.0):
            msg = f"margins are {margin_fraction} and {margin_h} h; neither may be negative."
            raise ValueError(msg)
        self.inner = inner
        self.margin_fraction = margin_fraction
        self.margin_h = margin_h
        self._policy: ShiftPolicy = inner_policy("shift", inner)
        self.replans = bool(getattr(self._policy, "replans", False))

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the plan of the other policy, as far as the deadline allows."""
        jobs = obs.jobs
        earliest_s = max(obs.now_s, float(jobs.earliest_start_s[job]))
        needed_s = float(jobs.expected_duration_s[job]) * (1.0 + self.margin_fraction)
        due_s = float(jobs.deadline_s[job]) - self.margin_h * HOUR_S
        plan = self._policy.plan(obs, job)
        if not isinstance(plan, Sequence):
            return max(earliest_s, min(plan, due_s - needed_s))
        return _in_time(plan, needed_s, earliest_s=earliest_s, due_s=due_s)


def _in_time(
    plan: Sequence[Interval], needed_s: float, *, earliest_s: float, due_s: float
) -> list[Interval]:
    """Return the intervals of a plan up to where only running through is in time."""
    kept: list[Interval] = []
    left_s = needed_s
    for start_s, end_s in plan:
        last_call_s = max(earliest_s, due_s - left_s)
        if start_s >= last_call_s:
            return _with(kept, last_call_s, left_s)
        kept.append((start_s, min(end_s, start_s + left_s)))
        left_s -= end_s - start_s
        if left_s <= 0.0:
            return kept
    return _with(kept, kept[-1][1], left_s)


def _with(kept: Sequence[Interval], from_s: float, length_s: float) -> list[Interval]:
    """Return intervals and one more, joined to the last where it begins before the end of that."""
    if kept and from_s <= kept[-1][1]:
        return [*kept[:-1], (kept[-1][0], kept[-1][1] + length_s)]
    return [*kept, (from_s, from_s + length_s)]
