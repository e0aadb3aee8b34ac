"""Energy by cause, water and heat: how much a facility adds to its IT energy.

Definitions follow ISO/IEC 30134 (PUE, ERF, WUE, CER) and The Green Grid (ERE, WUE at the source),
all over the length of the run and without base load.
"""

import numpy as np

from sim.ledger.facility import causes_w, reused_w, water_m3
from sim.ledger.ledger import RunLog
from sim.ledger.metrics.causes import it_causes
from sim.ledger.metrics.ratios import ratio
from sim.ledger.result import Metrics
from sim.units import HOUR_S, KW, KWH, LITER_M3


def facility(log: RunLog, energy: Metrics) -> Metrics:
    """Return energy by cause and the facility's ratios."""
    it_kwh = _it_kwh(log)
    causes = _causes_kwh(log)
    modelled = all("cooling" in site.parts for site in log.sites if site.clusters)
    hours = log.sites[0].grid.duration_s / HOUR_S
    racks_w = [one.rack_w for site in log.sites for one in site.clusters if one.rack_w is not None]
    areas = [site.floor_area_m2 for site in log.sites if site.clusters]
    area = sum(area for area in areas if area is not None) if None not in areas else 0.0
    facility_kwh = it_kwh + sum(causes.values())
    return {
        "energy_it_kwh": it_kwh,
        **it_causes(log, it_kwh),
        "energy_cooling_kwh": causes["cooling"] if modelled else None,
        "energy_conversion_kwh": causes["conversion"] if modelled else None,
        "pue": ratio(facility_kwh, it_kwh),
        "cer": ratio(it_kwh, causes["cooling"]) if modelled else None,
        "power_density_kw_per_m2": ratio(it_kwh / hours, area),
        "rack_power_max_kw": max(racks_w) / KW if racks_w else None,
        **_water(log, it_kwh),
        **_reuse(log, it_kwh, facility_kwh),
    }


def _it_kwh(log: RunLog) -> float:
    return sum(
        float(record.it_w.sum()) * (site.grid.step_s / KWH)
        for site, record in zip(log.sites, log.records, strict=True)
    )


def _causes_kwh(log: RunLog) -> dict[str, float]:
    """Return what the facilities add, by cause."""
    sums: dict[str, float] = {}
    for site, record in zip(log.sites, log.records, strict=True):
        for cause, power_w in causes_w(site, record).items():
            added = float(power_w.sum()) * (site.grid.step_s / KWH)
            sums[cause] = sums.get(cause, 0.0) + added
    return sums


def _water(log: RunLog, it_kwh: float) -> Metrics:
    """Return the water used on site, and that with what the electricity took; nan if unknown."""
    water_l = source_l = 0.0
    for site, record in zip(log.sites, log.records, strict=True):
        if site.clusters:
            rate = site.grid_water_m3_per_j
            power_w = site.facility.total.mean_w(record.it_w, record.it_square_w2)
            energy_j = float(power_w.sum()) * site.grid.step_s
            water_l += (own_l := float(water_m3(site, record).sum()) / LITER_M3)
            # as if all energy came from the grid: WUE + PUE x water of the grid's electricity
            source_l += own_l + (np.nan if rate is None else rate * energy_j / LITER_M3)
    return {
        "water_l": water_l,
        "wue_l_per_kwh": ratio(water_l, it_kwh),
        "wue_source_l_per_kwh": ratio(source_l, it_kwh),
    }


def _reuse(log: RunLog, it_kwh: float, facility_kwh: float) -> Metrics:
    """Return what became of the heat; None where nobody takes any."""
    reused_kwh = [
        float(reused_w(site, record).sum()) * (site.grid.step_s / KWH)
        for site, record in zip(log.sites, log.records, strict=True)
        if site.heat_reuse is not None
    ]
    if not reused_kwh:
        return dict.fromkeys(("energy_reused_kwh", "ere", "erf"))
    total_kwh = sum(reused_kwh)
    return {
        "energy_reused_kwh": total_kwh,
        "ere": ratio(facility_kwh - total_kwh, it_kwh),
        "erf": ratio(total_kwh, facility_kwh),
    }
