"""Fields of a data center: clusters, accelerators, cooling."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.resilience import Ups


class Accelerator(Part):
    """An accelerator that the catalog does not have."""

    tdp_w: float = number("Power when busy at full load.", unit="W", gt=0)
    idle_bare_w: float = number("Idle power with nothing loaded.", unit="W", ge=0)
    idle_resident_w: float = number("Idle power with a model resident.", unit="W", ge=0)
    peak_bf16_tflops: float | None = number(
        "Dense bf16 peak rate, for efficiency figures.", unit="TFLOP/s", default=None, gt=0
    )
    embodied_kg: float | None = number(
        "Embodied carbon of one accelerator with its share of the server.",
        unit="kgCO2e", default=None, ge=0,
    )


class Cluster(Part):
    """Nodes of one kind with one queue; a gang runs inside one cluster."""

    name: Slug = item("Name, unique in the data center.")
    accelerator: Annotated[
        Annotated[str, Tag("name")] | Annotated[Accelerator, Tag("accelerator")],
        Discriminator(by_shape("accelerator")),
    ] = item("Accelerator type (`gridloom catalog accelerators`), or a mapping that describes one.")
    gpus_per_node: int = number("Accelerators in a node.", unit="-", default=8, ge=1, le=1024)
    nodes: int = number("Number of nodes.", unit="-", ge=1, le=1_000_000)
    idle_state: Literal["bare", "resident"] = item(
        "What an accelerator that no job holds does: bare idle, or idle with a model resident.",
        default="bare",
    )
    server_overhead_w: float = number(
        "Power of a node besides its accelerators, always on (assumption; 1,200 W published for "
        "an 8-GPU server).",
        unit="W", default=1000.0, ge=0,
    )
    server_overhead_fraction: float = number(
        "Further node power per accelerator power: fans, power supplies (assumption).",
        unit="-", default=0.03, ge=0, le=1,
    )


class Cooling(Part):
    """A facility whose overhead follows the outdoor temperature."""

    cooling: str = item("Kind of cooling plant; `gridloom catalog cooling` lists them.")


class DataCenter(Part):
    """The data center: clusters and the overhead of its facility."""

    clusters: tuple[Cluster, ...] = item("Clusters of the data center.", min_length=1)
    pue: Annotated[
        Annotated[Annotated[float, number("Constant power usage effectiveness.", unit="-", ge=1)],
                  Tag("number")]
        | Annotated[Cooling, Tag("cooling")],
        Discriminator(by_shape("cooling")),
    ] = item(
        "Facility power over IT power: a number (the industry mean was 1.58 in 2023, Uptime "
        "Institute), or a mapping that names a cooling plant.",
    )
    ups: Ups | None = item(
        "Uninterruptible power supply whose losses follow the load; it needs a cooling plant as "
        "pue, and stands in for the plant's constant conversion losses.",
        default=None,
    )
    floor_area_m2: float | None = number(
        "Floor area, for power density.", unit="m2", default=None, gt=0
    )
