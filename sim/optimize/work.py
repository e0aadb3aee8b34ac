"""Work that can wait, as a fluid: classes of jobs, and the columns and rows they add to a program.

Of each class it is known how much must and how much can be done by the end of each step, and how
fast. Gangs, and whole jobs that run through, are left out: any schedule of jobs is a point, so the
program is a relaxation. It knows each class only by its sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.optimize.horizon import Columns, Flexible, Indices
from sim.optimize.mixtures import more_load_pays
from sim.optimize.parts import Block, Entries, Rows, Scaled

SHARED: Final = -1
"""Stands for the number of a site where columns belong to none alone."""

Key = tuple[int, str]
"""Number of a site, or `SHARED`, and name of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Classes of work: an entry for each class and step, N in all, on C clusters.

    Work is counted in the least IT power above idle that it takes where its jobs ran.

    Attributes
    ----------
    step : ndarray of int, shape (N,)
        Step of each entry; those of a class follow each other. [-]
    first : ndarray of bool, shape (N,)
        Whether it is the first of its class.
    least_j, most_j : ndarray of float, shape (N,)
        What must, and what can, be done of the class by the end of the step. [J]
    power_w : ndarray of float, shape (N,)
        Most power at which it can be done, in the mean of the step. [W]
    it_ratio : ndarray of float, shape (N, C)
        IT power that it takes on each cluster, over its own; nan where it may not run. [-]
    gpus_per_w : ndarray of float, shape (N, C)
        Accelerators that it takes, over its power. [1/W]
    site_of : tuple of int
        Site of each cluster. [-]
    gpus_free : ndarray of float, shape (C, n)
        Accelerators that are there for it, in the mean of each step. [-]
    """

    step: Indices
    first: NDArray[np.bool_]
    least_j: Columns
    most_j: Columns
    power_w: Columns
    it_ratio: Columns
    gpus_per_w: Columns
    site_of: tuple[int, ...]
    gpus_free: Columns

    def on(self, cluster: int) -> Indices:
        """Return the entries that may run on a cluster."""
        return np.flatnonzero(~np.isnan(self.it_ratio[:, cluster]))


def work_blocks(work: Work, scaled: Scaled) -> Iterator[tuple[Key, Block]]:
    """Yield columns: what is done by each step's end, and the power that goes to it by cluster."""
    least, most = work.least_j / scaled.unit_j, work.most_j / scaled.unit_j
    yield (SHARED, "done"), Block(0.0 * least, least, most)
    for cluster in range(len(work.site_of)):
        on = work.on(cluster)
        with np.errstate(divide="ignore"):
            room_w = work.gpus_free[cluster, work.step[on]] / work.gpus_per_w[on, cluster]
        most = np.minimum(work.power_w[on], room_w) / scaled.unit_w
        yield (SHARED, f"at {cluster}"), Block(0.0 * most, 0.0 * most, most)


def work_rows(work: Work, scaled: Scaled) -> Iterator[Rows]:
    """Yield what binds them: power adds up to work, and keeps to its limit and the clusters."""
    entries = np.arange(len(work.step))
    later = entries[~work.first]
    change = Entries(
        np.r_[entries, later],
        np.r_[entries, later - 1],
        np.r_[np.ones(len(entries)), -np.ones(len(later))],
    )
    spent = {
        (SHARED, f"at {cluster}"): Entries(on, np.arange(len(on)), np.ones(len(on)))
        for cluster in range(len(work.site_of))
        if len(on := work.on(cluster))
    }
    nothing = np.zeros(len(entries))
    minus = {key: each._replace(value=-each.value) for key, each in spent.items()}
    yield Rows({(SHARED, "done"): change, **minus}, nothing, nothing)
    if len(spent) > 1:
        yield Rows.at_most(spent, work.power_w / scaled.unit_w)
    for cluster in range(len(work.site_of)):
        yield from _on_cluster(work, cluster, scaled.unit_w)


