"""Small services for tests: a curve with round numbers, a replica, a service in a world."""

from datetime import UTC, datetime

import numpy as np

from sim.datacenter.hardware import GpuPower
from sim.engine.forecasts import ForecastDesk
from sim.engine.simulation import Simulation
from sim.policy.build import build
from sim.scenario.schema.forecast import Forecast
from sim.scenario.schema.service import Service
from sim.workload.demand import Demand, Requests, Steps
from sim.workload.lengths import Lengths, binned_lengths
from sim.workload.replica import Replica
from sim.workload.services import ServicePlan
from sim.workload.serving import ServingCurve
from tests.worlds import cluster

START = datetime(2025, 6, 2, tzinfo=UTC)

GPU = GpuPower(tdp_w=100.0, idle_bare_w=10.0, idle_resident_w=20.0, server_w=0.0, server_fraction=0)


def curve(**values):
    """Return a curve with 10 ms + 1 ms per request, 50 W decoding, 100 W and 0.1 s a prefill."""
    facts = {
        "name": "test", "gpus_per_replica": 1, "t0_s": 0.010, "t1_s": 0.001, "p0_w": 50.0,
        "pdyn_w": 0.0, "k_batch": 1.0, "batch_min": 1.0, "batch_max": 1000.0, "floor_s": 0.1,
        "s_per_token": 0.0, "prefill_base_fraction": 1.0, "prefill_gain_fraction": 0.0,
        "prefill_half_tokens": 1.0, "model_bytes": None, "kv_bytes_per_token": None,
        "throughput_error_fraction": 0.0, "prefill_measured": True,
    }  # fmt: skip
    return ServingCurve(**(facts | values))


def replica(max_batch=100, **values):
    """Return a replica of that curve without a cap, on one accelerator without a server."""
    facts = curve(**values)
    batch = np.arange(max_batch + 1.0)
    power_w = np.asarray(facts.power_w(batch), dtype=float) * np.ones(max_batch + 1)
    power_w[0] = GPU.idle_resident_w
    return Replica(facts.iteration_s(batch), power_w, facts, GPU, 1.0, 1.0)


def requests(arrival_s, output_tokens, prompt_tokens=100.0):
    """Return requests."""
    arrival_s = np.asarray(arrival_s, dtype=float)
    count = len(arrival_s)
    return Requests(
        arrival_s,
        np.broadcast_to(np.asarray(prompt_tokens, dtype=float), count).copy(),
        np.broadcast_to(np.asarray(output_tokens, dtype=float), count).copy(),
    )


def demand(counts, *, step_s=300.0, prompt=100.0, output=101.0, one_by_one=None, cluster_ratio=1.0):
    """Return a demand of a number of equal requests in each step."""
    counts = np.asarray(counts, dtype=float)
    lengths = Lengths(binned_lengths(np.full(1, prompt)), binned_lengths(np.full(1, output)))
    return Demand(
        steps=Steps(START, step_s, len(counts)),
        requests_count=counts,
        prompt_tokens=counts * prompt,
        output_tokens=counts * output,
        lengths=lengths,
        cluster_ratio=cluster_ratio,
        requests=one_by_one,
    )


def plan(asked, *, max_batch=100, load_s=0.0, site=0, on_cluster=0, network_s=0.0, **fields):
    """Return a service of that curve; fields are those of the scenario."""
    spec = {
        "type": "service", "name": "chat", "model": "test", "gpus_per_replica": 1,
        "replicas": {"min": 1, "max": 1}, "requests": {"requests_per_s": 1.0},
    }  # fmt: skip
    return ServicePlan(
        spec=Service.model_validate(spec | fields),
        site=site,
        cluster=on_cluster,
        curve=curve(gpus_per_replica=fields.get("gpus_per_replica", 1)),
        max_batch=max_batch,
        load_s=load_s,
        network_s=network_s,
        demand=asked,
    )


def serving_cluster(gpus_count):
    """Return a cluster of accelerators of 100 W, idle at 10 W, 20 W with a model resident."""
    return cluster(gpus_count, tdp_w=100.0, idle_w=10.0, resident_w=20.0)


def service_log(sites, jobs, services, policy="fifo", forecast=None):
    """Return what happened in a run of sites, jobs and services."""
    sites = tuple(sites)
    desk = ForecastDesk(forecast or Forecast(), sites)
    return Simulation(sites, jobs, build(policy), desk=desk, services=services).run()
