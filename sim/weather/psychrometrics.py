"""Moist air: wet-bulb temperature and humidity, by the formulas of the ASHRAE Handbook."""

from typing import Final

import numpy as np

from sim.units import ZERO_CELSIUS_K
from sim.weather.model import Column

_MASS_RATIO: Final = 0.621945
"""Molar mass of water over that of dry air."""

_OVER_ICE: Final = (
    *(-5.6745359e3, 6.3925247, -9.6778430e-3, 6.2215701e-7, 2.0747825e-9, -9.4840240e-13),
    4.1635019,
)
_OVER_WATER: Final = (
    *(-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0),
    6.5459673,
)
"""Coefficients of ln(p) in 1/T, 1, T, T2, T3, T4 and ln(T), temperatures in kelvin."""

_WIDEST_DEPRESSION_K: Final = 50.0  # bone-dry air of 60 degC has a depression of 42 K
_HALVINGS: Final = 36  # 50 K halved 36 times is below 1e-9 K


def wet_bulb_c(temp_air: Column, relative_humidity: Column, *, pressure: Column) -> Column:
    """Return the thermodynamic wet-bulb temperature: what evaporation can cool air to at best.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Dry-bulb temperature. [degC]
    relative_humidity : ndarray of float, shape (n,)
        Relative humidity; above 100 it counts as 100. [%]
    pressure : ndarray of float, shape (n,)
        Air pressure. [Pa]

    Returns
    -------
    ndarray of float, shape (n,)
        Wet-bulb temperature, never above `temp_air`; nan where the humidity is unknown. [degC]

    Notes
    -----
    The energy balance of adiabatic saturation (eqs. 33 and 35 of [1]_) is solved by halving, from
    -90 to 60 degC and at any pressure. Below 0 degC the bulb is taken to be iced. Stull's formula
    [2]_ needs no iteration but holds at sea level only, above 5 % and up to 1 K off.

    References
    ----------
    .. [1] ASHRAE Handbook, Fundamentals (SI), chapter 1, "Psychrometrics," 2017.
    .. [2] R. Stull, "Wet-bulb temperature from relative humidity and air temperature," Journal of
       Applied Meteorology and Climatology 50(11), 2011.
    """
    humidity = np.clip(relative_humidity / 100.0, 0.0, 1.0)
    vapor_pa = humidity * saturation_pressure_pa(temp_air)
    ratio = _MASS_RATIO * vapor_pa / (pressure - vapor_pa)
    low, high = temp_air - _WIDEST_DEPRESSION_K, np.array(temp_air, dtype=np.float64)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        too_dry = humidity_ratio(temp_air, middle, pressure=pressure) < ratio
        low, high = np.where(too_dry, middle, low), np.where(too_dry, high, middle)
    return np.where(np.isnan(ratio), np.nan, high)


def saturation_pressure_pa(temp_air: Column) -> Column:
    """Return the pressure of saturated water vapor, over ice below 0 degC.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Temperature. [degC]

    Returns
    -------
    ndarray of float, shape (n,)
        Saturation pressure. [Pa]

    Notes
    -----
    Hyland and Wexler, from -100 to 200 degC (eqs. 5 and 6 of [1]_).

    References
    ----------
    .. [1] ASHRAE Handbook, Fundamentals (SI), chapter 1, "Psychrometrics," 2017.
    """
    kelvin = np.asarray(temp_air, dtype=np.float64) + ZERO_CELSIUS_K
    over_ice, over_water = (_hyland_wexler(kelvin, which) for which in (_OVER_ICE, _OVER_WATER))
    return np.where(kelvin < ZERO_CELSIUS_K, over_ice, over_water)


def relative_humidity_percent(temp_air: Column, temp_dew: Column) -> Column:
    """Return the relative humidity of air with a given dew point.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Dry-bulb temperature. [degC]
    temp_dew : ndarray of float, shape (n,)
        Dew point; rounding may bring it above the temperature, which then counts as 100 %. [degC]

    Returns
    -------
    ndarray of float, shape (n,)
        Relative humidity. [%]
    """
    share = saturation_pressure_pa(temp_dew) / saturation_pressure_pa(temp_air)
    return np.asarray(np.minimum(100.0 * share, 100.0))


def humidity_ratio(temp_air: Column, wet_bulb: Column, *, pressure: Column) -> Column:
    """Return the humidity of air with a given dry and wet bulb.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Dry-bulb temperature. [degC]
    wet_bulb : ndarray of float, shape (n,)
        Wet-bulb temperature; that of saturated air is its dry bulb. [degC]
    pressure : ndarray of float, shape (n,)
        Air pressure. [Pa]

    Returns
    -------
    ndarray of float, shape (n,)
        Mass of water vapor per mass of dry air. [kg/kg]

    Notes
    -----
    Eqs. 33 and 35 of [1]_: below 0 degC the bulb is taken to be iced.

    References
    ----------
    .. [1] ASHRAE Handbook, Fundamentals (SI), chapter 1, "Psychrometrics," 2017.
    """
    vapor_pa = saturation_pressure_pa(wet_bulb)
    saturated = _MASS_RATIO * vapor_pa / (pressure - vapor_pa)
    drier = 1.006 * (temp_air - wet_bulb)
    wet = (2501 - 2.326 * wet_bulb) * saturated - drier
    wet /= 2501 + 1.86 * temp_air - 4.186 * wet_bulb
    iced = (2830 - 0.24 * wet_bulb) * saturated - drier
    iced /= 2830 + 1.86 * temp_air - 2.1 * wet_bulb
    return np.where(wet_bulb < 0, iced, wet)


def _hyland_wexler(kelvin: Column, coefficients: tuple[float, ...]) -> Column:
    inverse, *powers, logarithm = coefficients
    polynomial = sum(factor * kelvin**power for power, factor in enumerate(powers))
    return np.asarray(np.exp(inverse / kelvin + polynomial + logarithm * np.log(kelvin)))
