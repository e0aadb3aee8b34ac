"""How large an elastic job is to be in each slot: most work per carbon, changes of size counted."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.workload.profile import Elastic

Column = NDArray[np.float64]
Levels = NDArray[np.int64]

_PRICES: Final = 16
_FIRST_PRICES: Final = np.geomspace(1e-2, 1e3, _PRICES)
_ROUNDS: Final = 3
_ROUNDING: Final = 1e-9


class Changes(NamedTuple):
    """What it costs a job to change its size.

    Attributes
    ----------
    resize_s : float
        Time that it stands still for a change. [s]
    resume_s : float
        Time that it stands still when it goes on after a pause. [s]
    still_ratio : float
        Power of what stands still, over that of what works. [-]
    present_gpus : int
        Accelerators that it runs on now; 0 if it does not run. [-]
    """

    resize_s: float
    resume_s: float
    still_ratio: float
    present_gpus: int


def planned_sizes(
    elastic: Elastic, rates: Column, open_s: Column, *, needed_s: float, changes: Changes
) -> Levels:
    """Return the accelerators of each slot, by most work per carbon until all work is done.

    Parameters
    ----------
    elastic : Elastic
        Scaling curve of the job.
    rates : ndarray of float, shape (n_slots,)
        Carbon intensity, or another cost of energy, in each slot. [any]
    open_s : ndarray of float, shape (n_slots,)
        Time of each slot in which the job may run; slots that are open follow each other. [s]
    needed_s : float
        Work to do, as run time at the least size. [s]
    changes : Changes
        What changes of size cost.

    Returns
    -------
    ndarray of int, shape (n_slots,)
        Accelerators; 0 for none. [-]

    Notes
    -----
    Without time lost to changes it is `greedy_sizes`: each step of size is taken whose carbon per
    work is below a price, and the price is the least that gets the work done. So it is with them,
    but at a price all slots are chosen together, by dynamic programming, as what a slot costs
    depends on the size before. Between that price and the next below, which gets too little done,
    the plan goes over from the one's sizes to the other's at the best moment; then other sizes are
    tried in single slots, as long as that helps.
    """
    if changes.resize_s <= 0.0 and changes.resume_s <= 0.0:
        return greedy_sizes(elastic, rates, open_s, needed_s=needed_s)
    gpus = np.zeros(len(open_s), dtype=np.int64)
    slots = np.flatnonzero(open_s > 0.0)
    if needed_s > 0.0 and slots.size:
        trellis = _Trellis.of(elastic, rates[slots], open_s[slots], changes)
        gpus[slots] = trellis.gpus[_least_carbon(trellis, needed_s * (1.0 - _ROUNDING))]
    return gpus


@dataclass(frozen=True, slots=True)
class _Trellis:
    """Work and carbon of n slots, by the size before and the size in each, of k sizes.

    Attributes
    ----------
    gpus : ndarray of int, shape (k,)
        The sizes; the first is none. [-]
    first : int
        Size before the first slot, as its number among them. [-]
    work_s, carbon : ndarray of float, shape (n, k, k)
        Work [s], and accelerators by time by rate [any].
    """

    gpus: Levels
    first: int
    work_s: Column
    carbon: Column

    @classmethod
    def of(cls, elastic: Elastic, rates: Column, open_s: Column, changes: Changes) -> "_Trellis":
        """Return what each size comes to after each."""
        sizes, speeds = concave(elastic)
        gpus, speed = np.concatenate([[0], sizes]), np.concatenate([[0.0], speeds])
        first = int(np.searchsorted(gpus, changes.present_gpus, side="right")) - 1
        still_s = np.where(gpus[:, None] == 0, changes.resume_s, changes.resize_s)
        still_s = np.where((gpus == 0) | (gpus[:, None] == gpus), 0.0, still_s)
        lost_s = np.minimum(still_s, open_s[:, None, None])
        works_s = open_s[:, None, None] - lost_s
        cost = np.maximum(rates, 0.0)[:, None, None] * gpus
        return cls(gpus, first, speed * works_s, cost * (works_s + changes.still_ratio * lost_s))

    def cheapest(self, prices: Column) -> Levels:
        """Return the sizes of least carbon less the worth of work, by price, shape (prices, n)."""
        total = self.carbon - prices[:, None, None, None] * self.work_s
        count = total.shape[1]
        value = total[:, 0, self.first, :]
        before = np.zeros((count, *value.shape), dtype=np.int64)
        for slot in range(1, count):
            ways = value[:, :, None] + total[:, slot]
            before[slot] = ways.argmin(axis=1)
            value = ways.min(axis=1)
        found = np.empty((len(prices), count), dtype=np.int64)
        found[:, -1] = value.argmin(axis=1)
        rows = np.arange(len(prices))
        for slot in range(count - 1, 0, -1):
            found[:, slot - 1] = before[slot, rows, found[:, slot]]
        return found

    def sums(self, levels: Levels) -> tuple[Column, Column]:
        """Return work [s] and carbon of plans, shape (plans, n), each shape (plans,)."""
        before = np.column_stack([np.full(len(levels), self.first), levels[:, :-1]])
        slot = np.arange(levels.shape[1])
        return (
            self.work_s[slot, before, levels].sum(axis=1),
            self.carbon[slot, before, levels].sum(axis=1),
        )


def _least_carbon(trellis: _Trellis, needed_s: float) -> Levels:
    """Return the sizes of each slot that get some work done; the largest if none do."""
    most = np.full(len(trellis.work_s), len(trellis.gpus) - 1)
    per_work = trellis.carbon.max() / max(_ROUNDING, float(trellis.work_s.max()))
    less, enough = np.zeros_like(most), most
    low, prices = 0.0, max(per_work, _ROUNDING) * _FIRST_PRICES
    for _ in range(_ROUNDS):
        plans = trellis.cheapest(prices)
        does = trellis.sums(plans)[0] >= needed_s
        if not does.any():
            return most
        at = int(does.argmax())
        enough = plans[at]
        if at:
            less, low = plans[at - 1], float(prices[at - 1])
        prices = np.linspace(low, float(prices[at]), _PRICES + 1)[1:]
    slot = np.arange(len(most))
    later = slot >= slot[:, None]
    mixed = np.where(later, less, enough), np.where(later, enough, less)
    best, carbon = _best_of(trellis, np.concatenate([enough[None], *mixed]), needed_s)
    while True:
        better, lower = _best_of(trellis, _others(best, len(trellis.gpus)), needed_s)
        if not lower < carbon * (1.0 - _ROUNDING):
            return best
        best, carbon = better, lower


def _best_of(trellis: _Trellis, plans: Levels, needed_s: float) -> tuple[Levels, float]:
    """Return the plan with the least carbon that gets some work done, and that carbon."""
    work_s, carbon = trellis.sums(plans)
    carbon = np.where(work_s >= needed_s, carbon, np.inf)
    at = int(carbon.argmin())
    return plans[at], float(carbon[at])


def _others(plan: Levels, sizes_count: int) -> Levels:
    """Return plans with another size in one slot, or in one slot and all after it that share it."""
    count = len(plan)
    slot = np.arange(count)
    ends = np.r_[np.flatnonzero(np.diff(plan)) + 1, count]
    until = ends[np.searchsorted(ends, slot, side="right")]
    alone = slot == slot[:, None]
    stretch = (slot >= slot[:, None]) & (slot < until[:, None])
    masks = np.concatenate([alone, stretch])
    return np.concatenate([np.where(masks, size, plan) for size in range(sizes_count)])


def greedy_sizes(
    elastic: Elastic, rates: Column, open_s: Column, *, needed_s: float
) -> Levels:
    """Return the accelerators of each slot, by most work per carbon until all work is done.

    Parameters
    ----------
    elastic : Elastic
        Scaling curve of the job.
    rates : ndarray of float, shape (n_slots,)
        Carbon intensity, or another cost of energy, in each slot. [any]
    open_s : ndarray of float, shape (n_slots,)
        Time of each slot in which the job may run. [s]
    needed_s : float
        Work to do, as run time at the least size. [s]

    Returns
    -------
    ndarray of int, shape (n_slots,)
        Accelerators; 0 for none. [-]
    """
    sizes, speeds = concave(elastic)
    more_gpus, more_speed = np.diff(sizes, prepend=0), np.diff(speeds, prepend=0.0)
    # Rows are steps of size, columns are slots; within a slot a larger step is never cheaper.
    cost = np.outer(more_gpus / more_speed, np.maximum(rates, 0.0))
    work_s = np.outer(more_speed, open_s)
    order = np.argsort(cost, axis=None, kind="stable")
    done_s = np.cumsum(work_s.ravel()[order])
    count = int(np.searchsorted(done_s, needed_s * (1.0 - 1e-12))) + 1 if needed_s > 0.0 else 0
    taken = np.zeros(cost.size, dtype=bool)
    taken[order[:count]] = True
    taken &= work_s.ravel() > 0.0
    steps = taken.reshape(cost.shape).sum(axis=0)
    result: Levels = np.concatenate([[0], sizes])[steps]
    return result


def concave(elastic: Elastic) -> tuple[NDArray[np.int64], Column]:
    """Return the sizes whose marginal speed never rises, from none on, and their speeds [-]."""
    kept: list[tuple[int, float]] = [(0, 0.0)]
    for size in elastic.sizes:
        point = size, elastic.speedup(size)
        while len(kept) > 1 and _slope(kept[-2], point) >= _slope(kept[-2], kept[-1]):
            kept.pop()
        if point[1] > kept[-1][1]:
            kept.append(point)
    sizes, speeds = zip(*kept[1:], strict=True)
    return np.array(sizes, dtype=np.int64), np.array(speeds)


def _slope(one: tuple[int, float], other: tuple[int, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])
