"""Power of wind turbines from a power curve, corrected for air density and height."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.catalog import row, table
from sim.units import KW, ZERO_CELSIUS_K
from sim.weather.window import WeatherSlice

REFERENCE_DENSITY_KG_PER_M3: Final = 1.225
"""Air density that power curves are published for (ISO 2533, sea level)."""

GAS_CONSTANT_J_PER_KG_K: Final = 287.05
"""Specific gas constant of dry air."""

LAPSE_RATE_K_PER_M: Final = 0.0065
"""Fall of temperature with height in the standard atmosphere (ISO 2533)."""

GRAVITY_M_PER_S2: Final = 9.80665


@dataclass(frozen=True, slots=True, eq=False)
class Turbine:
    """A turbine type with its power curve at 1.225 kg/m3.

    Attributes
    ----------
    name : str
        Name in the catalog.
    rated_power_w : float
        Rated electrical power. [W]
    speed_m_per_s : array, shape (k,)
        Wind speeds of the curve, increasing; the first is cut-in, the last cut-out. [m/s]
    power_w : ndarray of float, shape (k,)
        Electrical power at those speeds. [W]
    """

    name: str
    rated_power_w: float
    speed_m_per_s: NDArray[np.float64]
    power_w: NDArray[np.float64]


@cache
def load_turbine(name: str) -> Turbine:
    """Return a turbine of the catalog's tables ``turbines`` and ``turbine_power_curves``.

    Parameters
    ----------
    name : str
        Name of the turbine, e.g. ``iea-3.4-130``.

    Returns
    -------
    Turbine
        The turbine; its arrays are read-only.

    Raises
    ------
    ValueError
        If the catalog has no such turbine.
    """
    rated_power_w = row("turbines", name)["rated_power_kw"] * KW
    curves = table("turbine_power_curves")
    curve = curves[curves["turbine"] == name]
    speed_m_per_s = curve["wind_speed_m_per_s"].to_numpy(dtype=np.float64, copy=True)
    power_w = curve["power_kw"].to_numpy(dtype=np.float64) * KW
    speed_m_per_s.setflags(write=False)
    power_w.setflags(write=False)
    return Turbine(name, float(rated_power_w), speed_m_per_s, power_w)


def farm_power_w(
    weather: WeatherSlice,
    turbine: Turbine,
    *,
    count: int,
    hub_height_m: float,
    shear_exponent: float,
) -> NDArray[np.float64]:
    """Return the power of a number of equal turbines, hour by hour.

    Parameters
    ----------
    weather : WeatherSlice
        Weather of n hours; temperature and pressure are taken to be those at `wind_height_m`.
    turbine : Turbine
        The turbine type.
    count : int
        Number of turbines. [-]
    hub_height_m : float
        Height of the hubs above ground. [m]
    shear_exponent : float
        Exponent of the wind profile between the measuring height and the hub. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        Power of all turbines, never negative. [W]

    Raises
    ------
    ValueError
        If a height is not above zero.

    Notes
    -----
    v_hub = v * (hub_height / wind_height) ** shear_exponent. The curve is read at the speed that
    carries the same power at its density, v_hub * (rho / 1.225) ** (1 / 3) [1]_; cut-out goes by
    v_hub itself, which is what the anemometer sees. Below cut-in and above cut-out power is zero.
    No wake, availability or electrical losses.

    References
    ----------
    .. [1] IEC 61400-12-1, "Power performance measurements of electricity producing wind turbines",
       normalisation of wind speed for turbines with active power control.
    """
    if not (hub_height_m > 0 and weather.wind_height_m > 0):
        msg = (
            f"hub_height_m and wind_height_m must be above 0, got {hub_height_m} and "
            f"{weather.wind_height_m}."
        )
        raise ValueError(msg)
    hub_speed = weather.wind_speed * (hub_height_m / weather.wind_height_m) ** shear_exponent
    density = air_density_kg_per_m3(
        weather.temp_air, weather.pressure, rise_m=hub_height_m - weather.wind_height_m
    )
    curve_speed = hub_speed * np.cbrt(density / REFERENCE_DENSITY_KG_PER_M3)
    power_w = np.interp(curve_speed, turbine.speed_m_per_s, turbine.power_w, left=0.0)
    return np.where(hub_speed > turbine.speed_m_per_s[-1], 0.0, power_w) * count


def air_density_kg_per_m3(
    temp_air: NDArray[np.float64], pressure: NDArray[np.float64], *, rise_m: float = 0.0
) -> NDArray[np.float64]:
    """Return the density of dry air some way above where temperature and pressure were measured.

    Parameters
    ----------
    temp_air : ndarray of float, shape (n,)
        Temperature at the lower point. [degC]
    pressure : ndarray of float, shape (n,)
        Pressure at the lower point. [Pa]
    rise_m : float
        Height of the wanted point above it; negative for below. [m]

    Returns
    -------
    ndarray of float, shape (n,)
        Density at the wanted point. [kg/m3]

    Notes
    -----
    Ideal gas, rho = p / (R T); temperature falls by 6.5 K/km and pressure with it by hydrostatic
    balance, p = p0 * (T / T0) ** (g / (R L)) [1]_. Humidity, below 1 %, is left out.

    References
    ----------
    .. [1] ISO 2533, "Standard Atmosphere", 1975.
    """
    below_k = temp_air + ZERO_CELSIUS_K
    above_k = below_k - LAPSE_RATE_K_PER_M * rise_m
    exponent = GRAVITY_M_PER_S2 / (GAS_CONSTANT_J_PER_KG_K * LAPSE_RATE_K_PER_M)
    above_pa = pressure * (above_k / below_k) ** exponent
    return above_pa / (GAS_CONSTANT_J_PER_KG_K * above_k)
