"""Power of wind turbines from a power curve, at the wind and density of their hubs."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.catalog import row, table
from sim.energy.hub_wind import air_density_kg_per_m3, hub_wind, wind_warnings
from sim.units import KW
from sim.weather.window import WeatherSlice

__all__ = [
    "FarmOperation",
    "Turbine",
    "air_density_kg_per_m3",
    "farm_power_w",
    "load_turbine",
    "wind_warnings",
]

REFERENCE_DENSITY_KG_PER_M3: Final = 1.225
"""Air density that power curves are published for (ISO 2533, sea level)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmOperation:
    """How a farm does in operation; the defaults are a single turbine that never fails.

    Attributes
    ----------
    density_exponent : float
        Exponent of density over 1.225 kg/m3 by which the wind speed counts. [-]
    availability_fraction : float
        Share of time the turbines are ready to run. [-]
    wake_loss_fraction : float
        Share of energy that turbines take from each other. [-]
    restart_fraction : float
        After cut-out a turbine restarts below this share of the cut-out speed. [-]
    """

    density_exponent: float = 1 / 3
    availability_fraction: float = 1.0
    wake_loss_fraction: float = 0.0
    restart_fraction: float = 0.8


UNDISTURBED: Final = FarmOperation()


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
    shear_exponent: float | None,
    operation: FarmOperation = UNDISTURBED,
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
    shear_exponent : float or None
        Exponent of the wind profile beyond the measuring heights; None where they reach the
        hub. [-]
    operation : FarmOperation
        Density exponent, losses and restart after storms.

    Returns
    -------
    ndarray of float, shape (n,)
        Power of all turbines, never negative. [W]

    Raises
    ------
    ValueError
        If a height is not above zero.
    DataError
        If the hub is beyond the measuring heights and there is no exponent.

    Notes
    -----
    The curve is read at the speed that carries the same power at its density, v_hub *
    (rho / 1.225) ** (1 / 3) [1]_. Cut-out goes by v_hub itself, which is what the anemometer sees:
    a turbine stops in an hour whose mean wind is above cut-out and stands until the first hour
    below the restart speed. Means of an hour hide its gusts, so that real turbines stop a little
    earlier. Wakes and availability are constant factors on the power.

    References
    ----------
    .. [1] IEC 61400-12-1, "Power performance measurements of electricity producing wind turbines",
       normalisation of wind speed for turbines with active power control.
    """
    wind = hub_wind(weather, hub_height_m, shear_exponent=shear_exponent)
    density_ratio = wind.density_kg_per_m3 / REFERENCE_DENSITY_KG_PER_M3
    curve_speed = wind.speed_m_per_s * density_ratio**operation.density_exponent
    power_w = np.interp(curve_speed, turbine.speed_m_per_s, turbine.power_w, left=0.0)
    stopped = storm_stop(
        wind.speed_m_per_s,
        cut_out_speed=float(turbine.speed_m_per_s[-1]),
        restart_fraction=operation.restart_fraction,
    )
    kept = operation.availability_fraction * (1.0 - operation.wake_loss_fraction)
    return np.where(stopped, 0.0, power_w) * (count * kept)


def storm_stop(
    hub_speed: NDArray[np.float64], *, cut_out_speed: float, restart_fraction: float
) -> NDArray[np.bool_]:
    """Return the hours in which a turbine stands because of too much wind.

    Parameters
    ----------
    hub_speed : ndarray of float, shape (n,)
        Wind speed at the hub in consecutive hours. [m/s]
    cut_out_speed : float
        Speed above which it stops. [m/s]
    restart_fraction : float
        It restarts below this share of `cut_out_speed`. [-]

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether it stands; before the first hour it ran.
    """
    decided = (hub_speed > cut_out_speed) | (hub_speed < restart_fraction * cut_out_speed)
    decided[:1] = True  # in between it goes on as it did
    last_decision = np.maximum.accumulate(np.where(decided, np.arange(hub_speed.size), 0))
    return np.asarray(hub_speed[last_decision] > cut_out_speed)
