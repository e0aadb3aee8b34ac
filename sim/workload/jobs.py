"""Jobs as columns: one array a property, one row a job, sorted by arrival."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.workload.profile import Profile


@dataclass(frozen=True, slots=True)
class JobTable:
    """All jobs of a run, sorted by arrival; the row number is the job's id.

    Attributes
    ----------
    arrival_s : ndarray of float, shape (n_jobs,)
        Time at which the job becomes known. [s]
    earliest_start_s : ndarray of float, shape (n_jobs,)
        Time before which it cannot start, at least its arrival. [s]
    deadline_s : ndarray of float, shape (n_jobs,)
        Time by which it should end; inf where it has none. [s]
    duration_s : ndarray of float, shape (n_jobs,)
        Time it runs on its gang. Policies never see this column. [s]
    expected_duration_s : ndarray of float, shape (n_jobs,)
        Duration that policies see. [s]
    gpus_count : ndarray of int, shape (n_jobs,)
        Accelerators it needs all at once. [-]
    power_w : ndarray of float, shape (n_jobs,)
        IT power of the whole job; nan where the accelerator decides. [W]
    power_fraction : ndarray of float, shape (n_jobs,)
        Power of a busy accelerator over its TDP, where `power_w` is nan. [-]
    interruptible : ndarray of bool, shape (n_jobs,)
        Whether it may be suspended and resumed.
    checkpoint_s : ndarray of float, shape (n_jobs,)
        Work between two checkpoints; 0 where every moment is one. A job that has to make way loses
        its work since the last. [s]
    workload : ndarray of int, shape (n_jobs,)
        Which stream it comes from, in the scenario's order; federated learning counts one for each
        of its sites. [-]
    home_site : ndarray of int, shape (n_jobs,)
        Site it runs at unless a policy places it elsewhere. [-]
    home_cluster : ndarray of int, shape (n_jobs,)
        Cluster of the home site that it runs on. [-]
    profiles : tuple of Profile
        What the jobs of each stream have in common; empty where all streams are plain.

    Raises
    ------
    ValueError
        If the columns differ in length, the jobs are not sorted by arrival, or a stream has no
        profile.
    """

    arrival_s: NDArray[np.float64]
    earliest_start_s: NDArray[np.float64]
    deadline_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    expected_duration_s: NDArray[np.float64]
    gpus_count: NDArray[np.int64]
    power_w: NDArray[np.float64]
    power_fraction: NDArray[np.float64]
    interruptible: NDArray[np.bool_]
    checkpoint_s: NDArray[np.float64]
    workload: NDArray[np.int64]
    home_site: NDArray[np.int64]
    home_cluster: NDArray[np.int64]
    profiles: tuple[Profile, ...] = ()

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        if any(len(getattr(self, name)) != len(self) for name in COLUMNS):
            msg = "columns of a job table differ in length"
            raise ValueError(msg)
        if np.any(np.diff(self.arrival_s) < 0):
            msg = "jobs are not sorted by arrival"
            raise ValueError(msg)
        if self.profiles and np.max(self.workload, initial=-1) >= len(self.profiles):
            msg = f"jobs come from more than the {len(self.profiles)} streams that have a profile"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Return the number of jobs."""
        return len(self.arrival_s)


COLUMNS: Final = tuple(f.name for f in fields(JobTable) if f.name != "profiles")
"""Names of the columns."""


def merge(tables: list[JobTable], profiles: tuple[Profile, ...] = ()) -> JobTable:
    """Return one table of all jobs, sorted by arrival; equal arrivals keep the tables' order."""
    if not tables:
        return empty()
    columns = {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in COLUMNS
    }
    order = np.argsort(columns["arrival_s"], kind="stable")
    sorted_columns = {name: column[order] for name, column in columns.items()}
    return JobTable(**sorted_columns, profiles=profiles)


def empty() -> JobTable:
    """Return a table without jobs."""
    whole = dict.fromkeys(("gpus_count", "workload", "home_site", "home_cluster"), "i8")
    kinds = whole | {"interruptible": "?"}
    columns = {name: np.empty(0, dtype=kinds.get(name, "f8")) for name in COLUMNS}
    return JobTable(**columns, profiles=())
