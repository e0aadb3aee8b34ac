"""What is to be planned for one site, what it costs, and what a plan is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection

Columns = NDArray[np.float64]
Indices = NDArray[np.int_]


@dataclass(frozen=True, slots=True, eq=False)
class PeakCharge:
    """A charge on the highest mean import of k intervals within each of m months.

    Attributes
    ----------
    interval_of_step : ndarray of int, shape (n,)
        Interval that each step's import is averaged in; -1 for a step that does not count. [-]
    month_of_interval : ndarray of int, shape (k,)
        Month of each interval. [-]
    cost_per_w : ndarray of float, shape (m,)
        What each month's billed peak costs. [unit of the rates per W]
    floor_w : ndarray of float, shape (m,)
        Least peak that is billed, as of what was imported before the horizon. [W]
    ratchet_fraction : float
        Share of the highest import of earlier months that is billed at least. [-]
    ratchet_months : int
        How many months a high import counts on. [-]
    """

    interval_of_step: Indices
    month_of_interval: Indices
    cost_per_w: Columns
    floor_w: Columns
    ratchet_fraction: float = 0.0
    ratchet_months: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ImportTier:
    """Import of a month beyond some energy, which costs more; m months.

    Attributes
    ----------
    month_of_step : ndarray of int, shape (n,)
        Month of each step; -1 for a step that does not count. [-]
    beyond_j : ndarray of float, shape (m,)
        Import of each month at which the tier begins. [J]
    more_per_j : float
        What it costs beyond the other rates, 0 or more. [per J]
    """

    month_of_step: Indices
    beyond_j: Columns
    more_per_j: float


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What one more unit of each flow costs, in money or in carbon; columns have shape (n,).

    Attributes
    ----------
    import_per_j : ndarray of float
        Cost of import. [per J]
    export_per_j : ndarray of float
        What export earns. [per J]
    unserved_per_j : float
        Cost of load that is not served: large, so that it is served where it can be. [per J]
    backup_per_j : float
        Cost of the generator. [per J]
    contracted_w : ndarray of float or None
        Import that costs less, as it is bought already; None for none. [W]
    contracted_saving_per_j : ndarray of float or None
        How much less; negative where it had better be sold. [per J]
    peaks : tuple of PeakCharge
        Charges on the highest import.
    tiers : tuple of ImportTier
        Charges on a month's import beyond some energy.
    fixed : float
        What is due whatever flows. [unit of the rates]
    """

    import_per_j: Columns
    export_per_j: Columns
    unserved_per_j: float
    backup_per_j: float = 0.0
    contracted_w: Columns | None = None
    contracted_saving_per_j: Columns | None = None
    peaks: tuple[PeakCharge, ...] = ()
    tiers: tuple[ImportTier, ...] = ()
    fixed: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Flexible:
    """How IT power x that may be drawn sooner or later adds to a site's load; shape (n,).

    The load grows by ``ratio x + bend x^2``: by its tangents at the least, and by `slope_most` x at
    the most, as power that varies within a step makes for more.

    Attributes
    ----------
    ratio : ndarray of float
        Load per IT power, for the first of it. [-]
    bend_per_w : ndarray of float
        Load in proportion to the IT power squared, 0 or more. [1/W]
    slope_most : ndarray of float
        Most load per IT power. [-]
    most_w : ndarray of float
        Most IT power. [W]
    usual_w : ndarray of float
        IT power at which one of the tangents is laid. [W]
    waste_j : float
        IT energy that may be spent for nothing in all, where that pays. [J]
    """

    ratio: Columns
    bend_per_w: Columns
    slope_most: Columns
    most_w: Columns
    usual_w: Columns
    waste_j: float = 0.0

    @property
    def most_load_w(self) -> Columns:
        """Return the most that it adds to the load, shape (n,). [W]."""
        return self.most_w * np.maximum(self.slope_most, self.ratio + self.bend_per_w * self.most_w)


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """What has to be planned; columns have shape (n,).

    Attributes
    ----------
    net_w : ndarray of float
        Supply from sun and wind less the load that is fixed. [W]
    step_s : float
        Length of a step. [s]
    rates : Rates
        What the flows cost.
    connection : Connection
        Limits of grid and generator.
    battery : BatteryLimits or None
        The battery; its stored energy begins at the initial state of charge.
    grid_fraction : ndarray of float or None
        Share of each step in which the grid is there; None for always. [-]
    final_stored_j : float or None
        Energy in the cells at the end; None leaves it free. [J]
    unserved_limit_j : float
        Most load that may stay unserved in all. [J]
    flexible : Flexible or None
        Load besides, of work that can wait; None for none.
    most_w : mapping of str to ndarray of float, or None
        Highest mean of each flow, where it is not to be worked out from the rest (`limits`). [W]
    """

    net_w: Columns
    step_s: float
    rates: Rates
    connection: Connection
    battery: BatteryLimits | None = None
    grid_fraction: Columns | None = None
    final_stored_j: float | None = None
    unserved_limit_j: float = np.inf
    flexible: Flexible | None = None
    most_w: Mapping[str, Columns] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The cheapest schedule, one of several where several are; columns have shape (n,).

    Attributes
    ----------
    total : float
        Cost of all, load that is not served included. [unit of the rates]
    bound : float
        No plan costs less: `total`, but for the solver's tolerance. [unit of the rates]
    charge_w, discharge_w : ndarray of float
        Battery power on the AC side. [W]
    import_w, export_w : ndarray of float
        Grid power. [W]
    curtailed_w, unserved_w : ndarray of float
        Supply without use, and load without supply. [W]
    backup_w : ndarray of float
        Power of the generator. [W]
    stored_j : ndarray of float
        Energy in the cells at the end of the step. [J]
    """

    total: float
    bound: float
    charge_w: Columns
    discharge_w: Columns
    import_w: Columns
    export_w: Columns
    curtailed_w: Columns
    unserved_w: Columns
    backup_w: Columns
    stored_j: Columns
