"""From a site's description in the scenario to its columns, part by part."""

from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from sim.datacenter.cooling import overheads
from sim.datacenter.hardware import embodied_kg_per_s, gpu_power, peak_flop_per_s
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.energy.solar import PvArray, ac_power_w
from sim.energy.wind import farm_power_w, load_turbine
from sim.grid.market import MarketResult, clear, load_fleet
from sim.grid.tariff import energy_prices_usd_per_j
from sim.scenario import site_schema as schema
from sim.scenario.battery_schema import Battery
from sim.scenario.datacenter_schema import Cooling
from sim.scenario.grid_schema import Grid, Market
from sim.scenario.schema import Scenario
from sim.scenario.series import Series, read_series
from sim.scenario.series_schema import ConstantCarbon, ConstantPower, FileSeries
from sim.site.model import ClusterSpec, Site
from sim.site.times import Columns, TimeGrid
from sim.units import G_PER_KWH, KW, KWH, MINUTE_S, USD_PER_KWH
from sim.weather.readers import read_tmy
from sim.weather.window import WeatherSlice, slice_window


def build_sites(scenario: Scenario, folder: Path, grid: TimeGrid) -> tuple[Site, ...]:
    """Return the sites of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    folder : Path
        Folder that its file names are relative to.
    grid : TimeGrid
        The run's times.

    Returns
    -------
    tuple of Site
        The sites, in the scenario's order.
    """
    return tuple(_Builder(spec, folder, scenario.start, grid).site() for spec in scenario.sites)


class _Builder:
    """Builds one site, part by part; a part that the scenario leaves out becomes zeros or nan."""

    def __init__(self, spec: schema.Site, folder: Path, start: datetime, grid: TimeGrid) -> None:
        self.spec, self.folder, self.start, self.grid = spec, folder, start, grid

    def site(self) -> Site:
        solar, wind, load = self._solar(), self._wind(), self._base_load()
        market = self._market()
        price, average, marginal = self._prices(market), *self._intensities(market)
        free = None if market is None else self.grid.hourly(market.carbon_free_fraction)
        cooling, conversion, overhead = self._overheads()
        return Site(
            name=self.spec.name,
            parts=self._parts(),
            grid=self.grid,
            solar_w=self._on_steps(solar, missing=0.0),
            wind_w=self._on_steps(wind, missing=0.0),
            base_load_w=self._on_steps(load, missing=0.0),
            cooling_ratio=self._on_steps(cooling, missing=0.0),
            conversion_ratio=self._on_steps(conversion, missing=0.0),
            overhead_ratio=self._on_steps(overhead, missing=0.0),
            price_usd_per_j=self._on_steps(price),
            export_price_usd_per_j=np.full(self.grid.n_steps, self._export_price()),
            average_carbon_kg_per_j=self._on_steps(average),
            marginal_carbon_kg_per_j=self._on_steps(marginal),
            carbon_free_fraction=self._on_steps(free),
            battery=_battery(self.spec.battery),
            connection=_connection(self.spec.grid),
            clusters=self._clusters(),
            floor_area_m2=self.spec.datacenter.floor_area_m2 if self.spec.datacenter else None,
            tariff=self.spec.grid.tariff if self.spec.grid else None,
            signals={
                "price": self._signal(price),
                "average_carbon_intensity": self._signal(average),
                "marginal_carbon_intensity": self._signal(marginal),
                "solar": self._signal(solar, missing=0.0),
                "wind": self._signal(wind, missing=0.0),
                "load": self._signal(load, missing=0.0),
            },
        )

    def _parts(self) -> frozenset[str]:
        names = {n for n in ("solar", "wind", "battery", "grid") if getattr(self.spec, n)}
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
        year = read_tmy(self.spec.weather.tmy)
        return slice_window(year, self.grid.window_start, self.grid.window_hours)

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

    def _file(self, ref: FileSeries) -> Series:
        return read_series(self.folder, ref, start=self.start)

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
                return self.grid.hourly(ac_power_w(self.weather, plane))

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
                )
                return self.grid.hourly(power_w)

    def _base_load(self) -> Series | None:
        match self.spec.base_load:
            case None:
                return None
            case ConstantPower(constant_kw=load_kw):
                return self._constant(load_kw * KW)
            case ref:
                return self._file(ref)

    def _market(self) -> MarketResult | None:
        choice = self.spec.grid.market if self.spec.grid else None
        if choice is None:
            return None
        market = Market(fleet=choice) if isinstance(choice, str) else choice
        turbine = load_turbine(_REGION_TURBINE)
        region = PvArray(surface_tilt=self.weather.latitude_deg, **_REGION_ARRAY)
        wind_w = farm_power_w(self.weather, turbine, count=1, **_REGION_HUB)
        return clear(
            load_fleet(market.fleet),
            self.weather,
            carbon_price_usd_per_t=market.carbon_price_usd_per_t,
            solar_fraction=ac_power_w(self.weather, region) * region.dc_ac_ratio,
            wind_fraction=wind_w / turbine.rated_power_w,
        )

    def _prices(self, market: MarketResult | None) -> Series | None:
        """Return what one more unit of import costs: energy at its price, plus delivery."""
        contract = self.spec.grid
        if contract is None:
            return None
        tariff = contract.tariff
        delivery = 0.0 if tariff is None else tariff.delivery_usd_per_kwh * USD_PER_KWH
        energy = self._energy_prices(contract, market)
        return None if energy is None else Series(energy.edges_s, delivery + energy.values)  # noqa: PD011 - a Series of ours

    def _energy_prices(self, contract: Grid, market: MarketResult | None) -> Series | None:
        if contract.tariff is not None:
            edges_s = _quarter_hours(self.grid)
            starts = pd.DatetimeIndex(
                pd.Timestamp(self.start) + pd.to_timedelta(edges_s[:-1], unit="s")
            )
            own = energy_prices_usd_per_j(contract.tariff, starts)
            if own is not None:
                return Series(edges_s, own)
        if contract.price is not None:
            return self._file(contract.price)
        return None if market is None else self.grid.hourly(market.price_usd_per_j)

    def _export_price(self) -> float:
        tariff = self.spec.grid.tariff if self.spec.grid else None
        return 0.0 if tariff is None else tariff.export_usd_per_kwh * USD_PER_KWH

    def _intensities(self, market: MarketResult | None) -> tuple[Series | None, Series | None]:
        """Return average and marginal carbon intensity; a series of the user's goes first."""
        contract = self.spec.grid
        if contract is None:
            return None, None
        average = self._intensity(contract.average_carbon_intensity)
        marginal = self._intensity(contract.marginal_carbon_intensity)
        if market is not None:
            average = average or self.grid.hourly(market.average_carbon_intensity_kg_per_j)
            marginal = marginal or self.grid.hourly(market.marginal_carbon_intensity_kg_per_j)
        return average, marginal

    def _intensity(self, choice: ConstantCarbon | FileSeries | None) -> Series | None:
        match choice:
            case None:
                return None
            case ConstantCarbon(constant_g_per_kwh=intensity):
                return self._constant(intensity * G_PER_KWH)
            case ref:
                return self._file(ref)

    def _overheads(self) -> tuple[Series | None, Series | None, Series | None]:
        """Return facility power per IT power: cooling, conversion, a constant PUE's overhead."""
        match self.spec.datacenter.pue if self.spec.datacenter else None:
            case None:
                return None, None, None
            case Cooling(cooling=plant):
                cooling, conversion = overheads(plant, self.weather.temp_air)
                return self.grid.hourly(cooling), self.grid.hourly(conversion), None
            case pue:
                return None, None, self._constant(pue - 1.0)

    def _clusters(self) -> tuple[ClusterSpec, ...]:
        return tuple(
            ClusterSpec(
                name=cluster.name,
                gpus_count=cluster.nodes * cluster.gpus_per_node,
                power=(power := gpu_power(cluster)),
                idle_w=power.idle_bare_w if cluster.idle_state == "bare" else power.idle_resident_w,
                embodied_kg_per_s=embodied_kg_per_s(cluster),
                peak_flop_per_s=peak_flop_per_s(cluster),
            )
            for cluster in (self.spec.datacenter.clusters if self.spec.datacenter else ())
        )


