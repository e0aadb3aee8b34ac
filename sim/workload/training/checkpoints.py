"""Checkpoints and failures: how large, how often, and what both cost."""

import math
from typing import Final

from sim.catalog import table
from sim.units import DAY_S, Range

CHECKPOINT_BYTES: Final = 14.0
"""Of a parameter: its bf16 weight and Adam's fp32 states; 13.8 published for a trillion parameters
(from memory: Narayanan et al. 2021, arXiv 2104.04473, sec. 5.10)."""


def checkpoint_bytes(parameters_count: float) -> float:
    """Return the size of a checkpoint from which training can go on [B]."""
    return CHECKPOINT_BYTES * parameters_count


def failure_rate_per_s() -> Range:
    """Return how often an accelerator's failure stops its run, as published runs report it.

    Returns
    -------
    Range
        Least, median and largest rate of the catalog's table ``failure_rates``, for each
        accelerator [1/s].
    """
    rates = table("failure_rates")["failures_per_1000_gpu_days"] / (1000.0 * DAY_S)
    return Range(float(rates.min()), float(rates.median()), float(rates.max()))


def young_daly_interval_s(write_s: float, mtbf_s: float) -> float:
    """Return the work between two checkpoints that costs the least time.

    Parameters
    ----------
    write_s : float
        Time the run stands still to write a checkpoint. [s]
    mtbf_s : float
        Mean time between failures of the whole run. [s]

    Returns
    -------
    float
        Interval [s].

    Raises
    ------
    ValueError
        If a time is not positive.

    Notes
    -----
    sqrt(2 C M) [1]_, right while checkpoints are much shorter than the time between failures.

    References
    ----------
    .. [1] J. W. Young, "A First Order Approximation to the Optimum Checkpoint Interval," Comm. ACM
       17(9), 1974.
    """
    if write_s <= 0.0 or mtbf_s <= 0.0:
        msg = f"checkpoint time {write_s:g} s and time between failures {mtbf_s:g} s must be > 0."
        raise ValueError(msg)
    return math.sqrt(2.0 * write_s * mtbf_s)


def checkpoint_overhead_ratio(
    interval_s: float, write_s: float, mtbf_s: float = math.inf, *, restart_s: float = 0.0
) -> float:
    """Return the expected time of a run over its time without failures and checkpoints.

    Parameters
    ----------
    interval_s : float
        Work between two checkpoints. [s]
    write_s : float
        Time the run stands still to write a checkpoint. [s]
    mtbf_s : float
        Mean time between failures of the whole run; inf: none. [s]
    restart_s : float
        Time from a failure until work goes on from the last checkpoint. [s]

    Returns
    -------
    float
        Ratio, at least 1 [-].

    Raises
    ------
    ValueError
        If a time is negative, or if the run would in effect never end.

    Notes
    -----
    (M / I) exp(R / M) (exp((I + C) / M) - 1) for failures at exponential intervals, which may also
    strike while a checkpoint is written or the run restarts [1]_.

    References
    ----------
    .. [1] J. T. Daly, "A Higher Order Estimate of the Optimum Checkpoint Interval for Restart
       Dumps," Future Generation Computer Systems 22(3), 2006: the complete model.
    """
    if interval_s <= 0.0 or mtbf_s <= 0.0 or write_s < 0.0 or restart_s < 0.0:
        msg = "interval and time between failures must be positive, other times not negative."
        raise ValueError(msg)
    if math.isinf(mtbf_s):
        return 1.0 + write_s / interval_s
    try:
        lost = math.expm1((interval_s + write_s) / mtbf_s)
        return mtbf_s / interval_s * math.exp(restart_s / mtbf_s) * lost
    except OverflowError:
        msg = (
            f"with a failure every {mtbf_s:g} s the run never gets from one checkpoint to the next "
            f"({interval_s + write_s:g} s). Checkpoint more often, or use fewer accelerators."
        )
        raise ValueError(msg) from None
