"""A run from beginning to end: prepare the sites, step the clock, close the books."""

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.asking import Asking
from sim.engine.cluster import Place, clusters_of
from sim.engine.controls import UNCONTROLLED, checked_controls, checked_setpoint
from sim.engine.elastic import Resizing
from sim.engine.forecasts import ForecastDesk
from sim.engine.kernel import STEP, Clock, Event
from sim.engine.lifecycle import Lifecycle
from sim.engine.migration import Migration
from sim.engine.model_runs import ModelRuns
from sim.engine.observation import LiveObservation
from sim.engine.runs import Runs
from sim.engine.services import services_of
from sim.engine.settlement import Settlement
from sim.engine.shedding import Shedding
from sim.engine.stretches import stretch_clusters
from sim.engine.transfers import Transfers
from sim.ledger.close import close_all_books
from sim.ledger.ledger import RunLog, turned_away
from sim.ledger.result import Run
from sim.policy.base import Controls, Roles, SiteView, does_nothing
from sim.policy.build import build, chosen_roles
from sim.policy.jobs_view import JobsView
from sim.registry import did_you_mean
from sim.scenario.load import LoadedScenario, load_scenario
from sim.scenario.schema.scenario import Policy, policy_label
from sim.site import Site, TimeGrid, build_sites, is_drawn
from sim.workload.generate import build_workload
from sim.workload.jobs import JobTable
from sim.workload.services import ServicePlan, build_services

Progress = Callable[[float], None]
"""Is told the fraction of a run that is done, 0..1."""

_REPORTS = 200


class Prepared:
    """A scenario with its sites built: all that its runs have in common.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario and where its files are.
    """

    def __init__(self, loaded: LoadedScenario) -> None:
        self.loaded = loaded
        self._grid = TimeGrid.of(loaded.spec)
        self._drawn = is_drawn(loaded.spec)
        self._sites: dict[int, tuple[Site, ...]] = {}

    def sites(self, seed: int) -> tuple[Site, ...]:
        """Return the sites as a seed draws them; without anything to draw, always the same."""
        key = seed if self._drawn else 0
        if key not in self._sites:
            self._sites.clear()  # a year of sites takes room; runs of a seed follow each other
            spec, folder = self.loaded.spec, self.loaded.folder
            self._sites[key] = build_sites(spec, folder, self._grid, seed=seed)
        return self._sites[key]


def prepare(loaded: LoadedScenario) -> Prepared:
    """Build the sites of a scenario, and try its workload, so that bad input stops here.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.

    Returns
    -------
    Prepared
        What all its runs have in common.

    Raises
    ------
    DataError
        If a data file has mistakes.
    """
    prepared = Prepared(loaded)
    prepared.sites(loaded.spec.seeds[0])
    build_workload(loaded.spec, loaded.folder, loaded.spec.seeds[0])
    build_services(loaded.spec, loaded.folder, loaded.spec.seeds[0])
    return prepared


def simulate(
    scenario: str | Path,
    *,
    policy: str | None = None,
    seed: int | None = None,
    variant: str | None = None,
) -> Run:
    """Run one policy of a scenario and return the result; nothing is written.

    Parameters
    ----------
    scenario : str or Path
        Scenario file, or the name of a built-in scenario.
    policy : str or None
        Name of one of its policies; None takes the first.
    seed : int or None
        Seed of the random streams; None takes the scenario's first. [-]
    variant : str or None
        Name of one of its variants; None takes the scenario itself.

    Returns
    -------
    Run
        Metrics, steps and jobs.

    Raises
    ------
    ValueError
        If the scenario has no such policy.
    """
    loaded = load_scenario(scenario, variant=variant)
    by_name = {policy_label(choice): choice for choice in loaded.spec.policies}
    name = next(iter(by_name)) if policy is None else policy
    if name not in by_name:
        msg = f"{loaded.path} has no policy {name}.{did_you_mean(name, by_name)}"
        raise ValueError(msg)
    return run(prepare(loaded), by_name[name], loaded.spec.seeds[0] if seed is None else seed)


