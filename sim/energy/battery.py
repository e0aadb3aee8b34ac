"""A battery: charge and discharge efficiencies, power limits, state-of-charge limits."""

import math
from dataclasses import dataclass

from sim.energy.aging import WearTerms
from sim.energy.cells import ClcCell

Parts = tuple[tuple[float, float], ...]
"""What a battery did in a stretch of time: mean power on the AC side and duration of each part."""


@dataclass(frozen=True, slots=True)
class BatteryLimits:
    """What a battery can do when new; powers are on the AC side, stored energy is in the cells.

    Attributes
    ----------
    capacity_j : float
        Energy the cells can store. [J]
    max_charge_w : float
        Largest charging power. [W]
    max_discharge_w : float
        Largest discharging power. [W]
    charge_efficiency : float
        Stored energy per energy taken in, 0..1. [-]
    discharge_efficiency : float
        Energy given out per stored energy, 0..1. [-]
    min_soc : float
        State of charge below which it is never discharged. [-]
    max_soc : float
        State of charge above which it is never charged. [-]
    initial_soc : float
        State of charge at the start of a run. [-]
    resistive_loss_per_w : float
        Loss in the cells over the square of the power, in either direction. [1/W]
    self_discharge_per_s : float
        Share of the stored energy lost at all times. [1/s]
    taper_above_soc : float or None
        Where the charging power begins to fall, linearly to none at `max_soc`. [-]
    taper_below_soc : float or None
        Where the discharging power begins to fall, linearly to none at `min_soc`. [-]
    clc : ClcCell or None
        Cell of the C/L/C model, if that is how power is limited.
    wear : WearTerms or None
        How the cells age, and what that costs.
    """

    capacity_j: float
    max_charge_w: float
    max_discharge_w: float
    charge_efficiency: float
    discharge_efficiency: float
    min_soc: float
    max_soc: float
    initial_soc: float
    resistive_loss_per_w: float = 0.0
    self_discharge_per_s: float = 0.0
    taper_above_soc: float | None = None
    taper_below_soc: float | None = None
    clc: ClcCell | None = None
    wear: WearTerms | None = None


class Battery:
    """The state of one battery in one run; this one has efficiencies and constant power limits.

    A power asked of it must lie within the limits' powers; it ends, or falls, where the cells can
    take or give no more. All arithmetic is on Python floats: numpy scalars would cost ten times as
    much.

    Parameters
    ----------
    limits : BatteryLimits
        What the battery can do.

    Attributes
    ----------
    limits : BatteryLimits
        What it can do when new.
    capacity_j : float
        Energy the cells can store now. [J]
    stored_j : float
        Energy in the cells. [J]
    loss_j : float
        Energy lost in the cells so far, besides what the two efficiencies lose. [J]
    """

    __slots__ = (
        "_drain",
        "_gain",
        "_max_j",
        "_min_j",
        "capacity_j",
        "limits",
        "loss_j",
        "stored_j",
    )

    def __init__(self, limits: BatteryLimits) -> None:
        self.limits = limits
        self.stored_j = limits.initial_soc * limits.capacity_j
        self.loss_j = 0.0
        self._gain = limits.charge_efficiency
        self._drain = 1.0 / limits.discharge_efficiency
        self.resize(limits.capacity_j)

    @property
    def soc(self) -> float:
        """State of charge, 0..1; one that holds more than its faded capacity counts as full."""
        return min(1.0, self.stored_j / self.capacity_j)

    def resize(self, capacity_j: float) -> None:
        """Change the capacity; what is stored stays, even above the new limit, until it drains."""
        self.capacity_j = capacity_j
        self._min_j = self.limits.min_soc * capacity_j
        self._max_j = self.limits.max_soc * capacity_j

    def charge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could take in now, held for a duration if it has to."""
        return self.limits.max_charge_w

    def discharge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could give out now, held for a duration if it has to."""
        return self.limits.max_discharge_w

    def time_to_full_s(self, power_w: float) -> float:
        """Return how long it can take in a power."""
        rate_w = power_w * self._gain
        return (self._max_j - self.stored_j) / rate_w if rate_w > 0.0 else math.inf

    def time_to_empty_s(self, power_w: float) -> float:
        """Return how long it can give out a power."""
        rate_w = power_w * self._drain
        return (self.stored_j - self._min_j) / rate_w if rate_w > 0.0 else math.inf

    def charge(self, power_w: float, duration_s: float) -> Parts:
        """Take in up to a power for a duration, and return what that came to."""
        stored_j = self.stored_j + power_w * duration_s * self._gain
        if stored_j <= self._max_j:
            self.stored_j = stored_j
            return ((power_w, duration_s),)
        if self.stored_j >= self._max_j:
            return ((0.0, duration_s),)
        taking_s = min(duration_s, self.time_to_full_s(power_w))
        self.stored_j = self._max_j
        return (power_w, taking_s), (0.0, duration_s - taking_s)

    def discharge(self, power_w: float, duration_s: float) -> Parts:
        """Give out up to a power for a duration, and return what that came to."""
        stored_j = self.stored_j - power_w * duration_s * self._drain
        if stored_j >= self._min_j:
            self.stored_j = stored_j
            return ((power_w, duration_s),)
        if self.stored_j <= self._min_j:
            return ((0.0, duration_s),)
        giving_s = min(duration_s, self.time_to_empty_s(power_w))
        self.stored_j = self._min_j
        return (power_w, giving_s), (0.0, duration_s - giving_s)

    def rest(self, duration_s: float) -> None:
        """Let a duration pass without power."""
