"""Batteries that leak, taper or lose more at high power; and those of the C/L/C model.

While a battery tapers, the power within a step is not constant. What it takes or gives follows from
the differential equation in closed form, so stored energy and the energy that goes in and out do
not depend on how long the steps are. Only where an export or import limit begins or ends to bind
within such a step does the step's mean power stand for the course of it.
"""

import math
from typing import NamedTuple

from sim.energy.battery import Battery, BatteryLimits, Parts
from sim.energy.cells import ClcCell


def make_battery(limits: BatteryLimits) -> Battery:
    """Return a battery at the start of a run, of the simplest kind that the limits ask for.

    Parameters
    ----------
    limits : BatteryLimits
        What it can do.

    Returns
    -------
    Battery
        The battery.
    """
    if limits.clc is not None:
        return ClcBattery(limits, limits.clc)
    extras = (limits.resistive_loss_per_w, limits.self_discharge_per_s)
    tapers = (limits.taper_above_soc, limits.taper_below_soc)
    plain = extras == (0.0, 0.0) and tapers == (None, None)
    return Battery(limits) if plain else DetailedBattery(limits)


class DetailedBattery(Battery):
    """A battery with resistive loss, self-discharge and a taper near full and empty.

    The cells gain ``eta P - k P^2 - lambda E`` when charged and lose ``P / eta + k P^2 + lambda E``
    when discharged, with power P, stored energy E, resistive loss k and self-discharge lambda. In a
    taper, P is proportional to the energy that is left to the limit. There must be a power that
    makes up for self-discharge: ``4 k lambda E < eta^2`` up to the highest E.

    Parameters
    ----------
    limits : BatteryLimits
        What the battery can do.
    """

    __slots__ = ("_charge_width_j", "_discharge_width_j", "_leak", "_resistive")

    def __init__(self, limits: BatteryLimits) -> None:
        self._resistive = limits.resistive_loss_per_w
        self._leak = limits.self_discharge_per_s
        super().__init__(limits)

    def resize(self, capacity_j: float) -> None:
        """Change the capacity, and with it where the tapers begin."""
        super().resize(capacity_j)
        above, below = self.limits.taper_above_soc, self.limits.taper_below_soc
        self._charge_width_j = 0.0 if above is None else self._max_j - above * capacity_j
        self._discharge_width_j = 0.0 if below is None else below * capacity_j - self._min_j

    def charge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could take in at this moment."""
        room_j, width_j = max(0.0, self._max_j - self.stored_j), self._charge_width_j
        most_w = self.limits.max_charge_w
        return most_w if room_j >= width_j else most_w * room_j / width_j

    def discharge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could give out at this moment."""
        room_j, width_j = max(0.0, self.stored_j - self._min_j), self._discharge_width_j
        most_w = self.limits.max_discharge_w
        return most_w if room_j >= width_j else most_w * room_j / width_j

    def time_to_full_s(self, power_w: float) -> float:
        """Return how long it can take in a power, before a taper allows less."""
        edge_j = self._taper_from_j(power_w)
        taken_s = self._time_to_s(edge_j, self._inflow_w(power_w))
        return taken_s if self.stored_j < edge_j else 0.0

    def time_to_empty_s(self, power_w: float) -> float:
        """Return how long it can give out a power, before a taper allows less."""
        edge_j = self._taper_to_j(power_w)
        given_s = self._time_to_s(edge_j, -self._outflow_w(power_w))
        return given_s if self.stored_j > edge_j else 0.0

    def charge(self, power_w: float, duration_s: float) -> Parts:
        """Take in up to a power for a duration, and return what that came to."""
        parts, left_s = [], duration_s
        while left_s > 0.0:
            parts.append(self._charge_part(power_w, left_s))
            left_s -= parts[-1][1]
        return tuple(parts)

    def discharge(self, power_w: float, duration_s: float) -> Parts:
        """Give out up to a power for a duration, and return what that came to."""
        parts, left_s = [], duration_s
        while left_s > 0.0:
            parts.append(self._discharge_part(power_w, left_s))
            left_s -= parts[-1][1]
        return tuple(parts)

    def rest(self, duration_s: float) -> None:
        """Let a duration pass without power."""
        if self._leak:
            self._drift(0.0, duration_s)

    def _charge_part(self, power_w: float, left_s: float) -> tuple[float, float]:
        """Charge until something changes; return the mean power and how long that was."""
        if self.stored_j > self._max_j:
            return 0.0, self._pass(0.0, self._max_j, left_s)
        inflow_w, edge_j = self._inflow_w(power_w), self._taper_from_j(power_w)
        if self.stored_j > edge_j:
            return self._charge_in_taper(edge_j, left_s)
        if self.stored_j == edge_j and inflow_w > self._leak * edge_j:
            tapers = self._charge_width_j > 0.0
            return self._charge_in_taper(edge_j, left_s) if tapers else self._hold(left_s)
        taken_s = self._pass(inflow_w, edge_j, left_s)
        self.loss_j += self._resistive * power_w * power_w * taken_s
        return power_w, taken_s

    def _discharge_part(self, power_w: float, left_s: float) -> tuple[float, float]:
        """Discharge until something changes; return the mean power and how long that was."""
        if self.stored_j <= self._min_j:
            self.rest(left_s)
            return 0.0, left_s
        edge_j = self._taper_to_j(power_w)
        if self.stored_j <= edge_j:
            return self._discharge_in_taper(left_s)
        given_s = self._pass(-self._outflow_w(power_w), edge_j, left_s)
        self.loss_j += self._resistive * power_w * power_w * given_s
        return power_w, given_s

    def _charge_in_taper(self, edge_j: float, left_s: float) -> tuple[float, float]:
        """Charge with what the taper allows, until that is as much as was asked for."""
        slope = self.limits.max_charge_w / self._charge_width_j
        decay = _Decay.of(
            self._resistive * slope * slope,
            self._gain * slope + self._leak,
            self._leak * self._max_j,
        )
        room_j = self._max_j - self.stored_j
        taken_s = min(left_s, decay.time_to_s(room_j, self._max_j - edge_j))
        after_j, integral = decay.after(room_j, taken_s)
        power_w = slope * integral / taken_s
        stored_j = edge_j if taken_s < left_s else self._max_j - after_j
        self._book(self._gain * power_w * taken_s, stored_j)
        return power_w, taken_s

    def _discharge_in_taper(self, left_s: float) -> tuple[float, float]:
        """Discharge with the power that the taper allows, until nothing is left above the limit."""
        slope = self.limits.max_discharge_w / self._discharge_width_j
        decay = _Decay.of(
            -self._resistive * slope * slope,
            self._drain * slope + self._leak,
            -self._leak * self._min_j,
        )
        room_j = self.stored_j - self._min_j
        given_s = min(left_s, decay.time_to_s(room_j, 0.0))
        after_j, integral = decay.after(room_j, given_s)
        power_w = slope * integral / given_s
        left_j = self._min_j if given_s < left_s else self._min_j + after_j
        self._book(-self._drain * power_w * given_s, left_j)
        return power_w, given_s

    def _pass(self, flow_w: float, target_j: float, left_s: float) -> float:
        """Let a constant flow go into the cells until they hold a target; return how long."""
        time_s = self._time_to_s(target_j, flow_w)
        if time_s >= left_s:
            self._drift(flow_w, left_s)
            return left_s
        self._drift(flow_w, time_s)
        self.stored_j = target_j
        return time_s

    def _drift(self, flow_w: float, duration_s: float) -> None:
        """Let a constant flow go into the cells while they discharge themselves."""
        leak = self._leak
        if not leak:
            self.stored_j += flow_w * duration_s
            return
        grown_s = -math.expm1(-leak * duration_s) / leak
        self.loss_j += leak * self.stored_j * grown_s + flow_w * (duration_s - grown_s)
        self.stored_j += (flow_w - leak * self.stored_j) * grown_s

    def _time_to_s(self, target_j: float, flow_w: float) -> float:
        """Return how long a constant flow takes until the cells hold a target; inf if never."""
        change_j, leak = target_j - self.stored_j, self._leak
        rate_w = flow_w - leak * self.stored_j
        if change_j * rate_w <= 0.0:
            return math.inf
        time_s = change_j / rate_w
        if not leak:
            return time_s
        return -math.log1p(-leak * time_s) / leak if leak * time_s < 1.0 else math.inf

    def _book(self, gained_j: float, stored_j: float) -> None:
        """Set what is stored; what the flow brought, or took, besides the change was lost."""
        self.loss_j += gained_j - (stored_j - self.stored_j)
        self.stored_j = stored_j

    def _inflow_w(self, power_w: float) -> float:
        return self._gain * power_w - self._resistive * power_w * power_w

    def _outflow_w(self, power_w: float) -> float:
        return self._drain * power_w + self._resistive * power_w * power_w

    def _hold(self, left_s: float) -> tuple[float, float]:
        """Stay at the upper limit with the power that makes up for self-discharge."""
        leak_w = self._leak * self._max_j
        root = math.sqrt(self._gain * self._gain - 4.0 * self._resistive * leak_w)
        power_w = 2.0 * leak_w / (self._gain + root)
        self.loss_j += self._gain * power_w * left_s
        return power_w, left_s

    def _taper_from_j(self, power_w: float) -> float:
        """Return the stored energy from which on the taper allows less than a power."""
        most_w = self.limits.max_charge_w
        return self._max_j - (self._charge_width_j * power_w / most_w if most_w else 0.0)

    def _taper_to_j(self, power_w: float) -> float:
        """Return the stored energy below which the taper allows less than a power."""
        most_w = self.limits.max_discharge_w
        return self._min_j + (self._discharge_width_j * power_w / most_w if most_w else 0.0)


