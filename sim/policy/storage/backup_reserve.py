"""Keep energy in the battery for outages, and let another policy use what is above it."""

from collections.abc import Mapping
from typing import Any, Final

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import KeepReserve, Setpoint
from sim.policy.base import Observation, SiteView, StoragePolicy
from sim.policy.parameters import checked_fraction, inner_policy
from sim.units import HOUR_S

_ROUNDING: Final = 1e-9

class BackupReserve:
    """The battery keeps a reserve for outages; what is above it another policy uses.

    While there is a grid the battery is never discharged below the reserve, and refills at full
    power when it holds less. In an outage the reserve serves what sun and wind do not, down to the
    battery's own limit.

    Parameters
    ----------
    inner : str or mapping
        The policy that uses the rest: its name, or ``use`` and its parameters.
    reserve_soc : float
        State of charge that is kept. [-]
    reserve_h : float
        For how long the site's present load, sun and wind left out, is to be served: kept is what
        that takes above the battery's own lower limit, where it is more than `reserve_soc`. [h]

    Raises
    ------
    ValueError
        If a reserve is out of bounds, or there is no such policy.
    """

    def __init__(
        self,
        inner: str | Mapping[str, Any] = "self-consumption",
        reserve_soc: float = 0.5,
        reserve_h: float = 0.0,
    ) -> None:
        if not reserve_h >= 0.0:
            msg = f"reserve_h is {reserve_h}; it must be 0 or more."
            raise ValueError(msg)
        self.inner = inner
        self.reserve_soc = checked_fraction("reserve_soc", reserve_soc)
        self.reserve_h = reserve_h
        self._policy: StoragePolicy = inner_policy("storage", inner)

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return what the other policy does, above the reserve; or a charge up to it."""
        answer = self._policy.setpoint(obs, site)
        limits = site.battery
        if limits is None:
            return answer
        act = answer.act if isinstance(answer, KeepReserve) else answer
        reserve_j = self._reserve_j(site, limits)
        missing_j = reserve_j - site.stored_j
        if missing_j > _ROUNDING * limits.capacity_j:
            fill_w = missing_j / (limits.charge_efficiency * obs.step_s)
            surplus_w = site.now("solar") + site.now("wind") - _load_w(site)
            act = min(limits.max_charge_w, max(fill_w, surplus_w)), 0.0
        return KeepReserve(reserve_j, act)

    def _reserve_j(self, site: SiteView, limits: BatteryLimits) -> float:
        """Return what is kept of the battery's energy; never more than it may hold."""
        # Cells that have faded hold less: their capacity shows in what they hold at which state.
        capacity_j = site.stored_j / site.soc if site.soc else limits.capacity_j
        needed_j = _load_w(site) * self.reserve_h * HOUR_S / limits.discharge_efficiency
        reserve_j = max(self.reserve_soc * capacity_j, limits.min_soc * capacity_j + needed_j)
        return min(reserve_j, limits.max_soc * capacity_j)


def _load_w(site: SiteView) -> float:
    """Return the load of a site at this moment. [W]."""
    load_w: float = site.now("load") + site.terms.facility_w(site.it_power_w)
    return load_w
