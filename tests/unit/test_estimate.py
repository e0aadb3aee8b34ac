"""Estimates of training and serving against hand-computed figures, and what they refuse."""

from dataclasses import fields

import numpy as np
import pytest

from sim.catalog import row
from sim.datacenter.hardware import accelerator
from sim.errors import ScenarioError
from sim.units import Range
from sim.workload.estimate import (
    InferenceInputs,
    TrainingInputs,
    estimate_inference,
    estimate_training,
)
from sim.workload.estimate.inputs import checked, with_model
from sim.workload.estimate.replica import Demand, measured_replica
from sim.workload.estimate.unmeasured import (
    _points,
    _unseen_errors,
    accelerators_with_curves,
    decoding,
)
from sim.workload.intensity import flop_per_j, sci_kg_per_unit, tokens_per_kwh

SITE = {
    "carbon_g_per_kwh": 400.0,
    "pue": 1.25,
    "price_usd_per_kwh": 0.1,
    "wue_l_per_kwh": 0.5,
    "lifetime_years": 5.0,
    "embodied_kg": 1000.0,
}
RUN = {"params_b": 70.0, "tokens_b": 2000.0, "accelerator": "h100-sxm", "gpus": 2048}
SERVED = {"model": "llama-3.1-70b-instruct", "accelerator": "h100-sxm", "requests": 1e6}
RESULTS = (
    "accelerator_hours", "duration_h", "energy_mwh", "carbon_operational_t", "carbon_embodied_t",
    "cost_usd", "water_m3",
)  # fmt: skip


def training(**changes):
    return estimate_training(TrainingInputs(**RUN | changes))


def inference(**changes):
    return estimate_inference(InferenceInputs(**SERVED | changes))


def answered(kind, work, values):
    inputs = checked(kind, values, work)
    return (estimate_training if work == "training" else estimate_inference)(inputs)


def problems(kind, work, **values):
    with pytest.raises(ScenarioError, match="gridloom estimate") as told:
        answered(kind, work, values)
    return [(problem.where, problem.message) for problem in told.value.problems]


def test_training_by_hand():
    found = training(**SITE, mfu=0.4, failures_per_1000_gpu_days=0.0)
    # 6 * 70e9 * 2e12 / (989.4e12 * 0.4) s
    hours = 8.4e23 / (989.4e12 * 0.4) / 3600
    assert found.accelerator_hours == pytest.approx(Range(hours, hours, hours))
    assert found.duration_h.mid == pytest.approx(hours / 2048)
    # 0.83 of 700 W; a server of 1,200 W for 8, and 9 % of the accelerator; a tenth of TDP for the
    # network, 12 W for disks
    it_w = 581.0 + 150.0 + 0.09 * 581.0 + 70.0 + 12.0
    assert found.energy_mwh.mid == pytest.approx(hours * it_w * 1.25 / 1e6)
    assert found.carbon_operational_t.mid == pytest.approx(hours * it_w * 1.25 / 1e6 * 0.4)
    assert found.cost_usd.mid == pytest.approx(hours * it_w * 1.25 / 1e3 * 0.1)
    assert found.water_m3.mid == pytest.approx(hours * it_w / 1e3 * 0.5 / 1e3)
    assert found.carbon_embodied_t.mid == pytest.approx(hours / (5 * 365.25 * 24) * 1.0)


def test_energy_by_cause_adds_up_to_the_energy():
    for found in (training(**SITE), training(), inference(), inference(**SITE)):
        causes = found.energy_by_cause_mwh.values()
        assert sum(cause.mid for cause in causes) == pytest.approx(found.energy_mwh.mid)


def test_fitted_mfu_gives_the_hours_their_range():
    found = training()
    assert found.accelerator_hours.low < 0.8 * found.accelerator_hours.mid
    assert found.accelerator_hours.high > 1.2 * found.accelerator_hours.mid
    (mfu,) = (each for each in found.assumptions if each.name == "mfu")
    assert mfu.value.mid == pytest.approx(
        8.4e23 / (found.accelerator_hours.mid * 3600 * 989.4e12)
    )


def test_every_figure_has_an_ordered_range_and_every_assumption_a_source():
    for found in (training(), inference(), inference(batch=1.0), training(lora=True)):
        for name in RESULTS:
            low, mid, high = getattr(found, name)
            assert 0.0 < low <= mid <= high, name
        for low, mid, high in [*found.energy_by_cause_mwh.values(), *found.per_unit.values()]:
            assert 0.0 <= low <= mid <= high
        assert all(each.source and each.unit for each in found.assumptions)


