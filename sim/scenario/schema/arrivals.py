"""Fields of when jobs arrive."""

from typing import Annotated

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, by_shape, item, number


class Arrivals(Part):
    """Jobs arrive as a Poisson process."""

    poisson_per_h: float = number("Mean number of arrivals per hour.", unit="1/h", gt=0)
    until_h: float | None = number(
        "No arrivals after this time of the run, so that the last jobs can end; null: no limit.",
        unit="h", default=None, gt=0,
    )


class ArrivalTimes(Part):
    """Jobs arrive at given times."""

    at_h: tuple[float, ...] = item(
        "Hours of the run at which a job arrives; one that stands twice is two jobs.",
        min_length=1,
    )


AnyArrivals = Annotated[
    Annotated[Arrivals, Tag("poisson")] | Annotated[ArrivalTimes, Tag("times")],
    Discriminator(by_shape("poisson", at_h="times")),
]
"""A Poisson process, or given times."""
