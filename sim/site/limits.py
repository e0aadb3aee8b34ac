"""Limits of a site from its description: connection, backup, demand response."""

import numpy as np

from sim.energy.dispatch import Connection
from sim.grid.events import ResponseEvent
from sim.scenario.schema.grid import Grid
from sim.scenario.schema.resilience import Backup
from sim.units import HOUR_S, KW, KWH, USD_PER_KWH


def connection(spec: Grid | None, backup: Backup | None) -> Connection:
    """Return what stands behind the supply; an island has no grid to import or export through."""
    backup_w = backup.capacity_kw * KW if backup else 0.0
    least_w = backup_w * backup.min_load_fraction if backup else 0.0
    if spec is None:
        return Connection(0.0, 0.0, backup_w, least_w)
    import_kw, export_kw = spec.import_limit_kw, spec.export_limit_kw
    return Connection(
        np.inf if import_kw is None else import_kw * KW,
        np.inf if export_kw is None else export_kw * KW,
        backup_w,
        least_w,
    )


def fuel(spec: Backup | None) -> tuple[float, float]:
    """Return fuel cost [USD/J] and emissions [kgCO2e/J] of the backup generator's energy."""
    if spec is None:
        return 0.0, 0.0
    fuel_l_per_j = spec.fuel_l_per_kwh / KWH
    return fuel_l_per_j * spec.fuel_usd_per_l, fuel_l_per_j * spec.fuel_carbon_kg_per_l


def responses(spec: Grid | None, step_s: float) -> tuple[ResponseEvent, ...]:
    """Return the demand-response events on the run's steps."""
    return tuple(
        ResponseEvent(
            first=round(event.from_h * HOUR_S / step_s),
            end=round(event.to_h * HOUR_S / step_s),
            reduce_w=event.reduce_kw * KW,
            baseline_w=None if event.baseline_kw is None else event.baseline_kw * KW,
            payment_usd_per_j=event.payment_usd_per_kwh * USD_PER_KWH,
            penalty_usd_per_j=event.penalty_usd_per_kwh * USD_PER_KWH,
        )
        for event in (spec.demand_response if spec else ())
    )
