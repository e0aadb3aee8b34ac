"""AC power of a photovoltaic array: the PVWatts chain, by pvlib.

pvlib takes 0.7 s to import: only the functions that need it do so.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.weather.window import WeatherSlice

HALF_HOUR: Final = pd.Timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PvArray:
    """A fixed photovoltaic array with its inverter.

    Attributes
    ----------
    dc_capacity_w : float
        Rated DC power of the modules at 1000 W/m2 and 25 degC. [W]
    surface_tilt : float
        Tilt from horizontal. [degree]
    surface_azimuth : float
        Direction the modules face, clockwise from north. [degree]
    dc_ac_ratio : float
        DC rating over the inverter's AC rating. [-]
    temperature_coefficient_per_k : float
        Relative change of DC power per kelvin of cell temperature above 25 degC. [1/K]
    losses_fraction : float
        Share of the DC power lost to soiling, shading, mismatch, wiring and so on. [-]
    inverter_efficiency : float
        Nominal efficiency of the inverter. [-]
    albedo : float
        Reflectance of the ground. [-]
    """

    dc_capacity_w: float
    surface_tilt: float
    surface_azimuth: float
    dc_ac_ratio: float
    temperature_coefficient_per_k: float
    losses_fraction: float
    inverter_efficiency: float
    albedo: float


@dataclass(frozen=True, slots=True)
class _Plane:
    """Irradiance on the modules: as it falls on them, and as it gets through their glass."""

    incident_w_per_m2: NDArray[np.float64]
    effective_w_per_m2: NDArray[np.float64]


def ac_power_w(weather: WeatherSlice, array: PvArray) -> NDArray[np.float64]:
    """Return the AC power of an array, hour by hour.

    Parameters
    ----------
    weather : WeatherSlice
        Weather of n hours.
    array : PvArray
        The array.

    Returns
    -------
    ndarray of float, shape (n,)
        Mean AC power of each hour, never negative; at most the inverter's AC rating. [W]

    Notes
    -----
    Sun at the middle of each hour (NREL SPA); Perez sky diffuse on the tilted plane [1]_;
    reflection by the physical (Fresnel and Snell) model, averaged over the sky and the ground for
    diffuse light [2]_; cell temperature by Faiman with pvlib's default coefficients, open rack
    [3]_; DC power and inverter by PVWatts [4]_. Against PVWatts v8 in Phoenix: +0.2 % in the year,
    1.7 % mean absolute error of the hours. Diffuse light of hours in whose middle the sun is below
    the horizon is left out (0.1 % of a year's light).

    References
    ----------
    .. [1] R. Perez et al., "Modeling daylight availability and irradiance components from direct
       and global irradiance," Solar Energy 44(5), 1990.
    .. [2] B. Marion, "Numerical method for angle-of-incidence correction factors for diffuse
       radiation incident photovoltaic modules," Solar Energy 147, 2017.
    .. [3] D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules,"
       Progress in Photovoltaics 16(4), 2008.
    .. [4] A. P. Dobos, "PVWatts Version 5 Manual," NREL/TP-6A20-62641, 2014.
    """
    from pvlib.inverter import pvwatts
    from pvlib.pvsystem import pvwatts_dc
    from pvlib.temperature import faiman

    plane = _plane(weather, array)
    temp_cell = faiman(plane.incident_w_per_m2, weather.temp_air, weather.wind_speed)
    dc_power_w = pvwatts_dc(
        plane.effective_w_per_m2,
        temp_cell,
        array.dc_capacity_w,
        array.temperature_coefficient_per_k,
    )
    dc_power_w = np.asarray(dc_power_w) * (1.0 - array.losses_fraction)
    dc_limit_w = array.dc_capacity_w / array.dc_ac_ratio / array.inverter_efficiency
    # arrays, never a pandas Series: its zeros made pvlib raise ZeroDivisionError
    return np.asarray(pvwatts(dc_power_w, dc_limit_w, array.inverter_efficiency))


def _plane(weather: WeatherSlice, array: PvArray) -> _Plane:
    from pvlib import iam, irradiance, solarposition

    middle = weather.time_utc + HALF_HOUR
    sun = solarposition.get_solarposition(
        middle,
        weather.latitude_deg,
        weather.longitude_deg,
        altitude=weather.altitude_m,
        pressure=weather.pressure,
        temperature=weather.temp_air,
        method="nrel_numpy",
    )
    zenith, azimuth = sun["apparent_zenith"].to_numpy(), sun["azimuth"].to_numpy()
    plane = irradiance.get_total_irradiance(
        array.surface_tilt,
        array.surface_azimuth,
        zenith,
        azimuth,
        weather.dni,
        weather.ghi,
        weather.dhi,
        dni_extra=irradiance.get_extra_radiation(middle.day_of_year.to_numpy()),
        albedo=array.albedo,
        model="perez",
    )
    incidence = irradiance.aoi(array.surface_tilt, array.surface_azimuth, zenith, azimuth)
    beam, ground = plane["poa_direct"], plane["poa_ground_diffuse"]
    sky = np.where(weather.dhi > 0, plane["poa_sky_diffuse"], 0.0)  # Perez divides by dhi
    through_sky, through_ground = _diffuse_transmission(array.surface_tilt)
    return _Plane(
        incident_w_per_m2=np.asarray(beam + sky + ground),
        effective_w_per_m2=np.asarray(
            beam * iam.physical(incidence) + sky * through_sky + ground * through_ground
        ),
    )


@cache
def _diffuse_transmission(surface_tilt: float) -> tuple[float, float]:
    from pvlib.iam import marion_diffuse

    factors = marion_diffuse("physical", surface_tilt)
    # lying flat the modules see no ground: pvlib answers nan for a share of nothing
    return float(factors["sky"]), float(np.nan_to_num(factors["ground"]))
