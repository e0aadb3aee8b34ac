"""Fields of a scenario: its time, sites, workload, forecasts and policies (schema version 1)."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Tag

from sim.scenario.schema.fields import Instant, Part, Slug, Whole, by_shape, item, number
from sim.scenario.schema.site import Site


class Arrivals(Part):
    """Jobs arrive as a Poisson process."""

    poisson_per_h: float = number("Mean number of arrivals per hour.", unit="1/h", gt=0)
    until_h: float | None = number(
        "No arrivals after this time of the run, so that the last jobs can end; null: no limit.",
        unit="h", default=None, gt=0,
    )


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


class Training(Part):
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
    interruptible: bool = item("Whether a job may be suspended and resumed.", default=False)
    checkpoint_min: float = number(
        "Work between two checkpoints: what a job may lose when it has to make way for want of "
        "power; 0 loses nothing.",
        unit="min", default=0.0, ge=0,
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


class JobsFile(Part):
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


Workload = Annotated[Training | JobsFile, Discriminator("type")]
"""A stream of jobs."""


class Forecast(Part):
    """How the signals that policies see ahead are forecast."""

    model: str = item(
        "Forecaster: a built-in name, or module:Class of your own.", default="seasonal-naive"
    )
    horizon_h: int = number("How far each forecast reaches.", unit="h", default=48, ge=1, le=336)
    refresh_h: int = number("Time between two issues.", unit="h", default=6, ge=1, le=168)
    latency_h: int = number(
        "How long after an hour its value becomes known.", unit="h", default=0, ge=0, le=336
    )


class Role(Part):
    """One role of a policy with parameters of its own."""

    model_config = ConfigDict(extra="allow")

    use: str = item("A built-in name, or module:Class of your own.", min_length=1)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything besides ``use``: what the class is built with."""
        return dict(self.model_extra or {})


RoleChoice = Annotated[
    Annotated[str, Tag("name")] | Annotated[Role, Tag("role")], Discriminator(by_shape("role"))
]
"""A role's built-in name, the user's module:Class, or a mapping with parameters."""


class Policy(Part):
    """A policy put together from roles; a role left out does nothing clever."""

    name: Slug = item("Name in tables and folders.")
    order: RoleChoice = item("Which waiting jobs start now.", default="fifo")
    shift: RoleChoice = item("From when a job may run.", default="none")
    place: RoleChoice = item("At which site a job runs.", default="home")
    power: RoleChoice = item("Which power caps apply.", default="none")
    storage: RoleChoice = item("How the battery acts.", default="idle")


PolicyChoice = Annotated[
    Annotated[str, Tag("name")] | Annotated[Policy, Tag("policy")],
    Discriminator(by_shape("policy")),
]
"""A built-in name, the user's module:Class, or a policy put together from roles."""


class Variant(Part):
    """A variant: fields of the scenario laid over the scenario's own."""

    model_config = ConfigDict(extra="allow")

    name: Slug = item("Name, unique among the variants; also the folder of its outputs.")


class Scenario(Part):
    """A whole scenario."""

    schema_version: Annotated[Literal[1], Whole] = number("Version of this format.", unit="-")
    name: Slug = item("Name; also the folder of its outputs.")
    description: str = item("What the scenario is for.", default="")
    start: Instant = item("First moment of the run, with a zone, e.g. 2025-06-02T00:00Z.")
    duration_h: float = number("Length of the run.", unit="h", gt=0, le=876000)
    step_min: Annotated[Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60], Whole] = number(
        "Length of a step; it divides the hour.", unit="min", default=5
    )
    seeds: tuple[int, ...] = item(
        "Each seed is a replicate with random draws of its own.", default=(1,), min_length=1
    )
    sites: tuple[Site, ...] = item("The places.", min_length=1)
    workload: tuple[Workload, ...] = item("Streams of jobs.", default=())
    forecast: Forecast = item("Forecasts.", default=Forecast())
    policies: tuple[PolicyChoice, ...] = item(
        "Each is a run; the first is the baseline that the tables compare with.",
        default=("fifo",),
        min_length=1,
    )
    variants: tuple[Variant, ...] = item(
        "Each is run besides the scenario itself, with what it says laid over the scenario.",
        default=(),
    )


def policy_label(choice: str | Policy) -> str:
    """Return the name of a policy in tables and folders.

    A built-in's own name, the class name of ``module:Class`` in lower case, or the given name.

    Parameters
    ----------
    choice : str or Policy
        The policy as the scenario has it.

    Returns
    -------
    str
        Its label.
    """
    if isinstance(choice, Policy):
        return choice.name
    return choice.rpartition(":")[2].lower()
