"""Services in a run: replicas hold accelerators, serve a step's requests, and come and go.

At the beginning of a step each service counts the replicas that have loaded, asks how many there
are to be, takes free accelerators or gives some back, and serves the step's requests: the power
that takes is drawn evenly over the step. Running jobs are never stopped for it. Where a site's
power is short, first its accelerators are capped, then jobs make way, then replicas stand idle.
"""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from sim.engine.cluster import Cluster, Place
from sim.ledger.services import ServiceLog
from sim.workload.fluid import Fluid, FluidLog, Use
from sim.workload.quality import fluid_quality, mean_batch, requests_quality
from sim.workload.replica import Replica, make_replica
from sim.workload.requests import Pool
from sim.workload.scaling import Scaling, target_replicas
from sim.workload.services import ServicePlan

_CAP_DIGITS: Final = 3
"""Caps are told apart to this many digits, so that few kinds of replica are worked out."""

_ROUNDING: Final = 1.0 + 1e-9


class Service:
    """One service on its cluster.

    Parameters
    ----------
    plan : ServicePlan
        The service.
    cluster : Cluster
        Where it runs.
    first_cluster : int
        Number of the first cluster of its site. [-]

    Attributes
    ----------
    power_w : float
        IT power of its accelerators at this moment. [W]
    name : str
        Its name.
    bounds : tuple of int
        Fewest and most replicas. [-]
    """

    def __init__(self, plan: ServicePlan, cluster: Cluster, first_cluster: int) -> None:
        self._plan = plan
        self.cluster = cluster
        self._number = cluster.index - first_cluster
        self._replicas: dict[float, Replica] = {}
        self._step_s = plan.demand.steps.step_s
        self._fluid = Fluid(plan.demand, self._replica)
        requests = plan.demand.requests if plan.spec.mode == "requests" else None
        self._pool = None if requests is None else Pool(requests, self._replica(1.0))
        self._scaling = Scaling(
            plan.spec.autoscaling,
            plan.spec.least_replicas,
            plan.spec.most_replicas,
            self._step_s,
        )
        self._gpus = plan.spec.gpus_per_replica
        self._idle_w = self._gpus * cluster.power.idle_resident_w
        self._ready = self._active = self._held = 0
        self._loading: list[tuple[float, int]] = []
        self._loading_count = 0
        self.name = plan.spec.name
        self.bounds = plan.spec.least_replicas, plan.spec.most_replicas
        self._wanted, self._pool_cap, self._cap_fraction = 0.0, 1.0, 1.0
        self._use = Use(0.0, 0.0, 0.0, 0.0, 0.0)
        self._rows = array("d")
        self.power_w = 0.0

    @property
    def load(self) -> float:
        """Replicas that the last step's requests and backlog would have kept busy. [-]."""
        return self._wanted

    @property
    def present(self) -> int:
        """Replicas that serve or load. [-]."""
        return self._ready + self._loading_count

    def begin(self, step: int, now_s: float, replicas_count: int | None = None) -> bool:
        """Count, take or give back replicas, and draw what the step's requests need.

        Parameters
        ----------
        step : int
            Number of the step. [-]
        now_s : float
            Its start. [s]
        replicas_count : int or None
            Replicas that a policy wants; None: the service's own rule says. [-]

        Returns
        -------
        bool
            Whether accelerators came free.
        """
        present = self._ready + self._loading_count
        while self._loading and self._loading[0][0] <= now_s:
            count = self._loading.pop(0)[1]
            self._ready += count
            self._loading_count -= count
        wanted = self._plan.spec.least_replicas
        if replicas_count is not None:
            wanted = replicas_count
        elif step:
            wanted = target_replicas(self._scaling, self._wanted, present)
        if wanted > present:
            self._add(wanted - present, now_s, load_s=self._plan.load_s if step else 0.0)
        elif wanted < present:
            self._remove(present - wanted)
        self._active = self._ready
        if self._pool is not None:  # more are opened when it is clear that there is power
            self._pool.resize(min(self._ready, self._pool.open_count), now_s)
        freed = self._give_back(now_s)
        self._fluid.offer(step)
        self.recap(now_s)
        return freed

    def drawn_w(self, cap_fraction: float) -> float:
        """Return the IT power of its accelerators in this step under a cap. [W]."""
        use = self._fluid.use(self._active, round(cap_fraction, _CAP_DIGITS))
        return use.power_w + (self._held - self._active) * self._idle_w

    def recap(self, now_s: float) -> None:
        """Go on under the cluster's present cap."""
        self._cap_fraction = round(self.cluster.cap_fraction, _CAP_DIGITS)
        self._use = self._fluid.use(self._active, self._cap_fraction)
        self._draw(self._use.power_w + (self._held - self._active) * self._idle_w, now_s)

    def idle_one(self, now_s: float) -> bool:
        """Let one more replica stand idle in this step; return whether there was one."""
        if not self._active:
            return False
        self._active -= 1
        self.recap(now_s)
        return True

    def serve(self, now_s: float) -> None:
        """Serve the step's requests, now that caps and replicas are settled."""
        self._wanted = self._use.wanted_s / self._step_s
        self._fluid.serve(self._use)
        batch = math.nan
        if self._pool is not None:
            power_w, batch = self._serve_each(self._pool, now_s)
            self._draw(power_w, now_s)
        self._rows.extend(
            (
                self._active,
                self._loading_count,
                self._held * self._gpus,
                self._cap_fraction,
                *self._use,
                self.power_w,
                batch,
            )
        )

    def log(self) -> ServiceLog:
        """Return what the service did."""
        columns = np.ascontiguousarray(np.asarray(self._rows).reshape(-1, _COLUMNS).T)
        ready, loading, gpus, cap, _, served, reading, load, _, power_w, batch = columns
        spec, demand = self._plan.spec, self._plan.demand
        done = FluidLog(ready, cap, served, reading, load)
        if self._pool is None:
            batch = mean_batch(self._fluid, done)
            quality = fluid_quality(self._fluid, done, spec.slo, network_s=self._plan.network_s)
        else:
            quality = requests_quality(
                demand, self._pool.served(), spec.slo, network_s=self._plan.network_s
            )
        return ServiceLog(
            name=spec.name,
            site=self._plan.site,
            cluster=self._number,
            gpus_held=gpus,
            replicas_ready=ready,
            replicas_loading=loading,
            power_w=power_w,
            batch=batch,
            utilization_fraction=done.utilization_fraction,
            quality=quality,
            target_fraction=spec.slo.target_fraction,
        )

    def _replica(self, cap_fraction: float) -> Replica:
        replica = self._replicas.get(cap_fraction)
        if replica is None:
            plan = self._plan
            replica = self._replicas[cap_fraction] = make_replica(
                plan.curve,
                self.cluster.power,
                max_batch=plan.max_batch,
                prompt_tokens=float(plan.demand.lengths.prompt_tokens.mean()),
                cap_fraction=cap_fraction,
            )
        return replica

    def _draw(self, power_w: float, now_s: float) -> None:
        self.cluster.place.change_power(now_s, power_w - self.power_w)
        self.power_w = power_w

    def _add(self, count: int, now_s: float, *, load_s: float) -> None:
        """Take free accelerators for further replicas, as far as there are any."""
        cluster = self.cluster
        count = min(count, cluster.spare // self._gpus)
        if count <= 0:
            return
        cluster.free -= count * self._gpus
        cluster.place.change_power(now_s, -count * self._gpus * cluster.idle_w)
        self._held += count
        if load_s > 0.0:
            self._loading.append((now_s + load_s, count))
            self._loading_count += count
        else:
            self._ready += count

    def _remove(self, count: int) -> None:
        """Let go of replicas, the last to load first."""
        while count and self._loading:
            ready_s, loading = self._loading.pop()
            gone = min(count, loading)
            if loading > gone:
                self._loading.append((ready_s, loading - gone))
            self._loading_count -= gone
            count -= gone
        self._ready -= count

    def _give_back(self, now_s: float) -> bool:
        """Give back the accelerators of replicas that are gone and have nothing left to do."""
        serving = self._ready
        if self._pool is not None:
            serving = max(serving, self._pool.held_count)
        held = serving + self._loading_count
        if held == self._held:
            return False
        freed, self._held = (self._held - held) * self._gpus, held
        self.cluster.free += freed
        self.cluster.place.change_power(now_s, freed * self.cluster.idle_w)
        return True

    def _serve_each(self, pool: Pool, now_s: float) -> tuple[float, float]:
        """Serve the step's requests one by one; return mean power [W] and batch."""
        pool.resize(self._active, now_s)
        if self._cap_fraction != self._pool_cap:
            self._pool_cap = self._cap_fraction
            pool.recap(self._replica(self._cap_fraction), now_s)
        idle = self._held - pool.held_count
        use = pool.advance(now_s + self._step_s)
        batch = use.batch_s / use.decoding_s if use.decoding_s > 0.0 else math.nan
        return use.energy_j / self._step_s + idle * self._idle_w, batch


_COLUMNS: Final = 11


class Services:
    """The services of one site.

    Parameters
    ----------
    place : Place
        The site.
    services : sequence of Service
        Its services.
    """

    def __init__(self, place: Place, services: Sequence[Service]) -> None:
        self._place = place
        self._services = services

    @property
    def power_w(self) -> float:
        """IT power of all of them at this moment. [W]."""
        return sum(service.power_w for service in self._services)

    def __iter__(self) -> Iterator[Service]:
        """Give one service after the other."""
        return iter(self._services)

    def begin(self, step: int, now_s: float, replicas: Mapping[str, int]) -> list[Cluster]:
        """Begin a step; return the clusters on which accelerators came free.

        Parameters
        ----------
        step : int
            Number of the step. [-]
        now_s : float
            Its start. [s]
        replicas : mapping of str to int
            Replicas that a policy wants, by the names of the services; others follow their own
            rule. [-]

        Returns
        -------
        list of Cluster
            The clusters.
        """
        return [
            one.cluster
            for one in self._services
            if one.begin(step, now_s, replicas.get(one.name))
        ]

    def drawn_w(self, cap_fraction: float) -> float:
        """Return the IT power of all of them in this step under a cap of the site. [W]."""
        return sum(
            one.drawn_w(min(cap_fraction, one.cluster.rack_cap_fraction)) for one in self._services
        )

    def recap(self, now_s: float) -> None:
        """Go on under the site's present cap."""
        for service in self._services:
            service.recap(now_s)

    def stand_idle(self, budget_w: float, now_s: float) -> None:
        """Let replicas stand idle, the last service's first, until the site keeps to its budget."""
        for service in reversed(self._services):
            while self._place.it_power_w > budget_w * _ROUNDING and service.idle_one(now_s):
                pass

    def serve(self, now_s: float) -> None:
        """Serve the step's requests."""
        for service in self._services:
            service.serve(now_s)

    def logs(self) -> list[ServiceLog]:
        """Return what each of them did."""
        return [service.log() for service in self._services]


def services_of(
    plans: Sequence[ServicePlan], places: Sequence[Place], clusters: Sequence[Cluster]
) -> list[Services]:
    """Return the services of each site.

    Parameters
    ----------
    plans : sequence of ServicePlan
        All services of the run.
    places : sequence of Place
        The sites.
    clusters : sequence of Cluster
        All clusters, by number.

    Returns
    -------
    list of Services
        By site.
    """
    first = [next((c.index for c in clusters if c.place is place), 0) for place in places]
    return [
        Services(
            place,
            [
                Service(plan, clusters[plan.cluster], first[place.index])
                for plan in plans
                if plan.site == place.index
            ],
        )
        for place in places
    ]
