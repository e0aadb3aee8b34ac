"""A site as a run needs it: everything that no decision changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.datacenter.facility import UpsLoss
from sim.datacenter.hardware import GpuPower
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.grid.events import ResponseEvent
from sim.grid.instruments import Instruments
from sim.scenario.schema.grid import Tariff
from sim.scenario.series.piecewise import Series
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
    embodied_kg_per_s : float or None
        Embodied carbon of the cluster spread over its life; None if unknown. [kgCO2e/s]
    """

    name: str
    gpus_count: int
    power: GpuPower
    idle_w: float
    embodied_kg_per_s: float | None


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
    cooling_ratio, conversion_ratio, overhead_ratio : ndarray of float
        Facility power per IT power, by cause; `overhead_ratio` is that of a constant PUE. [-]
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
    ups : UpsLoss or None
        Loss curve of its uninterruptible power supply.
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
    """

    name: str
    parts: frozenset[str]
    grid: TimeGrid
    solar_w: Columns
    wind_w: Columns
    base_load_w: Columns
    cooling_ratio: Columns
    conversion_ratio: Columns
    overhead_ratio: Columns
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
    ups: UpsLoss | None = None
    backup_usd_per_j: float = 0.0
    backup_carbon_kg_per_j: float = 0.0
    outages_s: tuple[tuple[float, float], ...] = ()
    responses: tuple[ResponseEvent, ...] = ()
    node: MarketNode | None = None
    instruments: Instruments | None = None
    warnings: tuple[str, ...] = ()

    @property
    def it_ratio(self) -> Columns:
        """Facility power per IT power, UPS apart, shape (n_steps,)."""
        return 1.0 + self.cooling_ratio + self.conversion_ratio + self.overhead_ratio

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
