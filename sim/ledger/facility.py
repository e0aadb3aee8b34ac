"""What a site's facility did in each step: power by cause, water, heat that found a use."""

import numpy as np

from sim.ledger.ledger import Columns, StepRecord
from sim.site import Site


def causes_w(site: Site, record: StepRecord) -> dict[str, Columns]:
    """Return what the facility adds to the IT power, by cause, shape (n_steps,). [W]."""
    facility, means = site.facility, (record.it_w, record.it_square_w2)
    return {
        "cooling": facility.cooling.mean_w(*means),
        "conversion": facility.conversion.mean_w(*means),
        "overhead": facility.overhead.mean_w(*means),
    }


def water_m3(site: Site, record: StepRecord) -> Columns:
    """Return the water that cooling takes in each step; nan where that is unknown. [m3]."""
    facility = site.facility
    if facility.evaporation is None:
        return np.full_like(record.it_w, np.nan)
    evaporation_w = facility.evaporation.mean_w(record.it_w, record.it_square_w2)
    return facility.water_m3(evaporation_w * site.grid.step_s)


def reused_w(site: Site, record: StepRecord) -> Columns:
    """Return the heat that found a use in each step; nan where nobody takes any. [W]."""
    if site.heat_reuse is None:
        return np.full_like(record.it_w, np.nan)
    return site.heat_reuse.reused_w(record.it_w, site.grid.hour_of_step)
