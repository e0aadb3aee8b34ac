"""What jobs need at the least on a cluster: power above idle, and accelerators.

Where power may be capped, it is that of the cap with the least energy per work; an elastic job
takes the size that needs least. So it is no more than what any run of the job takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np

from sim.datacenter.power import relative_draw, relative_throughput
from sim.optimize.horizon import Columns, Indices
from sim.site import ClusterSpec
from sim.workload.jobs import JobTable
from sim.workload.profile import Profile

_CAPS: Final = 201
_BETWEEN_CAPS: Final = 2e-4  # of full power: how far the least of all caps may be below those tried
_PLAIN: Final = Profile(name="plain")


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What each of n jobs needs on a cluster; work counts in its own run time without a cap.

    Attributes
    ----------
    power_w : ndarray of float, shape (n,)
        Least IT energy above that of idle accelerators, per work (J/s). [W]
    gpus_count : ndarray of float, shape (n,)
        Least accelerator time per work. [-]
    speed : ndarray of float, shape (n,)
        Most work per time. [-]
    full_w : ndarray of float, shape (n,)
        Most IT power above idle. [W]
    dip_w : ndarray of float, shape (n,)
        Most by which it draws less than idle accelerators. [W]
    energy_w : ndarray of float, shape (n,)
        Most IT energy per work (J/s). [W]
    """

    power_w: Columns
    gpus_count: Columns
    speed: Columns
    full_w: Columns
    dip_w: Columns
    energy_w: Columns


    @classmethod
    def picked(cls, needs: Sequence["Needs"], cluster_of: Indices) -> "Needs":
        """Return each job's needs on a cluster of its own."""
        job = np.arange(len(cluster_of))
        names = [field.name for field in fields(cls)]
        if not needs:
            return cls(*(np.zeros(len(job)) for _ in names))
        columns = [np.stack([getattr(one, name) for one in needs]) for name in names]
        return cls(*(column[cluster_of, job] for column in columns))


class _Size(NamedTuple):
    """IT power of jobs at one of their sizes; columns have shape (n,)."""

    speed: float
    gpus: Columns
    full_w: Columns
    fixed_w: Columns
    idle_w: Columns


def needs_on(jobs: JobTable, cluster: ClusterSpec, *, may_cap: bool) -> Needs:
    """Return what jobs need on a cluster.

    Parameters
    ----------
    jobs : JobTable
        The jobs, n.
    cluster : ClusterSpec
        The cluster.
    may_cap : bool
        Whether power may be capped there, beyond what its racks demand.

    Returns
    -------
    Needs
        Their needs.
    """
    profiles = jobs.profiles or (_PLAIN,)
    found = Needs(*(np.zeros(len(jobs)) for _ in range(6)))
    found.power_w[:] = found.gpus_count[:] = np.inf
    for number, profile in enumerate(profiles):
        rows = np.flatnonzero(jobs.workload == number) if jobs.profiles else np.arange(len(jobs))
        for size in _sizes(jobs, rows, profile, cluster):
            _meet(found, rows, size, _caps(cluster, profile, may_cap=may_cap))
    if may_cap:
        found.power_w[:] -= _BETWEEN_CAPS * found.full_w
    found.power_w[:] = np.maximum(0.0, found.power_w)
    return found


def _sizes(
    jobs: JobTable, rows: Indices, profile: Profile, cluster: ClusterSpec
) -> Iterator[_Size]:
    """Yield the sizes of a stream's jobs of which one is the best: those of the scaling curve."""
    # Between two of them, power and speed are straight lines, so their ratio is monotone.
    power, moving_w = cluster.power, profile.storage_w + profile.network_w
    own_w, gang = jobs.power_w[rows], jobs.gpus_count[rows].astype(float)
    has_own = ~np.isnan(own_w)
    fractions, which = np.unique(jobs.power_fraction[rows], return_inverse=True)
    busy_w = np.array([power.busy_w(float(fraction)) for fraction in fractions])[which]
    elastic = profile.elastic
    for size in (None,) if elastic is None else elastic.sizes:
        gpus = gang if size is None else np.full(len(rows), float(size))
        yield _Size(
            speed=1.0 if elastic is None or size is None else elastic.speedup(size),
            gpus=gpus,
            full_w=np.where(has_own, own_w, gpus * (busy_w + moving_w)),
            fixed_w=np.where(has_own, 0.0, gpus * (power.server_w + moving_w)),
            idle_w=gpus * cluster.idle_w,
        )


def _caps(
    cluster: ClusterSpec, profile: Profile, *, may_cap: bool
) -> list[tuple[float, float]]:
    """Return power and speed under each cap, relative to none."""
    draw, sensitive = profile.draw_fraction, profile.clock_sensitive_fraction
    top = cluster.rack_cap_fraction
    caps = np.array([top])
    if may_cap:
        # Closer to each other at low caps, where speed falls steeply; at `draw` there is a bend.
        low = min(cluster.lowest_cap_fraction, top)
        caps = low + (top - low) * np.linspace(0.0, 1.0, _CAPS) ** 2
        caps = np.append(caps, np.clip(draw, low, top))
    return [
        (relative_draw(cap, draw), relative_throughput(cap, sensitive, draw)) if cap < 1.0
        else (1.0, 1.0)
        for cap in map(float, caps)
    ]


def _meet(found: Needs, rows: Indices, size: _Size, caps: list[tuple[float, float]]) -> None:
    """Note what jobs need at a size under any of the caps, where it is less or more than so far."""

    def note(column: Columns, values: Columns, *, least: bool) -> None:
        better = np.minimum if least else np.maximum
        column[rows] = better(column[rows], values)

    for draw, throughput in caps:
        power_w = size.fixed_w + (size.full_w - size.fixed_w) * draw
        speed = size.speed * throughput
        note(found.power_w, (power_w - size.idle_w) / speed, least=True)
        note(found.energy_w, power_w / speed, least=False)
        note(found.full_w, power_w - size.idle_w, least=False)
        note(found.dip_w, size.idle_w - power_w, least=False)
    note(found.gpus_count, size.gpus / size.speed, least=True)
    note(found.speed, np.full(len(rows), size.speed), least=False)
