"""Money and carbon of a run."""

import pandas as pd

from sim.datacenter.embodied import COMPONENTS
from sim.ledger.ledger import RunLog
from sim.ledger.matching import emission_cap
from sim.ledger.result import Metrics

_PER_STEP_SUMS = (
    "cost_energy_usd",
    "cost_demand_usd",
    "cost_fixed_usd",
    "cost_contracts_usd",
    "revenue_export_usd",
    "cost_carbon_usd",
    "cost_backup_usd",
    "revenue_response_usd",
    "cost_response_usd",
    "cost_total_usd",
    "carbon_operational_location_kg",
    "carbon_marginal_kg",
    "carbon_operational_market_kg",
    "carbon_embodied_kg",
)


def money_and_carbon(log: RunLog, steps: pd.DataFrame, energy: Metrics) -> Metrics:
    """Return sums of money and carbon; None where a price or an intensity is unknown."""
    found: Metrics = {name: float(steps[name].sum(skipna=False)) for name in _PER_STEP_SUMS}
    operational, embodied = found["carbon_operational_location_kg"], found["carbon_embodied_kg"]
    found["carbon_total_kg"] = (operational or 0.0) + (embodied or 0.0)
    found |= _embodied(log)
    if not any("grid" in site.parts for site in log.sites):
        found |= dict.fromkeys(("cost_demand_usd", "revenue_export_usd", "carbon_marginal_kg"))
        found["cost_fixed_usd"] = None
    held = [site.instruments for site in log.sites if site.instruments is not None]
    if not any(one.contracts or one.certificates_w for one in held):
        found["cost_contracts_usd"] = None
    return found | emission_cap(log, steps)


def _embodied(log: RunLog) -> Metrics:
    """Return embodied carbon by component; None of what no site has."""
    found: Metrics = {f"carbon_embodied_{name}_kg": None for name in COMPONENTS}
    for site in log.sites:
        for name, rate in site.embodied_kg_per_s.items():
            metric = f"carbon_embodied_{name}_kg"
            found[metric] = (found[metric] or 0.0) + rate * site.grid.duration_s
    if not any(site.embodied_kg_per_s for site in log.sites):
        found["carbon_embodied_kg"] = None
    return found
