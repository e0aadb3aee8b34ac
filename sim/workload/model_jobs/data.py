"""Preprocessing: a pass over a dataset."""

from collections.abc import Iterator, Sequence

from sim.scenario.homes import Node
from sim.scenario.schema.model_jobs import Preprocessing
from sim.units import GB, TB
from sim.workload.model_jobs.demand import (
    Demand,
    Mistake,
    data_power_w,
    technique_findings,
)
from sim.workload.profile import Profile
from sim.workload.techniques import combine


class PreprocessingRuns:
    """A stream of passes over a dataset.

    Parameters
    ----------
    spec : Preprocessing
        The stream as the scenario has it.
    nodes : sequence of Node
        The one cluster that they are at home on.
    """

    def __init__(self, spec: Preprocessing, nodes: Sequence[Node]) -> None:
        self._spec = spec

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what keeps the jobs from running."""
        given: dict[str, float | None] = {"batch_count": None, "parameters_b": None}
        yield from technique_findings(self._spec.techniques, "training", given)

    def demands(self, seed: int) -> tuple[Demand, ...]:
        """Return the jobs.

        Parameters
        ----------
        seed : int
            Seed of the replicate; nothing about these jobs is drawn. [-]

        Returns
        -------
        tuple of Demand
            One: all are at home at one site.
        """
        spec, effect = self._spec, combine(self._spec.techniques, "training")
        read_bytes = spec.data_tb * TB * effect.bytes_ratio.mid
        duration_s = read_bytes / (spec.gb_per_s * GB * spec.gpus) * effect.time_ratio.mid
        moved_bytes = read_bytes * (1.0 + spec.written_fraction)
        storage_w, network_w = data_power_w(
            moved_bytes, duration_s, spec.gpus, drives=spec.drives
        )
        draw = min(1.0, spec.power_fraction * effect.power_ratio.mid)
        profile = Profile(
            name=spec.name,
            clock_sensitive_fraction=spec.clock_sensitive_fraction,
            draw_fraction=draw,
            storage_w=storage_w,
            network_w=network_w,
            data_bytes=read_bytes + spec.data_gb * GB,
            techniques=spec.techniques,
        )
        return (Demand(profile, spec.gpus, duration_s, draw, notes=effect.notes),)