def test_what_the_user_gives_has_no_range():
    given = {each.name: each for each in training(**SITE).assumptions}
    for name in ("pue", "carbon_g_per_kwh", "price_usd_per_kwh", "wue_l_per_kwh"):
        assert given[name].value == Range(*[SITE[name]] * 3)
        assert given[name].source == "given"
    assumed = [each.source for each in training().assumptions if each.name in SITE]
    assert "given" not in assumed


def test_accelerator_price_adds_to_the_cost():
    base, rented = training(**SITE), training(**SITE, accelerator_usd_per_h=2.0)
    assert rented.cost_usd.mid - base.cost_usd.mid == pytest.approx(
        2.0 * base.accelerator_hours.mid
    )
    assert "cost: electricity and accelerators" in rented.notes


def test_failures_are_added_to_a_users_mfu_but_not_to_the_fitted_one():
    names = {each.name for each in training().assumptions}
    assert "failures_per_1000_gpu_days" not in names
    without = training(mfu=0.4, failures_per_1000_gpu_days=0.0).accelerator_hours.mid
    found = training(mfu=0.4)
    assert "failures_per_1000_gpu_days" in {each.name for each in found.assumptions}
    assert 1.0 < found.accelerator_hours.mid / without < 1.1
    worse = training(mfu=0.4, failures_per_1000_gpu_days=5.0).accelerator_hours.mid
    assert worse > found.accelerator_hours.mid


def test_failures_cost_what_the_closed_form_says():
    # 4 failures per 1,000 GPU-days on 2,048: one in 10,547 s; 980e9 B / 2048 / 0.25e9 B/s = 1.914 s
    # sqrt(2 * 1.914 * 10547) = 200.9 s; 15 minutes to restart
    found = training(mfu=0.4, failures_per_1000_gpu_days=4.0).accelerator_hours.mid
    without = training(mfu=0.4, failures_per_1000_gpu_days=0.0).accelerator_hours.mid
    ratio = 10547 / 200.9 * 2.718282 ** (900 / 10547) * (2.718282 ** (202.83 / 10547) - 1)
    assert found / without == pytest.approx(ratio, rel=1e-3)


def test_technique_changes_time_and_power():
    base, fp8 = training(**SITE), training(**SITE, technique=("fp8",))
    assert fp8.accelerator_hours.mid / base.accelerator_hours.mid == pytest.approx(0.77)
    compute = fp8.energy_by_cause_mwh["compute"].mid / base.energy_by_cause_mwh["compute"].mid
    assert compute == pytest.approx(0.77 * 1.04)
    assert any(note.startswith("fp8:") for note in fp8.notes)


def test_unknown_embodied_carbon_is_told_and_not_guessed():
    found = training(accelerator="mi300x")
    assert found.carbon_embodied_t is None
    assert "sci_kg_per_billion_tokens" not in found.per_unit
    (embodied,) = (each for each in found.assumptions if each.name == "embodied_kg")
    assert embodied.value is None
    assert "give --embodied-kg" in embodied.source
    assert training(accelerator="mi300x", embodied_kg=900.0).carbon_embodied_t.mid > 0.0


def test_unknown_power_is_an_error():
    with pytest.raises(ValueError, match="tpu-v5e: its tdp_w is unknown"):
        training(accelerator="tpu-v5e")


def test_v100_trains_at_fp16():
    found = training(accelerator="v100-sxm2", gpus=10_000)
    assert "peak rate: 125 TFLOP/s at fp16, dense" in found.notes


def test_serving_by_hand_from_its_curve():
    found = inference(**SITE, batch=64.0, prompt_tokens=1000.0, output_tokens=200.0, gpus=4)
    curve, chip = row("serving_curves", "llama-3.1-70b-instruct/h100-sxm/4/chat"), row(
        "prefill_curves", "llama-3.1-70b-instruct/h100-sxm/4"
    )
    decode_s = 1e6 * 200 / 64 * (curve["t0_ms"] + 64 * curve["t1_ms"]) / 1e3
    prefill_s = 1e6 * (chip["floor_ms"] ** 4 + (chip["ms_per_token"] * 1000) ** 4) ** 0.25 / 1e3
    hours = 4 * (decode_s + prefill_s) * 1.25 / 3600  # a quarter more kept ready
    assert found.accelerator_hours.mid == pytest.approx(hours)
    assert found.duration_h.mid == pytest.approx(hours / 4)
    decode_w = curve["p0_w"] + curve["pdyn_w"] * 64 / (64 + curve["k_batch"])
    prefill_w = 700 * min(
        1.0,
        chip["power_base_fraction"]
        + chip["power_gain_fraction"] * 1000 / (1000 + chip["power_half_tokens"]),
    )
    compute_j = 4 * (decode_s * decode_w + prefill_s * prefill_w)
    idle_j = 4 * (decode_s + prefill_s) * 0.25 * 113
    server_j = hours * 3600 * 150 + 0.09 * compute_j
    assert found.energy_by_cause_mwh["compute"].mid == pytest.approx(compute_j / 3.6e9)
    assert found.energy_by_cause_mwh["idle"].mid == pytest.approx(idle_j / 3.6e9)
    assert found.energy_mwh.mid == pytest.approx(1.25 * (compute_j + idle_j + server_j) / 3.6e9)
    assert found.per_unit["energy_per_request_wh"].mid == pytest.approx(
        found.energy_mwh.mid * 1e6 / 1e6
    )


