"""What a run leaves behind, and the check that every step balances."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.energy.degradation import WearReport
from sim.errors import BalanceError
from sim.ledger.decisions import Decisions
from sim.ledger.services import ServiceLog
from sim.site import Site
from sim.workload.jobs import JobTable

Columns = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest imbalance, relative to the largest term."""

REJECTED = "rejected"
"""Outcome of a job that found its queue full."""
UNPOWERED = "unpowered"
"""Outcome of a job for whose accelerators its site never has the power."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one site did in each step; columns have shape (n_steps,), powers are step means.

    Attributes
    ----------
    it_w : ndarray of float
        IT power. [W]
    it_square_w2 : ndarray of float
        Mean of the IT power squared; 0 where the facility's power is in proportion to it. [W2]
    charge_w, discharge_w : ndarray of float
        Battery power on the AC side. [W]
    import_w, export_w : ndarray of float
        Grid power. [W]
    curtailed_w : ndarray of float
        Supply that found no use. [W]
    unserved_w : ndarray of float
        Load that found no supply. [W]
    backup_w : ndarray of float
        Power of the backup generator. [W]
    stored_j : ndarray of float
        Energy in the battery's cells at the end of the step. [J]
    capacity_j : ndarray of float
        Energy the battery's cells can store at the end of the step. [J]
    cell_loss_j : ndarray of float
        Energy lost in the battery's cells from the start of the run to the end of the step, besides
        what the charge and discharge efficiencies lose. [J]
    wear_usd : ndarray of float
        Cost of the life that the battery's cells have used up. [USD]
    """

    it_w: Columns
    it_square_w2: Columns
    charge_w: Columns
    discharge_w: Columns
    import_w: Columns
    export_w: Columns
    curtailed_w: Columns
    unserved_w: Columns
    backup_w: Columns
    stored_j: Columns
    capacity_j: Columns
    cell_loss_j: Columns
    wear_usd: Columns


@dataclass(frozen=True, slots=True)
class Setbacks:
    """What kept jobs from their work, by job id; jobs that nothing kept stand in none of these.

    Attributes
    ----------
    lost_s : mapping of int to float
        Work that was done again, in the job's own run time. [s]
    done_s : mapping of int to float
        Work behind jobs that began and did not end, in their own run time. [s]
    failures_count : mapping of int to int
        Failures. [-]
    stalled_gpu_s : mapping of int to float
        Accelerator time held without working: restarts, changes of size. [s]
    migrations_count : mapping of int to int
        Moves to another site after the first start. [-]
    """

    lost_s: Mapping[int, float] = field(default_factory=dict)
    done_s: Mapping[int, float] = field(default_factory=dict)
    failures_count: Mapping[int, int] = field(default_factory=dict)
    stalled_gpu_s: Mapping[int, float] = field(default_factory=dict)
    migrations_count: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunLog:
    """All that happened in a run.

    Attributes
    ----------
    jobs : JobTable
        All jobs.
    cluster_of : ndarray of int, shape (n_jobs,)
        Cluster each job was assigned to. [-]
    suspensions_count : ndarray of int, shape (n_jobs,)
        How often it was suspended. [-]
    done : ndarray of bool, shape (n_jobs,)
        Whether it ran to its end.
    segment_job : ndarray of int, shape (n_segments,)
        Job of each stretch of a run at one power. [-]
    segment_start_s, segment_end_s : ndarray of float, shape (n_segments,)
        Its start and end. [s]
    segment_power_w : ndarray of float, shape (n_segments,)
        IT power of the job in it. [W]
    segment_gpus_count : ndarray of int, shape (n_segments,)
        Accelerators of the job in it; 0 while only its data move. [-]
    setbacks : Setbacks
        What kept jobs from their work.
    sites : tuple of Site
        The sites.
    records : tuple of StepRecord
        What each of them did.
    wear : tuple of WearReport or None
        What the run has cost each site's battery; None where its cells do not age.
    services : tuple of ServiceLog
        What each service did.
    decisions : Decisions
        What the policy decided for the jobs.
    rejected : mapping of int to str
        Jobs that were turned away [-], and why: `REJECTED` or `UNPOWERED`.
    segment_cluster : ndarray of int, shape (n_segments,), or None
        Cluster of each stretch where some job migrated; None: that of its job. [-]
    """

    jobs: JobTable
    cluster_of: NDArray[np.int64]
    suspensions_count: NDArray[np.int64]
    done: NDArray[np.bool_]
    segment_job: NDArray[np.int64]
    segment_start_s: Columns
    segment_end_s: Columns
    segment_power_w: Columns
    segment_gpus_count: NDArray[np.int64]
    setbacks: Setbacks
    sites: tuple[Site, ...]
    records: tuple[StepRecord, ...]
    wear: tuple[WearReport | None, ...]
    services: tuple[ServiceLog, ...] = ()
    decisions: Decisions = field(default_factory=Decisions)
    segment_cluster: NDArray[np.int64] | None = None
    rejected: Mapping[int, str] = field(default_factory=dict)


