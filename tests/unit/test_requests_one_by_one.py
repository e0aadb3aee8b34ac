"""Requests served one by one, on a curve with round numbers: all by hand."""

import math

import numpy as np
import pytest

from sim.workload.requests import Pool
from tests.serving import GPU, curve, replica, requests


def served(asked, *, count=1, until_s=1000.0, **values):
    """Return what becomes of requests on some replicas, and what the replicas did."""
    pool = Pool(asked, replica(**values))
    pool.resize(count, 0.0)
    use = pool.advance(until_s)
    return pool.served(), use


def test_a_request_alone_takes_its_prefill_and_an_iteration_a_token():
    # 0.1 s for the first token, then 100 more in 11 ms each.
    done, use = served(requests([5.0], 101.0))
    assert done.ttft_s[0] == pytest.approx(0.1)
    assert done.latency_s[0] == pytest.approx(1.2)
    assert done.tpot_s[0] == pytest.approx(0.011)
    # 100 W of prefill, 50 W of decoding; the rest of the time 20 W, nobody's.
    assert done.energy_j[0] == pytest.approx(10.0 + 55.0)
    assert use.energy_j == pytest.approx(65.0 + 20.0 * (1000.0 - 1.2))
    assert (use.reading_s, use.batch_s) == pytest.approx((0.1, 1.1))


def test_a_single_token_is_written_by_the_prefill():
    done, _ = served(requests([0.0], 1.0))
    assert done.latency_s[0] == done.ttft_s[0] == pytest.approx(0.1)
    assert math.isnan(done.tpot_s[0])


def test_a_prefill_holds_up_the_others_and_the_batch_slows_all():
    # The first decodes alone from 0.1 to 0.65 (50 tokens), stands until 0.75, then shares: 12 ms.
    done, _ = served(requests([0.0, 0.65], [101.0, 51.0]))
    assert done.latency_s[0] == pytest.approx(0.75 + 50 * 0.012)
    assert done.ttft_s[1] == pytest.approx(0.1)
    assert done.latency_s[1] == pytest.approx(0.1 + 50 * 0.012)


def test_prompts_that_come_together_are_read_in_turn():
    done, _ = served(requests([0.0, 0.0, 0.0], 2.0))
    np.testing.assert_allclose(done.ttft_s, [0.1, 0.2, 0.3])
    # The first two wait for all prompts before they write on: three together, 13 ms.
    np.testing.assert_allclose(done.latency_s, [0.313, 0.313, 0.313])


def test_a_batch_that_is_held_up_goes_on_where_it_was():
    # Two together from 0.2 s on, 12 ms a token; the third holds them up after 50 of 100 tokens.
    done, _ = served(requests([0.0, 0.0, 0.8], [101.0, 101.0, 11.0]))
    third_s = 0.8 + 0.1 + 10 * 0.013
    np.testing.assert_allclose(done.latency_s[2], third_s - 0.8)
    np.testing.assert_allclose(done.latency_s[:2], third_s + 40 * 0.012)


def test_a_full_batch_lets_no_more_in_and_the_first_come_goes_first():
    done, _ = served(requests([0.0, 0.01, 0.02], [11.0, 11.0, 11.0]), max_batch=1)
    one_s = 0.1 + 10 * 0.011
    np.testing.assert_allclose(done.ttft_s, [0.1, one_s + 0.1 - 0.01, 2 * one_s + 0.1 - 0.02])


def test_requests_go_to_the_replica_with_the_least():
    done, _ = served(requests([0.0, 0.0], 101.0), count=2)
    np.testing.assert_allclose(done.latency_s, 1.2)


def test_energy_of_the_requests_and_idle_time_is_all_energy():
    rng = np.random.default_rng(1)
    asked = requests(np.sort(rng.uniform(0, 60, 200)), rng.integers(1, 60, 200), 50.0)
    done, use = served(asked, count=3, until_s=100.0, pdyn_w=40.0, k_batch=3.0)
    busy_s = use.reading_s + use.decoding_s
    idle_j = GPU.idle_resident_w * (3 * 100.0 - busy_s)
    assert np.nansum(done.energy_j) + idle_j == pytest.approx(use.energy_j, rel=1e-9)


def test_stopping_at_step_bounds_changes_nothing():
    rng = np.random.default_rng(2)
    asked = requests(np.sort(rng.uniform(0, 100, 500)), rng.integers(1, 90, 500))
    whole, use = served(asked, count=2, until_s=300.0)
    pool = Pool(asked, replica())
    pool.resize(2, 0.0)
    parts = [pool.advance(end_s) for end_s in np.arange(7.0, 301.0, 7.0)] + [pool.advance(300.0)]
    np.testing.assert_allclose(pool.served().latency_s, whole.latency_s, rtol=1e-9)
    assert sum(part.energy_j for part in parts) == pytest.approx(use.energy_j, rel=1e-9)


def test_a_closed_replica_finishes_what_it_has_and_gets_nothing_more():
    pool = Pool(requests([0.0, 0.0, 5.0, 5.0], 1001.0), replica())
    pool.resize(2, 0.0)
    pool.advance(1.0)
    pool.resize(1, 1.0)
    assert pool.held_count == 2  # the closed one still has its request
    pool.advance(20.0)
    pool.resize(1, 20.0)
    assert pool.held_count == 1
    pool.advance(100.0)
    latency_s = pool.served().latency_s
    assert latency_s[0] == pytest.approx(0.1 + 1000 * 0.011)
    assert (latency_s[1:] > latency_s[0] + 1.0).all()  # the other replica had all three


def test_without_replicas_requests_wait_until_there_is_one():
    pool = Pool(requests([0.0], 11.0), replica())
    pool.advance(50.0)
    pool.resize(1, 50.0)
    pool.advance(100.0)
    assert pool.served().ttft_s[0] == pytest.approx(50.1)


def test_a_cap_slows_what_runs_from_then_on():
    asked, free = requests([0.0], 101.0), replica()
    half = replica(t0_s=0.020, t1_s=0.002)
    pool = Pool(asked, free)
    pool.resize(1, 0.0)
    pool.advance(0.65)  # 50 of the 100 further tokens are written
    pool.recap(half, 0.65)
    pool.advance(10.0)
    assert pool.served().latency_s[0] == pytest.approx(0.65 + 50 * 0.022)


def test_requests_that_did_not_finish_have_no_times():
    done, _ = served(requests([0.0, 0.1], [11.0, 1e6]), until_s=10.0)
    assert np.isnan(done.latency_s).tolist() == [False, True]


def test_a_longer_prompt_takes_longer():
    facts = curve(floor_s=0.05, s_per_token=1e-4)
    asked = requests([0.0], 2.0, prompt_tokens=5000.0)
    done, _ = served(asked, floor_s=0.05, s_per_token=1e-4)
    assert done.ttft_s[0] == pytest.approx(facts.prefill_s(5000.0))
