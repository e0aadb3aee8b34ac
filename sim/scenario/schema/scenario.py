"""Fields of a scenario: its time, sites, workload, forecasts and policies (schema version 1)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Tag

from sim.scenario.schema.fields import Chosen, Instant, Part, Slug, Whole, by_shape, item, number
from sim.scenario.schema.forecast import Forecast
from sim.scenario.schema.site import Site
from sim.scenario.schema.sweep import Sweep
from sim.scenario.schema.workload import Workload


class Role(Chosen):
    """One role of a policy with parameters of its own."""


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
    joint: RoleChoice | None = item(
        "A policy for several roles together: it takes all that it has a method for and that are "
        "not chosen otherwise above.",
        default=None,
    )


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
    sweep: Sweep | None = item(
        "Fields that `gridloom study` varies, for the scenario and each variant.", default=None
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