class _Decay(NamedTuple):
    """The solution of ``ds/dt = a s^2 - b s + c`` that decays to its stable point."""

    square: float
    rate: float
    rest: float

    @classmethod
    def of(cls, a: float, b: float, c: float) -> "_Decay":
        """Solve the quadratic; its smaller root is the stable point."""
        root = math.sqrt(b * b - 4.0 * a * c)
        return cls(a, root, 2.0 * c / (b + root))

    def after(self, start: float, duration_s: float) -> tuple[float, float]:
        """Return s after a duration, and its integral over the duration."""
        above = start - self.rest
        mean = above / self.rate * -math.expm1(-self.rate * duration_s)
        divisor = 1.0 - self.square * mean
        end = self.rest + above * math.exp(-self.rate * duration_s) / divisor
        integral = -math.log(divisor) / self.square if self.square else mean
        return end, integral + self.rest * duration_s

    def time_to_s(self, start: float, target: float) -> float:
        """Return when s comes to a target; inf if it never does."""
        above, goal, pull = start - self.rest, target - self.rest, self.square / self.rate
        if goal * above <= 0.0 or abs(goal) >= abs(above):
            return math.inf
        return -math.log(goal * (1.0 - pull * above) / (above * (1.0 - pull * goal))) / self.rate


class ClcBattery(Battery):
    """A battery of the C/L/C model: power is held over a step, and limited for that.

    The limit of power holds at a step's end, so near full and empty energies depend a little on how
    long the steps are: never by more than a fifth of what the power in question moves in one step.

    Parameters
    ----------
    limits : BatteryLimits
        What the battery can do.
    cell : ClcCell
        Its cell.
    """

    __slots__ = ("_cell",)

    def __init__(self, limits: BatteryLimits, cell: ClcCell) -> None:
        super().__init__(limits)
        self._cell = cell

    def charge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could take in for a duration."""
        cell = self._cell
        room_w = (self.capacity_j - self.stored_j) / (self._gain * duration_s + cell.upper_lag_s)
        rated_w = min(self.limits.max_charge_w, cell.charge_rate_per_s * self.capacity_j)
        return max(0.0, min(room_w, rated_w))

    def discharge_limit_w(self, duration_s: float) -> float:
        """Return the largest power that it could give out for a duration."""
        cell = self._cell
        room_j = self.stored_j - cell.lower_fraction * self.capacity_j
        room_w = room_j / (self._drain * duration_s + cell.lower_lag_s)
        rated_w = min(self.limits.max_discharge_w, cell.discharge_rate_per_s * self.capacity_j)
        return max(0.0, min(room_w, rated_w))

    def charge(self, power_w: float, duration_s: float) -> Parts:
        """Take in up to a power for a duration, and return what that came to."""
        return super().charge(min(power_w, self.charge_limit_w(duration_s)), duration_s)

    def discharge(self, power_w: float, duration_s: float) -> Parts:
        """Give out up to a power for a duration, and return what that came to."""
        return super().discharge(min(power_w, self.discharge_limit_w(duration_s)), duration_s)
