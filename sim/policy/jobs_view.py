"""The jobs that have arrived, as policies see them."""

import math
from typing import Any, Final

from numpy.typing import NDArray

from sim.policy.read_only import ReadOnly
from sim.workload.jobs import JobTable

_COLUMNS: Final = (
    "arrival_s",
    "earliest_start_s",
    "deadline_s",
    "expected_duration_s",
    "gpus_count",
    "interruptible",
    "workload",
    "home_site",
)


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

    __slots__ = ("_arrived", "_columns", "_waits_s")

    def __init__(self, table: JobTable, arrived: list[int]) -> None:
        self._arrived = arrived
        self._columns: dict[str, NDArray[Any]] = {}
        self._waits_s: list[float] = [profile.max_wait_s for profile in table.profiles]
        for name in _COLUMNS:
            column = getattr(table, name).view()
            column.flags.writeable = False
            self._columns[name] = column

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
        message = f"jobs have no column {name!r}; there are {', '.join(_COLUMNS)}"
        raise AttributeError(message)
