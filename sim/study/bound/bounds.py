"""How near each run came to the least cost and carbon that could have been reached.

The bound knows prices, intensities, sun, wind and the run's own work in advance. It stands in a
file of its own beside the run, so that it is computed once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any, Final

from sim.engine.simulation import Prepared, prepare
from sim.errors import BalanceError
from sim.ledger.result import Metrics
from sim.optimize.bound import run_bound
from sim.optimize.ran import Freedom
from sim.optimize.rates import Objective
from sim.optimize.replay import Replay
from sim.policy.build import build
from sim.scenario.load import LoadedScenario
from sim.scenario.schema.scenario import policy_label
from sim.scenario.variants import BASE
from sim.study.bound.freedom import freedom_of
from sim.study.bound.ran import JOB_COLUMNS, REACHED, SERVICE_COLUMNS, STEP_COLUMNS, ran_of
from sim.study.compare import write_comparison
from sim.study.disk import store
from sim.study.execute import Progress, finished_runs, home_of
from sim.units import HOUR_S, MINUTE_S
from sim.workload.generate import build_workload
from sim.workload.services import build_services

_ROUNDING: Final = 1e-6
_SAME_WORK: Final = 1e-3
_BOUNDS: Final[Mapping[Objective, str]] = {
    "cost_usd": "bound_cost_usd",
    "carbon_location_kg": "bound_carbon_kg",
}
_CAPTURED: Final[Mapping[Objective, str]] = {
    "cost_usd": "captured_cost_fraction",
    "carbon_location_kg": "captured_carbon_fraction",
}
_WORK: Final = ("unserved_kwh", "requests_served_count")
"""Metrics that tell, besides the work of jobs, whether two runs did the same."""


def add_bounds(
    loaded: Sequence[LoadedScenario],
    runs: Mapping[str, Sequence[Path]],
    *,
    out: Path,
    on_progress: Progress = lambda _name, _fraction: None,
) -> tuple[str, ...]:
    """Write the bound of each run beside it, where there is none yet, and compare again.

    Parameters
    ----------
    loaded : sequence of LoadedScenario
        A scenario's variants that have run.
    runs : mapping of str to sequence of Path
        Folders of their runs, by variant.
    out : Path
        Folder for outputs.
    on_progress : callable
        Is told the name of each bound and the fraction of it that is done.

    Returns
    -------
    tuple of str
        Why some runs have no bound.

    Raises
    ------
    BalanceError
        If a run reached less than its bound.
    """
    notes: list[str] = []
    for one in loaded:
        folders = runs.get(one.variant or BASE, ())
        seeds = [int(store.read_manifest(folder)["seed"]) for folder in folders]
        finished = finished_runs(one, out, seeds)
        if _write_bounds(one, folders, finished, on_progress):
            write_comparison(home_of(one, out), finished)
        notes += [store.read_bound_note(folder) for folder in folders]
    return tuple(dict.fromkeys(note for note in notes if note))


def bounds_of(replay: Replay) -> tuple[Metrics, str, dict[str, Any]]:
    """Return the bounds of a run.

    Parameters
    ----------
    replay : Replay
        The run as a problem to plan.

    Returns
    -------
    tuple of (dict, str, dict)
        ``bound_cost_usd`` and ``bound_carbon_kg`` (location-based, operational), None where what
        the run reached is unknown or has no bound; why not; what was planned.

    Raises
    ------
    BalanceError
        If the run reached less than a bound.
    """
    metrics, notes = dict.fromkeys(_BOUNDS.values()), []
    told: dict[str, Any] = {"work_gpu_h": replay.work_gpu_s / HOUR_S}
    for objective, name in _BOUNDS.items():
        reached = sum(site.reached[objective] for site in replay.ran.sites)
        if not isfinite(reached):
            continue
        try:
            bound = run_bound(replay, objective=objective)
        except ValueError as error:
            notes.append(f"no {name}: {error}")
            continue
        _check(name, reached, bound.value)
        metrics[name] = min(bound.value, reached)
        told |= {"step_min": bound.step_s / MINUTE_S, "classes_count": bound.classes_count}
    return metrics, " ".join(notes), told


def captured(run: Metrics, baseline: Metrics) -> Metrics:
    """Return how much of what could have been saved a run did save.

    Parameters
    ----------
    run : dict
        Its metrics and bounds, and ``work_gpu_h``.
    baseline : dict
        The same of the run that it is held against.

    Returns
    -------
    dict
        ``captured_cost_fraction`` and ``captured_carbon_fraction``: the saving against the baseline
        over that of the bound. None where the two did not do the same work, or there was nothing to
        save.
    """
    is_alike = all(_alike(run.get(name), baseline.get(name)) for name in ("work_gpu_h", *_WORK))
    found: Metrics = dict.fromkeys(_CAPTURED.values())
    for objective, name in _CAPTURED.items():
        reached, bound = run.get(REACHED[objective]), run.get(_BOUNDS[objective])
        before = baseline.get(REACHED[objective])
        if not is_alike or reached is None or bound is None or before is None:
            continue
        if before - bound > _ROUNDING * max(1.0, abs(before)):
            found[name] = (before - reached) / (before - bound)
    return found


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_WORK * max(abs(one), abs(other))


def _check(name: str, reached: float, bound: float) -> None:
    if bound > reached + _ROUNDING * max(1.0, abs(reached)):
        msg = f"the run reached {reached}, less than its {name} of {bound}."
        raise BalanceError(msg)


def _write_bounds(
    loaded: LoadedScenario,
    folders: Sequence[Path],
    finished: Sequence[Path],
    on_progress: Progress,
) -> bool:
    """Write what is missing; return whether anything was."""
    baselines = _baselines(loaded, finished)
    prepared = prepare(loaded)
    policies = [build(choice) for choice in loaded.spec.policies]
    written = False
    for folder in dict.fromkeys([*baselines.values(), *folders]):
        info = store.read_manifest(folder)
        seed = int(info["seed"])
        freedom = freedom_of(policies, prepared.sites(seed))
        baseline = baselines.get(seed)
        basis = asdict(freedom) | {"baseline": baseline.name if baseline else None}
        if basis.items() <= store.read_bound_basis(folder).items():
            continue
        name = f"bound, {info['policy']}, seed {seed}"
        on_progress(name, 0.0)
        metrics, note, told = bounds_of(_replay(prepared, folder, seed, freedom))
        metrics |= dict.fromkeys(_CAPTURED.values())
        store.write_bound(folder, metrics, note, basis | told)
        if baseline is not None:
            metrics |= captured(_known(folder), _known(baseline))
            store.write_bound(folder, metrics, note, basis | told)
        on_progress(name, 1.0)
        written = True
    return written


def _baselines(loaded: LoadedScenario, finished: Sequence[Path]) -> dict[int, Path]:
    """Return the finished run of the scenario's first policy, by seed."""
    first = policy_label(loaded.spec.policies[0])
    found = {}
    for folder in finished:
        info = store.read_manifest(folder)
        if info["policy"] == first:
            found[int(info["seed"])] = folder
    return found


def _known(folder: Path) -> Metrics:
    """Return a run's metrics with its bounds."""
    work = {"work_gpu_h": store.read_bound_basis(folder)["work_gpu_h"]}
    return store.read_metrics(folder) | store.read_bound(folder) | work


def _replay(prepared: Prepared, folder: Path, seed: int, freedom: Freedom) -> Replay:
    """Read a finished run back as a problem to plan."""
    loaded = prepared.loaded
    sites = prepared.sites(seed)
    jobs, _ = build_workload(loaded.spec, loaded.folder, seed)
    plans, _ = build_services(loaded.spec, loaded.folder, seed)
    ran = ran_of(
        sites,
        store.read_frame(folder / store.STEPS, list(STEP_COLUMNS)),
        store.read_frame(folder / store.JOBS, list(JOB_COLUMNS)),
        services=store.read_frame(folder / store.SERVICES, list(SERVICE_COLUMNS))
        if plans
        else None,
        cluster_of_service={plan.spec.name: plan.cluster for plan in plans},
    )
    return Replay(sites, jobs, ran, freedom)
