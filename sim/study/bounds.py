"""How much of what storage could have saved did each policy save: runs against a lower bound.

The bound knows prices, sun, wind and the run's own load in advance. It stands in a file of its own
beside the run, so that it is computed once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from sim.datacenter.facility import Facility
from sim.engine.settlement import Settlement
from sim.engine.simulation import prepare
from sim.errors import BalanceError
from sim.ledger.accounting import account
from sim.ledger.answer import answered
from sim.ledger.result import Metrics
from sim.optimize.bound import storage_bound
from sim.optimize.horizon import Columns
from sim.scenario.load import LoadedScenario
from sim.scenario.variants import BASE
from sim.site import Site
from sim.study import store
from sim.study.compare import write_comparison
from sim.study.execute import Progress, finished_runs, home_of
from sim.units import HOUR_S, KW, KWH

_COLUMNS: Final = ("site", "facility_kw", "unserved_kw", "cost_total_usd")
_ROUNDING: Final = 1e-6
_UNKNOWN: Final[Metrics] = {
    "cost_bound_usd": None,
    "cost_idle_battery_usd": None,
    "storage_saving_captured_fraction": None,
}


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
    """
    notes = []
    for one in loaded:
        folders = runs.get(one.variant or BASE, ())
        due = [folder for folder in folders if not (folder / store.BOUND).is_file()]
        if due:
            _write_bounds(one, due, on_progress)
            seeds = [int(store.read_manifest(folder)["seed"]) for folder in folders]
            write_comparison(home_of(one, out), finished_runs(one, out, seeds))
        notes += [store.read_bound_note(folder) for folder in folders]
    return tuple(dict.fromkeys(note for note in notes if note))


def storage_metrics(sites: Sequence[Site], steps: pd.DataFrame) -> Metrics:
    """Hold what a run cost against an idle battery and against the best use of it.

    Parameters
    ----------
    sites : sequence of Site
        The sites of the run.
    steps : DataFrame
        Its steps: site, facility_kw, unserved_kw, cost_total_usd.

    Returns
    -------
    dict
        ``cost_bound_usd``: least cost that any storage policy could have reached with the loads of
        this run; ``cost_idle_battery_usd``: cost of these loads with idle batteries;
        ``storage_saving_captured_fraction``: the saving against the latter over that of the bound.
        All None without a battery that has a grid, or if the cost of the run is unknown; the share
        also where nothing could be saved, or idle batteries serve more or less of the load.

    Raises
    ------
    ValueError
        If a site's cost has no bound; the message says why.
    BalanceError
        If a run cost less than its bound.
    """
    may_trade = any(_may_trade(site) for site in sites)
    reached_usd = float(steps["cost_total_usd"].sum(skipna=False))
    if not may_trade or not np.isfinite(reached_usd):
        return dict(_UNKNOWN)
    bound_usd = idle_usd = 0.0
    is_alike = True
    for site in sites:
        rows = steps[steps["site"] == site.name]
        load_w = rows["facility_kw"].to_numpy(dtype=float) * KW
        unserved_kwh = float(rows["unserved_kw"].sum()) * site.grid.step_s / HOUR_S
        usd, idle_kwh = _with_idle_battery(site, load_w)
        idle_usd += usd
        if site.battery is not None:
            usd = storage_bound(site, load_w, unserved_j=unserved_kwh * KWH).value
        bound_usd += usd
        is_alike &= abs(idle_kwh - unserved_kwh) <= _ROUNDING * (1.0 + unserved_kwh)
    _check(reached_usd, bound_usd)
    could_save = idle_usd - bound_usd
    known = is_alike and could_save > _ROUNDING * max(1.0, abs(idle_usd))
    return {
        "cost_bound_usd": bound_usd,
        "cost_idle_battery_usd": idle_usd,
        "storage_saving_captured_fraction": (
            (idle_usd - reached_usd) / could_save if known else None
        ),
    }


def _may_trade(site: Site) -> bool:
    limits = site.connection
    return site.battery is not None and max(limits.import_limit_w, limits.export_limit_w) > 0.0


def _with_idle_battery(site: Site, load_w: Columns) -> tuple[float, float]:
    """Settle a load once more with the battery idle; return cost and unserved energy [kWh]."""
    loaded = replace(
        site,
        base_load_w=load_w,
        clusters=(),
        storage_w=0.0,
        network_w=0.0,
        facility=Facility.of_pue(1.0, len(load_w)),
    )
    settlement = Settlement(0, loaded)
    settlement.setpoint = (0.0, 0.0)
    for step in range(site.grid.n_steps):
        settlement.place.begin_step(step)
        settlement.settle(step)
    record = settlement.record()
    priced, _ = answered(loaded, record)
    cost_usd = float(account(priced, record).cost_total_usd.sum())
    return cost_usd, float(record.unserved_w.sum()) * site.grid.step_s / KWH


def _check(reached_usd: float, bound_usd: float) -> None:
    if bound_usd > reached_usd + _ROUNDING * max(1.0, abs(reached_usd)):
        msg = f"the run cost {reached_usd} USD, less than its lower bound of {bound_usd} USD."
        raise BalanceError(msg)


def _write_bounds(
    loaded: LoadedScenario, folders: Sequence[Path], on_progress: Progress
) -> None:
    prepared = prepare(loaded)
    for folder in folders:
        info = store.read_manifest(folder)
        seed = int(info["seed"])
        name = f"bound, {info['policy']}, seed {seed}"
        on_progress(name, 0.0)
        steps = store.read_frame(folder / store.STEPS, list(_COLUMNS))
        metrics, note = dict(_UNKNOWN), ""
        try:
            metrics = storage_metrics(prepared.sites(seed), steps)
        except ValueError as error:
            note = f"no storage bound: {error}"
        store.write_bound(folder, metrics, note)
        on_progress(name, 1.0)
