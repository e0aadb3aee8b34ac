"""What a comparison of policies says: the shape that tables, figures and pages share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from sim.report.labels import DOUBTFUL, interval, percent

SIGNIFICANT: Final = 0.05
"""What a p value must stay below for a change not to be put down to chance."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One metric of one policy.

    Attributes
    ----------
    mean : float, int or None
        Mean over the seeds; None where the metric has no meaning. [unit of the metric]
    change_percent : float or None
        Mean paired difference from the baseline, of the baseline's mean; None for the baseline
        itself, and where the baseline is 0 or has no value. [%]
    low_percent, high_percent : float or None
        Ends of the 95 % confidence interval of that difference: by the bootstrap over the seeds,
        with fewer than six by Student's t; None with a single one. [%]
    p_holm : float or None
        P value of the sign-flip test of the paired differences, Holm-corrected for the policies
        that are held against the baseline in this metric; None with fewer seeds than could ever
        show anything. [-]
    effect_size : float or None
        Cohen's d_z: the mean of the paired differences over their standard deviation; None where
        all seeds differ alike, and with fewer than two. [-]
    better_fraction : float or None
        Share of the seeds in which the policy does better than the baseline; None where neither
        end of the metric is the good one. [-]
    best : bool
        Whether no other policy does better in this metric, and some does worse.
    """

    mean: float | int | None
    change_percent: float | None = None
    low_percent: float | None = None
    high_percent: float | None = None
    p_holm: float | None = None
    effect_size: float | None = None
    better_fraction: float | None = None
    best: bool = False

    @property
    def alike(self) -> bool:
        """Whether the policy has the baseline's value in every one of several seeds."""
        return self.low_percent == self.high_percent == self.change_percent == 0.0

    @property
    def doubtful(self) -> bool:
        """Whether there is a change that was tested and may be chance (p of 5 % or more)."""
        return self.p_holm is not None and self.p_holm >= SIGNIFICANT and not self.alike

    @property
    def change_text(self) -> str:
        """The change, marked where it is doubtful; empty where there is none to tell."""
        text = percent(self.change_percent)
        return f"{text} {DOUBTFUL}" if text and self.doubtful else text

    @property
    def interval_text(self) -> str:
        """The interval of the change; empty where there is none, or no change to tell of."""
        told = percent(self.change_percent) and not self.alike
        return interval(self.low_percent, self.high_percent) if told else ""


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
