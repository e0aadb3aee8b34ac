"""The jobs that have arrived, as policies see them."""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.power import CLOCK_SENSITIVE_FRACTION
from sim.policy.read_only import ReadOnly
from sim.workload.jobs import JobTable
from sim.workload.profile import Elastic

_COLUMNS: Final = (
    "arrival_s",
    "earliest_start_s",
    "deadline_s",
    "expected_duration_s",
    "gpus_count",
    "interruptible",
    "workload",
    "home_site",
    "power_w",
    "power_fraction",
    "checkpoint_s",
)

_ALL: Final = (*_COLUMNS, "priority", "user")


class Traits(NamedTuple):
    """What policies may know of a stream of jobs; when they will fail is not among it.

    Attributes
    ----------
    clock_sensitive_fraction : float
        Share of the jobs' time that follows the clock. [-]
    draw_fraction : float
        Power of a busy accelerator over its TDP that a cap is held against. [-]
    elastic : Elastic or None
        Sizes a job can have, and its speed at each; None: its gang, always.
    data_bytes, checkpoint_bytes : float
        What has to be at a site before a job may start there; what moves with one that has run. [B]
    resume_s : float
        Time that a job which was suspended needs until its work goes on. [s]
    stays_home : bool
        Whether no policy may place the jobs elsewhere.
    """

    clock_sensitive_fraction: float
    draw_fraction: float
    elastic: Elastic | None
    data_bytes: float
    checkpoint_bytes: float
    resume_s: float
    stays_home: bool


_PLAIN: Final = Traits(CLOCK_SENSITIVE_FRACTION, 1.0, None, 0.0, 0.0, 0.0, stays_home=False)


class JobsView(ReadOnly):
    """Read-only columns of the jobs that have arrived; the row number is the job id.

    The true duration is not among them: policies see the expected one.

    Parameters
    ----------
    table : JobTable
        All jobs of the run.
    arrived : list of int
        One number, kept up to date by its owner: how many jobs have arrived. [-]
    """

    __slots__ = ("_arrived", "_columns", "_profiles", "_times_s", "_waits_s", "users")

    def __init__(self, table: JobTable, arrived: list[int]) -> None:
        self._arrived = arrived
        self._columns: dict[str, NDArray[Any]] = {}
        self._profiles = table.profiles
        self._waits_s: list[float] = [profile.max_wait_s for profile in table.profiles]
        for name in _COLUMNS:
            self._columns[name] = _frozen(getattr(table, name))
        times = ("earliest_start_s", "deadline_s", "expected_duration_s")
        self._times_s = tuple(self._columns[name] for name in times)
        nothing = np.broadcast_to(np.int16(0), len(table))
        self._columns["priority"] = nothing if table.priority is None else _frozen(table.priority)
        self._columns["user"] = _frozen(table.workload if table.user is None else table.user)
        streams = tuple(profile.name for profile in table.profiles) or ("",)
        self.users = streams if table.user is None else table.users
        """Names of the users by number."""

    def __len__(self) -> int:
        """Return the number of jobs that have arrived."""
        return self._arrived[0]

    @property
    def count(self) -> int:
        """Number of jobs that have arrived. [-]."""
        return self._arrived[0]

    # Properties, and not one __getattr__ for all: a decision reads a few columns of one job, and
    # looking for them the slow way would take longer than deciding.

    @property
    def arrival_s(self) -> NDArray[Any]:
        """Time at which each job became known. [s]."""
        return self._columns["arrival_s"][: self._arrived[0]]

    @property
    def earliest_start_s(self) -> NDArray[Any]:
        """Time before which it cannot start. [s]."""
        return self._columns["earliest_start_s"][: self._arrived[0]]

    @property
    def deadline_s(self) -> NDArray[Any]:
        """Time by which it should end; inf where it has none. [s]."""
        return self._columns["deadline_s"][: self._arrived[0]]

    @property
    def expected_duration_s(self) -> NDArray[Any]:
        """How long it is expected to run. [s]."""
        return self._columns["expected_duration_s"][: self._arrived[0]]

    @property
    def gpus_count(self) -> NDArray[Any]:
        """Accelerators it needs all at once. [-]."""
        return self._columns["gpus_count"][: self._arrived[0]]

    @property
    def interruptible(self) -> NDArray[Any]:
        """Whether it may be suspended and resumed."""
        return self._columns["interruptible"][: self._arrived[0]]

    @property
    def workload(self) -> NDArray[Any]:
        """Which stream it comes from, in the scenario's order. [-]."""
        return self._columns["workload"][: self._arrived[0]]

    @property
    def home_site(self) -> NDArray[Any]:
        """Site it runs at unless a policy places it elsewhere. [-]."""
        return self._columns["home_site"][: self._arrived[0]]

    @property
    def power_w(self) -> NDArray[Any]:
        """IT power of each whole job; nan where the accelerator decides. [W]."""
        return self._columns["power_w"][: self._arrived[0]]

    @property
    def power_fraction(self) -> NDArray[Any]:
        """Power of a busy accelerator over its TDP, where `power_w` is nan. [-]."""
        return self._columns["power_fraction"][: self._arrived[0]]

    @property
    def checkpoint_s(self) -> NDArray[Any]:
        """Work between two checkpoints; 0 where every moment is one. [s]."""
        return self._columns["checkpoint_s"][: self._arrived[0]]

    @property
    def priority(self) -> NDArray[Any]:
        """Priority of each job, higher first; 0 where none is given. [-]."""
        return self._columns["priority"][: self._arrived[0]]

    @property
    def user(self) -> NDArray[Any]:
        """Number of each job's user in `users`; without users, that of its stream. [-]."""
        return self._columns["user"][: self._arrived[0]]

    def traits(self, job: int) -> Traits:
        """Return what a job has in common with the others of its stream."""
        if not self._profiles:
            return _PLAIN
        profile = self._profiles[int(self.workload[job])]
        return Traits(
            profile.clock_sensitive_fraction, profile.draw_fraction, profile.elastic,
            profile.data_bytes, profile.checkpoint_bytes, profile.resume_s, profile.stays_home,
        )

    def times_s(self, job: int) -> tuple[float, float, float]:
        """Return the earliest start of a job, its deadline, and how long it is expected to run [s].

        Parameters
        ----------
        job : int
            Job id. [-]

        Returns
        -------
        tuple of float
            The same as of the columns, in a third of the time.

        Raises
        ------
        IndexError
            If there is no such job yet.
        """
        if not 0 <= job < self._arrived[0]:
            msg = f"there is no job {job} yet: {self._arrived[0]} have arrived"
            raise IndexError(msg)
        earliest_s, deadline_s, expected_s = self._times_s
        return earliest_s.item(job), deadline_s.item(job), expected_s.item(job)

    def max_wait_s(self, job: int) -> float:
        """Return for how long a policy may put a job off; inf where nothing but its deadline says.

        Parameters
        ----------
        job : int
            Job id. [-]

        Returns
        -------
        float
            Longest wait after its earliest start. [s]
        """
        if not self._waits_s:
            return math.inf
        return self._waits_s[int(self.workload[job])]

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Say which columns there are; those that there are never come here."""
        message = f"jobs have no column {name!r}; there are {', '.join(_ALL)}"
        raise AttributeError(message)


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    """Return a view of a column that cannot be written to."""
    view = column.view()
    view.flags.writeable = False
    return view
