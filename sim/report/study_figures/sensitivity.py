"""The figure of sensitivities: what the main metric depends on."""

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.evidence import Correlation, Estimate, Sensitivity, SobolIndex, Swing
from sim.report.study_figures.panels import named_panels
from sim.report.study_figures.results import StudyResults, axis_label, value_text
from sim.report.study_tables import metric_of

_MOST_PANELS: Final = 3
_MOST_AXES: Final = 12
_ROW_IN: Final = 0.5
_NOTES: Final = {
    "sobol": "Shares of the variance that an axis causes, by Sobol' indices with 95 % intervals.",
    "tornado": "Each axis goes from end to end while the others stay; the line is the base.",
    "rank-correlation": "Spearman's rank correlation with 95 % intervals: 1 always up, -1 always "
                        "down.",
}
_XLABELS: Final = {"sobol": "Share of the variance (-)", "rank-correlation": "Rank correlation (-)"}


def sensitivity_figure(results: StudyResults) -> Figure | None:
    """Draw what the main metric depends on: Sobol' indices, a tornado or rank correlations.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A panel a policy, the best first; None if nothing was swept or too little is known.
    """
    shown = _shown(results)
    if not shown:
        return None
    metric = metric_of(shown[0].metric)
    names = [axis_label(results, row.axis) for one in shown for row in one.rows]
    rows_count = min(_MOST_AXES, max(len(one.rows) for one in shown))
    with style.house_style():
        figure, panels, name_in = named_panels(
            len(shown), _ROW_IN * (rows_count + 0.4), names=names
        )
        title = f"{results.table.scenario}: what {metric.label.lower()} depends on"
        style.title(figure, title, note=_NOTES[shown[0].method], from_left_in=name_in)
        for axes, one in zip(panels, shown, strict=True):
            _DRAW[one.method](axes, one)
            rows = one.rows[:_MOST_AXES]
            _finish(axes, [axis_label(results, row.axis) for row in rows],
                    _XLABELS.get(one.method, metric.title))
            axes.set_title(one.policy if one.variant == "base" else f"{one.variant}: {one.policy}")
        style.legend_above(figure, figure.axes[:1])
    return figure


def _shown(results: StudyResults) -> list[Sensitivity]:
    """Return those of the first method, the leading policy's first."""
    known = [one for one in results.evidence.sensitivities if one.rows]
    ordered = sorted(known, key=lambda one: one.policy != results.leader)
    return [one for one in ordered if one.method == ordered[0].method][:_MOST_PANELS]


def _sobol(axes: Axes, sensitivity: Sensitivity) -> None:
    rows = cast("Sequence[SobolIndex]", sensitivity.rows[:_MOST_AXES])
    kinds = (("By itself (first order)", [row.first for row in rows]),
             ("Together with others (total)", [row.total for row in rows]))
    for place, (label, estimates) in enumerate(kinds):
        heights = np.arange(len(rows)) + 0.36 * (place - 0.5)
        axes.barh(heights, [one.value for one in estimates], height=0.34, label=label, alpha=0.8,
                  edgecolor="white", linewidth=0.0, **style.bar_look(place + 1))
        _whiskers(axes, estimates, heights)
    axes.set_xlim(right=max(1.0, axes.get_xlim()[1]))


def _tornado(axes: Axes, sensitivity: Sensitivity) -> None:
    rows = cast("Sequence[Swing]", sensitivity.rows[:_MOST_AXES])
    middle = next((row.base for row in rows if row.base is not None), None)
    for height, row in enumerate(rows):
        base = (row.low.value + row.high.value) / 2 if middle is None else middle
        for place, (end, setting) in enumerate(((row.low, row.axis_low),
                                                (row.high, row.axis_high))):
            axes.barh(height, end.value - base, left=base, height=0.55, alpha=0.8, linewidth=0.0,
                      edgecolor="white", **style.bar_look(place + 1))
            _whiskers(axes, [end], np.array([float(height)]))
            axes.annotate(value_text(setting), (_outer(end, place), height), va="center",
                          xytext=(4 if place else -4, 0), textcoords="offset points",
                          ha="left" if place else "right", fontsize=8.5)
    if middle is not None:
        axes.axvline(middle, color=style.BLACK, linewidth=0.8)
    axes.margins(x=0.22)
    axes.locator_params(axis="x", nbins=5)
    style.numbers(axes.xaxis)


def _outer(end: Estimate, place: int) -> float:
    """Return the outer end of a bar, its whisker included."""
    outer = end.high if place else end.low
    return end.value if outer is None else outer


def _correlations(axes: Axes, sensitivity: Sensitivity) -> None:
    rows = cast("Sequence[Correlation]", sensitivity.rows[:_MOST_AXES])
    heights = np.arange(len(rows), dtype=float)
    axes.barh(heights, [row.rho.value for row in rows], height=0.55, alpha=0.8, linewidth=0.0,
              edgecolor="white", **style.bar_look(1))
    _whiskers(axes, [row.rho for row in rows], heights)
    axes.axvline(0.0, color=style.BLACK, linewidth=0.8)
    axes.set_xlim(-1.05, 1.05)


def _whiskers(axes: Axes, estimates: Sequence[Estimate], heights: np.ndarray) -> None:
    for one, height in zip(estimates, heights, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot((one.low, one.high), (height, height), color=style.BLACK, linewidth=1.2,
                      marker="|", markersize=5)


def _finish(axes: Axes, names: Sequence[str], xlabel: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(left=False)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(xlabel)


_DRAW: Final = {"sobol": _sobol, "tornado": _tornado, "rank-correlation": _correlations}
