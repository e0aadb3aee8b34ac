"""Each job at the cap at which its work takes least energy."""

import math
from typing import Final

from sim.datacenter.power import relative_draw, relative_throughput
from sim.policy.base import JobControls, Observation, SiteView
from sim.policy.jobs_view import Traits
from sim.policy.parameters import checked_fraction

_CAPS: Final = 101
"""Number of caps that are tried, from none to the lowest."""


class OptimalClock:
    """Each job has the cap at which its energy and time together cost least, by its kind of work.

    The fitted model of caps gives power and throughput; the power is that of its accelerators with
    their share of the server, so that a longer run pays for it too.

    Parameters
    ----------
    energy_weight : float
        1 counts energy alone, 0 time alone at full power: Zeus's eta. [-]

    Raises
    ------
    ValueError
        If it is not between 0 and 1.

    Notes
    -----
    Least of (eta P(c) + (1 - eta) P(1)) / r(c) over the caps c, with power P and throughput r.

    References
    ----------
    .. [1] J. You et al., "Zeus: Understanding and Optimizing GPU Energy Consumption of DNN
       Training," NSDI 2023: the cost, eta ETA + (1 - eta) MAXPOWER TTA.
    """

    def __init__(self, energy_weight: float = 1.0) -> None:
        self.energy_weight = checked_fraction("energy_weight", energy_weight)
        self._caps: dict[tuple[int, int, float, float], float] = {}

    def at_arrival(self, obs: Observation, job: int) -> JobControls | None:
        """Return the cap of a job."""
        site = obs.sites[obs.site_of(job)]
        traits, jobs = obs.jobs.traits(job), obs.jobs
        own_power = not math.isnan(jobs.power_w[job])
        fraction = -1.0 if own_power else float(jobs.power_fraction[job])
        kind = site.index, int(jobs.workload[job]), fraction, traits.draw_fraction
        if kind not in self._caps:
            share = 0.0 if own_power else self._server_share(site, fraction)
            self._caps[kind] = best_cap(
                traits, share, lowest=site.lowest_cap_fraction, energy_weight=self.energy_weight
            )
        return JobControls(cap_fraction=self._caps[kind])

    def set(self, obs: Observation, site: SiteView) -> float | None:
        """Return None: the site has no cap."""

    @staticmethod
    def _server_share(site: SiteView, power_fraction: float) -> float:
        """Return the share of a busy accelerator's power that no cap changes."""
        if not site.clusters:
            return 0.0
        power = site.clusters[0].power
        return power.server_w / power.busy_w(power_fraction)


def best_cap(
    traits: Traits, fixed_share: float, *, lowest: float, energy_weight: float = 1.0
) -> float:
    """Return the cap at which work costs least.

    Parameters
    ----------
    traits : Traits
        Kind of work: how it follows the clock, and what it draws.
    fixed_share : float
        Share of its power that no cap changes. [-]
    lowest : float
        Lowest cap over TDP. [-]
    energy_weight : float
        Weight of energy against time. [-]

    Returns
    -------
    float
        The cap over TDP; the highest of equals. [-]
    """
    draw = traits.draw_fraction

    def cost(cap: float) -> float:
        """Return the cost of a unit of work, over that without a cap."""
        power = fixed_share + (1.0 - fixed_share) * relative_draw(cap, draw)
        weighted = energy_weight * power + (1.0 - energy_weight)
        return weighted / relative_throughput(cap, traits.clock_sensitive_fraction, draw)

    caps = [1.0 - (1.0 - lowest) * number / (_CAPS - 1) for number in range(_CAPS)]
    return min(caps, key=cost)
