"""Persistence for solar power: what stays is not the power but its share of a clear sky's."""

from typing import Final, Self

import numpy as np

from forecasting.base import ForecastSet, ModelCard
from forecasting.features import steps_per_day
from forecasting.history import HOUR_S, FloatArray, History, IntArray
from forecasting.models import DAYS, mean_of_known
from forecasting.sun import clear_sky_w_per_m2

_DARK_W_PER_M2: Final = 20.0  # assumption: with less sun on the mean, an hour counts as night


class ClearSky:
    """Share of clear-sky irradiance of late, times what a clear sky will give; for solar power.

    The share is the mean over the latest seven days at the target's hour, so that the plane of the
    modules needs no saying, times how the last 24 h compare with it; that comparison fades with
    the lead. Needs place and origin of the history.

    Parameters
    ----------
    fade_h : float
        Lead at which 1/e of the last day's departure is left. [h]

    Notes
    -----
    The level of the clear sky's irradiance cancels, its course over the day and the year counts.
    On the solar output of CISO, DE, ERCO and PL (CarbonCast, 2021) a fade of 10 h was better than
    none at every lead beyond the first day, and no worse within it.
    """

    def __init__(self, fade_h: float = 10.0) -> None:
        self.fade_h = fade_h

    def fit(self, history: History, until_s: float) -> Self:
        """Learn nothing."""
        return self

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the clear sky's power, dimmed as it was of late."""
        day_count = steps_per_day(history)
        target = history.target_index(issued_at_s, max(horizon_count, day_count))
        share = _share(history, issued_at_s, target[:, :day_count])
        level = _level(history, issued_at_s, share, first=target[:, :1])
        target = target[:, :horizon_count]
        lead_h = np.arange(horizon_count) * history.step_s / HOUR_S
        departure = (level - 1)[:, None] * np.exp(-lead_h / self.fade_h)
        share = share[:, np.arange(horizon_count) % day_count]
        point = share * clear_sky_w_per_m2(history, target) * (1 + departure)
        card = ModelCard.of(self, history)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)


def _share(history: History, issued_at_s: FloatArray, target: IntArray) -> FloatArray:
    """Return the latest days' mean power over their clear sky's, for one day of targets."""
    latest = history.same_phase_indices(
        issued_at_s, target, period_count=steps_per_day(history), count=DAYS
    )
    power = np.stack([history.take(issued_at_s, index) for index in latest])
    sky = np.where(np.isnan(power), np.nan, clear_sky_w_per_m2(history, latest))
    mean_power, mean_sky = mean_of_known(power), mean_of_known(sky)
    lit = mean_sky > _DARK_W_PER_M2
    return np.where(lit, mean_power / np.where(lit, mean_sky, 1.0), 0.0 * mean_power)


def _level(
    history: History, issued_at_s: FloatArray, share: FloatArray, *, first: IntArray
) -> FloatArray:
    """Return the last 24 h over what was usual for them; 1 if half of the light is not known."""
    day_count = share.shape[1]
    index = history.known_count(issued_at_s)[:, None] - 1 - np.arange(day_count)
    power = history.take(issued_at_s, index)
    usual = np.take_along_axis(share, (index - first) % day_count, axis=1)
    usual = np.nan_to_num(usual * clear_sky_w_per_m2(history, index))
    known = ~np.isnan(power)
    seen = np.where(known, usual, 0.0).sum(axis=1)
    enough = seen > 0.5 * usual.sum(axis=1)
    given = np.where(known, power, 0.0).sum(axis=1)
    return np.where(enough, given / np.where(enough, seen, 1.0), 1.0)
