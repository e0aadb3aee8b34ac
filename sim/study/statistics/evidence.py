"""All that the statistics of a study say, in one piece."""

from collections.abc import Iterator
from typing import Final

from sim.report.evidence import Evidence, Ranking, Sensitivity
from sim.report.labels import better_end
from sim.report.study_table import StudyTable
from sim.study.statistics.fronts import front_of
from sim.study.statistics.ranking import ranking_of
from sim.study.statistics.sensitivity import sensitivity
from sim.study.statistics.significance import seeds_caution

COST: Final = "cost_total_usd"
CARBON: Final = ("carbon_total_kg", "carbon_operational_location_kg")
"""The first that runs have: embodied carbon is not always known."""
TIME: Final = "jct_mean_h"


def evidence_of(table: StudyTable) -> Evidence:
    """Work out rankings, Pareto front and sensitivities of a study.

    Parameters
    ----------
    table : StudyTable
        The study.

    Returns
    -------
    Evidence
        What there is to say; parts that need more policies, metrics or points are empty.
    """
    return Evidence(
        rankings=tuple(_rankings(table)),
        front=front_of(table.runs, _weighed(table)),
        sensitivities=tuple(_sensitivities(table)),
        cautions=tuple(_cautions(table)),
    )


def _weighed(table: StudyTable) -> list[str]:
    """Return cost, carbon and completion time, as far as runs have them."""
    known = [name for name in (COST, *CARBON, TIME)
             if name in table.runs and table.runs[name].notna().any()]
    return [name for name in known if name != CARBON[1] or CARBON[0] not in known]


def _rankings(table: StudyTable) -> Iterator[Ranking]:
    for metric in dict.fromkeys((table.main_metric, *_weighed(table))):
        found = ranking_of(table.runs, metric, better_end(metric) or "low")
        if found is not None:
            yield found


def _sensitivities(table: StudyTable) -> Iterator[Sensitivity]:
    for variant in map(str, table.runs["variant"].unique()):
        for policy in table.policies:
            found = sensitivity(table, table.main_metric, variant=variant, policy=policy)
            if found is not None:
                yield found


def _cautions(table: StudyTable) -> Iterator[str]:
    caution = seeds_caution(len(table.seeds), len(table.policies))
    if caution:
        yield caution
    if table.failed:
        count = len(table.failed)
        yield (f"{count} run{'s' if count > 1 else ''} failed. Means and ranks are over what "
               "every policy finished.")
