"""Where the jobs of a stream run unless a policy places them elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sim.catalog.hardware import AcceleratorFacts
from sim.scenario.nodes import accelerator, own_accelerators
from sim.scenario.schema.datacenter import Cluster
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site


class ClusterAt(NamedTuple):
    """A cluster and where it stands: numbers of its site and of itself, counted over all sites."""

    site_number: int
    site: Site
    number: int
    cluster: Cluster

    @property
    def gpus_count(self) -> int:
        """Accelerators of the cluster. [-]."""
        return self.cluster.nodes * self.cluster.gpus_per_node

    def chip(self, folder: Path) -> AcceleratorFacts:
        """Return what is known of its accelerators.

        Parameters
        ----------
        folder : Path
            Folder that file names are relative to.

        Returns
        -------
        AcceleratorFacts
            The facts.

        Raises
        ------
        ValueError
            If there is no such accelerator.
        DataError
            If the user's own accelerators cannot be read.
        """
        return accelerator(
            self.cluster.accelerator, own_accelerators(self.site.datacenter, folder)
        )


class Node(NamedTuple):
    """What model jobs need to know of the cluster that they are at home on."""

    site: Site
    cluster: Cluster
    chip: AcceleratorFacts


def home_clusters(
    scenario: Scenario, site: str | None, cluster: str | None
) -> tuple[ClusterAt, ...]:
    """Return the clusters of one site that jobs can run on, in the scenario's order.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    site : str or None
        Home site; None for the first with such a cluster.
    cluster : str or None
        Cluster there; None for any.

    Returns
    -------
    tuple of ClusterAt
        The clusters; empty if there are none.
    """
    found = [
        at
        for at in _clusters(scenario)
        if site in {None, at.site.name} and cluster in {None, at.cluster.name}
    ]
    return tuple(at for at in found if at.site_number == found[0].site_number)


def _clusters(scenario: Scenario) -> Iterator[ClusterAt]:
    number = 0
    for index, site in enumerate(scenario.sites):
        for cluster in site.datacenter.clusters if site.datacenter else ():
            yield ClusterAt(index, site, number, cluster)
            number += 1
