"""The next hours by the forecasts: values from now on, hour by hour."""

import math
from typing import Final

import numpy as np

from sim.optimize.horizon import Columns
from sim.policy.base import Forecast

_DAY_H: Final = 24


def next_hours(
    forecast: Forecast, now_s: float, count: int, *, level: float | None = None
) -> Columns:
    """Return what is forecast for the next hours.

    Parameters
    ----------
    forecast : Forecast
        The latest forecast, hourly.
    now_s : float
        Present time. [s]
    count : int
        Hours: n. [-]
    level : float or None
        Level of a quantile; None for what is expected. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        Means over the hours from now on. Where the forecast does not reach, the value of a day
        before, or the last that is known; nan if it knows nothing. [any]

    Raises
    ------
    ValueError
        If the forecast has no such quantile.
    """
    values = forecast.point if level is None else quantile_of(forecast, level)
    offset = max(0.0, (now_s - forecast.valid_from_s) / forecast.step_s)
    first, part = int(offset), offset - int(offset)
    known = filled(values, first + count + 1)
    ahead = known[first : first + count]
    if part > 0.0:
        ahead = (1.0 - part) * ahead + part * known[first + 1 : first + count + 1]
    return ahead


def filled(values: Columns, count: int) -> Columns:
    """Return a number of hourly values of which all are known, unless none is. [any]."""
    unknown = np.flatnonzero(~np.isfinite(values))
    reach = int(unknown[0]) if unknown.size else len(values)
    if reach >= count:
        return values[:count]
    known = values[:reach]
    if reach == 0:
        return np.full(count, math.nan)
    cycle = known[-_DAY_H:] if reach >= _DAY_H else known[-1:]
    missing = count - reach
    return np.concatenate([known, np.resize(cycle, missing)])


def quantile_of(forecast: Forecast, level: float) -> Columns:
    """Return a quantile of a forecast.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    level : float
        Its level. [-]

    Returns
    -------
    ndarray of float
        The quantile, hour by hour. [any]

    Raises
    ------
    ValueError
        If the forecast does not have it.
    """
    found = np.flatnonzero(np.isclose(forecast.quantile_levels, level))
    if forecast.quantiles is None or not found.size:
        levels = ", ".join(f"{one:g}" for one in forecast.quantile_levels) or "none"
        msg = f"the forecasts have no quantile {level:g} (they have {levels}). Ask for it in the "
        msg += f"scenario: forecast: {{quantiles: [{level:g}]}}."
        raise ValueError(msg)
    return np.asarray(forecast.quantiles[:, found[0]])