def run(
    prepared: Prepared, policy: str | Policy, seed: int, *, on_progress: Progress | None = None
) -> Run:
    """Run one policy with one seed.

    Parameters
    ----------
    prepared : Prepared
        The scenario with its sites.
    policy : str or Policy
        One of its policies, or any other.
    seed : int
        Seed of the random streams. [-]
    on_progress : callable or None
        Is told the fraction done, 0..1.

    Returns
    -------
    Run
        Metrics, steps and jobs.

    Raises
    ------
    PolicyError
        If the policy breaks its contract.
    BalanceError
        If energy, money or carbon does not add up.
    """
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    spec = prepared.loaded.spec
    jobs, notes = build_workload(spec, prepared.loaded.folder, seed)
    services, said = build_services(spec, prepared.loaded.folder, seed)
    notes += said
    sites = prepared.sites(seed)
    overrides = [site.forecast for site in spec.sites]
    desk = ForecastDesk(spec.forecast, sites, overrides=overrides, seed=seed)
    roles = build(policy)
    log = Simulation(
        sites, jobs, roles, desk=desk, services=services, on_progress=on_progress
    ).run()
    # Clock, events and handlers refer to each other: what a million jobs took must be gone by now.
    gc.collect()
    books = close_all_books(log, [profile.name for profile in jobs.profiles])
    metrics = books.metrics | desk.metrics()
    notes += [note for site in sites for note in site.warnings]
    notes += turned_away(log)
    notes += desk.notes()
    info: dict[str, Any] = {
        "scenario": spec.name,
        "policy": roles.name,
        "roles": chosen_roles(policy),
        "seed": seed,
        "start": spec.start.isoformat(),
        "duration_h": spec.duration_h,
        "step_min": spec.step_min,
        "timezones": {site.name: site.tariff.timezone for site in sites if site.tariff},
        "forecasts": desk.report(),
        "services": {plan.spec.name: plan.spec.slo.model_dump() for plan in services},
        "warnings": notes,
        "cpu_s": time.process_time() - cpu_s,
        "wall_s": time.perf_counter() - wall_s,
    }
    return Run(
        spec.name, roles.name, seed, metrics, books.steps, books.jobs, info, books.services,
        books.stretches, desk.issued(),
    )


