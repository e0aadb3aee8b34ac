"""Running jobs go on elsewhere when it is better there by enough."""

from collections.abc import Mapping
from typing import Any

from sim.policy.base import ClusterView, Observation, SiteView
from sim.policy.parameters import inner_policy
from sim.policy.place.best import BestSite, Stint, fitting, known
from sim.units import HOUR_S


class Migrating:
    """Jobs are placed by another policy, and follow it from site to site while they run.

    Once an hour each interruptible job is looked at that has stayed for `rest_h` and has `left_h`
    or more to run. It moves where the other policy's score is better than here by more than
    `gain_fraction` of it, and enough accelerators are free at once. It loses the work since its
    last checkpoint and the time that its checkpoint and data take: that is what the gain is for.

    Parameters
    ----------
    inner : str or mapping
        The policy to follow: its name, or ``use`` and its parameters.
    gain_fraction : float
        How much better another site must be: hysteresis. [-]
    rest_h : float
        Least time at a site. [h]
    left_h : float
        Least run time left, by what is expected. [h]

    Raises
    ------
    ValueError
        If a number is negative, or the other policy gives no scores.

    References
    ----------
    .. [1] T. Sukprasert et al., "On the Limitations of Carbon-Aware Temporal and Spatial Workload
       Shifting in the Cloud," EuroSys 2024: the policy that migrates again and again; there without
       the cost that it has here.
    """

    def __init__(
        self,
        inner: str | Mapping[str, Any] = "follow-the-sun",
        gain_fraction: float = 0.2,
        rest_h: float = 4.0,
        left_h: float = 1.0,
    ) -> None:
        if min(gain_fraction, rest_h, left_h) < 0.0:
            msg = f"gain_fraction, rest_h and left_h are {gain_fraction}, {rest_h} and {left_h}; "
            msg += "none may be negative."
            raise ValueError(msg)
        policy = inner_policy("place", inner)
        if not isinstance(policy, BestSite):
            msg = f"inner is {inner!r}; it must be a policy that gives scores, as greenest does."
            raise ValueError(msg)  # noqa: TRY004 - the user named it: a wrong value
        self.inner = inner
        self.gain_fraction = gain_fraction
        self.rest_h = rest_h
        self.left_h = left_h
        self._policy = policy
        self._since_s: dict[int, float] = {}
        self._looked_s: dict[int, float] = {}

    def choose(self, obs: Observation, job: int) -> int:
        """Return the site that the other policy chooses."""
        return self._policy.choose(obs, job)

    def migrate(self, obs: Observation, site: SiteView) -> dict[int, int]:
        """Return the running jobs of a site that move, and where."""
        now_s = obs.now_s
        if now_s - self._looked_s.get(site.index, -HOUR_S) < HOUR_S:
            return {}
        self._looked_s[site.index] = now_s
        free = [[cluster.free_count for cluster in other.clusters] for other in obs.sites]
        moves: dict[int, int] = {}
        movable = [
            job
            for cluster in site.clusters
            for job in cluster.running
            if self._may(obs, job, cluster)
        ]
        for job in movable:
            target = self._better(obs, job, site, free)
            if target is not None:
                moves[job] = target
                self._since_s[job] = now_s
        return moves

    def _may(self, obs: Observation, job: int, cluster: ClusterView) -> bool:
        """Return whether a job may move, and has stayed long enough."""
        jobs = obs.jobs
        if not jobs.interruptible[job] or jobs.traits(job).stays_home:
            return False
        since_s = self._since_s.get(job, cluster.running[job])
        left_s = float(jobs.expected_duration_s[job]) - obs.work_s(job)
        return obs.now_s - since_s >= self.rest_h * HOUR_S and left_s >= self.left_h * HOUR_S

    def _better(
        self, obs: Observation, job: int, site: SiteView, free: list[list[int]]
    ) -> int | None:
        """Return the best other site with room, if it is better by enough, and take the room."""
        jobs, gpus = obs.jobs, int(obs.jobs.gpus_count[job])
        done_s, checkpoint_s = obs.work_s(job), float(jobs.checkpoint_s[job])
        lost_s = done_s % checkpoint_s if checkpoint_s > 0.0 else 0.0
        left_s = float(jobs.expected_duration_s[job]) - done_s
        here = self._policy.score(obs, job, site, Stint(obs.now_s, left_s, site.index))
        stint = Stint(
            obs.now_s, left_s + lost_s + jobs.traits(job).resume_s, site.index, has_run=True
        )
        target = self._policy.best(obs, job, stint)
        there = known(self._policy.score(obs, job, obs.sites[target], stint))
        if target == site.index or not there < here - self.gain_fraction * abs(here):
            return None
        # It goes to the first cluster that is large enough, as the engine will have it.
        other = obs.sites[target]
        number = other.clusters.index(fitting(obs, job, other)[0])
        if free[target][number] < gpus:
            return None
        free[target][number] -= gpus
        return target
