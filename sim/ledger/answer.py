"""The market's answer to a site that moves it: prices and emissions at the load it really had."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.ledger.ledger import StepRecord
from sim.ledger.result import Metrics
from sim.site import Site
from sim.units import KG_PER_MWH, USD_PER_MWH


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site changed in its market over the run.

    Attributes
    ----------
    system_cost_added_usd : float
        Cost of the whole system with the site less without it. [USD]
    system_co2_added_kg : float
        Emissions of the whole system with the site less without it. [kgCO2e]
    """

    system_cost_added_usd: float
    system_co2_added_kg: float


def answered(site: Site, record: StepRecord) -> tuple[Site, Answer | None]:
    """Return the site with the prices its own load made, and what it changed.

    Parameters
    ----------
    site : Site
        The site, with the market's prices without it.
    record : StepRecord
        What it did.

    Returns
    -------
    tuple
        The site as it is if it takes prices; and the answer, None then.
    """
    node = site.node
    if node is None:
        return site, None
    hour = site.grid.hour_of_step
    counts = np.bincount(hour)
    import_w = np.bincount(hour, record.import_w) / counts
    quote = node.quote(import_w)
    place = node.network.place_of(node.bus)
    raised = quote.price_usd_per_mwh - node.alone.lmp_usd_per_mwh[:, place]
    made = replace(
        site,
        # Delivery stands on top of the market's price either way.
        price_usd_per_j=site.price_usd_per_j + raised[hour] * USD_PER_MWH,
        marginal_carbon_kg_per_j=quote.marginal_emissions_kg_per_mwh[hour] * KG_PER_MWH,
    )
    return made, Answer(
        float((quote.system_cost_usd - node.alone.objective_usd).sum()),
        float((quote.system_co2_kg - node.alone.co2_kg).sum()),
    )


def market_answer(answers: Sequence[Answer | None]) -> Metrics:
    """Return what all sites changed in their markets; None where none makes prices."""
    made = [answer for answer in answers if answer is not None]
    return {
        "system_cost_added_usd": sum(a.system_cost_added_usd for a in made) if made else None,
        "system_co2_added_kg": sum(a.system_co2_added_kg for a in made) if made else None,
    }
