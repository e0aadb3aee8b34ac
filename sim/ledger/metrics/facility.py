"""Energy by cause, and how much a facility adds to its IT energy."""


from sim.ledger.ledger import RunLog
from sim.ledger.metrics.ratios import ratio
from sim.ledger.result import Metrics
from sim.units import HOUR_S, KWH


def facility(log: RunLog, energy: Metrics) -> Metrics:
    """Return energy by cause and the facility's ratios."""
    sums = {"it": 0.0, "cooling": 0.0, "conversion": 0.0, "overhead": 0.0}
    modelled = all("cooling" in site.parts for site in log.sites if site.clusters)
    for site, record in zip(log.sites, log.records, strict=True):
        it_kwh = record.it_w * (site.grid.step_s / KWH)
        sums["it"] += float(it_kwh.sum())
        sums["cooling"] += float((it_kwh * site.cooling_ratio).sum())
        sums["conversion"] += float((it_kwh * site.conversion_ratio).sum())
        sums["conversion"] += float(record.ups_loss_w.sum()) * (site.grid.step_s / KWH)
        sums["overhead"] += float((it_kwh * site.overhead_ratio).sum())
    areas = [site.floor_area_m2 for site in log.sites if site.clusters]
    hours = log.sites[0].grid.duration_s / HOUR_S
    area = sum(area for area in areas if area is not None) if None not in areas else 0.0
    return {
        "energy_it_kwh": sums["it"],
        "energy_compute_kwh": sums["it"],
        "energy_cooling_kwh": sums["cooling"] if modelled else None,
        "energy_conversion_kwh": sums["conversion"] if modelled else None,
        "pue": ratio(sum(sums.values()), sums["it"]),
        "power_density_kw_per_m2": ratio(sums["it"] / hours, area),
    }
