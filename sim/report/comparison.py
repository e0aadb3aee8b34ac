"""What a comparison of policies says: the shape that tables, figures and pages share."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Outcome:
    """One metric of one policy.

    Attributes
    ----------
    mean : float, int or None
        Mean over the seeds; None where the metric has no meaning. [unit of the metric]
    change_percent : float or None
        Mean paired difference from the baseline; None for the baseline itself, and where the
        baseline is 0 or has no value. [%]
    half_width_percent : float or None
        Half the width of the 95 % confidence interval of that difference; None with fewer than two
        seeds. [%]
    best : bool
        Whether no other policy does better in this metric, and some does worse.
    """

    mean: float | int | None
    change_percent: float | None = None
    half_width_percent: float | None = None
    best: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs of one scenario side by side.

    Attributes
    ----------
    scenario : str
        Name of the scenario.
    policies : tuple of str
        The baseline first.
    seeds : tuple of int
        Seeds of the runs. [-]
    outcomes : mapping
        Outcome by metric name, then by policy.
    runs : DataFrame
        One row per run: policy, seed, run_id, then every metric.
    findings : tuple of str
        Sentences that say which policy does best.
    cautions : tuple of str
        Sentences that say why the totals may not compare.
    """

    scenario: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    runs: pd.DataFrame
    findings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
