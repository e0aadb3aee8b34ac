"""Data of jobs that run away from home: it moves there first, at once when they are placed.

Its way takes time and energy, which is network power of the site that gets it and counts for the
job.
"""

from collections.abc import Sequence

from sim.datacenter.moving import moving_time_s
from sim.engine.cluster import Cluster
from sim.engine.kernel import FINISH, Clock, Event
from sim.engine.stretches import Stretches
from sim.errors import PolicyError
from sim.site import Site
from sim.site.link import Link
from sim.workload.jobs import JobTable


class Transfers:
    """Moves the data of one run's jobs between sites.

    Parameters
    ----------
    clock : Clock
        The run's clock.
    jobs : JobTable
        All jobs of the run.
    sites : sequence of Site
        All sites, with their links.
    stretches : Stretches
        Where the power of moving is logged.
    """

    def __init__(
        self, clock: Clock, jobs: JobTable, sites: Sequence[Site], *, stretches: Stretches
    ) -> None:
        self._clock = clock
        self._jobs = jobs
        self._sites = sites
        self._stretches = stretches
        self._moving: dict[int, tuple[Cluster, float]] = {}
        self._on_end = (self._end,)

    def begin(self, job: int, cluster: Cluster, now_s: float) -> float:
        """Move a job's data from its home to the site of a cluster, if it is another.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it will run.
        now_s : float
            Present time. [s]

        Returns
        -------
        float
            When the data are there. [s]

        Raises
        ------
        PolicyError
            If one of the sites has no link.
        """
        size_bytes = self._jobs.profiles[self._jobs.workload[job]].data_bytes
        home, there = self._sites[self._jobs.home_site[job]], self._sites[cluster.site]
        if size_bytes <= 0.0 or home is there:
            return now_s
        if home.network is None or there.network is None:
            missing = home.name if home.network is None else there.name
            msg = f"place sent job {job} from {home.name} to {there.name}, but {missing} has no "
            msg += "network for its data to take: give the site one."
            raise PolicyError(msg)
        time_s, energy_j = way(size_bytes, home.network, there.network)
        power_w = energy_j / time_s
        cluster.place.change_power(now_s, power_w)
        self._stretches.add(job, now_s, now_s + time_s, power_w, 0)
        self._moving[job] = (cluster, power_w)
        self._clock.call_at(now_s + time_s, FINISH, self._on_end, job)
        return now_s + time_s

    def _end(self, event: Event) -> None:
        cluster, power_w = self._moving.pop(event.job)
        cluster.place.change_power(event.time_s, -power_w)


def way(size_bytes: float, one: Link, other: Link) -> tuple[float, float]:
    """Return time and energy of moving data over the links of two sites.

    Parameters
    ----------
    size_bytes : float
        How much is moved. [B]
    one, other : Link
        The two sites' links to the network's core.

    Returns
    -------
    time_s : float
        At the bandwidth of the narrower, over the length of both; other traffic is not counted [s].
    energy_j : float
        At the energy per byte of the one that needs more (assumption: a medium's figure holds for
        the whole way between two places) [J].
    """
    time_s = moving_time_s(
        size_bytes,
        min(one.bytes_per_s, other.bytes_per_s),
        distance_m=one.distance_m + other.distance_m,
    )
    j_per_byte = max(one.path.energy_j_per_byte.mid, other.path.energy_j_per_byte.mid)
    return time_s, size_bytes * j_per_byte
