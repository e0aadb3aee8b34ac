"""The issued forecasts of a run beside what came, as a table that the run keeps."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from forecasting.base import ForecastSet
from forecasting.history import FloatArray
from sim.engine.forecasts.outcome import column_of
from sim.units import DAY_S, HOUR_S


class Issued(NamedTuple):
    """The forecasts of one signal of one site, and the signal's hours from `start_s` on [s]."""

    site: str
    signal: str
    forecasts: ForecastSet
    hourly: FloatArray
    start_s: float


def issued_frame(found: Iterable[Issued], start: datetime, *, end_s: float) -> pd.DataFrame:
    """Return the first forecast of each day, hour by hour.

    Parameters
    ----------
    found : iterable of Issued
        Signals that a policy looked at.
    start : datetime
        Start of the run.
    end_s : float
        Its end; later hours have not come. [s]

    Returns
    -------
    DataFrame
        One row per site, signal, issue and hour: what was expected, its quantiles as
        ``quantile_0.1`` and so on (nan where a signal has none), and what came, in the unit that
        stands there; empty where no policy looked.
    """
    parts = [_rows(each, start, end_s) for each in found]
    if not parts:
        return pd.DataFrame()
    frame = pd.concat(parts, ignore_index=True)
    levels = sorted(str(name) for name in frame if str(name).startswith("quantile_"))
    named = {name: frame[name].astype("category") for name in ("site", "signal", "unit")}
    return frame.assign(**named)[[*_FIRST, *levels]]


_FIRST = ("site", "signal", "unit", "issued_at", "valid_at", "actual", "point")


def _rows(each: Issued, start: datetime, end_s: float) -> pd.DataFrame:
    made = each.forecasts
    _, first = np.unique(made.issued_at_s // DAY_S, return_index=True)
    horizon = made.point.shape[1]
    valid_s = made.valid_start_s[first, None] + np.arange(horizon) * made.step_s
    hour = np.rint((valid_s - each.start_s) / HOUR_S).astype(int).ravel()
    came = (valid_s.ravel() + made.step_s <= end_s) & (hour < len(each.hourly))
    unit, factor = column_of(each.signal)
    quantiles = {} if made.quantiles is None else {
        f"quantile_{level:g}": made.quantiles[first, :, place].ravel() / factor
        for place, level in enumerate(made.quantile_levels)
    }
    return pd.DataFrame(
        {
            "site": each.site,
            "signal": each.signal,
            "unit": unit,
            "issued_at": _moments(start, np.repeat(made.issued_at_s[first], horizon)),
            "valid_at": _moments(start, valid_s.ravel()),
            "actual": np.where(came, each.hourly[np.minimum(hour, len(each.hourly) - 1)], np.nan)
            / factor,
            "point": made.point[first].ravel() / factor,
            **quantiles,
        }
    )


def _moments(start: datetime, times_s: FloatArray) -> pd.Series:
    return pd.Series(pd.Timestamp(start) + pd.to_timedelta(np.rint(times_s), unit="s")).dt.as_unit(
        "ms"
    )
