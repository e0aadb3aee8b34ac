"""The fluid model against requests one by one, on Azure's conversations of 2023 and on bursts.

Steps are a minute long: within one, the trace's rate hardly changes. Loads are reached by
stretching the trace, as the issue wants it; it then lasts from half an hour to four hours.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.datacenter.hardware import GpuPower
from sim.scenario.schema.service import Objective, Service
from sim.streams import stream
from sim.workload.demand import Demand, Requests, Steps, build_demand
from sim.workload.fluid import Fluid, FluidLog
from sim.workload.latency import percentile_s
from sim.workload.lengths import likely_lengths
from sim.workload.quality import fluid_quality, requests_quality
from sim.workload.replica import make_replica
from sim.workload.requests import Pool
from sim.workload.serving import largest_batch, serving_curve
from tests.serving import START

TRACE = (
    Path(__file__).parents[3] / "shared" / "data" / "azure_llm"
    / "AzureLLMInferenceTrace_conv.csv.gz"
)  # fmt: skip
H100 = GpuPower(
    tdp_w=700.0, idle_bare_w=202.0, idle_resident_w=241.0, server_w=125.0, server_fraction=0.03
)
SLO = Objective(ttft_s=1.0, tpot_s=0.1)


def replica_of(model, gpus):
    """Return a replica of a model on H100 accelerators, its batch limited by their memory."""
    curve = serving_curve(model, "h100-sxm", gpus)
    most = int(largest_batch(curve, 80e9, 1155.0 + 211.0))
    return make_replica(curve, H100, max_batch=most, prompt_tokens=1155.0)


def work_s(replica, prompt_tokens, output_tokens):
    """Return the time that one replica with a full batch needs for requests. [s]"""
    full_s = replica.iteration_s[-1] / replica.max_batch
    return float(np.sum(replica.prefill_s(prompt_tokens) + (output_tokens - 1.0) * full_s))


def both_ways(asked, replica, count):
    """Serve requests as a fluid and one by one; return both energies and both qualities."""
    steps = asked.steps
    pool = Pool(asked.requests, replica)
    pool.resize(count, 0.0)
    each_j = sum(pool.advance(end_s).energy_j for end_s in steps.edges_s[1:])
    pool.advance(1e7)  # so that all finish
    fluid, uses = Fluid(asked, lambda _: replica), []
    for step in range(steps.count):
        fluid.offer(step)
        uses.append(fluid.use(count, 1.0))
        fluid.serve(uses[-1])
    power_w, served, reading, load, _ = np.array(uses).T
    log = FluidLog(np.full(steps.count, float(count)), np.ones(steps.count), served, reading, load)
    fluid_j = float(power_w.sum()) * steps.step_s
    return (
        (fluid_j, each_j),
        (fluid_quality(fluid, log, SLO), requests_quality(asked, pool.served(), SLO)),
    )


def attained(quality):
    """Return the share of all requests that stayed within the objective."""
    asked = quality.arrived_count
    return float(np.nansum(quality.attained_fraction * asked) / asked.sum())


@pytest.fixture(scope="module")
def conversation():
    """Return the trace as a demand of minutes, stretched by a factor."""
    if not TRACE.is_file():
        pytest.skip("../shared/data/azure_llm is not there")

    def stretched(ratio):
        spec = Service.model_validate(
            {
                "type": "service", "model": "m", "gpus_per_replica": 1,
                "requests": {"file": TRACE.name, "format": "azure-llm", "time_ratio": ratio},
            }
        )  # fmt: skip
        steps = Steps(START, 60.0, int(3502.0 * ratio / 60.0) + 1)
        asked, _ = build_demand(spec, steps, folder=TRACE.parent, seed=0)
        return asked

    return stretched


def test_the_trace_is_the_one_that_is_meant(conversation):
    requests = conversation(1.0).requests
    assert len(requests) == 19_366
    assert requests.output_tokens.sum() == pytest.approx(4.09e6, rel=0.001)


@pytest.mark.parametrize("load", [0.2, 0.4, 0.6, 0.8])
@pytest.mark.parametrize(
    ("model", "gpus", "count"),
    [("llama-3.1-8b-instruct", 1, 1), ("llama-3.1-70b-instruct", 4, 2)],
)
def test_fluid_and_requests_agree_on_energy_and_latency(conversation, model, gpus, count, load):
    replica = replica_of(model, gpus)
    trace = conversation(1.0).requests
    work = work_s(replica, trace.prompt_tokens, trace.output_tokens)
    asked = conversation(work / (count * 3502.0 * load))
    (fluid_j, each_j), (fluid, each) = both_ways(asked, replica, count)
    mine, theirs = (percentile_s(one.within, 0.95) for one in (fluid, each))
    assert fluid_j == pytest.approx(each_j, rel=0.05)
    assert mine[2] == pytest.approx(theirs[2], rel=0.10)
    assert attained(fluid) == pytest.approx(attained(each), abs=0.06)
    assert fluid.served_count.sum() + fluid.backlog_count[-1] == pytest.approx(19_366)


@pytest.mark.parametrize(("burstiness_cv", "tolerance"), [(1.0, 0.05), (3.0, 0.10), (13.0, 0.25)])
def test_fluid_and_requests_agree_on_bursts(burstiness_cv, tolerance):
    replica, count, load = replica_of("llama-3.1-8b-instruct", 1), 4, 0.5
    lengths = likely_lengths("azure-conversation")
    each_s = work_s(replica, lengths.prompt_tokens, lengths.output_tokens)
    rate = load * count / (each_s / len(lengths.prompt_tokens))
    spec = Service.model_validate(
        {
            "type": "service", "model": "m", "gpus_per_replica": 1, "mode": "requests",
            "requests": {"requests_per_s": rate, "burstiness_cv": burstiness_cv},
        }
    )  # fmt: skip
    asked, _ = build_demand(spec, Steps(START, 60.0, 60), folder=Path(), seed=7)
    (fluid_j, one_j), (fluid, each) = both_ways(asked, replica, count)
    mine, theirs = (percentile_s(one.within, 0.95) for one in (fluid, each))
    assert fluid_j == pytest.approx(one_j, rel=0.05)
    assert mine[2] == pytest.approx(theirs[2], rel=tolerance)


def test_prefills_alone_are_a_queue_with_one_server():
    # Single tokens: what waits is M/G/1, whose mean wait is lambda E[S^2] / (2 (1 - rho)).
    replica = replica_of("llama-3.1-8b-instruct", 1)
    rng, count = stream(3, "test/prefills"), 60_000
    prompt_tokens = np.clip(760.0 * np.exp(0.985 * rng.standard_normal(count)), 1.0, 5000.0)
    read_s = replica.prefill_s(prompt_tokens)
    rate = 0.6 / read_s.mean()
    arrival_s = np.cumsum(rng.exponential(1.0 / rate, count))
    pool = Pool(Requests(arrival_s, prompt_tokens, np.ones(count)), replica)
    pool.resize(1, 0.0)
    pool.advance(1e9)
    wait_s = pool.served().ttft_s - read_s
    means = wait_s[count // 10 :].reshape(30, -1).mean(axis=1)
    half_width_s = 2.76 * means.std(ddof=1) / np.sqrt(30)  # t(29), 99 %
    known_s = rate * np.mean(read_s**2) / (2.0 * (1.0 - 0.6))
    assert abs(means.mean() - known_s) < half_width_s
    assert half_width_s < 0.2 * known_s


def test_decoding_alone_is_a_queue_that_does_not_know_how_long_answers_are():
    # Processor sharing with speeds that follow the batch: the mean batch of the product form, for
    # lognormal answers as for equal ones (Kelly 1979).
    replica = replica_of("llama-3.1-8b-instruct", 1)
    rng, count = stream(5, "test/decoding"), 40_000
    spread = 1.0 + np.rint(200.0 * np.exp(0.9 * rng.standard_normal(count)))
    steps = Steps(START, 60.0, 1)
    batches = []
    for output_tokens in (spread, np.full(count, np.rint(spread.mean()))):
        rate = 30.0
        arrival_s = np.cumsum(rng.exponential(1.0 / rate, count))
        # Prefills take a microsecond.
        curve = replace(replica.curve, floor_s=1e-6, s_per_token=0.0)
        quick = make_replica(curve, H100, max_batch=312, prompt_tokens=1)
        asked = Requests(arrival_s, np.ones(count), output_tokens)
        pool = Pool(asked, quick)
        pool.resize(1, 0.0)
        use = pool.advance(float(arrival_s[-1]))
        batches.append(use.batch_s / arrival_s[-1])
        demand = Demand(
            steps, np.array([rate * 60.0]), np.array([rate * 60.0]),
            np.array([rate * 60.0 * output_tokens.mean()]), likely_lengths("azure-conversation"),
            1.0, None,
        )  # fmt: skip
        fluid = Fluid(demand, lambda _, quick=quick: quick)
        fluid.offer(0)
        table = fluid.decoding(1, 1.0)
        load = fluid.use(1, 1.0).load_fraction
        known = float(np.interp(load, np.linspace(0, 1, len(table.batch)), table.batch))
        assert batches[-1] == pytest.approx(known, rel=0.03)
    assert batches[0] == pytest.approx(batches[1], rel=0.03)
