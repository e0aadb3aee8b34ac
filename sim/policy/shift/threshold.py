"""Run while a signal is below a threshold, wait while it is above, until the wait is used up."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.policy.base import Interval, Observation
from sim.policy.shift.lowest import joined
from sim.policy.shift.outlook import Outlook, SignalShift
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

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the intervals in which the job runs, or its start."""
        earliest_s, latest_s = self.earliest_and_latest_s(obs, job)
        outlook = self.outlook(obs, obs.site_of(job))
        if latest_s <= earliest_s or earliest_s >= outlook.end_s:
            return earliest_s
        length_s = obs.jobs.expected_duration_s.item(job)
        below = outlook.values < self._threshold(outlook, earliest_s)
        intervals = joined(list(_runs(outlook, below, (earliest_s, latest_s), length_s)))
        return intervals if obs.jobs.interruptible[job] else intervals[0][0]

    def _threshold(self, outlook: Outlook, earliest_s: float) -> float:
        """Return the quantile of the next day's forecast."""
        bounds_s, order = outlook.bounds_s(earliest_s, earliest_s + DAY_S), outlook.order
        upto_s = (bounds_s[1:] - bounds_s[:-1])[order].cumsum()
        share_s = self.threshold_fraction * upto_s.item(-1)
        rank = int(upto_s.searchsorted(share_s, side="right"))
        return outlook.values.item(order.item(min(rank, len(order) - 1)))


def _runs(
    outlook: Outlook, below: NDArray[np.bool_], bounds_s: tuple[float, float], length_s: float
) -> Iterator[Interval]:
    """Yield the stretches in which a job runs; together they are as long as the job."""
    now_s, latest_s = bounds_s
    budget_s, left_s = latest_s - now_s, length_s
    step = min(int((now_s - outlook.start_s) // outlook.step_s), len(below) - 1)
    low = bool(below[step])
    changes = (below[step + 1 :] != below[step:-1]).nonzero()[0] + (step + 1)
    for end in (*changes.tolist(), len(below)):
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
