"""Steps and jobs as tables in the units people say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.accounting import StepAccount
from sim.ledger.attribution import Segments, Shares, data_means, step_means
from sim.ledger.decisions import decided
from sim.ledger.facility import causes_w, reused_w, water_m3
from sim.ledger.ledger import REJECTED, UNPOWERED, RunLog, StepRecord
from sim.ledger.services import ServiceLog
from sim.ledger.work import column, work_of
from sim.site import Site
from sim.units import G_PER_KWH, KW, KWH, LITER_M3, USD_PER_KWH

Columns = NDArray[np.float64]


def site_steps(
    site: Site,
    record: StepRecord,
    books: StepAccount,
    segments: Segments,
    *,
    services: Sequence[ServiceLog] = (),
) -> pd.DataFrame:
    """Return one row for each step of a site.

    Parameters
    ----------
    site : Site
        The site.
    record : StepRecord
        What it did.
    books : StepAccount
        What it cost.
    segments : Segments
        Its stretches of runs.
    services : sequence of ServiceLog
        Its services.

    Returns
    -------
    DataFrame
        Labelled by each step's start; powers are means over the step, money and carbon sums, the
        state of charge that at the step's end.
    """
    step_s, n_steps = site.grid.step_s, site.grid.n_steps
    gpus = segments.gpus_count.astype(float)
    storage_w, network_w = data_means(site, segments)
    powers_w = {
        "it": record.it_w,
        "compute": record.it_w - storage_w - network_w,
        "storage": storage_w,
        "network": network_w,
        **causes_w(site, record),
        "base_load": site.base_load_w,
        "facility": books.facility_w,
        "solar": site.solar_w,
        "wind": site.wind_w,
        "battery_charge": record.charge_w,
        "battery_discharge": record.discharge_w,
        "grid_import": record.import_w,
        "grid_export": record.export_w,
        "curtailed": record.curtailed_w,
        "unserved": record.unserved_w,
        "contracted": books.contracted_w,
        "backup": record.backup_w,
    }
    capacity_j = np.where(record.capacity_j > 0.0, record.capacity_j, np.nan)
    return pd.DataFrame(
        {
            "site": _named(np.zeros(n_steps, dtype=int), [site.name]),
            "time": site.grid.starts,
            **{f"{name}_kw": power_w / KW for name, power_w in powers_w.items()},
            "soc": np.minimum(1.0, record.stored_j / capacity_j),
            "battery_capacity_kwh": capacity_j / KWH,
            "pue": _pue(site, record),
            "water_l": water_m3(site, record) / LITER_M3,
            "heat_reused_kw": reused_w(site, record) / KW,
            "gpus_busy_count": step_means(segments, gpus, step_s=step_s, n_steps=n_steps)
            + sum(service.gpus_held for service in services),
            "price_usd_per_kwh": site.price_usd_per_j / USD_PER_KWH,
            "export_price_usd_per_kwh": site.export_price_usd_per_j / USD_PER_KWH,
            "average_carbon_intensity_g_per_kwh": site.average_carbon_kg_per_j / G_PER_KWH,
            "marginal_carbon_intensity_g_per_kwh": site.marginal_carbon_kg_per_j / G_PER_KWH,
            "carbon_free_fraction": site.carbon_free_fraction,
            "cost_energy_usd": books.cost_energy_usd,
            "cost_demand_usd": books.cost_demand_usd,
            "cost_fixed_usd": books.cost_fixed_usd,
            "cost_contracts_usd": books.cost_contracts_usd,
            "revenue_export_usd": books.revenue_export_usd,
            "cost_carbon_usd": books.cost_carbon_usd,
            "cost_backup_usd": books.cost_backup_usd,
            "cost_battery_wear_usd": books.cost_battery_wear_usd,
            "revenue_response_usd": books.revenue_response_usd,
            "cost_response_usd": books.cost_response_usd,
            "cost_total_usd": books.cost_total_usd,
            "carbon_operational_location_kg": books.carbon_location_kg,
            "carbon_marginal_kg": books.carbon_marginal_kg,
            "carbon_operational_market_kg": books.carbon_market_kg,
            "carbon_embodied_kg": books.carbon_embodied_kg,
        },
        copy=False,
    )


def _pue(site: Site, record: StepRecord) -> Columns:
    """Return facility power without base load over IT power; what is fixed needs IT power."""
    busy_w = np.where(record.it_w > 0.0, record.it_w, np.inf)
    total = site.facility.total
    rest_w = total.fixed_w + total.bend_per_w * record.it_square_w2
    return np.asarray(total.ratio + rest_w / busy_w)


def _named(codes: NDArray[np.integer[Any]], names: Sequence[str]) -> "pd.Series[Any]":
    """Return a column of names from their numbers."""
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(list(names))))


def steps_frame(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the sites' steps one after the other, with the sites' names as categories."""
    names = [str(frame["site"].iloc[0]) for frame in frames]
    codes = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    columns = pd.concat([frame.drop(columns="site") for frame in frames], ignore_index=True)
    columns.insert(0, "site", _named(codes, names))
    return columns


