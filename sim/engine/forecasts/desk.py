"""Hands out the forecasts of a run, and says afterwards how good they were."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from forecasting.base import ForecastSet
from forecasting.history import FloatArray, ForecastError, History
from sim.engine.forecasts.batch import Batch
from sim.engine.forecasts.issued import Issued, issued_frame
from sim.engine.forecasts.outcome import Outcome, level_jump, moment, outcome, told
from sim.errors import PolicyError
from sim.policy.base import Forecast
from sim.registry import SIGNALS
from sim.scenario.schema.forecast import Forecast as ForecastSpec
from sim.scenario.schema.forecast import SiteForecast, signal_plan
from sim.site import Site, TimeGrid
from sim.site.times import YEAR_H
from sim.streams import stream
from sim.units import DAY_S, HOUR_S

Key = tuple[int, str]
"""Number of a site, and signal."""


class ForecastDesk:
    """Issues forecasts for every site and signal, each from what was known at its issue.

    Parameters
    ----------
    spec : Forecast
        How signals are forecast.
    sites : sequence of Site
        The sites, whose signals are forecast.
    overrides : sequence of (SiteForecast or None)
        What differs at each site; empty where nothing does.
    seed : int
        Seed of the run, for the errors of oracles that err. [-]
    """

    def __init__(
        self,
        spec: ForecastSpec,
        sites: Sequence[Site],
        *,
        overrides: Sequence[SiteForecast | None] = (),
        seed: int = 0,
    ) -> None:
        self._sites = sites
        self._seed = seed
        self._refit_s = spec.refit_days * DAY_S
        others = overrides or [None] * len(sites)
        self._plans = {
            (site, signal): signal_plan(spec, others[site], signal)
            for site, signal in product(range(len(sites)), SIGNALS)
        }
        self._sets: dict[Key, ForecastSet] = {}
        self._held: dict[Key, tuple[float, float, Forecast]] = {}
        self._outcomes: dict[Key, Outcome] = {}
        refreshes_h = {plan.refresh_h for plan in self._plans.values()}
        self.issues_s = np.unique(np.concatenate([self._issues_s(each) for each in refreshes_h]))
        """Times at which a forecast of some signal is issued. [s]."""
        self.handed_out_s = math.nan
        """When the forecast was issued that was asked for last; may be set to nan. [s]."""

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
        held = self._held.get((site, signal))
        if held is None or not held[0] <= now_s < held[1]:
            held = self._look_up((site, signal), now_s)
        self.handed_out_s = held[0]
        return held[2]

    def notes(self) -> list[str]:
        """Return what the user should know of the forecasts that were asked for."""
        return [
            f"{self._sites[site].name} {signal}: {note}"
            for (site, signal), issued in self._sets.items()
            for note in self._notes((site, signal), issued)
        ]

    def report(self) -> list[dict[str, Any]]:
        """Return what the manifest says: models, data, training, and how good they were."""
        return [
            {
                "site": self._sites[site].name,
                "signal": signal,
                **asdict(self._plans[site, signal]),
                **told(signal, issued, self._outcome((site, signal)), start=self._grid.start),
            }
            for (site, signal), issued in self._sets.items()
        ]

    def issued(self) -> pd.DataFrame:
        """Return the forecasts that were asked for, one issue a day, beside what came."""
        start_s = float(self._grid.window_edges_s[0])
        found = (
            Issued(self._sites[site].name, signal, made, self._values((site, signal)), start_s)
            for (site, signal), made in self._sets.items()
        )
        return issued_frame(found, self._grid.start, end_s=self._grid.duration_s)

    def metrics(self) -> dict[str, float | int | None]:
        """Return the mean scores of all forecasts that were asked for; None where there are none.

        Returns
        -------
        dict
            Mean absolute error over the mean of what came, rank correlation within each issue, and
            share of the hours between the outermost quantiles.
        """
        found = [self._outcome(key) for key in self._sets]
        return {
            f"forecast_{name}": _mean([getattr(one, name) for one in found])
            for name in ("nmae_ratio", "rank_correlation", "coverage_fraction")
        }

    @property
    def _grid(self) -> TimeGrid:
        return self._sites[0].grid

    def _issues_s(self, refresh_h: int) -> FloatArray:
        return np.arange(0.0, self._grid.duration_s, refresh_h * HOUR_S)

    def _look_up(self, key: Key, now_s: float) -> tuple[float, float, Forecast]:
        if key not in self._plans:
            msg = f"there is no signal {key[1]!r} of site {key[0]!r}; sites are 0 to "
            msg += f"{len(self._sites) - 1}, signals {', '.join(SIGNALS)}"
            raise LookupError(msg)
        issued = self._sets.get(key)
        if issued is None:
            issued = self._sets[key] = self._issued(key)
        issue = issued.at(now_s)
        forecast = Forecast(
            issue.point, issue.quantiles, issue.issued_at_s, issue.valid_start_s, issue.step_s,
            issued.quantile_levels,
        )
        until_s = issue.issued_at_s + self._plans[key].refresh_h * HOUR_S
        held = self._held[key] = (issue.issued_at_s, until_s, forecast)
        return held

    def _issued(self, key: Key) -> ForecastSet:
        """Forecast one signal for the whole run."""
        site, signal = key
        plan, here, grid = self._plans[key], self._sites[site], self._grid
        latency_s = here.signals[signal].latency_s
        values, start_s = self._values(key), float(grid.window_edges_s[0])
        history = History(
            values, start_s, HOUR_S, plan.latency_h * HOUR_S if latency_s is None else latency_s,
            origin=grid.start, place=here.place,
        )
        draw = stream(self._seed, f"forecast/{here.name}/{signal}")
        batch = Batch(
            plan=plan, history=history, truth=values, issued_at_s=self._issues_s(plan.refresh_h),
            refit_s=self._refit_s, seed=int(draw.integers(2**31)),
        )
        try:
            return batch.forecasts()
        except (ForecastError, TypeError, ValueError) as error:
            msg = f"forecaster {plan.model} failed on {signal} of {here.name}: {error}"
            raise PolicyError(msg) from error

    def _values(self, key: Key) -> FloatArray:
        """Return a signal in the window's hours."""
        site, signal = key
        return self._sites[site].signals[signal].mean_over(self._grid.window_edges_s)

    def _outcome(self, key: Key) -> Outcome:
        found = self._outcomes.get(key)
        if found is None:
            edges_s, end_s = self._grid.window_edges_s, self._grid.duration_s
            found = self._outcomes[key] = outcome(
                self._sets[key], self._values(key), start_s=float(edges_s[0]), end_s=end_s
            )
        return found

    def _notes(self, key: Key, issued: ForecastSet) -> Iterator[str]:
        model, card = self._plans[key].model, issued.card
        if not np.isfinite(issued.point[0]).any():
            yield (
                "nothing was known when the first forecast was issued, so there was none; give "
                "the series a history before the start."
            )
        if card.fallback_until_s is not None:
            until = moment(self._grid.start, card.fallback_until_s)
            yield (
                f"too little history for {model}: climatology stood in until {until}. A longer "
                "history_days of forecast, or a series with more before the start, mends it."
            )
        if card.trained_until_s is not None and self._grid.duration_s > YEAR_H * HOUR_S:
            yield (
                "the run is longer than a year: what a typical year of weather or a source_year "
                f"drives repeats, and {model} has seen it from the second year on."
            )
        if jump := level_jump(self._values(key), self._grid.history_hours):
            times = f"{jump:,.0f} times" if jump > 1.0 else f"1/{1.0 / jump:,.0f} of"
            yield (
                f"before the start its values are usually {times} those of the run. Does the unit "
                "change within the file?"
            )


def _mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
