"""What came of the accelerator time that jobs held: work, and work that was lost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.ledger.ledger import RunLog

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Work:
    """Work of each job, shape (n_jobs,).

    Attributes
    ----------
    done_fraction : ndarray of float
        Part of the job that is done and kept. [-]
    lost_s : ndarray of float
        Work that was done again, in the job's own run time. [s]
    held_gpu_s : ndarray of float
        Accelerator time it held. [s]
    useful_gpu_s : ndarray of float
        The part of it that went into work that was kept. [s]
    """

    done_fraction: Columns
    lost_s: Columns
    held_gpu_s: Columns
    useful_gpu_s: Columns

    @property
    def goodput_fraction(self) -> Columns:
        """Useful accelerator time over what was held; nan where a job held none. [-]."""
        held_gpu_s = np.where(self.held_gpu_s > 0.0, self.held_gpu_s, np.nan)
        return np.asarray(self.useful_gpu_s / held_gpu_s)


def work_of(log: RunLog) -> Work:
    """Return the work of every job.

    Parameters
    ----------
    log : RunLog
        What happened.

    Returns
    -------
    Work
        By job.

    Notes
    -----
    useful = (held - stalled) * kept / (kept + lost) * share of the run time that is work: what is
    lost counts at the job's mean speed. A power cap slows work but does not make it useless.
    """
    count, setbacks = len(log.jobs), log.setbacks
    duration_s = log.jobs.duration_s
    kept_s = np.where(log.done, duration_s, column(setbacks.done_s, count))
    lost_s = column(setbacks.lost_s, count)
    length_s = log.segment_end_s - log.segment_start_s
    segment_gpu_s = log.segment_gpus_count * length_s
    held_gpu_s = np.bincount(log.segment_job, segment_gpu_s, minlength=count).astype(float)
    working_gpu_s = np.maximum(0.0, held_gpu_s - column(setbacks.stalled_gpu_s, count))
    all_s = kept_s + lost_s
    share = np.divide(kept_s, all_s, out=np.zeros(count), where=all_s > 0.0)
    if log.jobs.profiles:
        useful = np.array([profile.useful_fraction for profile in log.jobs.profiles])
        share *= useful[log.jobs.workload]
    return Work(kept_s / duration_s, lost_s, held_gpu_s, working_gpu_s * share)


def column(values: Mapping[int, float], count: int) -> Columns:
    """Return a column, 0 for every job that is not among the values.

    Parameters
    ----------
    values : mapping of int to float
        Values by job id. [any]
    count : int
        Jobs in all. [-]

    Returns
    -------
    ndarray of float, shape (n_jobs,)
        The column. [any]
    """
    found = np.zeros(count)
    found[list(values)] = list(values.values())
    return found
