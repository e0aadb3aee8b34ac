"""What a run did, read back from its tables."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from sim.optimize.horizon import Columns
from sim.optimize.ran import Ran, SiteRan
from sim.optimize.rates import Objective
from sim.site import Site
from sim.units import HOUR_S, KW, KWH

REACHED: Final[Mapping[Objective, str]] = MappingProxyType(
    {
        "cost_usd": "cost_total_usd",
        "carbon_location_kg": "carbon_operational_location_kg",
        "carbon_marginal_kg": "carbon_marginal_kg",
    }
)
"""Objectives of a bound, and the column of a run's steps that each is held against."""

STEP_COLUMNS: Final = ("site", "it_kw", "facility_kw", "unserved_kw", *REACHED.values())
JOB_COLUMNS: Final = (
    "site",
    "cluster",
    "start_s",
    "end_s",
    "energy_it_kwh",
    "outcome",
    "lost_s",
)
SERVICE_COLUMNS: Final = ("service", "site", "gpus_held_count", "power_it_kw")


def ran_of(
    sites: Sequence[Site],
    steps: pd.DataFrame,
    jobs: pd.DataFrame,
    *,
    services: pd.DataFrame | None = None,
    cluster_of_service: Mapping[str, int] | None = None,
) -> Ran:
    """Return what a run did.

    Parameters
    ----------
    sites : sequence of Site
        Its sites.
    steps : DataFrame
        Its steps: `STEP_COLUMNS`.
    jobs : DataFrame
        Its jobs: `JOB_COLUMNS`.
    services : DataFrame or None
        Its services: `SERVICE_COLUMNS`; None for none.
    cluster_of_service : mapping of str to int or None
        Cluster of each of them, counted over all sites. [-]

    Returns
    -------
    Ran
        In SI.
    """
    n_steps = sites[0].grid.n_steps
    clusters = [(site.name, one.name) for site in sites for one in site.clusters]
    held_gpus = np.zeros((len(clusters), n_steps))
    services_w = {site.name: np.zeros(n_steps) for site in sites}
    if services is not None and len(services):
        for name, rows in services.groupby("service", observed=True):
            cluster = (cluster_of_service or {})[str(name)]
            held_gpus[cluster] += rows["gpus_held_count"].to_numpy(dtype=float)
            services_w[clusters[cluster][0]] += rows["power_it_kw"].to_numpy(dtype=float) * KW
    number = {names: index for index, names in enumerate(clusters)}
    of_jobs = zip(jobs["site"].astype(str), jobs["cluster"].astype(str), strict=True)
    return Ran(
        sites=tuple(_site(site, steps, services_w[site.name]) for site in sites),
        held_gpus=held_gpus,
        cluster_of=np.array([number[names] for names in of_jobs], dtype=np.int_),
        start_s=jobs["start_s"].to_numpy(dtype=float),
        end_s=jobs["end_s"].to_numpy(dtype=float),
        done=(jobs["outcome"] == "completed").to_numpy(dtype=np.bool_),
        energy_j=jobs["energy_it_kwh"].to_numpy(dtype=float) * KWH,
        lost_s=jobs["lost_s"].to_numpy(dtype=float),
    )


def _site(site: Site, steps: pd.DataFrame, services_w: Columns) -> SiteRan:
    rows = steps[steps["site"] == site.name]
    unserved_kw = float(rows["unserved_kw"].sum())
    return SiteRan(
        it_w=rows["it_kw"].to_numpy(dtype=float) * KW,
        facility_w=rows["facility_kw"].to_numpy(dtype=float) * KW,
        services_w=services_w,
        unserved_j=unserved_kw * site.grid.step_s / HOUR_S * KWH,
        reached={what: float(rows[name].sum(skipna=False)) for what, name in REACHED.items()},
    )
