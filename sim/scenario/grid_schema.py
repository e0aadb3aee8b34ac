"""Fields of a grid connection: market, tariff, prices, carbon intensities, limits."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.fields import Part, by_shape, item, number
from sim.scenario.series_schema import Carbon, PriceSeries


class Market(Part):
    """A regional power market: generators in merit order, one price for the region."""

    fleet: str = item("Fleet of generators; `gridloom catalog fleets` lists them.")
    carbon_price_usd_per_t: float = number(
        "Carbon price that the generators pay: it changes their order and the price.",
        unit="USD/tCO2e", default=0.0, ge=0,
    )


class TimeOfUsePeriod(Part):
    """Hours in which energy has a price of its own; the first period that matches counts."""

    energy_usd_per_kwh: float = number("Price in these hours.", unit="USD/kWh")
    from_hour: int = number("First hour of the day, local time.", unit="h", ge=0, le=23)
    to_hour: int = number("Hour of the day at which it ends, local time.", unit="h", ge=1, le=24)
    days: Literal["all", "weekdays", "weekends"] = item("Days it applies on.", default="all")
    months: tuple[int, ...] = item(
        "Months it applies in, 1 to 12; empty means every month.", default=()
    )


class Tariff(Part):
    """A retail contract. Without an energy price of its own it passes on `price` or `market`."""

    timezone: str = item(
        "Zone of its hours and billing months, e.g. America/New_York.", default="UTC"
    )
    energy_usd_per_kwh: float | None = number(
        "Flat energy price, and the price outside all time-of-use periods.",
        unit="USD/kWh", default=None,
    )
    time_of_use: tuple[TimeOfUsePeriod, ...] = item(
        "Periods with a price of their own; they need energy_usd_per_kwh for all other hours.",
        default=(),
    )
    delivery_usd_per_kwh: float = number(
        "Charge on every imported kWh on top of the energy price.",
        unit="USD/kWh", default=0.0, ge=0,
    )
    demand_charge_usd_per_kw: float = number(
        "Charge on the highest import in each billing month; a month of which the run covers only "
        "a part is billed for that part.",
        unit="USD/kW", default=0.0, ge=0,
    )
    demand_interval_min: int = number(
        "Interval over which import is averaged before the highest is taken.",
        unit="min", default=15, ge=1, le=60,
    )
    export_usd_per_kwh: float = number(
        "Paid for every exported kWh.", unit="USD/kWh", default=0.0
    )
    carbon_price_usd_per_t: float = number(
        "Carbon price the site itself pays on its location-based operational emissions.",
        unit="USD/tCO2e", default=0.0, ge=0,
    )


class Grid(Part):
    """The grid connection. Left out altogether, the site is an island."""

    market: (
        Annotated[
            Annotated[str, Tag("name")] | Annotated[Market, Tag("market")],
            Discriminator(by_shape("market")),
        ]
        | None
    ) = item(
        "Regional market that sets price and carbon intensities: a fleet's name, or a mapping.",
        default=None,
    )
    tariff: Tariff | None = item("Retail contract.", default=None)
    price: PriceSeries | None = item("Energy price from a file.", default=None)
    average_carbon_intensity: Carbon | None = item(
        "Average emissions of the grid per energy.", default=None
    )
    marginal_carbon_intensity: Carbon | None = item(
        "Emissions of one more unit of energy.", default=None
    )
    import_limit_kw: float | None = number(
        "Largest import; null means no limit.", unit="kW", default=None, ge=0
    )
    export_limit_kw: float | None = number(
        "Largest export; null means no limit.", unit="kW", default=None, ge=0
    )
