"""Run while a signal is below a threshold, wait while it is above, until the wait is used up."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sim.policy.base import Interval, Observation
from sim.policy.shift.lowest import joined
from sim.policy.shift.outlook import Outlook, SignalShift, Window
from sim.units import DAY_S


class Threshold(SignalShift):
    """An interruptible job runs while the forecast is below a quantile of the next day's.

    While it is not, the job waits and uses up its waiting budget: `max_wait_h`, or what its
    deadline leaves if that is less; when the budget is spent it runs through. A job that is not
    interruptible starts at the first moment below the threshold, or when the budget is spent.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    max_wait_h : float
        Longest wait in all, deadline or not. [h]
    quantile : float or None
        Level of the forecast's quantile that is followed; None follows the expected values. [-]
    threshold_fraction : float
        Which quantile of the forecast of the next 24 h is the threshold; 0.3 lets a job run in the
        lowest 30 % of the time. [-]

    Raises
    ------
    ValueError
        If `threshold_fraction` does not lie between 0 and 1.

    References
    ----------
    .. [1] A. Souza et al., "Ecovisor: A Virtual Energy System for Carbon-Efficient Applications,"
       ASPLOS 2023: the policy of suspending and resuming at a threshold.
    .. [2] W. A. Hanafy et al., GAIA, ASPLOS 2024: the same with a waiting budget.
    """

    def __init__(
        self,
        signal: str = "average_carbon_intensity",
        max_wait_h: float = 24.0,
        quantile: float | None = None,
        threshold_fraction: float = 0.3,
    ) -> None:
        super().__init__(signal, max_wait_h, quantile)
        if not 0.0 < threshold_fraction < 1.0:
            msg = f"threshold_fraction is {threshold_fraction}; it must lie between 0 and 1."
            raise ValueError(msg)
        self.threshold_fraction = threshold_fraction
        self._kept: dict[int, tuple[Outlook, dict[int, _Below]]] = {}

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the intervals in which the job runs, or its start."""
        earliest_s, latest_s, length_s = self.times_of(obs, job)
        site = obs.site_of(job)
        outlook = self.outlook(obs, site)
        if latest_s <= earliest_s or earliest_s >= outlook.end_s:
            return earliest_s
        below = self._below(site, outlook, earliest_s)
        intervals = joined(list(_runs(outlook, below, (earliest_s, latest_s), length_s)))
        return intervals if obs.jobs.interruptible[job] else intervals[0][0]

    def _below(self, site: int, outlook: Outlook, earliest_s: float) -> "_Below":
        """Return where the forecast is below the quantile of its next day; kept until the next."""
        window = Window.of(outlook, earliest_s, earliest_s + DAY_S)
        share_s = self.threshold_fraction * (window.until_s - window.from_s)
        rank, _ = outlook.lowest(window, share_s, more=True)
        known = self._kept.get(site)
        if known is None or known[0] is not outlook:
            known = self._kept[site] = outlook, {}
        below = known[1].get(rank)
        if below is None:
            below = known[1][rank] = _Below.of(outlook, outlook.order.item(rank))
        return below


class _Below(NamedTuple):
    """Where a forecast is below a threshold: in each step, and the steps in which that changes."""

    steps: list[bool]
    changes: list[int]

    @classmethod
    def of(cls, outlook: Outlook, step: int) -> "_Below":
        """Return where it is below its value in a step."""
        below = outlook.values < outlook.values[step]
        changes = (below[1:] != below[:-1]).nonzero()[0] + 1
        return cls(below.tolist(), [*changes.tolist(), len(below)])


def _runs(
    outlook: Outlook, below: _Below, bounds_s: tuple[float, float], length_s: float
) -> Iterator[Interval]:
    """Yield the stretches in which a job runs; together they are as long as the job."""
    now_s, latest_s = bounds_s
    budget_s, left_s = latest_s - now_s, length_s
    step = min(int((now_s - outlook.start_s) // outlook.step_s), len(below.steps) - 1)
    low = below.steps[step]
    for end in islice(below.changes, bisect_right(below.changes, step), None):
        if budget_s <= 0.0:
            break
        end_s = outlook.start_s + end * outlook.step_s
        stretch_s = min(end_s - now_s, left_s if low else budget_s)
        if low:
            yield now_s, now_s + stretch_s
            left_s -= stretch_s
        else:
            budget_s -= stretch_s
        if left_s <= 0.0:
            return
        now_s += stretch_s
        low = not low
    yield now_s, now_s + left_s
