"""What a run did, as what would have had to be planned: the work it did, and all that was fixed.

The work of each job may be done at any time from its earliest start to its deadline, or to when it
ended in the run if that was later. What jobs drew beyond the least that their work takes may be
spent for nothing, in steps in which that pays. So the run itself is one of the plans. Services draw
what they drew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.optimize.classes import Deferrable, as_work, ramps
from sim.optimize.horizon import Columns, Flexible, Horizon, Indices, Rates
from sim.optimize.limits import grid_fraction
from sim.optimize.needs import needs_on
from sim.optimize.work import Work
from sim.site import ClusterSpec, Site
from sim.workload.jobs import JobTable

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Freedom:
    """What a policy may do, besides when work is done and what batteries do.

    Attributes
    ----------
    cap : bool
        Whether it may cap the power of accelerators.
    place : bool
        Whether it may choose the site of a job.
    """

    cap: bool = False
    place: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SiteRan:
    """What a site did in a run of n steps.

    Attributes
    ----------
    it_w : ndarray of float, shape (n,)
        IT power. [W]
    facility_w : ndarray of float, shape (n,)
        Facility power with the base load. [W]
    services_w : ndarray of float, shape (n,)
        IT power of its services. [W]
    unserved_j : float
        Load that it left unserved. [J]
    """

    it_w: Columns
    facility_w: Columns
    services_w: Columns
    unserved_j: float


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What a run did.

    Attributes
    ----------
    sites : tuple of SiteRan
        Of each site.
    held_gpus : ndarray of float, shape (C, n)
        Accelerators of each cluster that services held. [-]
    cluster_of : ndarray of int, shape (n_jobs,)
        Cluster of each job. [-]
    start_s, end_s : ndarray of float, shape (n_jobs,)
        When each job began and ended; nan where it did not. [s]
    done : ndarray of bool, shape (n_jobs,)
        Whether it ran to its end.
    energy_j : ndarray of float, shape (n_jobs,)
        IT energy of its accelerators. [J]
    lost_s : ndarray of float, shape (n_jobs,)
        Work that was done again, in its own run time. [s]
    """

    sites: tuple[SiteRan, ...]
    held_gpus: Columns
    cluster_of: Indices
    start_s: Columns
    end_s: Columns
    done: NDArray[np.bool_]
    energy_j: Columns
    lost_s: Columns


