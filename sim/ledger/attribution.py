"""Which job caused which energy, cost and carbon; what no job caused is the idle share.

Within a step, a site's facility energy, money and carbon are shared out in proportion to IT power
and base load; the integral over a job's exact run time is a prefix sum over the steps. The sum over
jobs plus the idle share equals the site's total, which is checked in every run.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import BalanceError
from sim.ledger.accounting import StepAccount
from sim.ledger.ledger import TOLERANCE, RunLog, StepRecord
from sim.site import Site

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
    """

    energy_it_j: Columns
    energy_facility_j: Columns
    cost_usd: Columns
    carbon_location_kg: Columns
    carbon_marginal_kg: Columns


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
    """

    job: NDArray[np.int64]
    start_s: Columns
    end_s: Columns
    power_w: Columns
    gpus_count: NDArray[np.int64]
    cluster: NDArray[np.int64]


def segments_by_site(log: RunLog) -> tuple[Segments, ...]:
    """Return the stretches of runs of each site."""
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
                gpus_count=log.jobs.gpus_count[job],
                cluster=cluster[here] - first_cluster[index],
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


def _position(time_s: Columns, step_s: float, n_steps: int) -> tuple[NDArray[np.int64], Columns]:
    """Return the step a time lies in and how far into it, 0..1; the end lies in the last step."""
    steps = time_s / step_s
    index = np.minimum(steps.astype(np.int64), n_steps - 1)
    return index, steps - index


def share_out(site: Site, record: StepRecord, books: StepAccount, segments: Segments) -> Shares:
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

    Returns
    -------
    Shares
        What each caused, shape (n_segments,).

    Raises
    ------
    BalanceError
        If the jobs and the idle share do not add up to the site's totals.
    """
    step_s, n_steps = site.grid.step_s, site.grid.n_steps
    jobs_w = step_means(segments, segments.power_w, step_s=step_s, n_steps=n_steps)
    idle_w = np.zeros(n_steps)
    for number, cluster in enumerate(site.clusters):
        held = np.where(segments.cluster == number, segments.gpus_count, 0).astype(float)
        busy = step_means(segments, held, step_s=step_s, n_steps=n_steps)
        idle_w += (cluster.gpus_count - busy) * cluster.idle_w
    _check(site, "IT power [W]", record.it_w, jobs_w + idle_w)
    ratio = _divide(books.facility_w - site.base_load_w, record.it_w)
    # Share of the step's total that one joule of IT energy carries.
    per_it_j = _divide(ratio, books.facility_w * step_s)
    job_share = _divide(jobs_w * ratio, books.facility_w)
    totals = {
        "cost [USD]": books.cost_total_usd,
        "carbon, location-based [kg]": books.carbon_location_kg,
        "carbon, marginal [kg]": books.carbon_marginal_kg,
    }
    shared = []
    for what, total in totals.items():
        mine = segments.power_w * _integral(total * per_it_j, segments, step_s, n_steps)
        _check_sum(site, what, total, float(mine.sum()), float(np.sum(total * (1.0 - job_share))))
        shared.append(mine)
    return Shares(
        segments.power_w * (segments.end_s - segments.start_s),
        segments.power_w * _integral(ratio, segments, step_s, n_steps),
        *shared,
    )


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
        msg = f"{site.name}: {what} of jobs and idle accelerators is {parts[step]} in step {step}, "
        msg += f"but the site's is {total[step]}."
        raise BalanceError(msg)


def _check_sum(site: Site, what: str, total: Columns, jobs: float, idle: float) -> None:
    whole = float(np.sum(total))
    scale = max(1e-9, float(np.sum(np.abs(total))))
    if np.isfinite(whole) and not abs(whole - jobs - idle) <= TOLERANCE * scale:
        msg = f"{site.name}: {what} of jobs is {jobs} and of idle accelerators {idle}, "
        msg += f"but the site's total is {whole}."
        raise BalanceError(msg)
