"""What place policies share: sites a job can go to, and the one with the least score."""

import math
from abc import ABC, abstractmethod
from typing import Final, NamedTuple

from sim.policy.base import ClusterView, Observation, SiteView

TIE: Final = 1e-12
"""Relative; a site must be better than home by more than rounding."""


class Stint(NamedTuple):
    """A time for which a job would run at a site.

    Attributes
    ----------
    from_s, length_s : float
        Begin and length by what is expected. [s]
    origin : int
        Site that it comes from. [-]
    has_run : bool
        Whether it has run and takes a checkpoint along.
    """

    from_s: float
    length_s: float
    origin: int
    has_run: bool = False


class BestSite(ABC):
    """A place policy that gives every site a score; what it is, is what the others add.

    A job goes to the site with the least score among those where its gang fits and its data can get
    to; home wins ties, and where no score is known.
    """

    def choose(self, obs: Observation, job: int) -> int:
        """Return the site with the least score."""
        home = int(obs.jobs.home_site[job])
        from_s = max(obs.now_s, float(obs.jobs.earliest_start_s[job]))
        stint = Stint(from_s, float(obs.jobs.expected_duration_s[job]), home)
        return self.best(obs, job, stint)

    def best(self, obs: Observation, job: int, stint: Stint) -> int:
        """Return the site with the least score for a stint; where it comes from wins ties."""
        best = stint.origin
        least = known(self.score(obs, job, obs.sites[best], stint))
        least -= TIE * abs(least) if least < math.inf else 0.0
        for site in obs.sites:
            if site.index == stint.origin or not can_go(obs, job, site, stint):
                continue
            score = known(self.score(obs, job, site, stint))
            if score < least:
                best, least = site.index, score
        return best

    @abstractmethod
    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return how bad a site is for a stint of a job; nan where that is unknown.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        job : int
            Job id. [-]
        site : SiteView
            The site.
        stint : Stint
            When and how long it would run there.

        Returns
        -------
        float
            The score. [any]
        """


def known(score: float) -> float:
    """Return a score, inf where it is unknown."""
    return math.inf if math.isnan(score) else score


def fitting(obs: Observation, job: int, site: SiteView) -> list[ClusterView]:
    """Return the clusters of a site on which a job's gang fits."""
    gpus = int(obs.jobs.gpus_count[job])
    return [cluster for cluster in site.clusters if cluster.total_count >= gpus]


def can_go(obs: Observation, job: int, site: SiteView, stint: Stint) -> bool:
    """Return whether a job's gang fits at a site, and what it takes along can get there."""
    if not fitting(obs, job, site):
        return False
    if size_bytes(obs, job, site, stint) <= 0.0:
        return True
    return site.link is not None and obs.sites[stint.origin].link is not None


def size_bytes(obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
    """Return what a job takes along to a site: its data, but not home, and its checkpoint. [B]."""
    if site.index == stint.origin:
        return 0.0
    traits = obs.jobs.traits(job)
    data_bytes = 0.0 if site.index == int(obs.jobs.home_site[job]) else traits.data_bytes
    return data_bytes + (traits.checkpoint_bytes if stint.has_run else 0.0)


def facility_w(obs: Observation, job: int, site: SiteView) -> float:
    """Return the facility power that a running job takes at a site. [W]."""
    power_w = float(obs.jobs.power_w[job])
    if math.isnan(power_w):
        cluster = fitting(obs, job, site)[0]
        busy_w = cluster.power.busy_w(float(obs.jobs.power_fraction[job]))
        power_w = int(obs.jobs.gpus_count[job]) * busy_w
    return power_w * site.facility_ratio
