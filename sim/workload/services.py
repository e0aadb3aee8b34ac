"""The services of a run, from the scenario to what the engine runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sim.datacenter.moving import moving_time_s
from sim.errors import DataError
from sim.scenario.homes import home_clusters
from sim.scenario.nodes import accelerator, own_accelerators
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.service import Service
from sim.scenario.schema.site import Site
from sim.units import GB, HOUR_S, KM_M, MINUTE_S
from sim.workload.demand import Demand, Steps, build_demand
from sim.workload.serving import ServingCurve, curve_of, largest_batch

UNCERTAIN_FRACTION: Final = 0.15
"""A curve that misses the measured throughput by more than this is worth a warning."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service as the engine runs it.

    Attributes
    ----------
    spec : Service
        The service as the scenario has it.
    site, cluster : int
        Where it runs: number of the site, and of the cluster in the scenario. [-]
    curve : ServingCurve
        The model on the accelerators of a replica.
    max_batch : int
        Largest batch of a replica. [-]
    load_s : float
        Time until a new replica serves. [s]
    network_s : float
        Network time to the users and back. [s]
    demand : Demand
        What is asked of it.
    """

    spec: Service
    site: int
    cluster: int
    curve: ServingCurve
    max_batch: int
    load_s: float
    network_s: float
    demand: Demand


def build_services(
    scenario: Scenario, folder: Path, seed: int
) -> tuple[tuple[ServicePlan, ...], list[str]]:
    """Return the services of a run, and what the user should know about them.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    folder : Path
        Folder that its file names are relative to.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    tuple
        The services, and warnings.

    Raises
    ------
    DataError
        If a file cannot be used, or a service cannot run.
    """
    plans: list[ServicePlan] = []
    notes: list[str] = []
    step_s = scenario.step_min * MINUTE_S
    steps = Steps(scenario.start, step_s, round(scenario.duration_h * HOUR_S / step_s))
    for spec in scenario.workload:
        if isinstance(spec, Service):
            demand, said = build_demand(spec, steps, folder=folder, seed=seed)
            plan = _plan(scenario, spec, demand, folder)
            plans.append(plan)
            notes += [*said, *_doubts(plan)]
    return tuple(plans), notes


def _plan(scenario: Scenario, spec: Service, demand: Demand, folder: Path) -> ServicePlan:
    homes = home_clusters(scenario, spec.site, spec.cluster)
    least = spec.least_replicas * spec.gpus_per_replica
    home = next((at for at in homes if at.gpus_count >= least), homes[0])
    own = own_accelerators(home.site.datacenter, folder)
    memory_bytes = accelerator(home.cluster.accelerator, own).memory_bytes
    lengths = demand.lengths
    tokens = float(lengths.prompt_tokens.mean() + lengths.output_tokens.mean())
    try:
        curve = curve_of(spec, home.cluster)
        fitting = largest_batch(curve, memory_bytes, tokens)
    except ValueError as error:
        msg = f"service {spec.name}: {error}"
        raise DataError(msg) from error
    return ServicePlan(
        spec=spec,
        site=home.site_number,
        cluster=home.number,
        curve=curve,
        max_batch=int(min(fitting, spec.max_batch or fitting)),
        load_s=_load_s(spec, curve),
        network_s=_network_s(spec, home.site),
        demand=demand,
    )


def _load_s(spec: Service, curve: ServingCurve) -> float:
    """Return the time until a new replica serves."""
    rule = spec.autoscaling
    if rule.load_s is not None:
        return rule.load_s
    return 0.0 if curve.model_bytes is None else curve.model_bytes / (rule.load_gb_per_s * GB)


def _network_s(spec: Service, site: Site) -> float:
    """Return the network time to the users and back."""
    if spec.network_s is not None or site.network is None:
        return spec.network_s or 0.0
    return 2.0 * moving_time_s(0.0, 1.0, distance_m=site.network.distance_km * KM_M)


def _doubts(plan: ServicePlan) -> Iterator[str]:
    """Yield what is uncertain about a service, and what it can never reach."""
    spec, curve = plan.spec, plan.curve
    error = curve.throughput_error_fraction
    if error > UNCERTAIN_FRACTION:
        yield f"{spec.name}: the curve misses the measured throughput by {error:.0%} in the mean."
    if not curve.prefill_measured:
        yield f"{spec.name}: its prefill was not measured; it is estimated from the model's size."
    fastest_s = float(curve.iteration_s(1.0))
    if spec.slo.tpot_s is not None and spec.slo.tpot_s < fastest_s:
        yield (
            f"{spec.name}: no batch can meet slo.tpot_s ({spec.slo.tpot_s:g} s); a request that is "
            f"alone takes {fastest_s:.3g} s per token."
        )
    prompts = plan.demand.lengths.prompt_tokens
    first_s = plan.network_s + float(np.median(curve.prefill_s(prompts)))
    if spec.slo.ttft_s is not None and spec.slo.ttft_s < first_s:
        yield (
            f"{spec.name}: most requests cannot meet slo.ttft_s ({spec.slo.ttft_s:g} s); the "
            f"median prompt takes {first_s:.3g} s, network and all, if nothing is in its way."
        )
