"""What services served, how well, and what a token took."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.ledger.metrics.ratios import ratio
from sim.ledger.result import Metrics
from sim.ledger.services import ServiceLog
from sim.units import GRAM_KG, KWH
from sim.workload.latency import percentile_s

_MILLION = 1e6
_THOUSAND = 1e3


def service_metrics(logs: Sequence[ServiceLog], services: pd.DataFrame) -> Metrics:
    """Return the metrics of all services together; None without any.

    Parameters
    ----------
    logs : sequence of ServiceLog
        What each service did.
    services : DataFrame
        One row for each service and step.

    Returns
    -------
    dict
        Metrics by name with unit. A token is one of an answer; its energy, cost and carbon are all
        that its service caused, idle replicas, cooling and conversion included. The SCI adds the
        embodied share of the accelerators held (ISO/IEC 21031: location-based, no market
        instruments).
    """
    if not logs:
        return dict.fromkeys(NAMES)
    arrived = np.array([log.quality.arrived_count.sum() for log in logs])
    within = sum(
        log.quality.within * count for log, count in zip(logs, arrived, strict=True)
    ) / max(1.0, arrived.sum())
    tails = percentile_s(within, 0.95) if arrived.sum() else np.full(3, np.nan)
    tokens = float(services["tokens_out_count"].sum())
    operational, embodied = (
        float(services[f"carbon_{kind}_kg"].sum(skipna=False)) for kind in ("location", "embodied")
    )
    facility_kwh = float(services["energy_facility_kwh"].sum())
    cost_usd = float(services["cost_usd"].sum(skipna=False))
    return {
        "requests_served_count": float(services["requests_served_count"].sum()),
        "requests_backlog_count": sum(float(log.quality.backlog_count[-1]) for log in logs),
        "tokens_read_count": float(services["tokens_in_count"].sum()),
        "tokens_served_count": tokens,
        **dict(zip(("ttft_p95_s", "tpot_p95_s", "latency_p95_s"), tails.tolist(), strict=True)),
        **_objectives(services, logs),
        "energy_services_it_kwh": float(services["energy_it_kwh"].sum()),
        "energy_services_facility_kwh": facility_kwh,
        "energy_per_token_j": ratio(facility_kwh * KWH, tokens),
        "cost_per_million_tokens_usd": ratio(cost_usd * _MILLION, tokens),
        "carbon_per_million_tokens_kg": ratio(operational * _MILLION, tokens),
        "sci_per_1000_tokens_g": ratio((operational + embodied) / GRAM_KG * _THOUSAND, tokens),
    }


def _objectives(services: pd.DataFrame, logs: Sequence[ServiceLog]) -> Metrics:
    """Return shares of requests, and of steps, that kept to the objectives."""
    asked = services["requests_arrived_count"]
    attained = services["slo_attainment_fraction"]
    target = np.concatenate(
        [np.full(len(log.power_w), log.target_fraction) for log in logs]
    )
    known = attained.notna()
    return {
        "slo_attainment_fraction": ratio(
            float((attained * asked)[known].sum()) if known.any() else None,
            float(asked[known].sum()),
        ),
        "slo_met_steps_fraction": ratio(
            float((attained >= target)[known].sum()) if known.any() else None, float(known.sum())
        ),
    }


NAMES = (
    "requests_served_count",
    "requests_backlog_count",
    "tokens_read_count",
    "tokens_served_count",
    "ttft_p95_s",
    "tpot_p95_s",
    "latency_p95_s",
    "slo_attainment_fraction",
    "slo_met_steps_fraction",
    "energy_services_it_kwh",
    "energy_services_facility_kwh",
    "energy_per_token_j",
    "cost_per_million_tokens_usd",
    "carbon_per_million_tokens_kg",
    "sci_per_1000_tokens_g",
)
"""Names of the metrics of services."""
