"""From a site's description in the scenario to its columns, part by part."""

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.history import Place
from sim.energy.solar import HOURS_PER_YEAR, PvArray, ac_power_w
from sim.energy.wind import FarmOperation, farm_power_w, load_turbine, wind_warnings
from sim.grid.events import draw_outages
from sim.grid.market import MarketResult, clear, load_fleet
from sim.scenario.schema import site as schema
from sim.scenario.schema.cooling import Cooling
from sim.scenario.schema.grid import Market, NetworkMarket
from sim.scenario.schema.resilience import RandomOutages
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.series import ConstantPower, SeriesSource
from sim.scenario.series.piecewise import Series, read_series
from sim.site.battery import auxiliary_w, battery_limits
from sim.site.clusters import embodied_warnings, equipment
from sim.site.facility import facility_of, full_it_w, grid_water_m3_per_j, heat_reuse
from sim.site.limits import connection, fuel, responses
from sim.site.link import link
from sim.site.model import Site
from sim.site.money import GridMoney, MoneyBuilder
from sim.site.node import MarketNode, build_node
from sim.site.times import HISTORY_H, Columns, TimeGrid
from sim.site.weather import window_weather
from sim.streams import stream
from sim.units import HOUR_S, KW
from sim.weather.window import WeatherSlice


def build_sites(
    scenario: Scenario, folder: Path, grid: TimeGrid, *, seed: int
) -> tuple[Site, ...]:
    """Return the sites of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    folder : Path
        Folder that its file names are relative to.
    grid : TimeGrid
        The run's times.
    seed : int
        Seed of the random streams, for what is drawn about a site. [-]

    Returns
    -------
    tuple of Site
        The sites, in the scenario's order.
    """
    start = scenario.start
    return tuple(_Builder(spec, folder, start, grid, seed).site() for spec in scenario.sites)


def is_drawn(scenario: Scenario) -> bool:
    """Return whether anything about the sites differs from seed to seed."""
    grids = (site.grid for site in scenario.sites if site.grid)
    weathers = (site.weather for site in scenario.sites if site.weather)
    return any(isinstance(grid.outages, RandomOutages) for grid in grids) or any(
        weather.resample != "none" for weather in weathers
    )


