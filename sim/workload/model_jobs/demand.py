"""What a stream of model jobs comes down to: gangs, run times, power, and a profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sim.catalog import row
from sim.datacenter.moving import data_path
from sim.scenario.positions import FieldPath
from sim.workload.jobs import JobTable
from sim.workload.profile import Profile
from sim.workload.techniques import Phase, technique_mistakes

Mistake = tuple[FieldPath, str]
"""Where in the stream something is wrong, and what."""

BILLION: Final = 1e9
ONE_SPEED: Final = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Demand:
    """The jobs of a stream at one site, alike but for their speed.

    Attributes
    ----------
    profile : Profile
        What they have in common.
    gpus_count : int
        Accelerators of each, the least if it is elastic. [-]
    duration_s : float
        Run time on them at mean speed, checkpoints in it, failures not. [s]
    power_fraction : float
        Power of a busy accelerator over its TDP. [-]
    expected_ratio : float
        Expected run time with failures over that without. [-]
    checkpoint_s : float or None
        Run time from one checkpoint to the next; None: none before the end. [s]
    speeds : tuple of float
        Least and most speed over the mean, between which each job draws its own. [-]
    notes : tuple of str
        What techniques assume.
    """

    profile: Profile
    gpus_count: int
    duration_s: float
    power_fraction: float
    expected_ratio: float = 1.0
    checkpoint_s: float | None = None
    speeds: tuple[float, float] = ONE_SPEED
    notes: tuple[str, ...] = ()

    def table(
        self,
        arrival_s: np.ndarray[tuple[int], np.dtype[np.float64]],
        rng: np.random.Generator,
        *,
        home: tuple[int, int],
        slack_s: float | None = None,
        interruptible: bool = False,
    ) -> JobTable:
        """Return the jobs of the stream, as its only one.

        Parameters
        ----------
        arrival_s : ndarray of float, shape (n_jobs,)
            When they arrive, sorted. [s]
        rng : Generator
            Draws their speeds.
        home : tuple of int
            Numbers of their site and their cluster. [-]
        slack_s : float or None
            How much later than expected they may end; None: no deadline. [s]
        interruptible : bool
            Whether they may be suspended.

        Returns
        -------
        JobTable
            The jobs.
        """
        count = len(arrival_s)
        duration_s = np.full(count, self.duration_s)
        if self.speeds != ONE_SPEED:
            duration_s /= rng.uniform(*self.speeds, count)
        expected_s = duration_s * self.expected_ratio
        slack = np.inf if slack_s is None else slack_s
        checkpoint_s = duration_s if self.checkpoint_s is None else self.checkpoint_s
        return JobTable(
            arrival_s=arrival_s,
            earliest_start_s=arrival_s.copy(),
            deadline_s=arrival_s + expected_s + slack,
            duration_s=duration_s,
            expected_duration_s=expected_s,
            gpus_count=np.full(count, self.gpus_count),
            power_w=np.full(count, np.nan),
            power_fraction=np.full(count, self.power_fraction),
            interruptible=np.full(count, interruptible),
            checkpoint_s=np.broadcast_to(checkpoint_s, count).copy(),
            workload=np.zeros(count, dtype=np.int64),
            home_site=np.full(count, home[0]),
            home_cluster=np.full(count, home[1]),
        )


def assumed(name: str) -> float:
    """Return a middle value of the catalog's table ``estimate_assumptions`` [unit of the row]."""
    return float(row("estimate_assumptions", name)["mid"])


def data_power_w(
    size_bytes: float, time_s: float, gpus_count: int, *, drives: str = "ssd"
) -> tuple[float, float]:
    """Return the mean power of moving data between drives and accelerators, for each of them.

    Parameters
    ----------
    size_bytes : float
        What is read and written. [B]
    time_s : float
        In which time. [s]
    gpus_count : int
        Accelerators that share it. [-]
    drives : str
        What it is read from or written to, ``ssd`` or ``hdd``.

    Returns
    -------
    storage_w : float
        Power of drives for each accelerator [W].
    network_w : float
        Power of the way inside the site for each accelerator [W].
    """
    bytes_per_s = size_bytes / time_s / gpus_count
    ways = (data_path(drives), data_path("infiniband"))
    storage_w, network_w = (bytes_per_s * way.energy_j_per_byte.mid for way in ways)
    return storage_w, network_w


def technique_findings(
    names: Sequence[str], work: Phase, given: dict[str, float | None]
) -> list[Mistake]:
    """Return what is wrong with the techniques of a stream.

    Parameters
    ----------
    names : sequence of str
        Techniques.
    work : {'training', 'inference'}
        What they are applied to.
    given : dict
        The batch (``batch_count``) and the model's size (``parameters_b``), for effects that
        depend on them.

    Returns
    -------
    list of Mistake
        The mistakes, at the technique where one is named.
    """
    found: list[Mistake] = []
    for message in technique_mistakes(names, work, given):
        place = next((n for n, name in enumerate(names) if f'"{name}"' in message), None)
        path: FieldPath = ("techniques",) if place is None else ("techniques", place)
        found.append((path, message))
    return found
