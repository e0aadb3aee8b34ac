"""Issued forecasts on what came."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas
from sim.report.timeline import Timeline
from sim.units import HOUR_S

_MOST: Final = 4
_SHOWN_H: Final = 7 * 24
_NAMES: Final = {
    "price": "price", "average_carbon_intensity": "average carbon intensity",
    "marginal_carbon_intensity": "marginal carbon intensity", "solar": "solar power",
    "wind": "wind power", "load": "base load",
}


def forecast_fan(run: Run) -> Figure | None:
    """Draw the first day of each day's forecast on what came, and the error by lead time.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        One row for each site and signal that a policy looked at, if it was ever more than nothing,
        at most four; None if no policy looked at a forecast. Of a longer run the fan shows the week
        in its middle, the error by lead time all of it.
    """
    if not len(run.forecasts):
        return None
    groups = {
        (str(site), str(signal)): frame
        for (site, signal), frame in run.forecasts.groupby(
            ["site", "signal"], sort=False, observed=True
        )
        if frame["actual"].abs().max() > 0.0 or frame["point"].abs().max() > 0.0
    }
    if not groups:
        return None
    shown = dict(list(groups.items())[:_MOST])
    some = f" ({len(shown)} of {len(groups)} signals)" if len(shown) < len(groups) else ""
    part = " (middle week)" if float(run.info["duration_h"]) > _SHOWN_H else ""
    per_row = 2 if style.narrow() else 1
    with style.house_style():
        figure, rows = canvas(
            run, f"forecasts on what came{part}{some}", [2.1] * (len(shown) * per_row), gap_in=0.85
        )
        drawn: list[Axes] = []
        for place, ((site, signal), frame) in enumerate(shown.items()):
            if style.narrow():
                fan, error = (figure.add_subplot(row) for row in rows[2 * place : 2 * place + 2])
            else:
                grid = rows[place].subgridspec(1, 2, width_ratios=[3, 1], wspace=0.26)
                fan, error = (figure.add_subplot(grid[column]) for column in range(2))
            _draw_fan(fan, middle_week(frame), unit=str(frame["unit"].iloc[0]))
            told = (f"{site}: {_NAMES.get(signal, signal)}", _held(frame))
            fan.set_title(("\n" if style.narrow() else "; ").join(filter(None, told)))
            _draw_error(error, frame)
            drawn += [fan, error]
        style.legend_above(figure, drawn)
    return figure


def middle_week(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what the latest issue said of each hour, for at most a week in the middle of a run.

    Parameters
    ----------
    frame : DataFrame
        Forecasts of one signal of one site.

    Returns
    -------
    DataFrame
        One row an hour without gap, as far as anything came; NaN where no issue reaches.
    """
    ahead = frame[_lead_h(frame) >= 0.0].sort_values(["valid_at", "issued_at"], kind="stable")
    latest = ahead.drop_duplicates("valid_at", keep="last").set_index("valid_at")
    came = latest.index[latest["actual"].notna()]
    if not len(came):
        return latest.iloc[:1]
    hours = pd.date_range(came[0], came[-1], freq="h", name="valid_at")
    first = max(0, (len(hours) - _SHOWN_H) // 2 // 24 * 24)
    return latest.reindex(hours[first : first + _SHOWN_H])


def error_by_lead(frame: pd.DataFrame) -> "pd.Series[float]":
    """Return the mean absolute error by lead time, over all issues.

    Parameters
    ----------
    frame : DataFrame
        Forecasts of one signal of one site.

    Returns
    -------
    Series
        By whole hours from the issue to the beginning of the hour; hours that did not come are left
        out. [unit of the signal]
    """
    lead_h = _lead_h(frame)
    error = (frame["point"] - frame["actual"]).abs()[lead_h >= 0.0]
    return error.groupby(np.floor(lead_h[lead_h >= 0.0]).astype(int)).mean().dropna()


def coverage(frame: pd.DataFrame) -> tuple[float, float] | None:
    """Return the share that the outermost quantiles should hold, and the share they held. [-]."""
    names = _quantiles(frame)
    came = frame[frame["actual"].notna() & frame[names].notna().all(axis=1)] if names else frame[:0]
    if len(names) < 2 or not len(came):
        return None
    held = came["actual"].between(came[names[0]], came[names[-1]])
    return _level(names[-1]) - _level(names[0]), float(held.mean())


def _held(frame: pd.DataFrame) -> str:
    found = coverage(frame)
    if found is None:
        return ""
    wanted, held = found
    return f"the {100 * wanted:.0f} % band held {100 * held:.0f} %"


def _lead_h(frame: pd.DataFrame) -> NDArray[np.float64]:
    ahead = frame["valid_at"] - frame["issued_at"]
    return np.asarray(ahead.dt.total_seconds(), dtype=float) / HOUR_S


def _quantiles(frame: pd.DataFrame) -> list[str]:
    """Return the columns of quantiles that the signal has, from the lowest to the highest."""
    names = [name for name in frame if str(name).startswith("quantile_")]
    return sorted((str(name) for name in names if frame[name].notna().any()), key=_level)


def _level(name: str) -> float:
    return float(name.removeprefix("quantile_"))


def _draw_fan(axes: Axes, week: pd.DataFrame, *, unit: str) -> None:
    line = Timeline.of(week.rename_axis("time").reset_index(), HOUR_S)
    names = _quantiles(week)
    for low, high, alpha in _bands(names):
        width = 100.0 * (_level(high) - _level(low))
        style.step_area(axes, line.edges_day, low=line.mean(low), high=line.mean(high),
                        look={"color": style.SKY, "alpha": alpha,
                              "label": f"{width:.0f} % band"})
    style.step_line(axes, line.edges_day, line.mean("point"),
                    {"color": style.BLUE, "linestyle": "--",
                     "label": "Forecast, first issue of each day"})
    style.step_line(axes, line.edges_day, line.mean("actual"),
                    {"color": style.BLACK, "label": "What came"})
    axes.set_ylabel(unit)
    style.time_axis(axes, line)


def _bands(names: Sequence[str]) -> list[tuple[str, str, float]]:
    """Pair the quantiles from outside to inside, the inner bands darker."""
    count = len(names) // 2
    return [
        (names[place], names[-1 - place], 0.3 + 0.3 * place / max(1, count - 1))
        for place in range(count)
    ]


def _draw_error(axes: Axes, frame: pd.DataFrame) -> None:
    error = error_by_lead(frame)
    axes.plot(error.index.to_numpy() + 1, error.to_numpy(), color=style.VERMILION, linestyle="-.",
              label="Mean absolute error, whole run")
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("Lead time (h)")
    axes.set_title("Error by lead time")
    axes.set_ylabel(str(frame["unit"].iloc[0]))
