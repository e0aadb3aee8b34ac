"""What failures and checkpoints add to a run."""

from dataclasses import dataclass

from sim.scenario.schema.model_jobs import Checkpoints, FailureRate
from sim.units import GB, HOUR_S, MINUTE_S
from sim.workload.model_jobs.demand import assumed
from sim.workload.profile import Failures
from sim.workload.training import (
    checkpoint_overhead_ratio,
    failure_rate_per_s,
    young_daly_interval_s,
)


@dataclass(frozen=True, slots=True)
class Gang:
    """What of a run failures and checkpoints depend on.

    Attributes
    ----------
    gpus_count : int
        Its accelerators. [-]
    gpus_per_node : int
        Accelerators of a node, which fail together where the scenario gives the rate of nodes. [-]
    work_s : float
        Its work. [s]
    checkpoint_bytes : float
        Size of a checkpoint. [B]
    """

    gpus_count: int
    gpus_per_node: int
    work_s: float
    checkpoint_bytes: float


class Interruptions:
    """Failures and checkpoints of one stream of runs.

    Parameters
    ----------
    failures : FailureRate or None
        How often hardware fails; None: never.
    checkpoints : Checkpoints or None
        When checkpoints are written; None: not before the end.
    gang : Gang
        The run.

    Attributes
    ----------
    restart_s : float
        From a failure, or from the end of a suspension, until work goes on. [s]
    write_s : float
        Time the gang stands still to write a checkpoint. [s]
    """

    def __init__(
        self, failures: FailureRate | None, checkpoints: Checkpoints | None, gang: Gang
    ) -> None:
        self._failures, self._checkpoints, self._gang = failures, checkpoints, gang
        restart_min = failures.restart_min if failures else None
        gb_per_s = checkpoints.write_gb_per_s if checkpoints else None
        each = assumed("checkpoint_gb_per_s") if gb_per_s is None else gb_per_s
        self.restart_s = MINUTE_S * (assumed("restart_min") if restart_min is None else restart_min)
        self.write_s = gang.checkpoint_bytes / (each * GB * gang.gpus_count)

    @property
    def rate_per_gpu_s(self) -> float:
        """Failures per accelerator and time, where there are any. [1/s]."""
        spec = self._failures
        if spec is not None and spec.mtbf_gpu_h is not None:
            return 1.0 / (spec.mtbf_gpu_h * HOUR_S)
        if spec is not None and spec.mtbf_node_h is not None:
            return 1.0 / (spec.mtbf_node_h * HOUR_S * self._gang.gpus_per_node)
        return failure_rate_per_s().mid

    @property
    def mtbf_s(self) -> float:
        """Mean time between failures of the whole gang. [s]."""
        return 1.0 / (self.rate_per_gpu_s * self._gang.gpus_count)

    @property
    def interval_s(self) -> float | None:
        """Work between two checkpoints; None: there are none before the end. [s]."""
        if self._checkpoints is None:
            return None
        every_min = self._checkpoints.every_min
        if every_min == "young-daly":
            return young_daly_interval_s(self.write_s, self.mtbf_s)
        return float(every_min) * MINUTE_S

    @property
    def cycle_s(self) -> float | None:
        """Run time from one checkpoint to the next; None: there are none. [s]."""
        interval_s = self.interval_s
        return None if interval_s is None else interval_s + self.write_s

    @property
    def stretch_ratio(self) -> float:
        """Run time over work, failures apart. [-]."""
        interval_s = self.interval_s
        return 1.0 if interval_s is None else 1.0 + self.write_s / interval_s

    def expected_ratio(self) -> float:
        """Return the expected run time over work, failures in it.

        Returns
        -------
        float
            Daly's closed form. [-]

        Raises
        ------
        ValueError
            If failures come so often that the run would in effect never end.
        """
        if self._failures is None:
            return self.stretch_ratio
        interval_s = self.interval_s
        if interval_s is None:
            interval_s, write_s = self._gang.work_s, 0.0
        else:
            write_s = self.write_s
        return checkpoint_overhead_ratio(
            interval_s, write_s, self.mtbf_s, restart_s=self.restart_s
        )

    def clock(self, seed: int, name: str) -> Failures | None:
        """Return what the engine draws a stream's failures from, if it has any.

        Parameters
        ----------
        seed : int
            Seed of the replicate. [-]
        name : str
            Name of the stream.

        Returns
        -------
        Failures or None
            Rate and restart.
        """
        if self._failures is None:
            return None
        return Failures(self.rate_per_gpu_s, self.restart_s, seed=seed, name=name)
