"""Cells of the C/L/C model: how far and how fast they charge, by the power that is drawn."""

from dataclasses import dataclass

from sim import catalog
from sim.units import HOUR_S


@dataclass(frozen=True, slots=True)
class ClcCell:
    """A cell of the C/L/C model [1]_, relative to its energy: it scales to any number of cells.

    Power is limited by rate, and so that the energy stored at a step's end stays between a lower
    and an upper limit, which draw nearer to each other the greater the power is.

    Attributes
    ----------
    charge_efficiency : float
        Stored energy per energy taken in, 0..1. [-]
    discharge_efficiency : float
        Energy given out per stored energy, 0..1. [-]
    charge_rate_per_s : float
        Largest charging power over energy. [1/s]
    discharge_rate_per_s : float
        Largest discharging power over energy. [1/s]
    upper_lag_s : float
        Energy by which the upper limit falls, over charging power. [s]
    lower_lag_s : float
        Energy by which the lower limit rises, over discharging power. [s]
    lower_fraction : float
        Lower limit at no power, over energy. [-]

    References
    ----------
    .. [1] F. Kazhamiaka, C. Rosenberg, S. Keshav, "Tractable lithium-ion storage models for
       optimizing energy systems," Energy Informatics 2, 4, 2019, doi:10.1186/s42162-019-0070-6.
    """

    charge_efficiency: float
    discharge_efficiency: float
    charge_rate_per_s: float
    discharge_rate_per_s: float
    upper_lag_s: float
    lower_lag_s: float
    lower_fraction: float


def load_cell(name: str) -> ClcCell:
    """Return a cell of the catalog.

    Parameters
    ----------
    name : str
        Its name in the table ``battery_cells``.

    Returns
    -------
    ClcCell
        The cell.

    Raises
    ------
    ValueError
        If the catalog has no such cell.
    """
    facts = catalog.row("battery_cells", name)
    return ClcCell(
        charge_efficiency=facts["eta_c_ratio"],
        discharge_efficiency=1.0 / facts["eta_d_ratio"],
        charge_rate_per_s=facts["alpha_c_per_h"] / HOUR_S,
        discharge_rate_per_s=-facts["alpha_d_per_h"] / HOUR_S,
        upper_lag_s=-facts["u2_wh_per_a"] / facts["nominal_voltage_v"] * HOUR_S,
        lower_lag_s=-facts["u1_wh_per_a"] / facts["nominal_voltage_v"] * HOUR_S,
        lower_fraction=facts["v1_wh"] / facts["v2_wh"],
    )
