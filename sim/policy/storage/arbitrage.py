"""Charge when a signal is low and discharge when it is high."""

import math

import numpy as np

from sim.energy.dispatch import FOLLOW, Setpoint
from sim.policy.base import Observation, SiteView
from sim.policy.parameters import checked_signal
from sim.units import HOUR_S


class Arbitrage:
    """The battery charges in the lowest hours of what is forecast and serves load in the highest.

    Of the hours that the forecast reaches, and the present one, the lowest share is for charging at
    full power and the highest for serving any deficit; in between the battery rests. It does
    neither where the spread between the two does not pay for the losses of charging and
    discharging. Price, average and marginal carbon intensity can be followed.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    charge_fraction : float
        Share of the hours ahead in which it charges. [-]
    discharge_fraction : float
        Share of the hours ahead in which it discharges. [-]
    horizon_h : float
        How far ahead hours are compared; no farther than the forecast reaches. [h]

    Raises
    ------
    ValueError
        If there is no such signal, or a share is not between 0 and 1.
    """

    def __init__(
        self,
        signal: str = "price",
        charge_fraction: float = 0.25,
        discharge_fraction: float = 0.4,
        horizon_h: float = 24.0,
    ) -> None:
        for name, share in (("charge", charge_fraction), ("discharge", discharge_fraction)):
            if not 0.0 < share < 1.0:
                msg = f"{name}_fraction is {share}; it must lie between 0 and 1."
                raise ValueError(msg)
        self.signal = checked_signal(signal)
        self.charge_fraction = charge_fraction
        self.discharge_fraction = discharge_fraction
        self.horizon_h = horizon_h
        self._levels: dict[int, tuple[float, float, float]] = {}

    def setpoint(self, obs: Observation, site: SiteView) -> Setpoint:
        """Return full charge when the signal is low, ``"follow"`` when it is high, else rest."""
        limits = site.battery
        now = site.now(self.signal)
        low, high = self._low_and_high(obs, site)
        if limits is None or not low < high:
            return 0.0, 0.0
        efficiency = limits.charge_efficiency * limits.discharge_efficiency
        if low >= high * efficiency and low > 0.0:
            return 0.0, 0.0
        if now <= low:
            return limits.max_charge_w, 0.0
        return FOLLOW if now >= high else (0.0, 0.0)

    def _low_and_high(self, obs: Observation, site: SiteView) -> tuple[float, float]:
        """Return below which value it charges and above which it discharges, by the forecast."""
        forecast = obs.forecast(site.index, self.signal)
        known = self._levels.get(site.index)
        if known is None or known[0] != forecast.issued_at_s:
            count = max(1, int(self.horizon_h * HOUR_S / forecast.step_s))
            ahead = forecast.point[:count]
            ahead = ahead[np.isfinite(ahead)]
            low, high = math.nan, math.nan
            if len(ahead):
                levels = (self.charge_fraction, 1.0 - self.discharge_fraction)
                low, high = np.quantile(ahead, levels).tolist()
            known = self._levels[site.index] = (forecast.issued_at_s, low, high)
        return known[1], known[2]
