"""Charge in given hours of the day, discharge in others."""

from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sim.energy.dispatch import FOLLOW, Setpoint
from sim.policy.base import Observation, SiteView

Hours = tuple[float, float]
"""From one hour of the day to another; past midnight where the second is smaller."""


class TimeOfUse:
    """The battery charges in the cheap hours of a tariff and serves load in the dear ones.

    Between them it takes no power and gives none. Hours are local, daylight saving included.

    Parameters
    ----------
    charge_hours : sequence of float, shape (2,)
        From when to when it charges at full power, e.g. [22, 6]. [h]
    discharge_hours : sequence of float, shape (2,)
        From when to when it serves any deficit. [h]
    timezone : str
        Time zone of the hours.

    Raises
    ------
    ValueError
        If an hour is not between 0 and 24, or there is no such time zone.
    """

    def __init__(
        self,
        charge_hours: Hours = (0.0, 6.0),
        discharge_hours: Hours = (16.0, 21.0),
        timezone: str = "UTC",
    ) -> None:
        for name, hours in (("charge", charge_hours), ("discharge", discharge_hours)):
            if len(hours) != 2 or not all(0.0 <= hour <= 24.0 for hour in hours):
                msg = f"{name}_hours is {list(hours)}; it must be two hours between 0 and 24."
                raise ValueError(msg)
        try:
            self._zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = f"timezone {timezone!r} is unknown."
            raise ValueError(msg) from error
        self.charge_hours = charge_hours
        self.discharge_hours = discharge_hours
        self.timezone = timezone

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return full charge, ``"follow"`` or rest, by the hour of the day."""
        local = (obs.start + timedelta(seconds=obs.now_s)).astimezone(self._zone)
        hour = local.hour + local.minute / 60.0 + local.second / 3600.0
        if site.battery is None:
            return 0.0, 0.0
        if _within(hour, self.discharge_hours):
            return FOLLOW
        if _within(hour, self.charge_hours):
            return site.battery.max_charge_w, 0.0
        return 0.0, 0.0


def _within(hour: float, bounds: Hours) -> bool:
    first, last = bounds
    return first <= hour < last if first <= last else hour >= first or hour < last
