"""Fields of jobs as a model's makers see them: training, fine-tuning, batch inference, data."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.arrivals import AnyArrivals, ArrivalTimes
from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.standing import Standing


class ElasticGpus(Part):
    """A gang that takes what is free, and gives back what others wait for."""

    sizes: tuple[int, ...] = item(
        "Numbers of accelerators whose speed was measured, ascending: the first is the least it "
        "runs on, the last the most.",
        min_length=2,
    )
    speedups: tuple[float, ...] = item(
        "Measured work per time at each, over that at the first; between them on a line.",
        min_length=2,
    )


class MfuRange(Part):
    """A range of model-FLOP utilization, from which each job draws its own, all values alike."""

    min_fraction: float = number("Least.", unit="-", gt=0, le=1)
    max_fraction: float = number("Most.", unit="-", gt=0, le=1)


class Checkpoints(Part):
    """When a run writes checkpoints, and how fast."""

    every_min: Annotated[
        Annotated[Annotated[float, number("Given interval.", unit="min", gt=0)], Tag("number")]
        | Annotated[Literal["young-daly"], Tag("name")],
        Discriminator(by_shape("number")),
    ] = item(
        "Work between two checkpoints: minutes, or the interval of Young and Daly, which costs "
        "least at the failure rate.",
        unit="min",
    )
    write_gb_per_s: float | None = number(
        "Bandwidth at which each accelerator writes its share; null means the catalog's 0.25.",
        unit="GB/s", default=None, gt=0,
    )


class FailureRate(Part):
    """How often hardware fails and stops the whole gang."""

    mtbf_gpu_h: float | None = number(
        "Mean time between failures of one accelerator; null with mtbf_node_h null means the "
        "median of the catalog's published runs.",
        unit="h", default=None, gt=0,
    )
    mtbf_node_h: float | None = number(
        "Mean time between failures of a node, instead.", unit="h", default=None, gt=0
    )
    restart_min: float | None = number(
        "Time from a failure until work goes on, accelerators idle with the model resident; null "
        "means the catalog's 15.",
        unit="min", default=None, ge=0,
    )


class Arriving(Standing):
    """What all jobs of this kind share."""

    arrivals: AnyArrivals = item(
        "When jobs arrive: a Poisson process, or given times.", default=ArrivalTimes(at_h=(0.0,))
    )
    slack_h: float | None = number(
        "How much later than its expected end a job may end; null means no deadline.",
        unit="h", default=None, ge=0,
    )
    techniques: tuple[str, ...] = item(
        "Techniques that change time, power, bytes or accelerators; `gridloom catalog techniques` "
        "lists them.",
        default=(),
    )


class ModelJobs(Arriving):
    """What jobs at one site share."""

    site: Slug | None = item(
        "Home site; null means the first site with a data center.", default=None
    )
    cluster: Slug | None = item(
        "Cluster at the home site; null means the first that is large enough.", default=None
    )
    interruptible: bool = item("Whether a job may be suspended and resumed.", default=False)
    data_gb: float = number(
        "Data that a job reads once, and that has to be at its site before it may start there.",
        unit="GB", default=0.0, ge=0,
    )

    @property
    def home_sites(self) -> tuple[str | None, ...]:
        """Sites that the jobs call home; None for the first with a data center."""
        return (self.site,)


class LanguageModelRun(ModelJobs):
    """What training and fine-tuning share."""

    parameters_b: float = number("Parameters of the model, in billions.", unit="1e9", gt=0)
    active_parameters_b: float | None = number(
        "Parameters a token passes through, in a mixture of experts; null means all.",
        unit="1e9", default=None, gt=0,
    )
    precision: Literal["fp32", "tf32", "bf16", "fp16", "fp8"] = item(
        "Precision that the peak rate is taken at.", default="bf16"
    )
    mfu: Annotated[
        Annotated[Annotated[float, number("One value.", unit="-", gt=0, le=1)], Tag("number")]
        | Annotated[MfuRange, Tag("range")],
        Discriminator(by_shape("range")),
    ] | None = item(
        "Model-FLOP utilization: model FLOP/s over the peak. A number, or a range that each job "
        "draws from; null means the median of published runs on such accelerators, restarts in it.",
        default=None,
    )
    gpus: Annotated[
        Annotated[Annotated[int, number("A gang of fixed size.", unit="-", ge=1)], Tag("number")]
        | Annotated[ElasticGpus, Tag("elastic")],
        Discriminator(by_shape("elastic")),
    ] = item("Accelerators: a number, or a measured scaling curve.")
    tensor_parallel: int = number(
        "Accelerators that share each layer, within a node.", unit="-", default=1, ge=1
    )
    pipeline_parallel: int = number(
        "Stages that share the layers; the rest is data parallel.", unit="-", default=1, ge=1
    )
    sharding: Literal["full", "optimizer", "none"] = item(
        "What data-parallel ranks share: everything (FSDP, ZeRO-3), the optimizer's states "
        "(ZeRO-1), nothing.",
        default="full",
    )
    mfu_gpus: int | None = number(
        "Accelerators at which mfu was measured, if others than gpus: then the pipeline's bubble "
        "and the gradients' traffic change it.",
        unit="-", default=None, ge=1,
    )
    batch_tokens: float = number(
        "Tokens of a step (assumption: as in Llama 2).", unit="tokens", default=4e6, gt=0
    )
    sequence_tokens: int = number("Tokens of a sequence.", unit="tokens", default=4096, ge=1)
    checkpoints: Checkpoints | None = item(
        "Checkpoints; null: none before the end.", default=None
    )
    failures: FailureRate | None = item("Failures of hardware; null: none.", default=None)
    power_fraction: float | None = number(
        "Power of a busy accelerator over its TDP; null means the catalog's 0.83.",
        unit="-", default=None, gt=0, le=1,
    )

    @property
    def most_gpus(self) -> int:
        """Accelerators that a job holds at most. [-]."""
        return self.gpus.sizes[-1] if isinstance(self.gpus, ElasticGpus) else self.gpus


class ModelTraining(LanguageModelRun):
    """Training of a language model from its size and its tokens."""

    type: Literal["model-training"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="model-training")
    tokens_b: float = number("Tokens it is trained on, in billions.", unit="1e9", gt=0)


class FineTuning(LanguageModelRun):
    """Fine-tuning of a language model."""

    type: Literal["fine-tuning"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="fine-tuning")
    tokens_b: float = number("Tokens of the data, in billions.", unit="1e9", gt=0)
    epochs: float = number("How often it sees them.", unit="-", default=1.0, gt=0)
    method: Literal["full", "lora"] = item(
        "Whether all parameters are trained, or low-rank adapters beside them.", default="full"
    )


class BatchInference(ModelJobs):
    """Many requests that nobody waits for, served in full batches."""

    type: Literal["batch-inference"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="batch-inference")
    model: str = item("Model; `gridloom catalog serving_curves` lists them.")
    gpus_per_replica: int = number("Accelerators of a replica.", unit="-", ge=1)
    replicas: int = number("Replicas that share a job's requests.", unit="-", default=1, ge=1)
    batch: int = number("Requests that are decoded together.", unit="-", ge=1)
    requests: int = number("Requests of a job.", unit="-", ge=1)
    prompt_tokens: int = number("Tokens of a prompt.", unit="tokens", ge=1)
    output_tokens: int = number("Tokens of an answer.", unit="tokens", ge=1)

    @property
    def most_gpus(self) -> int:
        """Accelerators that a job holds. [-]."""
        return self.gpus_per_replica * self.replicas


class Preprocessing(ModelJobs):
    """A pass over a dataset: filter, deduplicate, tokenize."""

    type: Literal["preprocessing"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="preprocessing")
    data_tb: float = number("Data of a job; it reads them once.", unit="TB", gt=0)
    gpus: int = number("Accelerators that it holds.", unit="-", ge=1)
    gb_per_s: float = number("Data that each of them gets through.", unit="GB/s", gt=0)
    written_fraction: float = number(
        "Share of the data that is written again.", unit="-", default=1.0, ge=0, le=10
    )
    drives: Literal["ssd", "hdd"] = item("What it reads from and writes to.", default="ssd")
    power_fraction: float = number(
        "Power of its accelerators over their TDP (assumption: they mostly wait for data).",
        unit="-", default=0.3, gt=0, le=1,
    )
    clock_sensitive_fraction: float = number(
        "Share of its time that follows the clock, for power caps (assumption).",
        unit="-", default=0.5, ge=0, le=1,
    )

    @property
    def most_gpus(self) -> int:
        """Accelerators that a job holds. [-]."""
        return self.gpus


class Federated(Arriving):
    """Training at several sites that never share their data, only what they learned."""

    type: Literal["federated"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="federated")
    sites: tuple[Slug, ...] = item(
        "Sites of the clients; each needs a data center and a network.", min_length=2
    )
    clients_per_site: int = number("Clients at each site.", unit="-", default=1, ge=1)
    gpus: int = number("Accelerators of each client.", unit="-", ge=1)
    rounds: int = number("Rounds of training and averaging.", unit="-", ge=1)
    parameters_b: float = number("Parameters of the model, in billions.", unit="1e9", gt=0)
    round_tokens: float = number(
        "Tokens that each client trains on in a round.", unit="tokens", gt=0
    )
    precision: Literal["fp32", "tf32", "bf16", "fp16", "fp8"] = item(
        "Precision that the peak rate is taken at.", default="bf16"
    )
    mfu: float = number("Model FLOP/s over the peak at each client.", unit="-", gt=0, le=1)
    update_ratio: float = number(
        "Size of what a client sends over that of what it gets, the model at two bytes a "
        "parameter: below 1 if updates are compressed.",
        unit="-", default=1.0, gt=0,
    )
    power_fraction: float | None = number(
        "Power of a busy accelerator over its TDP; null means the catalog's 0.83.",
        unit="-", default=None, gt=0, le=1,
    )

    @property
    def cluster(self) -> None:
        """Clients run on the first cluster of their site that is large enough."""
        return

    @property
    def interruptible(self) -> bool:
        """No site may be suspended while the others wait for it."""
        return False

    @property
    def home_sites(self) -> tuple[str | None, ...]:
        """Sites that the jobs call home."""
        return self.sites

    @property
    def most_gpus(self) -> int:
        """Accelerators that the job of each site holds. [-]."""
        return self.gpus * self.clients_per_site


AnyModelJobs = ModelTraining | FineTuning | BatchInference | Preprocessing | Federated
"""Streams that are worked out from a model or its data."""
