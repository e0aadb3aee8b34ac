"""Operations, time, memory and checkpoints of training against hand-computed figures."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.hardware import accelerator
from sim.units import Range
from sim.workload.training import (
    TrainingPlan,
    checkpoint_bytes,
    checkpoint_overhead_ratio,
    failure_rate_per_s,
    fewest_gpus,
    memory_needed_bytes,
    parallel_efficiency,
    plan_mistakes,
    training_duration_s,
    training_flop,
    young_daly_interval_s,
)

A100 = accelerator("a100-sxm-80gb")
PLAN = TrainingPlan(70e9, 2e12, 2048, Range(0.3, 0.4, 0.5))


def test_training_takes_six_operations_a_parameter_and_token():
    assert training_flop(PLAN) == pytest.approx(8.4e23)
    assert training_flop(replace(PLAN, work="lora")) == pytest.approx(5.6e23)
    assert training_flop(replace(PLAN, work="inference")) == pytest.approx(2.8e23)


def test_only_active_parameters_of_a_mixture_are_computed_with():
    mixture = replace(PLAN, active_parameters_count=7e9)
    assert training_flop(mixture) == pytest.approx(8.4e22)
    assert memory_needed_bytes(mixture) > 16.0 * 70e9 / 2048


def test_attention_adds_what_palm_counts():
    # 96 layers of width 12,288 hold 12 * 96 * 12288^2 = 174e9 parameters; 2,048 tokens add
    # 12 * 96 * 12288 * 2048 operations to 6 N
    plan = replace(PLAN, parameters_count=12 * 96 * 12288**2, sequence_tokens_count=2048)
    extra = training_flop(plan, attention=True) - training_flop(plan)
    assert extra == pytest.approx(12 * 96 * 12288 * 2048 * 2e12)


def test_duration_is_operations_over_peak_and_mfu():
    # 8.4e23 / (2048 * 312e12 * 0.4) s
    low, mid, high = training_duration_s(PLAN, A100)
    assert mid == pytest.approx(3_286_508, rel=1e-4)
    assert low == pytest.approx(mid * 0.4 / 0.5)
    assert high == pytest.approx(mid * 0.4 / 0.3)


def test_accelerator_without_the_precision_is_refused():
    with pytest.raises(ValueError, match="v100-sxm2: its peak rate at bf16 is unknown"):
        training_duration_s(PLAN, accelerator("v100-sxm2"))


def test_efficiency_is_one_where_mfu_was_measured():
    assert parallel_efficiency(PLAN, A100) == 1.0
    assert parallel_efficiency(replace(PLAN, reference_gpus_count=2048), A100) == 1.0


def test_pipeline_bubble_is_what_gpipe_says():
    # endless bandwidth leaves the bubble: 4 stages; 8 and 4 microbatches a rank on 16 and 32
    plan = TrainingPlan(
        1e9, 1e9, 32, Range(0.4, 0.4, 0.4), pipeline_parallel_count=4,
        batch_tokens_count=32 * 4096, reference_gpus_count=16,
    )  # fmt: skip
    found = parallel_efficiency(plan, A100, network_bytes_per_s=1e30)
    assert found == pytest.approx((4 / 7) / (8 / 11))


def test_network_costs_what_a_ring_takes():
    # 2 ranks against 1: 2 * 1/2 * 2e9 B over 1e9 B/s are 2 s, half of them exposed;
    # 6e9 * 1e6 FLOP over 2 * 312e12 * 0.4 FLOP/s are 24.04 s
    plan = TrainingPlan(
        1e9, 1e9, 2, Range(0.4, 0.4, 0.4), sharding="none", batch_tokens_count=1e6,
        sequence_tokens_count=1000, reference_gpus_count=1,
    )  # fmt: skip
    found = parallel_efficiency(plan, A100, network_bytes_per_s=1e9)
    assert found == pytest.approx(1.0 / (1.0 + 1.0 / 24.0385), rel=1e-4)
    # full sharding gathers the weights once more: 3 s
    found = parallel_efficiency(replace(plan, sharding="full"), A100, network_bytes_per_s=1e9)
    assert found == pytest.approx(1.0 / (1.0 + 1.5 / 24.0385), rel=1e-4)


def test_more_accelerators_than_sequences_idle():
    plan = replace(PLAN, batch_tokens_count=1024 * 4096, reference_gpus_count=1024)
    at_once = replace(plan, gpus_count=4096)
    found = parallel_efficiency(at_once, A100, network_bytes_per_s=1e30)
    assert found == pytest.approx(0.25)


def test_each_accelerator_does_less_the_more_there_are():
    sizes = [64, 256, 1024, 4096, 16384]
    plan = replace(PLAN, tensor_parallel_count=8, pipeline_parallel_count=4,
                   reference_gpus_count=1024)  # fmt: skip
    each = np.array([parallel_efficiency(replace(plan, gpus_count=n), A100) for n in sizes])
    assert np.all(np.diff(each) < 0.0)
    assert np.all(np.diff(each * sizes) > 0.0)


def test_memory_is_sixteen_bytes_a_parameter_shared_as_the_plan_says():
    # activations: 41.6 layers of width 5,325.6 for 14.156e9 parameters; 1 sequence of 4,096
    layers = (14.156e9 / (12 * 128**2)) ** (1 / 3)
    activations = 4096 * 128 * layers * (2 * layers + 34)
    plan = TrainingPlan(14.156e9, 1e9, 16, Range(0.4, 0.4, 0.4))
    assert memory_needed_bytes(plan) == pytest.approx(14.156e9 + activations)
    plan = replace(plan, sharding="optimizer")
    assert memory_needed_bytes(plan) == pytest.approx(14.156e9 * (4 + 12 / 16) + activations)
    plan = replace(plan, sharding="none", tensor_parallel_count=8)
    assert memory_needed_bytes(plan) == pytest.approx(14.156e9 * 2 + activations / 8)


def test_lora_needs_little_more_than_the_weights_and_inference_no_more():
    plan = TrainingPlan(7e9, 1e9, 1, Range(0.4, 0.4, 0.4), work="inference")
    assert memory_needed_bytes(plan) == pytest.approx(14e9)
    assert memory_needed_bytes(replace(plan, precision="fp8")) == pytest.approx(7e9)
    assert 14e9 < memory_needed_bytes(replace(plan, work="lora")) < 20e9


def test_model_that_does_not_fit_is_refused_with_how_many_accelerators_it_takes():
    plan = replace(PLAN, gpus_count=8)
    ((field, message),) = plan_mistakes(plan, A100)
    assert field == "gpus_count"
    assert message == (
        "70 billion parameters need 147 GB on each of 8 accelerators, and a100-sxm-80gb has 72 GB "
        "to use. Use at least 18 accelerators, LoRA, or one with more memory."
    )
    assert fewest_gpus(plan, A100) == 18
    assert plan_mistakes(replace(plan, gpus_count=18), A100) == []
    assert plan_mistakes(replace(plan, gpus_count=17), A100) != []


def test_model_that_no_number_holds_is_to_be_split():
    plan = replace(PLAN, sharding="none")
    assert fewest_gpus(plan, A100) is None
    ((_, message),) = plan_mistakes(plan, A100)
    assert "Split the model: tensor or pipeline parallel" in message


def test_mistakes_of_a_plan_are_told_together():
    plan = replace(PLAN, tokens_count=-1.0, mfu_fraction=Range(0.4, 0.4, 1.2), precision="bf17")
    assert [field for field, _ in plan_mistakes(plan, A100)] == [
        "tokens_count", "mfu_fraction", "precision",
    ]
    plan = replace(PLAN, gpus_count=100, tensor_parallel_count=16)
    assert [field for field, _ in plan_mistakes(plan, A100)] == [
        "tensor_parallel_count", "gpus_count",
    ]
    ((field, _),) = plan_mistakes(replace(PLAN, active_parameters_count=80e9), A100)
    assert field == "active_parameters_count"


def test_checkpoint_of_a_trillion_parameters_is_what_megatron_wrote():
    # 13.8 TB (Narayanan et al. 2021)
    assert checkpoint_bytes(1e12) == pytest.approx(13.8e12, rel=0.02)


def test_young_daly_interval_by_hand():
    # sqrt(2 * 60 s * 24 h)
    assert young_daly_interval_s(60.0, 86400.0) == pytest.approx(3220.0, abs=0.5)
    with pytest.raises(ValueError, match="must be > 0"):
        young_daly_interval_s(0.0, 86400.0)


def test_overhead_by_hand():
    # M/I * e^(R/M) * (e^((I+C)/M) - 1) = 10 * e^0.05 * (e^0.11 - 1)
    found = checkpoint_overhead_ratio(1000.0, 100.0, 10_000.0, restart_s=500.0)
    assert found == pytest.approx(10 * math.exp(0.05) * (math.exp(0.11) - 1))
    assert found == pytest.approx(1.2224, abs=1e-5)


def test_without_failures_only_writing_costs_time():
    assert checkpoint_overhead_ratio(1000.0, 100.0) == 1.1
    assert checkpoint_overhead_ratio(1000.0, 100.0, 1e12) == pytest.approx(1.1, rel=1e-6)


def test_young_daly_interval_costs_nearly_the_least():
    write_s, mtbf_s = 60.0, 86400.0
    at = young_daly_interval_s(write_s, mtbf_s)
    best = min(
        checkpoint_overhead_ratio(interval, write_s, mtbf_s)
        for interval in np.geomspace(at / 10, at * 10, 400)
    )
    assert checkpoint_overhead_ratio(at, write_s, mtbf_s) == pytest.approx(best, rel=1e-4)


def test_overhead_is_that_of_runs_drawn_at_random():
    interval_s, write_s, mtbf_s, restart_s = 1000.0, 100.0, 4000.0, 300.0
    rng = np.random.default_rng(7)
    segments, time_s = 40_000, 0.0
    for _ in range(segments):
        ahead_s = interval_s + write_s
        while (failure_s := rng.exponential(mtbf_s)) < ahead_s:
            time_s += failure_s
            ahead_s = restart_s + interval_s + write_s
        time_s += ahead_s
    expected = checkpoint_overhead_ratio(interval_s, write_s, mtbf_s, restart_s=restart_s)
    assert time_s / (segments * interval_s) == pytest.approx(expected, rel=0.01)


def test_run_that_never_gets_on_is_refused():
    with pytest.raises(ValueError, match="never gets from one checkpoint to the next"):
        checkpoint_overhead_ratio(1e6, 1.0, 1.0)
    with pytest.raises(ValueError, match="must be positive"):
        checkpoint_overhead_ratio(0.0, 1.0)


def test_llama_3_failed_as_often_as_the_catalog_says():
    # 419 interruptions in 54 days on 16,384 GPUs lie between the least and the largest rate
    rate = failure_rate_per_s()
    assert rate.low < 419 / (54 * 86400 * 16384) < rate.high
    assert rate.low < rate.mid < rate.high
