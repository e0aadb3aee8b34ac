"""IT energy by cause: compute, storage, network."""

from sim.ledger.causes import data_energies_j, moves_data
from sim.ledger.ledger import RunLog
from sim.ledger.result import Metrics
from sim.units import KWH


def it_causes(log: RunLog, it_kwh: float) -> Metrics:
    """Return IT energy by cause; storage and network are None where the run has neither.

    Parameters
    ----------
    log : RunLog
        What happened.
    it_kwh : float
        All IT energy. [kWh]

    Returns
    -------
    dict
        What always stands there and what jobs' data took, by metric; compute is the rest.
    """
    jobs_j = data_energies_j(log)
    standing_j = (
        sum(site.storage_w * site.grid.duration_s for site in log.sites),
        sum(site.network_w * site.grid.duration_s for site in log.sites),
    )
    storage, network = ((job + site) / KWH for job, site in zip(jobs_j, standing_j, strict=True))
    modelled = moves_data(log.jobs) or any(site.standing_w for site in log.sites)
    return {
        "energy_compute_kwh": it_kwh - storage - network,
        "energy_storage_kwh": storage if modelled else None,
        "energy_network_kwh": network if modelled else None,
    }
