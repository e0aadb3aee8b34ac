"""Model jobs brought down to gangs, run times, power and profiles; all by hand."""

import math

import numpy as np
import pytest

from sim.scenario.schema.scenario import Scenario
from sim.workload.generate import build_workload
from sim.workload.serving import serving_curve

PEAK = 989.4e12  # H100 SXM, dense bf16 (catalog)
DAY = 86400.0


@pytest.fixture
def jobs_of(tmp_path):
    """Return a function that gives the jobs of streams on two sites and their profiles."""

    def jobs_of(*workload, hours=2000, seed=1, sites=("core", "edge")):
        clusters = {
            "core": {"name": "main", "accelerator": "h100-sxm", "nodes": 128},
            "edge": {"name": "small", "accelerator": "l4", "nodes": 1, "gpus_per_node": 4},
        }
        networks = {
            "core": {"distance_km": 1000, "bandwidth_gbps": 80},
            "edge": {"distance_km": 0, "bandwidth_gbps": 8, "medium": "broadband"},
        }
        scenario = Scenario.model_validate(
            {
                "schema_version": 1,
                "name": "models",
                "start": "2025-06-02T00:00Z",
                "duration_h": hours,
                "sites": tuple(
                    {
                        "name": name,
                        "network": networks[name],
                        "datacenter": {"clusters": (clusters[name],), "pue": 1.2},
                    }
                    for name in sites
                ),
                "workload": workload,
            }
        )
        jobs, _ = build_workload(scenario, tmp_path, seed)
        return jobs, jobs.profiles

    return jobs_of


TRAINING = {
    "type": "model-training",
    "parameters_b": 7.0,
    "tokens_b": 100.0,
    "mfu": 0.4,
    "gpus": 256,
    "power_fraction": 0.9,
}
WORK_S = 6 * 7e9 * 100e9 / (256 * PEAK * 0.4)


def test_a_training_run_takes_six_operations_a_parameter_and_token_at_its_mfu(jobs_of):
    jobs, (profile,) = jobs_of(TRAINING)
    assert jobs.duration_s.tolist() == [pytest.approx(WORK_S, rel=1e-3)]
    assert jobs.gpus_count.tolist() == [256]
    assert jobs.arrival_s.tolist() == [0.0]
    assert jobs.deadline_s.tolist() == [math.inf]
    assert jobs.power_fraction.tolist() == [0.9]
    assert (profile.clock_sensitive_fraction, profile.draw_fraction) == (0.5, 0.9)
    assert profile.run_flop == pytest.approx(4.2e21)
    assert profile.run_tokens_count == 100e9
    assert profile.run_samples_count == pytest.approx(100e9 / 4096)
    assert profile.run_steps_count == pytest.approx(25_000)
    assert profile.failures is None
    # Nothing is saved before the end.
    np.testing.assert_array_equal(jobs.checkpoint_s, jobs.duration_s)


def test_checkpoints_lengthen_a_run_and_cost_storage_energy(jobs_of):
    checkpoints = {"every_min": 30.0, "write_gb_per_s": 0.5}
    jobs, (profile,) = jobs_of(TRAINING | {"checkpoints": checkpoints})
    write_s = 14 * 7e9 / (0.5e9 * 256)  # 14 bytes a parameter
    assert jobs.duration_s[0] == pytest.approx(WORK_S * (1 + write_s / 1800), rel=1e-3)
    assert jobs.checkpoint_s[0] == pytest.approx(1800 + write_s)
    assert profile.useful_fraction == pytest.approx(1800 / (1800 + write_s))
    # 4 J/GB on solid-state drives, 0.36 J/GB over the site's network; 98 GB each time.
    each_w = 98 / (1800 + write_s) / 256
    assert profile.storage_w == pytest.approx(4 * each_w)
    assert profile.network_w == pytest.approx(0.36 * each_w)


