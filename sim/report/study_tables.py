"""What a study says, for the terminal: best policy of each point, ranking, what matters most."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.evidence import (
    Correlation,
    Estimate,
    Evidence,
    Ranking,
    Sensitivity,
    SobolIndex,
    Swing,
)
from sim.report.labels import (
    BOUNDS,
    FURTHER,
    HEADLINES,
    KEY_METRICS,
    RARE,
    Metric,
    Value,
    better_end,
    decimals,
    percent,
    written,
)
from sim.report.study_table import StudyTable
from sim.report.tables import fits, number_table
from sim.report.variants import VariantRow, VariantTable

MOST_POINTS: Final = 20
"""Rows of the table of points; the rest is counted."""

_MOST_POLICIES: Final = 12
_BESIDE: Final = (
    "cost_total_usd", "carbon_total_kg", "carbon_operational_location_kg", "jobs_completed_count",
    "unserved_kwh", "deadline_missed_count",
)
_KNOWN: Final = {
    metric.name: metric
    for metric in (*(one for rows in KEY_METRICS.values() for one in rows),
                   *BOUNDS, *FURTHER, *RARE, *HEADLINES)
}


def print_study(
    table: StudyTable, evidence: Evidence, console: Console, *, cautions: Iterable[str] = ()
) -> None:
    """Print what a sweep says: the best points, the ranking of policies, what matters most.

    Parameters
    ----------
    table : StudyTable
        The study, with axes.
    evidence : Evidence
        What its statistics say.
    console : Console
        Where to print.
    cautions : iterable of str
        Sentences about why totals may not compare, besides those of the evidence.
    """
    console.print(Text(heading(table)))
    console.print()
    console.print(points_table(table, console))
    left = len(table.points) - MOST_POINTS
    if left > 0:
        console.print(Text(
            f"{left:,} more point{'s' * (left > 1)}: study.csv, study.html and `gridloom query` "
            "have all."
        ))
    for one in _blocks(table, evidence):
        console.print()
        console.print(one)
    print_cautions((*cautions, *evidence.cautions), console)


def print_cautions(cautions: Iterable[str], console: Console) -> None:
    """Print sentences that say what a study cannot show, each once."""
    for caution in dict.fromkeys(cautions):
        console.print(Text(f"Caution: {caution}"))


def heading(table: StudyTable) -> str:
    """Say in a line what was run."""
    failed = f", {_counted(len(table.failed), 'run')} failed" if table.failed else ""
    axes = f" over {', '.join(axis.name for axis in table.axes)}" if table.axes else ""
    design = f" ({table.design})" if table.design else ""
    return (
        f"{table.scenario}: {_counted(len(table.runs), 'run')} at "
        f"{_counted(len(table.points), 'point')}{axes}{design}, "
        f"{_counted(len(table.policies), 'policy')}, {_counted(len(table.seeds), 'seed')}{failed}"
    )


def best_points(table: StudyTable) -> pd.DataFrame:
    """Return the best policy of each point by the main metric, the best point first.

    Parameters
    ----------
    table : StudyTable
        The study.

    Returns
    -------
    DataFrame
        One row per point: point, variant, axes, policy, means of the metrics over the seeds, and
        ``change_percent``: that of the main metric against the baseline there.
    """
    axes = [axis.name for axis in table.axes]
    keys = ["point", "variant", *axes, "policy"]
    shown = [name for name in dict.fromkeys((table.main_metric, *_BESIDE)) if name in table.runs]
    means = table.runs.groupby(keys, sort=False, dropna=False)[shown].mean().reset_index()
    sign = -1.0 if better_end(table.main_metric) == "high" else 1.0
    means["_goal"] = sign * means[table.main_metric]
    best = means.sort_values("_goal", kind="stable").drop_duplicates("point")
    baseline = means[means["policy"] == table.policies[0]].set_index("point")[table.main_metric]
    reference = best["point"].map(baseline)
    change = 100.0 * (best[table.main_metric] - reference) / reference.abs()
    best["change_percent"] = change.where((reference != 0) & (best["policy"] != table.policies[0]))
    return best.drop(columns="_goal").reset_index(drop=True)


def points_table(table: StudyTable, console: Console) -> Table:
    """Return the best points, with as many metrics as the console has room for.

    Parameters
    ----------
    table : StudyTable
        The study.
    console : Console
        Where it will be printed.

    Returns
    -------
    Table
        At most `MOST_POINTS` rows.
    """
    best = best_points(table).head(MOST_POINTS)
    metrics = [
        metric_of(name) for name in dict.fromkeys((table.main_metric, *_BESIDE))
        if name in best and best[name].notna().any()
        and (name != "carbon_operational_location_kg" or "carbon_total_kg" not in best)
    ]
    while True:
        laid = _points(table, best, metrics)
        if len(metrics) <= 1 or fits(laid, console):
            return laid
        metrics = metrics[:-1]


def metric_of(name: str) -> Metric:
    """Return how a reader meets a metric; by its own name where nobody gave it another."""
    return _KNOWN.get(name, Metric(name, name, "", better_end(name)))


def variant_table(table: StudyTable) -> VariantTable:
    """Return a study without a sweep as its variants side by side."""
    metrics = list(table.metrics)
    means = table.runs.groupby(["variant", "policy"], sort=False)[metrics].mean().reset_index()
    rows = tuple(
        VariantRow(row["variant"], row["policy"], {name: _known(row[name]) for name in metrics})
        for row in means.to_dict("records")
    )
    return VariantTable(table.scenario, rows)


def _points(table: StudyTable, best: pd.DataFrame, metrics: Sequence[Metric]) -> Table:
    axes = {axis.name: f"{axis.title}\n({axis.unit})" if axis.unit else axis.title
            for axis in table.axes}
    texts = {"variant": "Variant"} if len(set(table.runs["variant"])) > 1 else {}
    several = len(table.policies) > 1
    policy = {"policy": "Best policy"} if several else {}
    change = [f"against\n{table.policies[0]}"] if several else []
    main, *others = [metric.title.replace(" (", "\n(") for metric in metrics]
    laid = number_table([*texts.values(), *axes.values(), *policy.values()],
                        [main, *change, *others])
    columns = [*(best[name].map(_axis) for name in (*texts, *axes, *policy))]
    numbers = [_numbers(best[metric.name]) for metric in metrics]
    if several:
        numbers.insert(1, [percent(_known(value)) for value in best["change_percent"]])
    for cells in zip(*columns, *numbers, strict=True):
        laid.add_row(*map(Text, cells))
    goal = "most" if metrics[0].better == "high" else "least"
    laid.caption = f"the {goal} {metrics[0].label.lower()} first; means over the seeds"
    laid.caption_justify = "left"
    return laid


def _blocks(table: StudyTable, evidence: Evidence) -> Iterator[Table]:
    if evidence.rankings and len(table.policies) > 1:
        yield _ranking(evidence.rankings[0])
    leaders = [row.policy for row in evidence.rankings[0].rows] if evidence.rankings else []
    leader = leaders[0] if leaders else table.policies[0]
    for one in evidence.sensitivities:
        if one.policy == leader:
            yield _sensitivity(one, table)


def _ranking(ranking: Ranking) -> Table:
    metric = metric_of(ranking.metric)
    laid = number_table(("Policy",), (metric.title, "Rank", "Best in resamples"))
    rows = ranking.rows[:_MOST_POLICIES]
    means = _numbers(pd.Series([row.mean for row in rows]))
    for row, mean in zip(rows, means, strict=True):
        share = "-" if row.best_fraction is None else f"{100.0 * row.best_fraction:.0f} %"
        laid.add_row(Text(row.policy), mean, _interval(row.rank, 2), share)
    told = any(row.rank.low is not None for row in rows)
    laid.caption = (
        f"ranks over {_counted(ranking.points_count, 'point')} and "
        f"{_counted(ranking.seeds_count, 'seed')}{', with 95 % intervals' if told else ''}"
    )
    laid.caption_justify = "left"
    return laid


def _sensitivity(one: Sensitivity, table: StudyTable) -> Table:
    titles = {axis.name: axis.title for axis in table.axes}
    heads = {"sobol": ("First order", "Total"), "tornado": ("Least", "Most"),
             "rank-correlation": ("Rank correlation",)}[one.method]
    laid = number_table((f"What {metric_of(one.metric).label.lower()} depends on",), heads)
    for row in one.rows:
        laid.add_row(Text(titles.get(row.axis, row.axis)), *map(Text, _cells(row)))
    where = "" if one.variant == "base" else f", variant {one.variant}"
    laid.caption = ". ".join((f"policy {one.policy}{where}", *one.notes))
    laid.caption_justify = "left"
    return laid


def _cells(row: SobolIndex | Swing | Correlation) -> tuple[str, ...]:
    if isinstance(row, SobolIndex):
        return _interval(row.first, 2), _interval(row.total, 2)
    if isinstance(row, Correlation):
        return (_interval(row.rho, 2),)
    count = decimals([row.low.value, row.high.value])
    return tuple(
        f"{written(end.value, count)} at {_axis(value)}"
        for end, value in ((row.low, row.axis_low), (row.high, row.axis_high))
    )


def _interval(estimate: Estimate, count: int) -> str:
    value = written(estimate.value, count)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{estimate.low:.{count}f}, {estimate.high:.{count}f}]"


def _numbers(values: "pd.Series[float]") -> list[str]:
    known = [_known(value) for value in values]
    count = decimals(known)
    return [written(value, count) for value in known]


def _known(value: float) -> Value:
    """Return a mean; that of counts which are all alike is a whole number again."""
    if pd.isna(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _axis(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def _counted(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"