def turned_away(log: RunLog) -> list[str]:
    """Return what the user should know of jobs that were turned away for want of power."""
    count = sum(why == UNPOWERED for why in log.rejected.values())
    if not count:
        return []
    return [
        f"{count} of the jobs were turned away: behind its import limit, their site at no time has "
        "the power for so many accelerators, not even under the lowest cap."
    ]


def facility_w(site: Site, record: StepRecord) -> Columns:
    """Return the facility's power with the base load, shape (n_steps,). [W]."""
    return site.facility.total.mean_w(record.it_w, record.it_square_w2) + site.base_load_w


def check_balance(site: Site, record: StepRecord) -> None:
    """Check that every step's sources equal its sinks, and the battery's energy its flows.

    Parameters
    ----------
    site : Site
        The site.
    record : StepRecord
        What it did.

    Raises
    ------
    BalanceError
        If a step is off by more than 1e-9 of its largest term; the message prints the terms.
    """
    sources = {
        "solar": site.solar_w,
        "wind": site.wind_w,
        "discharge": record.discharge_w,
        "import": record.import_w,
        "unserved": record.unserved_w,
        "backup": record.backup_w,
    }
    sinks = {
        "facility": facility_w(site, record),
        "charge": record.charge_w,
        "export": record.export_w,
        "curtailed": record.curtailed_w,
    }
    _compare(site, "power [W]", sources, sinks)
    for name, flow_w in (sources | sinks).items():
        if not np.all(flow_w >= 0.0):
            step = int(np.argmin(flow_w >= 0.0))
            msg = (
                f"{site.name}: {name} is {flow_w[step]} W in step {step}; flows are never negative."
            )
            raise BalanceError(msg)
    _check_battery(site, record)


def _check_battery(site: Site, record: StepRecord) -> None:
    limits = site.battery
    if limits is None:
        return
    both = (record.charge_w > 0.0) & (record.discharge_w > 0.0)
    if np.any(both):
        msg = f"{site.name}: the battery charges and discharges at once in step {np.argmax(both)}."
        raise BalanceError(msg)
    before_j = np.concatenate([[limits.initial_soc * limits.capacity_j], record.stored_j[:-1]])
    lost_j = np.diff(record.cell_loss_j, prepend=0.0)
    dt_s = site.grid.step_s
    _compare(
        site,
        "stored energy [J]",
        {"before": before_j, "in": record.charge_w * limits.charge_efficiency * dt_s},
        {
            "after": record.stored_j,
            "out": record.discharge_w / limits.discharge_efficiency * dt_s,
            "lost": lost_j,
        },
    )
    slack_j = TOLERANCE * limits.capacity_j
    # A capacity that fades below what is stored leaves it there, but nothing may be added to it.
    most_j = np.maximum(record.capacity_j, before_j)
    if np.any((record.stored_j < -slack_j) | (record.stored_j > most_j + slack_j)):
        soc = record.stored_j / record.capacity_j
        msg = f"{site.name}: state of charge {soc.min()}..{soc.max()} leaves 0..1."
        raise BalanceError(msg)
    if np.any(lost_j < -slack_j):
        step = int(np.argmin(lost_j))
        msg = f"{site.name}: the battery's cells lose {lost_j[step]} J in step {step}; losses are "
        msg += "never negative."
        raise BalanceError(msg)


def _compare(site: Site, what: str, sources: dict[str, Columns], sinks: dict[str, Columns]) -> None:
    """Raise where two sums differ by more than the tolerance of the largest term."""
    terms = [*sources.values(), *sinks.values()]
    gap = np.abs(sum(sources.values()) - sum(sinks.values()))
    scale = np.maximum.reduce([np.abs(term) for term in terms])
    # A NaN must count as an imbalance, so the test is for what is right.
    wrong = ~(gap <= TOLERANCE * np.maximum(scale, 1.0))
    if np.any(wrong):
        step = int(np.argmax(wrong))
        values = ", ".join(f"{name} {term[step]}" for name, term in (sources | sinks).items())
        msg = f"{site.name}: {what} does not balance in step {step} by {gap[step]}: {values}."
        raise BalanceError(msg)
