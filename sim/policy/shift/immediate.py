"""Jobs run as soon as they can."""

from collections.abc import Sequence
from typing import Final

from sim.policy.base import Interval, Observation


class NoShift:
    """Every job may run as soon as it is known and its earliest start has come."""

    does_nothing: Final = True

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the present time, or the earliest start if that is later."""
        return max(obs.now_s, float(obs.jobs.earliest_start_s[job]))
