"""A battery: charge and discharge efficiencies, power limits, state-of-charge limits."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatteryLimits:
    """What a battery can do; powers are on the AC side, stored energy is in the cells.

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
    """

    capacity_j: float
    max_charge_w: float
    max_discharge_w: float
    charge_efficiency: float
    discharge_efficiency: float
    min_soc: float
    max_soc: float
    initial_soc: float


class Battery:
    """The state of one battery in one run.

    A power asked of it must lie within its power limits and end when it is full or empty; dispatch
    sees to both. All arithmetic is on Python floats: numpy scalars would cost ten times as much.

    Parameters
    ----------
    limits : BatteryLimits
        What the battery can do.
    """

    __slots__ = ("_drain", "_gain", "_max_j", "_min_j", "limits", "stored_j")

    def __init__(self, limits: BatteryLimits) -> None:
        self.limits = limits
        self.stored_j = limits.initial_soc * limits.capacity_j
        self._min_j = limits.min_soc * limits.capacity_j
        self._max_j = limits.max_soc * limits.capacity_j
        self._gain = limits.charge_efficiency
        self._drain = 1.0 / limits.discharge_efficiency

    @property
    def soc(self) -> float:
        """State of charge, 0..1."""
        return self.stored_j / self.limits.capacity_j

    def time_to_full_s(self, power_w: float) -> float:
        """Return how long it can take in a power."""
        rate_w = power_w * self._gain
        return (self._max_j - self.stored_j) / rate_w if rate_w > 0.0 else math.inf

    def time_to_empty_s(self, power_w: float) -> float:
        """Return how long it can give out a power."""
        rate_w = power_w * self._drain
        return (self.stored_j - self._min_j) / rate_w if rate_w > 0.0 else math.inf

    def charge(self, power_w: float, duration_s: float) -> None:
        """Take in a power for a duration."""
        stored_j = self.stored_j + power_w * duration_s * self._gain
        # Filling up exactly must not leave a rounding error above the limit.
        self.stored_j = self._max_j if stored_j > self._max_j else stored_j

    def discharge(self, power_w: float, duration_s: float) -> None:
        """Give out a power for a duration."""
        stored_j = self.stored_j - power_w * duration_s * self._drain
        self.stored_j = self._min_j if stored_j < self._min_j else stored_j
