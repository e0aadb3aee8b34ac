"""What the user wants of a study: which runs, where, how many at once, what to keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a study's runs are wanted.

    Attributes
    ----------
    policies : sequence of str
        Names of policies; none for all.
    variants : sequence of str
        Names of variants, ``base`` for the scenario itself; none for all.
    seeds : sequence of int
        Seeds in place of the scenario's; none for those. [-]
    where : str
        Condition on variant, policy, seed, point and the axes, as pandas' ``DataFrame.query``
        takes it; empty for none.
    """

    policies: Sequence[str] = ()
    variants: Sequence[str] = ()
    seeds: Sequence[int] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a study is carried out.

    Attributes
    ----------
    out : Path
        Folder that gets a folder with the scenario's name.
    workers : int
        Processes on this machine, or workers of a local Dask cluster. [-]
    cluster : str
        Address of a Dask scheduler, or ``local`` for a Dask cluster on this machine; empty for
        plain processes.
    keep : str
        ``all`` keeps a folder per run, ``metrics`` only its row in the dataset.
    batch : int
        Runs per task. [-]
    time_limit_s : float or None
        Most that a run may take; None for no limit. [s]
    fresh : bool
        Whether to run again what is there.
    metric : str
        Name of the metric by which the best run so far is told; less is better.
    selection : Selection
        Which runs are wanted.
    """

    out: Path = Path("outputs")
    workers: int = 1
    cluster: str = ""
    keep: str = "all"
    batch: int = 1
    time_limit_s: float | None = None
    fresh: bool = False
    metric: str = "cost_total_usd"
    selection: Selection = field(default_factory=Selection)
