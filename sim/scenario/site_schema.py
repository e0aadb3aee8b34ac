"""Fields of one site: weather, supply, battery, grid connection, data center."""

from typing import Annotated

from pydantic import Discriminator, Tag

from sim.scenario.battery_schema import Battery
from sim.scenario.datacenter_schema import DataCenter
from sim.scenario.fields import Part, Slug, by_shape, item, number
from sim.scenario.grid_schema import Grid
from sim.scenario.series_schema import Power, PowerSeries


class Weather(Part):
    """Where the site's weather comes from: a typical year, laid onto the run's dates."""

    tmy: str = item(
        "Typical-year file that ships with pvlib; `gridloom catalog weather_stations` lists them."
    )


class SolarArray(Part):
    """A photovoltaic array, simulated from the site's weather (PVWatts chain)."""

    dc_capacity_kw: float = number("Rated DC power of the modules.", unit="kW", gt=0)
    surface_tilt: float = number("Tilt from horizontal.", unit="degree", default=30.0, ge=0, le=90)
    surface_azimuth: float = number(
        "Direction the modules face, clockwise from north.",
        unit="degree", default=180.0, ge=0, lt=360,
    )
    dc_ac_ratio: float = number(
        "DC rating over inverter AC rating; the inverter clips above it.",
        unit="-", default=1.2, gt=0, le=3,
    )
    temperature_coefficient_per_k: float = number(
        "Relative change of DC power per kelvin of cell temperature above 25 degC.",
        unit="1/K", default=-0.0037, ge=-0.02, le=0,
    )
    losses_fraction: float = number(
        "System losses: soiling, shading, mismatch, wiring, availability (PVWatts default).",
        unit="-", default=0.1408, ge=0, lt=1,
    )
    inverter_efficiency: float = number(
        "Nominal inverter efficiency.", unit="-", default=0.96, gt=0, le=1
    )
    albedo: float = number("Reflectance of the ground.", unit="-", default=0.2, ge=0, le=1)


class SolarSeries(Part):
    """Solar power from the user's file."""

    series: PowerSeries = item("AC power of the array.")


class WindFarm(Part):
    """Wind turbines, simulated from the site's weather."""

    turbine: str = item("Turbine type; `gridloom catalog turbines` lists them.")
    count: int = number("Number of turbines.", unit="-", default=1, ge=1, le=10_000)
    hub_height_m: float = number("Height of the hub above ground.", unit="m", gt=0, le=300)
    shear_exponent: float = number(
        "Exponent of the wind profile between the measuring height and the hub. A guess can be "
        "16 % off in energy, so there is no default (0.14 open flat land, 0.2 rough, 0.3 forest).",
        unit="-", ge=0, le=0.6,
    )


class WindSeries(Part):
    """Wind power from the user's file."""

    series: PowerSeries = item("Power of the turbines.")


class Site(Part):
    """One place. Every part is optional."""

    name: Slug = item("Name, unique in the scenario.")
    weather: Weather | None = item("Weather of the place.", default=None)
    solar: (
        Annotated[
            Annotated[SolarArray, Tag("array")] | Annotated[SolarSeries, Tag("series")],
            Discriminator(by_shape("array", series="series")),
        ]
        | None
    ) = item("Photovoltaic supply: an array, or a series.", default=None)
    wind: (
        Annotated[
            Annotated[WindFarm, Tag("farm")] | Annotated[WindSeries, Tag("series")],
            Discriminator(by_shape("farm", series="series")),
        ]
        | None
    ) = item("Wind supply: turbines, or a series.", default=None)
    battery: Battery | None = item("Battery.", default=None)
    grid: Grid | None = item("Grid connection; null means an island.", default=None)
    base_load: Power | None = item("Load besides the data center.", default=None)
    datacenter: DataCenter | None = item("Data center.", default=None)
