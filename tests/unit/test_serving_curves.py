"""Serving curves: by hand, from the catalog, and what is said where one is missing."""

import numpy as np
import pytest

from sim.catalog import table
from sim.catalog.serving import curve_rows
from sim.workload.replica import make_replica
from sim.workload.serving import largest_batch, serving_curve
from tests.serving import GPU, curve


def test_throughput_and_power_are_those_of_the_fitted_forms():
    one = curve(t0_s=0.02, t1_s=0.001, p0_w=400.0, pdyn_w=300.0, k_batch=20.0, batch_min=8.0)
    assert one.iteration_s(30.0) == pytest.approx(0.05)
    assert one.throughput_tokens_per_s(30.0) == pytest.approx(600.0)
    assert one.power_w(20.0) == pytest.approx(550.0)


def test_power_below_the_smallest_measured_batch_stays_as_it_was_there():
    one = curve(p0_w=0.0, pdyn_w=600.0, k_batch=2.0, batch_min=8.0)
    assert one.power_w(1.0) == one.power_w(8.0) == pytest.approx(480.0)


def test_a_prefill_is_the_soft_maximum_of_its_floor_and_its_tokens():
    one = curve(floor_s=0.05, s_per_token=1e-4)
    assert one.prefill_s(500.0) == pytest.approx(0.05 * 2**0.25)
    assert one.prefill_s(1.0) == pytest.approx(0.05)
    assert one.prefill_s(1e5) == pytest.approx(10.0, rel=1e-6)


def test_a_prefill_never_draws_more_than_the_tdp():
    one = curve(prefill_base_fraction=0.33, prefill_gain_fraction=0.70, prefill_half_tokens=422.0)
    assert one.prefill_fraction(422.0) == pytest.approx(0.68)
    assert one.prefill_fraction(1e6) == 1.0


def test_chat_is_meant_where_nothing_is_said_and_the_only_task_else():
    assert serving_curve("qwen3-14b", "h100-sxm", 1).name == "qwen3-14b/h100-sxm/1/chat"
    only = serving_curve("deepseek-r1-0528", "b200", 8)
    assert only.name == "deepseek-r1-0528/b200/8/reasoning"
    asked = serving_curve("qwen3-14b", "h100-sxm", 1, task="reasoning")
    assert asked.t0_s == pytest.approx(0.01278)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("llama-3.1-8b", "h100-sxm", 1), "Did you mean llama-3.1-8b-instruct?"),
        (("llama-3.1-8b-instruct", "h100-sxm", 3), "1 x a100-sxm-40gb, 1 x b200, 1 x h100-sxm"),
        (("qwen3-vl-8b-instruct", "h100-sxm", 1), "name one of image-chat, video-chat"),
    ],
)
def test_a_missing_curve_is_told_with_what_there_is(asked, said):
    with pytest.raises(ValueError, match=r"measured with|no serving curve") as caught:
        serving_curve(*asked)
    assert said in str(caught.value)


def test_every_curve_of_the_catalog_can_be_used():
    for key in table("serving_curves")["curve"]:
        model, chip, gpus, task = key.split("/")
        one = serving_curve(model, chip, int(gpus), task=task)
        batch = np.geomspace(one.batch_min, one.batch_max, 20)
        assert (np.diff(one.throughput_tokens_per_s(batch)) > 0.0).all(), key
        assert (one.power_w(batch) > 50.0).all(), key


def test_an_empty_cell_that_is_needed_is_an_error(monkeypatch):
    def emptied(name, _key):
        return {"t0_ms": None if name == "serving_curves" else 1.0, "kv_kb_per_token": None}

    monkeypatch.setattr("sim.catalog.serving.row", emptied)
    with pytest.raises(ValueError, match="serving_curves: m/c/1/chat has no t0_ms"):
        curve_rows("m/c/1/chat")


def test_the_kv_cache_limits_the_batch():
    # 0.9 x 80 GB less 16 GB of weights leave 56 GB; a request of 1,000 tokens takes 0.14 GB.
    one = curve(model_bytes=16e9, kv_bytes_per_token=140e3, batch_max=690.0)
    assert largest_batch(one, 80e9, 1000.0) == 400
    assert largest_batch(one, 80e9, 100.0) == 690
    assert largest_batch(one, None, 1000.0) == 690


def test_a_model_that_does_not_fit_its_accelerators_is_refused():
    one = curve(model_bytes=140e9, gpus_per_replica=1)
    with pytest.raises(ValueError, match="140 GB, and 1 accelerators of 80 GB leave it 72 GB"):
        largest_batch(one, 80e9, 1000.0)


def test_a_cap_slows_prefills_more_than_decoding_and_lowers_the_power():
    facts = curve(p0_w=80.0, batch_min=1.0)
    free, held = (
        make_replica(facts, GPU, max_batch=10, prompt_tokens=100.0, cap_fraction=cap)
        for cap in (1.0, 0.6)
    )
    slower = held.iteration_s[5] / free.iteration_s[5]
    assert 1.0 < slower < held.prefill_stretch_ratio
    assert held.power_w[5] < 0.62 * 100.0 < free.power_w[5] == pytest.approx(80.0)
    assert held.power_w[0] == free.power_w[0] == 20.0
    assert free.prefill_w(np.array([100.0]))[0] == pytest.approx(100.0)


def test_a_cap_above_the_draw_changes_next_to_nothing():
    facts = curve(p0_w=50.0)
    held = make_replica(facts, GPU, max_batch=10, prompt_tokens=100.0, cap_fraction=0.9)
    np.testing.assert_allclose(held.iteration_s, facts.iteration_s(np.arange(11.0)))
    np.testing.assert_allclose(held.power_w[1:], 50.0, rtol=0.02)
