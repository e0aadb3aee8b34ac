"""Fields of one site: weather, supply, battery, grid connection, data center."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.fields import Part, Slug, by_shape, item, number
from sim.scenario.series_schema import Carbon, Power, PowerSeries, PriceSeries


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


class Battery(Part):
    """A battery with its converter; powers and energies are on the AC side."""

    capacity_kwh: float = number("Energy the cells can store.", unit="kWh", gt=0)
    max_charge_kw: float = number("Largest charging power.", unit="kW", ge=0)
    max_discharge_kw: float = number("Largest discharging power.", unit="kW", ge=0)
    charge_efficiency: float = number(
        "Stored energy per energy taken in.", unit="-", default=0.95, gt=0, le=1
    )
    discharge_efficiency: float = number(
        "Energy given out per stored energy.", unit="-", default=0.95, gt=0, le=1
    )
    initial_soc: float = number("State of charge at the start.", unit="-", default=0.5, ge=0, le=1)
    min_soc: float = number("Never discharged below this.", unit="-", default=0.05, ge=0, le=1)
    max_soc: float = number("Never charged above this.", unit="-", default=0.95, ge=0, le=1)


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


class Accelerator(Part):
    """An accelerator that the catalog does not have."""

    tdp_w: float = number("Power when busy at full load.", unit="W", gt=0)
    idle_bare_w: float = number("Idle power with nothing loaded.", unit="W", ge=0)
    idle_resident_w: float = number("Idle power with a model resident.", unit="W", ge=0)
    peak_bf16_tflops: float | None = number(
        "Dense bf16 peak rate, for efficiency figures.", unit="TFLOP/s", default=None, gt=0
    )
    embodied_kg: float | None = number(
        "Embodied carbon of one accelerator with its share of the server.",
        unit="kgCO2e", default=None, ge=0,
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
    server_overhead_w: float = number(
        "Power of a node besides its accelerators, always on (assumption; 1,200 W published for "
        "an 8-GPU server).",
        unit="W", default=1000.0, ge=0,
    )
    server_overhead_fraction: float = number(
        "Further node power per accelerator power: fans, power supplies (assumption).",
        unit="-", default=0.03, ge=0, le=1,
    )


class Cooling(Part):
    """A facility whose overhead follows the outdoor temperature."""

    cooling: str = item("Kind of cooling plant; `gridloom catalog cooling` lists them.")


class DataCenter(Part):
    """The data center: clusters and the overhead of its facility."""

    clusters: tuple[Cluster, ...] = item("Clusters of the data center.", min_length=1)
    pue: Annotated[
        Annotated[Annotated[float, number("Constant power usage effectiveness.", unit="-", ge=1)],
                  Tag("number")]
        | Annotated[Cooling, Tag("cooling")],
        Discriminator(by_shape("cooling")),
    ] = item(
        "Facility power over IT power: a number (the industry mean was 1.58 in 2023, Uptime "
        "Institute), or a mapping that names a cooling plant.",
    )
    floor_area_m2: float | None = number(
        "Floor area, for power density.", unit="m2", default=None, gt=0
    )


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
