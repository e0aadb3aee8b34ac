"""Fields of one site: weather, supply, battery, grid connection, data center."""

from sim.scenario.battery_schema import Battery
from sim.scenario.datacenter_schema import DataCenter
from sim.scenario.fields import Part, Slug, item
from sim.scenario.grid_schema import Grid
from sim.scenario.resilience_schema import Backup
from sim.scenario.series_schema import Power
from sim.scenario.supply_schema import Solar, Wind
from sim.scenario.supply_schema import SolarArray as SolarArray
from sim.scenario.supply_schema import SolarSeries as SolarSeries
from sim.scenario.supply_schema import WindFarm as WindFarm
from sim.scenario.supply_schema import WindSeries as WindSeries
from sim.scenario.weather_schema import AnyWeather
from sim.scenario.weather_schema import Weather as Weather
from sim.scenario.weather_schema import WeatherFile as WeatherFile


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
