"""Wind and air density at the hub of a turbine, from where they were measured."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.errors import DataError
from sim.units import ZERO_CELSIUS_K
from sim.weather.model import Column, Weather, WindProfile

GAS_CONSTANT_J_PER_KG_K: Final = 287.05
"""Specific gas constant of dry air."""

LAPSE_RATE_K_PER_M: Final = 0.0065
"""Fall of temperature with height in the standard atmosphere (ISO 2533)."""

GRAVITY_M_PER_S2: Final = 9.80665

FAR_RATIO: Final = 2.0
"""A hub more than this many times as high as the measurement is worth a warning (assumption)."""


@dataclass(frozen=True, slots=True, eq=False)
class HubWind:
    """What a turbine feels.

    Attributes
    ----------
    speed_m_per_s : array, shape (n,)
        Wind speed at the hub. [m/s]
    density_kg_per_m3 : array, shape (n,)
        Air density at the hub. [kg/m3]
    """

    speed_m_per_s: Column
    density_kg_per_m3: Column


def hub_wind(weather: Weather, hub_height_m: float, *, shear_exponent: float | None) -> HubWind:
    """Return wind and air density at a hub.

    Parameters
    ----------
    weather : Weather
        Weather of n hours, measured at one height or at several.
    hub_height_m : float
        Height of the hub above ground. [m]
    shear_exponent : float or None
        Exponent of the wind profile beyond the measuring heights; not used at or between them. [-]

    Returns
    -------
    HubWind
        Wind and density.

    Raises
    ------
    ValueError
        If a height is not above zero.
    DataError
        If the hub is beyond the measuring heights and there is no exponent.

    Notes
    -----
    Between two measuring heights the speed follows a line in the logarithm of the height: the
    profile of neutral air over any roughness, and defined in a calm, where an exponent taken from
    the two is not. Temperature goes linearly and pressure exponentially with height. Beyond them,
    from the nearest one: v_hub = v * (hub_height / height) ** shear_exponent, and temperature and
    pressure of the standard atmosphere.
    """
    heights_m = _heights_m(weather)
    if not (hub_height_m > 0 and heights_m[0] > 0):
        msg = (
            f"hub_height_m and wind_height_m must be above 0, got {hub_height_m} and "
            f"{heights_m[0]}."
        )
        raise ValueError(msg)
    profile = weather.profile
    if profile is not None and heights_m[0] <= hub_height_m <= heights_m[-1]:
        return _between(profile, hub_height_m)
    nearest = 0 if hub_height_m <= heights_m[0] else -1
    rise_m = hub_height_m - float(heights_m[nearest])
    if rise_m and shear_exponent is None:
        known = " and ".join(f"{height:g}" for height in heights_m.tolist())
        msg = (
            f"{weather.source}: wind is known at {known} m and the hub is at {hub_height_m:g} m. "
            "Give the wind farm a shear_exponent (0.14 open flat land, 0.2 rough, 0.3 forest)."
        )
        raise DataError(msg)
    speed, temp_air, pressure = (
        (weather.wind_speed, weather.temp_air, weather.pressure)
        if profile is None
        else (profile.wind_speed[nearest], profile.temp_air[nearest], profile.pressure[nearest])
    )
    factor = (hub_height_m / float(heights_m[nearest])) ** (shear_exponent or 0.0)
    return HubWind(speed * factor, air_density_kg_per_m3(temp_air, pressure, rise_m=rise_m))


def _heights_m(weather: Weather) -> Column:
    if weather.profile is not None:
        return weather.profile.heights_m
    return np.array([weather.wind_height_m], dtype=np.float64)


def _between(profile: WindProfile, hub_height_m: float) -> HubWind:
    """Interpolate between the two neighbours of the hub; at a measuring height take its values."""
    heights_m = profile.heights_m
    upper = int(np.searchsorted(heights_m, hub_height_m))  # the first one at or above the hub
    if heights_m[upper] == hub_height_m:
        density = air_density_kg_per_m3(profile.temp_air[upper], profile.pressure[upper])
        return HubWind(profile.wind_speed[upper], density)
    pair = slice(upper - 1, upper + 1)
    low_m, high_m = heights_m[pair].tolist()
    by_log = np.log(hub_height_m / low_m) / np.log(high_m / low_m)
    by_height = (hub_height_m - low_m) / (high_m - low_m)
    pressure = np.exp(_mix(np.log(profile.pressure[pair]), by_height))
    density = air_density_kg_per_m3(_mix(profile.temp_air[pair], by_height), pressure)
    return HubWind(_mix(profile.wind_speed[pair], by_log), density)


def _mix(pair: Column, share: float) -> Column:
    return np.asarray((1.0 - share) * pair[0] + share * pair[1])


def wind_warnings(weather: Weather, hub_height_m: float) -> tuple[str, ...]:
    """Return what the user should know about the wind at a hub.

    Parameters
    ----------
    weather : Weather
        The weather.
    hub_height_m : float
        Height of the hub above ground. [m]

    Returns
    -------
    tuple of str
        A warning if the hub is far above the highest measurement, else nothing.
    """
    highest_m = float(_heights_m(weather)[-1])
    if hub_height_m <= FAR_RATIO * highest_m:
        return ()
    return (
        f"Wind at the hub ({hub_height_m:g} m) is extrapolated from {highest_m:g} m at "
        f"{weather.name}: energy can be 16 % off. Use wind measured at several heights (.srw) if "
        "you have it.",
    )


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
    return np.asarray(above_pa / (GAS_CONSTANT_J_PER_KG_K * above_k))
