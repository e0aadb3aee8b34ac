"""A run as a problem to plan: the work that it did, and all that was fixed.

What jobs drew beyond the least that their work takes may be spent for nothing, in steps in which
that pays, so that the run itself is one of the plans. Services draw what they drew, and hold the
accelerators that they held.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sim.optimize.classes import as_work, ramps
from sim.optimize.done import work_done
from sim.optimize.horizon import Columns, Flexible, Horizon, Rates
from sim.optimize.limits import grid_fraction
from sim.optimize.ran import Freedom, Ran
from sim.optimize.work import Work
from sim.site import ClusterSpec, Site
from sim.workload.jobs import JobTable

_ROUNDING: Final = 1e-9


class Replay:
    """A run of some sites and jobs.

    Parameters
    ----------
    sites : sequence of Site
        The sites.
    jobs : JobTable
        All jobs of the run.
    ran : Ran
        What it did.
    freedom : Freedom
        What policies may do.

    Attributes
    ----------
    sites : sequence of Site
        The sites.
    ran : Ran
        What the run did.
    work_gpu_s : float
        Accelerator time of the work done, each job with its own gang and without a cap. [s]
    """

    def __init__(self, sites: Sequence[Site], jobs: JobTable, ran: Ran, freedom: Freedom) -> None:
        self.sites, self.ran = sites, ran
        self._grid = sites[0].grid
        self._site_of = np.repeat(np.arange(len(sites)), [len(site.clusters) for site in sites])
        self._specs: list[ClusterSpec] = [one for site in sites for one in site.clusters]
        gpus = np.array([one.gpus_count for one in self._specs], dtype=np.float64)
        self._gpus_free = gpus[:, None] - ran.held_gpus
        self._done = work_done(
            jobs, ran, self._specs, freedom=freedom, end_s=self._grid.duration_s
        )
        self.work_gpu_s = float(self._done.work_s @ jobs.gpus_count)

    def together(self) -> list[list[int]]:
        """Return the sites in groups that share work."""
        groups = [{number} for number in range(len(self.sites))]
        for row in np.unique(~np.isnan(self._done.work.it_ratio), axis=0):
            sites = set(self._site_of[row].tolist())
            touched = [group for group in groups if group & sites]
            groups = [group for group in groups if group not in touched]
            groups += [set[int]().union(*touched)] if touched else []
        return sorted(sorted(group) for group in groups)

    def horizon(self, number: int, rates: Rates) -> Horizon:
        """Return what is to be planned at a site, on the run's own steps.

        Parameters
        ----------
        number : int
            The site. [-]
        rates : Rates
            What its flows cost.

        Returns
        -------
        Horizon
            Its load without the work of jobs; all of its load where that is fixed.
        """
        site, ran = self.sites[number], self.ran.sites[number]
        floor_w = self._floor_w(number)
        flexible = self._flexible(number, floor_w)
        load_w = ran.facility_w
        if flexible is not None:
            load_w = site.base_load_w + site.facility.total.at_w(floor_w)
        return Horizon(
            net_w=site.solar_w + site.wind_w - load_w,
            step_s=self._grid.step_s,
            rates=rates,
            connection=site.connection,
            battery=site.battery,
            grid_fraction=grid_fraction(site),
            unserved_limit_j=ran.unserved_j,
            flexible=flexible,
        )

    def work(self, group: Sequence[int], steps_count: int) -> Work | None:
        """Return the work of some sites, which share it with no other.

        Parameters
        ----------
        group : sequence of int
            The sites. [-]
        steps_count : int
            Steps of the run that are planned as one. [-]

        Returns
        -------
        Work or None
            With the sites counted within the group; None where there is none.
        """
        clusters = np.flatnonzero(np.isin(self._site_of, group))
        work = self._done.work
        rows = np.flatnonzero(np.isin(work.home, clusters))
        if not rows.size:
            return None
        some = work.of(rows)
        some = replace(
            some,
            home=np.searchsorted(clusters, some.home),
            it_ratio=some.it_ratio[:, clusters],
            gpus_per_w=some.gpus_per_w[:, clusters],
        )
        free = self._gpus_free[clusters].reshape(len(clusters), -1, steps_count).mean(axis=2)
        site_of = tuple(list(group).index(site) for site in self._site_of[clusters])
        return as_work(some, self._grid.edges_s[::steps_count], site_of=site_of, gpus_free=free)

    def _floor_w(self, number: int) -> Columns:
        """Return a site's IT power without the work of jobs: idle accelerators, services."""
        site, ran = self.sites[number], self.ran.sites[number]
        floor_w = site.standing_w + ran.services_w - self._dips_w(number)
        for cluster in np.flatnonzero(self._site_of == number):
            floor_w = floor_w + self._specs[cluster].idle_w * self._gpus_free[cluster]
        return np.minimum(floor_w, ran.it_w)

    def _dips_w(self, number: int) -> Columns:
        """Return by how much jobs could draw less than idle accelerators while they ran."""
        ran, dip_w = self.ran, self._done.home.dip_w
        here = np.isin(ran.cluster_of, np.flatnonzero(self._site_of == number))
        rows = np.flatnonzero((dip_w > 0.0) & here & ~np.isnan(ran.start_s))
        if not rows.size:
            return np.zeros(self._grid.n_steps)
        until_s = np.where(ran.done, ran.end_s, self._grid.duration_s)[rows]
        dips_j = ramps(ran.start_s[rows], until_s, dip_w[rows], self._grid.edges_s)
        return np.asarray(np.diff(dips_j) / self._grid.step_s)

    def _flexible(self, number: int, floor_w: Columns) -> Flexible | None:
        """Return how work adds to a site's load; None where there is none."""
        site, ran, work = self.sites[number], self.ran.sites[number], self._done.work
        clusters = np.flatnonzero(self._site_of == number)
        above_w = ran.it_w - floor_w
        spent_j = float(above_w.sum()) * self._grid.step_s
        waste_j = spent_j - float(work.energy_j[np.isin(work.home, clusters)].sum())
        if waste_j <= _ROUNDING * spent_j:
            waste_j = 0.0
        most_w = np.maximum(above_w, self._most_w(clusters.tolist()))
        if waste_j == 0.0 and not most_w.any():
            return None
        curve = site.facility.total
        ratio = curve.ratio + 2.0 * curve.bend_per_w * floor_w
        slope = ratio
        if curve.bend_per_w.any():
            fixed_w = site.base_load_w + curve.at_w(floor_w)
            shown_w = np.where(above_w > _ROUNDING * most_w, above_w, np.inf)
            slope = np.maximum(
                ratio + curve.bend_per_w * most_w,
                (ran.facility_w - fixed_w) / shown_w * (1.0 + _ROUNDING),
            )
        return Flexible(ratio, curve.bend_per_w, slope, most_w, above_w, waste_j)

    def _most_w(self, clusters: Sequence[int]) -> Columns:
        """Return the most IT power above idle that work can take on some clusters."""
        most_w = np.zeros(self._grid.n_steps)
        for cluster in clusters:
            per_gpu_w = float(self._done.most_w_per_gpu[:, cluster].max(initial=0.0))
            most_w += self._gpus_free[cluster] * per_gpu_w
        return most_w
