"""A site as a run needs it: everything that no decision changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.history import Place
from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.datacenter.heat import HeatReuse
from sim.datacenter.power import LOWEST_CAP_FRACTION
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.grid.events import ResponseEvent
from sim.grid.instruments import Instruments
from sim.scenario.schema.grid import Tariff
from sim.scenario.series.piecewise import Series
from sim.site.link import Link
from sim.site.node import MarketNode
from sim.site.times import Columns, TimeGrid


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster as the run needs it.

    Attributes
    ----------
    name : str
        Its name.
    gpus_count : int
        Accelerators in all. [-]
    power : GpuPower
        IT power of one accelerator in each state, with its share of the server.
    idle_w : float
        IT power of one accelerator that no job holds. [W]
    embodied_kg_per_s : float
        Embodied carbon of accelerators and servers with their maintenance, spread over their life;
        nan if unknown. [kgCO2e/s]
    lowest_cap_fraction : float
        Lowest power cap over TDP that its accelerators may get. [-]
    rack_cap_fraction : float
        Power cap under which its racks keep to their limit; 1 where nothing limits them. [-]
    rack_w : float or None
        Power of a full rack at full load under that cap; None without racks. [W]
    packed_gpus_per_node : int or None
        Accelerators of a node, where no gang may be spread over more nodes than it needs; None
        where it may. [-]
    queue_limit : int or None
        Jobs that may wait; None where any number may. [-]
    """

    name: str
    gpus_count: int
    power: GpuPower
    idle_w: float
    embodied_kg_per_s: float
    lowest_cap_fraction: float = LOWEST_CAP_FRACTION
    rack_cap_fraction: float = 1.0
    rack_w: float | None = None
    packed_gpus_per_node: int | None = None
    queue_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Everything about a site that no decision changes; columns have shape (n_steps,).

    Attributes
    ----------
    name : str
        Its name.
    parts : frozenset of str
        Which optional parts it has: solar, wind, battery, grid, datacenter, cooling.
    grid : TimeGrid
        The run's times.
    solar_w, wind_w, base_load_w : ndarray of float
        Supply, and load besides the data center. [W]
    facility : Facility
        What cooling, conversion losses and all else add to the IT power, and the water.
    price_usd_per_j, export_price_usd_per_j : ndarray of float
        What one more unit of import costs, and export earns; nan where unknown. [USD/J]
    average_carbon_kg_per_j, marginal_carbon_kg_per_j : ndarray of float
        Carbon intensities of the grid; nan where unknown. [kgCO2e/J]
    carbon_free_fraction : ndarray of float
        Share of carbon-free generation in the grid; nan where unknown. [-]
    battery : BatteryLimits or None
        Its battery.
    connection : Connection
        Limits of its grid connection.
    clusters : tuple of ClusterSpec
        Clusters of its data center.
    floor_area_m2 : float or None
        Floor area of its data center. [m2]
    tariff : Tariff or None
        Its retail contract.
    signals : mapping of str to Series
        What forecasts are made of, in SI, by ``registry.SIGNALS``.
    backup_usd_per_j : float
        Fuel cost of the backup generator's energy. [USD/J]
    backup_carbon_kg_per_j : float
        Emissions of the backup generator's energy. [kgCO2e/J]
    outages_s : tuple of (float, float)
        When the grid connection fails and comes back, in order, apart from each other [s].
    responses : tuple of ResponseEvent
        Demand-response events.
    instruments : Instruments or None
        Contracts beside its tariff.
    node : MarketNode or None
        The market's answer to its load, where it makes prices.
    warnings : tuple of str
        What the user should know.
    heat_reuse : HeatReuse or None
        Who takes its heat.
    grid_water_m3_per_j : float or None
        Water that the grid's electricity takes; None if unknown. [m3/J]
    network : Link or None
        Its way to the other sites and to users; None if unknown.
    place : Place or None
        Where it lies, for forecasts of the sun; None without weather.
    storage_w, network_w : float
        IT power of drives, and of switches and optics, always on. [W]
    embodied_kg_per_s : mapping of str to float
        Embodied carbon of its parts spread over their lives [kgCO2e/s], by component
        (``datacenter.embodied.COMPONENTS``); nan where unknown, absent where it has no such part.
    """

    name: str
    parts: frozenset[str]
    grid: TimeGrid
    solar_w: Columns
    wind_w: Columns
    base_load_w: Columns
    facility: Facility
    price_usd_per_j: Columns
    export_price_usd_per_j: Columns
    average_carbon_kg_per_j: Columns
    marginal_carbon_kg_per_j: Columns
    carbon_free_fraction: Columns
    battery: BatteryLimits | None
    connection: Connection
    clusters: tuple[ClusterSpec, ...]
    floor_area_m2: float | None
    tariff: Tariff | None
    signals: Mapping[str, Series]
    backup_usd_per_j: float = 0.0
    backup_carbon_kg_per_j: float = 0.0
    outages_s: tuple[tuple[float, float], ...] = ()
    responses: tuple[ResponseEvent, ...] = ()
    node: MarketNode | None = None
    instruments: Instruments | None = None
    warnings: tuple[str, ...] = ()
    heat_reuse: HeatReuse | None = None
    grid_water_m3_per_j: float | None = None
    network: Link | None = None
    place: Place | None = None
    storage_w: float = 0.0
    network_w: float = 0.0
    embodied_kg_per_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def standing_w(self) -> float:
        """IT power besides accelerators and servers, always on. [W]."""
        return self.storage_w + self.network_w

    def present(self) -> dict[str, Columns]:
        """Return what a policy may know of the present step, in SI, by ``registry.SIGNALS``."""
        return {
            "price": self.price_usd_per_j,
            "average_carbon_intensity": self.average_carbon_kg_per_j,
            "marginal_carbon_intensity": self.marginal_carbon_kg_per_j,
            "solar": self.solar_w,
            "wind": self.wind_w,
            "load": self.base_load_w,
        }
