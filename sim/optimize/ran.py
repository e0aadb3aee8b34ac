"""What a run did, as far as it says what could have been reached."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.optimize.horizon import Columns, Indices


@dataclass(frozen=True, slots=True)
class Freedom:
    """What a policy may do, besides when work is done and what batteries do.

    Attributes
    ----------
    cap : bool
        Whether it may cap the power of accelerators.
    place : bool
        Whether it may choose the site of a job.
    """

    cap: bool = False
    place: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SiteRan:
    """What a site did in a run of n steps.

    Attributes
    ----------
    it_w : ndarray of float, shape (n,)
        IT power. [W]
    facility_w : ndarray of float, shape (n,)
        Facility power with the base load. [W]
    services_w : ndarray of float, shape (n,)
        IT power of its services. [W]
    unserved_j : float
        Load that it left unserved. [J]
    reached : mapping of str to float
        What it came to, by objective; nan where unknown. [USD or kgCO2e]
    """

    it_w: Columns
    facility_w: Columns
    services_w: Columns
    unserved_j: float
    reached: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What a run did.

    Attributes
    ----------
    sites : tuple of SiteRan
        Of each site.
    held_gpus : ndarray of float, shape (C, n)
        Accelerators of each cluster that services held. [-]
    cluster_of : ndarray of int, shape (n_jobs,)
        Cluster of each job. [-]
    start_s, end_s : ndarray of float, shape (n_jobs,)
        When each job began and ended; nan where it did not. [s]
    done : ndarray of bool, shape (n_jobs,)
        Whether it ran to its end.
    energy_j : ndarray of float, shape (n_jobs,)
        IT energy of its accelerators. [J]
    lost_s : ndarray of float, shape (n_jobs,)
        Work that was done again, in its own run time. [s]
    """

    sites: tuple[SiteRan, ...]
    held_gpus: Columns
    cluster_of: Indices
    start_s: Columns
    end_s: Columns
    done: NDArray[np.bool_]
    energy_j: Columns
    lost_s: Columns
