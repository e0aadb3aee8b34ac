"""Figures of backtested forecasts: fans on what came, errors by lead and hour, honest intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from forecasting.backtest import Backtest
from forecasting.scores import WORST_WINDOW_S, covered
from sim.report import style
from sim.units import DAY_S, HOUR_S

Array = NDArray[np.float64]

_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_FANS: Final = (("typical", 0.5), ("good", 0.1), ("bad", 0.9))
"""Issues to show: by which fraction of all issues were better."""
_BEFORE_COUNT: Final = 48
"""Steps of the past that a fan shows before its issue."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was forecast.

    Attributes
    ----------
    column : str
        Name of the signal.
    unit : str
        Its unit; empty if not said.
    origin : datetime
        Moment of time 0.
    values : ndarray of float, shape (n,)
        What came, from time 0 on. [any]
    """

    column: str
    unit: str
    origin: datetime
    values: Array

    @property
    def label(self) -> str:
        """Return name and unit."""
        return f"{self.column} ({self.unit or 'unit as in the data'})"

    def error_label(self) -> str:
        """Return what an axis of errors is called."""
        return f"Mean absolute error ({self.unit or 'unit of ' + self.column})"

    def days(self, times_s: Array) -> Array:
        """Return times as matplotlib counts days. [d]."""
        return np.asarray(self.origin.timestamp() / DAY_S + times_s / DAY_S)


def write_forecast_figures(
    results: Mapping[str, Backtest], subject: Subject, folder: Path
) -> tuple[Path, ...]:
    """Draw all figures of a backtest.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.
    subject : Subject
        What was forecast.
    folder : Path
        Existing folder that gets the PNG files.

    Returns
    -------
    tuple of Path
        The files written.
    """
    drawn = {
        "fans": fans(results, subject),
        "error_by_lead": error_by_lead(results, subject),
        "error_by_hour": error_by_hour(results, subject),
        "reliability": reliability(results, subject),
    }
    return tuple(
        style.save(figure, folder / f"{name}.png") for name, figure in drawn.items() if figure
    )


def fans(results: Mapping[str, Backtest], subject: Subject) -> Figure | None:
    """Draw a typical, a good and a bad forecast of the first model on what came.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.
    subject : Subject
        What was forecast.

    Returns
    -------
    Figure or None
        None if no issue has all its truth.
    """
    name, found = next(iter(results.items()))
    error = np.abs(found.forecasts.point - found.truth).mean(axis=1)
    order = np.argsort(error)[: np.isfinite(error).sum()]
    if not len(order):
        return None
    with style.house_style():
        figure, panels = _panels(f"{subject.column}: forecasts by {name} on what came", rows=3)
        for axes, (kind, fraction) in zip(panels, _FANS, strict=True):
            row = int(order[round(fraction * (len(order) - 1))])
            _draw_fan(axes, found, subject, row)
            better = f"better than {100 * (1 - fraction):.0f} % of all"
            size = f"{error[row]:,.4g} {subject.unit}".rstrip()
            axes.set_title(f"A {kind} issue, {better}: mean absolute error {size}")
            axes.set_ylabel(subject.label)
        panels[-1].set_xlabel("Time (UTC)")
        style.legend_above(figure, panels)
    return figure


def error_by_lead(results: Mapping[str, Backtest], subject: Subject) -> Figure:
    """Draw how errors grow with the lead.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.
    subject : Subject
        What was forecast.

    Returns
    -------
    Figure
        A line a model.
    """
    with style.house_style():
        figure, (axes,) = _panels(f"{subject.column}: error by lead", rows=1)
        for place, (name, found) in enumerate(results.items()):
            error = found.scorecard.mae_by_lead
            lead_h = (np.arange(len(error)) + 0.5) * found.forecasts.step_s / HOUR_S
            axes.plot(lead_h, error, label=name, markevery=max(len(error) // 12, 1), **_look(place))
        axes.set_xlabel("Lead (h after the issue)")
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 1.2, 2.4, 4, 6, 10]))
        _error_axes(axes, subject, end_h=lead_h[-1] + 0.5)
        style.legend_above(figure, [axes])
    return figure


def error_by_hour(results: Mapping[str, Backtest], subject: Subject) -> Figure:
    """Draw at which hours of the day forecasts err.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.
    subject : Subject
        What was forecast.

    Returns
    -------
    Figure
        A line a model.
    """
    with style.house_style():
        figure, (axes,) = _panels(f"{subject.column}: error by hour of day", rows=1)
        for place, (name, found) in enumerate(results.items()):
            axes.plot(np.arange(24), found.scorecard.mae_by_hour, label=name, markevery=3,
                      **_look(place))
        axes.set_xlabel("Hour of day that was forecast (UTC)")
        axes.set_xticks(range(0, 24, 3))
        _error_axes(axes, subject, end_h=23.3)
        style.legend_above(figure, [axes])
    return figure


def reliability(results: Mapping[str, Backtest], subject: Subject) -> Figure:
    """Draw whether quantiles keep their promise, over all and over time.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.
    subject : Subject
        What was forecast.

    Returns
    -------
    Figure
        How often the truth was below each quantile; coverage of 30 days of issues.
    """
    with style.house_style():
        figure, (left, right) = _panels(f"{subject.column}: are the intervals honest?", columns=2)
        left.plot([0, 1], [0, 1], color=style.GREY, label="Honest")
        for place, (name, found) in enumerate(results.items()):
            levels = found.forecasts.quantile_levels
            left.plot(levels, found.scorecard.reliability, label=name, **_look(place))
            _draw_coverage(right, found, subject, _look(place) | {"marker": ""})
        left.set(xlim=(0, 1), ylim=(0, 1), xlabel="Level of the quantile (-)",
                 ylabel="Fraction of truth at or below it (-)")
        right.set(ylim=(0, 1), xlabel="Last issue of 30 days (UTC)",
                  ylabel="Covered by the outer quantiles (-)")
        style.legend_above(figure, [left])
    return figure


def _panels(title: str, *, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    height_in = 1.7 + 2.6 * rows + 0.8 * (rows == 1)
    figure = Figure(figsize=(style.width_in(), height_in))
    figure.subplots_adjust(
        left=style.left(), right=style.right(), top=1 - 1.05 / height_in, bottom=0.6 / height_in,
        hspace=0.4, wspace=0.2,
    )
    style.title(figure, title)
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def _look(place: int) -> dict[str, Any]:
    return {
        "color": style.LINE_COLOURS[(place + 1) % len(style.LINE_COLOURS)],
        "linestyle": style.LINE_STYLES[place % len(style.LINE_STYLES)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 5,
    }


def _draw_fan(axes: Axes, found: Backtest, subject: Subject, row: int) -> None:
    issued = found.forecasts
    steps = np.arange(issued.point.shape[1] + 1)
    edges = subject.days(issued.valid_start_s[row] + steps * issued.step_s)
    if issued.quantiles is not None and np.isfinite(issued.quantiles[row]).all():
        levels = issued.quantile_levels
        inside = f"{100 * (levels[-1] - levels[0]):.0f} % interval"
        low, high = issued.quantiles[row, :, 0], issued.quantiles[row, :, -1]
        style.step_area(axes, edges, low=low, high=high,
                        look={"color": style.SKY, "alpha": 0.45, "label": inside})
    present = round(float(issued.valid_start_s[row]) / issued.step_s)
    past = np.arange(max(present - _BEFORE_COUNT, 0), present + 1)
    style.step_line(axes, subject.days(np.asarray(past * issued.step_s)), subject.values[past[:-1]],
                    {"color": style.BLACK, "linewidth": 1.0})
    style.step_line(axes, edges, found.truth[row],
                    {"color": style.BLACK, "linewidth": 1.0, "label": "What came"})
    style.step_line(axes, edges, issued.point[row],
                    {"color": style.BLUE, "linestyle": "--", "label": "Forecast"})
    axes.axvline(subject.days(issued.issued_at_s[row : row + 1])[0], color=style.VERMILION,
                 linestyle=":", label="Issued")
    _date_axis(axes)


def _draw_coverage(axes: Axes, found: Backtest, subject: Subject, look: Mapping[str, Any]) -> None:
    issued = found.forecasts
    if issued.quantiles is None or len(issued.issued_at_s) < 2:
        return
    inside = covered(issued.quantiles, found.truth)
    width = max(round(WORST_WINDOW_S / float(np.diff(issued.issued_at_s)[0])), 1)
    if width > len(inside):
        return
    hits, hours = (np.lib.stride_tricks.sliding_window_view(part.sum(axis=1), width).sum(axis=1)
                   for part in (np.nan_to_num(inside), np.isfinite(inside)))
    mean = np.where(hours > 0, hits / np.maximum(hours, 1), np.nan)
    axes.plot(subject.days(issued.issued_at_s[width - 1 :]), mean, **look)
    nominal = float(issued.quantile_levels[-1] - issued.quantile_levels[0])
    axes.axhline(nominal, color=style.GREY)
    _date_axis(axes)


def _date_axis(axes: Axes) -> None:
    # matplotlib ships no types for these two constructors.
    locator = AutoDateLocator(tz="UTC", minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, tz="UTC")  # type: ignore[no-untyped-call]
    )


def _error_axes(axes: Axes, subject: Subject, *, end_h: float) -> None:
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(0.0, end_h)
    axes.set_ylabel(subject.error_label())
