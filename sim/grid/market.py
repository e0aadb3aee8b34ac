"""A regional power market: generators in merit order meet demand, one price for the region.

Copper plate: no network, ramps, start-up costs, storage or trade with neighbors. Sun, wind and
demand come from the same weather. Emissions are those of the stack (direct combustion), none of
mining, drilling or construction; biogenic carbon dioxide counts zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.grid.fleet import Blocks, Demand, Fleet, demand_w, load_fleet
from sim.units import TONNE_KG
from sim.weather.window import WeatherSlice

__all__ = ["Blocks", "Demand", "Fleet", "MarketResult", "clear", "demand_w", "load_fleet"]

Columns = NDArray[np.float64]

ROUNDING = 1e-9
"""How far a fraction may leave 0..1 by rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class MarketResult:
    """What the market gave in each hour; columns of shape (n,).

    Attributes
    ----------
    price_usd_per_j : ndarray of float, shape (n,)
        Price of energy. [USD/J]
    average_carbon_intensity_kg_per_j : ndarray of float, shape (n,)
        Emissions over generation. [kgCO2e/J]
    marginal_carbon_intensity_kg_per_j : ndarray of float, shape (n,)
        Emissions of the generator that sets the price. [kgCO2e/J]
    carbon_free_fraction : ndarray of float, shape (n,)
        Share of the generation that emits no fossil carbon dioxide. [-]
    demand_w : ndarray of float, shape (n,)
        Demand. [W]
    generation_w : ndarray of float, shape (n,)
        Generation; less than the demand in an hour of shortage. [W]
    curtailed_w : ndarray of float, shape (n,)
        Sun and wind that found no demand. [W]
    shortage_hours_count : int
        Hours in which demand exceeded all supply. [-]
    """

    price_usd_per_j: Columns
    average_carbon_intensity_kg_per_j: Columns
    marginal_carbon_intensity_kg_per_j: Columns
    carbon_free_fraction: Columns
    demand_w: Columns
    generation_w: Columns
    curtailed_w: Columns
    shortage_hours_count: int


def clear(
    fleet: Fleet,
    weather: WeatherSlice,
    *,
    carbon_price_usd_per_t: float,
    solar_fraction: Columns,
    wind_fraction: Columns,
) -> MarketResult:
    """Return what the market gives in each hour of a span of weather.

    Parameters
    ----------
    fleet : Fleet
        The region.
    weather : WeatherSlice
        Its weather, n hours.
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]
    solar_fraction : ndarray of float, shape (n,)
        Solar power over installed solar power, 0..1. [-]
    wind_fraction : ndarray of float, shape (n,)
        Wind power over installed wind power, 0..1. [-]

    Returns
    -------
    MarketResult
        Price, intensities and flows by hour.

    Raises
    ------
    ValueError
        If a fraction has the wrong length or leaves 0..1; the message names it.

    Notes
    -----
    What must run comes first, then sun and wind, then the blocks from the cheapest up; the last
    block that runs sets price and marginal intensity. If what must run, sun and wind exceed the
    demand, price and marginal intensity are 0, sun and wind are curtailed, and if that is not
    enough, what must run is cut in proportion. If demand exceeds all supply, the price is the value
    of lost load and the marginal intensity that of the dearest block. Blocks of equal cost run in
    the catalog's order.
    """
    load_w = demand_w(fleet.demand, weather.time_utc, weather.temp_air)
    _check_fraction("solar_fraction", solar_fraction, len(load_w))
    _check_fraction("wind_fraction", wind_fraction, len(load_w))
    renewable_w = fleet.solar_capacity_w * solar_fraction + fleet.wind_capacity_w * wind_fraction
    must_run_w = np.minimum(fleet.blocks.must_run_w.sum(), load_w)
    residual_w = load_w - must_run_w - renewable_w

    stack = _merit_order(fleet.blocks, carbon_price_usd_per_t / TONNE_KG)
    surplus, short = residual_w < 0, residual_w > stack.up_to_w[-1]
    last = np.searchsorted(stack.up_to_w[:-1], residual_w)
    price = np.where(short, fleet.value_of_lost_load_usd_per_j, stack.cost_usd_per_j[last])
    dispatched_w = np.clip(residual_w, 0.0, stack.up_to_w[-1])
    curtailed_w = np.maximum(-residual_w, 0.0)
    generation_w = must_run_w + renewable_w - curtailed_w + dispatched_w
    emission_kg_per_j = fleet.blocks.emission_kg_per_j
    emitted_kg_per_s = stack.total(emission_kg_per_j, must_run_w, dispatched_w)
    is_fossil = (emission_kg_per_j > 0).astype(np.float64)
    fossil_w = stack.total(is_fossil, must_run_w, dispatched_w)
    return MarketResult(
        price_usd_per_j=np.where(surplus, 0.0, price),
        average_carbon_intensity_kg_per_j=emitted_kg_per_s / generation_w,
        marginal_carbon_intensity_kg_per_j=np.where(
            surplus, 0.0, emission_kg_per_j[stack.order[last]]
        ),
        carbon_free_fraction=np.clip(1.0 - fossil_w / generation_w, 0.0, 1.0),
        demand_w=load_w,
        generation_w=generation_w,
        curtailed_w=curtailed_w,
        shortage_hours_count=int(short.sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _MeritOrder:
    """Blocks that can be dispatched, cheapest first: `order` are their places in the fleet."""

    blocks: Blocks
    order: NDArray[np.int_]
    cost_usd_per_j: Columns
    up_to_w: Columns

    def total(self, per_w: Columns, must_run_w: Columns, dispatched_w: Columns) -> Columns:
        """Return the sum over all that runs of a quantity given per watt of each block."""
        mean_must_run = self.blocks.must_run_w @ per_w / (self.blocks.must_run_w.sum() or 1.0)
        up_to_w = np.concatenate([[0.0], self.up_to_w])
        sums = np.concatenate([[0.0], np.cumsum(np.diff(up_to_w) * per_w[self.order])])
        return np.asarray(must_run_w * mean_must_run + np.interp(dispatched_w, up_to_w, sums))


def _merit_order(blocks: Blocks, carbon_price_usd_per_kg: float) -> _MeritOrder:
    cost_usd_per_j = blocks.cost_usd_per_j + carbon_price_usd_per_kg * blocks.emission_kg_per_j
    free_w = blocks.available_w - blocks.must_run_w
    order = np.argsort(cost_usd_per_j, kind="stable")
    order = order[free_w[order] > 0]
    return _MeritOrder(blocks, order, cost_usd_per_j[order], np.cumsum(free_w[order]))


def _check_fraction(name: str, fraction: Columns, hours: int) -> None:
    if fraction.shape != (hours,):
        msg = f"{name} has shape {fraction.shape}, but the weather has {hours} hours."
        raise ValueError(msg)
    wrong = np.flatnonzero(~((fraction >= -ROUNDING) & (fraction <= 1 + ROUNDING)))
    if wrong.size:
        msg = f"{name}[{wrong[0]}] is {fraction[wrong[0]]:g}, not between 0 and 1."
        raise ValueError(msg)
