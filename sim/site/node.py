"""A site at a bus of a network: the market without it, and the market's answer to its load.

As a price-taker the site pays what the bus would cost without it. As a price-maker it pays what the
bus costs at its own load: from a table over some loads, or by solving every hour with that load.
Policies see the market without the site in any case; the answer changes what is paid and emitted.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.grid.market import MarketResult
from sim.grid.network.network import Network
from sim.grid.network.price_maker import PriceTable, Quote, price_table
from sim.grid.network.read import built_in, read_network
from sim.grid.network.year import MarketYear, solve_year
from sim.scenario.schema.grid import NetworkMarket
from sim.site.times import Columns, TimeGrid
from sim.units import HOUR_S, KG_PER_MWH, MW, USD_PER_MWH


@dataclass(frozen=True, slots=True, eq=False)
class MarketNode:
    """The market at a site's bus in the hours of the run; h hours.

    Attributes
    ----------
    bus : str
        The bus.
    network : Network
        The network in the hours of the run, without the site.
    alone : MarketYear
        What the market gives without the site.
    table : PriceTable or None
        The market over some loads at the bus; None solves every hour for the load it has.
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]
    """

    bus: str
    network: Network
    alone: MarketYear
    table: PriceTable | None
    carbon_price_usd_per_t: float

    def quote(self, load_w: Columns) -> Quote:
        """Return what the market asks for the site's load.

        Parameters
        ----------
        load_w : ndarray of float, shape (h,)
            Mean import of each hour. [W]

        Returns
        -------
        Quote
            Price, emissions, and cost and emissions of the whole system.

        Raises
        ------
        DataError
            If the load is outside the table, or an hour cannot be dispatched.
        """
        load_mw = load_w / MW
        if self.table is not None:
            try:
                return self.table.quote(np.arange(len(load_mw)), load_mw)
            except ValueError as error:
                msg = f"{error} Widen load_levels_mw."
                raise DataError(msg) from error
        year = solve_year(
            self.network,
            carbon_price_usd_per_t=self.carbon_price_usd_per_t,
            extra_load_mw={self.bus: load_mw},
        )
        place = self.network.place_of(self.bus)
        return Quote(
            price_usd_per_mwh=year.lmp_usd_per_mwh[:, place],
            system_cost_usd=year.objective_usd,
            system_co2_kg=year.co2_kg,
            marginal_emissions_kg_per_mwh=year.marginal_emissions_kg_per_mwh[:, place],
        )


def build_node(
    spec: NetworkMarket, folder: Path, grid: TimeGrid, start: datetime
) -> tuple[MarketResult, MarketNode | None]:
    """Return the market at a bus on the run's window, and its answer if the site makes prices.

    Parameters
    ----------
    spec : NetworkMarket
        The network, the bus and the site's role.
    folder : Path
        Folder that file names are relative to.
    grid : TimeGrid
        The run's times.
    start : datetime
        First moment of the run.

    Returns
    -------
    tuple
        Price and intensities in the window's hours, nan outside the network's; and the node, None
        for a price-taker.

    Raises
    ------
    DataError
        If the network has mistakes, no such bus, or not all hours of the run.
    """
    network = read_network(spec.network if spec.network in built_in() else folder / spec.network)
    _require_bus(network, spec.bus)
    window = pd.date_range(grid.window_start, periods=grid.window_hours, freq="h")
    places = np.full(grid.window_hours, -1)
    if isinstance(network.time, pd.DatetimeIndex):
        places = network.time.get_indexer(window)
    if (places[_run_hours(grid, start)] < 0).any():
        msg = f"network {spec.network}: its hours do not cover the run; they are "
        msg += f"{network.time[0]} to {network.time[-1]}."
        raise DataError(msg)
    known = places >= 0
    year = solve_year(
        network.at_hours(places[known]), carbon_price_usd_per_t=spec.carbon_price_usd_per_t
    )
    result = _on_window(year, network.place_of(spec.bus), known)
    if spec.role == "price-taker":
        return result, None
    # Hours of the run, counted among those that were solved.
    run = (np.cumsum(known) - 1)[_run_hours(grid, start)]
    return result, _node(spec, year.at_hours(run))


def _require_bus(network: Network, bus: str) -> None:
    try:
        network.place_of(bus)
    except ValueError as error:
        raise DataError(str(error)) from error


def _run_hours(grid: TimeGrid, start: datetime) -> slice:
    """Return the hours of the window that the run touches."""
    offset_s = (start - grid.window_start).total_seconds()
    return slice(int(offset_s // HOUR_S), int(-(-(offset_s + grid.duration_s) // HOUR_S)))


def _on_window(year: MarketYear, place: int, known: "np.typing.NDArray[np.bool_]") -> MarketResult:
    def spread(column: Columns, factor: float) -> Columns:
        """Put the network's hours into the window; nan elsewhere."""
        full = np.full(len(known), np.nan)
        full[known] = column * factor
        return full

    return MarketResult(
        price_usd_per_j=spread(year.lmp_usd_per_mwh[:, place], USD_PER_MWH),
        average_carbon_intensity_kg_per_j=spread(year.average_intensity_kg_per_mwh, KG_PER_MWH),
        marginal_carbon_intensity_kg_per_j=spread(
            year.marginal_emissions_kg_per_mwh[:, place], KG_PER_MWH
        ),
        carbon_free_fraction=spread(year.carbon_free_fraction, 1.0),
        demand_w=spread(year.network.load_mw.sum(axis=1), MW),
        generation_w=spread(year.generation_mw.sum(axis=1), MW),
        curtailed_w=spread(year.curtailed_mw, MW),
        shortage_hours_count=int((year.unserved_mwh > 0.0).sum()),
    )


def _node(spec: NetworkMarket, alone: MarketYear) -> MarketNode:
    network, price = alone.network, spec.carbon_price_usd_per_t
    table = None
    if spec.role == "price-maker":
        table = price_table(
            network,
            spec.bus,
            load_mw=np.asarray(spec.load_levels_mw, dtype=float),
            carbon_price_usd_per_t=price,
            cache=cache_folder(),
        )
    return MarketNode(spec.bus, network, alone, table, price)


def cache_folder() -> Path | None:
    """Return where price tables and forecasts are kept.

    Returns
    -------
    Path or None
        The folder that ``GRIDLOOM_CACHE`` names, else the user's own cache folder; None if it says
        ``off``.
    """
    wanted = os.environ.get("GRIDLOOM_CACHE")
    if wanted == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(wanted or Path(home) / "gridloom")
