"""Weigh what waiting saves against how long it takes."""

from collections.abc import Sequence

from sim.policy.base import Interval, Observation
from sim.policy.shift.lowest import run_sums
from sim.policy.shift.outlook import TIE, SignalShift


class CarbonTime(SignalShift):
    """A job starts where the saving per time until its completion is greatest.

    Of the starts that lowest-window tries, each saves what running now would emit more; the saving
    is divided by wait and expected duration together, so that a job does not wait a day for a
    little. The earliest of equals wins. It takes the parameters of `SignalShift`.

    References
    ----------
    .. [1] W. A. Hanafy et al., GAIA, ASPLOS 2024: the policy Carbon-Time.
    """

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the start with the greatest saving per completion time."""
        earliest_s, latest_s, length_s = self.times_of(obs, job)
        if latest_s <= earliest_s:
            return earliest_s
        outlook = self.outlook(obs, obs.site_of(job))
        total = run_sums(outlook, earliest_s, latest_s, length_s)
        if len(total) <= 1:
            return earliest_s
        wait_s = outlook.delays_s[: len(total)]
        saving = total.item(0) - total
        saving /= wait_s + length_s
        first = int(saving.argmax())
        most = saving.item(first)
        earliest = int((saving[: first + 1] >= most - TIE * abs(most)).argmax())
        return earliest_s + wait_s.item(earliest)
