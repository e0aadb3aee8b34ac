"""Series of the user's own: a column of a CSV file with its unit."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.fields import Part, by_shape, item, number


class FileSeries(Part):
    """A column of a CSV file; each row's value holds from its time until the next row's."""

    file: str = item("CSV file (may be .gz), relative to the scenario file.", min_length=1)
    column: str = item("Name of the column with the values.", min_length=1)
    time_column: str = item(
        "Name of the column with the START of each interval: timestamps (UTC where they carry no "
        "zone) or seconds since the scenario's start.",
        default="time",
        min_length=1,
    )
    unit: str = item("Unit of the column.")


class PowerSeries(FileSeries):
    """A power series."""

    unit: Literal["W", "kW", "MW"] = item("Unit of the column.")


class PriceSeries(FileSeries):
    """A price series."""

    unit: Literal["USD/kWh", "USD/MWh"] = item("Unit of the column.")


class CarbonSeries(FileSeries):
    """A carbon-intensity series."""

    unit: Literal["g/kWh", "kg/kWh", "kg/MWh", "t/MWh", "lb/kWh", "lb/MWh"] = item(
        "Unit of the column."
    )


class ConstantPower(Part):
    """A power that never changes."""

    constant_kw: float = number("The power.", unit="kW", ge=0)


class ConstantCarbon(Part):
    """A carbon intensity that never changes."""

    constant_g_per_kwh: float = number("The carbon intensity.", unit="gCO2e/kWh", ge=0)


Power = Annotated[
    Annotated[PowerSeries, Tag("series")] | Annotated[ConstantPower, Tag("constant")],
    Discriminator(by_shape("series", constant_kw="constant")),
]
"""A power: a file's column or a constant."""

Carbon = Annotated[
    Annotated[CarbonSeries, Tag("series")] | Annotated[ConstantCarbon, Tag("constant")],
    Discriminator(by_shape("series", constant_g_per_kwh="constant")),
]
"""A carbon intensity: a file's column or a constant."""
