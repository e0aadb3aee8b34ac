"""IT power by cause: what storage and network draw for jobs, besides what always stands there."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.ledger.ledger import RunLog
from sim.workload.jobs import JobTable

Columns = NDArray[np.float64]


class DataPowers(NamedTuple):
    """Power of storage and network in each stretch of a run, shape (n_segments,). [W]."""

    storage_w: Columns
    network_w: Columns


def moves_data(jobs: JobTable) -> bool:
    """Return whether any job draws power of storage or network."""
    return any(one.storage_w or one.network_w or one.data_bytes for one in jobs.profiles)


def data_powers(
    jobs: JobTable, job: NDArray[np.int64], gpus_count: NDArray[np.int64], power_w: Columns
) -> DataPowers:
    """Return what part of each stretch's power storage and network draw.

    Parameters
    ----------
    jobs : JobTable
        All jobs.
    job : ndarray of int, shape (n_segments,)
        Job of each stretch. [-]
    gpus_count : ndarray of int, shape (n_segments,)
        Accelerators it held; 0 while its data moved. [-]
    power_w : ndarray of float, shape (n_segments,)
        IT power. [W]

    Returns
    -------
    DataPowers
        The parts; while data move, all of it is network.
    """
    stream = jobs.workload[job]
    storage_w = np.array([profile.storage_w for profile in jobs.profiles])[stream]
    network_w = np.array([profile.network_w for profile in jobs.profiles])[stream]
    held = gpus_count * np.isnan(jobs.power_w[job])
    return DataPowers(
        held * storage_w, np.where(gpus_count > 0, held * network_w, power_w)
    )


def data_energies_j(log: RunLog) -> tuple[float, float]:
    """Return the energy that storage and network drew for jobs.

    Parameters
    ----------
    log : RunLog
        What happened.

    Returns
    -------
    storage_j, network_j : float
        Energies over all sites [J].
    """
    if not moves_data(log.jobs):
        return 0.0, 0.0
    powers = data_powers(
        log.jobs, log.segment_job, log.segment_gpus_count, log.segment_power_w
    )
    length_s = log.segment_end_s - log.segment_start_s
    return float(powers.storage_w @ length_s), float(powers.network_w @ length_s)
