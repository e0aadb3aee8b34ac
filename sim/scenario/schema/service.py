"""Fields of an inference service: a model, its replicas, its requests, what users expect."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.series import FileSeries


class ServingFit(Part):
    """A serving curve of the user's own."""

    t0_ms: float = number("Time of a decode iteration, fixed part.", unit="ms", gt=0)
    t1_ms: float = number("Further time per request in the batch.", unit="ms", ge=0)
    p0_w: float = number(
        "Power of one decoding accelerator alone, at batch 0: P0 + Pdyn B / (B + K).",
        unit="W", ge=0,
    )
    pdyn_w: float = number("What a large batch adds.", unit="W", ge=0)
    k_batch: float = number("Batch at which half of it is added.", unit="-", gt=0)
    smallest_batch: float = number(
        "Smallest batch it holds for; below it the power stays.", unit="-", default=1.0, ge=1
    )
    largest_batch: float = number("Largest batch it holds for.", unit="-", ge=1, le=100_000)
    prefill_floor_ms: float = number("Least time of a prefill.", unit="ms", gt=0)
    prefill_ms_per_token: float = number("Its time per token of a long prompt.", unit="ms", ge=0)
    prefill_power_fraction: float = number(
        "Power of an accelerator that reads a prompt over its TDP.", unit="-", gt=0, le=1
    )
    model_gb: float | None = number(
        "Size of the weights; null: not checked against the memory.",
        unit="GB", default=None, gt=0,
    )
    kv_kb_per_token: float | None = number(
        "KV cache of one token of one request; null: it does not limit the batch.",
        unit="kB", default=None, gt=0,
    )


class TokenLength(Part):
    """Lengths drawn from a lognormal distribution, rounded to whole tokens."""

    median_tokens: float = number("Median.", unit="tokens", ge=1)
    sigma: float = number("Standard deviation of the logarithm.", unit="-", ge=0, le=4)
    max_tokens: float = number("Longer draws are set to this.", unit="tokens", ge=1, le=10_000_000)


class RequestLengths(Part):
    """How long prompts and answers are."""

    prompt: TokenLength = item("Prompts.")
    output: TokenLength = item("Answers.")


class DrawnRequests(Part):
    """Requests drawn at random around a mean rate."""

    requests_per_s: float = number("Mean rate over a week.", unit="1/s", gt=0, le=1e6)
    shape: str | None = item(
        "How the rate goes over day and week (`gridloom catalog request_hours`); null: it stays.",
        default=None,
    )
    timezone: str = item("Zone whose clock the shape follows, e.g. America/New_York.",
                         default="UTC")
    burstiness_cv: float = number(
        "Coefficient of variation of the times between requests: 1 is a Poisson process; Azure's "
        "conversations have 1.1, its code completions 13.",
        unit="-", default=1.0, ge=1, le=30,
    )


class RateSeries(FileSeries):
    """Rates of requests from a CSV file, around which requests are drawn."""

    unit: Literal["1/s", "1/min", "1/h"] = item("Unit of the column.")
    burstiness_cv: float = number(
        "Coefficient of variation of the times between requests: 1 is a Poisson process.",
        unit="-", default=1.0, ge=1, le=30,
    )


class RequestTraceFile(Part):
    """Requests of a public trace, with their times and lengths; its first falls on the start."""

    file: str = item("The trace (may be .gz), relative to the scenario file.", min_length=1)
    format: Literal["azure-llm", "burstgpt"] = item("Azure LLM (2023 and 2024), or BurstGPT.")
    time_ratio: float = number(
        "Times between requests are multiplied by this: 2 halves the load.",
        unit="-", default=1.0, gt=0,
    )
    bad_rows: Literal["refuse", "drop"] = item(
        "A row that cannot be read stops everything, or is left out and counted.",
        default="refuse",
    )


Requested = Annotated[
    Annotated[DrawnRequests, Tag("drawn")]
    | Annotated[RateSeries, Tag("series")]
    | Annotated[RequestTraceFile, Tag("trace")],
    Discriminator(by_shape("drawn", column="series", format="trace")),
]
"""Requests: drawn, drawn around rates from a file, or those of a trace."""


