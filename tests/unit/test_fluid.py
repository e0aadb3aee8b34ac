"""The fluid model of a service against queues whose answers are known, and by hand."""

import math

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from sim.scenario.schema.service import Objective
from sim.workload.decoding import LEVELS, decoding
from sim.workload.fluid import Fluid, FluidLog
from sim.workload.latency import percentile_s
from sim.workload.quality import fluid_quality, mean_batch, requests_quality
from sim.workload.requests import Pool
from sim.workload.settling import settled
from tests.serving import demand, replica, requests


def at(load, column):
    """Return a column of a decoding table at a load."""
    return float(np.interp(load * LEVELS, np.arange(LEVELS + 1), column))


def test_with_one_speed_for_every_batch_requests_are_those_of_an_infinite_server_queue():
    # t1 = 0: each request goes on at its own pace, so that the batch is Poisson-distributed.
    one = replica(max_batch=200, t1_s=0.0, p0_w=0.0, pdyn_w=60.0, k_batch=4.0)
    table = decoding(one, 1)
    for load in (0.01, 0.1, 0.5):
        mean = 200 * load  # tokens wanted per second times 10 ms
        number = np.arange(201)
        chance = poisson.pmf(number, mean)
        assert at(load, table.batch) == pytest.approx(mean, rel=1e-6)
        assert at(load, table.power_w) == pytest.approx(chance @ one.power_w, rel=1e-6)
        assert at(load, table.token_s) == pytest.approx(0.010)


def test_with_one_speed_for_all_together_it_is_the_m_m_1_queue():
    # t0 = 0: a batch writes 1,000 tokens a second whatever its size; rho / (1 - rho) are in it.
    one = replica(max_batch=4000, t0_s=1e-12)
    table = decoding(one, 1)
    for load in (0.3, 0.5, 0.8):
        assert at(load, table.batch) == pytest.approx(load / (1.0 - load), rel=1e-3)
        # Little's law: time in the system per token wanted.
        assert at(load, table.token_s) == pytest.approx(0.001 / (1.0 - load), rel=1e-3)


def test_requests_that_come_in_clusters_spread_the_batch_as_a_negative_binomial():
    one = replica(max_batch=400, t1_s=0.0, p0_w=0.0, pdyn_w=60.0, k_batch=4.0)
    table = decoding(one, 1, cluster_ratio=5.0)
    # Poisson clusters of a geometric size with mean 5: mean 20, variance 5 x 20.
    chance = nbinom.pmf(np.arange(401), 20 / 4, 1 / 5)
    assert at(0.05, table.batch) == pytest.approx(20.0, rel=1e-6)
    assert at(0.05, table.power_w) == pytest.approx(chance @ one.power_w, rel=1e-6)


def test_many_replicas_share_what_one_has_alone():
    table, alone = decoding(replica(), 8), decoding(replica(), 1)
    assert at(0.6, table.batch) < at(0.6, alone.batch)
    assert table.most_tokens_per_s == pytest.approx(alone.most_tokens_per_s)
    assert table.batch[-1] == alone.batch[-1] == pytest.approx(100.0)


def test_the_batch_of_the_closed_form_is_met_where_batches_are_large():
    # B = r t0 / (1 - r t1): 500 tokens a second give 10.
    table = decoding(replica(), 8)
    load = 500.0 / table.most_tokens_per_s
    assert at(load, table.batch) == pytest.approx(10.0, rel=0.04)


def run(asked, count, *, caps=1.0, slo=None, one=None):
    """Serve a demand with a number of replicas in each step; return power and quality."""
    one = one or replica()
    fluid = Fluid(asked, lambda _: one)
    counts = np.broadcast_to(count, asked.steps.count)
    uses = []
    for step, ready in enumerate(counts.tolist()):
        fluid.offer(step)
        uses.append(fluid.use(ready, caps))
        fluid.serve(uses[-1])
    power_w, served, reading, load, _ = np.array(uses).T
    log = FluidLog(counts.astype(float), np.full(len(power_w), caps), served, reading, load)
    return power_w, fluid_quality(fluid, log, slo or Objective()), log, fluid


def test_an_empty_step_draws_what_idle_replicas_draw():
    power_w, quality, _, _ = run(demand([0, 0]), 3)
    np.testing.assert_allclose(power_w, 60.0)
    assert np.isnan(quality.ttft_p95_s).all()
    assert quality.within.max() == 0.0


def test_a_full_step_draws_prefills_and_the_largest_batch():
    # A request takes 0.1 s and 100 x 110 ms / 100 = 0.11 s: a step of 300 s serves 300 / 0.21.
    power_w, quality, log, fluid = run(demand([10_000]), 1)
    assert quality.served_count[0] == pytest.approx(300 / 0.21)
    assert quality.backlog_count[0] == pytest.approx(10_000 - 300 / 0.21)
    reading = 0.1 / 0.21
    assert power_w[0] == pytest.approx(reading * 100.0 + (1 - reading) * 50.0)
    assert log.utilization_fraction[0] == pytest.approx(1.0)
    assert mean_batch(fluid, log)[0] == pytest.approx(100.0)


