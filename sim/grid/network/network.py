"""A transmission network with its generators and its demand, and what can be wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sim.grid.network.parts import Buses, Columns, Lines, Links, NetworkFault, Places, Units
from sim.registry import did_you_mean

__all__ = ["Buses", "Columns", "Lines", "Links", "Network", "NetworkFault", "Places", "Units"]

VALUE_OF_LOST_LOAD_USD_PER_MWH: Final = 9000.0
"""What a MWh that is not served costs if nothing else is said.

System-wide offer cap of ERCOT, 2015 to 2021: 16 Texas Administrative Code 25.505(g)(6).
"""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Buses, what joins them, what feeds them and what they demand in each hour.

    Attributes
    ----------
    name : str
        What to call it.
    buses : Buses
        Its nodes.
    lines : Lines
        Its lines and transformers.
    links : Links
        Its links of direct current.
    units : Units
        Its generators.
    time : Index, shape (h,)
        Starts of the hours in UTC, or other labels where they have none.
    load_mw : ndarray of float, shape (h, b)
        Demand at each bus. [MW]
    weight_h : ndarray of float, shape (h,)
        How long each hour counts in totals; 1 unless it stands for others. [h]
    value_of_lost_load_usd_per_mwh : float
        Cost of demand that is not served. [USD/MWh]
    notes : tuple of str
        What a reader left out or assumed, for the user to know.

    Raises
    ------
    NetworkFault
        If a part is wrong; names it.
    """

    name: str
    buses: Buses
    lines: Lines
    links: Links
    units: Units
    time: pd.Index
    load_mw: Columns
    weight_h: Columns
    value_of_lost_load_usd_per_mwh: float = VALUE_OF_LOST_LOAD_USD_PER_MWH
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no network.

        Raises
        ------
        NetworkFault
            If a part is wrong; names it.
        """
        for fault in _faults(self):
            raise fault

    def place_of(self, bus: str) -> int:
        """Return the place of a bus among the buses.

        Parameters
        ----------
        bus : str
            Its name.

        Returns
        -------
        int
            Its place, from 0 [-].

        Raises
        ------
        ValueError
            If there is no such bus.
        """
        if bus not in self.buses.names:
            msg = f'network {self.name} has no bus "{bus}".{did_you_mean(bus, self.buses.names)}'
            raise ValueError(msg)
        return self.buses.names.index(bus)

    def with_load(self, extra_load_mw: Mapping[str, Columns | float]) -> "Network":
        """Return the same network with more demand at some buses.

        Parameters
        ----------
        extra_load_mw : mapping of str to ndarray of float, shape (h,), or float
            Demand on top of what there is, by bus. [MW]

        Returns
        -------
        Network
            The network.

        Raises
        ------
        ValueError
            If there is no such bus, or the demand at one becomes negative.
        """
        load_mw = self.load_mw.copy()
        for bus, extra_mw in extra_load_mw.items():
            load_mw[:, self.place_of(bus)] += extra_mw
        return replace(self, load_mw=load_mw)

    def at_hours(self, hours: Places) -> "Network":
        """Return the same network at some of its hours.

        Parameters
        ----------
        hours : ndarray of int
            Places of the hours to keep. [-]

        Returns
        -------
        Network
            The network.
        """
        units = replace(
            self.units,
            p_min_mw=self.units.p_min_mw[hours],
            p_max_mw=self.units.p_max_mw[hours],
            cost_usd_per_mwh=self.units.cost_usd_per_mwh[hours],
        )
        return replace(self, units=units, time=self.time[hours], load_mw=self.load_mw[hours],
                       weight_h=self.weight_h[hours])

    def islands(self) -> Places:
        """Return the number of the island of lines and links that each bus lies on.

        Returns
        -------
        ndarray of int, shape (b,)
            From 0 [-].
        """
        ends = (np.concatenate([self.lines.from_bus, self.links.from_bus]),
                np.concatenate([self.lines.to_bus, self.links.to_bus]))
        size = len(self.buses.names)
        joined = coo_array((np.ones(len(ends[0])), ends), shape=(size, size))
        return np.asarray(connected_components(joined, directed=False)[1], dtype=int)


def _faults(network: Network) -> Iterator[NetworkFault]:
    yield from _twins(network)
    yield from _end_faults(network)
    yield from _line_faults(network.lines)
    yield from _link_faults(network.links)
    yield from _unit_faults(network)
    yield from _load_faults(network)


def _twins(network: Network) -> Iterator[NetworkFault]:
    for part in ("buses", "lines", "links", "units"):
        seen: set[str] = set()
        for row, name in enumerate(getattr(network, part).names):
            if name in seen:
                yield NetworkFault(part, row, f'the name "{name}" stands twice among the {part}.')
            seen.add(name)


def _end_faults(network: Network) -> Iterator[NetworkFault]:
    for part, branches in (("lines", network.lines), ("links", network.links)):
        for row in np.flatnonzero(branches.from_bus == branches.to_bus).tolist():
            name, bus = branches.names[row], network.buses.names[branches.from_bus[row]]
            fault = f'"{name}" begins and ends at bus "{bus}". Name two buses.'
            yield NetworkFault(part, row, fault)


def _line_faults(lines: Lines) -> Iterator[NetworkFault]:
    reactance, rating_mw = lines.reactance_rad_per_mw, lines.rating_mw
    for row in np.flatnonzero(~np.isfinite(reactance) | (reactance == 0)).tolist():
        fault = f'line "{lines.names[row]}" has no reactance, so nothing says how power divides.'
        yield NetworkFault("lines", row, f"{fault} Give it one.")
    for row in np.flatnonzero(~(rating_mw >= 0)).tolist():
        fault = f'line "{lines.names[row]}" has a rating of {rating_mw[row]:g} MW.'
        yield NetworkFault("lines", row, f"{fault} It must be 0 or more.")


def _link_faults(links: Links) -> Iterator[NetworkFault]:
    least_mw, most_mw = links.p_min_mw, links.p_max_mw
    for row in np.flatnonzero(~(least_mw <= most_mw)).tolist():
        bounds = f"{least_mw[row]:g} MW and at most {most_mw[row]:g} MW"
        yield NetworkFault("links", row, f'link "{links.names[row]}" must carry at least {bounds}.')
    for row in np.flatnonzero(~(links.efficiency_fraction > 0)).tolist():
        fault = f'link "{links.names[row]}" has an efficiency of {links.efficiency_fraction[row]:g}'
        yield NetworkFault("links", row, f"{fault}; it must be above 0.")


def _unit_faults(network: Network) -> Iterator[NetworkFault]:
    units, time = network.units, network.time
    least_mw, most_mw = units.p_min_mw, units.p_max_mw
    for hour, row in np.argwhere(~(least_mw <= most_mw))[:1].tolist():
        bounds = f"{least_mw[hour, row]:g} MW and at most {most_mw[hour, row]:g} MW"
        fault = f'generator "{units.names[row]}" must give at least {bounds} in hour {time[hour]}.'
        yield NetworkFault("units", row, fault)
    for hour, row in np.argwhere(~np.isfinite(units.cost_usd_per_mwh))[:1].tolist():
        fault = f'generator "{units.names[row]}" has no finite cost in hour {time[hour]}.'
        yield NetworkFault("units", row, fault)
    for row in np.flatnonzero(~np.isfinite(units.emission_kg_per_mwh)).tolist():
        fault = f'generator "{units.names[row]}" has no finite emission.'
        yield NetworkFault("units", row, fault)


def _load_faults(network: Network) -> Iterator[NetworkFault]:
    load_mw, names = network.load_mw, network.buses.names
    for hour, bus in np.argwhere(~((load_mw >= 0) & np.isfinite(load_mw)))[:1].tolist():
        fault = f"is {load_mw[hour, bus]:g} MW in hour {network.time[hour]}; it must be 0 or more."
        yield NetworkFault("load", hour, f'demand at bus "{names[bus]}" {fault}')
    joined = (network.lines.from_bus, network.lines.to_bus, network.links.from_bus,
              network.links.to_bus, network.units.bus)
    alone = np.setdiff1d(np.flatnonzero(load_mw.any(axis=0)), np.concatenate(joined))
    for bus in alone.tolist():
        fault = f'bus "{names[bus]}" has demand, but no line, link or generator. Connect it.'
        yield NetworkFault("buses", bus, fault)