class _Builder:
    """Builds one site, part by part; a part that the scenario leaves out becomes zeros or nan."""

    def __init__(
        self, spec: schema.Site, folder: Path, start: datetime, grid: TimeGrid, seed: int
    ) -> None:
        self.spec, self.folder, self.start, self.grid, self.seed = spec, folder, start, grid, seed

    def site(self) -> Site:
        solar, wind, load = self._solar(), self._wind(), self._load()
        market, node = self._market_and_node
        money = self._money(market)
        equipped = equipment(self.spec, self.folder)
        facility = facility_of(
            self.spec.datacenter, self.grid, lambda: self.weather, full_it_w=full_it_w(equipped)
        )
        fuel_usd_per_j, fuel_kg_per_j = fuel(self.spec.backup)
        return Site(
            name=self.spec.name,
            parts=self._parts(),
            grid=self.grid,
            solar_w=self._on_steps(solar, missing=0.0),
            wind_w=self._on_steps(wind, missing=0.0),
            base_load_w=self._on_steps(load, missing=0.0),
            facility=facility,
            heat_reuse=heat_reuse(self.spec.datacenter, facility, self.grid),
            price_usd_per_j=self._on_steps(money.price),
            export_price_usd_per_j=money.export_usd_per_j,
            average_carbon_kg_per_j=self._on_steps(money.average_carbon),
            marginal_carbon_kg_per_j=self._on_steps(money.marginal_carbon),
            carbon_free_fraction=self._on_steps(money.carbon_free_fraction),
            battery=battery_limits(self.spec.battery),
            connection=connection(self.spec.grid, self.spec.backup),
            **equipped,
            tariff=self.spec.grid.tariff if self.spec.grid else None,
            grid_water_m3_per_j=grid_water_m3_per_j(self.spec.grid),
            network=link(self.spec.network),
            backup_usd_per_j=fuel_usd_per_j,
            backup_carbon_kg_per_j=fuel_kg_per_j,
            outages_s=self._outages_s(),
            responses=responses(self.spec.grid, self.grid.step_s),
            node=node,
            warnings=self._notes(),
            instruments=money.instruments,
            signals={
                "price": self._signal(money.price),
                "average_carbon_intensity": self._signal(money.average_carbon),
                "marginal_carbon_intensity": self._signal(money.marginal_carbon),
                "solar": self._signal(solar, missing=0.0),
                "wind": self._signal(wind, missing=0.0),
                "load": self._signal(load, missing=0.0),
            },
            place=self._place(),
        )

    def _parts(self) -> frozenset[str]:
        optional = ("solar", "wind", "battery", "grid", "backup")
        names = {name for name in optional if getattr(self.spec, name)}
        if self.spec.datacenter:
            names.add("datacenter")
            if isinstance(self.spec.datacenter.pue, Cooling):
                names.add("cooling")
        return frozenset(names)

    @cached_property
    def weather(self) -> WeatherSlice:
        if self.spec.weather is None:
            msg = f"site {self.spec.name} has no weather"
            raise ValueError(msg)
        return window_weather(
            self.spec.weather, self.folder, self.grid, site=self.spec.name, seed=self.seed
        )

    def _place(self) -> Place | None:
        if self.spec.weather is None:
            return None
        weather = self.weather
        return Place(weather.latitude_deg, weather.longitude_deg, weather.altitude_m)

    def _on_steps(self, series: Series | None, missing: float = np.nan) -> Columns:
        if series is None:
            return np.full(self.grid.n_steps, missing)
        return series.mean_over(self.grid.edges_s)

    def _signal(self, series: Series | None, missing: float = np.nan) -> Series:
        if series is not None:
            return series
        edges_s = self.grid.window_edges_s
        return Series.constant(missing, float(edges_s[0]), float(edges_s[-1]))

    def _constant(self, value: float) -> Series:
        return self._signal(None, value)

    def _file(self, ref: SeriesSource) -> Series:
        duration_s = self.grid.duration_s
        series = read_series(self.folder, ref, start=self.start, duration_s=duration_s)
        return series.since(self._own_year_s) if ref.source_year else series

    @property
    def _own_year_s(self) -> float:
        """From when on a year laid onto the run does not repeat it, but for nine days. [s]."""
        edges_s = self.grid.window_edges_s
        last = max(0, self.grid.history_hours - HISTORY_H)
        return float(edges_s[min(self.grid.foreign_hours, last)])

    def _solar(self) -> Series | None:
        match self.spec.solar:
            case None:
                return None
            case schema.SolarSeries(series=ref):
                return self._file(ref)
            case array:
                plane = PvArray(
                    dc_capacity_w=array.dc_capacity_kw * KW,
                    **{name: getattr(array, name) for name in _PV_FIELDS},
                )
                # the scenario gives the age at the start, the window begins before it
                younger = replace(
                    plane, age_years=array.age_years - self.grid.history_hours / HOURS_PER_YEAR
                )
                return self.grid.hourly(ac_power_w(self.weather, younger))

    def _wind(self) -> Series | None:
        match self.spec.wind:
            case None:
                return None
            case schema.WindSeries(series=ref):
                return self._file(ref)
            case farm:
                power_w = farm_power_w(
                    self.weather,
                    load_turbine(farm.turbine),
                    count=farm.count,
                    hub_height_m=farm.hub_height_m,
                    shear_exponent=farm.shear_exponent,
                    operation=FarmOperation(
                        density_exponent=farm.density_exponent,
                        availability_fraction=farm.availability_fraction,
                        wake_loss_fraction=farm.wake_loss_fraction,
                        restart_fraction=farm.restart_fraction,
                    ),
                )
                return self.grid.hourly(power_w)

    def _load(self) -> Series | None:
        """Return the base load with what the battery's controls and cooling draw."""
        load, more_w = self._base_load(), auxiliary_w(self.spec.battery)
        if more_w == 0.0:
            return load
        if load is None:
            return self._constant(more_w)
        return Series(load.edges_s, load.values + more_w, load.latency_s)

    def _base_load(self) -> Series | None:
        match self.spec.base_load:
            case None:
                return None
            case ConstantPower(constant_kw=load_kw):
                return self._constant(load_kw * KW)
            case ref:
                return self._file(ref)

    @cached_property
    def _market_and_node(self) -> tuple[MarketResult | None, MarketNode | None]:
        choice = self.spec.grid.market if self.spec.grid else None
        if choice is None:
            return None, None
        if isinstance(choice, NetworkMarket):
            return build_node(choice, self.folder, self.grid, self.start)
        market = Market(fleet=choice) if isinstance(choice, str) else choice
        return self._fleet_market(market), None

    def _fleet_market(self, market: Market) -> MarketResult:
        return clear(
            load_fleet(market.fleet),
            self.weather,
            carbon_price_usd_per_t=market.carbon_price_usd_per_t,
            solar_fraction=self._region_fraction("solar"),
            wind_fraction=self._region_fraction("wind"),
        )

    def _region_fraction(self, kind: str) -> Columns:
        """Return hourly output over rated power of the region's sun or wind plants."""
        if kind == "solar":
            region = PvArray(surface_tilt=self.weather.latitude_deg, **_REGION_ARRAY)
            return ac_power_w(self.weather, region) * region.dc_ac_ratio
        turbine = load_turbine(_REGION_TURBINE)
        wind_w = farm_power_w(self.weather, turbine, count=1, **_REGION_HUB)
        return wind_w / turbine.rated_power_w

    def _money(self, market: MarketResult | None) -> GridMoney:
        if self.spec.grid is None:
            return GridMoney(None, None, None, None, np.zeros(self.grid.n_steps), None)
        return MoneyBuilder(
            self.spec.grid, market, self.grid, self._file, self._region_fraction
        ).build()

    def _outages_s(self) -> tuple[tuple[float, float], ...]:
        match self.spec.grid.outages if self.spec.grid else ():
            case RandomOutages(mtbf_h=mtbf_h, mttr_h=mttr_h):
                return draw_outages(
                    stream(self.seed, f"outages/{self.spec.name}"),
                    mtbf_s=mtbf_h * HOUR_S,
                    mttr_s=mttr_h * HOUR_S,
                    duration_s=self.grid.duration_s,
                )
            case given:
                return tuple((one.from_h * HOUR_S, one.to_h * HOUR_S) for one in given)

    def _notes(self) -> tuple[str, ...]:
        farm, notes = self.spec.wind, embodied_warnings(self.spec, self.folder)
        if not isinstance(farm, schema.WindFarm):
            return notes
        return wind_warnings(self.weather, farm.hub_height_m) + notes


_PV_FIELDS = tuple(name for name in schema.SolarArray.model_fields if name != "dc_capacity_kw")

# The region's sun and wind plants stand in the site's own weather (assumption): arrays of the
# schema's defaults tilted by the latitude, and turbines of one common type at its usual height.
_REGION_ARRAY = {
    name: field.default
    for name, field in schema.SolarArray.model_fields.items()
    if name not in {"dc_capacity_kw", "surface_tilt"}
} | {"dc_capacity_w": 1.0}
_REGION_TURBINE = "vestas-v90-3000"
_REGION_HUB: dict[str, Any] = {"hub_height_m": 80.0, "shear_exponent": 0.143}
