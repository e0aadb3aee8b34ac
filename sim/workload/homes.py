"""Where the jobs of a stream run unless a policy places them elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.schema.datacenter import Cluster
from sim.scenario.schema.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Home:
    """Clusters that a stream's jobs can call home, in order of preference.

    Attributes
    ----------
    site : int
        Number of the site. [-]
    clusters : tuple of int
        Numbers of the clusters in the scenario. [-]
    sizes : tuple of int
        Accelerators of each. [-]
    """

    site: int
    clusters: tuple[int, ...]
    sizes: tuple[int, ...]

    def first_fitting(self, gpus_count: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first cluster that is large enough for each gang, shape (n_jobs,). [-]."""
        fits = np.asarray(self.sizes) >= gpus_count[:, None]
        numbers: NDArray[np.int64] = np.asarray(self.clusters)[np.argmax(fits, axis=1)]
        return numbers


def find_home(scenario: Scenario, site: str | None, cluster: str | None) -> Home:
    """Return the clusters that jobs can run on.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    site : str or None
        Home site; None for the first with a data center.
    cluster : str or None
        Cluster there; None for any.

    Returns
    -------
    Home
        The clusters of one site.

    Raises
    ------
    ValueError
        If there are none.
    """
    found = [
        (index, number, part.nodes * part.gpus_per_node)
        for number, (index, home, part) in enumerate(_clusters(scenario))
        if site in {None, home} and cluster in {None, part.name}
    ]
    if not found:
        msg = f"no cluster {cluster or ''} at site {site or 'any'}"
        raise ValueError(msg)
    first = found[0][0]
    here = [(number, size) for index, number, size in found if index == first]
    return Home(first, tuple(n for n, _ in here), tuple(s for _, s in here))


def _clusters(scenario: Scenario) -> Iterator[tuple[int, str, Cluster]]:
    for index, site in enumerate(scenario.sites):
        for cluster in site.datacenter.clusters if site.datacenter else ():
            yield index, site.name, cluster
