"""Check that the forecasters of a scenario exist, can be built, and fit what they forecast."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sim.registry import FORECASTERS, SIGNALS, did_you_mean
from sim.scenario.checks.classes import Methods, class_mistakes, importable
from sim.scenario.checks.partial import settled
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.forecast import (
    Forecast,
    SignalForecast,
    SiteForecast,
    model_of,
    signal_plan,
)
from sim.scenario.schema.scenario import Scenario

_METHODS: Final = Methods(("fit", "predict"), all=True)
_TRUTH: Final[Mapping[str, Any]] = MappingProxyType(
    {"truth": (0.0,), "start_s": 0.0, "step_s": 3600.0}
)
"""Stands in for what an oracle is handed."""

_SUN_ONLY: Final = "clear-sky"

Said = tuple[SignalForecast | Forecast, FieldPath, str | None]
"""What a scenario says of forecasts, where, and of which signal (None: of all)."""


def forecast_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check what is said of forecasts: for all, for a site, for a signal.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    folder : Path
        Its folder, where modules of the user may lie.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    found: list[Finding] = []
    with importable(folder):
        for said in all_said(scenario):
            found += settled(_model(said)) + settled(_levels(said))
    return found + settled(_without_sky(scenario))


def forecaster_names(scenario: Scenario) -> list[str]:
    """List the forecasters that a scenario names, each once: built-in names and module:Class."""
    choices = [said.model for said, _, _ in all_said(scenario) if said.model is not None]
    return list(dict.fromkeys(model_of(choice)[0] for choice in choices))


def all_said(scenario: Scenario) -> list[Said]:
    """List everything a scenario says of forecasts, as far as broken fields let it be seen."""
    return settled(_of_all_sites(scenario)) + settled(_of_each_site(scenario))


def _of_all_sites(scenario: Scenario) -> Iterator[Said]:
    yield from _of_owner(scenario.forecast, ("forecast",))


def _of_each_site(scenario: Scenario) -> Iterator[Said]:
    for index, site in enumerate(scenario.sites):
        if site.forecast is not None:
            yield from settled(_of_owner(site.forecast, ("sites", index, "forecast")))


def _of_owner(owner: Forecast | SiteForecast, path: FieldPath) -> Iterator[Said]:
    yield owner, path, None
    for signal in SIGNALS:
        special = getattr(owner.signals, signal)
        if special is not None:
            yield special, (*path, "signals", signal), signal


def _model(said: Said) -> Iterator[Finding]:
    owner, path, signal = said
    if owner.model is None:
        return
    name, parameters = model_of(owner.model)
    path = (*path, "model") if isinstance(owner.model, str) else (*path, "model", "use")
    if ":" in name or name in FORECASTERS:
        target = FORECASTERS.get(name, name)
        yield from class_mistakes(target, parameters, path, methods=_METHODS, given=_TRUTH)
    else:
        hint = did_you_mean(name, FORECASTERS)
        yield Finding(path, f"there is no forecaster {quoted(name)}.{hint}")
    if name == _SUN_ONLY and signal != "solar":
        advice = f"Name it for solar alone: signals: {{solar: {{model: {_SUN_ONLY}}}}}."
        yield Finding(path, f"{_SUN_ONLY} forecasts only the power of the sun. {advice}")


def _levels(said: Said) -> Iterator[Finding]:
    owner, path, _ = said
    bounded = (0.0, *(owner.quantiles or ()), 1.0)
    if any(low >= high for low, high in pairwise(bounded)):
        shown = ", ".join(f"{level:g}" for level in owner.quantiles or ())
        message = f"levels must rise between 0 and 1, e.g. [0.1, 0.5, 0.9]; got [{shown}]."
        yield Finding((*path, "quantiles"), message)


def _without_sky(scenario: Scenario) -> Iterator[Finding]:
    """Find sites where the sun is to be forecast, but of which nobody knows where they lie."""
    for index, site in enumerate(scenario.sites):
        plan = signal_plan(scenario.forecast, site.forecast, "solar")
        if plan.model == _SUN_ONLY and site.solar is not None and site.weather is None:
            yield Finding(
                ("sites", index),
                f"{_SUN_ONLY} needs to know where the site lies. Give it weather, or another "
                "model for solar.",
            )
