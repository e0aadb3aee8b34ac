"""Fields of what a site buys besides its tariff: power purchase agreements and certificates."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, Slug, by_shape, item, number
from sim.scenario.schema.series import ConstantPower, PowerSeries


class PowerPurchase(Part):
    """A power purchase agreement: a share of a plant's output at a strike price."""

    name: Slug = item("Name.")
    profile: Annotated[
        Annotated[Literal["solar", "wind"], Tag("name")]
        | Annotated[PowerSeries, Tag("series")]
        | Annotated[ConstantPower, Tag("constant")],
        Discriminator(by_shape("series", constant_kw="constant")),
    ] = item(
        "Output of the plant: `solar` or `wind` simulated in the site's weather (as the market's "
        "plants are), a series of your own, or a constant."
    )
    capacity_kw: float | None = number(
        "Rated power of the plant, which `solar` and `wind` need.", unit="kW", default=None, gt=0
    )
    share_fraction: float = number(
        "Share of the output that is bought.", unit="-", default=1.0, gt=0, le=1
    )
    strike_usd_per_mwh: float = number("Price agreed on.", unit="USD/MWh")
    settlement: Literal["pay-as-produced", "difference"] = item(
        "`pay-as-produced`: every kWh is paid at the strike price; what meets import in the same "
        "step saves its energy price, the rest is sold at the market price (of price or market; "
        "lost where there is neither). `difference`: the site goes on buying all import at its "
        "tariff and is paid the market price less the strike price for every kWh.",
        default="pay-as-produced",
    )
    carbon_intensity_g_per_kwh: float = number(
        "Emission factor of the contract; only 0 counts as carbon-free.",
        unit="gCO2e/kWh", default=0.0, ge=0,
    )


class Certificates(Part):
    """Energy attribute certificates without energy (REC, guarantee of origin), free of carbon."""

    kwh_per_year: float = number(
        "Bought for a year of 8760 h; a run has its share.", unit="kWh/year", gt=0
    )
    price_usd_per_mwh: float = number("Price.", unit="USD/MWh", ge=0)
