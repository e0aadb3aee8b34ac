"""What techniques do, alone and together."""

import math

import pytest

from sim.catalog import table
from sim.units import Range
from sim.workload.ranges import exact, inverse, product, total
from sim.workload.techniques import combine, technique


def test_factors_spread_in_quadrature_and_terms_add():
    # ln 2 and ln 2 to the low side, ln 3 and 0 to the high side
    found = product(Range(1.0, 2.0, 6.0), Range(2.0, 4.0, 4.0))
    assert found.mid == 8.0
    assert found.low == pytest.approx(8.0 / math.exp(math.sqrt(2.0) * math.log(2.0)))
    assert found.high == pytest.approx(24.0)
    assert total(Range(1.0, 2.0, 6.0), Range(2.0, 4.0, 4.0)) == Range(3.0, 6.0, 10.0)
    assert inverse(Range(1.0, 2.0, 4.0)) == Range(0.25, 0.5, 1.0)


def test_known_factors_add_no_spread_and_nothing_stays_nothing():
    assert product(Range(1.0, 2.0, 4.0), exact(3.0)) == pytest.approx(Range(3.0, 6.0, 12.0))
    assert product(Range(1.0, 2.0, 4.0), exact(0.0)) == Range(0.0, 0.0, 0.0)
    assert product(Range(0.0, 2.0, 4.0), exact(3.0)).low == 0.0


def test_no_technique_changes_nothing():
    found = combine([], "training")
    assert found.time_ratio == found.power_ratio == found.bytes_ratio == exact(1.0)
    assert (found.gpus_ratio, found.energy_ratio, found.notes) == (exact(1.0), exact(1.0), ())


def test_fp8_costs_energy_at_batch_8_and_saves_at_64():
    # medians of 7 and 6 pairs of measurements: 1.580 and 0.909
    at_8 = combine(["fp8"], "inference", batch=8).energy_ratio
    at_64 = combine(["fp8"], "inference", batch=64).energy_ratio
    assert at_8.mid == pytest.approx(1.580, abs=2e-3)
    assert at_64.mid == pytest.approx(0.909, abs=2e-3)
    assert at_8.low > 1.0
    assert combine(["fp8"], "inference", batch=128).energy_ratio.mid < 1.0
    assert combine(["fp8"], "inference", batch=256).energy_ratio.high < 1.0


def test_effect_between_measured_batches_lies_between_theirs_on_logarithms():
    low, high = (combine(["fp8"], "inference", batch=b).time_ratio.mid for b in (8, 32))
    middle = combine(["fp8"], "inference", batch=16).time_ratio.mid
    between = combine(["fp8"], "inference", batch=8 * math.sqrt(2.0)).time_ratio.mid
    assert between == pytest.approx(math.sqrt(low * middle))
    assert high < middle < low


def test_effect_beyond_what_is_measured_is_that_at_the_edge_and_is_flagged():
    at_edge, beyond = (combine(["fp8"], "inference", batch=b) for b in (8, 1))
    assert beyond.time_ratio == at_edge.time_ratio
    assert "batch 1 is outside 8 to 1024" in beyond.notes[-1]
    assert not any("outside" in note for note in at_edge.notes)


def test_four_bits_cost_energy_in_small_models_and_save_in_large_ones():
    small = combine(["int4"], "inference", parameters_count=1e9).energy_ratio
    large = combine(["int4"], "inference", parameters_count=13e9).energy_ratio
    assert small == pytest.approx(Range(1.25, 1.4, 1.55))
    assert large == pytest.approx(Range(0.77, 0.81, 0.85))


def test_int8_is_no_saving():
    # +80 to +162 % energy at a quarter to a third of the speed
    found = combine(["int8"], "inference")
    assert found.energy_ratio.mid == pytest.approx(2.0, abs=0.01)
    assert found.time_ratio.low > 3.0


def test_batching_follows_the_fitted_power_of_the_batch():
    found = combine(["batching"], "inference", batch=128).energy_ratio
    assert found.mid == pytest.approx((128 / 8) ** -0.52, rel=2e-3)


def test_effects_multiply():
    # confidential computing 1.05, encryption 1.01 in transit and 1.01 at rest
    found = combine(
        ["confidential-computing", "encryption-at-rest", "encryption-in-transit"], "training"
    )
    assert found.time_ratio.mid == pytest.approx(1.05 * 1.01 * 1.01)
    assert found.power_ratio == exact(1.0)


def test_same_technique_may_do_one_thing_to_training_and_another_to_inference():
    found = combine(["fp8"], "training").time_ratio
    assert found == pytest.approx(Range(0.71, 0.77, 0.83))
    assert combine(["fp8"], "inference", batch=64).time_ratio.mid == pytest.approx(0.919)


def test_figures_from_memory_and_conditions_are_noted():
    notes = combine(["speculative-decoding"], "inference", batch=4).notes
    assert any("from memory" in note for note in notes)
    assert "a draft model" in notes[0]
    assert not any("memory" in note for note in combine(["perseus"], "training").notes)


def test_every_mistake_is_told_at_once():
    with pytest.raises(ValueError, match="Did you mean") as told:
        combine(["fp8", "int8", "perseus", "mixed-precison", "int8"], "inference")
    assert str(told.value).splitlines() == [
        'technique "int8" is named twice; name it once.',
        'there is no technique "mixed-precison". Did you mean mixed-precision?',
        'technique "fp8" depends on the batch; give it, above 0.',
        'technique "perseus" is not for inference, only for training.',
        'techniques "fp8" and "int8" exclude each other (precision); choose one.',
    ]


def test_technique_that_depends_on_the_size_asks_for_it():
    with pytest.raises(ValueError, match="depends on the number of parameters; give it"):
        combine(["int4"], "inference")


def test_technique_is_found_with_its_description():
    assert technique("dp-sgd").description.startswith("Differential privacy")
    with pytest.raises(ValueError, match=r'no technique "dpsgd"\. Did you mean dp-sgd\?'):
        technique("dpsgd")


def test_rows_of_the_catalog_can_be_used():
    data = table("techniques")
    for name, rows in data.groupby("technique"):
        assert rows["exclusive_group"].nunique() <= 1, name
        assert set(rows["phase"]) <= {"training", "inference", "both"}, name
        assert set(rows["from_memory"]) <= {"yes", "no"}, name
        assert rows["conditions"].notna().all(), name
    for kind in ("time", "power", "bytes", "gpus"):
        low, mid, high = (data[f"{kind}_{bound}_ratio"] for bound in Range._fields)
        assert ((low > 0) & (low <= mid) & (mid <= high)).all(), kind
