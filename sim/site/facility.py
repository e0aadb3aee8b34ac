"""The facility of a site's data center on the run's steps, from the scenario."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sim.catalog import row
from sim.datacenter.cooling import Outdoor, dry_plants, needs_wet_bulb
from sim.datacenter.curves import Columns, LoadShape, PowerCurve, load_shape
from sim.datacenter.facility import Facility, UpsLoss, plant_facility
from sim.datacenter.heat import HeatReuse
from sim.errors import DataError
from sim.scenario.schema.cooling import Cooling
from sim.scenario.schema.datacenter import DataCenter
from sim.scenario.schema.grid import Grid
from sim.scenario.schema.resilience import Ups
from sim.site.times import TimeGrid
from sim.units import KW, KWH, LITER_M3
from sim.weather.psychrometrics import wet_bulb_c
from sim.weather.window import WeatherSlice


def facility_of(
    spec: DataCenter | None,
    grid: TimeGrid,
    weather: Callable[[], WeatherSlice],
    *,
    full_it_w: float,
) -> Facility:
    """Return the facility of a site.

    Parameters
    ----------
    spec : DataCenter or None
        The data center; None adds nothing to no IT power.
    grid : TimeGrid
        The run's times.
    weather : callable
        Gives the site's weather, where a cooling plant needs it.
    full_it_w : float
        IT power with all accelerators at full load, what the plant is made for unless the scenario
        says otherwise. [W]

    Returns
    -------
    Facility
        Its curves, one for each step.

    Raises
    ------
    DataError
        If the plant goes by the wet bulb and the weather has no humidity.
    """
    if spec is None:
        return Facility.of_pue(1.0, grid.n_steps)
    if not isinstance(spec.pue, Cooling):
        return Facility.of_pue(spec.pue, grid.n_steps)
    design_kw = spec.pue.design_it_kw
    design_it_w = full_it_w if design_kw is None else design_kw * KW
    plant = spec.pue.cooling
    hourly = plant_facility(
        plant,
        _outdoor(weather(), plant),
        design_it_w=design_it_w,
        ups=_ups(spec.ups, plant, design_it_w),
    )
    return replace(
        hourly,
        cooling=_on_steps(hourly.cooling, grid),
        conversion=_on_steps(hourly.conversion, grid),
        overhead=_on_steps(hourly.overhead, grid),
        evaporation=hourly.evaporation and _on_steps(hourly.evaporation, grid),
    )


def full_it_w(equipped: Mapping[str, Any]) -> float:
    """Return the IT power with all accelerators at full load, of a site's equipment. [W]."""
    clusters = sum(one.gpus_count * one.power.busy_w() for one in equipped["clusters"])
    return float(clusters + equipped.get("storage_w", 0.0) + equipped.get("network_w", 0.0))


def heat_reuse(spec: DataCenter | None, facility: Facility, grid: TimeGrid) -> HeatReuse | None:
    """Return who takes heat of a site, if anybody does.

    Parameters
    ----------
    spec : DataCenter or None
        The data center.
    facility : Facility
        Its facility.
    grid : TimeGrid
        The run's times.

    Returns
    -------
    HeatReuse or None
        On the run's steps.

    Raises
    ------
    ValueError
        If no heat is warm enough and the scenario does not say how much is had all the same.
    """
    wanted = spec.heat_reuse if spec else None
    if wanted is None:
        return None
    fraction = facility.reuse_fraction if wanted.fraction is None else wanted.fraction
    if fraction is None:
        msg = "heat_reuse needs a fraction: the plant's heat is too cold to be used as it is."
        raise ValueError(msg)
    months = wanted.months or tuple(range(1, 13))
    captured = np.where(np.isin(grid.starts.month, months), fraction, 0.0)
    return HeatReuse(captured, np.inf if wanted.capacity_kw is None else wanted.capacity_kw * KW)


def grid_water_m3_per_j(spec: Grid | None) -> float | None:
    """Return the water that the grid's electricity takes, if the scenario says. [m3/J]."""
    match spec.water_l_per_kwh if spec else None:
        case None:
            return None
        case str(mix):
            return float(row("grid_water", mix)["water_l_per_kwh"]) * LITER_M3 / KWH
        case water_l_per_kwh:
            return water_l_per_kwh * LITER_M3 / KWH


def _outdoor(weather: WeatherSlice, plant: str) -> Outdoor:
    if not needs_wet_bulb(plant):
        return Outdoor(weather.temp_air)
    missing = int(np.isnan(weather.relative_humidity).sum())
    if missing:
        msg = f"weather of {weather.name}: cooling plant {plant} goes by the wet bulb, but "
        msg += f"{missing} of {len(weather.relative_humidity)} hours have no humidity or dew point."
        msg += f" Use weather with it, or a plant that goes by the dry bulb: {_or(dry_plants())}."
        raise DataError(msg)
    pressure = weather.pressure
    wet_bulb = wet_bulb_c(weather.temp_air, weather.relative_humidity, pressure=pressure)
    return Outdoor(weather.temp_air, wet_bulb, pressure)


def _or(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _ups(spec: Ups | None, plant: str, design_it_w: float) -> UpsLoss | None:
    """Return the UPS that the scenario describes; what it leaves out is that of the plant."""
    if spec is None:
        return None
    usual = load_shape(spec.curve or row("cooling", plant)["ups_curve"])
    given = (spec.fixed_loss_fraction, spec.linear_loss_fraction, spec.quadratic_loss_fraction)
    known = (usual.fixed_fraction, usual.linear_fraction, usual.quadratic_fraction)
    shape = LoadShape(
        *(one if own is None else own for own, one in zip(given, known, strict=True))
    )
    return UpsLoss(shape, design_it_w if spec.rated_kw is None else spec.rated_kw * KW)


def _on_steps(curve: PowerCurve, grid: TimeGrid) -> PowerCurve:
    """Return an hourly curve on the run's steps."""

    def on_steps(hourly: Columns) -> Columns:
        """Return a column on the steps; a constant one takes no room."""
        if (hourly == hourly[0]).all():
            return np.broadcast_to(hourly[0], grid.n_steps)
        return grid.hourly(hourly).mean_over(grid.edges_s)

    return curve.changed(on_steps)
