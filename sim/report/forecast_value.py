"""What forecasts are worth: how good those of each variant were, and how much they saved.

Savings are counted from runs that look at no forecast to runs under a perfect one, so it takes both
besides what lies between them. Where the bound is known (`gridloom run --bound`), they are held
against that instead: what could have been saved by who knows all in advance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from sim.report.tables import number_table
from sim.report.variants import VariantRow, VariantTable

ERROR: Final = "forecast_nmae_ratio"
RANKS: Final = "forecast_rank_correlation"
"""Metrics that tell how good the forecasts of a run were."""


class _Goal(NamedTuple):
    """What is saved: its metric and its name; its bound, and what is captured of that saving."""

    metric: str
    name: str
    bound: str | None = None
    captured: str | None = None


_GOALS: Final = MappingProxyType(
    {
        "price": _Goal("cost_total_usd", "cost", "bound_cost_usd", "captured_cost_fraction"),
        "average_carbon_intensity": _Goal(
            "carbon_operational_location_kg", "carbon (average intensity)", "bound_carbon_kg",
            "captured_carbon_fraction",
        ),
        "marginal_carbon_intensity": _Goal("carbon_marginal_kg", "carbon (marginal intensity)"),
    }
)
"""What one saves who follows a signal."""

_LEAST_SAVING: Final = 1e-3  # of the value: with less to win, shares say nothing
_PERFECT: Final = 1e-9
_LEAST_POINTS: Final = 3


@dataclass(frozen=True, slots=True)
class Worth:
    """What the forecasts of one variant were worth under one policy.

    Attributes
    ----------
    variant, policy : str
        Names.
    error_ratio : float
        Mean absolute error over the mean of what came. [-]
    rank_correlation : float or None
        Rank correlation within each issue; None where what came did not vary. [-]
    captured_fraction : float
        Saving over that under a perfect forecast, or over that of the bound. [-]
    """

    variant: str
    policy: str
    error_ratio: float
    rank_correlation: float | None
    captured_fraction: float

    @property
    def label(self) -> str:
        """What the point is called in the figure."""
        return "perfect" if self.error_ratio <= _PERFECT else self.variant


@dataclass(frozen=True, slots=True)
class ForecastValue:
    """What forecasts were worth, by one goal.

    Attributes
    ----------
    goal : str
        What was saved.
    reference : str
        The policy without forecasts that savings are counted from.
    saving_fraction : float
        Share of it that a perfect forecast saves, under the policy that saves most; or the share
        that the bound is lower. [-]
    points : tuple of Worth
        One a variant and policy that looks at forecasts.
    is_bound : bool
        Whether savings are held against the bound.
    """

    goal: str
    reference: str
    saving_fraction: float
    points: tuple[Worth, ...]
    is_bound: bool = False

    @property
    def sentence(self) -> str:
        """What there was to save."""
        saved = f"{100.0 * self.saving_fraction:.1f} % of {self.goal}"
        if not self.is_bound:
            return f"A perfect forecast saves {saved} against {self.reference}."
        perfect = [point for point in self.points if point.label == "perfect"]
        most = 100.0 * max(point.captured_fraction for point in perfect)
        return (
            f"All known in advance saves {saved} against {self.reference}; a perfect forecast "
            f"captures {most:.1f} % of that."
        )


def forecast_value(table: VariantTable) -> ForecastValue | None:
    """Find what forecasts were worth in the variants of a scenario.

    Parameters
    ----------
    table : VariantTable
        The variants.

    Returns
    -------
    ForecastValue or None
        By the goal of the signals that were looked at (where they have none, by any); among several
        the one of which a perfect forecast saves the largest share. None unless some policy ran
        under a perfect forecast and two others, and one without any.
    """
    sought = [signal for signal in _GOALS if signal in table.signals] or list(_GOALS)
    found = [_against_bound(table, _GOALS[one]) or _by_goal(table, _GOALS[one]) for one in sought]
    known = [value for value in found if value is not None]
    return max(known, key=lambda value: value.saving_fraction, default=None)


def _against_bound(table: VariantTable, goal: _Goal) -> ForecastValue | None:
    """Return savings held against the bound; None unless that is known of all that is compared."""
    if goal.bound is None or goal.captured is None:
        return None
    blind = [row for row in table.rows if not _known(row, ERROR) and _known(row, goal.metric)]
    rows = [row for row in table.rows if _known(row, ERROR, goal.bound, goal.captured)]
    perfect = {
        row.policy: row for row in rows
        if _number(row, ERROR) <= _PERFECT and _number(row, goal.captured) > _LEAST_SAVING
    }
    rows = [row for row in rows if row.policy in perfect]
    if not blind or len(rows) < _LEAST_POINTS:
        return None
    least = min(_number(row, goal.bound) for row in perfect.values())
    saving = 1.0 - least / _number(blind[0], goal.metric)
    points = tuple(_worth(row, _number(row, goal.captured)) for row in rows)
    return ForecastValue(goal.name, blind[0].policy, saving, points, is_bound=True)


def _by_goal(table: VariantTable, sought: _Goal) -> ForecastValue | None:
    name, goal = sought.metric, sought.name
    blind = [row for row in table.rows if not _known(row, ERROR) and _known(row, name)]
    points: list[Worth] = []
    most = 0.0
    for policy in table.policies:
        rows = [row for row in table.rows if row.policy == policy and _known(row, ERROR, name)]
        oracle = next((row for row in rows if _number(row, ERROR) <= _PERFECT), None)
        if not blind or oracle is None or len(rows) < _LEAST_POINTS:
            continue
        gain = _saved(blind, oracle, name)
        if gain < _LEAST_SAVING:
            continue
        most = max(most, gain)
        points += [_worth(row, _saved(blind, row, name) / gain) for row in rows]
    return ForecastValue(goal, blind[0].policy, most, tuple(points)) if points else None


def _worth(row: VariantRow, captured_fraction: float) -> Worth:
    ranks = row.means.get(RANKS)
    return Worth(row.variant, row.policy, _number(row, ERROR), ranks, captured_fraction)


def _saved(blind: Sequence[VariantRow], row: VariantRow, name: str) -> float:
    """Return the share saved against a run without forecasts: of the variant, or else the first."""
    reference = next((other for other in blind if other.variant == row.variant), blind[0])
    before = _number(reference, name)
    return 1.0 - _number(row, name) / before if before > 0.0 else 0.0


def _known(row: VariantRow, *names: str) -> bool:
    return all(row.means.get(name) is not None for name in names)


def _number(row: VariantRow, name: str) -> float:
    return float(row.means[name] or 0.0)


def print_forecast_value(table: VariantTable, console: Console) -> None:
    """Print what forecasts were worth, the best first; nothing where that is not known.

    Parameters
    ----------
    table : VariantTable
        The variants.
    console : Console
        Where to print.
    """
    value = forecast_value(table)
    if value is None:
        return
    shown = number_table(
        ("Forecast", "Policy"),
        ("Error\n(% of the mean)", "Rank\ncorrelation", "Captured of the saving\n(%)"),
    )
    for point in sorted(value.points, key=lambda point: -point.captured_fraction):
        ranks = point.rank_correlation
        shown.add_row(
            Text(point.label), Text(point.policy), f"{100.0 * point.error_ratio:.1f}",
            "-" if ranks is None else f"{ranks:.2f}", f"{100.0 * point.captured_fraction:.0f}",
        )
    console.print()
    console.print(shown)
    console.print(Text(value.sentence))
