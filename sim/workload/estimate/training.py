"""What a training run takes, from the model's size and the number of tokens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sim.catalog.hardware import AcceleratorFacts, needed, peak_flop_per_s
from sim.datacenter.embodied import SERVER_GPUS
from sim.datacenter.hardware import accelerator
from sim.units import DAY_S, GB, KWH, MINUTE_S, MWH, TONNE_KG, Range
from sim.workload.estimate.answer import (
    GIVEN,
    Assumption,
    Estimate,
    assumed,
    known,
    server_j,
    settle,
)
from sim.workload.estimate.inputs import Mistake, TrainingInputs, refuse, unsupported
from sim.workload.intensity import flop_per_j, j_per_token, kwh_per_step, sci_kg_per_unit
from sim.workload.published import fitted_mfu
from sim.workload.ranges import exact, inverse, product
from sim.workload.techniques import Modifiers, combine
from sim.workload.training import (
    TrainingPlan,
    checkpoint_bytes,
    checkpoint_overhead_ratio,
    failure_rate_per_s,
    plan_mistakes,
    training_duration_s,
    training_flop,
    young_daly_interval_s,
)
from sim.workload.training.plan import FLOP_PER_PARAMETER_TOKEN

HALF_PRECISIONS: Final = ("bf16", "fp16")
"""What published runs were trained at, and so what fitted MFU refers to; the first is preferred."""
BILLION: Final = 1e9
_INPUT_OF_FIELD: Final = {
    "parameters_count": "params_b",
    "active_parameters_count": "active_params_b",
    "gpus_count": "gpus",
    "mfu_fraction": "mfu",
    "precision": "precision",
    "tensor_parallel_count": "tensor_parallel",
    "pipeline_parallel_count": "pipeline_parallel",
}


def estimate_training(inputs: TrainingInputs) -> Estimate:
    """Return what a training run takes.

    Parameters
    ----------
    inputs : TrainingInputs
        The run.

    Returns
    -------
    Estimate
        Time, energy, money, water and carbon, each with its range.

    Raises
    ------
    ScenarioError
        If the run is impossible: it does not fit its memory, say.
    ValueError
        If the catalog does not know what is needed of the accelerator.

    Notes
    -----
    Hours are FLOP over peak x MFU, times techniques, times checkpoints and failures where MFU does
    not hold them. The power of an accelerator is a share of its TDP, with its share of server,
    network and storage; the facility adds PUE. Ranges combine as `sim.workload.ranges` says.
    """
    chip = accelerator(inputs.accelerator)
    plan, mfu = _plan(inputs, chip)
    mistakes = _mistakes(inputs, plan, chip)
    mistakes += [*_double_counting(inputs, plan), *unsupported(inputs.technique, chip)]
    refuse("training", mistakes)
    effect = combine(inputs.technique, "training", parameters_count=plan.parameters_count)
    overhead, failures = _interruptions(inputs, plan)
    duration_s = product(training_duration_s(plan, chip), effect.time_ratio, overhead)
    accelerator_s = product(duration_s, exact(plan.gpus_count))
    energy_j, draws = _energy(accelerator_s, plan, chip, effect)
    found = settle(
        accelerator_s,
        plan.gpus_count,
        energy_j,
        chip=chip,
        around=inputs,
        rests_on=[mfu, *draws, *failures],
    )
    return replace(
        found,
        per_unit=_per_unit(found, plan),
        notes=(*_notes(plan, chip), *effect.notes, *found.notes),
    )


def _plan(inputs: TrainingInputs, chip: AcceleratorFacts) -> tuple[TrainingPlan, Assumption]:
    what = "Model FLOP/s over the accelerator's peak"
    precision = inputs.precision or next(
        (half for half in HALF_PRECISIONS if half in chip.peak_flop_per_s), HALF_PRECISIONS[0]
    )
    if inputs.mfu is None:
        mfu = fitted_mfu(chip.name)
        source = (
            "fitted on the hours of published runs, restarts in them (`gridloom estimate check`)"
        )
    else:
        mfu, source = exact(inputs.mfu), GIVEN
    active = inputs.active_params_b
    plan = TrainingPlan(
        parameters_count=inputs.params_b * BILLION,
        tokens_count=inputs.tokens_b * BILLION,
        gpus_count=inputs.gpus,
        mfu_fraction=mfu,
        precision=precision,
        active_parameters_count=None if active is None else active * BILLION,
        work="lora" if inputs.lora else "training",
        tensor_parallel_count=inputs.tensor_parallel,
        pipeline_parallel_count=inputs.pipeline_parallel,
    )
    return plan, Assumption("mfu", what, mfu, "-", source)


def _mistakes(
    inputs: TrainingInputs, plan: TrainingPlan, chip: AcceleratorFacts
) -> list[Mistake]:
    found = plan_mistakes(plan, chip, gpus_per_node=SERVER_GPUS)
    mistakes = [(_INPUT_OF_FIELD.get(field, field), message) for field, message in found]
    known_rate = plan.precision in chip.peak_flop_per_s
    if inputs.mfu is None and known_rate and plan.precision not in HALF_PRECISIONS:
        mistakes.append((
            "precision",
            f"{plan.precision} has no published MFU to fit on: give --mfu, or estimate at "
            "bf16 with --technique fp8.",
        ))
    return mistakes


def _double_counting(inputs: TrainingInputs, plan: TrainingPlan) -> list[Mistake]:
    held = []
    if "mixed-precision" in inputs.technique and plan.precision in HALF_PRECISIONS:
        held.append(f"mixed-precision is what --precision {plan.precision} already is")
    if "fp8" in inputs.technique and plan.precision == "fp8":
        held.append("fp8 is what --precision fp8 already is")
    if "distributed-training" in inputs.technique and inputs.mfu is None:
        held.append("distributed-training is in the fitted MFU, which was measured at scale")
    return [("technique", f"{each}; leave it out.") for each in held]


def _interruptions(
    inputs: TrainingInputs, plan: TrainingPlan
) -> tuple[Range, Sequence[Assumption]]:
    """Give time with checkpoints and failures over time without, where MFU does not hold them."""
    rate = inputs.failures_per_1000_gpu_days
    if rate == 0.0 or (rate is None and inputs.mfu is None):
        return exact(1.0), ()
    per_unit = 1000.0 * DAY_S
    rates = failure_rate_per_s() if rate is None else exact(rate / per_unit)
    figures = (
        Assumption(
            "failures_per_1000_gpu_days",
            "Failures that stop the run",
            Range(*(bound * per_unit for bound in rates)),
            "1/1000 GPU-days",
            "catalog table failure_rates" if rate is None else GIVEN,
        ),
        assumed("restart_min"),
        assumed("checkpoint_gb_per_s"),
    )
    rate_per_s = Range(*(plan.gpus_count * bound for bound in rates))
    restart_s = product(known(figures[1]), exact(MINUTE_S))
    size_bytes = exact(checkpoint_bytes(plan.parameters_count) / plan.gpus_count / GB)
    write_s = product(size_bytes, inverse(known(figures[2])))
    middle = _overhead_ratio(rate_per_s.mid, write_s.mid, restart_s.mid)
    alone = (
        [_overhead_ratio(bound, write_s.mid, restart_s.mid) / middle for bound in rate_per_s],
        [_overhead_ratio(rate_per_s.mid, bound, restart_s.mid) / middle for bound in write_s],
        [_overhead_ratio(rate_per_s.mid, write_s.mid, bound) / middle for bound in restart_s],
    )
    return product(exact(middle), *(Range(*bounds) for bounds in alone)), figures


def _overhead_ratio(rate_per_s: float, write_s: float, restart_s: float) -> float:
    interval_s = young_daly_interval_s(write_s, 1.0 / rate_per_s)
    return checkpoint_overhead_ratio(interval_s, write_s, 1.0 / rate_per_s, restart_s=restart_s)


def _energy(
    accelerator_s: Range, plan: TrainingPlan, chip: AcceleratorFacts, effect: Modifiers
) -> tuple[dict[str, Range], list[Assumption]]:
    """Give the IT energy by cause, and what it rests on."""
    fraction, server, fans = map(assumed, ("power_fraction", "server_w", "fan_fraction"))
    network, storage = assumed("network_fraction"), assumed("storage_w")
    tdp_w = exact(needed(chip, "tdp_w"))
    compute_w = product(tdp_w, known(fraction), effect.power_ratio)
    compute_j = product(accelerator_s, compute_w)
    energy_j = {
        "compute": compute_j,
        "server": server_j(accelerator_s, compute_j, server, fans),
    }
    draws = [fraction, server, fans]
    if plan.gpus_count > SERVER_GPUS:
        energy_j["network"] = product(accelerator_s, tdp_w, known(network))
        draws.append(network)
    energy_j["storage"] = product(accelerator_s, known(storage))
    return energy_j, [*draws, storage]


def _per_unit(found: Estimate, plan: TrainingPlan) -> dict[str, Range]:
    energy_j = product(found.energy_mwh, exact(MWH))
    tokens, flop = plan.tokens_count, training_flop(plan)
    low, mid, high = energy_j
    units = {
        "efficiency_flop_per_j": Range(*(flop_per_j(flop, each) for each in (high, mid, low))),
        "energy_per_token_j": Range(*(j_per_token(each, tokens) for each in energy_j)),
        "energy_per_step_kwh": Range(
            *(kwh_per_step(each / KWH, plan.steps_count) for each in energy_j)
        ),
    }
    if found.carbon_embodied_t is not None:
        pairs = zip(found.carbon_operational_t, found.carbon_embodied_t, strict=True)
        units["sci_kg_per_billion_tokens"] = Range(*(
            sci_kg_per_unit(used * TONNE_KG, made * TONNE_KG, tokens / BILLION)
            for used, made in pairs
        ))
    return units


def _notes(plan: TrainingPlan, chip: AcceleratorFacts) -> list[str]:
    per_token = FLOP_PER_PARAMETER_TOKEN[plan.work]
    peak = peak_flop_per_s(chip, plan.precision) / 1e12
    return [
        f"operations: {per_token:g} x parameters x tokens = {training_flop(plan):.3g} FLOP",
        f"peak rate: {peak:g} TFLOP/s at {plan.precision}, dense",
        "embodied carbon of building, racks and network is not in it",
        "what experiments and failed runs cost before is not in it: 0.5 to 4.6 times as much again "
        "has been published (OLMo, arXiv 2503.05804; Olmo 3)",
    ]
