"""The figure of what forecasts are worth: how good they were against how much they saved."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.forecast_value import Worth, forecast_value
from sim.report.study_figures.names import label_points
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
        figure, axes = style.side_by_side(len(panels))
        style.title(figure, f"{table.scenario}: what forecasts are worth", note=value.sentence)
        for one, (label, points, xs) in zip(axes, panels, strict=True):
            _draw(one, points, xs)
            _name_line(one, value.reference)
            one.set_xlabel(label)
            one.set_ylabel("Captured of that saving (%)")
        many = len({point.policy for point in value.points}) > 1
        style.legend_above(figure, axes[:1] if many else ())
        figure.draw_without_rendering()
        for one, (_, points, xs) in zip(axes, panels, strict=True):
            shares = [100.0 * point.captured_fraction for point in points]
            label_points(one, [(f"{point.label} {share:.0f} %", x, share)
                               for point, x, share in zip(points, xs, shares, strict=True)])
    return figure


def _draw(axes: Axes, points: Sequence[Worth], xs: Sequence[float]) -> None:
    for level, look in ((100.0, "--"), (0.0, "-")):
        axes.axhline(level, color=style.GREY, linewidth=1.0, linestyle=look, zorder=0)
    for place, policy in enumerate(dict.fromkeys(point.policy for point in points)):
        mine = [(x, 100.0 * point.captured_fraction) for point, x in zip(points, xs, strict=True)
                if point.policy == policy]
        axes.plot(
            [x for x, _ in mine], [y for _, y in mine], label=policy, zorder=2,
            **style.dots(place) | {"color": style.look(place + 1)["color"]},
        )
    axes.margins(0.14)


def _name_line(axes: Axes, reference: str) -> None:
    """Say what the line of no saving stands for."""
    axes.annotate(
        reference, (1.0, 0.0), xycoords=("axes fraction", "data"), xytext=(-2, 3),
        textcoords="offset points", ha="right", va="bottom", fontsize=8.5, color="#6f6f6f",
    )
