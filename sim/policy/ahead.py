"""What lies ahead of a site: means of forecasts over times to come."""

import math

import numpy as np

from sim.policy.base import Observation
from sim.policy.shift.outlook import Outlook
from sim.units import DAY_S


class Ahead:
    """The latest forecasts of a run, each made ready for sums once."""

    def __init__(self) -> None:
        self._outlooks: dict[tuple[int, str], tuple[float, Outlook]] = {}

    def outlook(self, obs: Observation, site: int, signal: str) -> Outlook:
        """Return the latest forecast of a signal, ready for sums.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        site : int
            Number of the site. [-]
        signal : str
            One of ``registry.SIGNALS``.

        Returns
        -------
        Outlook
            The forecast up to its first unknown value.
        """
        forecast = obs.forecast(site, signal)
        known = self._outlooks.get((site, signal))
        if known is None or known[0] != forecast.issued_at_s:
            known = forecast.issued_at_s, Outlook.of(forecast, None)
            self._outlooks[site, signal] = known
        return known[1]

    def mean(
        self, obs: Observation, site: int, signal: str, *, from_s: float, length_s: float
    ) -> float:
        """Return the mean of what is forecast over a time, as far as the forecast reaches.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        site : int
            Number of the site. [-]
        signal : str
            One of ``registry.SIGNALS``.
        from_s, length_s : float
            Begin and length of the time. [s]

        Returns
        -------
        float
            The mean; the present value where nothing is forecast. [unit of the signal]
        """
        outlook = self.outlook(obs, site, signal)
        to_s = min(from_s + length_s, outlook.end_s)
        if not max(outlook.start_s, from_s) < to_s:
            return obs.sites[site].now(signal)
        first, last = _sum_before(outlook, from_s), _sum_before(outlook, to_s)
        return (last - first) * outlook.step_s / (to_s - from_s)

    def quantile(self, obs: Observation, site: int, signal: str, level: float) -> float:
        """Return a quantile of the next 24 hours' forecast; nan where nothing is forecast.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        site : int
            Number of the site. [-]
        signal : str
            One of ``registry.SIGNALS``.
        level : float
            Level of the quantile, 0..1. [-]

        Returns
        -------
        float
            The quantile. [unit of the signal]
        """
        outlook = self.outlook(obs, site, signal)
        count = max(1, round(DAY_S / outlook.step_s))
        values = outlook.values[:count]
        return float(np.quantile(values, level)) if len(values) else math.nan


def _sum_before(outlook: Outlook, time_s: float) -> float:
    """Return the sum of the steps before a time, the step it lies in by its part."""
    position = max(0.0, time_s - outlook.start_s) / outlook.step_s
    step = min(int(position), len(outlook.values))
    return outlook.prefix.item(step) + (position - step) * outlook.closed.item(step)
