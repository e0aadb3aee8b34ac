"""Forecasts of a run: one batch a site and signal, made when first asked for, then looked up.

`desk` hands them out and says afterwards how good they were (`outcome`); `batch` makes all
forecasts of one signal from what was known at each issue; `cache` keeps them, so that no batch is
made twice.
"""

from sim.engine.forecasts.desk import ForecastDesk

__all__ = ["ForecastDesk"]
