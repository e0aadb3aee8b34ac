"""What the jobs of one stream have in common, so that it need not stand in every job's row."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sim.datacenter.power import CLOCK_SENSITIVE_FRACTION
from sim.streams import stream


@dataclass(frozen=True, slots=True)
class Failures:
    """How often accelerators stop the jobs of a stream, and which random numbers say when.

    Attributes
    ----------
    rate_per_gpu_s : float
        Failures per accelerator and time for which its job holds it. [1/s]
    restart_s : float
        Time from a failure until work goes on from the last checkpoint. [s]
    seed : int
        Seed of the replicate. [-]
    name : str
        Name of the stream of jobs.
    """

    rate_per_gpu_s: float
    restart_s: float
    seed: int
    name: str

    def draws(self, rank: int | None = None) -> np.random.Generator:
        """Return the random stream of all jobs' first failures, or of one job's later ones.

        Parameters
        ----------
        rank : int or None
            The job, counted within its stream; None for the first failures of all. [-]

        Returns
        -------
        Generator
            A generator that no policy changes.
        """
        later = "" if rank is None else f"/{rank}"
        return stream(self.seed, f"workload/{self.name}/failures{later}")


@dataclass(frozen=True, slots=True)
class Elastic:
    """Sizes that a job can have, and how fast it runs at each.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of accelerators at which the speed is known, ascending; the first is the least and
        the last the most that a job can hold. [-]
    speedups : tuple of float
        Work per time at each, over that at the first. [-]
    resize_s : float
        Time for which a job stands still when its size changes: checkpoint and restart. [s]

    Raises
    ------
    ValueError
        If the sizes do not ascend, or there are not as many speedups.
    """

    sizes: tuple[int, ...]
    speedups: tuple[float, ...]
    resize_s: float = 0.0

    def __post_init__(self) -> None:
        """Check that the curve is one."""
        ascending = all(a < b for a, b in pairwise(self.sizes))
        if len(self.sizes) != len(self.speedups) or not self.sizes or not ascending:
            msg = f"sizes {self.sizes} with speedups {self.speedups} are no scaling curve: sizes "
            msg += "must ascend, and each needs a speedup."
            raise ValueError(msg)

    @property
    def least(self) -> int:
        """Accelerators below which a job does not run. [-]."""
        return self.sizes[0]

    @property
    def most(self) -> int:
        """Accelerators beyond which a job does not grow. [-]."""
        return self.sizes[-1]

    def speedup(self, gpus_count: int) -> float:
        """Return work per time over that at the least size, between the sizes on a line [-]."""
        return float(np.interp(gpus_count, self.sizes, self.speedups) / self.speedups[0])


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of jobs as the engine and the ledger need it; the defaults are a plain stream.

    Attributes
    ----------
    name : str
        Name of the stream.
    clock_sensitive_fraction : float
        Share of the jobs' time that follows the clock, by their kind of work. [-]
    draw_fraction : float
        Power of a busy accelerator over its TDP that a power cap is held against. [-]
    failures : Failures or None
        What stops the jobs; None: nothing.
    resume_s : float
        Time a job that was suspended needs until its work goes on. [s]
    useful_fraction : float
        Share of a job's duration that is its work; the rest writes checkpoints, or waits. [-]
    storage_w, network_w : float
        Power of storage and network for each accelerator that a job holds. [W]
    elastic : Elastic or None
        Sizes a job can have; None: its gang, always.
    data_bytes : float
        Data that has to be at a site before a job may start there. [B]
    checkpoint_bytes : float
        Checkpoint that moves with a job which has run. [B]
    max_wait_s : float
        Longest time for which a policy may put a job off. [s]
    stays_home : bool
        Whether no policy may place the jobs elsewhere.
    run_flop : float or None
        Operations of one whole job; None where unknown. [FLOP]
    run_tokens_count, run_samples_count, run_steps_count : float or None
        Tokens, samples (sequences, requests) and steps of one whole job; None where unknown. [-]
    trains : bool
        Whether its tokens train a model.
    techniques : tuple of str
        Techniques that have shaped the jobs.
    """

    name: str
    clock_sensitive_fraction: float = CLOCK_SENSITIVE_FRACTION
    draw_fraction: float = 1.0
    failures: Failures | None = None
    resume_s: float = 0.0
    useful_fraction: float = 1.0
    storage_w: float = 0.0
    network_w: float = 0.0
    elastic: Elastic | None = None
    data_bytes: float = 0.0
    checkpoint_bytes: float = 0.0
    max_wait_s: float = math.inf
    stays_home: bool = False
    run_flop: float | None = None
    run_tokens_count: float | None = None
    run_samples_count: float | None = None
    run_steps_count: float | None = None
    trains: bool = False
    techniques: tuple[str, ...] = field(default=())

    @property
    def is_plain(self) -> bool:
        """Whether its jobs run from start to end as gangs that nothing but policies stops."""
        return self.failures is None and self.elastic is None and self.resume_s == 0.0
