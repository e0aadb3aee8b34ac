"""Forecasts of a run: made in one batch when a signal is first asked for, then looked up."""

from collections.abc import Sequence

import numpy as np

from forecasting.base import Forecaster, ForecastSet
from forecasting.history import ForecastError, History
from sim.errors import PolicyError
from sim.policy.base import Forecast
from sim.registry import FORECASTERS, load_class
from sim.scenario.schema.scenario import Forecast as ForecastSpec
from sim.site import Site
from sim.units import HOUR_S


class ForecastDesk:
    """Issues forecasts for every site and signal, each from what was known at its issue.

    Parameters
    ----------
    spec : Forecast
        Model, horizon, refresh, and latency of the signals that have none of their own.
    sites : sequence of Site
        The sites, whose signals are forecast.
    """

    def __init__(self, spec: ForecastSpec, sites: Sequence[Site]) -> None:
        self._spec = spec
        self._sites = sites
        self._sets: dict[tuple[int, str], ForecastSet] = {}
        duration_s = sites[0].grid.duration_s
        self.issues_s = np.arange(0.0, duration_s, spec.refresh_h * HOUR_S)

    @property
    def signals_without_history(self) -> list[str]:
        """Signals that were asked for although nothing was known of them at the first issue."""
        return [
            f"{self._sites[site].name} {signal}"
            for (site, signal), issued in self._sets.items()
            if not np.isfinite(issued.point[0]).any()
        ]

    def latest(self, site: int, signal: str, now_s: float) -> Forecast:
        """Return the latest forecast issued by now.

        Parameters
        ----------
        site : int
            Number of the site. [-]
        signal : str
            One of ``registry.SIGNALS``.
        now_s : float
            Present time. [s]

        Returns
        -------
        Forecast
            Never issued later than now.
        """
        key = (site, signal)
        issued = self._sets.get(key)
        if issued is None:
            issued = self._sets[key] = self._predict(site, signal)
        issue = issued.at(now_s)
        return Forecast(
            issue.point, issue.quantiles, issue.issued_at_s, issue.valid_start_s, issue.step_s
        )

    def _predict(self, site: int, signal: str) -> ForecastSet:
        """Forecast one signal for the whole run."""
        grid = self._sites[site].grid
        series = self._sites[site].signals[signal]
        values = series.mean_over(grid.window_edges_s)
        latency_s = self._spec.latency_h * HOUR_S if series.latency_s is None else series.latency_s
        start_s = float(grid.window_edges_s[0])
        history = History(values, start_s, HOUR_S, latency_s)
        model = load_class(FORECASTERS.get(self._spec.model, self._spec.model))
        forecaster: Forecaster
        if getattr(model, "needs_truth", False):
            forecaster = model(values, start_s=start_s, step_s=HOUR_S)
        else:
            forecaster = model()
        try:
            return forecaster.fit(history, 0.0).predict(
                history, self.issues_s, self._spec.horizon_h
            )
        except (ForecastError, TypeError, ValueError) as error:
            msg = f"forecaster {self._spec.model} failed on {signal}: {error}"
            raise PolicyError(msg) from error