class Simulation:
    """One run on one clock.

    Parameters
    ----------
    sites : tuple of Site
        The sites.
    jobs : JobTable
        All jobs of the run.
    roles : Roles
        The policy.
    desk : ForecastDesk
        Issues forecasts.
    services : sequence of ServicePlan
        The services.
    on_progress : callable or None
        Is told the fraction done, 0..1.
    """

    def __init__(
        self,
        sites: tuple[Site, ...],
        jobs: JobTable,
        roles: Roles,
        *,
        desk: ForecastDesk,
        services: Sequence[ServicePlan] = (),
        on_progress: Progress | None = None,
    ) -> None:
        self._sites = sites
        self._jobs = jobs
        self._asking = Asking(roles, desk, len(jobs))
        self._roles = self._asking.roles
        self._desk = desk
        self._power = None if does_nothing(roles.power) else self._roles.power
        self._on_progress = on_progress
        self._grid = sites[0].grid
        self._clock = Clock()
        self._settlements = [Settlement(index, site) for index, site in enumerate(sites)]
        places = [settlement.place for settlement in self._settlements]
        clusters = clusters_of(sites, places)
        plain = all(profile.is_plain for profile in jobs.profiles)
        self._runs = (Runs if plain else ModelRuns)(self._clock, jobs, clusters)
        transfers = (
            Transfers(self._clock, jobs, sites, stretches=self._runs.stretches)
            if any(profile.data_bytes or profile.checkpoint_bytes for profile in jobs.profiles)
            else None
        )
        self._life = Lifecycle(self._clock, jobs, clusters, self._runs, transfers=transfers)
        self._resizing = (
            Resizing(jobs, clusters, runs=self._runs, life=self._life)
            if isinstance(self._runs, ModelRuns)
            else None
        )
        self._obs = LiveObservation(
            self._clock,
            places=places,
            clusters=clusters,
            desk=desk,
            grid=self._grid,
        )
        self._obs.follow(JobsView(jobs, self._life.arrived), self._runs)
        self._services = services_of(services, places, clusters)
        for place, here in zip(places, self._services, strict=True):
            place.services = tuple(here)
        migrate = getattr(self._roles.place, "migrate", None)
        self._migration = (
            None
            if migrate is None
            else Migration(
                migrate, clusters, runs=self._runs, life=self._life, transfers=transfers,
                policy=roles.name,
            )
        )
        self._shedding = [
            Shedding(
                place,
                [cluster for cluster in clusters if cluster.place is place],
                runs=self._runs,
                life=self._life,
                services=self._services[place.index],
            )
            for place in places
        ]
        self._on_step = (self._step,)
        self._on_issue = (self._issue,)

    def run(self) -> RunLog:
        """Run to the end and return what happened."""
        end_s = self._grid.duration_s
        self._life.begin(self._obs, self._roles)
        self._clock.call_at(0.0, STEP, self._on_step)
        if getattr(self._roles.shift, "replans", False) and len(self._desk.issues_s) > 1:
            first_s = float(self._desk.issues_s[1])
            self._clock.call_at(first_s, STEP, self._on_issue, 1)
        self._clock.run(until=self._clock.stop_at(end_s))
        return self._log(end_s)

    def _step(self, event: Event) -> None:
        """Settle the step that ends now, then let the policy decide for the one that begins."""
        step = event.job
        if step:
            for settlement in self._settlements:
                settlement.settle(step - 1)
        if step == self._grid.n_steps:
            return
        sizes = self._decide(step)
        if self._resizing is not None:
            self._resizing.adjust(self._clock.now, sizes)
        if self._migration is not None:
            self._migration.begin(self._obs, float(self._clock.now))
        self._clock.call_at((step + 1) * self._grid.step_s, STEP, self._on_step, step + 1)
        if self._on_progress and step % max(1, self._grid.n_steps // _REPORTS) == 0:
            self._on_progress(step / self._grid.n_steps)

    def _decide(self, step: int) -> dict[int, Mapping[int, int]]:
        """Let the policy decide on storage, power and services; return the sizes it wants."""
        storage, sizes = self._roles.storage, {}
        for settlement, view in zip(self._settlements, self._obs.sites, strict=True):
            settlement.place.begin_step(step)
            services, now_s = self._services[view.index], float(self._clock.now)
            controls = self._controls(settlement.place, view)
            freed = services.begin(step, now_s, controls.replicas)
            if settlement.place.battery is not None:
                settlement.setpoint = checked_setpoint(
                    storage.setpoint(self._obs, view), view.name, where=self._where
                )
            wanted_w = math.inf
            if controls.import_w < math.inf:
                wanted_w = settlement.it_budget_w(step, import_w=controls.import_w)
            self._shedding[view.index].hold(
                settlement.it_budget_w(step), controls.cap_fraction or 1.0, now_s, wanted_w=wanted_w
            )
            services.serve(now_s)
            for cluster in freed:
                self._life.retry(cluster, now_s)
            if controls.sizes is not None:
                sizes[view.index] = controls.sizes
        return sizes

    def _controls(self, place: Place, view: SiteView) -> Controls:
        """Return what the power policy wants of a site in the step that begins."""
        if self._power is None:
            return UNCONTROLLED
        answer = self._power.set(self._obs, view)
        return checked_controls(answer, place, self._runs, where=self._where)

    def _where(self) -> str:
        """Policy and time, for messages."""
        return f"policy {self._roles.name} at {self._clock.now} s"

    def _issue(self, event: Event) -> None:
        """Let the shift policy plan again at a new forecast."""
        self._life.replan()
        following = event.job + 1
        if following < len(self._desk.issues_s):
            issue_s = float(self._desk.issues_s[following])
            self._clock.call_at(issue_s, STEP, self._on_issue, following)

    def _log(self, end_s: float) -> RunLog:
        runs = self._runs
        done, setbacks = runs.stretches.done(), runs.setbacks(end_s)
        segments = runs.segments(end_s)
        return RunLog(
            jobs=self._jobs,
            cluster_of=np.asarray(runs.cluster_of, dtype=np.int64),
            suspensions_count=_counts(runs.suspensions, len(done)),
            done=done,
            segment_job=segments.job,
            segment_start_s=segments.start_s,
            segment_end_s=segments.end_s,
            segment_power_w=segments.power_w,
            segment_gpus_count=segments.gpus_count,
            setbacks=setbacks,
            sites=self._sites,
            records=tuple(settlement.record() for settlement in self._settlements),
            wear=tuple(settlement.wear() for settlement in self._settlements),
            services=tuple(log for services in self._services for log in services.logs()),
            decisions=self._asking.decisions(),
            segment_cluster=(
                stretch_clusters(segments, runs.cluster_of, runs.moves) if runs.moves else None
            ),
            rejected=self._life.rejected,
        )


def _counts(counts: dict[int, int], n_jobs: int) -> NDArray[np.int64]:
    """Return a count for each job; most have none."""
    column = np.zeros(n_jobs, dtype=np.int64)
    column[list(counts)] = list(counts.values())
    return column