def _on_cluster(work: Work, cluster: int, unit_w: float) -> Iterator[Rows]:
    """Hold a cluster's work to its accelerators, in the steps in which it could need more."""
    on, free = work.on(cluster), work.gpus_free[cluster]
    gpus, step = work.gpus_per_w[on, cluster], work.step[on]
    scarce = np.bincount(step, gpus * work.power_w[on], minlength=len(free)) > free
    held = np.flatnonzero(scarce[step])
    if held.size:
        scale = max(1.0, float(free.max()))  # numbers of a like size are kinder to the solver
        row = np.cumsum(scarce)[step[held]] - 1
        shares = Entries(row, held, gpus[held] * (unit_w / scale))
        yield Rows.at_most({(SHARED, f"at {cluster}"): shares}, free[scarce] / scale)


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What work adds to the program of a site: entries of its balance, columns and rows besides."""

    balance: dict[Key, Entries]
    blocks: dict[Key, Block]
    rows: list[Rows]


def load_of(work: Work | None, site: int, scaled: Scaled) -> Load:
    """Return what work adds to the program of a site.

    Parameters
    ----------
    work : Work or None
        All work.
    site : int
        Number of the site. [-]
    scaled : Scaled
        The site.

    Returns
    -------
    Load
        Entries, columns and rows.
    """
    flexible = scaled.horizon.flexible
    if flexible is None:
        return Load({}, {}, [])
    # Without work there may still be power that was spent for nothing.
    power = {} if work is None else _power(work, site)
    pays = more_load_pays(scaled.horizon.rates)
    added = Load({}, {}, [])
    if flexible.waste_j > 0.0 and pays.any():
        power[site, "waste"] = _waste(flexible, scaled, (site, "waste"), pays, added)
    is_straight = not flexible.bend_per_w.any()
    if is_straight and not (pays & (flexible.slope_most > flexible.ratio)).any():
        added.balance.update(_times(power, flexible.ratio))
        return added
    most = flexible.most_load_w / scaled.unit_w
    load, steps = (site, "load"), np.arange(len(most))
    added.blocks[load] = Block(0.0 * most, 0.0 * most, most)
    added.balance[load] = Entries.each(steps, 1.0)
    added.rows.extend(_curve(flexible, power, load, scaled.unit_w))
    added.rows.extend(_chord(flexible, power, load, np.flatnonzero(pays)))
    return added


def _power(work: Work, site: int) -> dict[Key, Entries]:
    """Return the IT power that work takes on the clusters of a site."""
    return {
        (SHARED, f"at {cluster}"): Entries(
            work.step[on], np.arange(len(on)), work.it_ratio[on, cluster]
        )
        for cluster, home in enumerate(work.site_of)
        if home == site and len(on := work.on(cluster))
    }


def _waste(
    flexible: Flexible, scaled: Scaled, key: Key, pays: NDArray[np.bool_], added: Load
) -> Entries:
    """Add IT power for nothing, which draws no more than was spent so in the run."""
    steps, nothing = np.arange(len(pays)), np.zeros(len(pays))
    most_w = np.minimum(flexible.most_w, flexible.waste_j / scaled.horizon.step_s)
    added.blocks[key] = Block(nothing, nothing, np.where(pays, most_w, 0.0) / scaled.unit_w)
    total = Entries(0 * steps, steps, np.ones(len(steps)))
    added.rows.append(Rows.at_most({key: total}, np.array([flexible.waste_j / scaled.unit_j])))
    return Entries.each(steps, 1.0)


def _curve(
    flexible: Flexible, power: dict[Key, Entries], load: Key, unit_w: float
) -> Iterator[Rows]:
    """Yield the load's tangents; it is no less than any of them."""
    minus = {load: Entries.each(np.arange(len(flexible.ratio)), -1.0)}
    for point_w in (0.0 * flexible.usual_w, flexible.usual_w, flexible.most_w):
        slope = flexible.ratio + 2.0 * flexible.bend_per_w * point_w
        below_w = flexible.bend_per_w * point_w**2
        yield Rows.at_most({**_times(power, slope), **minus}, below_w / unit_w)


def _chord(
    flexible: Flexible, power: dict[Key, Entries], load: Key, steps: Indices
) -> Iterator[Rows]:
    """Yield the most that the load can be in some steps."""
    if steps.size:
        slope = np.maximum(
            flexible.slope_most, flexible.ratio + flexible.bend_per_w * flexible.most_w
        )
        kept = {key: _only(each, steps) for key, each in _times(power, -slope).items()}
        yield Rows.at_most({load: Entries.each(steps, 1.0), **kept}, np.zeros(len(steps)))


def _times(power: dict[Key, Entries], factor: Columns) -> dict[Key, Entries]:
    """Return the entries, each row times a factor."""
    return {key: each._replace(value=each.value * factor[each.row]) for key, each in power.items()}


def _only(each: Entries, rows: Indices) -> Entries:
    """Return the entries of some rows, which are counted anew."""
    number = np.full(int(max(each.row.max(initial=-1), rows.max())) + 1, -1)
    number[rows] = np.arange(len(rows))
    kept = number[each.row] >= 0
    return Entries(number[each.row[kept]], each.column[kept], each.value[kept])
