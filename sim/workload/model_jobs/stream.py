"""Streams of model jobs as tables of jobs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from sim.registry import MODEL_JOBS, load_class
from sim.scenario.homes import ClusterAt, Node, home_clusters
from sim.scenario.schema.model_jobs import AnyModelJobs
from sim.scenario.schema.scenario import Scenario
from sim.streams import stream
from sim.units import HOUR_S
from sim.workload.arrivals import arrival_times_s
from sim.workload.jobs import JobTable
from sim.workload.model_jobs.demand import Demand
from sim.workload.profile import Profile


class _Kind(Protocol):
    """A kind of model jobs, from ``registry.MODEL_JOBS``."""

    def __init__(self, spec: AnyModelJobs, nodes: Sequence[Node]) -> None: ...

    def demands(self, seed: int) -> tuple[Demand, ...]: ...


def model_tables(
    scenario: Scenario, spec: AnyModelJobs, folder: Path, seed: int
) -> tuple[list[tuple[JobTable, Profile]], list[str]]:
    """Return the jobs of a stream, those of each of its sites as a table of their own.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    spec : ModelTraining, FineTuning, BatchInference, Preprocessing or Federated
        The stream.
    folder : Path
        Folder that file names are relative to.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    streams : list of tuple
        Jobs and their profile.
    notes : list of str
        What the user should know about them.
    """
    homes = [_home(scenario, spec, site) for site in spec.home_sites]
    nodes = [Node(at.site, at.cluster, at.chip(folder)) for at in homes]
    kind = cast("type[_Kind]", load_class(MODEL_JOBS[spec.type]))

    def draws(purpose: str) -> np.random.Generator:
        """Return the random stream of a purpose."""
        return stream(seed, f"workload/{spec.name}/{purpose}")

    arrival_s = arrival_times_s(spec.arrivals, scenario.duration_h, draws)
    demands = kind(spec, nodes).demands(seed)
    streams = [
        (
            demand.table(
                arrival_s,
                draws("mfu"),
                home=(at.site_number, at.number),
                slack_s=None if spec.slack_h is None else spec.slack_h * HOUR_S,
                interruptible=spec.interruptible,
            ),
            demand.profile,
        )
        for demand, at in zip(demands, homes, strict=True)
    ]
    return streams, [f"{spec.name}: {note}" for note in demands[0].notes]


def _home(scenario: Scenario, spec: AnyModelJobs, site: str | None) -> ClusterAt:
    """Return the first cluster of a site that is large enough."""
    found = home_clusters(scenario, site, spec.cluster)
    return next(at for at in found if at.gpus_count >= spec.most_gpus)
