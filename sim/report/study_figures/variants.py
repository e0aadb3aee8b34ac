"""The figure of a scenario's variants: cost against carbon."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.study_figures.names import label_points
from sim.report.variants import VariantRow, VariantTable

_COST: Final = "cost_total_usd"
_PANELS: Final = (
    ("carbon_operational_location_kg", "Carbon, average intensity (kgCO2e)"),
    ("carbon_marginal_kg", "Carbon, marginal intensity (kgCO2e)"),
)


def variants_figure(table: VariantTable) -> Figure | None:
    """Draw cost against carbon: one marker a variant and policy, one panel an accounting.

    Parameters
    ----------
    table : VariantTable
        The variants.

    Returns
    -------
    Figure or None
        None if the scenario knows no cost, or neither of the emissions.
    """
    panels = [(name, title) for name, title in _PANELS if _points(table.rows, name)]
    if not panels:
        return None
    with style.house_style():
        figure, frames = style.side_by_side(len(panels))
        style.title(figure, f"{table.scenario}: cost and carbon of its variants")
        for axes, (name, heading) in zip(frames, panels, strict=True):
            _draw(axes, table, name)
            axes.set_title(heading)
            axes.set_xlabel("Total cost (USD)")
        style.legend_above(figure, figure.axes[:1])
        figure.draw_without_rendering()
        for axes, (name, _) in zip(figure.axes, panels, strict=True):
            points = _points(table.rows, name)
            label_points(axes, [(row.variant, cost, carbon) for row, cost, carbon in points])
    return figure


def _points(rows: Sequence[VariantRow], name: str) -> list[tuple[VariantRow, float, float]]:
    """Return the rows whose cost and carbon are known, with both."""
    return [
        (row, float(cost), float(carbon)) for row in rows
        if (cost := row.means.get(_COST)) is not None
        and (carbon := row.means.get(name)) is not None
    ]


def _draw(axes: Axes, table: VariantTable, name: str) -> None:
    for variant in table.variants:
        known = _points([row for row in table.rows if row.variant == variant], name)
        axes.plot([cost for _, cost, _ in known], [carbon for *_, carbon in known],
                  color=style.GREY, linewidth=1.0, zorder=1)
    for place, policy in enumerate(table.policies):
        known = _points([row for row in table.rows if row.policy == policy], name)
        axes.plot(
            [cost for _, cost, _ in known], [carbon for *_, carbon in known], label=policy,
            zorder=2, **style.dots(place),
        )
    axes.margins(0.12)
    for axis in (axes.xaxis, axes.yaxis):
        style.numbers(axis)
    axes.locator_params(axis="x", nbins=6)
