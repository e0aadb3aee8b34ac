"""A region's generators and its demand, as the catalog describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.catalog import row, table
from sim.units import MW, MWH, USD_PER_MWH

Columns = NDArray[np.float64]

SATURDAY: Final = 5
BY_WEATHER: Final = ("solar", "wind")
"""Technologies whose power is not theirs to choose."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Demand of a region: a daily shape plus a response to cold and to heat.

    Attributes
    ----------
    timezone : str
        Zone of the daily shape.
    shape_ratio : ndarray of float, shape (2, 24)
        Demand over `base_w` without heating and cooling, by hour; workdays, then weekends. [-]
    base_w : float
        Mean demand without heating and cooling. [W]
    heating_per_k : float
        Extra demand over `base_w` per kelvin below `heating_below_c`. [1/K]
    heating_below_c : float
        Outdoor temperature below which there is heating. [degC]
    cooling_per_k : float
        Extra demand over `base_w` per kelvin above `cooling_above_c`. [1/K]
    cooling_above_c : float
        Outdoor temperature above which there is cooling. [degC]
    """

    timezone: str
    shape_ratio: Columns
    base_w: float
    heating_per_k: float
    heating_below_c: float
    cooling_per_k: float
    cooling_above_c: float


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Generators besides sun and wind, in blocks of one cost each; columns of shape (k,).

    Attributes
    ----------
    available_w : ndarray of float, shape (k,)
        Power available on average. [W]
    must_run_w : ndarray of float, shape (k,)
        Part of it that runs whatever the price. [W]
    cost_usd_per_j : ndarray of float, shape (k,)
        Marginal cost without a carbon price. [USD/J]
    emission_kg_per_j : ndarray of float, shape (k,)
        Carbon dioxide from the stack. [kgCO2e/J]
    """

    available_w: Columns
    must_run_w: Columns
    cost_usd_per_j: Columns
    emission_kg_per_j: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """A region's demand and generators.

    Attributes
    ----------
    name : str
        Its name in the catalog.
    demand : Demand
        Its demand.
    blocks : Blocks
        Its generators besides sun and wind; some can be dispatched.
    solar_capacity_w : float
        Installed solar power, AC. [W]
    wind_capacity_w : float
        Installed wind power. [W]
    value_of_lost_load_usd_per_j : float
        Price when demand exceeds all supply. [USD/J]
    """

    name: str
    demand: Demand
    blocks: Blocks
    solar_capacity_w: float
    wind_capacity_w: float
    value_of_lost_load_usd_per_j: float


def load_fleet(name: str) -> Fleet:
    """Return a fleet of the catalog's table ``fleets``.

    Parameters
    ----------
    name : str
        Name of the fleet, e.g. ``us-carolinas``.

    Returns
    -------
    Fleet
        Its demand and generators.

    Raises
    ------
    ValueError
        If the catalog has no such fleet.
    """
    facts = row("fleets", name)
    generators = table("fleet_generators")
    generators = generators[generators["fleet"] == name]
    by_weather = generators["technology"].isin(BY_WEATHER)
    capacity_w = generators.groupby("technology")["capacity_mw"].sum() * MW
    return Fleet(
        name=name,
        demand=_demand(facts),
        blocks=_blocks(generators[~by_weather]),
        solar_capacity_w=float(capacity_w.get("solar", 0.0)),
        wind_capacity_w=float(capacity_w.get("wind", 0.0)),
        value_of_lost_load_usd_per_j=facts["value_of_lost_load_usd_per_mwh"] * USD_PER_MWH,
    )


def demand_w(demand: Demand, time_utc: pd.DatetimeIndex, temp_air_c: Columns) -> Columns:
    """Return the demand of a region in each hour.

    Parameters
    ----------
    demand : Demand
        The region's demand.
    time_utc : DatetimeIndex, shape (n,)
        Starts of the hours, with a zone.
    temp_air_c : ndarray of float, shape (n,)
        Outdoor temperature. [degC]

    Returns
    -------
    ndarray of float, shape (n,)
        Demand; each hour depends on itself alone, not on what else the run covers [W].

    Notes
    -----
    D = base * (shape(hour, day) + h * max(0, T_h - T) + c * max(0, T - T_c)). The linear response
    to degrees outside a comfort band is an assumption; a holiday counts as any other day.
    """
    local = time_utc.tz_convert(demand.timezone)
    weekend = (np.asarray(local.day_of_week) >= SATURDAY).astype(int)
    shape_ratio = demand.shape_ratio[weekend, np.asarray(local.hour)]
    cold_k = np.maximum(demand.heating_below_c - temp_air_c, 0.0)
    warm_k = np.maximum(temp_air_c - demand.cooling_above_c, 0.0)
    response_ratio = demand.heating_per_k * cold_k + demand.cooling_per_k * warm_k
    return np.asarray(demand.base_w * (shape_ratio + response_ratio))


_NUMBERS: Final = (
    "capacity_mw",
    "availability_fraction",
    "min_output_fraction",
    "heat_rate_mmbtu_per_mwh",
    "heat_rate_spread_fraction",
    "fuel_usd_per_mmbtu",
    "variable_om_usd_per_mwh",
    "co2_kg_per_mmbtu",
    "blocks_count",
)


def _demand(facts: Mapping[str, Any]) -> Demand:
    shape = table("demand_shape")
    return Demand(
        timezone=facts["timezone"],
        shape_ratio=shape[["workday_ratio", "weekend_ratio"]].to_numpy(dtype=np.float64).T,
        base_w=facts["base_demand_mw"] * MW,
        heating_per_k=float(facts["heating_per_k"]),
        heating_below_c=float(facts["heating_below_c"]),
        cooling_per_k=float(facts["cooling_per_k"]),
        cooling_above_c=float(facts["cooling_above_c"]),
    )


def _blocks(generators: pd.DataFrame) -> Blocks:
    """Split each generator into equal blocks whose heat rates lie evenly around its own."""
    count = generators["blocks_count"].to_numpy(dtype=int)
    split = generators.loc[generators.index.repeat(count)]
    number = np.concatenate([np.arange(n) for n in count])
    column = {name: split[name].to_numpy(dtype=np.float64) for name in _NUMBERS}
    offset = (2 * number + 1) / column["blocks_count"] - 1
    spread = column["heat_rate_spread_fraction"]
    heat_rate = column["heat_rate_mmbtu_per_mwh"] * (1 + spread * offset)
    capacity_w = column["capacity_mw"] * MW / column["blocks_count"]
    available_w = capacity_w * column["availability_fraction"]
    cost = heat_rate * column["fuel_usd_per_mmbtu"] + column["variable_om_usd_per_mwh"]
    return Blocks(
        available_w=available_w,
        must_run_w=available_w * column["min_output_fraction"],
        cost_usd_per_j=cost * USD_PER_MWH,
        emission_kg_per_j=heat_rate * column["co2_kg_per_mmbtu"] / MWH,
    )