def jobs_frame(
    log: RunLog, workloads: Sequence[str], parts: Sequence[Segments], shares: Sequence[Shares]
) -> pd.DataFrame:
    """Return one row for each job.

    Parameters
    ----------
    log : RunLog
        What happened.
    workloads : sequence of str
        Names of the streams that jobs come from, by number.
    parts : sequence of Segments
        Stretches of runs of each site.
    shares : sequence of Shares
        What each stretch caused, by site.

    Returns
    -------
    DataFrame
        Times in seconds since the start, nan where it never happened; energy, money and carbon
        that the job caused, 0 if it never ran. What was planned, and the home, stand there if the
        policy has a role that decides it.
    """
    jobs, count = log.jobs, len(log.jobs)
    start_s, end_s = _times_s(log)
    work = work_of(log)
    streams = list(dict.fromkeys(workloads))  # federated learning has one for each of its sites
    stream_code = np.array([streams.index(name) for name in workloads], dtype=int)
    clusters = [(site, cluster.name) for site in log.sites for cluster in site.clusters]
    cluster_names = list(dict.fromkeys(name for _, name in clusters))
    site_code = np.array([log.sites.index(site) for site, _ in clusters], dtype=int)
    name_code = np.array([cluster_names.index(name) for _, name in clusters], dtype=int)
    outcome = np.where(log.done, 0, np.where(np.isnan(start_s), 2, 1))
    reasons = [why for why in (REJECTED, UNPOWERED) if why in log.rejected.values()]
    for number, why in enumerate(reasons, start=3):
        outcome[[job for job, given in log.rejected.items() if given == why]] = number
    outcomes = ["completed", "unfinished", "waiting", *reasons]
    site_names = [site.name for site in log.sites]

    def caused(field: str) -> Columns:
        """Add up what each job's stretches caused."""
        total = np.zeros(count)
        for part, share in zip(parts, shares, strict=True):
            total += np.bincount(part.job, getattr(share, field), minlength=count)
        return total

    return pd.DataFrame(
        {
            "job_id": np.arange(count),
            "workload": _named(stream_code[jobs.workload], streams),
            "site": _named(site_code[log.cluster_of], site_names),
            "cluster": _named(name_code[log.cluster_of], cluster_names),
            "gpus_count": jobs.gpus_count,
            "arrival_s": jobs.arrival_s,
            "earliest_start_s": jobs.earliest_start_s,
            "deadline_s": np.where(np.isfinite(jobs.deadline_s), jobs.deadline_s, np.nan),
            "start_s": start_s,
            "end_s": end_s,
            "duration_s": jobs.duration_s,
            "queue_wait_s": start_s - jobs.arrival_s,
            "energy_it_kwh": caused("energy_it_j") / KWH,
            "energy_facility_kwh": caused("energy_facility_j") / KWH,
            "cost_usd": caused("cost_usd"),
            "carbon_location_kg": caused("carbon_location_kg"),
            "carbon_marginal_kg": caused("carbon_marginal_kg"),
            "carbon_embodied_kg": caused("carbon_embodied_kg"),
            "outcome": _named(outcome, outcomes),
            "suspensions_count": log.suspensions_count,
            "failures_count": column(log.setbacks.failures_count, count).astype(np.int32),
            "lost_s": work.lost_s,
            "goodput_fraction": work.goodput_fraction,
            **({"migrations_count": _migrations(log)} if log.setbacks.migrations_count else {}),
            **({} if jobs.priority is None else {"priority": jobs.priority}),
            **({} if jobs.user is None else {"user": _named(jobs.user, jobs.users)}),
            **decided(log.decisions),
            **({"home_site": _named(jobs.home_site, site_names)} if log.decisions.places else {}),
        },
        copy=False,  # a million jobs take room
    )


def _migrations(log: RunLog) -> NDArray[np.int32]:
    return column(log.setbacks.migrations_count, len(log.jobs)).astype(np.int32)


def _times_s(log: RunLog) -> tuple[Columns, Columns]:
    """Return when each job first held accelerators and when it ended, nan where it did not [s]."""
    start_s = np.full(len(log.jobs), np.inf)
    end_s = np.full(len(log.jobs), -np.inf)
    held = log.segment_gpus_count > 0  # not while only its data moved
    job = log.segment_job[held]
    np.minimum.at(start_s, job, log.segment_start_s[held])
    np.maximum.at(end_s, job, log.segment_end_s[held])
    start_s[np.isinf(start_s)] = np.nan
    end_s[~log.done] = np.nan
    return start_s, end_s