def test_young_daly_follows_the_failure_rate_and_policies_expect_the_failures(jobs_of):
    spec = TRAINING | {
        "checkpoints": {"every_min": "young-daly", "write_gb_per_s": 0.1},
        "failures": {"mtbf_node_h": 3200.0, "restart_min": 10.0},
        "slack_h": 5.0,
    }
    jobs, (profile,) = jobs_of(spec)
    mtbf_s = 3200 * 3600 / 32  # 32 nodes of 8
    write_s = 98 / (0.1 * 256)
    interval_s = math.sqrt(2 * write_s * mtbf_s)
    assert profile.failures.rate_per_gpu_s == pytest.approx(1 / (3200 * 3600 * 8))
    assert profile.failures.restart_s == profile.resume_s == 600.0
    assert jobs.checkpoint_s[0] == pytest.approx(interval_s + write_s)
    cycles = jobs.duration_s[0] / jobs.checkpoint_s[0]
    expected_s = (
        cycles * mtbf_s * math.exp(600 / mtbf_s) * math.expm1((interval_s + write_s) / mtbf_s)
    )
    assert jobs.expected_duration_s[0] == pytest.approx(expected_s)
    assert jobs.deadline_s[0] == pytest.approx(expected_s + 5 * 3600)


def test_each_job_draws_its_own_mfu_from_a_range_and_all_do_the_same_work(jobs_of):
    spec = TRAINING | {
        "mfu": {"min_fraction": 0.3, "max_fraction": 0.5},
        "arrivals": {"poisson_per_h": 1.0, "until_h": 1000.0},
    }
    jobs, (profile,) = jobs_of(spec)
    mfu = profile.run_flop / (jobs.duration_s * 256 * PEAK)
    assert len(jobs) > 900
    assert mfu.min() >= 0.3 * (1 - 1e-3)
    assert mfu.max() <= 0.5 * (1 + 1e-3)
    assert mfu.mean() == pytest.approx(0.4, abs=0.005)  # five standard errors


def test_a_failure_stream_does_not_shift_the_arrivals_or_the_speeds(jobs_of):
    spec = TRAINING | {
        "mfu": {"min_fraction": 0.3, "max_fraction": 0.5},
        "arrivals": {"poisson_per_h": 1.0},
    }
    without, _ = jobs_of(spec, hours=200)
    failing, _ = jobs_of(spec | {"failures": {}}, hours=200)
    np.testing.assert_array_equal(without.arrival_s, failing.arrival_s)
    np.testing.assert_array_equal(without.duration_s, failing.duration_s)


def test_techniques_change_time_and_power(jobs_of):
    plain, _ = jobs_of(TRAINING)
    private, (profile,) = jobs_of(TRAINING | {"techniques": ("dp-sgd",)})
    assert private.duration_s[0] == pytest.approx(4 * plain.duration_s[0])  # middle of 2.6 to 8
    assert profile.techniques == ("dp-sgd",)
    lean, (profile,) = jobs_of(TRAINING | {"techniques": ("perseus",)})
    assert lean.duration_s[0] == plain.duration_s[0]
    assert lean.power_fraction[0] == profile.draw_fraction == pytest.approx(0.9 * 0.9)


def test_a_gang_of_several_sizes_starts_from_the_least_and_stands_still_to_change(jobs_of):
    curve = {"sizes": (64, 128, 256), "speedups": (1.0, 1.9, 3.5)}
    spec = TRAINING | {"gpus": curve, "checkpoints": {"every_min": 30.0, "write_gb_per_s": 0.5}}
    jobs, (profile,) = jobs_of(spec)
    assert jobs.gpus_count.tolist() == [64]
    assert profile.elastic.speedup(256) == 3.5
    assert profile.elastic.resize_s == pytest.approx(98 / (0.5 * 64) + 15 * 60)


def test_fine_tuning_counts_its_epochs_and_lora_a_third_less(jobs_of):
    spec = {
        "type": "fine-tuning",
        "parameters_b": 8.0,
        "tokens_b": 0.1,
        "epochs": 3.0,
        "mfu": 0.3,
        "gpus": 8,
    }
    full, (profile,) = jobs_of(spec)
    lora, _ = jobs_of(spec | {"method": "lora"})
    assert full.duration_s[0] == pytest.approx(6 * 8e9 * 0.3e9 / (8 * PEAK * 0.3), rel=1e-3)
    assert lora.duration_s[0] == pytest.approx(full.duration_s[0] * 4 / 6)
    assert profile.run_tokens_count == pytest.approx(0.3e9)