def test_what_is_left_over_is_served_later_and_nothing_twice():
    asked = demand([3000, 0, 0, 0])
    _, quality, _, _ = run(asked, 1)
    step = 300 / 0.21
    np.testing.assert_allclose(quality.served_count, [step, step, 3000 - 2 * step, 0.0], atol=1e-6)
    assert quality.served_count.sum() == pytest.approx(3000.0)
    assert quality.output_tokens.sum() == pytest.approx(3000.0 * 101.0)
    assert quality.prompt_tokens.sum() == pytest.approx(3000.0 * 100.0)


def test_a_step_without_replicas_serves_nothing_and_makes_requests_wait():
    _, quality, _, _ = run(demand([30, 0]), np.array([0, 1]))
    assert quality.served_count.tolist() == [0.0, pytest.approx(30.0)]
    # They come evenly over the first step and are served when the second begins, or soon after.
    assert 100.0 < quality.ttft_p50_s[0] < 320.0


def test_power_does_not_depend_on_the_length_of_the_steps():
    long_w, *_ = run(demand([600, 300], step_s=600.0), 2)
    short_w, *_ = run(demand([300, 300, 150, 150], step_s=300.0), 2)
    np.testing.assert_allclose(long_w, short_w.reshape(2, 2).mean(axis=1))


def test_times_of_a_quiet_service_are_those_of_a_request_alone():
    # Ten requests in 300 s, 0.1 s and 100 x 11 ms each: hardly ever two at a time.
    _, quality, _, _ = run(demand([10]), 4, slo=Objective(ttft_s=0.5, tpot_s=0.02))
    assert quality.ttft_p95_s[0] == pytest.approx(0.1, rel=0.06)
    assert quality.tpot_p95_s[0] == pytest.approx(0.011, rel=0.15)
    assert quality.latency_p95_s[0] == pytest.approx(1.2, rel=0.1)
    assert quality.attained_fraction[0] > 0.99


def test_waits_for_a_prefill_are_those_of_the_m_d_1_queue():
    # Single tokens: prefills of 0.1 s, 1,500 in 300 s, rho 0.5; Pollaczek and Khinchine say 0.05 s.
    _, quality, _, _ = run(demand([1500], output=1.0), 1, slo=Objective(ttft_s=0.1001))
    assert quality.attained_fraction[0] == pytest.approx(0.5, abs=0.02)  # as many do not wait
    # Half wait, 0.1 s in the mean, exponentially: 95 % are there after 0.1 + 0.1 ln 10.
    assert quality.ttft_p95_s[0] == pytest.approx(0.1 + 0.1 * math.log(10.0), rel=0.05)


def test_network_time_comes_on_top():
    fluid_log = run(demand([10]), 4)
    far = fluid_quality(fluid_log[3], fluid_log[2], Objective(), network_s=0.3)
    assert far.ttft_p50_s[0] == pytest.approx(fluid_log[1].ttft_p50_s[0] + 0.3, rel=0.05)


def test_without_an_objective_there_is_no_attainment():
    _, quality, _, _ = run(demand([10]), 1)
    assert np.isnan(quality.attained_fraction).all()


def test_a_batch_takes_time_to_build_near_saturation():
    asked = demand([1400, 1400, 1400], step_s=300.0)
    _, _, log, fluid = run(asked, 1)
    built, waiting = settled(fluid, log)
    assert (log.utilization_fraction > 0.95).all()
    assert built.load_fraction[0] < built.load_fraction[1] <= built.load_fraction[2]
    assert waiting.max() == 0.0


def test_a_backlog_is_what_arrives_less_what_leaves():
    # Ten a second: for 10 s their prefills take all the time and fill the batch with 100; in the
    # other 290 s as many are served as a full batch serves.
    _, _, log, fluid = run(demand([3000]), 1)
    _, waiting = settled(fluid, log)
    assert waiting[0] == pytest.approx(3000 - 100 - 290 / 0.21)


def test_quality_request_by_request_counts_each_where_it_arrives_and_finishes():
    asked = demand([2, 0], step_s=1.0, one_by_one=requests([0.2, 0.5], 101.0))
    pool = Pool(asked.requests, replica())
    pool.resize(2, 0.0)
    pool.advance(10.0)
    slo = Objective(ttft_s=0.05)
    quality = requests_quality(asked, pool.served(), slo, network_s=0.01)
    assert quality.arrived_count.tolist() == [2.0, 0.0]
    assert quality.served_count.tolist() == [0.0, 2.0]
    assert quality.backlog_count.tolist() == [2.0, 0.0]
    assert quality.ttft_p50_s[0] == pytest.approx(0.11)
    assert quality.attained_fraction[0] == 0.0
    assert percentile_s(quality.within, 0.95)[2] == pytest.approx(1.21, rel=0.05)
