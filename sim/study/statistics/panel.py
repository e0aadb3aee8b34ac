"""A metric of all runs as an array: points by policies by seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """What every policy did at every point with every seed; nothing is missing.

    Attributes
    ----------
    points : tuple of str
        The points at which all policies have a value.
    policies : tuple of str
        In the order of the runs.
    seeds : tuple of int
        The seeds that all of these share. [-]
    cube : ndarray of float, shape (n_metrics, n_points, n_policies, n_seeds)
        The metrics. [units of the metrics]
    """

    points: tuple[str, ...]
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    cube: NDArray[np.float64]


def panel_of(runs: pd.DataFrame, metrics: Sequence[str]) -> Panel | None:
    """Lay the runs of a study out, as far as every policy has them.

    Points at which some policy has no run with all the metrics are left out, then the seeds that
    some policy lacks at some of the points that are left.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics, and point if there are several.
    metrics : sequence of str
        The metrics.

    Returns
    -------
    Panel or None
        None if nothing is left.
    """
    if not set(metrics) <= set(runs.columns):
        return None
    points = runs["point"].astype(str) if "point" in runs else pd.Series("base", index=runs.index)
    long = pd.DataFrame({"point": points, "policy": runs["policy"].astype(str),
                         "seed": runs["seed"].astype(int)})
    for name in metrics:
        long[name] = pd.to_numeric(runs[name]).astype(float)
    policies = tuple(dict.fromkeys(long["policy"]))
    long = long.dropna()
    has = long.groupby("point", sort=False)["policy"].nunique()
    places = tuple(has.index[has == len(policies)])
    long = long[long["point"].isin(places)]
    count = long.groupby("seed")[metrics[0]].size()
    seeds = tuple(int(seed) for seed in count.index[count == len(places) * len(policies)])
    if not places or not seeds:
        return None
    order = pd.MultiIndex.from_product([places, policies, seeds])
    table = long.set_index(["point", "policy", "seed"])[list(metrics)].reindex(order)
    shape = (len(places), len(policies), len(seeds), len(metrics))
    return Panel(places, policies, seeds, np.moveaxis(table.to_numpy().reshape(shape), -1, 0))
