"""What a policy does differently from the baseline, seed by seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.study.statistics.intervals import mean_intervals
from sim.study.statistics.significance import effect_sizes, fewest_seeds, holm, sign_flip_p

_NOISE: Final = 1e-9  # relative; differences below it are the order of summation


@dataclass(frozen=True, slots=True)
class Difference:
    """One policy against the baseline in one metric.

    Attributes
    ----------
    mean : float
        Mean over the seeds of the paired differences. [any]
    low, high : float or None
        Ends of its 95 % confidence interval; None with fewer than two seeds. [any]
    baseline : float
        Mean of the baseline over the same seeds. [any]
    p_holm : float or None
        Corrected p value; None with too few seeds to show anything. [-]
    effect_size : float or None
        Cohen's d_z. [-]
    lower_fraction, higher_fraction : float
        Share of the seeds with a lower and with a higher value than the baseline. [-]
    seeds_count : int
        Seeds that both have. [-]
    """

    mean: float
    low: float | None
    high: float | None
    baseline: float
    p_holm: float | None
    effect_size: float | None
    lower_fraction: float
    higher_fraction: float
    seeds_count: int


def known_values(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Lay a metric out by policy.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metric : str
        The metric.

    Returns
    -------
    DataFrame
        A row per point and seed, a column per policy in the order of the runs; NaN where a run has
        no value. [unit of the metric]
    """
    policies = list(dict.fromkeys(runs["policy"]))
    keys = ["point", "seed"] if "point" in runs else ["seed"]
    if metric not in runs or runs[metric].isna().all():
        return pd.DataFrame(columns=policies, index=pd.Index([], name="seed"), dtype=float)
    numbers = runs[[*keys, "policy", metric]].astype({metric: float})
    return numbers.pivot_table(metric, keys, "policy").reindex(columns=policies)


def differences(values: pd.DataFrame) -> dict[str, Difference]:
    """Hold every policy against the first.

    Parameters
    ----------
    values : DataFrame
        As `known_values` lays them out, the baseline first. [any]

    Returns
    -------
    dict
        For every policy but the baseline that shares seeds with it. With several points a seed's
        difference is the mean over the points that both have.
    """
    numbers = values.to_numpy()
    seeds = pd.factorize(values.index.get_level_values("seed"), sort=True)[0]
    paired = {
        str(name): pair for name, column in zip(values.columns[1:], numbers.T[1:], strict=True)
        if (pair := _paired(column, numbers[:, 0], seeds)) is not None
    }
    changes = {name: change for name, (change, _) in paired.items()}
    ends, sizes = _by_rows(mean_intervals, changes), _by_rows(effect_sizes, changes)
    p = _corrected(changes)
    return {
        name: Difference(
            mean=float(change.mean()),
            low=known(ends[name][0]),
            high=known(ends[name][1]),
            baseline=float(paired[name][1].mean()),
            p_holm=p.get(name),
            effect_size=known(sizes[name]),
            lower_fraction=float(np.mean(change < 0.0)),
            higher_fraction=float(np.mean(change > 0.0)),
            seeds_count=len(change),
        )
        for name, change in changes.items()
    }


def known(value: float) -> float | None:
    """Return a number, None instead of NaN."""
    return None if np.isnan(value) else float(value)


def _corrected(changes: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Return Holm's p values of those with seeds enough to show something."""
    enough = fewest_seeds(len(changes))
    tested = {name: change for name, change in changes.items() if len(change) >= enough}
    raw = _by_rows(sign_flip_p, tested)
    family = np.array([raw.get(name, 1.0) for name in changes])
    return {name: float(p) for name, p in zip(changes, holm(family), strict=True) if name in raw}


def _by_rows(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    changes: Mapping[str, NDArray[np.float64]],
) -> dict[str, Any]:
    """Apply a function of the rows of an array, once to all that have as many seeds: it is slow."""
    found: dict[str, Any] = {}
    for count in sorted({len(change) for change in changes.values()}):
        alike = {name: change for name, change in changes.items() if len(change) == count}
        found |= zip(alike, function(np.stack(list(alike.values()))), strict=True)
    return found


def _paired(
    mine: NDArray[np.float64], theirs: NDArray[np.float64], seeds: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return differences and the baseline by seed, or None if no seed is in both."""
    both = ~(np.isnan(mine) | np.isnan(theirs))
    if not both.any():
        return None
    mine, theirs, seeds = mine[both], theirs[both], seeds[both]
    noise = _NOISE * np.maximum(np.abs(mine), np.abs(theirs))
    change = np.where(np.abs(mine - theirs) > noise, mine - theirs, 0.0)
    count = np.bincount(seeds)
    there = count > 0
    by_seed = [np.bincount(seeds, one)[there] / count[there] for one in (change, theirs)]
    return by_seed[0], by_seed[1]
