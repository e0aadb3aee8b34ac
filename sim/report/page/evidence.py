"""What the statistics of a study say, as tables of a page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sim.report.evidence import (
    Correlation,
    Estimate,
    Evidence,
    Front,
    Ranking,
    Sensitivity,
    SobolIndex,
    Swing,
)
from sim.report.labels import decimals, percent, written
from sim.report.page.parts import Column, Table, plain
from sim.report.study_table import StudyTable
from sim.report.study_tables import best_points, metric_of

if TYPE_CHECKING:
    from sim.scenario.sweep.axes import Axis

_MOST_ON_FRONT: Final = 30
_MOST_POINTS: Final = 20


def evidence_tables(evidence: Evidence, table: StudyTable) -> list[Table]:
    """Return what the statistics say, a table each: rankings, sensitivities, Pareto front.

    Parameters
    ----------
    evidence : Evidence
        What they say.
    table : StudyTable
        The study, for the titles of its axes.

    Returns
    -------
    list of Table
        Those that have a row.
    """
    axes = {axis.name: axis_title(axis) for axis in table.axes}
    found = [
        *(_ranking(one) for one in evidence.rankings),
        *(_sensitivity(one, axes) for one in evidence.sensitivities),
        *([_front(evidence.front)] if evidence.front else []),
    ]
    return [one for one in found if one.rows]


def axis_title(axis: "Axis") -> str:
    """Return the words for an axis, with its unit."""
    return f"{axis.title} ({axis.unit})" if axis.unit else axis.title


def points(table: StudyTable) -> Table:
    """Return the best points of a study, each with its best policy.

    Parameters
    ----------
    table : StudyTable
        A study with axes.

    Returns
    -------
    Table
        The first of them, the best by the main metric at the top.
    """
    best = best_points(table)
    metric = metric_of(table.main_metric)
    axes = {axis.name: Column(axis_title(axis)) for axis in table.axes if axis.name in best}
    several = ["variant"] if len(set(best["variant"])) > 1 else []
    first = best.head(_MOST_POINTS)
    count = decimals([plain_number(value) for value in first[metric.name]])
    rows = tuple(
        (*(str(plain(row[name])) for name in (*several, *axes)), row["policy"],
         written(plain_number(row[metric.name]), count),
         percent(plain_number(row["change_percent"])))
        for row in first.to_dict("records")
    )
    columns = (*map(Column, map(str.capitalize, several)), *axes.values(), Column("Best policy"),
               Column(metric.title), Column(f"Against {table.policies[0]}"))
    left = len(best) - len(first)
    some = f" The first {len(first)}; {left:,} more stand in study.csv." if left else ""
    return Table(f"Best policy of each point by {metric.title}, the best point first.{some}",
                 columns, rows)


def plain_number(value: object) -> float | int | None:
    """Return a number of a frame as Python's own; None where it is missing."""
    number = plain(value)
    return None if isinstance(number, str) else number


def _ranking(ranking: Ranking) -> Table:
    count = decimals([row.mean for row in ranking.rows])
    rows = tuple(
        (row.policy, written(row.mean, count), _interval(row.rank, 2), _share(row.best_fraction))
        for row in ranking.rows
    )
    columns = (Column("Policy"), Column("Mean"), Column("Rank (95 % interval)"),
               Column("Best in resamples (%)"))
    over = f" over {ranking.points_count} points" if ranking.points_count > 1 else ""
    subject = f"Ranking by {metric_of(ranking.metric).title}"
    return Table(f"{subject}: {ranking.seeds_count} seeds{over}, 1 is best.", columns, rows)


def _front(front: Front) -> Table:
    on = [one for one in front.candidates if one.on_front][:_MOST_ON_FRONT]
    counts = [decimals([one.values[place] for one in on]) for place in range(len(front.metrics))]
    rows = tuple(
        (one.point, one.policy,
         *(written(value, count) for value, count in zip(one.values, counts, strict=True)),
         _share(one.front_fraction))
        for one in on
    )
    columns = (Column("Point"), Column("Policy"),
               *(Column(metric_of(metric).title) for metric in front.metrics),
               Column("On the front in resamples (%)"))
    return Table("Pareto front: no other policy at any point is as good in all and better in one.",
                 columns, rows)


def _sensitivity(one: Sensitivity, axes: dict[str, str]) -> Table:
    heads, rows = {
        "sobol": (("First order", "Total"), _sobol),
        "tornado": (("Least at", "Most at", "Swing"), _tornado),
        "rank-correlation": (("Spearman's rho",), _correlation),
    }[one.method]
    notes = " ".join(one.notes)
    subject = f"What {metric_of(one.metric).title} depends on, policy {one.policy} ({one.method})."
    return Table(
        f"{subject} {notes}".strip(),
        (Column("Axis"), *map(Column, heads)),
        tuple((axes.get(name, name), *texts) for name, *texts in rows(one)),
    )


def _sobol(one: Sensitivity) -> Iterator[tuple[str, ...]]:
    for row in one.rows:
        if isinstance(row, SobolIndex):
            yield row.axis, _interval(row.first, 2), _interval(row.total, 2)


def _tornado(one: Sensitivity) -> Iterator[tuple[str, ...]]:
    for row in one.rows:
        if isinstance(row, Swing):
            count = decimals([row.low.value, row.high.value])
            yield (
                row.axis,
                f"{row.axis_low}: {_interval(row.low, count)}",
                f"{row.axis_high}: {_interval(row.high, count)}",
                written(row.high.value - row.low.value, count),
            )


def _correlation(one: Sensitivity) -> Iterator[tuple[str, ...]]:
    for row in one.rows:
        if isinstance(row, Correlation):
            yield row.axis, _interval(row.rho, 2)


def _interval(estimate: Estimate, count: int) -> str:
    value = written(estimate.value, count)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({written(estimate.low, count)} to {written(estimate.high, count)})"


def _share(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100.0 * fraction:.0f}"
