"""Data of jobs that run away from home: it moves there first, at once when they are placed.

Its way takes time and energy, which is network power of the site that gets it and counts for the
job.
"""

from collections.abc import Sequence

from sim.engine.cluster import Cluster
from sim.engine.kernel import FINISH, Clock, Event
from sim.engine.stretches import Stretches
from sim.errors import PolicyError
from sim.site import Site
from sim.site.link import way as way
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
        self._copies: dict[int, set[int]] = {}
        self._on_end = (self._end,)

    def begin(
        self, job: int, cluster: Cluster, now_s: float, *, origin: int | None = None
    ) -> float:
        """Move a job's data to the site of a cluster, if they have not been there.

        They stay where they have been until the run ends (assumption); of several copies the one
        at the site that it leaves is sent. A job that has run takes its last checkpoint along.

        Parameters
        ----------
        job : int
            Job id. [-]
        cluster : Cluster
            Where it will run.
        now_s : float
            Present time. [s]
        origin : int or None
            Site that a job leaves which has run; None: it has not, and leaves its home. [-]

        Returns
        -------
        float
            When the data are there. [s]

        Raises
        ------
        PolicyError
            If one of the sites has no link.
        """
        home_site = int(self._jobs.home_site[job])
        size_bytes = self._size_bytes(job, cluster.site, has_run=origin is not None)
        home = self._sites[home_site if origin is None else origin]
        there = self._sites[cluster.site]
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

    def _size_bytes(self, job: int, site: int, *, has_run: bool) -> float:
        """Return how much a job takes along to a site; its data are there from now on."""
        profile = self._jobs.profiles[self._jobs.workload[job]]
        copies = self._copies.setdefault(job, {int(self._jobs.home_site[job])})
        size_bytes = profile.checkpoint_bytes if has_run else 0.0
        if site not in copies:
            copies.add(site)
            size_bytes += profile.data_bytes
        return size_bytes

    def _end(self, event: Event) -> None:
        cluster, power_w = self._moving.pop(event.job)
        cluster.place.change_power(event.time_s, -power_w)
