"""Jobs as columns: one array a property, one row a job, sorted by arrival."""

from dataclasses import dataclass, fields
from typing import Any, Final

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
    priority : ndarray of int16, shape (n_jobs,), or None
        Priority, higher first; None where no job has one. [-]
    user : ndarray of int32, shape (n_jobs,), or None
        Number of the user in `users`; None where every stream is a user of its own. [-]
    users : tuple of str
        Names of the users.

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
    priority: NDArray[np.int16] | None = None
    user: NDArray[np.int32] | None = None
    users: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        extra = [column for column in (self.priority, self.user) if column is not None]
        columns = [getattr(self, name) for name in COLUMNS] + extra
        if any(len(column) != len(self) for column in columns):
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


_REST: Final = ("profiles", "priority", "user", "users")
COLUMNS: Final = tuple(f.name for f in fields(JobTable) if f.name not in _REST)
"""Names of the columns that every job has."""


def merge(tables: list[JobTable], profiles: tuple[Profile, ...] = ()) -> JobTable:
    """Return one table of all jobs, sorted by arrival; equal arrivals keep the tables' order."""
    if not tables:
        return empty()
    columns = {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in COLUMNS
    }
    users = tuple(dict.fromkeys(name for table in tables for name in _users(table, profiles)))
    order = np.argsort(columns["arrival_s"], kind="stable")
    sorted_columns: dict[str, Any] = {name: column[order] for name, column in columns.items()}
    if any(table.priority is not None for table in tables):
        sorted_columns["priority"] = np.concatenate([_priorities(one) for one in tables])[order]
    if any(table.user is not None for table in tables):
        numbers = [_user_numbers(one, profiles, users) for one in tables]
        sorted_columns |= {"user": np.concatenate(numbers)[order], "users": users}
    return JobTable(**sorted_columns, profiles=profiles)


def _users(table: JobTable, profiles: tuple[Profile, ...]) -> tuple[str, ...]:
    """Return the users of one stream's jobs: themselves, or the stream."""
    if table.user is not None:
        return table.users
    return (profiles[table.workload[0]].name,) if profiles and len(table) else ("",)


def _user_numbers(
    table: JobTable, profiles: tuple[Profile, ...], users: tuple[str, ...]
) -> NDArray[np.int32]:
    """Return the numbers of one stream's users among those of all streams."""
    number = {name: code for code, name in enumerate(users)}
    numbers = np.array([number[name] for name in _users(table, profiles)], dtype=np.int32)
    return np.full(len(table), numbers[0]) if table.user is None else numbers[table.user]


def _priorities(table: JobTable) -> NDArray[np.int16]:
    return np.zeros(len(table), dtype=np.int16) if table.priority is None else table.priority


def empty() -> JobTable:
    """Return a table without jobs."""
    whole = dict.fromkeys(("gpus_count", "workload", "home_site", "home_cluster"), "i8")
    kinds = whole | {"interruptible": "?"}
    columns: dict[str, Any] = {name: np.empty(0, dtype=kinds.get(name, "f8")) for name in COLUMNS}
    return JobTable(**columns, profiles=())
