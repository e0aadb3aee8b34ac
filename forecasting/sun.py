"""Where the sun stands over a signal's place, and what a clear sky gives."""

import numpy as np

from forecasting.clock import posix_s
from forecasting.history import DAY_S, HOUR_S, FloatArray, History, IntArray


def clear_sky_w_per_m2(history: History, index: IntArray) -> FloatArray:
    """Return the irradiance of a clear sky on the horizontal.

    Parameters
    ----------
    history : History
        Gives the grid, the moment of time 0 and the place.
    index : ndarray of int, any shape
        Intervals. [-]

    Returns
    -------
    ndarray of float, same shape
        With the sun at the middle of each interval. [W/m2]

    References
    ----------
    .. [1] B. Haurwitz, "Insolation in Relation to Cloudiness and Cloud Density," Journal of
       Meteorology 2, 1945.
    """
    every = np.arange(index.min(), index.max() + 1)
    cosine = np.maximum(cosine_of_zenith(history, every), 1e-9)
    irradiance = 1098.0 * cosine * np.exp(-0.057 / cosine)
    return np.asarray(irradiance[index - every[0]])


def cosine_of_zenith(history: History, index: IntArray) -> FloatArray:
    """Return the height of the sun at the middle of intervals.

    Parameters
    ----------
    history : History
        Gives the grid, the moment of time 0 and the place.
    index : ndarray of int, any shape
        Intervals. [-]

    Returns
    -------
    ndarray of float, same shape
        Cosine of its zenith; negative while it is down. [-]

    Raises
    ------
    ValueError
        If the history does not say where it is from.

    References
    ----------
    .. [1] J. W. Spencer, "Fourier series representation of the position of the sun," Search 2(5),
       1971. Declination and equation of time, 0.2 degrees off at worst.
    """
    from pvlib.solarposition import (  # 0.7 s that only those pay who need it
        declination_spencer71,
        equation_of_time_spencer71,
    )

    if history.place is None:
        msg = "the sun needs a place: History(..., place=Place(latitude_deg, longitude_deg))"
        raise ValueError(msg)
    middle_s = posix_s(history, index) + history.step_s / 2
    new_year = middle_s.astype("datetime64[s]").astype("datetime64[Y]").astype("datetime64[s]")
    day_of_year = 1 + (middle_s - new_year.astype(np.float64)) / DAY_S
    declination = declination_spencer71(day_of_year)
    utc_h = middle_s % DAY_S / HOUR_S
    longitude_h = history.place.longitude_deg / 15
    solar_h = utc_h + longitude_h + equation_of_time_spencer71(day_of_year) / 60
    hour_angle = np.radians(15 * (solar_h - 12))
    latitude = np.radians(history.place.latitude_deg)
    across = np.cos(declination) * np.cos(latitude) * np.cos(hour_angle)
    return np.asarray(across + np.sin(declination) * np.sin(latitude))
