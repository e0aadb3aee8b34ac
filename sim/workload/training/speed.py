"""How long a run takes, and how another number of accelerators changes that.

MFU is measured at scale and holds the cost of parallelism already. The efficiency here only tells
how another number of accelerators compares with the one at which MFU was measured.
"""

from dataclasses import replace
from typing import Final

from sim.catalog.hardware import AcceleratorFacts, peak_flop_per_s
from sim.units import GBPS, Range
from sim.workload.training.memory import WEIGHT_BYTES
from sim.workload.training.plan import TrainingPlan, training_flop

EXPOSED_FRACTION: Final = 0.5
"""Share of the data-parallel traffic that no computation hides (assumption)."""
NETWORK_BYTES_PER_S: Final = 400.0 * GBPS
"""Between nodes, for each accelerator (assumption: a port of 400 Gb/s, of which a DGX H100 has
eight)."""


def training_duration_s(
    plan: TrainingPlan,
    accelerator: AcceleratorFacts,
    *,
    network_bytes_per_s: float = NETWORK_BYTES_PER_S,
) -> Range:
    """Return how long the run takes, without failures and checkpoints.

    Parameters
    ----------
    plan : TrainingPlan
        The run.
    accelerator : AcceleratorFacts
        What it runs on.
    network_bytes_per_s : float
        Bandwidth between nodes for each accelerator. [B/s]

    Returns
    -------
    Range
        Duration [s]; low where MFU is high.

    Raises
    ------
    ValueError
        If the accelerator has no rate at the plan's precision.
    """
    rate = plan.gpus_count * peak_flop_per_s(accelerator, plan.precision)
    rate *= parallel_efficiency(plan, accelerator, network_bytes_per_s=network_bytes_per_s)
    at_peak_s, mfu = training_flop(plan) / rate, plan.mfu_fraction
    return Range(at_peak_s / mfu.high, at_peak_s / mfu.mid, at_peak_s / mfu.low)


def parallel_efficiency(
    plan: TrainingPlan,
    accelerator: AcceleratorFacts,
    *,
    network_bytes_per_s: float = NETWORK_BYTES_PER_S,
) -> float:
    """Return work per accelerator, relative to that at the reference number of accelerators.

    Parameters
    ----------
    plan : TrainingPlan
        The run.
    accelerator : AcceleratorFacts
        What it runs on.
    network_bytes_per_s : float
        Bandwidth between nodes for each accelerator. [B/s]

    Returns
    -------
    float
        Efficiency [-]; 1 at the reference, above 1 with fewer accelerators.

    Raises
    ------
    ValueError
        If the accelerator has no rate at the plan's precision.

    Notes
    -----
    E = min(1, m) m' / (m' + p - 1) / (1 + x T_network / T_compute), m' = max(1, m), over its value
    at the reference: the bubble of p pipeline stages and m microbatches a rank [1]_; ranks idle
    where the batch has no sequence left for them; a ring all-reduce of the gradients takes
    2 (d - 1) / d of their bytes, half as much again with full sharding [2]_, and computation hides
    all but x. Tensor parallelism stays in the node; its cost is part of MFU.

    References
    ----------
    .. [1] Y. Huang et al., "GPipe," arXiv 1811.06965, sec. 2.
    .. [2] S. Rajbhandari et al., "ZeRO," arXiv 1910.02054, sec. 7.
    """
    if plan.reference_gpus_count is None or plan.reference_gpus_count == plan.gpus_count:
        return 1.0
    reference = replace(plan, gpus_count=plan.reference_gpus_count)
    mine = _step_efficiency(plan, accelerator, network_bytes_per_s)
    return mine / _step_efficiency(reference, accelerator, network_bytes_per_s)


def _step_efficiency(
    plan: TrainingPlan, accelerator: AcceleratorFacts, network_bytes_per_s: float
) -> float:
    copies = plan.data_parallel_count
    sequences = plan.batch_tokens_count / (plan.sequence_tokens_count * copies)
    busy, microbatches = min(1.0, sequences), max(1.0, sequences)
    bubble = microbatches / (microbatches + plan.pipeline_parallel_count - 1.0)
    rounds = 3.0 if plan.sharding == "full" else 2.0
    gradient_bytes = WEIGHT_BYTES * plan.parameters_count / plan.model_parallel_count
    network_s = rounds * (copies - 1) / copies * gradient_bytes / network_bytes_per_s
    step_flop = training_flop(replace(plan, tokens_count=plan.batch_tokens_count))
    rate = busy * plan.gpus_count * plan.mfu_fraction.mid
    compute_s = step_flop / (rate * peak_flop_per_s(accelerator, plan.precision))
    return busy * bubble / (1.0 + EXPOSED_FRACTION * network_s / compute_s)
