"""Fields of a site's way to the others and to its users."""

from sim.scenario.schema.fields import Part, item, number


class NetworkLink(Part):
    """How far a site is from the others and its users; an edge site is near."""

    distance_km: float = number(
        "Length of the fiber to the network's core, where the ways to other sites and to users "
        "meet.",
        unit="km", ge=0, le=50_000,
    )
    medium: str = item(
        "Kind of way; `gridloom catalog data_paths` lists them with their energy per byte.",
        default="inter-dc",
    )
    bandwidth_gbps: float | None = number(
        "Bandwidth; null means what is typical of the medium.",
        unit="Gbit/s", default=None, gt=0,
    )
