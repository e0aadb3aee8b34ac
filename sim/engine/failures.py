"""When accelerators fail and stop their jobs.

A job's failures are drawn on the accelerator time that it holds, from random numbers of its own: so
every policy meets the same ones, whatever it shifts, caps or resizes, and no other draw is shifted.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.workload.jobs import JobTable
from sim.workload.profile import Failures


class FailureClock:
    """Counts down to each job's next failure, at exponential distances.

    Parameters
    ----------
    jobs : JobTable
        All jobs of the run.
    """

    def __init__(self, jobs: JobTable) -> None:
        self._jobs = jobs
        self._left_gpu_s: dict[int, float] = {}
        self._later: dict[int, np.random.Generator] = {}
        self._streams = {
            number: _Stream(profile.failures, np.flatnonzero(jobs.workload == number))
            for number, profile in enumerate(jobs.profiles)
            if profile.failures is not None
        }

    def due_s(self, job: int, gpus_count: int) -> float:
        """Return how long a job runs until its next failure, if its size stays.

        Parameters
        ----------
        job : int
            Job id. [-]
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        float
            Time; inf where nothing stops it. [s]
        """
        failing = self._streams.get(int(self._jobs.workload[job]))
        if failing is None:
            return math.inf
        left_gpu_s = self._left_gpu_s.get(job)
        if left_gpu_s is None:
            left_gpu_s = self._left_gpu_s[job] = failing.first_gpu_s(job)
        return max(0.0, left_gpu_s / gpus_count)

    def run(self, job: int, gpu_s: float) -> None:
        """Count accelerator time that a job has held. [s]."""
        if job in self._left_gpu_s:
            self._left_gpu_s[job] -= gpu_s

    def strike(self, job: int) -> float:
        """Draw a job's next failure, and return how long this one stops it.

        Parameters
        ----------
        job : int
            Job id. [-]

        Returns
        -------
        float
            Time until its work goes on. [s]
        """
        failing = self._streams[int(self._jobs.workload[job])]
        if job not in self._later:
            self._later[job] = failing.failures.draws(failing.rank(job))
        self._left_gpu_s[job] = failing.distance_gpu_s(self._later[job].exponential())
        return failing.failures.restart_s


class _Stream:
    """The failures of one stream of jobs."""

    def __init__(self, failures: Failures, ids: NDArray[np.int64]) -> None:
        self.failures = failures
        self._ids = ids
        self._first = failures.draws().exponential(size=len(ids))

    def rank(self, job: int) -> int:
        """Return a job's number within the stream."""
        return int(np.searchsorted(self._ids, job))

    def first_gpu_s(self, job: int) -> float:
        """Return the accelerator time after which a job fails for the first time."""
        return self.distance_gpu_s(self._first[self.rank(job)])

    def distance_gpu_s(self, drawn: float) -> float:
        """Return the accelerator time to a failure from an exponential draw of mean 1."""
        return float(drawn) / self.failures.rate_per_gpu_s
