"""Fields of the workload: streams of jobs, drawn at random or read from a file."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.arrivals import Arrivals as Arrivals
from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.model_jobs import (
    BatchInference,
    Federated,
    FineTuning,
    ModelTraining,
    Preprocessing,
)
from sim.scenario.schema.service import Service
from sim.scenario.schema.standing import Standing
from sim.scenario.schema.trace import TraceFile


class GangSizes(Part):
    """How many accelerators a job needs all at once."""

    sizes: tuple[int, ...] = item("Possible gang sizes.", min_length=1)
    weights: tuple[float, ...] = item(
        "Relative frequency of each size; empty means all alike.", default=()
    )


class LognormalDuration(Part):
    """Durations drawn from a lognormal distribution."""

    median_h: float = number("Median.", unit="h", gt=0)
    sigma: float = number("Standard deviation of the logarithm.", unit="-", default=1.0, ge=0, le=4)
    min_h: float = number("Shorter draws are set to this.", unit="h", default=1 / 60, gt=0)
    max_h: float = number("Longer draws are set to this.", unit="h", default=168.0, gt=0)


class Slack(Part):
    """How much later than its earliest possible end a job may end; drawn evenly between the two."""

    min_h: float = number("Least slack.", unit="h", default=0.0, ge=0)
    max_h: float = number("Most slack.", unit="h", ge=0)


class Training(Standing):
    """Training jobs: gangs that start together and run for a while."""

    type: Literal["training"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="training")
    site: Slug | None = item(
        "Home site; null means the first site with a data center.", default=None
    )
    cluster: Slug | None = item(
        "Cluster at the home site; null means the first that is large enough.", default=None
    )
    arrivals: Arrivals = item("When jobs arrive.")
    gpus: Annotated[
        Annotated[Annotated[int, number("Accelerators of every job.", unit="-", ge=1)],
                  Tag("number")]
        | Annotated[GangSizes, Tag("sizes")],
        Discriminator(by_shape("sizes")),
    ] = item("Gang size: a number, or sizes with weights.")
    duration: LognormalDuration = item("How long jobs run.")
    slack: Slack | None = item("Slack of the deadlines; null means no deadline.", default=None)
    max_wait_h: float | None = number(
        "Longest time for which a policy may put a job off, deadline or not; null: no limit.",
        unit="h", default=None, ge=0,
    )
    interruptible: bool = item("Whether a job may be suspended and resumed.", default=False)
    checkpoint_min: float = number(
        "Work between two checkpoints: what a job may lose when it has to make way for want of "
        "power; 0 loses nothing.",
        unit="min", default=0.0, ge=0,
    )
    data_gb: float = number(
        "Data that has to be at a job's site before it may start there.",
        unit="GB", default=0.0, ge=0,
    )
    checkpoint_gb: float = number(
        "Checkpoint that moves with a job which a policy sends to another site while it runs.",
        unit="GB", default=0.0, ge=0,
    )
    power_fraction: float = number(
        "Power of a busy accelerator over its TDP (assumption: measured 8-GPU nodes in heavy "
        "training draw at least what TDP and the server overheads add up to).",
        unit="-", default=1.0, gt=0, le=1,
    )
    duration_known: bool = item(
        "Whether policies see a job's own duration, or only the mean of the distribution.",
        default=True,
    )


class JobColumns(Part):
    """What the columns of the jobs file are called."""

    arrival: str = item("Time a job arrives (required).", default="arrival")
    duration: str = item("Its run time (required).", default="duration")
    gpus: str = item("Its gang size (required).", default="gpus")
    earliest_start: str = item("Earliest start, if the file has it.", default="earliest_start")
    deadline: str = item("Deadline, if the file has it.", default="deadline")
    power_w: str = item("IT power of the whole job, if the file has it.", default="power_w")
    interruptible: str = item(
        "Whether it may be suspended, if the file has it.", default="interruptible"
    )
    expected_duration: str = item(
        "Run time that policies see, if the file has it.", default="expected_duration"
    )
    priority: str = item("Its priority, if the file has it.", default="priority")
    user: str = item("Name of its user, if the file has it.", default="user")


class JobsFile(Standing):
    """Jobs from the user's CSV file, a job a row."""

    type: Literal["jobs"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="jobs")
    file: str = item("CSV file (may be .gz), relative to the scenario file.", min_length=1)
    columns: JobColumns = item("Names of its columns.", default=JobColumns())
    time_unit: Literal["s", "min", "h"] = item(
        "Unit of durations, and of times that are no timestamps (counted from the start).",
        default="s",
    )
    site: Slug | None = item(
        "Home site; null means the first site with a data center.", default=None
    )
    cluster: Slug | None = item(
        "Cluster at the home site; null means the first that is large enough.", default=None
    )
    slack_h: float | None = number(
        "Slack of jobs for which the file has no deadline; null means no deadline.",
        unit="h", default=None, ge=0,
    )
    max_wait_h: float | None = number(
        "Longest time for which a policy may put a job off, deadline or not; null: no limit.",
        unit="h", default=None, ge=0,
    )
    power_per_gpu_w: float | None = number(
        "IT power of a job per accelerator where the file has none; null means by the "
        "accelerator's TDP.",
        unit="W", default=None, ge=0,
    )
    checkpoint_min: float = number(
        "Work between two checkpoints: what a job may lose when it has to make way for want of "
        "power; 0 loses nothing.",
        unit="min", default=0.0, ge=0,
    )


Workload = Annotated[
    Training
    | ModelTraining
    | FineTuning
    | BatchInference
    | Preprocessing
    | Federated
    | JobsFile
    | TraceFile
    | Service,
    Discriminator("type"),
]
"""A stream of jobs."""
