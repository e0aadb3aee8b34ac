"""The Observation of a running simulation."""

from collections.abc import Sequence

from sim.engine.cluster import Cluster, Place
from sim.engine.forecasts import ForecastDesk
from sim.engine.kernel import Clock
from sim.policy.base import ClusterView, Forecast, SiteView
from sim.policy.jobs_view import JobsView
from sim.policy.read_only import ReadOnly
from sim.site import TimeGrid


class LiveObservation(ReadOnly):
    """What policies see of a run; it reads the engine's state and changes nothing.

    Parameters
    ----------
    clock : Clock
        The run's clock.
    places : sequence of Place
        All sites, by number.
    clusters : sequence of Cluster
        All clusters, by number.
    desk : ForecastDesk
        Issued forecasts.
    grid : TimeGrid
        The run's times.
    """

    __slots__ = (
        "_clock", "_cluster_of", "_desk", "_site_of_cluster", "jobs", "sites", "start", "step_s",
    )

    def __init__(
        self,
        clock: Clock,
        *,
        places: Sequence[Place],
        clusters: Sequence[Cluster],
        desk: ForecastDesk,
        grid: TimeGrid,
    ) -> None:
        self._clock = clock
        self._desk = desk
        self._site_of_cluster = [cluster.site for cluster in clusters]
        self.step_s = grid.step_s
        self.start = grid.start
        self.sites = tuple(
            SiteView(place, tuple(ClusterView(c) for c in clusters if c.site == place.index))
            for place in places
        )

    def follow(self, jobs: JobsView, cluster_of: Sequence[int]) -> None:
        """Show the jobs and where they have been placed; call it once.

        Parameters
        ----------
        jobs : JobsView
            Those that have arrived.
        cluster_of : sequence of int
            Cluster each job runs on, kept up to date by its owner. [-]
        """
        self.jobs = jobs
        self._cluster_of = cluster_of

    @property
    def now_s(self) -> float:
        """Present time since the start of the run. [s]."""
        return float(self._clock.now)

    def site_of(self, job: int) -> int:
        """Return the site a job has been placed at; its home site before that."""
        if job >= len(self.jobs):
            msg = f"there is no job {job} yet: {len(self.jobs)} have arrived"
            raise IndexError(msg)
        return self._site_of_cluster[self._cluster_of[job]]

    def forecast(self, site: int, signal: str) -> Forecast:
        """Return the latest issued forecast of a signal, never one issued later than now."""
        return self._desk.latest(site, signal, float(self._clock.now))
