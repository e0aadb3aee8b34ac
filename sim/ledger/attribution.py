"""Which job caused which energy, cost and carbon; what no job caused is the idle share.

Within a step, a site's facility energy, money and carbon are shared out in proportion to IT power
and base load; the integral over a job's exact run time is a prefix sum over the steps. The sum over
jobs plus the idle share equals the site's total, which is checked in every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import BalanceError
from sim.ledger.accounting import StepAccount
from sim.ledger.causes import data_powers, moves_data
from sim.ledger.ledger import TOLERANCE, RunLog, StepRecord
from sim.ledger.services import ServiceLog
from sim.site import Site
from sim.workload.jobs import JobTable

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shares:
    """What jobs caused, shape (n_jobs,); nan where unknown.

    Attributes
    ----------
    energy_it_j : ndarray of float
        IT energy. [J]
    energy_facility_j : ndarray of float
        IT energy with its share of cooling and conversion. [J]
    cost_usd : ndarray of float
        Share of the site's total cost. [USD]
    carbon_location_kg : ndarray of float
        Share of the location-based operational carbon. [kgCO2e]
    carbon_marginal_kg : ndarray of float
        Share of the marginal carbon. [kgCO2e]
    carbon_embodied_kg : ndarray of float
        Share of the embodied carbon, by the time for which they hold accelerators. [kgCO2e]
    """

    energy_it_j: Columns
    energy_facility_j: Columns
    cost_usd: Columns
    carbon_location_kg: Columns
    carbon_marginal_kg: Columns
    carbon_embodied_kg: Columns


@dataclass(frozen=True, slots=True)
class Segments:
    """Stretches of runs at one site, shape (n_segments,).

    Attributes
    ----------
    job : ndarray of int
        Job. [-]
    start_s, end_s : ndarray of float
        Start and end. [s]
    power_w : ndarray of float
        IT power. [W]
    gpus_count : ndarray of int
        Accelerators. [-]
    cluster : ndarray of int
        Cluster, counted within the site. [-]
    jobs : JobTable
        All jobs of the run.
    """

    job: NDArray[np.int64]
    start_s: Columns
    end_s: Columns
    power_w: Columns
    gpus_count: NDArray[np.int64]
    cluster: NDArray[np.int64]
    jobs: JobTable


def segments_by_site(log: RunLog) -> tuple[Segments, ...]:
    """Return the stretches of runs of each site."""
    cluster = log.segment_cluster
    if cluster is None:
        cluster = log.cluster_of[log.segment_job]
    counts = [len(site.clusters) for site in log.sites]
    site_of_cluster = np.repeat(np.arange(len(counts)), counts)
    first_cluster = np.concatenate([[0], np.cumsum(counts)])
    site = site_of_cluster[cluster] if len(cluster) else np.empty(0, dtype=int)
    parts = []
    for index in range(len(log.sites)):
        here = np.flatnonzero(site == index)
        job = log.segment_job[here]
        parts.append(
            Segments(
                job=job,
                start_s=log.segment_start_s[here],
                end_s=log.segment_end_s[here],
                power_w=log.segment_power_w[here],
                gpus_count=log.segment_gpus_count[here],
                cluster=cluster[here] - first_cluster[index],
                jobs=log.jobs,
            )
        )
    return tuple(parts)


def step_means(
    segments: Segments, weight: NDArray[np.float64], *, step_s: float, n_steps: int
) -> Columns:
    """Return the time mean over each step of the weights of the segments that run.

    Parameters
    ----------
    segments : Segments
        Stretches of runs.
    weight : ndarray of float, shape (n_segments,)
        What each contributes while it runs. [any]
    step_s : float
        Length of a step. [s]
    n_steps : int
        Number of steps. [-]

    Returns
    -------
    ndarray of float, shape (n_steps,)
        The means. [any]
    """
    first, into_first = _position(segments.start_s, step_s, n_steps)
    last, into_last = _position(segments.end_s, step_s, n_steps)
    began = np.bincount(first, weight, minlength=n_steps)
    ended = np.bincount(last, weight, minlength=n_steps)
    # A segment counts in full from its first step up to its last; the parts are put right here.
    missing = np.bincount(first, weight * into_first, minlength=n_steps)
    extra = np.bincount(last, weight * into_last, minlength=n_steps)
    return np.asarray(np.cumsum(began - ended) - missing + extra, dtype=float)


def data_means(site: Site, segments: Segments) -> tuple[Columns, Columns]:
    """Return the mean power of storage and of network in each step.

    Parameters
    ----------
    site : Site
        The site, with what always stands there.
    segments : Segments
        Stretches of runs, with what moves their data.

    Returns
    -------
    storage_w, network_w : ndarray of float, shape (n_steps,)
        The powers [W].
    """
    step_s, n_steps = site.grid.step_s, site.grid.n_steps
    standing_w = np.full(n_steps, site.storage_w), np.full(n_steps, site.network_w)
    if not moves_data(segments.jobs):
        return standing_w
    powers = data_powers(segments.jobs, segments.job, segments.gpus_count, segments.power_w)
    storage_w, network_w = (
        stands_w + step_means(segments, weight, step_s=step_s, n_steps=n_steps)
        for stands_w, weight in zip(standing_w, powers, strict=True)
    )
    return storage_w, network_w


def _position(time_s: Columns, step_s: float, n_steps: int) -> tuple[NDArray[np.int64], Columns]:
    """Return the step a time lies in and how far into it, 0..1; the end lies in the last step."""
    steps = time_s / step_s
    index = np.minimum(steps.astype(np.int64), n_steps - 1)
    return index, steps - index


def share_out(
    site: Site,
    record: StepRecord,
    books: StepAccount,
    segments: Segments,
    *,
    services: Sequence[ServiceLog] = (),
) -> Shares:
    """Return what each stretch of a run caused at one site.

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
    Shares
        What each stretch caused, shape (n_segments,).

    Raises
    ------
    BalanceError
        If the jobs, the services and the idle share do not add up to the site's totals.
    """
    step_s, n_steps = site.grid.step_s, site.grid.n_steps
    jobs_w = step_means(segments, segments.power_w, step_s=step_s, n_steps=n_steps)
    idle_w = np.full(n_steps, site.standing_w)
    for number, cluster in enumerate(site.clusters):
        held = np.where(segments.cluster == number, segments.gpus_count, 0).astype(float)
        busy = step_means(segments, held, step_s=step_s, n_steps=n_steps)
        busy += sum(one.gpus_held for one in services if one.cluster == number)
        idle_w += (cluster.gpus_count - busy) * cluster.idle_w
    services_w = sum((one.power_w for one in services), np.zeros(n_steps))
    _check(site, "IT power [W]", record.it_w, jobs_w + services_w + idle_w)
    ratio = _divide(books.facility_w - site.base_load_w, record.it_w)
    # Share of the step's total that one joule of IT energy carries.
    per_it_j = _divide(ratio, books.facility_w * step_s)
    idle_share = 1.0 - _divide((jobs_w + services_w) * ratio, books.facility_w)
    totals = {
        "cost [USD]": books.cost_total_usd,
        "carbon, location-based [kg]": books.carbon_location_kg,
        "carbon, marginal [kg]": books.carbon_marginal_kg,
    }
    shared = []
    for what, total in totals.items():
        mine = segments.power_w * _integral(total * per_it_j, segments, step_s, n_steps)
        theirs = services_w * step_s * per_it_j
        used = float(mine.sum() + np.sum(total * theirs))
        _check_sum(site, what, total, used, float(np.sum(total * idle_share)))
        shared.append(mine)
    shared.append(_embodied_kg(site, books, segments, services))
    return Shares(
        segments.power_w * (segments.end_s - segments.start_s),
        segments.power_w * _integral(ratio, segments, step_s, n_steps),
        *shared,
    )


def _embodied_kg(
    site: Site, books: StepAccount, segments: Segments, services: Sequence[ServiceLog]
) -> Columns:
    """Return each stretch's share of the embodied carbon; the rest is idle accelerators'."""
    if not site.clusters:
        return np.zeros(len(segments.job))
    per_gpu_s = embodied_kg_per_gpu_s(site)
    gpus = np.array([cluster.gpus_count for cluster in site.clusters], dtype=float)
    gpu_s = segments.gpus_count * (segments.end_s - segments.start_s)
    mine = np.asarray(gpu_s * per_gpu_s[segments.cluster])
    held = np.bincount(segments.cluster, gpu_s, minlength=len(gpus)).astype(float)
    served = np.zeros(len(gpus))
    for one in services:
        served[one.cluster] += float(one.gpus_held.sum()) * site.grid.step_s
    idle = float(((gpus * site.grid.duration_s - held - served) * per_gpu_s).sum())
    used = float(mine.sum()) + float((served * per_gpu_s).sum())
    _check_sum(site, "embodied carbon [kg]", books.carbon_embodied_kg, used, idle)
    return mine


def embodied_kg_per_gpu_s(site: Site) -> Columns:
    """Return embodied carbon by cluster, per accelerator and time, shape (n_clusters,)."""
    # What is not a cluster's own counts for each accelerator of the site alike.
    gpus = np.array([cluster.gpus_count for cluster in site.clusters], dtype=float)
    own = np.array([cluster.embodied_kg_per_s for cluster in site.clusters])
    common = sum(site.embodied_kg_per_s.values()) - own.sum()
    return np.asarray(own / gpus + common / gpus.sum())


def _integral(rate: Columns, segments: Segments, step_s: float, n_steps: int) -> Columns:
    """Return the integral over time of a rate that is constant in each step, for each segment."""
    upto = np.concatenate([[0.0], np.cumsum(rate * step_s)])
    first, into_first = _position(segments.start_s, step_s, n_steps)
    last, into_last = _position(segments.end_s, step_s, n_steps)
    at_start = upto[first] + rate[first] * (into_first * step_s)
    at_end = upto[last] + rate[last] * (into_last * step_s)
    return at_end - at_start


def _divide(part: Columns, whole: Columns) -> Columns:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)


def _check(site: Site, what: str, total: Columns, parts: Columns) -> None:
    scale = max(1.0, float(np.max(np.abs(total), initial=0.0)))
    wrong = ~(np.abs(total - parts) <= TOLERANCE * scale)
    if np.any(wrong):
        step = int(np.argmax(wrong))
        msg = f"{site.name}: {what} of jobs, services and idle accelerators is {parts[step]} in "
        msg += f"step {step}, but the site's is {total[step]}."
        raise BalanceError(msg)


def _check_sum(site: Site, what: str, total: Columns, used: float, idle: float) -> None:
    whole = float(np.sum(total))
    scale = max(1e-9, float(np.sum(np.abs(total))))
    if np.isfinite(whole) and not abs(whole - used - idle) <= TOLERANCE * scale:
        msg = f"{site.name}: {what} of jobs and services is {used} and of idle accelerators "
        msg += f"{idle}, but the site's total is {whole}."
        raise BalanceError(msg)
