"""Fields of one site: weather, supply, battery, grid connection, data center."""

from sim.scenario.schema.battery import Battery
from sim.scenario.schema.datacenter import DataCenter
from sim.scenario.schema.embodied import Embodied
from sim.scenario.schema.fields import Part, Slug, item
from sim.scenario.schema.forecast import SiteForecast
from sim.scenario.schema.grid import Grid
from sim.scenario.schema.link import NetworkLink
from sim.scenario.schema.resilience import Backup
from sim.scenario.schema.series import Power
from sim.scenario.schema.supply import Solar, Wind
from sim.scenario.schema.supply import SolarArray as SolarArray
from sim.scenario.schema.supply import SolarSeries as SolarSeries
from sim.scenario.schema.supply import WindFarm as WindFarm
from sim.scenario.schema.supply import WindSeries as WindSeries
from sim.scenario.schema.weather import AnyWeather
from sim.scenario.schema.weather import Weather as Weather
from sim.scenario.schema.weather import WeatherFile as WeatherFile


class Site(Part):
    """One place. Every part is optional."""

    name: Slug = item("Name, unique in the scenario.")
    weather: AnyWeather | None = item(
        "Weather of the place: a station's typical year, or a file.", default=None
    )
    solar: Solar | None = item("Photovoltaic supply: an array, or a series.", default=None)
    wind: Wind | None = item("Wind supply: turbines, or a series.", default=None)
    battery: Battery | None = item("Battery.", default=None)
    grid: Grid | None = item("Grid connection; null means an island.", default=None)
    backup: Backup | None = item("Backup generator.", default=None)
    base_load: Power | None = item("Load besides the data center.", default=None)
    datacenter: DataCenter | None = item("Data center.", default=None)
    network: NetworkLink | None = item("Its way to the other sites and to users.", default=None)
    embodied: Embodied = item("Carbon of making its equipment.", default=Embodied())
    forecast: SiteForecast | None = item(
        "What differs here from the scenario's forecasts.", default=None
    )
