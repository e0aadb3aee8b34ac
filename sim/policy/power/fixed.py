"""Caps that never change, or none."""

from typing import Final

from sim.policy.base import Observation, SiteView


class FixedCap:
    """All accelerators have the same power cap, always.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP, from the lowest that the accelerators may get to 1. [-]
    """

    def __init__(self, cap_fraction: float = 0.8) -> None:
        # How far down a card goes, and a scenario insists, is for the scenario's checks to say.
        if not 0.0 < cap_fraction <= 1.0:
            msg = f"cap_fraction is {cap_fraction}; it must lie above 0 and at most at 1."
            raise ValueError(msg)
        self.cap_fraction = cap_fraction

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap."""
        return self.cap_fraction


class Uncapped:
    """No power caps."""

    does_nothing: Final = True

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return None: no cap."""
