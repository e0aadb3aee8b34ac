"""Series of the user's own: a column of a CSV file with its unit, or a file of a known origin."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, by_shape, item, number


class SeriesSource(Part):
    """What all series from files have in common."""

    file: str = item("CSV file (may be .gz), relative to the scenario file.", min_length=1)
    source_year: int | None = number(
        "Lay this year of the file onto every year of the run; null means that the file's times "
        "count as they are.",
        unit="year", default=None, ge=1900, le=2100,
    )
    align: Literal["weekdays", "dates"] = item(
        "How a source_year is laid: by whole weeks, so that weekdays stay and dates move by up to "
        "three days, or date by date, so that dates stay and weekdays move (29 February takes the "
        "28th where the source has none). What the shift would take from beyond the file comes "
        "from the other end of the year.",
        default="weekdays",
    )
    latency_h: float | None = number(
        "How long after an interval its value is published, which is when forecasters see it; null "
        "means latency_h of the scenario's forecast.",
        unit="h", default=None, ge=0, le=336,
    )


class FileSeries(SeriesSource):
    """A column of a CSV file; each row's value holds from its time until the next row's."""

    column: str = item("Name of the column with the values.", min_length=1)
    time_column: str = item(
        "Name of the column with the START of each interval: timestamps or seconds since the "
        "scenario's start.",
        default="time",
        min_length=1,
    )
    timezone: str = item(
        "Zone of timestamps that carry none, e.g. Europe/Berlin; local times follow the clock "
        "changes: the hour that is skipped in spring has no rows, the one repeated in autumn has "
        "them twice.",
        default="UTC",
    )
    unit: str = item("Unit of the column.")


class PowerSeries(FileSeries):
    """A power series."""

    unit: Literal["W", "kW", "MW"] = item("Unit of the column.")


class PriceSeries(FileSeries):
    """A price series."""

    unit: Literal["USD/kWh", "USD/MWh", "EUR/kWh", "EUR/MWh"] = item("Unit of the column.")
    usd_per_eur: float | None = number(
        "Exchange rate, which prices in EUR need.", unit="USD/EUR", default=None, gt=0
    )


class CarbonSeries(FileSeries):
    """A carbon-intensity series."""

    unit: Literal["g/kWh", "kg/kWh", "kg/MWh", "t/MWh", "lb/kWh", "lb/MWh"] = item(
        "Unit of the column."
    )


class FractionSeries(FileSeries):
    """A share between nothing and all."""

    unit: Literal["-", "%"] = item("Unit of the column.")


class PriceFile(SeriesSource):
    """A price file of a known format, which settles columns and units."""

    format: Literal["entsoe", "epf"] = item(
        "`entsoe`: day-ahead prices as the ENTSO-E Transparency Platform exports them; `epf`: "
        "the data sets of epftoolbox, in local time with 24 hours in every day."
    )
    zone: str | None = item("entsoe: bidding zone, where the file has several.", default=None)
    sequence: str | None = item(
        "entsoe: auction sequence, where the file has several.", default=None
    )
    column: str | None = item(
        "epf: column of prices; null takes `Real price`, or the only one named a price.",
        default=None,
    )
    timezone: str | None = item(
        "epf: zone of the local times, e.g. Europe/Berlin (needed).", default=None
    )
    currency: Literal["USD", "EUR"] | None = item("epf: currency (needed).", default=None)
    usd_per_eur: float | None = number(
        "Exchange rate, which prices in EUR need.", unit="USD/EUR", default=None, gt=0
    )


class AverageCarbonFile(SeriesSource):
    """A file of average carbon intensities in a known format, which settles columns and units."""

    format: Literal["electricity-maps", "decarbonization-potential", "carboncast"] = item(
        "Who wrote the file: Electricity Maps (its data portal), decarbonization-potential (a "
        "column a zone), CarbonCast."
    )
    zone: str | None = item(
        "Zone, e.g. DE or US-CAL-CISO, where the file has several.", default=None
    )
    emissions: Literal["direct", "life-cycle"] | None = item(
        "Which intensity to take, where the file has both: of burning fuel, or with the building "
        "of the plants.",
        default=None,
    )


class MarginalCarbonFile(SeriesSource):
    """A file of marginal carbon intensities in a known format, which settles columns and units."""

    format: Literal["avert", "watttime"] = item(
        "`avert`: hourly lb/kWh of US EPA AVERT, a column a region, hours in local standard time "
        "without a year, so that it needs source_year and timezone; `watttime`: MOER in lb/MWh."
    )
    zone: str | None = item("avert: region, e.g. CA or MIDA (needed).", default=None)
    timezone: str | None = item(
        "avert: zone of the region, e.g. America/New_York (needed).", default=None
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

Price = Annotated[
    Annotated[PriceSeries, Tag("series")] | Annotated[PriceFile, Tag("format")],
    Discriminator(by_shape("series", format="format")),
]
"""A price: a file's column, or a file of a known format."""

AverageCarbon = Annotated[
    Annotated[CarbonSeries, Tag("series")]
    | Annotated[AverageCarbonFile, Tag("format")]
    | Annotated[ConstantCarbon, Tag("constant")],
    Discriminator(by_shape("series", constant_g_per_kwh="constant", format="format")),
]
"""An average carbon intensity: a file's column, a file of a known format, or a constant."""

MarginalCarbon = Annotated[
    Annotated[CarbonSeries, Tag("series")]
    | Annotated[MarginalCarbonFile, Tag("format")]
    | Annotated[ConstantCarbon, Tag("constant")],
    Discriminator(by_shape("series", constant_g_per_kwh="constant", format="format")),
]
"""A marginal carbon intensity: a file's column, a file of a known format, or a constant."""