class Replicas(Part):
    """How many replicas there are."""

    min: int = number("Replicas from the start, never fewer.", unit="-", ge=0, le=100_000)
    max: int = number("Never more.", unit="-", ge=1, le=100_000)


class Autoscaling(Part):
    """When replicas are added and removed: by the load of the step before, at step boundaries."""

    target_fraction: float = number(
        "Share of the capacity at which replicas are to be used (assumption).",
        unit="-", default=0.6, gt=0, le=1,
    )
    up_delay_min: float = number(
        "How long more have to be wanted before they are added.", unit="min", default=0.0, ge=0
    )
    down_delay_min: float = number(
        "How long fewer have to be wanted before any are removed (assumption: Kubernetes waits "
        "5 minutes).",
        unit="min", default=10.0, ge=0,
    )
    load_s: float | None = number(
        "Time until a new replica serves; null: by the size of the weights.",
        unit="s", default=None, ge=0,
    )
    load_gb_per_s: float = number(
        "Speed at which weights are loaded (assumption: a local solid-state drive).",
        unit="GB/s", default=2.0, gt=0,
    )


class Objective(Part):
    """What users expect of a request."""

    ttft_s: float | None = number(
        "Longest time to the first token; null: any.", unit="s", default=None, gt=0
    )
    tpot_s: float | None = number(
        "Longest mean time of a further token; null: any.", unit="s", default=None, gt=0
    )
    target_fraction: float = number(
        "Share of the requests that is to stay within both (assumption).",
        unit="-", default=0.95, gt=0, le=1,
    )


class Service(Part):
    """An inference service: replicas of a language model that answer requests."""

    type: Literal["service"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="service")
    site: Slug | None = item(
        "Site it runs at; null means the first with a data center.", default=None
    )
    cluster: Slug | None = item("Cluster there; null means the first.", default=None)
    model: str | None = item(
        "Model with a measured curve (`gridloom catalog serving_curves`); null: see curve.",
        default=None,
    )
    task: str | None = item(
        "What the curve was measured with, e.g. chat, reasoning, code; null takes chat, or the "
        "only one.",
        default=None,
    )
    curve: ServingFit | None = item("A curve of your own, instead of a model.", default=None)
    gpus_per_replica: int = number("Accelerators of a replica.", unit="-", ge=1, le=1024)
    replicas: Annotated[
        Annotated[Annotated[int, number("Replicas, always.", unit="-", ge=1, le=100_000)],
                  Tag("number")]
        | Annotated[Replicas, Tag("range")],
        Discriminator(by_shape("range")),
    ] = item("Number of replicas, or least and most.", default=1)
    autoscaling: Autoscaling = item(
        "How the number goes between least and most.", default=Autoscaling()
    )
    requests: Requested = item("When requests come.")
    lengths: Annotated[
        Annotated[str, Tag("name")] | Annotated[RequestLengths, Tag("lengths")],
        Discriminator(by_shape("lengths")),
    ] = item(
        "How long prompts and answers are: a name (`gridloom catalog request_shapes`), or two "
        "distributions; a trace has its own.",
        default="azure-conversation",
    )
    max_batch: int | None = number(
        "Largest batch of a replica; null: the largest that was measured, or what the KV cache "
        "leaves room for.",
        unit="-", default=None, ge=1, le=100_000,
    )
    slo: Objective = item("What users expect.", default=Objective())
    network_s: float | None = number(
        "Network time to the users and back, which adds to the time to the first token; null: "
        "light in the fiber of the site's network, or nothing without one.",
        unit="s", default=None, ge=0, le=10,
    )
    mode: Literal["fluid", "requests"] = item(
        "`fluid` serves step by step and takes any length of run; `requests` serves one by one, "
        "for minutes to hours.",
        default="fluid",
    )

    @property
    def least_replicas(self) -> int:
        """Replicas from the start. [-]."""
        return self.replicas if isinstance(self.replicas, int) else self.replicas.min

    @property
    def most_replicas(self) -> int:
        """Replicas that there can be. [-]."""
        return self.replicas if isinstance(self.replicas, int) else self.replicas.max
