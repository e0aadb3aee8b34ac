"""Add seeds to a study until its main metric is known well enough."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pandas as pd

from sim.errors import DataError
from sim.scenario.sweep.plan import StudyPlan
from sim.study.conduct.conductor import Outcome, conduct
from sim.study.conduct.progress import Progress
from sim.study.conduct.settings import Settings
from sim.study.dataset.read import read_study
from sim.study.statistics.stopping import until_ci

MOST_SEEDS_COUNT: Final = 1_000
"""Seeds at which a study stops all the same (assumption: what needs more asks too much). [-]."""


def conduct_until(
    plan: StudyPlan,
    settings: Settings,
    target_fraction: float,
    *,
    on_event: Callable[[Progress], None] = lambda _progress: None,
) -> Outcome:
    """Carry out a study, and add seeds until the intervals of its main metric are narrow enough.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    settings : Settings
        How it is carried out; its metric is the one that counts.
    target_fraction : float
        Half the width that a 95 % interval may have, relative to the mean. [-]
    on_event : callable
        Is told how far it is.

    Returns
    -------
    Outcome
        What became of each run, over all rounds.

    Raises
    ------
    DataError
        If a thousand seeds do not do, or the metric has no interval.
    """
    seeds = tuple(dict.fromkeys(settings.selection.seeds or plan.seeds))
    now, done = settings, dict[tuple[str, str, int], None]()
    while True:
        now = replace(now, selection=replace(now.selection, seeds=seeds))
        outcome = conduct(plan, now, on_event=on_event)
        done.update(dict.fromkeys(run.key for run in outcome.done))
        more = 0 if outcome.failed else _more(plan, outcome, settings.metric, target_fraction)
        if not more:
            skipped = tuple(run for run in outcome.skipped if run.key not in done)
            again = tuple(run for run in outcome.skipped if run.key in done)
            return replace(outcome, done=(*again, *outcome.done), skipped=skipped)
        if len(seeds) >= MOST_SEEDS_COUNT:
            msg = (
                f"{outcome.home}: {len(seeds)} seeds do not make the interval of {settings.metric} "
                f"as narrow as {target_fraction:.3g} of its mean; some {more} more would. Ask for "
                "less with --until-ci. All runs are kept."
            )
            raise DataError(msg)
        # twice as many at the most: the estimate after few seeds may be far off
        count = min(more, len(seeds), MOST_SEEDS_COUNT - len(seeds))
        first = max(seeds) + 1
        seeds = (*seeds, *range(first, first + max(count, 1)))
        now = replace(now, fresh=False)


def _more(plan: StudyPlan, outcome: Outcome, metric: str, target_fraction: float) -> int:
    """Return how many more seeds the runs that were asked for need."""
    table = read_study(outcome.home)
    asked = {run.key for run in (*outcome.done, *outcome.skipped)}
    keys = zip(table["point"], table["policy"], table["seed"], strict=True)
    runs = table[[key in asked for key in keys]]
    return until_ci(runs, metric, target_fraction, baseline=_baseline(plan, runs["policy"]))


def _baseline(plan: StudyPlan, policies: "pd.Series[str]") -> str | None:
    there = set(policies)
    return next((name for name in plan.policies if name in there), None)
