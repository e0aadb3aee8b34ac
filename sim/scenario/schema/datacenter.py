"""Fields of a data center: clusters, accelerators, racks, cooling, storage, network."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.cooling import Cooling, HeatReuse
from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.resilience import Ups


class Accelerator(Part):
    """An accelerator that the catalog does not have; what is left out is unknown."""

    tdp_w: float = number("Power when busy at full load.", unit="W", gt=0)
    idle_bare_w: float = number("Idle power with nothing loaded.", unit="W", ge=0)
    idle_resident_w: float = number("Idle power with a model resident.", unit="W", ge=0)
    min_cap_fraction: float | None = number(
        "Lowest power cap that the card takes, over its TDP.", unit="-", default=None, gt=0, le=1
    )
    peak_fp32_tflops: float | None = number(
        "Peak rate at fp32.", unit="TFLOP/s", default=None, gt=0
    )
    peak_tf32_tflops: float | None = number(
        "Dense peak rate at tf32.", unit="TFLOP/s", default=None, gt=0
    )
    peak_bf16_tflops: float | None = number(
        "Dense peak rate at bf16.", unit="TFLOP/s", default=None, gt=0
    )
    peak_fp16_tflops: float | None = number(
        "Dense peak rate at fp16.", unit="TFLOP/s", default=None, gt=0
    )
    peak_fp8_tflops: float | None = number(
        "Dense peak rate at fp8.", unit="TFLOP/s", default=None, gt=0
    )
    peak_int8_tops: float | None = number(
        "Dense peak rate at int8.", unit="TOP/s", default=None, gt=0
    )
    memory_gb: float | None = number("Size of its memory.", unit="GB", default=None, gt=0)
    memory_bandwidth_gb_per_s: float | None = number(
        "Bandwidth of its memory.", unit="GB/s", default=None, gt=0
    )
    link_gb_per_s: float | None = number(
        "Bandwidth of its links to the others of a node, both ways together.",
        unit="GB/s", default=None, gt=0,
    )
    embodied_kg: float | None = number(
        "Embodied carbon of one accelerator, without the server.",
        unit="kgCO2e", default=None, ge=0,
    )
    lifetime_years: float | None = number(
        "How long it is used; null means the catalog's 4 years.",
        unit="year", default=None, gt=0, le=30,
    )


class Rack(Part):
    """Racks of a cluster. A limit that its nodes would exceed caps their accelerators."""

    nodes_per_rack: int = number("Nodes in a rack.", unit="-", ge=1, le=1000)
    limit_kw: float | None = number(
        "Largest IT power of a rack; where its nodes draw more at full load, their accelerators "
        "are held by a standing power cap. Null means no limit.",
        unit="kW", default=None, gt=0,
    )
    area_m2: float | None = number(
        "Floor area of a rack with its share of the aisles; the data center's floor_area_m2 goes "
        "before it.",
        unit="m2", default=None, gt=0,
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
    server: str | None = item(
        "Server that the accelerators stand in (`gridloom catalog servers`); null means one that "
        "draws the two overheads below.",
        default=None,
    )
    server_overhead_w: float | None = number(
        "Power of a node besides its accelerators, always on; null means the server's, or 1000 "
        "without one (assumption; 1,200 W published for an 8-GPU server).",
        unit="W", default=None, ge=0,
    )
    server_overhead_fraction: float | None = number(
        "Further node power per accelerator power: fans, power supplies; null means the server's, "
        "or 0.03 without one (assumption).",
        unit="-", default=None, ge=0, le=1,
    )
    allow_below_half: bool = item(
        "Allow power caps below half of the TDP, down to the card's lowest: a measured card "
        "collapses there, and the model of caps does not hold.",
        default=False,
    )
    rack: Rack | None = item("Racks that the nodes stand in.", default=None)
    packing: bool = item(
        "Spread no gang over more nodes than it needs: one that fits into a node gets the node "
        "that fits best, a larger one whole nodes. Elastic jobs then keep their least size.",
        default=False,
    )
    queue_limit: int | None = number(
        "Jobs that may wait here; one that comes when so many wait is rejected, unless it can "
        "start at once. Null means no limit.",
        unit="-", default=None, ge=0,
    )


class HardwareFile(Part):
    """Accelerators of the user's own: a CSV file with the columns of the catalog's table."""

    file: str = item("CSV file, relative to the scenario.", min_length=1)


class Storage(Part):
    """Drives that are always on."""

    ssd_tb: float = number("Usable space on solid-state drives.", unit="TB", default=0.0, ge=0)
    hdd_tb: float = number("Usable space on hard disks.", unit="TB", default=0.0, ge=0)
    redundancy_ratio: float = number(
        "Raw space over usable space: copies, parity, spares (assumption).",
        unit="-", default=2.0, ge=1, le=10,
    )
    overhead_fraction: float = number(
        "Power of storage servers, fans and controllers over that of the drives (assumption; with "
        "two copies on hard disks it gives the published 2 W per usable TB).",
        unit="-", default=0.5, ge=0, le=5,
    )


class Switches(Part):
    """Switches of one model."""

    model: str = item("Model; `gridloom catalog switches` lists them.")
    count: int = number("Number of switches.", unit="-", ge=1, le=1_000_000)


class Optics(Part):
    """Transceivers or active cables of one model."""

    model: str = item("Model; `gridloom catalog optics` lists them.")
    count: int = number("Number of modules, one at each end of a link.", unit="-", ge=1)


class Network(Part):
    """Network equipment that is always on; network cards belong to the servers."""

    switches: tuple[Switches, ...] = item("Switches.", default=())
    optics: tuple[Optics, ...] = item("Transceivers and active cables.", default=())


class DataCenter(Part):
    """The data center: clusters, storage, network, and the overhead of its facility."""

    clusters: tuple[Cluster, ...] = item("Clusters of the data center.", min_length=1)
    hardware: HardwareFile | None = item(
        "Accelerators of your own, which clusters may name besides those of the catalog.",
        default=None,
    )
    storage: Storage | None = item("Drives.", default=None)
    network: Network | None = item("Switches and optics.", default=None)
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
        "Uninterruptible power supply; it needs a cooling plant as pue. Null means the one that is "
        "usual with the plant.",
        default=None,
    )
    heat_reuse: HeatReuse | None = item("Who takes the waste heat.", default=None)
    floor_area_m2: float | None = number(
        "Floor area, for power density.", unit="m2", default=None, gt=0
    )
