"""What is known and what is decided of a site's next hours, for a plan that rolls on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.energy.battery import BatteryLimits
from sim.optimize.horizon import Columns

MONTHS = 2
"""Billing months that the time ahead may lie in: this one and the next."""


class Slowing(NamedTuple):
    """What a power cap makes of running jobs, relative to full power and speed.

    Attributes
    ----------
    least_speed : float
        Speed under the lowest cap. [-]
    slow_ratio, fast_ratio : float
        Power per work up to that speed, and beyond it. [-]
    """

    least_speed: float
    slow_ratio: float
    fast_ratio: float


class Layout(NamedTuple):
    """What a rolling plan is of; it stays as it is from one plan to the next.

    Attributes
    ----------
    hours_count : int
        Hours ahead: n. [-]
    block_s : float
        Length of each. [s]
    classes_count : int
        Classes of work that can wait. [-]
    charges_count : int
        Demand charges. [-]
    battery : BatteryLimits or None
        The battery.
    slowing : Slowing or None
        What caps do; None where there are none.
    has_budget : bool
        Whether emissions have a budget.
    """

    hours_count: int
    block_s: float
    classes_count: int = 0
    charges_count: int = 0
    battery: BatteryLimits | None = None
    slowing: Slowing | None = None
    has_budget: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WorkAhead:
    """Work of a class in the time ahead; columns have shape (n,).

    Attributes
    ----------
    least_j, most_j : ndarray of float
        What must, and what can, be done by the end of each hour, in load. [J]
    power_w : ndarray of float
        Most load that it can take. [W]
    value_per_j : float
        What it is worth to have it done when the time ahead ends. [per J]
    """

    least_j: Columns
    most_j: Columns
    power_w: Columns
    value_per_j: float


@dataclass(frozen=True, slots=True, eq=False)
class PeakAhead:
    """A demand charge in the time ahead, for each of `MONTHS`.

    Attributes
    ----------
    cost_per_w : ndarray of float, shape (2,)
        What the billed peak costs, as far as the load makes it. [per W]
    beyond_per_w : ndarray of float, shape (2,)
        What it costs beyond that. [per W]
    load_w : ndarray of float, shape (2,)
        Peak that the load makes by itself. [W]
    floor_w : ndarray of float, shape (2,)
        What is billed in any case. [W]
    counts : ndarray of bool, shape (2, n)
        Whether an hour counts for a month.
    """

    cost_per_w: Columns
    beyond_per_w: Columns
    load_w: Columns
    floor_w: Columns
    counts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What is known of a site's next n hours.

    Attributes
    ----------
    load_w : ndarray of float, shape (n,)
        Load less sun and wind, without the work that is planned. [W]
    margin_w : ndarray of float, shape (n,)
        How much more it may be, where a limit is to hold all the same. [W]
    import_per_j, export_per_j : ndarray of float, shape (n,)
        What import costs, and export earns. [per J]
    import_limit_w, export_limit_w : float
        Limits of the connection. [W]
    stored_j : float
        Energy in the battery's cells now. [J]
    work : tuple of WorkAhead
        Work that can wait, by class.
    most_work_w : ndarray of float, shape (n,), or None
        Most load of all that work together, as accelerators are free; None for no limit. [W]
    peaks : tuple of PeakAhead
        Demand charges.
    running : WorkAhead or None
        Work of running jobs, whose power may be capped: its power is that at full speed.
    carbon_kg_per_j : ndarray of float, shape (n,), or None
        Emissions of import, where they have a budget. [kgCO2e/J]
    budget_kg : float
        That budget. [kgCO2e]
    """

    load_w: Columns
    margin_w: Columns
    import_per_j: Columns
    export_per_j: Columns
    import_limit_w: float
    export_limit_w: float
    stored_j: float = 0.0
    work: tuple[WorkAhead, ...] = ()
    most_work_w: Columns | None = None
    peaks: tuple[PeakAhead, ...] = ()
    running: WorkAhead | None = None
    carbon_kg_per_j: Columns | None = None
    budget_kg: float = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Next:
    """What is decided for the next n hours; columns have shape (n,).

    Attributes
    ----------
    charge_w, discharge_w, import_w, export_w, unserved_w : ndarray of float
        Flows; never charge and discharge, or import and export, at once. [W]
    stored_j : ndarray of float
        Energy in the cells at the end of each hour. [J]
    work_w : ndarray of float, shape (classes, n)
        Load of the work that can wait. [W]
    speed : ndarray of float
        Speed of running jobs over full speed, 1 where no cap is planned. [-]
    marginal_per_j : ndarray of float
        What the last of the planned load costs. [per J]
    headroom_w : ndarray of float
        How much more load costs no more than that: what is exported or curtailed, or what may still
        be imported below limits and billed peaks (inf where there are none), as far as there are
        accelerators for it. [W]
    spare_w : ndarray of float
        What is exported or curtailed. [W]
    beyond_per_j : ndarray of float
        What load beyond that costs, roughly. [per J]
    import_most_w : ndarray of float
        Import below limits and billed peaks; inf where there are none. [W]
    """

    charge_w: Columns
    discharge_w: Columns
    import_w: Columns
    export_w: Columns
    unserved_w: Columns
    stored_j: Columns
    work_w: Columns
    speed: Columns
    marginal_per_j: Columns
    headroom_w: Columns
    spare_w: Columns
    beyond_per_j: Columns
    import_most_w: Columns
