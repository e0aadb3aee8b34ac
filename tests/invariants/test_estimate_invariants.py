"""Whatever is asked, an estimate is positive, its ranges are ordered, its causes add up."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.workload.estimate import (
    InferenceInputs,
    TrainingInputs,
    estimate_inference,
    estimate_training,
)

RESULTS = (
    "accelerator_hours", "duration_h", "energy_mwh", "carbon_operational_t", "carbon_embodied_t",
    "cost_usd", "water_m3",
)  # fmt: skip

SITE = {
    "carbon_g_per_kwh": st.floats(0.0, 1000.0),
    "pue": st.floats(1.0, 2.0),
    "price_usd_per_kwh": st.floats(0.0, 1.0),
    "wue_l_per_kwh": st.floats(0.0, 5.0),
    "lifetime_years": st.floats(1.0, 10.0),
}
TRAINING = {
    "params_b": st.floats(0.1, 100.0),
    "tokens_b": st.floats(1.0, 1e5),
    "gpus": st.integers(64, 20_000),
    "accelerator": st.sampled_from(["h100-sxm", "a100-sxm-80gb", "b200"]),
    "technique": st.lists(
        st.sampled_from(["perseus", "dp-sgd", "federated-learning", "anonymisation"]), unique=True
    ).map(tuple),
}
SERVING = {
    "params_b": st.just(8.0),
    "requests": st.floats(1.0, 1e9),
    "prompt_tokens": st.floats(0.0, 8000.0),
    "output_tokens": st.floats(1.0, 4000.0),
    "batch": st.floats(1.0, 64.0),
    "accelerator": st.sampled_from(["h100-sxm", "b200", "a100-sxm-40gb"]),
    "technique": st.lists(
        st.sampled_from(["speculative-decoding", "confidential-computing"]), unique=True
    ).map(tuple),
}


def hold(found):
    for name in RESULTS:
        low, mid, high = getattr(found, name)
        assert 0.0 <= low <= mid <= high
        assert math.isfinite(high)
    causes = [cause.mid for cause in found.energy_by_cause_mwh.values()]
    assert min(causes) >= 0.0
    assert math.isclose(sum(causes), found.energy_mwh.mid, rel_tol=1e-9)


@settings(max_examples=40)
@given(st.fixed_dictionaries(TRAINING, optional=SITE | {"mfu": st.floats(0.05, 1.0)}))
def test_training_is_positive_and_twice_the_tokens_take_twice_the_energy(told):
    found = estimate_training(TrainingInputs(**told))
    hold(found)
    twice = estimate_training(TrainingInputs(**told | {"tokens_b": 2.0 * told["tokens_b"]}))
    assert math.isclose(twice.energy_mwh.mid, 2.0 * found.energy_mwh.mid, rel_tol=1e-9)


@settings(max_examples=40)
@given(st.fixed_dictionaries(SERVING, optional=SITE))
def test_serving_is_positive(told):
    hold(estimate_inference(InferenceInputs(**told)))
