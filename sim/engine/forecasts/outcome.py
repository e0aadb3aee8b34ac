"""How good the forecasts of a run were, held against what came."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from forecasting.base import ForecastSet
from forecasting.history import FloatArray
from sim.units import G_PER_KWH, HOUR_S, KW, USD_PER_KWH, USD_PER_MWH

_UNITS: Final = MappingProxyType(
    {
        "price": ("mae_usd_per_mwh", USD_PER_MWH),
        "average_carbon_intensity": ("mae_g_per_kwh", G_PER_KWH),
        "marginal_carbon_intensity": ("mae_g_per_kwh", G_PER_KWH),
        "solar": ("mae_kw", KW),
        "wind": ("mae_kw", KW),
        "load": ("mae_kw", KW),
    }
)

_COLUMNS: Final = MappingProxyType(
    {
        "price": ("USD/kWh", USD_PER_KWH),
        "average_carbon_intensity": ("gCO2e/kWh", G_PER_KWH),
        "marginal_carbon_intensity": ("gCO2e/kWh", G_PER_KWH),
    }
)

_LARGEST_JUMP: Final = 100.0  # assumption: units differ by 1000 or more, seasons by less than this


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the forecasts of one signal fared; None where a score has no meaning.

    Attributes
    ----------
    mae : float or None
        Mean absolute error, over all issues and hours of the run. [any]
    nmae_ratio : float or None
        The same over the mean of what came. [-]
    rank_correlation : float or None
        Spearman's, within each issue, the mean over the issues. [-]
    coverage_fraction : float or None
        Share of the hours between the outermost quantiles. [-]
    """

    mae: float | None
    nmae_ratio: float | None
    rank_correlation: float | None
    coverage_fraction: float | None


def outcome(issued: ForecastSet, values: FloatArray, *, start_s: float, end_s: float) -> Outcome:
    """Hold forecasts against what came in the hours of the run that have ended.

    Parameters
    ----------
    issued : ForecastSet
        The forecasts.
    values : ndarray of float, shape (n,)
        The signal in hours. [any]
    start_s : float
        Start of the first hour. [s]
    end_s : float
        End of the run. [s]

    Returns
    -------
    Outcome
        The scores.
    """
    # It loads scipy.stats: 0.4 s and 37 MB that a run without forecasts does not need.
    from forecasting.scores import coverage, mean_absolute_error, rank_correlation, truth_for

    begin_s = start_s + np.arange(len(values)) * HOUR_S
    happened = np.where(begin_s + HOUR_S <= end_s, values, np.nan)
    truth = truth_for(issued, happened, start_s=start_s)
    mae = mean_absolute_error(issued.point, truth)
    during = np.abs(happened[(begin_s >= 0.0) & np.isfinite(happened)])
    level = float(during.mean()) if during.size else 0.0
    between = None if issued.quantiles is None else coverage(issued.quantiles, truth)
    return Outcome(
        mae=mae,
        nmae_ratio=mae / level if mae is not None and level > 0.0 else None,
        rank_correlation=rank_correlation(issued.point, truth),
        coverage_fraction=between,
    )


def column_of(signal: str) -> tuple[str, float]:
    """Return the unit of a signal's columns, and its size in SI; powers are in kW."""
    return _COLUMNS.get(signal, ("kW", KW))


def level_jump(values: FloatArray, past_count: int) -> float | None:
    """Return how many times the usual size of a signal's past is that of the rest, if suspicious.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        The signal. [any]
    past_count : int
        How many of them are the past. [-]

    Returns
    -------
    float or None
        Ratio of the medians without zeros, where it is over 100 or under 1/100: no signal changes
        like that, but a unit does. [-]
    """
    sizes = np.abs(values)
    past, rest = (part[part > 0.0] for part in (sizes[:past_count], sizes[past_count:]))
    if not past.size or not rest.size:
        return None
    ratio = float(np.median(past) / np.median(rest))
    return None if 1.0 / _LARGEST_JUMP < ratio < _LARGEST_JUMP else ratio


def told(signal: str, issued: ForecastSet, found: Outcome, *, start: datetime) -> dict[str, Any]:
    """Return what the manifest says of the forecasts of a signal.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    issued : ForecastSet
        The forecasts.
    found : Outcome
        How they fared.
    start : datetime
        Start of the run.

    Returns
    -------
    dict
        Training span, data hash, until when another model stood in, and scores in people's units.
    """
    card = issued.card
    name, unit = _UNITS[signal]
    levels = issued.quantile_levels
    return {
        "issues_count": len(issued.issued_at_s),
        "data_hash": card.data_hash,
        "trained_from": moment(start, card.trained_from_s),
        "trained_until": moment(start, card.trained_until_s),
        "fallback_until": moment(start, card.fallback_until_s),
        "fit_cpu_s": round(card.fit_s, 3),
        name: None if found.mae is None else found.mae / unit,
        "nmae_ratio": found.nmae_ratio,
        "rank_correlation": found.rank_correlation,
        "coverage_fraction": found.coverage_fraction,
        "coverage_wanted_fraction": float(levels[-1] - levels[0]) if len(levels) else None,
    }


def moment(start: datetime, time_s: float | None) -> str | None:
    """Write a time of the run; infinity is its end."""
    if time_s is None:
        return None
    if np.isinf(time_s):
        return "end"
    return (start + timedelta(seconds=time_s)).strftime("%Y-%m-%dT%H:%MZ")
