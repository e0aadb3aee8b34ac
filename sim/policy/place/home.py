"""Jobs stay where they are at home."""

from typing import Final

from sim.policy.base import Observation


class Home:
    """Every job runs at its home site."""

    does_nothing: Final = True

    def choose(self, obs: Observation, job: int) -> int:
        """Return the job's home site."""
        return int(obs.jobs.home_site[job])
