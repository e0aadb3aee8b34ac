"""IT power of jobs without a cap: accelerators, servers, and what moves their data."""

import math
from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.datacenter.power import relative_draw, relative_throughput
from sim.engine.cluster import Cluster
from sim.workload.jobs import JobTable
from sim.workload.profile import Profile

_PLAIN: Final = Profile(name="plain")


class Powers:
    """What each job of a run draws, at the cluster and the size it has.

    Parameters
    ----------
    jobs : JobTable
        All jobs of the run.
    clusters : sequence of Cluster
        All clusters, by number.

    Attributes
    ----------
    full_w : array of float
        IT power of each job while it runs without a cap. [W]
    """

    def __init__(self, jobs: JobTable, clusters: Sequence[Cluster]) -> None:
        self._jobs = jobs
        self.full_w = self._on_home_clusters(clusters)

    def assign(self, job: int, cluster: Cluster, gpus_count: int) -> None:
        """Give a job the power it has on a cluster.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it will run.
        gpus_count : int
            Its accelerators. [-]
        """
        if math.isnan(self._jobs.power_w[job]):
            busy_w = float(cluster.power.busy_w(self._jobs.power_fraction[job]))
            self.full_w[job] = gpus_count * busy_w + self._moving_w(job, gpus_count)

    def fixed_w(self, job: int, cluster: Cluster, gpus_count: int) -> float:
        """Return the part of a job's power that no cap changes: its share of servers and drives.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it runs.
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        float
            Power; none of it is fixed where the job has a power of its own. [W]
        """
        if not math.isnan(self._jobs.power_w[job]):
            return 0.0
        return gpus_count * cluster.power.server_w + self._moving_w(job, gpus_count)

    def under_cap(
        self, job: int, cluster: Cluster, gpus_count: int, cap_fraction: float
    ) -> tuple[float, float]:
        """Return the power of a job under a cap, and its work per time over that without one.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it runs.
        gpus_count : int
            Its accelerators. [-]
        cap_fraction : float
            Power cap over TDP. [-]

        Returns
        -------
        tuple of float
            Power [W] and speed [-].
        """
        profile = self.profile(job)
        draw = profile.draw_fraction
        fixed_w = self.fixed_w(job, cluster, gpus_count)
        power_w = fixed_w + (self.full_w[job] - fixed_w) * relative_draw(cap_fraction, draw)
        return power_w, relative_throughput(cap_fraction, profile.clock_sensitive_fraction, draw)

    def resident_w(self, job: int, cluster: Cluster, gpus_count: int) -> float:
        """Return the power of a job that holds its accelerators without working.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it runs.
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        float
            Idle power with a model resident (assumption: most of a restart loads and compiles), and
            what moves its data; a job with a power of its own goes on drawing that. [W]
        """
        if not math.isnan(self._jobs.power_w[job]):
            return self.full_w[job]
        return gpus_count * cluster.power.idle_resident_w + self._moving_w(job, gpus_count)

    def profile(self, job: int) -> Profile:
        """Return what a job has in common with the others of its stream."""
        profiles = self._jobs.profiles
        return profiles[self._jobs.workload[job]] if profiles else _PLAIN

    def _moving_w(self, job: int, gpus_count: int) -> float:
        """Return the power of storage and network that a running job's data take."""
        profile = self.profile(job)
        return gpus_count * (profile.storage_w + profile.network_w)

    def _on_home_clusters(self, clusters: Sequence[Cluster]) -> "array[float]":
        """Return each job's power, by its accelerators where it has none of its own."""
        jobs = self._jobs
        power_w = jobs.power_w.copy()
        for cluster in clusters:
            here = np.isnan(power_w) & (jobs.home_cluster == cluster.index)
            fractions, which = np.unique(jobs.power_fraction[here], return_inverse=True)
            busy_w = np.array([cluster.power.busy_w(fraction) for fraction in fractions])
            power_w[here] = jobs.gpus_count[here] * busy_w[which]
        moving_w = [profile.storage_w + profile.network_w for profile in jobs.profiles]
        if any(moving_w):
            gpus_count = np.where(np.isnan(jobs.power_w), jobs.gpus_count, 0)
            power_w += gpus_count * np.asarray(moving_w)[jobs.workload]
        return array("d", power_w.astype("d").tobytes())
