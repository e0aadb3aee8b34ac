"""A transmission network with its generators and its demand, as columns, and what is wrong with it.

Power is in MW and prices in USD/MWh here, not in W and USD/J: the tolerances of the linear program
are absolute, and these columns are its coefficients.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sim.registry import did_you_mean

Columns = NDArray[np.float64]
Places = NDArray[np.int_]

VALUE_OF_LOST_LOAD_USD_PER_MWH: Final = 9000.0
"""What a MWh that is not served costs if nothing else is said: the cap of ERCOT until 2021 [1]_.

.. [1] Public Utility Commission of Texas, 16 TAC 25.505(g)(6), system-wide offer cap of
   9,000 USD/MWh, in force 2015-2021.
"""


class NetworkFault(ValueError):  # noqa: N818 - a reader turns it into the DataError of a file and row
    """A network that cannot be, and which of its parts is wrong.

    Parameters
    ----------
    part : str
        ``buses``, ``lines``, ``links``, ``units`` or ``load``.
    row : int
        Which one of them, from 0; the hour for ``load``. [-]
    message : str
        What is wrong and what to do.
    """

    def __init__(self, part: str, row: int, message: str) -> None:
        super().__init__(message)
        self.part = part
        self.row = row


@dataclass(frozen=True, slots=True, eq=False)
class Buses:
    """Nodes of the network; columns of shape (b,).

    Attributes
    ----------
    names : tuple of str
        Their names.
    latitude_deg, longitude_deg : ndarray of float
        Where they are; NaN if unknown. [deg]
    """

    names: tuple[str, ...]
    latitude_deg: Columns
    longitude_deg: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines and transformers, on which power divides by itself; columns of shape (l,).

    Attributes
    ----------
    names : tuple of str
        Their names.
    from_bus, to_bus : ndarray of int
        Places of their ends among the buses; a flow is counted from the first to the second. [-]
    reactance_rad_per_mw : ndarray of float
        Angle between the ends per power; for direct current, relative voltage per power. [rad/MW]
    rating_mw : ndarray of float
        Largest flow either way. [MW]
    """

    names: tuple[str, ...]
    from_bus: Places
    to_bus: Places
    reactance_rad_per_mw: Columns
    rating_mw: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Links of direct current, whose flow is chosen; columns of shape (k,).

    Attributes
    ----------
    names : tuple of str
        Their names.
    from_bus, to_bus : ndarray of int
        Places of their ends among the buses. [-]
    p_min_mw, p_max_mw : ndarray of float
        Bounds of what leaves the first bus; negative for the other way. [MW]
    efficiency_fraction : ndarray of float
        What arrives at the second bus over what left the first. [-]
    cost_usd_per_mwh : ndarray of float
        Cost of what leaves the first bus. [USD/MWh]
    """

    names: tuple[str, ...]
    from_bus: Places
    to_bus: Places
    p_min_mw: Columns
    p_max_mw: Columns
    efficiency_fraction: Columns
    cost_usd_per_mwh: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Generating units, or blocks of one cost each; columns of shape (u,), by hour (h, u).

    Attributes
    ----------
    names : tuple of str
        Their names.
    technologies : tuple of str
        What each is, to group them in tables and figures.
    bus : ndarray of int
        Places of their buses. [-]
    profiled : ndarray of bool
        Whether sun, wind or water bound them hour by hour; what they could but do not give is
        curtailed.
    p_min_mw, p_max_mw : ndarray of float, shape (h, u)
        Bounds of their power in each hour. [MW]
    cost_usd_per_mwh : ndarray of float, shape (h, u)
        Marginal cost without a carbon price. [USD/MWh]
    emission_kg_per_mwh : ndarray of float
        Carbon dioxide from the stack. [kgCO2e/MWh]
    """

    names: tuple[str, ...]
    technologies: tuple[str, ...]
    bus: Places
    profiled: NDArray[np.bool_]
    p_min_mw: Columns
    p_max_mw: Columns
    cost_usd_per_mwh: Columns
    emission_kg_per_mwh: Columns


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
        for row in np.flatnonzero(branches.from_bus == branches.to_bus):
            bus = network.buses.names[branches.from_bus[row]]
            yield NetworkFault(part, row, f'{part[:-1]} "{branches.names[row]}" begins and ends at '
                               f'bus "{bus}". Name two buses.')


def _line_faults(lines: Lines) -> Iterator[NetworkFault]:
    reactance = lines.reactance_rad_per_mw
    for row in np.flatnonzero(~np.isfinite(reactance) | (reactance == 0)):
        yield NetworkFault("lines", row, f'line "{lines.names[row]}" has no reactance, so nothing '
                           "says how power divides. Give it one.")
    for row in np.flatnonzero(~(lines.rating_mw >= 0)):
        yield NetworkFault("lines", row, f'line "{lines.names[row]}" has a rating of '
                           f"{lines.rating_mw[row]:g} MW; it must be 0 or more.")


def _link_faults(links: Links) -> Iterator[NetworkFault]:
    for row in np.flatnonzero(~(links.p_min_mw <= links.p_max_mw)):
        yield NetworkFault("links", row, f'link "{links.names[row]}" has a least flow of '
                           f"{links.p_min_mw[row]:g} MW over its largest, "
                           f"{links.p_max_mw[row]:g} MW.")
    for row in np.flatnonzero(~(links.efficiency_fraction > 0)):
        yield NetworkFault("links", row, f'link "{links.names[row]}" has an efficiency of '
                           f"{links.efficiency_fraction[row]:g}; it must be above 0.")


def _unit_faults(network: Network) -> Iterator[NetworkFault]:
    units = network.units
    for hour, row in np.argwhere(~(units.p_min_mw <= units.p_max_mw))[:1]:
        yield NetworkFault("units", row, f'generator "{units.names[row]}" must give at least '
                           f"{units.p_min_mw[hour, row]:g} MW but can give at most "
                           f"{units.p_max_mw[hour, row]:g} MW (hour {network.time[hour]}).")
    for hour, row in np.argwhere(~np.isfinite(units.cost_usd_per_mwh))[:1]:
        yield NetworkFault("units", row, f'generator "{units.names[row]}" has no finite cost '
                           f"(hour {network.time[hour]}).")
    for row in np.flatnonzero(~np.isfinite(units.emission_kg_per_mwh)):
        yield NetworkFault("units", row, f'generator "{units.names[row]}" has no finite emission.')


def _load_faults(network: Network) -> Iterator[NetworkFault]:
    load_mw, names = network.load_mw, network.buses.names
    for hour, bus in np.argwhere(~((load_mw >= 0) & np.isfinite(load_mw)))[:1]:
        yield NetworkFault("load", hour, f'demand at bus "{names[bus]}" is {load_mw[hour, bus]:g} '
                           f"MW in hour {network.time[hour]}; it must be 0 or more.")
    joined = (network.lines.from_bus, network.lines.to_bus, network.links.from_bus,
              network.links.to_bus, network.units.bus)
    alone = np.setdiff1d(np.flatnonzero(load_mw.any(axis=0)), np.concatenate(joined))
    for bus in alone:
        yield NetworkFault("buses", bus, f'bus "{names[bus]}" has demand, but no line, link or '
                           "generator. Connect it.")