def test_measured_iteration_spreads_by_twice_the_error_of_its_fit():
    demand = Demand(requests_count=1.0, prompt=1000.0, output=200.0, batch=64.0)
    found = measured_replica("llama-3.1-70b-instruct", accelerator("h100-sxm"), 4, demand)
    error = row("serving_curves", "llama-3.1-70b-instruct/h100-sxm/4/chat")[
        "throughput_error_percent"
    ]
    assert found.iteration_s.high / found.iteration_s.mid == pytest.approx(1 + error / 50)
    assert found.iteration_s.mid / found.iteration_s.low == pytest.approx(1 + error / 50)


def test_rule_is_judged_on_models_that_it_was_not_fitted_on():
    # leave one model out, by hand: fit the others, compare with the one left out
    points = _points("a100-sxm-40gb")
    left_out = points["model"] == points["model"].iloc[0]
    names = ["active", "share", "batch", "gpus"]
    columns = np.column_stack([np.ones(len(points)), np.log(points[names].to_numpy(float))])
    times = np.log(points["iteration_s"].to_numpy())
    fitted = np.linalg.lstsq(columns[~left_out], times[~left_out], rcond=None)[0]
    errors = times[left_out] - columns[left_out] @ fitted
    assert np.isin(errors.round(9), _unseen_errors("a100-sxm-40gb", "iteration_s").round(9)).all()


def test_output_tokens_or_requests_ask_the_same():
    told = inference(requests=None, tokens=211e6)
    assert told.energy_mwh == pytest.approx(inference().energy_mwh)


def test_replicas_shorten_the_time_and_leave_the_energy():
    one, four = inference(), inference(replicas=4)
    assert four.duration_h.mid == pytest.approx(one.duration_h.mid / 4)
    assert four.energy_mwh.mid == pytest.approx(one.energy_mwh.mid)


def test_larger_batch_saves_energy():
    energies = [inference(batch=batch).energy_mwh.mid for batch in (8.0, 32.0, 128.0)]
    assert energies == sorted(energies, reverse=True)


def test_model_by_size_comes_near_the_measured_one():
    # the rule's own error on unseen models is about 20 % in time
    by_size = inference(model=None, params_b=70.0, gpus=4)
    assert by_size.energy_mwh.low < inference().energy_mwh.mid < by_size.energy_mwh.high


def test_model_of_the_catalog_without_a_curve_is_estimated_by_size():
    found = inference(model="llama-2-70b", gpus=4)
    by_size = inference(model=None, params_b=70.0, gpus=4)
    assert found.energy_mwh == by_size.energy_mwh


def test_smallest_replica_that_holds_the_weights_is_taken():
    assert "replica of 2 x h100-sxm" in inference(model=None, params_b=60.0).notes[0]
    int4 = inference(model=None, params_b=60.0, technique=("int4",))
    assert "replica of 1 x h100-sxm" in int4.notes[0]


def test_rule_holds_within_its_range_for_every_accelerator():
    assert "h100-sxm" in accelerators_with_curves()
    for name in accelerators_with_curves():
        small = decoding(name, 1, 32.0, active_parameters_b=8.0, weights_gb=16.0)
        large = decoding(name, 8, 32.0, active_parameters_b=70.0, weights_gb=140.0)
        assert 0.0 < small.iteration_s.low < small.iteration_s.mid < large.iteration_s.mid
        assert 0.1 * accelerator(name).tdp_w < small.power_w.mid < 1.1 * accelerator(name).tdp_w
        far = decoding(name, 1, 1e6, active_parameters_b=8.0, weights_gb=16.0)
        assert far.batch < 1e4


