"""What the figures of a study are drawn from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import pandas as pd

from sim.report.comparison import Comparison
from sim.report.evidence import Evidence
from sim.report.labels import decimals, written
from sim.report.study_table import StudyTable
from sim.report.variants import VariantTable


@dataclass(frozen=True, slots=True)
class StudyResults:
    """A study, and what the statistics make of it.

    Attributes
    ----------
    table : StudyTable
        Its runs.
    evidence : Evidence
        Rankings, Pareto front, sensitivities.
    means : mapping of str to DataFrame
        By metric, cost and carbon among them where they are known: one row per point and policy
        with point, variant, a column for each axis, policy, mean over the seeds, and its 95 %
        interval as low and high, NaN where there is none.
    comparisons : mapping of str to Comparison
        Policies side by side, by the variant; one of all points together where axes were swept.
    totals : mapping of str to DataFrame
        By policy, per step over all sites: time, cost_total_usd, carbon_operational_location_kg;
        of the only point, or of the scenario itself.
    variants : VariantTable or None
        Variants side by side; None for a sweep.
    """

    table: StudyTable
    evidence: Evidence = field(default_factory=Evidence)
    means: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    totals: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    variants: VariantTable | None = None

    @property
    def moving(self) -> tuple[str, ...]:
        """Return the names of the axes that have more than one value."""
        return tuple(axis.name for axis in self.table.axes
                     if len(self.table.runs[axis.name].unique()) > 1)

    @property
    def leader(self) -> str:
        """Return the policy that does best in the main metric; the baseline where none is told."""
        rankings = self.evidence.rankings
        return rankings[0].rows[0].policy if rankings else self.table.policies[0]

    @property
    def seeds_told(self) -> str:
        """Say over which seeds the means are."""
        seeds = self.table.seeds
        return f"seed {seeds[0]}" if len(seeds) == 1 else f"mean over {len(seeds)} seeds"


def axis_label(results: StudyResults, name: str) -> str:
    """Return what an axis of a study is called, with its unit."""
    axis = next(axis for axis in results.table.axes if axis.name == name)
    return f"{axis.title or axis.name} ({axis.unit})" if axis.unit else axis.title or axis.name


def in_order(results: StudyResults, name: str, values: Iterable[Any]) -> list[Any]:
    """Return values of an axis, each once: numbers by size, words as the scenario has them."""
    found = dict.fromkeys(values)
    if is_number(found):
        return sorted(found)
    axis = next(axis for axis in results.table.axes if axis.name == name)
    known = list(axis.values)
    return [*(value for value in known if value in found), *(found.keys() - known)]


def is_number(values: Iterable[object]) -> bool:
    """Return whether all values of an axis are numbers."""
    return all(isinstance(value, Real) and not isinstance(value, bool) for value in values)


def value_text(value: object) -> str:
    """Write a value of an axis short: numbers to four digits, words as they are."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    number = float(value)
    return f"{number:,.4g}" if abs(number) < 1e4 else written(number, decimals([number]))
