"""What a study says: the shape that tables, figures and pages share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

if TYPE_CHECKING:
    from sim.scenario.sweep.axes import Axis

KEYS: Final = ("variant", "policy", "seed", "point", "run_id")
"""Columns of a study's runs that are neither axes nor metrics."""


@dataclass(frozen=True, slots=True)
class StudyTable:
    """All runs of a study.

    Attributes
    ----------
    scenario : str
        Name of the scenario.
    description : str
        The question it asks, in its author's words; may be empty.
    axes : tuple of Axis
        What was swept, in the scenario's order; none for a study of policies and variants.
    design : str
        How the points were picked: ``grid``, ``zip``, ``latin-hypercube``, ``sobol``,
        ``sobol-indices``, ``one-at-a-time``; empty without axes.
    policies : tuple of str
        The baseline first.
    seeds : tuple of int
        Seeds of the runs. [-]
    main_metric : str
        Name of the metric that the study is about.
    runs : DataFrame
        One row per run: variant (``base`` for the scenario itself), a column for each axis, policy,
        seed, point, run_id, then every metric; by point, policy (the baseline first) and seed.
    failed : tuple of mapping
        Runs that failed twice: point, axes, policy, seed, traceback, attempts.
    """

    scenario: str
    description: str
    axes: "tuple[Axis, ...]"
    design: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    main_metric: str
    runs: pd.DataFrame
    failed: tuple[Mapping[str, Any], ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, as columns of the runs."""
        others = {*KEYS, *(axis.name for axis in self.axes)}
        return tuple(name for name in self.runs.columns if name not in others)

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points, each once."""
        return tuple(map(str, self.runs["point"].unique()))
