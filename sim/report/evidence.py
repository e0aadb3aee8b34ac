"""What the statistics of a study say: the shapes that its tables, figures and page share."""

from dataclasses import dataclass
from typing import Literal

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % confidence interval.

    Attributes
    ----------
    value : float
        The estimate. [any]
    low, high : float or None
        Ends of the interval; None where there is too little to tell. [any]
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One policy's place.

    Attributes
    ----------
    policy : str
        The policy.
    mean : float
        Mean of the metric over points and seeds. [unit of the metric]
    rank : Estimate
        Place by the mean over the seeds, 1 is best, equals share places; mean over the points. [-]
    best_fraction : float or None
        Share of the bootstrap resamples of the seeds in which no other policy has a better rank;
        resamples with several winners are shared out. None with a single seed. [-]
    """

    policy: str
    mean: float
    rank: Estimate
    best_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Policies in the order of how they do in one metric.

    Attributes
    ----------
    metric : str
        The metric.
    rows : tuple of Ranked
        The best first.
    seeds_count : int
        Seeds that every policy has at every point counted. [-]
    points_count : int
        Points that count: those where every policy ran. [-]
    """

    metric: str
    rows: tuple[Ranked, ...]
    seeds_count: int
    points_count: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One policy at one point, which may be on the Pareto front.

    Attributes
    ----------
    point : str
        The point of the study.
    policy : str
        The policy.
    values : tuple of float
        Means over the seeds, in the order of the front's metrics. [units of the metrics]
    on_front : bool
        Whether no other candidate is as good in all of them and better in one.
    front_fraction : float or None
        Share of the bootstrap resamples of the seeds in which that is so; None with a single seed.
        [-]
    """

    point: str
    policy: str
    values: tuple[float, ...]
    on_front: bool
    front_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """Who is on the Pareto front, and how surely.

    Attributes
    ----------
    metrics : tuple of str
        What is weighed against each other.
    candidates : tuple of Candidate
        All policies at all points, in the order of the runs.
    seeds_count : int
        Seeds that all candidates have. [-]
    """

    metrics: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    seeds_count: int


@dataclass(frozen=True, slots=True)
class SobolIndex:
    """How much of a metric's variance is due to one axis.

    Attributes
    ----------
    axis : str
        Name of the axis.
    first : Estimate
        Share of the variance that this axis causes by itself. [-]
    total : Estimate
        That and what it causes together with others. [-]
    """

    axis: str
    first: Estimate
    total: Estimate


@dataclass(frozen=True, slots=True)
class Swing:
    """A bar of a tornado: how a metric moves as one axis goes from end to end.

    Attributes
    ----------
    axis : str
        Name of the axis.
    axis_low, axis_high : Scalar
        Where the metric is least and where it is most. [unit of the axis]
    low, high : Estimate
        The metric there, mean over the seeds. [unit of the metric]
    base : float or None
        The metric at the base, None if it did not run. [unit of the metric]
    """

    axis: str
    axis_low: Scalar
    axis_high: Scalar
    low: Estimate
    high: Estimate
    base: float | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """How steadily a metric follows one axis.

    Attributes
    ----------
    axis : str
        Name of the axis.
    rho : Estimate
        Spearman's rank correlation over the points: 1 always up, -1 always down, 0 neither. [-]
    """

    axis: str
    rho: Estimate


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a metric of a policy depends on, the strongest axis first.

    Attributes
    ----------
    metric : str
        The metric.
    policy : str
        The policy.
    method : {'sobol', 'tornado', 'rank-correlation'}
        What the rows are: SobolIndex, Swing or Correlation.
    rows : tuple
        One per axis that can be told.
    notes : tuple of str
        What a reader should know.
    variant : str
        The variant over which was swept; ``base`` for the scenario itself.
    """

    metric: str
    policy: str
    method: Literal["sobol", "tornado", "rank-correlation"]
    rows: tuple[SobolIndex, ...] | tuple[Swing, ...] | tuple[Correlation, ...]
    notes: tuple[str, ...] = ()
    variant: str = "base"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the statistics of a study say.

    Attributes
    ----------
    rankings : tuple of Ranking
        By metric: the main one first, then cost, carbon and completion time.
    front : Front or None
        Cost, carbon and completion time against each other; None with fewer than two candidates or
        fewer than two such metrics.
    sensitivities : tuple of Sensitivity
        Of the main metric, by variant and policy; empty if nothing was swept.
    cautions : tuple of str
        Sentences that say what the study cannot show.
    """

    rankings: tuple[Ranking, ...] = ()
    front: Front | None = None
    sensitivities: tuple[Sensitivity, ...] = ()
    cautions: tuple[str, ...] = ()
