"""Figures of a study, drawn from what is on disk: `STUDY_FIGURES` names them all, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from matplotlib.figure import Figure

from sim.report.study_figures.comparison import bars, cumulative
from sim.report.study_figures.differences import MOST_COMPARISONS, differences
from sim.report.study_figures.forecast_value import forecast_value_figure
from sim.report.study_figures.heat_map import heat_map
from sim.report.study_figures.pareto import pareto_figure
from sim.report.study_figures.performance import performance_figure
from sim.report.study_figures.ranking import ranking_figure
from sim.report.study_figures.response import response
from sim.report.study_figures.results import StudyResults
from sim.report.study_figures.sensitivity import sensitivity_figure
from sim.report.study_figures.variants import variants_figure


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """One kind of figure of a study.

    Attributes
    ----------
    title : str
        What it is called.
    alt : str
        What it shows, for those who cannot see it.
    needs : str
        What a study must have to show something in it.
    draw : callable
        Draws it; None if the study has nothing to show in it.
    """

    title: str
    alt: str
    needs: str
    draw: Callable[[StudyResults], Figure | None]


def _bars(results: StudyResults) -> Figure | None:
    if not results.comparisons or len(results.table.policies) < 2:
        return None
    name, comparison = next(iter(results.comparisons.items()))
    if results.table.axes:  # the name says over how many points
        comparison = replace(comparison, scenario=f"{comparison.scenario} ({name})")
    return bars(comparison)


def _cumulative(results: StudyResults) -> Figure | None:
    comparison = next(iter(results.comparisons.values()), None)
    if comparison is None or not set(comparison.policies) <= set(results.totals):
        return None
    return cumulative(comparison, results.totals)


def _of_variants(draw: Callable[..., Figure | None]) -> Callable[[StudyResults], Figure | None]:
    """Draw a figure of variants; there must be several, unless it tells policies apart as well."""
    return lambda results: draw(results.variants) if results.variants else None


def _variants(results: StudyResults) -> Figure | None:
    several = results.variants is not None and len(results.variants.variants) > 1
    return variants_figure(results.variants) if several and results.variants else None


STUDY_FIGURES: Final[Mapping[str, StudyFigure]] = MappingProxyType({
    "comparison": StudyFigure(
        "Policies compared",
        "Bars of cost, carbon, energy, import and wait for every policy, with the change against "
        "the baseline.",
        "several policies that ran at the same points",
        _bars,
    ),
    "differences": StudyFigure(
        "Differences from the baseline",
        "Mean paired differences of every policy from the baseline, with their intervals.",
        f"several policies, and not more than {MOST_COMPARISONS} variants",
        differences,
    ),
    "ranking": StudyFigure(
        "Policies ranked",
        "Place of every policy in cost, carbon and time, with its interval and how often it is "
        "the best.",
        "several policies",
        ranking_figure,
    ),
    "pareto": StudyFigure(
        "Cost against carbon",
        "Cost against carbon of every policy and point, with the front of those that nobody beats.",
        "cost and carbon of several policies or points",
        pareto_figure,
    ),
    "heat_map": StudyFigure(
        "Two axes",
        "Cost and carbon over two axes as heat maps, with the points where each is best.",
        "two axes that make a grid",
        heat_map,
    ),
    "response": StudyFigure(
        "Along an axis",
        "Cost and carbon along an axis, a line for every policy with its interval.",
        "one axis, or two that make a grid",
        response,
    ),
    "sensitivity": StudyFigure(
        "What the main metric depends on",
        "How much the main metric depends on each axis, the strongest first.",
        "a sweep of at least three points",
        sensitivity_figure,
    ),
    "variants": StudyFigure(
        "Cost and carbon of the variants",
        "Cost against carbon with a marker for every variant and policy.",
        "several variants, with cost and carbon",
        _variants,
    ),
    "performance": StudyFigure(
        "Energy against performance",
        "Energy and carbon against the mean time to completion for every variant and policy.",
        "runs that complete the same jobs in different times",
        _of_variants(performance_figure),
    ),
    "forecast-value": StudyFigure(
        "What forecasts are worth",
        "Savings of each forecaster against its error.",
        "variants with a perfect forecast and at least two others",
        _of_variants(forecast_value_figure),
    ),
    "cumulative": StudyFigure(
        "Running totals",
        "How cost and carbon add up in time for every policy, and the difference from the "
        "baseline.",
        "runs that kept their steps, at one point or at the scenario itself",
        _cumulative,
    ),
})
"""All figures of a study by name, in the order in which a reader wants them."""
