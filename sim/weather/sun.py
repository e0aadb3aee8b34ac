"""Where the sun stands in the hours of a typical year, and whether a file's irradiances fit it.

pvlib takes 0.7 s to import: only the functions that need it do so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.weather.model import HOURS_PER_YEAR, Column

MID_HOUR_H: Final = 0.5
LOWEST_COSINE: Final = 0.065
"""Cosine of the zenith below which clearness is not divided by it (pvlib's clearness_index)."""

_LARGE_MISMATCH: Final = 0.03  # assumption: files of NREL and PVGIS are below 0.01, see `mismatch`
_CLEARLY_BETTER: Final = 0.5  # assumption: of the two signs or hours, the right one is this far off
_LARGE_NIGHT_SHARE: Final = 0.05  # assumption: of the year's light; right files have 0.0003
_DEEP_NIGHT: Final = -0.1  # cosine of the zenith at 6 degrees below the horizon


@dataclass(frozen=True, slots=True)
class Sky:
    """What the sun's height in an hour depends on.

    Attributes
    ----------
    latitude_deg : float
        Latitude, north positive. [degree]
    longitude_deg : float
        Longitude, east positive. [degree]
    utc_offset_h : float
        Local standard time minus UTC. [h]
    at_h : float
        Time within each hour; the middle is 0.5. [h]
    """

    latitude_deg: float
    longitude_deg: float
    utc_offset_h: float
    at_h: float = MID_HOUR_H

    def __str__(self) -> str:
        """Name place and clock."""
        north = f"{abs(self.latitude_deg):g} {'N' if self.latitude_deg >= 0 else 'S'}"
        east = f"{abs(self.longitude_deg):g} {'E' if self.longitude_deg >= 0 else 'W'}"
        return f"{north}, {east} at UTC{self.utc_offset_h:+g}"

    def cosine_of_zenith(self) -> Column:
        """Return the cosine of the sun's zenith in each hour of a nominal year.

        Returns
        -------
        ndarray of float, shape (8760,)
            The cosine; negative while the sun is down. [-]

        References
        ----------
        .. [1] J. W. Spencer, "Fourier series representation of the position of the sun," Search
           2(5), 1971. Declination and equation of time, 0.2 degrees off at worst.
        """
        from pvlib.solarposition import declination_spencer71, equation_of_time_spencer71

        utc_h = np.arange(HOURS_PER_YEAR) + self.at_h - self.utc_offset_h
        day_of_year = 1.0 + utc_h / 24.0
        declination = declination_spencer71(day_of_year)
        solar_h = utc_h + self.longitude_deg / 15.0 + equation_of_time_spencer71(day_of_year) / 60.0
        hour_angle = np.radians(15.0 * (solar_h - 12.0))
        latitude = np.radians(self.latitude_deg)
        across = np.cos(declination) * np.cos(latitude) * np.cos(hour_angle)
        return np.asarray(across + np.sin(declination) * np.sin(latitude))


def mismatch(sun: Mapping[str, Column], sky: Sky) -> float:
    """Return how badly irradiances fit the sun: mean of abs(ghi - dhi - dni cos(zenith)) over ghi.

    Parameters
    ----------
    sun : mapping of str to ndarray
        Columns ghi, dni and dhi of a typical year. [W/m2]
    sky : Sky
        Place, clock, and the time within the hour that the irradiances belong to.

    Returns
    -------
    float
        About 0.01 or less where all is right; 0.05 half an hour off, 0.1 an hour off. [-]
    """
    beam = sun["dni"] * np.maximum(sky.cosine_of_zenith(), 0.0)
    lit = sun["ghi"] > 0
    if not lit.any():
        return 0.0
    error = np.abs(sun["ghi"] - sun["dhi"] - beam)
    return float(error[lit].mean() / sun["ghi"][lit].mean())


def sun_fault(sun: Mapping[str, Column], sky: Sky, *, lines: NDArray[np.int_]) -> str | None:
    """Say what is wrong where a file's sun shines when it cannot.

    Parameters
    ----------
    sun : mapping of str to ndarray
        Columns ghi, dni and dhi of a typical year. [W/m2]
    sky : Sky
        Place and clock that the file gives.
    lines : ndarray of int, shape (8760,)
        Line of each hour in the file. [-]

    Returns
    -------
    str or None
        What does not fit, and the one mistake that would explain it; None if all is well.
    """
    given = mismatch(sun, sky)
    night = _night(sun, sky, lines)
    if given < _LARGE_MISMATCH and not night:
        return None
    tried = {remedy: mismatch(sun, other) for remedy, other in _mistakes(sky).items()}
    remedy = min(tried, key=lambda name: tried[name])
    if tried[remedy] < _CLEARLY_BETTER * given:
        shown = night or f"the sun's height does not fit its light at {sky}"
        return f"{shown}. It would fit if {remedy}."
    return f"{night}. Check latitude, longitude and clock." if night else None


def _mistakes(sky: Sky) -> dict[str, Sky]:
    return {
        f"the longitude were {-sky.longitude_deg:g} (east is positive, west negative)": replace(
            sky, longitude_deg=-sky.longitude_deg
        ),
        f"the latitude were {-sky.latitude_deg:g} (north is positive, south negative)": replace(
            sky, latitude_deg=-sky.latitude_deg
        ),
        f"local time were UTC{-sky.utc_offset_h:+g}": replace(sky, utc_offset_h=-sky.utc_offset_h),
        "each row held for the hour before": replace(sky, at_h=sky.at_h - 1.0),
        "each row held for the hour after": replace(sky, at_h=sky.at_h + 1.0),
        "each row held from half an hour before": replace(sky, at_h=sky.at_h - 0.5),
        "each row held from half an hour later": replace(sky, at_h=sky.at_h + 0.5),
    }


def _night(sun: Mapping[str, Column], sky: Sky, lines: NDArray[np.int_]) -> str | None:
    ghi, cosine = sun["ghi"], sky.cosine_of_zenith()
    dark = np.where(cosine < _DEEP_NIGHT, ghi, 0.0)
    if dark.sum() <= _LARGE_NIGHT_SHARE * ghi.sum():
        return None
    first = int(np.argmax(dark > 0))
    below_deg = -np.degrees(np.arcsin(cosine[first]))
    return (
        f"the sun is up at night: row {lines[first]} has ghi {ghi[first]:g} W/m2 when the sun "
        f"is {below_deg:.0f} degrees below the horizon of {sky}"
    )


def fitting_time_h(sun: Mapping[str, Column], sky: Sky) -> float:
    """Find the time within the hour at which irradiances that belong to an instant fit the sun.

    Parameters
    ----------
    sun : mapping of str to ndarray
        Columns ghi, dni and dhi of a typical year. [W/m2]
    sky : Sky
        Place and clock.

    Returns
    -------
    float
        Time after the beginning of each hour, to 0.05 h. [h]
    """
    times_h = [step / 20 for step in range(21)]
    return min(times_h, key=lambda at_h: mismatch(sun, replace(sky, at_h=at_h)))


def at_mid_hour(sun: Mapping[str, Column], sky: Sky) -> dict[str, Column]:
    """Move irradiances of an instant within each hour to the middle of the hour.

    Parameters
    ----------
    sun : mapping of str to ndarray
        Columns ghi, dni and dhi of a typical year at the instants. [W/m2]
    sky : Sky
        Place, clock, and the time within the hour of the instants.

    Returns
    -------
    dict of str to ndarray
        The columns at mid-hour; zero where the sun is down then.

    Notes
    -----
    What the atmosphere lets through is interpolated in time, not the light itself: ghi and dhi over
    the cosine of the zenith, between the instants at which the sun is up, and dni as it is. Light
    on the ground interpolated directly would be cut at noon and smeared over sunrise.
    """
    cosine, middle = sky.cosine_of_zenith(), replace(sky, at_h=MID_HOUR_H).cosine_of_zenith()
    up, here = cosine > 0, np.maximum(middle, 0.0)
    hours = np.arange(HOURS_PER_YEAR) + sky.at_h
    wanted = np.arange(HOURS_PER_YEAR) + MID_HOUR_H
    there = np.maximum(cosine[up], LOWEST_COSINE)
    moved = {
        name: here * np.interp(wanted, hours[up], sun[name][up] / there, period=HOURS_PER_YEAR)
        for name in ("ghi", "dhi")
    }
    beam = np.interp(wanted, hours, sun["dni"], period=HOURS_PER_YEAR)
    return moved | {"dni": np.where(middle > 0, beam, 0.0)}
