"""The parts of a transmission network, as columns.

Power is in MW and prices in USD/MWh here, not in W and USD/J: the tolerances of the linear program
are absolute, and these columns are its coefficients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float64]
Places = NDArray[np.int_]


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
        Where they are; NaN if unknown. [degree]
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
        curtailed. [-]
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
