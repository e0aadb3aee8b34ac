"""Federated training: clients at several sites that send what they learned, not their data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sim.catalog.hardware import needed
from sim.datacenter.moving import data_path, moving_time_s
from sim.datacenter.power import clock_sensitivity
from sim.scenario.homes import Node
from sim.scenario.schema.link import NetworkLink
from sim.scenario.schema.model_jobs import Federated
from sim.units import GBPS, KM_M
from sim.workload.model_jobs.demand import (
    BILLION,
    Demand,
    Mistake,
    assumed,
    technique_findings,
)
from sim.workload.model_jobs.training import FIELDS
from sim.workload.profile import Profile
from sim.workload.ranges import exact
from sim.workload.techniques import Modifiers, combine
from sim.workload.training import TrainingPlan, plan_mistakes, training_duration_s, training_flop
from sim.workload.training.memory import WEIGHT_BYTES

_FIELDS: Final = FIELDS | {"tokens_count": ("round_tokens",)}


@dataclass(frozen=True, slots=True)
class _Round:
    """One round at one site: what it computes, and what it sends and gets. [s], [B], [J/B]."""

    compute_s: float
    talk_s: float
    moved_bytes: float
    j_per_byte: float

    @property
    def time_s(self) -> float:
        return self.compute_s + self.talk_s


class FederatedRuns:
    """One federated training, a job at each site.

    Parameters
    ----------
    spec : Federated
        The stream as the scenario has it.
    nodes : sequence of Node
        The cluster at each of its sites.

    Notes
    -----
    In a round every client gets the model over its site's network, trains on its own data and
    sends its update; the clients of a site share its bandwidth. The round ends when the slowest
    site has: the others hold their accelerators and wait, idle with the model resident, and so
    does each while it sends and gets. A job's power is its mean over a round.
    """

    def __init__(self, spec: Federated, nodes: Sequence[Node]) -> None:
        self._spec = spec
        self._nodes = nodes

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what keeps the training from running."""
        spec = self._spec
        given = {"batch_count": None, "parameters_b": spec.parameters_b}
        yield from technique_findings(spec.techniques, "training", given)
        for number, node in enumerate(self._nodes):
            if node.site.network is None:
                message = f"site {node.site.name} has no network to send updates over. Add one."
                yield ("sites", number), message
            per_node = node.cluster.gpus_per_node
            for field, message in plan_mistakes(self._plan, node.chip, gpus_per_node=per_node):
                yield _FIELDS.get(field, ()), f"at {node.site.name}: {message}"

    def demands(self, seed: int) -> tuple[Demand, ...]:
        """Return the jobs.

        Parameters
        ----------
        seed : int
            Seed of the replicate; nothing about these jobs is drawn. [-]

        Returns
        -------
        tuple of Demand
            One for each site.
        """
        rounds = [self._round(node) for node in self._nodes]
        round_s = max(one.time_s for one in rounds)
        pairs = zip(self._nodes, rounds, strict=True)
        return tuple(self._demand(node, one, round_s) for node, one in pairs)

    def _demand(self, node: Node, one: _Round, round_s: float) -> Demand:
        spec = self._spec
        gpus_count = spec.gpus * spec.clients_per_site
        busy = one.compute_s / round_s
        power = spec.power_fraction or assumed("power_fraction")
        draw = min(1.0, power * self._effect.power_ratio.mid)
        waiting = needed(node.chip, "idle_resident_w") / needed(node.chip, "tdp_w")
        clients = spec.rounds * spec.clients_per_site
        profile = Profile(
            name=spec.name,
            clock_sensitive_fraction=clock_sensitivity("training").mid * busy,
            draw_fraction=draw,
            useful_fraction=busy,
            network_w=one.moved_bytes * one.j_per_byte / round_s / gpus_count,
            stays_home=True,
            run_flop=clients * training_flop(self._plan),
            run_tokens_count=clients * self._plan.tokens_count,
            trains=True,
            techniques=spec.techniques,
        )
        return Demand(
            profile,
            gpus_count=gpus_count,
            duration_s=spec.rounds * round_s,
            power_fraction=busy * draw + (1.0 - busy) * waiting,
            checkpoint_s=round_s,
            notes=self._effect.notes,
        )

    def _round(self, node: Node) -> _Round:
        if node.site.network is None:
            msg = f"site {node.site.name} has no network to send updates over"
            raise ValueError(msg)
        model_bytes = WEIGHT_BYTES * self._plan.parameters_count
        update_bytes = model_bytes * self._spec.update_ratio * self._effect.bytes_ratio.mid
        moved_bytes = self._spec.clients_per_site * (model_bytes + update_bytes)
        talk_s, j_per_byte = _way(node.site.network, moved_bytes)
        compute_s = training_duration_s(self._plan, node.chip).mid * self._effect.time_ratio.mid
        return _Round(compute_s, talk_s, moved_bytes, j_per_byte)

    @cached_property
    def _plan(self) -> TrainingPlan:
        """One client's part of one round."""
        spec = self._spec
        return TrainingPlan(
            parameters_count=spec.parameters_b * BILLION,
            tokens_count=spec.round_tokens,
            gpus_count=spec.gpus,
            mfu_fraction=exact(spec.mfu),
            precision=spec.precision,
        )

    @cached_property
    def _effect(self) -> Modifiers:
        parameters_count = self._plan.parameters_count
        return combine(self._spec.techniques, "training", parameters_count=parameters_count)


def _way(link: NetworkLink, moved_bytes: float) -> tuple[float, float]:
    """Return the time of sending and getting, there and back, and the energy per byte [J/B]."""
    path, own = data_path(link.medium), link.bandwidth_gbps
    bytes_per_s = path.bytes_per_s if own is None else own * GBPS
    distance_m = 2.0 * link.distance_km * KM_M
    return (
        moving_time_s(moved_bytes, bytes_per_s, distance_m=distance_m),
        path.energy_j_per_byte.mid,
    )
