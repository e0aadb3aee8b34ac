"""Fields of the forecasts that policies see: for all signals, for a site, for one signal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Chosen, Part, by_shape, item, number


class Model(Chosen):
    """A forecaster with parameters of its own."""


ModelChoice = Annotated[
    Annotated[str, Tag("name")] | Annotated[Model, Tag("model")], Discriminator(by_shape("model"))
]
"""A forecaster's built-in name, the user's module:Class, or a mapping with parameters."""


class SignalForecast(Part):
    """What differs from the other forecasts; null means that it does not."""

    model: ModelChoice | None = item(
        "Forecaster: a built-in name, module:Class of your own, or a mapping with parameters.",
        default=None,
    )
    horizon_h: int | None = number(
        "How far each forecast reaches.", unit="h", default=None, ge=1, le=336
    )
    refresh_h: int | None = number(
        "Time between two issues.", unit="h", default=None, ge=1, le=168
    )
    latency_h: int | None = number(
        "How long after an hour its value becomes known; that of a series from a file counts "
        "before it.",
        unit="h", default=None, ge=0, le=336,
    )
    quantiles: tuple[float, ...] | None = item(
        "Levels of the quantiles; empty for none.", default=None
    )


class SignalForecasts(Part):
    """Signals that are forecast otherwise than the rest."""

    price: SignalForecast | None = item("Price of energy at the site.", default=None)
    average_carbon_intensity: SignalForecast | None = item(
        "Average carbon intensity of the grid.", default=None
    )
    marginal_carbon_intensity: SignalForecast | None = item(
        "Marginal carbon intensity of the grid.", default=None
    )
    solar: SignalForecast | None = item("Solar power of the site.", default=None)
    wind: SignalForecast | None = item("Wind power of the site.", default=None)
    load: SignalForecast | None = item("Load besides the data center.", default=None)


class SiteForecast(SignalForecast):
    """What differs at a site."""

    signals: SignalForecasts = item(
        "Signals that are forecast otherwise than the rest.", default=SignalForecasts()
    )


class Forecast(Part):
    """How the signals that policies see ahead are forecast.

    What is said of a signal counts before what is said of all signals, and then what is said of a
    site before what is said of all sites.
    """

    model: ModelChoice = item(
        "Forecaster: a built-in name, module:Class of your own, or a mapping with parameters.",
        default="seasonal-naive",
    )
    horizon_h: int = number("How far each forecast reaches.", unit="h", default=48, ge=1, le=336)
    refresh_h: int = number("Time between two issues.", unit="h", default=6, ge=1, le=168)
    latency_h: int = number(
        "How long after an hour its value becomes known.", unit="h", default=0, ge=0, le=336
    )
    quantiles: tuple[float, ...] = item(
        "Levels of the quantiles that forecasts have besides the expected value, e.g. [0.1, 0.9], "
        "from the errors of the last 90 days; empty for none.",
        default=(),
    )
    history_days: int | None = number(
        "How much of the past before the start forecasters can look back on. Null is 9 days where "
        "no model learns and no quantiles are asked for, else 365 days. Simulated weather has as "
        "much as is asked for, files and networks what they hold.",
        unit="d", default=None, ge=1, le=3660,
    )
    refit_days: int = number(
        "Time after which models learn anew from all that is known by then; where a year is known "
        "at the start, 90 is as good and takes half the time.",
        unit="d", default=30, ge=1, le=3660,
    )
    signals: SignalForecasts = item(
        "Signals that are forecast otherwise than the rest.", default=SignalForecasts()
    )


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """How one signal of one site is forecast.

    Attributes
    ----------
    model : str
        Built-in name or ``module:Class``.
    parameters : mapping
        What the forecaster is built with.
    horizon_h, refresh_h, latency_h : int
        Reach, time between two issues, and how long values take to become known. [h]
    quantiles : tuple of float
        Levels of the quantiles. [-]
    """

    model: str
    parameters: Mapping[str, Any]
    horizon_h: int
    refresh_h: int
    latency_h: int
    quantiles: tuple[float, ...]


def signal_plan(forecast: Forecast, site: SiteForecast | None, signal: str) -> SignalPlan:
    """Return how a signal is forecast at a site.

    Parameters
    ----------
    forecast : Forecast
        What holds everywhere.
    site : SiteForecast or None
        What differs at the site.
    signal : str
        One of ``registry.SIGNALS``.

    Returns
    -------
    SignalPlan
        The most special of what is said: of the signal at the site, of the signal, of the site.
    """
    layers = list(_layers(forecast, site, signal))

    def first(name: str) -> Any:  # noqa: ANN401 - a field of the schema
        """Return what the most special layer says."""
        return next(found for one in layers if (found := getattr(one, name)) is not None)

    model, parameters = model_of(first("model"))
    others = {name: first(name) for name in ("horizon_h", "refresh_h", "latency_h", "quantiles")}
    return SignalPlan(model, parameters, **others)


def model_of(choice: str | Model) -> tuple[str, dict[str, Any]]:
    """Return the name of a forecaster and its parameters."""
    return (choice, {}) if isinstance(choice, str) else (choice.use, choice.parameters)


def _layers(
    forecast: Forecast, site: SiteForecast | None, signal: str
) -> Iterator[SignalForecast | Forecast]:
    for owner in (site, forecast):
        if owner is not None and (special := getattr(owner.signals, signal)) is not None:
            yield special
    if site is not None:
        yield site
    yield forecast
