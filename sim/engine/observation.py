"""The Observation of a running simulation."""

from collections.abc import Sequence

from sim.engine.cluster import Cluster, Place
from sim.engine.forecasts import ForecastDesk
from sim.engine.kernel import Clock
from sim.engine.runs import Runs
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
        "_clock", "_desk", "_runs", "_site_of_cluster", "jobs", "sites", "start", "step_s",
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

    def follow(self, jobs: JobsView, runs: Runs) -> None:
        """Show the jobs, where they have been placed and how far they are; call it once.

        Parameters
        ----------
        jobs : JobsView
            Those that have arrived.
        runs : Runs
            What places and runs them.
        """
        self.jobs = jobs
        self._runs = runs

    @property
    def now_s(self) -> float:
        """Present time since the start of the run. [s]."""
        return float(self._clock.now)

    def site_of(self, job: int) -> int:
        """Return the site a job has been placed at; its home site before that."""
        return self._site_of_cluster[self._runs.cluster_of[self._known(job)]]

    def gpus_of(self, job: int) -> int:
        """Return the accelerators that a job holds, or is known to need before it starts. [-]."""
        return self._runs.gpus[self._known(job)]

    def work_s(self, job: int) -> float:
        """Return how much of its run time a job has behind it [s]."""
        return self._runs.progress_s(self._known(job), float(self._clock.now))

    def has_ended(self, job: int) -> bool:
        """Return whether a job has run to its end."""
        return self._runs.has_ended(self._known(job))

    def forecast(self, site: int, signal: str) -> Forecast:
        """Return the latest issued forecast of a signal, never one issued later than now."""
        return self._desk.latest(site, signal, float(self._clock.now))

    def _known(self, job: int) -> int:
        if job >= len(self.jobs):
            msg = f"there is no job {job} yet: {len(self.jobs)} have arrived"
            raise IndexError(msg)
        return job
