"""Light on the modules of an array that stands still or turns about an axis.

pvlib takes 0.7 s to import: only the functions that need it do so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.weather.window import WeatherSlice

HALF_HOUR: Final = pd.Timedelta(minutes=30)

Column = NDArray[np.float64]
Angle = float | Column


class Mounting(Protocol):
    """How modules are mounted: the fields of an array that matter here, in pvlib's words."""

    @property
    def surface_tilt(self) -> float:
        """Tilt of a fixed array from horizontal. [degree]."""

    @property
    def surface_azimuth(self) -> float:
        """Direction the modules of a fixed array face. [degree]."""

    @property
    def albedo(self) -> float:
        """Reflectance of the ground. [-]."""

    @property
    def tracking(self) -> str:
        """``fixed`` or ``single-axis``."""

    @property
    def axis_tilt(self) -> float:
        """Tilt of the tracking axis from horizontal. [degree]."""

    @property
    def axis_azimuth(self) -> float:
        """Direction of the tracking axis. [degree]."""

    @property
    def max_angle(self) -> float:
        """Largest rotation of a tracker to either side. [degree]."""

    @property
    def gcr(self) -> float:
        """Width of the tracker's modules over the distance of its rows. [-]."""


@dataclass(frozen=True, slots=True)
class Light:
    """Irradiance on the modules: as it falls on them, and as it gets through their glass.

    Attributes
    ----------
    incident_w_per_m2 : ndarray of float, shape (n,)
        As it falls on them. [W/m2]
    effective_w_per_m2 : ndarray of float, shape (n,)
        As it gets through their glass. [W/m2]
    """

    incident_w_per_m2: Column
    effective_w_per_m2: Column


@dataclass(frozen=True, slots=True)
class _Sun:
    zenith: Column
    azimuth: Column
    dni_extra: Column


def light_on_modules(weather: WeatherSlice, mounting: Mounting) -> Light:
    """Return the light on the modules of an array, hour by hour.

    Parameters
    ----------
    weather : WeatherSlice
        Weather of n hours.
    mounting : Mounting
        The array.

    Returns
    -------
    Light
        Incident and effective irradiance.

    Notes
    -----
    Sun at the middle of each hour (NREL SPA), Perez sky [1]_, physical reflection model for the
    beam and Marion's averages of it for light from sky and ground [2]_. A tracker follows the sun
    about its axis and turns back when the sun is low so that no row shades the next [3]_; at night
    it lies flat.

    References
    ----------
    .. [1] R. Perez et al., "Modeling daylight availability and irradiance components from direct
       and global irradiance," Solar Energy 44(5), 1990.
    .. [2] B. Marion, "Numerical method for angle-of-incidence correction factors for diffuse
       radiation incident photovoltaic modules," Solar Energy 147, 2017.
    .. [3] K. Anderson and M. Mikofski, "Slope-aware backtracking for single-axis trackers,"
       NREL/TP-5K00-76626, 2020.
    """
    from pvlib import iam, irradiance

    sun = _sun(weather)
    tilt, azimuth = _orientation(mounting, sun)
    plane = irradiance.get_total_irradiance(
        tilt,
        azimuth,
        sun.zenith,
        sun.azimuth,
        weather.dni,
        weather.ghi,
        weather.dhi,
        dni_extra=sun.dni_extra,
        albedo=mounting.albedo,
        model="perez",
    )
    incidence = irradiance.aoi(tilt, azimuth, sun.zenith, sun.azimuth)
    beam, ground = plane["poa_direct"], plane["poa_ground_diffuse"]
    sky = np.where(weather.dhi > 0, plane["poa_sky_diffuse"], 0.0)  # Perez divides by dhi
    through_sky, through_ground = _diffuse_transmission(tilt)
    return Light(
        incident_w_per_m2=np.asarray(beam + sky + ground),
        effective_w_per_m2=np.asarray(
            beam * iam.physical(incidence) + sky * through_sky + ground * through_ground
        ),
    )


@lru_cache(maxsize=8)
def _sun(weather: WeatherSlice) -> _Sun:
    """Return where the sun stands; the weather is known by identity, several arrays share it."""
    from pvlib import irradiance, solarposition

    middle = weather.time_utc + HALF_HOUR
    position = solarposition.get_solarposition(
        middle,
        weather.latitude_deg,
        weather.longitude_deg,
        altitude=weather.altitude_m,
        pressure=weather.pressure,
        temperature=weather.temp_air,
        method="nrel_numpy",
    )
    return _Sun(
        position["apparent_zenith"].to_numpy(),
        position["azimuth"].to_numpy(),
        np.asarray(irradiance.get_extra_radiation(middle.day_of_year.to_numpy())),
    )


def _orientation(mounting: Mounting, sun: _Sun) -> tuple[Angle, Angle]:
    if mounting.tracking == "fixed":
        return mounting.surface_tilt, mounting.surface_azimuth
    from pvlib.tracking import singleaxis

    angles = singleaxis(
        sun.zenith,
        sun.azimuth,
        axis_tilt=mounting.axis_tilt,
        axis_azimuth=mounting.axis_azimuth,
        max_angle=mounting.max_angle,
        backtrack=True,
        gcr=mounting.gcr,
    )
    return (
        np.nan_to_num(angles["surface_tilt"], nan=mounting.axis_tilt),
        np.nan_to_num(angles["surface_azimuth"], nan=mounting.axis_azimuth),
    )


def _diffuse_transmission(tilt: Angle) -> tuple[Angle, Angle]:
    """Return what the glass lets through of light from the sky and from the ground."""
    if isinstance(tilt, np.ndarray):
        return tuple(np.moveaxis(_transmission_by_tilt()(tilt), -1, 0))
    return _transmission_at(tilt)


@cache
def _transmission_at(tilt: float) -> tuple[float, float]:
    from pvlib.iam import marion_diffuse

    factors = marion_diffuse("physical", tilt)
    # lying flat the modules see no ground: pvlib answers nan for a share of nothing
    return float(factors["sky"]), float(np.nan_to_num(factors["ground"]))


@cache
def _transmission_by_tilt() -> Callable[[Column], Column]:
    """Return a spline through every tenth degree, exact to 3e-4."""
    from scipy.interpolate import CubicSpline

    tilts = [10.0 * step for step in range(10)]
    spline: Callable[[Column], Column] = CubicSpline(
        tilts, [_transmission_at(tilt) for tilt in tilts]
    )
    return spline
