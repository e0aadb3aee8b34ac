"""All forecasts of one signal for a whole run, each from what was known at its issue."""

import hashlib
import inspect
import json
import os
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

import forecasting
from forecasting.base import Forecaster, ForecastSet
from forecasting.history import FloatArray, History
from forecasting.intervals import with_intervals
from forecasting.rolling import rolling_forecasts
from sim.engine.forecasts.cache import kept
from sim.registry import FORECASTERS, load_class, parameters_of
from sim.scenario.schema.forecast import SignalPlan
from sim.units import DAY_S, HOUR_S

_CLIMATOLOGY_S: Final = 7 * DAY_S
_WARM_UP_S: Final = 90 * DAY_S  # for how long with_intervals counts an error
_LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True)
class Batch:
    """What all forecasts of one signal depend on.

    Attributes
    ----------
    plan : SignalPlan
        Model, its parameters, horizon and quantiles.
    history : History
        The signal, guarded.
    truth : ndarray of float, shape (n,)
        The same values, for oracles alone. [any]
    issued_at_s : ndarray of float, shape (issues,)
        Issue times, rising by equal amounts. [s]
    refit_s : float
        Time after which a model learns anew. [s]
    seed : int
        Seed of an oracle's errors. [-]
    """

    plan: SignalPlan
    history: History
    truth: FloatArray
    issued_at_s: FloatArray
    refit_s: float
    seed: int

    def forecasts(self) -> ForecastSet:
        """Return the forecasts, made now or kept from before."""
        return kept(self.key(), self._made)

    def key(self) -> str:
        """Return a hash over everything that the forecasts depend on, code included."""
        plan, history = self.plan, self.history
        numbers = (history.start_s, history.step_s, history.latency_s, self.refit_s, self.seed)
        told = {
            "model": [_target(plan), plan.parameters],
            "plan": [plan.horizon_h, plan.quantiles],
            "numbers": numbers,
            "when": [str(history.origin), history.place],
            "issues": [len(self.issued_at_s), *self.issued_at_s[:2].tolist()],
            "data": history.data_hash,
            "code": [_code_hash(), _source_hash(_target(plan))],
        }
        text = json.dumps(told, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()

    def _made(self) -> ForecastSet:
        # Read when scikit-learn is loaded: two threads on two busy cores take 20 times as long.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        model = self._model()
        if getattr(model, "needs_truth", False):
            return model.fit(self.history, 0.0).predict(
                self.history, self.issued_at_s, self.plan.horizon_h
            )
        issues_s = self._issues_with_warm_up()
        made = rolling_forecasts(
            model, self.history, issues_s, self.plan.horizon_h,
            refit_s=self.refit_s, fallback=Fallback(),
        )
        if self.plan.quantiles:
            made = with_intervals(made, self.history, levels=self.plan.quantiles)
        return _since(made, len(issues_s) - len(self.issued_at_s))

    def _model(self) -> Forecaster:
        cls: Any = load_class(_target(self.plan))
        given = dict(self.plan.parameters)
        if getattr(cls, "needs_truth", False):
            if "seed" in parameters_of(cls):
                given.setdefault("seed", self.seed)
            given |= {"start_s": self.history.start_s, "step_s": self.history.step_s}
            oracle: Forecaster = cls(self.truth, **given)
            return oracle
        model: Forecaster = cls(**given)
        return model

    def _issues_with_warm_up(self) -> FloatArray:
        """Return the issues, and where there are quantiles some before, whose errors tell them."""
        if not self.plan.quantiles:
            return self.issued_at_s
        refresh_s = self.plan.refresh_h * HOUR_S
        past_s = float(self.issued_at_s[0]) - self.history.start_s
        count = int(min(_WARM_UP_S, past_s / 2) // refresh_s)
        every = np.arange(-count, len(self.issued_at_s), dtype=np.float64)
        return every * refresh_s + self.issued_at_s.item(0)


class Fallback:
    """Forecasts while a model has too little history: climatology, or the mean of the last days.

    The latter where not even a week is known: of so little a mean by month and weekday says less
    than the latest days.
    """

    def fit(self, history: History, until_s: float) -> Self:
        """Learn the climatology, if there is enough for it."""
        issue_s = np.array([until_s])
        known = history.take(issue_s, np.arange(history.known_count(issue_s)[0])[None, :])
        has_week = np.isfinite(known).sum() * history.step_s >= _CLIMATOLOGY_S
        name = "climatology" if has_week else "weekly-mean"
        model: Forecaster = load_class(FORECASTERS[name])()
        self._model = model.fit(history, until_s)
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the forecasts of whichever it is."""
        return self._model.predict(history, issued_at_s, horizon_count)


def _since(made: ForecastSet, first: int) -> ForecastSet:
    """Leave out the issues before the run."""
    if first == 0:
        return made
    until_s = made.card.fallback_until_s
    spoke = until_s is None or until_s <= made.issued_at_s[first]
    return replace(
        made,
        issued_at_s=made.issued_at_s[first:],
        valid_start_s=made.valid_start_s[first:],
        point=made.point[first:],
        quantiles=None if made.quantiles is None else made.quantiles[first:],
        card=replace(made.card, fallback_until_s=None if spoke else until_s),
    )


def _target(plan: SignalPlan) -> str:
    return FORECASTERS.get(plan.model, plan.model)


@cache
def _code_hash() -> str:
    """Return the hash of the code of forecasting, and of the versions it computes with."""
    digest = hashlib.sha256(" ".join(version(name) for name in _LIBRARIES).encode())
    folder = Path(str(forecasting.__file__)).parent
    for path in sorted([*folder.rglob("*.py"), Path(__file__)]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_hash(target: str) -> str:
    """Return the hash of the file in which a class stands; that of the user's may change."""
    source = inspect.getsourcefile(load_class(target))
    return hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else ""
