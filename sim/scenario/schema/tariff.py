"""Fields of a retail tariff: energy prices, demand charges, fixed charges, export."""

from typing import Literal

from sim.scenario.schema.fields import Part, item, number
from sim.scenario.schema.series import Price


class Hours(Part):
    """Hours of the week and the year, on the local clock."""

    from_hour: int = number("First hour of the day, local time.", unit="h", ge=0, le=23)
    to_hour: int = number("Hour of the day at which it ends, local time.", unit="h", ge=1, le=24)
    days: Literal["all", "weekdays", "weekends"] = item("Days it applies on.", default="all")
    months: tuple[int, ...] = item(
        "Months it applies in, 1 to 12; empty means every month.", default=()
    )


class TimeOfUsePeriod(Hours):
    """Hours in which energy has a price of its own; the first period that matches counts."""

    energy_usd_per_kwh: float = number("Price in these hours.", unit="USD/kWh")


class EnergyBlock(Part):
    """A block of the month's import; a part of a month has that part of each block."""

    up_to_kwh: float | None = number(
        "Import since the month began at which the block ends; null, in the last one, for no end.",
        unit="kWh", default=None, gt=0,
    )
    energy_usd_per_kwh: float = number(
        "Price within the block, on top of the energy price of the hour.", unit="USD/kWh"
    )


class DemandCharge(Hours):
    """A charge on the highest import within some hours of each billing month."""

    charge_usd_per_kw: float = number("Charge of a whole month.", unit="USD/kW", ge=0)
    from_hour: int = number(
        "First hour of the day, local time.", unit="h", default=0, ge=0, le=23
    )
    to_hour: int = number(
        "Hour of the day at which it ends, local time.", unit="h", default=24, ge=1, le=24
    )
    interval_min: int = number(
        "Interval over which import is averaged before the highest is taken.",
        unit="min", default=15, ge=1, le=60,
    )
    ratchet_fraction: float = number(
        "At least this share of the highest import in the ratchet_months before is billed.",
        unit="-", default=0.0, ge=0, le=1,
    )
    ratchet_months: int = number(
        "How many billing months a high import counts on.", unit="-", default=11, ge=1, le=36
    )
    ratchet_start_kw: float = number(
        "Highest import of the month before the run, for the ratchet of its first months.",
        unit="kW", default=0.0, ge=0,
    )


class Tariff(Part):
    """A retail contract. Without an energy price of its own it passes on `price` or `market`.

    A billing month of which the run covers only a part is billed for that part: demand charges,
    fixed charge, minimum bill and blocks shrink with it.
    """

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
    blocks: tuple[EnergyBlock, ...] = item(
        "Tiered prices by the import since the billing month began, on top of any other energy "
        "price. Policies see the price of the first block, as nobody knows the next beforehand.",
        default=(),
    )
    delivery_usd_per_kwh: float = number(
        "Charge on every imported kWh on top of the energy price.",
        unit="USD/kWh", default=0.0, ge=0,
    )
    demand_charge_usd_per_kw: float = number(
        "Charge on the highest import in each billing month: short for one of demand_charges.",
        unit="USD/kW", default=0.0, ge=0,
    )
    demand_interval_min: int = number(
        "Interval over which import is averaged before the highest is taken.",
        unit="min", default=15, ge=1, le=60,
    )
    demand_charges: tuple[DemandCharge, ...] = item("Demand charges, all of them due.", default=())
    fixed_usd_per_month: float = number(
        "Fixed charge.", unit="USD/month", default=0.0, ge=0
    )
    minimum_usd_per_month: float = number(
        "Least bill for energy, demand and the fixed charge less export; a smaller one is topped "
        "up to it.",
        unit="USD/month", default=0.0, ge=0,
    )
    export_usd_per_kwh: float = number(
        "Paid for every exported kWh, on top of export_price and export_factor if there are any.",
        unit="USD/kWh", default=0.0,
    )
    export_price: Price | None = item("Paid for exported energy, from a file.", default=None)
    export_factor: float = number(
        "Exports earn the energy price times this (net billing): that of price or market, or the "
        "tariff's own where there is neither; delivery and blocks apart.",
        unit="-", default=0.0, ge=0, le=2,
    )
    carbon_price_usd_per_t: float = number(
        "Carbon price the site itself pays on its operational emissions.",
        unit="USD/tCO2e", default=0.0, ge=0,
    )
    carbon_price_basis: Literal["average", "marginal"] = item(
        "Emissions it pays on: location-based, at the grid's average intensity, or import less "
        "export at the marginal intensity.",
        default="average",
    )
