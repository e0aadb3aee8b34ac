"""Services run closer to their capacity when power is dirty or dear."""

import math
from collections import deque

from sim.policy.ahead import Ahead
from sim.policy.base import Controls, Observation, ServiceView, SiteView
from sim.policy.parameters import checked_fraction, checked_signal
from sim.units import MINUTE_S


class CarbonAwareReplicas:
    """Replicas of services follow the load, fewer for the same load when a signal is high.

    As many are wanted as bring the load to a target, which goes on a line from `low_fraction` where
    the signal is the lowest of the next 24 hours' forecast to `high_fraction` where it is the
    highest. Replicas go once fewer have been wanted all through `down_delay_min`.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    low_fraction, high_fraction : float
        Share of the capacity that is to be used, when the signal is low and when it is high. [-]
    down_delay_min : float
        How long fewer have to be wanted before any are removed. [min]

    Raises
    ------
    ValueError
        If there is no such signal, or a number is out of bounds.

    References
    ----------
    .. [1] A. Souza et al., "CASPER: Carbon-Aware Scheduling and Provisioning for Distributed Web
       Services," IGSC 2023: provisioning that weighs carbon against latency.
    """

    def __init__(
        self,
        signal: str = "average_carbon_intensity",
        low_fraction: float = 0.5,
        high_fraction: float = 0.85,
        down_delay_min: float = 10.0,
    ) -> None:
        for name, value in (("low_fraction", low_fraction), ("high_fraction", high_fraction)):
            if not checked_fraction(name, value) > 0.0:
                msg = f"{name} is {value}; it must be above 0."
                raise ValueError(msg)
        self.signal = checked_signal(signal)
        self.low_fraction = low_fraction
        self.high_fraction = high_fraction
        self.down_delay_min = down_delay_min
        self._ahead = Ahead()
        self._wanted: dict[str, deque[tuple[float, int]]] = {}

    def set(self, obs: Observation, site: SiteView) -> Controls:
        """Return the replicas of the site's services."""
        services = site.services
        if not services:
            return Controls()
        target = self._target(obs, site)
        return Controls(
            replicas={one.name: self._replicas(one, target, obs.now_s) for one in services}
        )

    def _target(self, obs: Observation, site: SiteView) -> float:
        """Return the share of the capacity that is to be used now."""
        low, high = (
            self._ahead.quantile(obs, site.index, self.signal, level) for level in (0.0, 1.0)
        )
        share = (site.now(self.signal) - low) / (high - low) if high > low else 0.0
        share = 0.0 if math.isnan(share) else min(1.0, max(0.0, share))
        return self.low_fraction + (self.high_fraction - self.low_fraction) * share

    def _replicas(self, service: ServiceView, target: float, now_s: float) -> int:
        """Return the most that was wanted within the delay, as far as that is more than now."""
        count = math.ceil(service.load / target - 1e-9)
        count = min(service.most_replicas, max(service.least_replicas, count))
        recent = self._wanted.setdefault(service.name, deque())
        recent.append((now_s, count))
        while recent[0][0] < now_s - self.down_delay_min * MINUTE_S:
            recent.popleft()
        most = max(wanted for _, wanted in recent)
        return count if count >= service.replicas_count else min(most, service.replicas_count)
