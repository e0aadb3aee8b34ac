"""Energy and time of moving data: on drives, inside a node, inside a site, between sites."""

from dataclasses import dataclass
from typing import Final

from sim.catalog import row
from sim.units import GB, GBPS, Range

SECONDS_PER_METER: Final = 5e-9
"""Delay of light in fiber: 5 us/km, a refractive index of 1.5 (physics; detours not counted)."""


@dataclass(frozen=True, slots=True)
class DataPath:
    """A way that data may take.

    Attributes
    ----------
    name : str
        Its name in the catalog's table ``data_paths``.
    energy_j_per_byte : Range
        Energy of all equipment on the way. [J/B]
    bytes_per_s : float
        Typical bandwidth. [B/s]
    """

    name: str
    energy_j_per_byte: Range
    bytes_per_s: float


def data_path(name: str) -> DataPath:
    """Return a way that data may take.

    Parameters
    ----------
    name : str
        Its name in the catalog's table ``data_paths``, e.g. ``inter-dc``.

    Returns
    -------
    DataPath
        The way.

    Raises
    ------
    ValueError
        If the catalog has no such path.
    """
    facts = row("data_paths", name)
    energies = (facts[f"energy_{bound}_j_per_gb"] / GB for bound in Range._fields)
    return DataPath(name, Range(*energies), facts["bandwidth_gbps"] * GBPS)


def moving_energy_j(size_bytes: float, path: DataPath) -> Range:
    """Return the energy of moving data.

    Parameters
    ----------
    size_bytes : float
        How much is moved. [B]
    path : DataPath
        The way it takes.

    Returns
    -------
    Range
        Energy. [J]

    Raises
    ------
    ValueError
        If the size is negative.
    """
    _refuse_negative("size_bytes", size_bytes)
    return Range(*(size_bytes * energy for energy in path.energy_j_per_byte))


def moving_time_s(size_bytes: float, bytes_per_s: float, *, distance_m: float = 0.0) -> float:
    """Return how long data takes from its first byte sent to its last received.

    Parameters
    ----------
    size_bytes : float
        How much is moved. [B]
    bytes_per_s : float
        Bandwidth. [B/s]
    distance_m : float
        Length of the way. [m]

    Returns
    -------
    float
        Time. [s]

    Raises
    ------
    ValueError
        If size or distance is negative, or the bandwidth not positive.

    Notes
    -----
    t = size / bandwidth + distance * 5 us/km: no handshakes, no queueing.
    """
    _refuse_negative("size_bytes", size_bytes)
    _refuse_negative("distance_m", distance_m)
    if not bytes_per_s > 0.0:
        msg = f"bytes_per_s is {bytes_per_s}; a bandwidth must be above 0."
        raise ValueError(msg)
    return size_bytes / bytes_per_s + distance_m * SECONDS_PER_METER


def _refuse_negative(name: str, value: float) -> None:
    if not value >= 0.0:
        msg = f"{name} is {value}; it must be at least 0."
        raise ValueError(msg)
