"""The battery does nothing, or what sun, wind and load make of it."""

from sim.energy.dispatch import FOLLOW, Setpoint
from sim.policy.base import Observation, SiteView


class Idle:
    """The battery does nothing."""

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return no charge and no discharge."""
        return 0.0, 0.0


class SelfConsumption:
    """The battery charges from any surplus and discharges into any deficit."""

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return ``"follow"``."""
        return FOLLOW
