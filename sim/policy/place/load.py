"""Go where there is room, and to the accelerators that draw least."""

import math

from sim.policy.base import ClusterView, Observation, SiteView
from sim.policy.parameters import inner_policy
from sim.policy.place.best import BestSite, Stint, fitting


class LeastLoaded(BestSite):
    """A job goes to the site whose accelerators are asked for least, its own gang included.

    What is asked of a cluster are the accelerators that are held and those of the gangs that wait,
    over its accelerators; of a site the cluster counts that is asked least.

    References
    ----------
    .. [1] The classic of load balancing: join the shortest queue; W. Winston, "Optimality of the
       shortest line discipline," J. Appl. Probab. 14(1), 1977.
    """

    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return the share of its accelerators that would be asked for."""
        gpus = int(obs.jobs.gpus_count[job])
        return min(
            (asked_ratio(cluster, gpus) for cluster in fitting(obs, job, site)), default=math.inf
        )


class GreenerHardware:
    """Of a site's clusters, a job goes to the one whose accelerators draw least for it.

    The site is chosen by another place policy. Clusters on which the job could start at once come
    first; where there is none, the one that is asked for least. How long a job runs does not depend
    on the cluster in a run, so the power that it adds is all that differs.

    Parameters
    ----------
    inner : str or mapping
        The policy that chooses the site: its name, or ``use`` and its parameters.

    Raises
    ------
    ValueError
        If there is no such policy.
    """

    def __init__(self, inner: str | dict[str, object] = "home") -> None:
        self.inner = inner
        self._policy = inner_policy("place", inner)

    def choose(self, obs: Observation, job: int) -> int | tuple[int, int]:
        """Return the site, and the cluster there that draws least for the job."""
        choice = self._policy.choose(obs, job)
        if isinstance(choice, tuple):
            return choice
        site = obs.sites[choice]
        gpus, fraction = int(obs.jobs.gpus_count[job]), float(obs.jobs.power_fraction[job])

        def rank(cluster: ClusterView) -> tuple[bool, float, float]:
            """Return what a cluster is chosen by: room at once, then power, then load."""
            at_once = cluster.free_count >= gpus and not cluster.waiting
            added_w = cluster.power.busy_w(fraction) - cluster.idle_w
            asked = asked_ratio(cluster, gpus)
            return (False, added_w, asked) if at_once else (True, asked, added_w)

        best = min(fitting(obs, job, site), key=rank, default=None)
        return choice if best is None else (choice, site.clusters.index(best))


def asked_ratio(cluster: ClusterView, gpus_count: int) -> float:
    """Return the accelerators of a cluster that are held or waited for, with more, over all. [-].

    Parameters
    ----------
    cluster : ClusterView
        The cluster.
    gpus_count : int
        The accelerators to come. [-]

    Returns
    -------
    float
        The ratio; above 1 where gangs have to wait. [-]
    """
    held = cluster.total_count - cluster.free_count
    return (held + sum(cluster.waiting.values()) + gpus_count) / cluster.total_count
