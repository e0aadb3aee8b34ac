"""What services caused of their sites' energy, money and carbon, and the table of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.accounting import StepAccount
from sim.ledger.attribution import embodied_kg_per_gpu_s
from sim.ledger.ledger import StepRecord
from sim.ledger.services import ServiceLog
from sim.site import Site
from sim.units import KW, KWH

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ServiceShares:
    """What one service caused in each step, shape (n_steps,); nan where unknown.

    Attributes
    ----------
    energy_it_j, energy_facility_j : ndarray of float
        IT energy, and the same with its share of cooling and conversion. [J]
    cost_usd : ndarray of float
        Share of the site's total cost. [USD]
    carbon_location_kg, carbon_marginal_kg, carbon_embodied_kg : ndarray of float
        Shares of operational carbon, location-based and marginal, and of embodied carbon.
        [kgCO2e]
    """

    energy_it_j: Columns
    energy_facility_j: Columns
    cost_usd: Columns
    carbon_location_kg: Columns
    carbon_marginal_kg: Columns
    carbon_embodied_kg: Columns


def service_shares(
    site: Site, record: StepRecord, books: StepAccount, service: ServiceLog
) -> ServiceShares:
    """Return what a service caused: shares by IT power, of embodied carbon by accelerators held.

    Parameters
    ----------
    site : Site
        Its site.
    record : StepRecord
        What the site did.
    books : StepAccount
        What that cost.
    service : ServiceLog
        What the service did.

    Returns
    -------
    ServiceShares
        By step.
    """
    it_j = service.power_w * site.grid.step_s
    of_it = np.divide(
        service.power_w, record.it_w, out=np.zeros_like(it_j), where=record.it_w > 0.0
    )
    facility_w = of_it * (books.facility_w - site.base_load_w)
    share = np.divide(
        facility_w, books.facility_w, out=np.zeros_like(it_j), where=books.facility_w > 0.0
    )
    return ServiceShares(
        energy_it_j=it_j,
        energy_facility_j=facility_w * site.grid.step_s,
        cost_usd=share * books.cost_total_usd,
        carbon_location_kg=share * books.carbon_location_kg,
        carbon_marginal_kg=share * books.carbon_marginal_kg,
        carbon_embodied_kg=service.gpus_held
        * site.grid.step_s
        * embodied_kg_per_gpu_s(site)[service.cluster],
    )


def services_frame(
    sites: Sequence[Site], services: Sequence[ServiceLog], shares: Sequence[ServiceShares]
) -> pd.DataFrame:
    """Return one row for each service and step.

    Parameters
    ----------
    sites : sequence of Site
        The sites.
    services : sequence of ServiceLog
        What each service did.
    shares : sequence of ServiceShares
        What each caused.

    Returns
    -------
    DataFrame
        Labelled by each step's start; times of requests are percentiles over those that arrived in
        the step. Empty without services.
    """
    if not services:
        return pd.DataFrame()
    frames = [
        _rows(sites[service.site], service, share)
        for service, share in zip(services, shares, strict=True)
    ]
    whole = pd.concat(frames, ignore_index=True)
    return whole.astype({"service": "category", "site": "category"})


def _rows(site: Site, service: ServiceLog, share: ServiceShares) -> pd.DataFrame:
    quality = service.quality
    return pd.DataFrame(
        {
            "service": service.name,
            "site": site.name,
            "time": site.grid.starts,
            "requests_arrived_count": quality.arrived_count,
            "requests_served_count": quality.served_count,
            "requests_backlog_count": quality.backlog_count,
            "tokens_in_count": quality.prompt_tokens,
            "tokens_out_count": quality.output_tokens,
            "replicas_ready_count": service.replicas_ready,
            "replicas_loading_count": service.replicas_loading,
            "gpus_held_count": service.gpus_held,
            "batch_mean": service.batch,
            "utilization_fraction": service.utilization_fraction,
            "ttft_p50_s": quality.ttft_p50_s,
            "ttft_p95_s": quality.ttft_p95_s,
            "tpot_p95_s": quality.tpot_p95_s,
            "latency_p95_s": quality.latency_p95_s,
            "slo_attainment_fraction": quality.attained_fraction,
            "power_it_kw": service.power_w / KW,
            "energy_it_kwh": share.energy_it_j / KWH,
            "energy_facility_kwh": share.energy_facility_j / KWH,
            "cost_usd": share.cost_usd,
            "carbon_location_kg": share.carbon_location_kg,
            "carbon_marginal_kg": share.carbon_marginal_kg,
            "carbon_embodied_kg": share.carbon_embodied_kg,
        }
    )