def test_every_mistake_of_a_training_run_is_told():
    found = problems(
        TrainingInputs, "training", params_b=-70.0, tokens_b=-1.0, accelerator="h100", gpus=8,
        mfu=1.4, pue=0.5, technique=("fp9", "dp-sgd", "dp-sgd-ghost"),
    )  # fmt: skip
    assert [where for where, _ in found] == [
        "--accelerator", "--mfu", "--params-b", "--pue", "--technique", "--technique", "--tokens-b",
    ]
    messages = dict(found)
    assert messages["--mfu"] == "1.4 must be less than or equal to 1."
    assert messages["--accelerator"].endswith("Did you mean h100-sxm?")


def test_missing_inputs_are_named():
    assert problems(TrainingInputs, "training", params_b=7.0) == [
        ("--accelerator", "is needed."), ("--gpus", "is needed."), ("--tokens-b", "is needed."),
    ]


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"gpus": 8}, "--gpus", "Use at least 18 accelerators"),
        ({"precision": "fp8"}, "--precision", "no published MFU to fit on: give --mfu"),
        ({"precision": "fp12"}, "--precision", "Did you mean fp32?"),
        ({"technique": ("mixed-precision",)}, "--technique", "already is; leave it out"),
        ({"technique": ("distributed-training",)}, "--technique", "in the fitted MFU"),
        ({"technique": ("batching",)}, "--technique", "only for inference"),
        ({"accelerator": "a100-sxm-80gb", "technique": ("fp8",)}, "--technique", "no fp8 rate"),
        ({"tensor_parallel": 16}, "--tensor-parallel", "more than the 8 accelerators of a node"),
        ({"active_params_b": 80.0}, "--active-params-b", "all 70 billion"),
        ({"carbon_g_per_kwh": float("nan")}, "--carbon-g-per-kwh", "finite"),
    ],
)
def test_impossible_training_run_is_refused(changes, where, message):
    found = problems(TrainingInputs, "training", **RUN | changes)
    assert where in dict(found)
    assert any(message in said for _, said in found), found


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"model": "llama-3.1-70b-instruc"}, "--model", "Did you mean llama-3.1-70b-instruct?"),
        ({"params_b": 70.0}, "--model", "either it or --params-b"),
        ({"tokens": 1e6}, "--requests", "either it or --tokens"),
        ({"gpus": 3}, "--gpus", "There are: 8 x a100-sxm-40gb, 2 x b200, 4 x h100-sxm"),
        ({"batch": 5000.0}, "--batch", "what was measured or fits the memory"),
        ({"batch": 0.5}, "--batch", "greater than or equal to 1"),
        ({"technique": ("batching",)}, "--technique", "batching is what --batch sets"),
        ({"accelerator": "l4"}, "--accelerator", "no model was measured on l4"),
        ({"model": None, "params_b": 400.0, "gpus": 4}, "--gpus", "800 GB do not fit 4 x h100-sxm"),
        ({"model": None, "params_b": 40_000.0}, "--gpus", "do not fit 32 x h100-sxm"),
        ({"model": "qwen3-235b-a22b-instruct-2507-fp8", "technique": ("fp8",)}, "--technique",
         "measured at fp8 already"),
    ],
)  # fmt: skip
def test_impossible_serving_is_refused(changes, where, message):
    found = problems(InferenceInputs, "inference", **SERVED | changes)
    assert where in dict(found)
    assert any(message in said for _, said in found), found


def test_model_of_the_catalog_gives_parameters_and_tokens():
    filled = with_model({"model": "qwen3-30b-a3b", "tokens_b": 5.0, "params_b": None})
    assert filled == {"params_b": 30.5, "active_params_b": 3.3, "tokens_b": 5.0}
    with pytest.raises(ScenarioError, match=r'no model "gpt3"\. Did you mean gpt-3\?'):
        with_model({"model": "gpt3"})


def test_estimate_has_all_results():
    names = {field.name for field in fields(training())}
    assert set(RESULTS) <= names


def test_figures_per_unit_by_hand():
    # (1 kWh * 0.4 kg/kWh + 0.1 kg) / 50 units
    assert sci_kg_per_unit(0.4, 0.1, 50) == pytest.approx(0.01)
    assert flop_per_j(1e12, 4.0) == 2.5e11
    assert tokens_per_kwh(1000.0, 0.5) == 2000.0
    with pytest.raises(ValueError, match="functional units: 0 is not above 0"):
        sci_kg_per_unit(1.0, 1.0, 0)
