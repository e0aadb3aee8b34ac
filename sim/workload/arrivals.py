"""When the jobs of a stream arrive."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.scenario.schema.arrivals import Arrivals, ArrivalTimes
from sim.units import HOUR_S

Draws = Callable[[str], np.random.Generator]
"""Gives the random stream of a purpose."""


def arrival_times_s(
    spec: Arrivals | ArrivalTimes, duration_h: float, draws: Draws
) -> NDArray[np.float64]:
    """Return when jobs arrive, sorted.

    Parameters
    ----------
    spec : Arrivals or ArrivalTimes
        A Poisson process, or given times.
    duration_h : float
        Length of the run. [h]
    draws : callable
        Gives the random stream of a purpose.

    Returns
    -------
    ndarray of float, shape (n_jobs,)
        Arrivals within the run. [s]
    """
    if isinstance(spec, ArrivalTimes):
        return np.sort(np.asarray(spec.at_h, dtype=float)) * HOUR_S
    until_h = min(spec.until_h or duration_h, duration_h)
    count = int(draws("count").poisson(spec.poisson_per_h * until_h))
    return np.sort(draws("arrivals").uniform(0.0, until_h * HOUR_S, count))
