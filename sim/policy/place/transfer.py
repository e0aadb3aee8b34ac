"""Go away only where it pays for moving the data."""

import math
from typing import Final

from sim.policy.base import Observation, SiteView
from sim.policy.place.best import Stint, facility_w, size_bytes
from sim.policy.place.signals import LowestSignal
from sim.site.link import way

_LEAST_S: Final = 1.0  # over which the signal is taken while data move


class TransferAware(LowestSignal):
    """A job goes where its energy and that of moving its data cost least by a signal.

    The data's energy counts at the site that gets them, over the time they take, and the run begins
    when they are there. A site where the job would end too late for its deadline is left out.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    forecast : bool
        Whether the forecast over the run counts; else the present value.

    References
    ----------
    .. [1] T. Sukprasert et al., "On the Limitations of Carbon-Aware Temporal and Spatial Workload
       Shifting in the Cloud," EuroSys 2024: shifting in space, there without the transfer. What a
       transfer takes is that of the catalog's data_paths, with their sources.
    """

    def __init__(self, signal: str = "average_carbon_intensity", *, forecast: bool = True) -> None:
        super().__init__(signal, forecast=forecast)

    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return what run and transfer cost by the signal; inf where the job would be late."""
        time_s, energy_j = _way(obs, job, site, stint)
        starts_s = max(stint.from_s, obs.now_s + time_s)
        away = site.index != stint.origin
        if away and starts_s + stint.length_s > float(obs.jobs.deadline_s[job]):
            return math.inf
        moving = Stint(obs.now_s, max(time_s, _LEAST_S), stint.origin)
        moved = energy_j * site.facility_ratio * self._mean(obs, site, self.signal, moving)
        rate = self._mean(obs, site, self.signal, stint._replace(from_s=starts_s))
        return rate * facility_w(obs, job, site) * stint.length_s + (moved if energy_j else 0.0)


def _way(obs: Observation, job: int, site: SiteView, stint: Stint) -> tuple[float, float]:
    """Return how long what a job takes along is on its way [s], and its energy [J]."""
    size = size_bytes(obs, job, site, stint)
    one, other = obs.sites[stint.origin].link, site.link
    if size <= 0.0 or one is None or other is None:
        return 0.0, 0.0
    return way(size, one, other)
