"""Keep the import below the month's peak."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sim.energy.dispatch import HoldImport, Setpoint
from sim.policy.base import Observation, SiteView
from sim.units import KW


class PeakShaving:
    """The battery holds the import at a target, and at the month's peak once that is higher.

    A demand charge is due for the highest import of a billing month: what has been reached needs no
    more shaving, so the peak so far is a floor of the target. Below the target the battery refills.

    Parameters
    ----------
    target_kw : float
        Import to stay below. [kW]
    timezone : str
        Time zone of the billing months.

    Raises
    ------
    ValueError
        If the target is negative.
    """

    def __init__(self, target_kw: float = 0.0, timezone: str = "UTC") -> None:
        if not target_kw >= 0.0:
            msg = f"target_kw is {target_kw}; it must be 0 or more."
            raise ValueError(msg)
        self.target_kw = target_kw
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)
        self._peaks: dict[int, tuple[int, float]] = {}

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return the import to hold."""
        flows = site.flows
        peak_w = 0.0 if flows is None else self._peak_w(obs, site, flows.import_w)
        return HoldImport(max(self.target_kw * KW, peak_w))

    def _peak_w(self, obs: Observation, site: SiteView, import_w: float) -> float:
        """Return the highest import of this month so far."""
        before = obs.start + timedelta(seconds=obs.now_s - obs.step_s)
        month = before.astimezone(self._zone).month
        known = self._peaks.get(site.index)
        peak_w = max(known[1], import_w) if known and known[0] == month else import_w
        self._peaks[site.index] = (month, peak_w)
        return peak_w
