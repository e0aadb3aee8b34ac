"""Whether a model fits the memory of its accelerators, and what else is wrong with a plan."""

import math
from collections.abc import Iterator
from typing import Final

from sim.catalog.hardware import AcceleratorFacts, needed
from sim.registry import did_you_mean
from sim.units import GB
from sim.workload.training.plan import TrainingPlan, usual_shape

WEIGHT_BYTES: Final = 2.0
"""Of a weight, or of a gradient, in bf16 or fp16."""
OPTIMIZER_BYTES: Final = 12.0
"""Adam in fp32: copy of the weight, momentum, variance (ZeRO, arXiv 1910.02054, sec. 3.1). fp32
training needs the same 16 bytes in all; fp8 training keeps weights in bf16."""
LORA_FRACTION: Final = 0.01
"""Trained parameters of LoRA over all (assumption: rank 16 to 64 on every matrix)."""
USABLE_MEMORY_FRACTION: Final = 0.9
"""The rest is the framework's, or fragmented (assumption)."""
EIGHT_BIT: Final = frozenset({"fp8", "int8"})


def memory_needed_bytes(plan: TrainingPlan) -> float:
    """Return the memory that each accelerator needs.

    Parameters
    ----------
    plan : TrainingPlan
        The run.

    Returns
    -------
    float
        Weights, gradients, optimizer states, activations [B].

    Notes
    -----
    2 + 2 + 12 bytes a parameter, shared as the plan says; activations of one sequence, recomputed
    in the backward pass: (2 layers + 34) width bytes a token [1]_. Batch inference holds the
    weights only; its key-value cache is not counted.

    References
    ----------
    .. [1] V. Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models,"
       arXiv 2205.05198, sec. 4.
    """
    kept, shared = _state_bytes(plan)
    return kept + shared / plan.data_parallel_count + _activation_bytes(plan)


def fewest_gpus(plan: TrainingPlan, accelerator: AcceleratorFacts) -> int | None:
    """Return how many accelerators a plan needs at least to fit their memory.

    Parameters
    ----------
    plan : TrainingPlan
        The run; its tensor and pipeline parallelism and its sharding stay.
    accelerator : AcceleratorFacts
        What it runs on.

    Returns
    -------
    int or None
        Accelerators [-]; None where no number of them is enough.

    Raises
    ------
    ValueError
        If the accelerator's memory is not known.
    """
    kept, shared = _state_bytes(plan)
    left_bytes = _usable_bytes(accelerator) - _activation_bytes(plan) - kept
    if left_bytes <= 0.0:
        return None
    return plan.model_parallel_count * max(1, math.ceil(shared / left_bytes))


def plan_mistakes(
    plan: TrainingPlan, accelerator: AcceleratorFacts, *, gpus_per_node: int = 8
) -> list[tuple[str, str]]:
    """Return everything that keeps a plan from running.

    Parameters
    ----------
    plan : TrainingPlan
        The run.
    accelerator : AcceleratorFacts
        What it runs on.
    gpus_per_node : int
        Accelerators of a node, the bound of tensor parallelism. [-]

    Returns
    -------
    list of (str, str)
        Field of the plan and what is wrong with it; empty if nothing is.
    """
    wrong = list(_number_mistakes(plan))
    rates = accelerator.peak_flop_per_s
    if plan.precision not in rates:
        hint = did_you_mean(plan.precision, rates)
        wrong.append(("precision", f"{accelerator.name} has no {plan.precision} rate.{hint}"))
    return wrong or [
        *_layout_mistakes(plan, gpus_per_node),
        *_memory_mistakes(plan, accelerator),
    ]


def _number_mistakes(plan: TrainingPlan) -> Iterator[tuple[str, str]]:
    for field in (
        "parameters_count", "tokens_count", "gpus_count", "tensor_parallel_count",
        "pipeline_parallel_count", "batch_tokens_count", "sequence_tokens_count",
    ):  # fmt: skip
        value = getattr(plan, field)
        if not (value > 0 and math.isfinite(value)):
            yield field, f"{value:g} is not a positive number."
    low, mid, high = plan.mfu_fraction
    if not 0.0 < low <= mid <= high <= 1.0:
        yield "mfu_fraction", f"{low:g} to {high:g} is not within 0 to 1, 0 left out."
    active = plan.active_parameters_count
    if active is not None and not 0.0 < active <= plan.parameters_count:
        yield (
            "active_parameters_count",
            f"{active / 1e9:g} billion is not within 0 and all {plan.parameters_count / 1e9:g} "
            "billion parameters.",
        )


def _layout_mistakes(plan: TrainingPlan, gpus_per_node: int) -> Iterator[tuple[str, str]]:
    if plan.tensor_parallel_count > gpus_per_node:
        yield (
            "tensor_parallel_count",
            f"{plan.tensor_parallel_count} is more than the {gpus_per_node} accelerators of a "
            "node, and tensor parallelism needs the links inside one. Use pipeline parallelism.",
        )
    for field in ("gpus_count", "reference_gpus_count"):
        count = getattr(plan, field)
        if count is not None and count % plan.model_parallel_count:
            yield (
                field,
                f"{count} is no multiple of {plan.model_parallel_count}, tensor x pipeline "
                "parallel.",
            )


def _memory_mistakes(
    plan: TrainingPlan, accelerator: AcceleratorFacts
) -> Iterator[tuple[str, str]]:
    needs_bytes, usable_bytes = memory_needed_bytes(plan), _usable_bytes(accelerator)
    if needs_bytes <= usable_bytes:
        return
    fewest = fewest_gpus(plan, accelerator)
    advice = (
        "Split the model: tensor or pipeline parallel, or full sharding"
        if fewest is None or fewest <= plan.gpus_count
        else f"Use at least {fewest} accelerators"
    )
    yield (
        "gpus_count",
        f"{plan.parameters_count / 1e9:g} billion parameters need {needs_bytes / GB:.3g} GB on "
        f"each of {plan.gpus_count} accelerators, and {accelerator.name} has "
        f"{usable_bytes / GB:.3g} GB to use. {advice}, LoRA, or one with more memory.",
    )


def _usable_bytes(accelerator: AcceleratorFacts) -> float:
    return USABLE_MEMORY_FRACTION * needed(accelerator, "memory_bytes")


def _state_bytes(plan: TrainingPlan) -> tuple[float, float]:
    """Give what each data-parallel rank keeps for itself, and what the ranks share."""
    each = plan.parameters_count / plan.model_parallel_count
    if plan.work == "inference":
        return each * (1.0 if plan.precision in EIGHT_BIT else WEIGHT_BYTES), 0.0
    trained = each * (LORA_FRACTION if plan.work == "lora" else 1.0)
    weights = WEIGHT_BYTES * (each + trained)
    states = OPTIMIZER_BYTES * trained
    if plan.sharding == "full":
        return 0.0, weights + states
    return (weights, states) if plan.sharding == "optimizer" else (weights + states, 0.0)


def _activation_bytes(plan: TrainingPlan) -> float:
    if plan.work == "inference":
        return 0.0
    layers, width = usual_shape(plan.active_count)
    return plan.sequence_tokens_count * width * (2.0 * layers + 34.0) / plan.tensor_parallel_count
