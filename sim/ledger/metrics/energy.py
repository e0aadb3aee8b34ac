"""Energy flows of a run, and the shares made of them."""

import pandas as pd

from sim.ledger.ledger import RunLog
from sim.ledger.matching import matching
from sim.ledger.metrics.ratios import ratio
from sim.ledger.result import Metrics
from sim.units import HOUR_S


def energy(log: RunLog, steps: pd.DataFrame) -> Metrics:
    """Return sums of energy flows and the shares made of them."""
    hours = log.sites[0].grid.step_s / HOUR_S
    total = {name: float(steps[f"{name}_kw"].sum()) * hours for name in _FLOWS}
    parts = frozenset().union(*(site.parts for site in log.sites))
    generated = total["solar"] + total["wind"]
    used = generated - total["grid_export"] - total["curtailed"]
    served = total["facility"] - total["unserved"] - total["backup"]
    has_supply = generated > 0.0
    peak = steps.groupby("time", sort=False)["grid_import_kw"].sum().max()
    return {
        "energy_facility_kwh": total["facility"],
        "energy_base_load_kwh": total["base_load"],
        "solar_generated_kwh": total["solar"] if "solar" in parts else None,
        "wind_generated_kwh": total["wind"] if "wind" in parts else None,
        "curtailed_kwh": total["curtailed"],
        "unserved_kwh": total["unserved"],
        "backup_generated_kwh": total["backup"] if "backup" in parts else None,
        "battery_charge_kwh": total["battery_charge"] if "battery" in parts else None,
        "battery_discharge_kwh": total["battery_discharge"] if "battery" in parts else None,
        "battery_equivalent_full_cycles": _full_cycles(log),
        "grid_import_kwh": total["grid_import"],
        "grid_export_kwh": total["grid_export"],
        "peak_import_kw": float(peak),
        "renewable_fraction": ratio(used, total["facility"]) if has_supply else None,
        "self_consumption_fraction": ratio(used, generated),
        "self_sufficiency_fraction": ratio(
            max(0.0, served - total["grid_import"]), total["facility"]
        ),
    } | matching(log, steps)


_FLOWS = (
    "base_load",
    "facility",
    "solar",
    "wind",
    "battery_charge",
    "battery_discharge",
    "grid_import",
    "grid_export",
    "curtailed",
    "unserved",
    "backup",
)


def _full_cycles(log: RunLog) -> float | None:
    """Return energy drawn from the cells over their capacity, over all batteries."""
    drawn_j = capacity_j = 0.0
    for site, record in zip(log.sites, log.records, strict=True):
        if site.battery is not None:
            out_j = float(record.discharge_w.sum()) * site.grid.step_s
            drawn_j += out_j / site.battery.discharge_efficiency
            capacity_j += site.battery.capacity_j
    return ratio(drawn_j, capacity_j)