_PV_FIELDS = tuple(name for name in schema.SolarArray.model_fields if name != "dc_capacity_kw")

# The region's sun and wind plants stand in the site's own weather (assumption): arrays of the
# schema's defaults tilted by the latitude, and turbines of one common type at its usual height.
_REGION_ARRAY = {
    name: field.default
    for name, field in schema.SolarArray.model_fields.items()
    if name not in {"dc_capacity_kw", "surface_tilt"}
} | {"dc_capacity_w": 1.0}
_REGION_TURBINE = "vestas-v90-3000"
_REGION_HUB = {"hub_height_m": 80.0, "shear_exponent": 0.143}


def _quarter_hours(grid: TimeGrid) -> Columns:
    """Return edges fine enough for every time zone's offset, over the whole window. [s]."""
    first_s, last_s = grid.window_edges_s[0], grid.window_edges_s[-1]
    return np.arange(first_s, last_s + 1.0, 15 * MINUTE_S)


def _battery(spec: Battery | None) -> BatteryLimits | None:
    if spec is None:
        return None
    return BatteryLimits(
        capacity_j=spec.capacity_kwh * KWH,
        max_charge_w=spec.max_charge_kw * KW,
        max_discharge_w=spec.max_discharge_kw * KW,
        charge_efficiency=spec.charge_efficiency,
        discharge_efficiency=spec.discharge_efficiency,
        min_soc=spec.min_soc,
        max_soc=spec.max_soc,
        initial_soc=spec.initial_soc,
    )


def _connection(spec: Grid | None) -> Connection:
    """Return the limits of the grid connection; an island has none to import or export through."""
    if spec is None:
        return Connection(0.0, 0.0)
    import_kw, export_kw = spec.import_limit_kw, spec.export_limit_kw
    return Connection(
        np.inf if import_kw is None else import_kw * KW,
        np.inf if export_kw is None else export_kw * KW,
    )
