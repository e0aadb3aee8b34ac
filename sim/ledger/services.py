"""What the services of a run did."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.workload.quality import Quality

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """What one service did; columns have shape (n_steps,).

    Attributes
    ----------
    name : str
        Its name.
    site, cluster : int
        Number of the site, and of the cluster within the site. [-]
    gpus_held : ndarray of float
        Accelerators that its replicas hold. [-]
    replicas_ready, replicas_loading : ndarray of float
        Replicas that serve, and that load the model. [-]
    power_w : ndarray of float
        IT power of all its accelerators. [W]
    batch : ndarray of float
        Mean batch of a replica that decodes; nan where none serves. [-]
    utilization_fraction : ndarray of float
        Share of the capacity that was used; nan where none serves. [-]
    quality : Quality
        What it served, and how well.
    target_fraction : float
        Share of the requests that is to stay within the objective. [-]
    """

    name: str
    site: int
    cluster: int
    gpus_held: Columns
    replicas_ready: Columns
    replicas_loading: Columns
    power_w: Columns
    batch: Columns
    utilization_fraction: Columns
    quality: Quality
    target_fraction: float
