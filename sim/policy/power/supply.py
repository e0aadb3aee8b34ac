"""Caps that follow what a site gets: sun and wind, an import limit, events and prices."""

from sim.policy.ahead import Ahead
from sim.policy.base import Controls, Observation, SiteView
from sim.policy.parameters import checked_fraction, checked_signal
from sim.units import KW


class ImportLimit:
    """Accelerators are capped so that the import stays below a limit.

    The highest cap is set that keeps the step's import below it, with sun, wind, and the battery as
    its policy allows; jobs that would exceed it do not start, but none is suspended for it. What
    the grid connection itself allows is held in any case.

    Parameters
    ----------
    limit_kw : float
        Import to stay below. [kW]

    Raises
    ------
    ValueError
        If the limit is negative.

    References
    ----------
    .. [1] X. Fan et al., "Power Provisioning for a Warehouse-sized Computer," ISCA 2007: capping
       to stay within a power budget.
    """

    def __init__(self, limit_kw: float = 1000.0) -> None:
        if not limit_kw >= 0.0:
            msg = f"limit_kw is {limit_kw}; it must be 0 or more."
            raise ValueError(msg)
        self.limit_kw = limit_kw

    def set(self, obs: Observation, site: SiteView) -> Controls:
        """Return the import to stay below."""
        return Controls(import_w=self.limit_kw * KW)


class FollowRenewables:
    """The cap follows the share of the site's largest load that sun and wind can serve.

    Without any it is the site's lowest, or `least_cap_fraction` if that is higher; with enough for
    all accelerators at full load there is no cap; in between it goes on a line.

    Parameters
    ----------
    least_cap_fraction : float
        Cap over TDP without sun and wind. [-]

    Raises
    ------
    ValueError
        If it is not between 0 and 1.

    References
    ----------
    .. [1] I. Goiri et al., "Parasol and GreenSwitch: Managing Datacenters Powered by Renewable
       Energy," ASPLOS 2013: load follows the supply.
    """

    def __init__(self, least_cap_fraction: float = 0.5) -> None:
        self.least_cap_fraction = checked_fraction("least_cap_fraction", least_cap_fraction)

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap."""
        busy_w = sum(cluster.total_count * cluster.power.busy_w() for cluster in site.clusters)
        supply_w = site.now("solar") + site.now("wind") - site.now("load")
        share = 1.0
        if busy_w > 0.0:
            share = min(1.0, max(0.0, supply_w / (busy_w * site.facility_ratio)))
        least = max(self.least_cap_fraction, site.lowest_cap_fraction)
        return least + (1.0 - least) * share


class DemandResponse:
    """Accelerators are capped in demand-response events, and when a signal is high if it is to be.

    High means at or above a quantile of the next 24 hours' forecast that lies above its median:
    where the forecast is flat, nothing is high.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP while the site reduces. [-]
    signal : str or None
        Signal that it also answers to, e.g. ``price``; None: events alone.
    quantile : float
        Level of the quantile from which the signal counts as high. [-]

    Raises
    ------
    ValueError
        If there is no such signal, or a number is not between 0 and 1.

    References
    ----------
    .. [1] A. Wierman et al., "Opportunities and challenges for data center demand response," IGCC
       2014.
    """

    def __init__(
        self, cap_fraction: float = 0.6, signal: str | None = None, quantile: float = 0.9
    ) -> None:
        self.cap_fraction = checked_fraction("cap_fraction", cap_fraction)
        self.signal = None if signal is None else checked_signal(signal)
        self.quantile = checked_fraction("quantile", quantile)
        self._ahead = Ahead()

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return the cap while the site reduces, else None."""
        if not (site.responding or self._is_high(obs, site)):
            return None
        return max(self.cap_fraction, site.lowest_cap_fraction)

    def _is_high(self, obs: Observation, site: SiteView) -> bool:
        if self.signal is None:
            return False
        high = self._ahead.quantile(obs, site.index, self.signal, self.quantile)
        median = self._ahead.quantile(obs, site.index, self.signal, 0.5)
        return site.now(self.signal) >= high > median
