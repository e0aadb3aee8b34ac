"""What a run has cost its batteries."""

import math

from sim.ledger.ledger import RunLog
from sim.ledger.result import Metrics


def wear_metrics(log: RunLog) -> Metrics:
    """Return the wear of all batteries whose cells age, together; None where none does.

    Parameters
    ----------
    log : RunLog
        What happened.

    Returns
    -------
    dict
        Cost, fade by cause, capacity left, and replacements; shares are weighted by capacity.
    """
    worn = [
        (site.battery.capacity_j, report, record)
        for site, report, record in zip(log.sites, log.wear, log.records, strict=True)
        if site.battery is not None and report is not None
    ]
    if not worn:
        return dict.fromkeys(NAMES)
    whole_j = sum(capacity_j for capacity_j, _, _ in worn)
    fractions = ("calendar_fade_fraction", "cycle_fade_fraction", "capacity_end_fraction")
    found: Metrics = {
        f"battery_{name}": math.fsum(size_j * getattr(report, name) for size_j, report, _ in worn)
        / whole_j
        for name in fractions
    }
    return found | {
        "battery_replacements_count": sum(report.replacements_count for _, report, _ in worn),
        "cost_battery_wear_usd": float(sum(record.wear_usd.sum() for _, _, record in worn)),
    }


NAMES = (
    "battery_calendar_fade_fraction",
    "battery_cycle_fade_fraction",
    "battery_capacity_end_fraction",
    "battery_replacements_count",
    "cost_battery_wear_usd",
)
"""Names of the metrics of wear."""
