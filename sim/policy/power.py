"""Power: which caps apply."""

from typing import Final

from sim.policy.base import Observation, SiteView


class Uncapped:
    """No power caps."""

    does_nothing: Final = True

    def set(self, obs: Observation, site: SiteView) -> None:
        """Set no cap."""
