"""What a battery's cells go through, what that costs them, and the terms of their replacement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Cycle(NamedTuple):
    """A cycle of charge: how deep, about which state of charge, and how much energy it moved.

    A full cycle of depth 1 counts as one; half a cycle of depth 0.5 as a quarter.
    """

    depth: float
    mean_soc: float
    full_cycles: float


class Stress(NamedTuple):
    """What the cells went through in a stretch of time, a day as a rule."""

    duration_s: float
    mean_soc: float
    temperature_k: float
    rate_per_h: float
    cycles: Sequence[Cycle]


class Fade(NamedTuple):
    """Shares of the first capacity that are lost, by cause, and a law's own measure of damage."""

    calendar: float = 0.0
    cycle: float = 0.0
    damage: float = 0.0

    @property
    def total(self) -> float:
        """Share of the first capacity that is lost."""
        return self.calendar + self.cycle


class AgingLaw(Protocol):
    """A law of aging."""

    def advance(self, fade: Fade, stress: Stress) -> Fade:
        """Return what is lost after a stress."""


@dataclass(frozen=True, slots=True)
class WearTerms:
    """How the cells of a battery age, and what that costs.

    Attributes
    ----------
    law : AgingLaw
        Law of aging.
    temperature_k : float
        Temperature of the cells, taken as constant. [K]
    end_of_life_fraction : float
        Share of the first capacity at which the cells are replaced. [-]
    replacement_usd_per_j : float
        Cost of new cells. [USD/J]
    """

    law: AgingLaw
    temperature_k: float
    end_of_life_fraction: float
    replacement_usd_per_j: float
