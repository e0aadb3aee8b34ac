"""Fields of a facility: cooling plant, reuse of its heat."""

from sim.scenario.schema.fields import Part, item, number


class Cooling(Part):
    """A facility whose overhead follows the weather and the load."""

    cooling: str = item("Kind of cooling plant; `gridloom catalog cooling` lists them.")
    design_it_kw: float | None = number(
        "IT power that cooling and power distribution are made for, at which they are at full "
        "load; null means that of all accelerators at full load, with storage and network.",
        unit="kW", default=None, gt=0,
    )


class HeatReuse(Part):
    """Heat that somebody outside takes, such as a district heating network."""

    fraction: float | None = number(
        "Share of the IT power that can be had as heat that is warm enough. Null means what a "
        "liquid-cooled plant's water takes; air is too cold unless a heat pump lifts it, whose "
        "power is not counted.",
        unit="-", default=None, gt=0, le=1,
    )
    capacity_kw: float | None = number(
        "Most heat that is taken, in the mean of an hour; null means all there is.",
        unit="kW", default=None, gt=0,
    )
    months: tuple[int, ...] = item(
        "Months (1 to 12, in UTC) in which it is taken; left out, all year.", default=()
    )