class Replay:
    """A run as a problem to plan.

    Parameters
    ----------
    sites : sequence of Site
        The sites.
    jobs : JobTable
        All jobs of the run.
    ran : Ran
        What it did.
    freedom : Freedom
        What policies may do; what the run shows that they may is added.

    Attributes
    ----------
    freedom : Freedom
        The same.
    work_gpu_s : float
        Accelerator time of the work done, each job at its own gang and without a cap. [s]
    jobs : Deferrable
        The work that was done.
    gpus_free : ndarray of float, shape (C, n)
        Accelerators of each cluster that services left. [-]
    site_of : tuple of int
        Site of each cluster. [-]
    """

    def __init__(
        self, sites: Sequence[Site], jobs: JobTable, ran: Ran, freedom: Freedom
    ) -> None:
        self.sites, self._ran, self._grid = sites, ran, sites[0].grid
        clusters = [(number, one) for number, site in enumerate(sites) for one in site.clusters]
        self.site_of = tuple(number for number, _ in clusters)
        self._specs: tuple[ClusterSpec, ...] = tuple(one for _, one in clusters)
        total = np.array([one.gpus_count for one in self._specs], dtype=float).reshape(-1, 1)
        self.gpus_free = total - ran.held_gpus
        self.freedom = Freedom(
            cap=freedom.cap or self._was_capped(jobs),
            place=freedom.place or bool((ran.cluster_of != jobs.home_cluster).any()),
        )
        self._needs = [needs_on(jobs, one, may_cap=self.freedom.cap) for one in self._specs]
        work_s = self._work_s(jobs)
        self._gang = jobs.gpus_count.astype(float)
        self.work_gpu_s = float(work_s @ self._gang)
        self.jobs, self._rows = self._deferrable(jobs, work_s)

    def horizon(self, number: int, rates: Rates) -> Horizon:
        """Return what is to be planned at a site.

        Parameters
        ----------
        number : int
            The site. [-]
        rates : Rates
            What its flows cost.

        Returns
        -------
        Horizon
            On the run's own steps.
        """
        site, ran = self.sites[number], self._ran.sites[number]
        flexible, fixed_w = self._load(number)
        return Horizon(
            net_w=site.solar_w + site.wind_w - (ran.facility_w if flexible is None else fixed_w),
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
        clusters = np.flatnonzero(np.isin(self.site_of, group))
        rows = np.flatnonzero(np.isin(self.jobs.home, clusters))
        if not rows.size:
            return None
        some = self.jobs.of(rows)
        some = replace(
            some,
            home=np.searchsorted(clusters, some.home),
            it_ratio=some.it_ratio[:, clusters],
            gpus_per_w=some.gpus_per_w[:, clusters],
        )
        free = self.gpus_free[clusters].reshape(len(clusters), -1, steps_count).mean(axis=2)
        site_of = tuple(list(group).index(self.site_of[cluster]) for cluster in clusters)
        return as_work(some, self._grid.edges_s[::steps_count], site_of=site_of, gpus_free=free)

    def together(self) -> list[list[int]]:
        """Return the sites in groups that share work."""
        groups = [{number} for number in range(len(self.sites))]
        allowed = np.unique(~np.isnan(self.jobs.it_ratio), axis=0)
        for row in allowed:
            sites = {site for site, may in zip(self.site_of, row, strict=True) if may}
            touched = [group for group in groups if group & sites]
            groups = [group for group in groups if group not in touched]
            groups.append(set().union(*touched))
        return sorted(sorted(group) for group in groups if group)

    def _was_capped(self, jobs: JobTable) -> bool:
        """Return whether a job that ran to its end took less than it does without a cap."""
        ran, count = self._ran, len(jobs)
        if not count:
            return False
        plain = np.array([one.is_plain for one in jobs.profiles] or [True])
        of_job = plain[jobs.workload] if jobs.profiles else np.ones(count, dtype=np.bool_)
        for number, spec in enumerate(self._specs):
            here = ran.done & of_job & (ran.cluster_of == number)
            if here.any():
                needs = needs_on(jobs, spec, may_cap=False)
                least_j = (needs.energy_w * jobs.duration_s)[here]
                if (ran.energy_j[here] < least_j * (1.0 - _ROUNDING)).any():
                    return True
        return False

    def _work_s(self, jobs: JobTable) -> Columns:
        """Return the work done of each job, of those that did not end no more than was."""
        ran = self._ran
        plain = np.array([one.is_plain for one in jobs.profiles] or [True])
        of_job = plain[jobs.workload] if jobs.profiles else np.ones(len(jobs), dtype=np.bool_)
        energy_w = self._home("energy_w")
        part_s = ran.energy_j / np.where(energy_w > 0.0, energy_w, np.inf) - ran.lost_s
        part_s = np.where(of_job, np.clip(part_s * (1.0 - _ROUNDING), 0.0, jobs.duration_s), 0.0)
        return np.asarray(np.where(ran.done, jobs.duration_s, part_s))

    def _home(self, name: str) -> Columns:
        """Return a need of each job on the cluster where it ran."""
        cluster_of = self._ran.cluster_of
        if not self._needs:
            return np.zeros(len(cluster_of))
        columns = np.stack([getattr(needs, name) for needs in self._needs])
        return np.asarray(columns[cluster_of, np.arange(len(cluster_of))])

    def _deferrable(self, jobs: JobTable, work_s: Columns) -> tuple[Deferrable, Indices]:
        """Return the work that takes power, and which jobs it is of."""
        ran, end_s = self._ran, self._grid.duration_s
        power_w = self._home("power_w")
        rows = np.flatnonzero(power_w * work_s > 0.0)
        due_s = np.where(ran.done, np.fmax(jobs.deadline_s, ran.end_s), end_s)
        due_s = np.minimum(due_s, end_s)[rows]
        begin_s, energy_j = jobs.earliest_start_s[rows], (power_w * work_s)[rows]
        most_w = (power_w * self._home("speed"))[rows]
        allowed = self._allowed(jobs, rows)

        def over_power(name: str) -> Columns:
            columns = np.stack([getattr(needs, name)[rows] for needs in self._needs], axis=1)
            return np.asarray(columns / power_w[rows, None])

        nothing = np.zeros((0, len(self._specs)))
        return (
            Deferrable(
                begin_s=begin_s,
                due_s=due_s,
                energy_j=energy_j,
                power_w=np.maximum(most_w, energy_j / (due_s - begin_s)),
                home=ran.cluster_of[rows],
                it_ratio=np.where(allowed, over_power("power_w"), np.nan) if rows.size else nothing,
                gpus_per_w=over_power("gpus_count") if rows.size else nothing,
            ),
            rows,
        )

    def _allowed(self, jobs: JobTable, rows: Indices) -> NDArray[np.bool_]:
        """Return on which clusters each of some jobs may run, shape (n, C)."""
        home = self._ran.cluster_of[rows, None] == np.arange(len(self._specs))
        if not self.freedom.place:
            return np.asarray(home)
        sizes = np.array([one.gpus_count for one in self._specs])
        fits = jobs.gpus_count[rows, None] <= sizes
        if jobs.profiles:
            stays = np.array([one.stays_home for one in jobs.profiles])[jobs.workload[rows]]
            fits &= ~stays[:, None]
        return np.asarray(home | fits)

    def _load(self, number: int) -> tuple[Flexible | None, Columns]:
        """Return how work adds to a site's load, and its load without any."""
        site, ran = self.sites[number], self._ran.sites[number]
        clusters = [cluster for cluster, home in enumerate(self.site_of) if home == number]
        idle_w = sum(
            (self._specs[cluster].idle_w * self.gpus_free[cluster] for cluster in clusters),
            start=np.zeros(self._grid.n_steps),
        )
        floor_w = site.standing_w + idle_w + ran.services_w - self._dips_w(number)
        floor_w = np.minimum(floor_w, ran.it_w)
        curve = site.facility.total
        ratio = curve.ratio + 2.0 * curve.bend_per_w * floor_w
        fixed_w = site.base_load_w + curve.at_w(floor_w)
        above_w = ran.it_w - floor_w
        at_home = np.isin(self.jobs.home, clusters)
        may = ~np.isnan(self.jobs.it_ratio[:, clusters]).all(axis=1)
        spent_j = float(above_w.sum()) * self._grid.step_s
        waste_j = spent_j - float(self.jobs.energy_j[at_home].sum())
        waste_j = waste_j if waste_j > _ROUNDING * spent_j else 0.0
        if waste_j == 0.0 and not may.any():
            return None, fixed_w
        most_w = np.maximum(above_w, self._most_w(clusters, may))
        slope = ratio
        if curve.bend_per_w.any():
            shown = np.where(above_w > _ROUNDING * most_w.max(), above_w, np.inf)
            slope = np.maximum(ratio + curve.bend_per_w * most_w,
                               (ran.facility_w - fixed_w) / shown * (1.0 + _ROUNDING))
        return Flexible(ratio, curve.bend_per_w, slope, most_w, above_w, waste_j), fixed_w

    def _dips_w(self, number: int) -> Columns:
        """Return by how much jobs could draw less than idle accelerators while they ran."""
        ran = self._ran
        dip_w = self._home("dip_w")
        here = np.isin(ran.cluster_of, np.flatnonzero(np.array(self.site_of) == number))
        rows = np.flatnonzero((dip_w > 0.0) & here & ~np.isnan(ran.start_s))
        if not rows.size:
            return np.zeros(self._grid.n_steps)
        until_s = np.where(ran.done, ran.end_s, self._grid.duration_s)[rows]
        dips_j = ramps(ran.start_s[rows], until_s, dip_w[rows], self._grid.edges_s)
        return np.asarray(np.diff(dips_j) / self._grid.step_s)

    def _most_w(self, clusters: Sequence[int], may: NDArray[np.bool_]) -> Columns:
        """Return the most IT power above idle that work can take on some clusters at any time."""
        rows = self._rows[may]
        most_w = np.zeros(self._grid.n_steps)
        if not rows.size:
            return most_w
        for cluster in clusters:
            full_w = self._needs[cluster].full_w[rows]
            per_gpu_w = full_w / self._gang[rows]
            most_w += self.gpus_free[cluster] * float(per_gpu_w.max())
        return most_w
