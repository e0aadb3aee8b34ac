"""Fields of a grid connection: market, tariff, contracts, prices, carbon intensities, limits."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.contracts import Certificates, PowerPurchase
from sim.scenario.schema.fields import Part, by_shape, item, number
from sim.scenario.schema.resilience import DemandResponse, Outage, RandomOutages
from sim.scenario.schema.series import AverageCarbon, FractionSeries, MarginalCarbon, Price
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff, TimeOfUsePeriod

__all__ = [
    "DemandCharge",
    "EnergyBlock",
    "Grid",
    "Market",
    "NetworkMarket",
    "Tariff",
    "TimeOfUsePeriod",
]


class Market(Part):
    """A regional power market: generators in merit order, one price for the region."""

    fleet: str = item("Fleet of generators; `gridloom catalog fleets` lists them.")
    carbon_price_usd_per_t: float = number(
        "Carbon price that the generators pay: it changes their order and the price.",
        unit="USD/tCO2e", default=0.0, ge=0,
    )


class NetworkMarket(Part):
    """A market with a network: a price at every bus, from an optimal power flow each hour."""

    network: str = item(
        "Folder of the network (own form or PyPSA's), relative to the scenario file, or the name "
        "of a built-in one.",
        min_length=1,
    )
    bus: str = item("Bus that the site is connected to.", min_length=1)
    role: Literal["price-taker", "price-maker", "online"] = item(
        "What the site pays: the price without it, the price at its own load from a table, or that "
        "from solving every hour with its load.",
        default="price-taker",
    )
    load_levels_mw: tuple[float, ...] = item(
        "Loads [MW] that a price-maker's table is made for; they must embrace its import.",
        default=(),
    )
    carbon_price_usd_per_t: float = number(
        "Carbon price that the generators pay: it changes their order and the price.",
        unit="USD/tCO2e", default=0.0, ge=0,
    )


class Grid(Part):
    """The grid connection. Left out altogether, the site is an island."""

    market: (
        Annotated[
            Annotated[str, Tag("name")]
            | Annotated[Market, Tag("market")]
            | Annotated[NetworkMarket, Tag("network")],
            Discriminator(by_shape("market", network="network", bus="network")),
        ]
        | None
    ) = item(
        "Market that sets price and carbon intensities: a fleet's name, a fleet, or a network.",
        default=None,
    )
    tariff: Tariff | None = item("Retail contract.", default=None)
    price: Price | None = item("Energy price from a file.", default=None)
    average_carbon_intensity: AverageCarbon | None = item(
        "Average emissions of the grid per energy.", default=None
    )
    marginal_carbon_intensity: MarginalCarbon | None = item(
        "Emissions of one more unit of energy.", default=None
    )
    carbon_free_fraction: (
        Annotated[
            Annotated[
                Annotated[float, number("The share.", unit="-", ge=0, le=1)], Tag("number")
            ]
            | Annotated[FractionSeries, Tag("series")],
            Discriminator(by_shape("series")),
        ]
        | None
    ) = item(
        "Carbon-free share of the grid's generation, for the 24/7 score: a number or a series; "
        "null means that of the market.",
        default=None,
    )
    water_l_per_kwh: (
        Annotated[
            Annotated[
                Annotated[float, number("Water.", unit="L/kWh", ge=0, le=100)], Tag("number")
            ]
            | Annotated[str, Tag("name")],
            Discriminator(by_shape("name")),
        ]
        | None
    ) = item(
        "Water that the grid's electricity takes, for the water use at its source: a number, or a "
        "mix of the catalog (`gridloom catalog grid_water`).",
        unit="L/kWh", default=None,
    )
    residual_carbon_intensity: AverageCarbon | None = item(
        "Residual mix: average of the energy that nobody claims, for market-based emissions of "
        "import without a contract; null means the average carbon intensity.",
        default=None,
    )
    power_purchases: tuple[PowerPurchase, ...] = item("Power purchase agreements.", default=())
    certificates: tuple[Certificates, ...] = item("Unbundled certificates.", default=())
    emission_cap_t: float | None = number(
        "Cap on the site's location-based operational emissions over the whole run; the run tells "
        "whether it is met.",
        unit="tCO2e", default=None, ge=0,
    )
    outages: Annotated[
        Annotated[tuple[Outage, ...], Tag("given")] | Annotated[RandomOutages, Tag("drawn")],
        Discriminator(by_shape("given", mtbf_h="drawn")),
    ] = item("Times without grid: a list, or how often and how long on average.", default=())
    demand_response: tuple[DemandResponse, ...] = item(
        "Events in which the site is paid to import less.", default=()
    )
    import_limit_kw: float | None = number(
        "Largest import; null means no limit.", unit="kW", default=None, ge=0
    )
    export_limit_kw: float | None = number(
        "Largest export; null means no limit.", unit="kW", default=None, ge=0
    )
