"""Run when sun and wind are forecast to give more than the site needs."""

from collections.abc import Sequence

import numpy as np

from sim.policy.base import Forecast, Interval, Observation
from sim.policy.shift.lowest import run_sums
from sim.policy.shift.outlook import TIE, Outlook, SignalShift

_SUPPLY = ("solar", "wind")


class RenewableSurplus(SignalShift):
    """A job starts where the forecast surplus of sun and wind over its expected duration is most.

    Surplus is what sun and wind give beyond the site's base load, hour by hour, never negative.
    Where no surplus is forecast within its wait a job starts at once; the earliest of equals wins.

    Parameters
    ----------
    max_wait_h : float
        Longest wait after the earliest possible start, deadline or not. [h]
    quantile : float or None
        Level of the forecast's quantile that is followed, between 0 and 1; None follows the
        expected values. A low level of a supply is cautious. [-]
    """

    def __init__(self, max_wait_h: float = 24.0, quantile: float | None = None) -> None:
        super().__init__("solar", max_wait_h, quantile)
        self._surplus: dict[int, tuple[tuple[float, ...], Outlook]] = {}

    def plan(self, obs: Observation, job: int) -> float | Sequence[Interval]:
        """Return the start with the greatest forecast surplus over the run."""
        earliest_s, latest_s, length_s = self.times_of(obs, job)
        if latest_s <= earliest_s:
            return earliest_s
        outlook = self.outlook(obs, obs.site_of(job))
        total = run_sums(outlook, earliest_s, latest_s, length_s)
        if len(total) <= 1:
            return earliest_s
        first = int(total.argmax())
        most = total.item(first)
        if most <= 0.0:
            return earliest_s
        delay_steps = int((total[: first + 1] >= most * (1.0 - TIE)).argmax())
        return earliest_s + delay_steps * outlook.step_s

    def outlook(self, obs: Observation, site: int) -> Outlook:
        """Return the surplus that lies ahead of a site by its latest forecasts."""
        signals = ("load", *_SUPPLY)
        forecasts = [obs.forecast(site, name) for name in signals]
        issued_at_s = tuple(forecast.issued_at_s for forecast in forecasts)
        known = self._surplus.get(site)
        if known is not None and known[0] == issued_at_s:
            return known[1]
        load = Outlook.of(forecasts[0], None)
        supply = [Outlook.of(forecast, self.quantile) for forecast in forecasts[1:]]
        outlook = _surplus(load, supply)
        self._surplus[site] = issued_at_s, outlook
        return outlook


def _surplus(load: Outlook, supply: Sequence[Outlook]) -> Outlook:
    """Return by how much supply is above the load, while all are forecast; never negative."""
    # Each may have been issued at another time: they are the same hour where their times are.
    step_s = load.step_s
    start_s = max(one.start_s for one in (load, *supply))
    ahead = [one.values[round((start_s - one.start_s) / step_s) :] for one in (*supply, load)]
    count = min(len(values) for values in ahead)
    *given, needed = (values[:count] for values in ahead)
    surplus = np.maximum(np.sum(given, axis=0) - needed, 0.0)
    return Outlook.of(Forecast(surplus, None, start_s, start_s, step_s), None)
