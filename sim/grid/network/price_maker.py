"""A load that moves the market: a table over its size in each hour, in place of an online market.

The cost of a linear program is convex and piecewise linear in a load, and the price at a bus is its
slope. Two neighbouring sizes of the table therefore give two tangents of the cost from below; it is
exact where the true cost has one kink between the sizes, and continuous and convex anyway. That
takes the error of the price on RTS-GMLC, between sizes 250 MW apart, from 0.49 (prices interpolated
linearly) to 0.11 USD/MWh.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from sim.grid.network.network import Columns, Network, Places
from sim.grid.network.year import solve_year

FORMAT: Final = "price table 1"
"""Changes whenever the same network would give another table."""


@dataclass(frozen=True, slots=True, eq=False)
class Quote:
    """What the market asks for loads of given sizes in given hours; columns of shape (n,).

    Attributes
    ----------
    price_usd_per_mwh : ndarray of float
        Price at the bus. [USD/MWh]
    system_cost_usd : ndarray of float
        Cost of the whole system in the hour. [USD]
    system_co2_kg : ndarray of float
        Emissions of the whole system in the hour. [kgCO2e]
    marginal_emissions_kg_per_mwh : ndarray of float
        Change of the system's emissions per more load at the bus. [kgCO2e/MWh]
    """

    price_usd_per_mwh: Columns
    system_cost_usd: Columns
    system_co2_kg: Columns
    marginal_emissions_kg_per_mwh: Columns


@dataclass(frozen=True, slots=True, eq=False)
class PriceTable:
    """What the market gives for some sizes of a load at a bus; h hours, s sizes.

    Attributes
    ----------
    bus : str
        The bus.
    load_mw : ndarray of float, shape (s,)
        Sizes of the load, increasing. [MW]
    weight_h : ndarray of float, shape (h,)
        How long each hour counts. [h]
    price_usd_per_mwh : ndarray of float, shape (h, s)
        Price at the bus. [USD/MWh]
    system_cost_usd : ndarray of float, shape (h, s)
        Cost of the whole system in each hour. [USD]
    system_co2_kg : ndarray of float, shape (h, s)
        Emissions of the whole system in each hour. [kgCO2e]
    marginal_emissions_kg_per_mwh : ndarray of float, shape (h, s)
        Change of the system's emissions per more load at the bus. [kgCO2e/MWh]
    """

    bus: str
    load_mw: Columns
    weight_h: Columns
    price_usd_per_mwh: Columns
    system_cost_usd: Columns
    system_co2_kg: Columns
    marginal_emissions_kg_per_mwh: Columns

    def quote(self, hours: Places, load_mw: Columns) -> Quote:
        """Look up what the market asks for loads.

        Parameters
        ----------
        hours : ndarray of int, shape (n,)
            Places of the hours. [-]
        load_mw : ndarray of float, shape (n,)
            Size of the load in each. [MW]

        Returns
        -------
        Quote
            Price, cost and emissions, from the tangent that holds.

        Raises
        ------
        ValueError
            If a load is outside the sizes of the table.
        """
        least, most = self.load_mw[0], self.load_mw[-1]
        if not ((load_mw >= least) & (load_mw <= most)).all():
            msg = (f"the price table of bus {self.bus} goes from {least:g} to {most:g} MW; "
                   f"{load_mw.min():g} to {load_mw.max():g} MW were asked for.")
            raise ValueError(msg)
        above = np.clip(np.searchsorted(self.load_mw, load_mw), 1, len(self.load_mw) - 1)
        lower = self._tangents(hours, above - 1, load_mw)
        upper = self._tangents(hours, above, load_mw)
        from_below = lower.system_cost_usd >= upper.system_cost_usd
        return Quote(*(
            np.where(from_below, getattr(lower, name.name), getattr(upper, name.name))
            for name in fields(Quote)
        ))

    def _tangents(self, hours: Places, sizes: Places, load_mw: Columns) -> Quote:
        at = (hours, sizes)
        more_mwh = self.weight_h[hours] * (load_mw - self.load_mw[sizes])
        price, emissions = self.price_usd_per_mwh[at], self.marginal_emissions_kg_per_mwh[at]
        return Quote(
            price_usd_per_mwh=price,
            system_cost_usd=self.system_cost_usd[at] + price * more_mwh,
            system_co2_kg=self.system_co2_kg[at] + emissions * more_mwh,
            marginal_emissions_kg_per_mwh=emissions,
        )


def price_table(
    network: Network,
    bus: str,
    *,
    load_mw: Columns,
    carbon_price_usd_per_t: float = 0.0,
    cache: Path | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> PriceTable:
    """Solve every hour of a network for some sizes of a load at a bus.

    Parameters
    ----------
    network : Network
        The network without the load.
    bus : str
        Where it is connected.
    load_mw : ndarray of float, shape (s,)
        Sizes, at least two, increasing. [MW]
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]
    cache : Path or None
        Folder that keeps tables; one of the same network, bus, sizes and carbon price is read from
        it instead.
    on_progress : callable
        Gets the fraction that is done.

    Returns
    -------
    PriceTable
        The table.

    Raises
    ------
    ValueError
        If there is no such bus, or the sizes do not increase.
    DataError
        If an hour cannot be dispatched; names it.
    """
    if len(load_mw) < 2 or (np.diff(load_mw) <= 0).any():
        msg = "a price table needs at least two sizes of the load, increasing."
        raise ValueError(msg)
    network.place_of(bus)
    key = (FORMAT, version("highspy"), bus, load_mw, carbon_price_usd_per_t, network)
    digest = sha256(b"\0".join(_bytes(key))).hexdigest()
    file = None if cache is None else cache / f"price-table-{digest[:16]}.npz"
    found = None if file is None else _read(file, bus)
    if found is not None:
        return found
    table = _solve(network, bus, load_mw, carbon_price_usd_per_t, on_progress)
    if file is not None:
        _write(table, file)
    return table


def _solve(
    network: Network,
    bus: str,
    load_mw: Columns,
    carbon_price_usd_per_t: float,
    on_progress: Callable[[float], None],
) -> PriceTable:
    place, shape = network.place_of(bus), (len(network.time), len(load_mw))
    table = PriceTable(bus, load_mw, network.weight_h, *(np.empty(shape) for _ in range(4)))
    for size, size_mw in enumerate(load_mw.tolist()):
        on_progress(size / len(load_mw))
        year = solve_year(
            network, carbon_price_usd_per_t=carbon_price_usd_per_t, extra_load_mw={bus: size_mw}
        )
        table.price_usd_per_mwh[:, size] = year.lmp_usd_per_mwh[:, place]
        table.system_cost_usd[:, size] = year.objective_usd
        table.system_co2_kg[:, size] = year.co2_kg
        table.marginal_emissions_kg_per_mwh[:, size] = year.marginal_emissions_kg_per_mwh[:, place]
    on_progress(1.0)
    return table


def _bytes(value: object) -> Iterator[bytes]:
    """Everything that a table depends on, in a fixed order."""
    if isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, pd.Index):
        yield from _bytes(tuple(map(str, value)))
    elif isinstance(value, tuple):
        yield str(len(value)).encode()
        for entry in value:
            yield from _bytes(entry)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _bytes(getattr(value, field.name))
    else:
        yield repr(value).encode()


def _write(table: PriceTable, file: Path) -> None:
    """Write a table so that it is there as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".partial-{file.stem}-{os.getpid()}.npz")
    try:
        np.savez(partial, **{name: getattr(table, name) for name in _ARRAYS})
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _read(file: Path, bus: str) -> PriceTable | None:
    """Read a table; one that is missing or damaged is none."""
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as arrays:
            return PriceTable(bus, *(arrays[name] for name in _ARRAYS))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


_ARRAYS: Final = tuple(field.name for field in fields(PriceTable) if field.name != "bus")
