"""Fields of a sweep: which fields of the scenario vary, over which values, in which design."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import ConfigDict, Discriminator, Tag, create_model

from sim.scenario.schema.fields import Part, Slug, item, number

Design = Literal["grid", "zip", "latin-hypercube", "sobol", "sobol-indices", "one-at-a-time"]


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "truth"
    return "text" if isinstance(value, str) else "number"


AxisValue = Annotated[
    Annotated[str, Tag("text")]
    | Annotated[bool, Tag("truth")]
    | Annotated[Annotated[float, number("A number.", unit="-")], Tag("number")],
    Discriminator(_kind),
]
"""A number, text, or true or false."""


class Tied(Part):
    """Fields that move with an axis: by path a factor, or a list with one value for each."""

    model_config = ConfigDict(extra="allow")

    @property
    def by_path(self) -> dict[str, Any]:
        """What each path is tied with, unchecked."""
        return dict(self.model_extra or {})


class _Swept(Part):
    path: str = item(
        "Field of the scenario, with dots: sites.campus.battery.capacity_kwh. Entries of lists go "
        "by their name (a stream of jobs without one by its type), policies by their name in the "
        "tables, entries without names by their place from 0.",
        min_length=1,
    )
    name: Slug | None = item(
        "Name of its column and in folders; null means the last part of the path.", default=None
    )
    title: str = item("What to call it in figures; empty means its name.", default="")
    values: tuple[AxisValue, ...] | None = item(
        "Its values; null where from and to say them.", default=None, min_length=1
    )


if TYPE_CHECKING:
    _SweptFrom = _Swept
else:  # `from` is a word of Python's own, so no class body can have a field of that name
    _SweptFrom = create_model(
        "_SweptFrom",
        __base__=_Swept,
        **{"from": (float | None, number("Least value, in the unit of the field.", unit="-",
                                         default=None))},
    )


class SweepAxis(_SweptFrom):
    """One field of the scenario that varies: over listed values, or over a range."""

    to: float | None = number(
        "Greatest value, in the unit of the field.", unit="-", default=None
    )
    count: int | None = number(
        "How many values from and to make, both included; for grid and zip.",
        unit="-", default=None, ge=2, le=1000,
    )
    spacing: Literal["linear", "log"] = item(
        "How the values lie between from and to: by equal steps, or by equal factors.",
        default="linear",
    )
    tied: Tied = item(
        "Fields that move with it: by path a factor that its value is multiplied with, or a list "
        "with one entry for each of its values.",
        default=Tied(),
    )

    @property
    def least(self) -> float | None:
        """The value of its field ``from``."""
        return cast("float | None", getattr(self, "from"))


class Sweep(Part):
    """Values of fields that `gridloom study` runs the scenario and its variants with."""

    combine: Design = item(
        "How the axes go together. grid: every value with every other; zip: first with first, "
        "second with second; latin-hypercube and sobol: samples of the whole space; sobol-indices: "
        "samples that variance-based sensitivity needs (Saltelli), samples x (axes + 2) points; "
        "one-at-a-time: the scenario as it is, then the least and the greatest value of each axis.",
        default="grid",
    )
    samples: int | None = number(
        "Number of samples; a power of two for sobol and sobol-indices.",
        unit="-", default=None, ge=1, le=100_000,
    )
    seed: int = number("Seed of the samples.", unit="-", default=0, ge=0, le=2**32 - 1)
    axes: tuple[SweepAxis, ...] = item("The fields that vary.", min_length=1)
