"""The answer of a comparison: policies side by side, with the intervals of the differences."""

from typing import Any, Final

from sim.report.comparison import Comparison, Outcome
from sim.report.labels import decimals, percent, shown, written

_INTERVAL: Final = (
    "in brackets the 95 % confidence interval of the paired differences (bootstrap over the seeds, "
    "Student's t with fewer than six)"
)
_CHANCE: Final = (
    '"n.s." where the difference may be chance (p of 5 % or more, Holm-corrected)'
)


def answer(comparison: Comparison, points_count: int = 1) -> dict[str, Any]:
    """Return the table of a comparison as the templates write it.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    points_count : int
        Points of a study that it covers. [-]

    Returns
    -------
    dict
        Its caption, the policies, and rows of a title and a cell for each policy.
    """
    rows = []
    for metric in shown(comparison.outcomes):
        outcomes = comparison.outcomes[metric.name]
        count = decimals([outcome.mean for outcome in outcomes.values()])
        cells = [_cell(outcomes[policy], count) for policy in comparison.policies]
        rows.append((metric.title, cells))
    caption = _caption(comparison, points_count)
    return {"caption": caption, "policies": comparison.policies, "rows": rows}


def _caption(comparison: Comparison, points_count: int) -> str:
    if len(comparison.policies) < 2:
        return "One policy: nothing to compare it with"
    seeds = len(comparison.seeds)
    every = [one for outcomes in comparison.outcomes.values() for one in outcomes.values()]
    points = f"{points_count:,} points and " if points_count > 1 else ""
    marks = [
        f"Changes are against {comparison.policies[0]}, the baseline",
        "* marks the best of a row",
        f"means over {points}{seeds} seeds" if points or seeds > 1 else "a single seed",
    ]
    if any(one.low_percent is not None for one in every):
        marks.append(_INTERVAL)
    if any(one.doubtful for one in every):
        marks.append(_CHANCE)
    return "; ".join(marks) + "."


def _cell(outcome: Outcome, count: int) -> dict[str, Any]:
    change = percent(outcome.change_percent)
    doubt = " n.s." if outcome.doubtful else ""
    return {
        "value": written(outcome.mean, count),
        "change": f"{change} {outcome.interval_text}".strip() + doubt if change else "",
        "best": outcome.best,
    }
