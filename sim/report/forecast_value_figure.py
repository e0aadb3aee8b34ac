"""The figure of what forecasts are worth: how good they were against how much they saved."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.forecast_value import Worth, forecast_value
from sim.report.variant_figure import MARKERS, label_points
from sim.report.variants import VariantTable


def forecast_value_figure(table: VariantTable) -> Figure | None:
    """Draw the captured share of the saving over the forecasts' error and their rank correlation.

    Parameters
    ----------
    table : VariantTable
        The variants.

    Returns
    -------
    Figure or None
        None where `forecast_value` finds nothing.
    """
    value = forecast_value(table)
    if value is None:
        return None
    ranked = [point for point in value.points if point.rank_correlation is not None]
    panels = [
        ("Mean absolute error (% of the mean)", value.points,
         [100.0 * point.error_ratio for point in value.points]),
        ("Rank correlation within each forecast", ranked,
         [float(point.rank_correlation or 0.0) for point in ranked]),
    ]
    with style.house_style():
        figure = Figure(figsize=(style.WIDTH_IN, 4.9))
        axes = figure.subplots(1, 2, sharey=True, gridspec_kw={
            "left": style.LEFT_IN / style.WIDTH_IN, "right": 1 - style.RIGHT_IN / style.WIDTH_IN,
            "top": 0.83, "bottom": 0.12, "wspace": 0.08,
        })
        figure.text(
            style.LEFT_IN / style.WIDTH_IN, 0.975,
            f"{table.scenario}: what forecasts are worth", va="top", fontsize=12, fontweight="bold",
        )
        figure.text(
            style.LEFT_IN / style.WIDTH_IN, 0.915,
            value.sentence, va="top", fontsize=9.5,
        )
        for one, (title, points, xs) in zip(axes, panels, strict=True):
            _draw(one, points, xs)
            _name_line(one, value.reference)
            one.set_xlabel(title)
        axes[0].set_ylabel("Captured of that saving (%)")
        if len({point.policy for point in value.points}) > 1:
            axes[0].legend(loc="lower left")
        figure.draw_without_rendering()
        for one, (_, points, xs) in zip(axes, panels, strict=True):
            label_points(one, [(point.label, x, 100.0 * point.captured_fraction)
                               for point, x in zip(points, xs, strict=True)])
    return figure


def write_forecast_value_figure(table: VariantTable, path: Path) -> Path | None:
    """Write the figure as PNG; return where it is, or None if there is nothing to draw."""
    figure = forecast_value_figure(table)
    if figure is None:
        path.unlink(missing_ok=True)
        return None
    return style.save(figure, path)


def _draw(axes: Axes, points: Sequence[Worth], xs: Sequence[float]) -> None:
    for level, look in ((100.0, "--"), (0.0, "-")):
        axes.axhline(level, color=style.GREY, linewidth=1.0, linestyle=look, zorder=0)
    for place, policy in enumerate(dict.fromkeys(point.policy for point in points)):
        mine = [(x, 100.0 * point.captured_fraction) for point, x in zip(points, xs, strict=True)
                if point.policy == policy]
        axes.plot(
            [x for x, _ in mine], [y for _, y in mine], linestyle="none", label=policy,
            marker=MARKERS[place % len(MARKERS)], markersize=7,
            color=style.LINE_COLOURS[(place + 1) % len(style.LINE_COLOURS)],
            markeredgecolor="white", markeredgewidth=0.8, zorder=2,
        )
    axes.margins(0.14)


def _name_line(axes: Axes, reference: str) -> None:
    """Say what the line of no saving stands for."""
    axes.annotate(
        reference, (1.0, 0.0), xycoords=("axes fraction", "data"), xytext=(-2, 3),
        textcoords="offset points", ha="right", va="bottom", fontsize=8.5, color="#6f6f6f",
    )
