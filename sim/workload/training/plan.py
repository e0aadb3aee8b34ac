"""A training run as a model's makers state it, and the operations it needs."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sim.units import Range

Work = Literal["training", "lora", "inference"]
"""From scratch or full fine-tuning; fine-tuning with LoRA; batch inference."""

FLOP_PER_PARAMETER_TOKEN: Final = MappingProxyType({"training": 6.0, "lora": 4.0, "inference": 2.0})
"""Forward 2, backward 4 (Kaplan et al. 2020, arXiv 2001.08361, sec. 2.1). LoRA needs no gradients
of the frozen weights, half of the backward pass; inference is a forward pass."""

WIDTH_PER_LAYER: Final = 128.0
"""Width over depth of a transformer (assumption: GPT-3 has 12,288 over 96)."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One training run, or one run of batch inference.

    Attributes
    ----------
    parameters_count : float
        All parameters of the model. [-]
    tokens_count : float
        Tokens it sees. [-]
    gpus_count : int
        Accelerators: data x tensor x pipeline parallel. [-]
    mfu_fraction : Range
        Model FLOP/s over the dense peak, at the reference number of accelerators.
    precision : str
        Which peak rate MFU refers to, e.g. ``bf16``.
    active_parameters_count : float or None
        Parameters a token passes through, in a mixture of experts; None: all. [-]
    work : {'training', 'lora', 'inference'}
        From scratch or full fine-tuning; fine-tuning with LoRA; batch inference.
    tensor_parallel_count : int
        Accelerators that share each layer, within a node. [-]
    pipeline_parallel_count : int
        Stages that share the layers. [-]
    sharding : {'full', 'optimizer', 'none'}
        What the data-parallel ranks share: everything (FSDP, ZeRO-3), only the optimizer's states
        (ZeRO-1), nothing.
    batch_tokens_count : float
        Tokens of a step (assumption: 4 million, as in Llama 2). [-]
    sequence_tokens_count : int
        Tokens of a sequence, one of which is a microbatch. [-]
    reference_gpus_count : int or None
        Accelerators at which MFU was measured; None: as many as the plan has. [-]
    """

    parameters_count: float
    tokens_count: float
    gpus_count: int
    mfu_fraction: Range
    precision: str = "bf16"
    active_parameters_count: float | None = None
    work: Work = "training"
    tensor_parallel_count: int = 1
    pipeline_parallel_count: int = 1
    sharding: Literal["full", "optimizer", "none"] = "full"
    batch_tokens_count: float = 4e6
    sequence_tokens_count: int = 4096
    reference_gpus_count: int | None = None

    @property
    def model_parallel_count(self) -> int:
        """Accelerators that hold one copy of the model between them."""
        return self.tensor_parallel_count * self.pipeline_parallel_count

    @property
    def data_parallel_count(self) -> int:
        """Copies of the model."""
        return max(1, self.gpus_count // self.model_parallel_count)

    @property
    def active_count(self) -> float:
        """Parameters a token passes through."""
        return self.active_parameters_count or self.parameters_count

    @property
    def steps_count(self) -> float:
        """Steps of the run."""
        return self.tokens_count / self.batch_tokens_count


def training_flop(plan: TrainingPlan, *, attention: bool = False) -> float:
    """Return the operations that the model needs; recomputation is not counted.

    Parameters
    ----------
    plan : TrainingPlan
        The run.
    attention : bool
        Whether to add the attention scores, which published figures mostly leave out.

    Returns
    -------
    float
        Operations [FLOP].

    Notes
    -----
    6 N D with N the active parameters; attention makes it (6 N + 12 layers width sequence) D [1]_,
    both less where the kind of work needs fewer passes.

    References
    ----------
    .. [1] A. Chowdhery et al., "PaLM," arXiv 2204.02311, appendix B.
    """
    weights = plan.active_count
    if attention:
        layers, width = usual_shape(plan.active_count)
        weights += 2.0 * layers * width * plan.sequence_tokens_count
    return FLOP_PER_PARAMETER_TOKEN[plan.work] * weights * plan.tokens_count


def usual_shape(parameters_count: float) -> tuple[float, float]:
    """Return layers and width of a transformer of the usual shape.

    Parameters
    ----------
    parameters_count : float
        Parameters; 12 layers width^2, without embeddings. [-]

    Returns
    -------
    layers : float
        Layers [-].
    width : float
        Width, 128 times the layers (assumption) [-].
    """
    layers = (parameters_count / (12.0 * WIDTH_PER_LAYER**2)) ** (1.0 / 3.0)
    return layers, WIDTH_PER_LAYER * layers
