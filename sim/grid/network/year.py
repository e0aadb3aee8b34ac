"""A market with a network, hour by hour: prices, flows, emissions and what they add up to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.grid.network.network import Columns, Network, Places
from sim.grid.network.opf import OptimalPowerFlow
from sim.units import TONNE_KG

CONGESTED_USD_PER_MWH: Final = 1e-6
"""A limit binds if more of it would save more than this: rounding of the solver is below it."""
NOTHING_MW: Final = 1e-6
"""Demand not served and power curtailed below this are rounding of the solver."""
_STEPS: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class MarketYear:
    """What the market gave in each hour; h hours, b buses, u generators, k links, l lines.

    Attributes
    ----------
    network : Network
        The network, with the hours and the demand that were solved.
    carbon_price_usd_per_t : float
        Carbon price that the generators paid. [USD/tCO2e]
    generation_mw : ndarray of float, shape (h, u)
        Power of each generator. [MW]
    served_mw : ndarray of float, shape (h, b)
        Demand that was served at each bus. [MW]
    link_flow_mw : ndarray of float, shape (h, k)
        What left the first bus of each link; negative for the other way. [MW]
    line_flow_mw : ndarray of float, shape (h, l)
        Flow on each line, from its first bus to its second. [MW]
    lmp_usd_per_mwh : ndarray of float, shape (h, b)
        Price at each bus: change of the system's cost per more demand there. [USD/MWh]
    marginal_emissions_kg_per_mwh : ndarray of float, shape (h, b)
        Change of the system's emissions per more demand at each bus. [kgCO2e/MWh]
    limit_price_usd_per_mwh : ndarray of float, shape (h, k + l)
        What more of the limit of each link, then of each line, would have saved. [USD/MWh]
    """

    network: Network
    carbon_price_usd_per_t: float
    generation_mw: Columns
    served_mw: Columns
    link_flow_mw: Columns
    line_flow_mw: Columns
    lmp_usd_per_mwh: Columns
    marginal_emissions_kg_per_mwh: Columns
    limit_price_usd_per_mwh: Columns

    def at_hours(self, hours: Places) -> "MarketYear":
        """Return the same market in some of its hours.

        Parameters
        ----------
        hours : ndarray of int
            Places of the hours. [-]

        Returns
        -------
        MarketYear
            What the market gave in them.
        """
        columns = {name: getattr(self, name)[hours] for name in _COLUMNS}
        return replace(self, network=self.network.at_hours(hours), **columns)

    @property
    def shed_mw(self) -> Columns:
        """Demand that was not served at each bus [MW], shape (h, b)."""
        return _beyond_rounding(self.network.load_mw - self.served_mw)

    @property
    def available_mw(self) -> Columns:
        """What sun, wind and water could have given [MW], shape (h,)."""
        units = self.network.units
        return np.asarray(units.p_max_mw[:, units.profiled].sum(axis=1))

    @property
    def curtailed_mw(self) -> Columns:
        """What sun, wind and water could have given but did not [MW], shape (h,)."""
        given_mw = self.generation_mw[:, self.network.units.profiled].sum(axis=1)
        return _beyond_rounding(self.available_mw - given_mw)

    @property
    def cost_usd(self) -> Columns:
        """Cost of generation and links in each hour, without carbon price [USD], shape (h,)."""
        generation = (self.generation_mw * self.network.units.cost_usd_per_mwh).sum(axis=1)
        links = self.link_flow_mw @ self.network.links.cost_usd_per_mwh
        return np.asarray(self.network.weight_h * (generation + links))

    @property
    def co2_kg(self) -> Columns:
        """Emissions in each hour [kgCO2e], shape (h,)."""
        emitted = self.generation_mw @ self.network.units.emission_kg_per_mwh
        return np.asarray(self.network.weight_h * emitted)

    @property
    def unserved_mwh(self) -> Columns:
        """Demand that was not served in each hour [MWh], shape (h,)."""
        return np.asarray(self.network.weight_h * self.shed_mw.sum(axis=1))

    @property
    def objective_usd(self) -> Columns:
        """What was least in each hour [USD], shape (h,): cost, carbon and demand not served."""
        carbon = self.co2_kg * (self.carbon_price_usd_per_t / TONNE_KG)
        shedding = self.unserved_mwh * self.network.value_of_lost_load_usd_per_mwh
        return np.asarray(self.cost_usd + carbon + shedding)

    @property
    def average_intensity_kg_per_mwh(self) -> Columns:
        """Emissions over generation [kgCO2e/MWh], shape (h,); NaN where nothing ran."""
        return self._per_generation(self.generation_mw @ self.network.units.emission_kg_per_mwh)

    @property
    def carbon_free_fraction(self) -> Columns:
        """Share of generation that emits nothing [-], shape (h,); NaN where nothing ran."""
        is_free = (self.network.units.emission_kg_per_mwh == 0).astype(np.float64)
        return self._per_generation(self.generation_mw @ is_free)

    @property
    def congested(self) -> NDArray[np.bool_]:
        """Whether a limit of a line or link cost something in each hour, shape (h,)."""
        return np.asarray((self.limit_price_usd_per_mwh > CONGESTED_USD_PER_MWH).any(axis=1))

    def _per_generation(self, total: Columns) -> Columns:
        generated = self.generation_mw.sum(axis=1)
        nothing = np.full(len(total), np.nan)
        return np.asarray(np.divide(total, generated, out=nothing, where=generated > 0))


def solve_year(
    network: Network,
    *,
    carbon_price_usd_per_t: float = 0.0,
    extra_load_mw: Mapping[str, Columns | float] | None = None,
    hours: Places | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> MarketYear:
    """Dispatch every hour of a network.

    Parameters
    ----------
    network : Network
        The network.
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]
    extra_load_mw : mapping of str to ndarray of float, shape (h,), or float, or None
        Demand on top of what there is, by bus. [MW]
    hours : ndarray of int or None
        Places of the hours to solve; None for all. [-]
    on_progress : callable
        Gets the fraction that is done.

    Returns
    -------
    MarketYear
        What the market gave.

    Raises
    ------
    DataError
        If an hour cannot be dispatched; names it.
    ValueError
        If there is no such bus, or the demand at one becomes negative.
    """
    network = network.with_load(extra_load_mw or {})
    network = network if hours is None else network.at_hours(hours)
    flow = OptimalPowerFlow(network, carbon_price_usd_per_t=carbon_price_usd_per_t)
    count = len(network.time)
    year = _empty(network, carbon_price_usd_per_t)
    step = max(1, count // _STEPS)
    for hour in range(count):
        dispatch = flow.solve(hour)
        for name in _COLUMNS:
            getattr(year, name)[hour] = getattr(dispatch, name)
        if hour % step == 0:
            on_progress(hour / count)
    on_progress(1.0)
    return year


_COLUMNS: Final = (
    "generation_mw", "served_mw", "link_flow_mw", "line_flow_mw", "lmp_usd_per_mwh",
    "marginal_emissions_kg_per_mwh", "limit_price_usd_per_mwh",
)


def _beyond_rounding(power_mw: Columns) -> Columns:
    return np.where(power_mw > NOTHING_MW, power_mw, 0.0)


def _empty(network: Network, carbon_price_usd_per_t: float) -> MarketYear:
    buses, units = len(network.buses.names), len(network.units.names)
    links, lines = len(network.links.names), len(network.lines.names)
    widths = (units, buses, links, lines, buses, buses, links + lines)
    columns = {
        name: np.empty((len(network.time), width))
        for name, width in zip(_COLUMNS, widths, strict=True)
    }
    return MarketYear(network, carbon_price_usd_per_t, **columns)
