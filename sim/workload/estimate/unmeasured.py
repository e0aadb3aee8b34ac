"""Decoding of a model that nobody measured: a rule fitted on the models that were.

For each accelerator with serving curves, iteration time and power over TDP are products of powers
of active parameters, weights per accelerator, batch and number of accelerators, by least squares on
the logarithms. How far the rule is off on models it has not seen (each left out in turn) is the
range of its answers.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.catalog import table
from sim.units import Range

TEXT_TASKS: Final = ("chat", "reasoning", "code")
BATCHES: Final = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Batches at which each curve is taken, of those that it was measured at."""
TAILS: Final = (0.1, 0.9)
"""Quantiles of the error on unseen models that bound an answer."""
NEAR: Final = 1.02
"""A curve counts at a batch that it misses by less than 2 %: its batches are measured means."""

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decoding:
    """What decoding takes of an accelerator.

    Attributes
    ----------
    iteration_s : Range
        Time of an iteration, which writes one token of each request in the batch. [s]
    power_w : Range
        Power of one accelerator alone. [W]
    batch : float
        Batch it holds for: the nearest that was measured. [-]
    source : str
        What it rests on.
    """

    iteration_s: Range
    power_w: Range
    batch: float
    source: str


def accelerators_with_curves() -> tuple[str, ...]:
    """Return the accelerators that the rule knows."""
    return tuple(sorted(set(table("serving_curves")["accelerator"])))


def decoding(
    accelerator: str,
    gpus_count: int,
    batch: float,
    *,
    active_parameters_b: float,
    weights_gb: float,
) -> Decoding:
    """Return what decoding with a model of a size would take.

    Parameters
    ----------
    accelerator : str
        Accelerator, one of `accelerators_with_curves`.
    gpus_count : int
        Accelerators of a replica. [-]
    batch : float
        Requests decoded together. [-]
    active_parameters_b : float
        Parameters that a token passes through. [billion]
    weights_gb : float
        Size of the weights. [GB]

    Returns
    -------
    Decoding
        Time and power with their ranges.
    """
    points = _points(accelerator)
    held = float(np.clip(batch, points["batch"].min(), points["batch"].max()))
    asked = _logarithms(
        np.array([active_parameters_b]), np.array([weights_gb / gpus_count]),
        np.array([held]), np.array([float(gpus_count)]),
    )  # fmt: skip
    found = []
    for quantity in ("iteration_s", "power_w"):
        middle = float(np.exp(asked @ _weights(points, quantity))[0])
        low, high = np.quantile(_unseen_errors(accelerator, quantity), TAILS)
        bounds = middle * np.exp([min(low, 0.0), 0.0, max(high, 0.0)])
        found.append(Range(*map(float, bounds)))
    models = points["model"].nunique()
    source = (
        f"rule fitted on the {models} models with serving curves on {accelerator}; range: its "
        "error on 8 of 10 unseen ones"
    )
    return Decoding(found[0], found[1], held, source)


def _logarithms(active: Columns, share: Columns, batch: Columns, gpus: Columns) -> Columns:
    columns = (np.ones_like(active), np.log(active), np.log(share), np.log(batch), np.log(gpus))
    return np.column_stack(columns)


def _weights(points: pd.DataFrame, quantity: str) -> Columns:
    columns = (points[name].to_numpy(float) for name in ("active", "share", "batch", "gpus"))
    fitted = np.linalg.lstsq(_logarithms(*columns), np.log(points[quantity].to_numpy()), rcond=None)
    return np.asarray(fitted[0])


@cache
def _unseen_errors(accelerator: str, quantity: str) -> Columns:
    """Give ln(measured / predicted) of each model by the rule fitted on the others."""
    points, errors = _points(accelerator), []
    for _, own in points.groupby("model"):
        weights = _weights(points.drop(own.index), quantity)
        columns = (own[name].to_numpy(float) for name in ("active", "share", "batch", "gpus"))
        errors.append(np.log(own[quantity].to_numpy()) - _logarithms(*columns) @ weights)
    return np.concatenate(errors)


@cache
def _points(accelerator: str) -> pd.DataFrame:
    curves = table("serving_curves")
    curves = curves[(curves["accelerator"] == accelerator) & curves["task"].isin(TEXT_TASKS)]
    grid = curves.merge(pd.DataFrame({"batch": BATCHES}), how="cross")
    inside = grid["batch"].between(grid["batch_min"] / NEAR, grid["batch_max"] * NEAR)
    grid = grid[inside].reset_index(drop=True)
    return pd.DataFrame(
        {
            "model": grid["model"],
            "active": grid["active_parameters_b"],
            "share": grid["model_gb"] / grid["gpus_per_replica"],
            "batch": grid["batch"],
            "gpus": grid["gpus_per_replica"],
            "iteration_s": (grid["t0_ms"] + grid["t1_ms"] * grid["batch"]) / 1e3,
            "power_w": grid["p0_w"]
            + grid["pdyn_w"] * grid["batch"] / (grid["batch"] + grid["k_batch"]),
        }
    )
