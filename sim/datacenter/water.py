"""Water that cooling evaporates, and the blowdown that keeps its salts in bounds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.units import KWH, LITER_M3
from sim.weather.psychrometrics import humidity_ratio

Columns = NDArray[np.float64]

EVAPORATED_M3_PER_J: Final = 1.59 * LITER_M3 / KWH
"""Water that takes up heat by evaporating: latent heat of 2.26 MJ/kg (physics)."""

TOWER_EXHAUST_K: Final = 8.0
"""Exhaust air of a cooling tower is saturated and this much above the outdoor wet bulb: water comes
back 5 K above it and takes up 6 K (assumption)."""

def makeup_m3_per_j(cycles_ratio: float) -> float:
    """Return the water that a plant takes in per heat that it rejects by evaporation.

    Parameters
    ----------
    cycles_ratio : float
        Cycles of concentration: salts in the water over those in the makeup, above 1. [-]

    Returns
    -------
    float
        Evaporation and blowdown, e / (1 - 1/cycles); drift is left out (assumption). [m3/J]

    Raises
    ------
    ValueError
        If there is not more salt in the water than in the makeup.
    """
    if not cycles_ratio > 1.0:
        msg = f"cycles_ratio is {cycles_ratio}; cycles of concentration must be above 1."
        raise ValueError(msg)
    return EVAPORATED_M3_PER_J / (1.0 - 1.0 / cycles_ratio)


def evaporated_ratio(temp_air: Columns, wet_bulb: Columns, pressure: Columns) -> Columns:
    """Return the heat that a cooling tower evaporates water with, over all heat that it rejects.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Outdoor dry-bulb temperature. [degC]
    wet_bulb : ndarray of float, shape (n,)
        Outdoor wet-bulb temperature. [degC]
    pressure : ndarray of float, shape (n,)
        Air pressure. [Pa]

    Returns
    -------
    ndarray of float, shape (n,)
        The ratio: below 1 where the rest warms the air, the more so the colder it is; above 1 where
        air leaves cooler than it came [-].

    Notes
    -----
    Enthalpy of moist air, h = 1.006 T + (2501 + 1.86 T) W in kJ/kg (eq. 30 of [1]_), from the
    outdoor air to saturated exhaust (`TOWER_EXHAUST_K`); the part that goes with the vapor.

    References
    ----------
    .. [1] ASHRAE Handbook, Fundamentals (SI), chapter 1, "Psychrometrics," 2017.
    """
    exhaust = wet_bulb + TOWER_EXHAUST_K
    taken_up = humidity_ratio(exhaust, exhaust, pressure=pressure) - humidity_ratio(
        temp_air, wet_bulb, pressure=pressure
    )
    wet = (2501.0 + 1.86 * exhaust) * taken_up
    return np.asarray(wet / (wet + 1.006 * (exhaust - temp_air)))