def test_batch_inference_reads_prompts_and_decodes_full_batches(jobs_of):
    spec = {
        "type": "batch-inference",
        "model": "llama-3.1-8b-instruct",
        "gpus_per_replica": 1,
        "replicas": 4,
        "batch": 64,
        "requests": 100_000,
        "prompt_tokens": 500,
        "output_tokens": 200,
    }
    curve = serving_curve("llama-3.1-8b-instruct", "h100-sxm", 1)
    jobs, (profile,) = jobs_of(spec)
    reading_s = (curve.floor_s**4 + (curve.s_per_token * 500) ** 4) ** 0.25
    writing_s = 200 * (curve.t0_s + curve.t1_s * 64) / 64
    assert jobs.duration_s[0] == pytest.approx(25_000 * (reading_s + writing_s))
    assert jobs.gpus_count.tolist() == [4]
    share = reading_s / (reading_s + writing_s)
    assert profile.clock_sensitive_fraction == pytest.approx(0.9 * share + 0.15 * (1 - share))
    assert profile.run_tokens_count == 2e7
    assert not profile.trains
    assert 0.5 < profile.draw_fraction <= 1.0


def test_preprocessing_takes_as_long_as_its_data_and_moves_them_through_drives(jobs_of):
    spec = {
        "type": "preprocessing",
        "data_tb": 36.0,
        "gpus": 10,
        "gb_per_s": 0.5,
        "written_fraction": 0.5,
        "drives": "hdd",
    }
    jobs, (profile,) = jobs_of(spec)
    assert jobs.duration_s.tolist() == [pytest.approx(7200.0)]
    # 36 TB read and 18 written, 8 J/GB on hard disks.
    assert profile.storage_w * 10 * 7200 == pytest.approx(54_000 * 8)
    assert profile.data_bytes == 36e12


FEDERATED = {
    "type": "federated",
    "sites": ("core", "edge"),
    "clients_per_site": 2,
    "gpus": 2,
    "rounds": 10,
    "parameters_b": 0.5,
    "round_tokens": 2e6,
    "mfu": 0.3,
}


def test_federated_rounds_wait_for_the_slowest_site_and_pay_for_what_they_send(jobs_of):
    jobs, profiles = jobs_of(FEDERATED, hours=100)
    assert [profile.name for profile in profiles] == ["federated", "federated"]
    assert jobs.home_site.tolist() == [0, 1]
    assert jobs.home_cluster.tolist() == [0, 1]
    assert jobs.gpus_count.tolist() == [4, 4]
    # 1 GB down and 1 GB up for each of two clients over 8 Gbit/s at the edge: 4 s.
    l4_peak = 121e12
    compute_s = 6 * 0.5e9 * 2e6 / (2 * l4_peak * 0.3)
    round_s = compute_s + 4.0
    assert jobs.duration_s.tolist() == [pytest.approx(10 * round_s, rel=0.01)] * 2
    core, edge = profiles
    assert edge.useful_fraction == pytest.approx(compute_s / round_s, rel=0.01)
    assert core.useful_fraction < edge.useful_fraction
    # 0.025 kWh/GB over broadband, 0.001 between data centers: 4 GB a round.
    assert edge.network_w * 4 * round_s == pytest.approx(4 * 90_000, rel=0.01)
    assert core.network_w * 4 * round_s == pytest.approx(4 * 3600, rel=0.01)
    assert core.stays_home
    # A client that waits idles with the model resident.
    assert jobs.power_fraction[0] < jobs.power_fraction[1] < 0.83


def test_secure_aggregation_sends_more_bytes(jobs_of):
    _, (_, plain) = jobs_of(FEDERATED, hours=100)
    jobs, (_, secure) = jobs_of(FEDERATED | {"techniques": ("secure-aggregation",)}, hours=100)
    duration_s = jobs.duration_s[0] / 10
    # 2 GB down and 1.75 x 2 GB up.
    assert secure.network_w * 4 * duration_s == pytest.approx(5.5 * 90_000)
    assert plain.network_w > 0.0


def test_streams_are_numbered_in_the_scenarios_order_and_federated_sites_count_apart(jobs_of):
    jobs, profiles = jobs_of(FEDERATED, TRAINING, hours=100)
    assert [profile.name for profile in profiles] == ["federated", "federated", "model-training"]
    assert sorted(jobs.workload.tolist()) == [0, 1, 2]


def test_without_mfu_a_run_takes_that_of_published_runs(jobs_of):
    jobs, _ = jobs_of({name: value for name, value in TRAINING.items() if name != "mfu"})
    mfu = WORK_S * 0.4 / jobs.duration_s[0]
    assert 0.2 < mfu < 0.5
