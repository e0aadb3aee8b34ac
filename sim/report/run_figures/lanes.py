"""Lanes of accelerators for the bars of a Gantt chart."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_INSTANT_S = 1e-6


class Bar(NamedTuple):
    """A rectangle of a Gantt chart: a stretch of a job on neighbouring lanes, times in [s]."""

    row: int
    lane: int
    lanes_count: int
    start_s: float
    end_s: float


def laid_out(bars: pd.DataFrame) -> tuple[list[Bar], int]:
    """Give every stretch lanes of its own, as low as they are free.

    Parameters
    ----------
    bars : DataFrame
        Stretches of jobs of one site, in order of start, with gpus_count, start_s, end_s.

    Returns
    -------
    tuple
        The rectangles, and how many lanes there are: the most accelerators ever held at once. A
        gang that finds no gap of its size is split over several.
    """
    starts, ends = bars["start_s"].to_numpy(dtype=float), bars["end_s"].to_numpy(dtype=float)
    gangs = bars["gpus_count"].to_numpy(dtype=int)
    lanes_count = _most_held(starts, ends, gangs)
    free_s = np.full(lanes_count, -np.inf)
    found: list[Bar] = []
    for row, (start_s, end_s, gang) in enumerate(zip(starts, ends, gangs, strict=True)):
        for lane, count in _gaps(free_s <= start_s + _INSTANT_S, int(gang)):
            free_s[lane : lane + count] = end_s
            found.append(Bar(row, lane, count, float(start_s), float(end_s)))
    return found, lanes_count


def _gaps(free: NDArray[np.bool_], gang: int) -> list[tuple[int, int]]:
    """Return first lane and size of the lowest gap of a size, or of the gaps that make it up."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]])))
    lanes, sizes = bounds[::2], bounds[1::2] - bounds[::2]
    fits = np.flatnonzero(sizes >= gang)
    if len(fits):
        return [(int(lanes[fits[0]]), gang)]
    taken = np.clip(gang - np.concatenate([[0], np.cumsum(sizes)[:-1]]), 0, sizes)
    return [(int(lane), int(count)) for lane, count in zip(lanes, taken, strict=True) if count]


def _most_held(
    starts: NDArray[np.float64], ends: NDArray[np.float64], gangs: NDArray[np.int64]
) -> int:
    times = np.concatenate([starts + 2 * _INSTANT_S, ends])  # who ends makes room first
    change = np.concatenate([gangs, -gangs])
    return int(np.cumsum(change[np.argsort(times, kind="stable")]).max(initial=0))
