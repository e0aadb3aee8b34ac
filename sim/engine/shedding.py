"""Available power binds: what a site does when its step cannot serve the load.

First it caps its accelerators, as far as a cap goes; then it suspends jobs that may be, the latest
started first; then replicas of services stand idle; what still cannot be served is unserved. When
there is more power again, caps are lifted and suspended jobs go on from the head of their queue.
A gang at the head of its queue that alone would be too much without a cap is let in under one.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sim.datacenter.power import relative_draw
from sim.engine.cluster import Cluster, Place
from sim.engine.lifecycle import Lifecycle
from sim.engine.runs import Runs
from sim.engine.services import Services

_STEPS: Final = 20
"""Number of caps that are tried, from none to the lowest."""

_ROUNDING: Final = 1.0 + 1e-9


class Shedding:
    """Holds one site's IT power to what its step can serve.

    Parameters
    ----------
    place : Place
        The site.
    clusters : sequence of Cluster
        Its clusters.
    runs : Runs
        Jobs on their accelerators.
    life : Lifecycle
        Jobs before they run.
    services : Services
        Its services.
    """

    def __init__(
        self,
        place: Place,
        clusters: Sequence[Cluster],
        *,
        runs: Runs,
        life: Lifecycle,
        services: Services,
    ) -> None:
        self._place = place
        self._clusters = clusters
        self._runs = runs
        self._life = life
        self._services = services
        lowest = place.lowest_cap_fraction
        self._levels = [1.0 - (1.0 - lowest) * level / _STEPS for level in range(_STEPS + 1)]

    def hold(
        self,
        budget_w: float,
        policy_cap_fraction: float,
        now_s: float,
        *,
        wanted_w: float = math.inf,
    ) -> None:
        """Cap, suspend, or let go, so that the step that begins can be served.

        Parameters
        ----------
        budget_w : float
            IT power that the step can serve; inf where nothing limits it. [W]
        policy_cap_fraction : float
            Cap over TDP that the policy asks for, 1 for none. [-]
        now_s : float
            Present time. [s]
        wanted_w : float
            IT power that the policy wants to keep to: caps go as far as they can, also for what
            waits and could start, and no job starts beyond it; but none is suspended. [W]
        """
        place = self._place
        held_w = min(budget_w, wanted_w)
        was_limited = place.budget_w < math.inf
        place.budget_w = held_w
        if was_limited or held_w < math.inf:
            for cluster in self._clusters:
                cluster.power_limited = held_w < math.inf
        fits = place.it_power_w <= held_w * _ROUNDING
        if fits and place.cap_fraction == policy_cap_fraction and not was_limited:
            return
        self._cap(held_w, policy_cap_fraction, now_s, waits=wanted_w < math.inf)
        if place.it_power_w > budget_w * _ROUNDING:
            self._suspend(budget_w, now_s)
        self._services.stand_idle(budget_w, now_s)
        for cluster in self._clusters:
            self._life.retry(cluster, now_s)

    def _starting(self, cap_fraction: float, spare_w: float) -> list[tuple[Cluster, int]]:
        """Return the gangs from the heads of the queues on that could start under a cap."""
        found = []
        for cluster in self._clusters:
            free = cluster.free
            for gpus in cluster.waiting.values():
                free -= gpus
                spare_w -= _start_w(cluster, gpus, cap_fraction)
                if free < 0 or spare_w < 0.0:
                    break
                found.append((cluster, gpus))
        return found

    def _cap(self, budget_w: float, highest: float, now_s: float, *, waits: bool) -> None:
        """Set the highest cap at which the jobs fit, or the lowest there is.

        Counted are those that run, and if `waits` those too that could start under the lowest cap;
        else of these only such as could never start without one.
        """
        place, runs = self._place, self._runs
        running = [(job, cluster) for cluster in self._clusters for job in cluster.running]
        services = self._services
        idle_w = place.it_power_w - sum(runs.draw_w(job) for job, _ in running) - services.power_w
        fixed_w, following_w = self._powers_w(running)

        def it_power_w(cap_fraction: float) -> float:
            """Return the IT power of what runs under a cap."""
            capped_w = sum(
                power_w * relative_draw(min(cap_fraction, own), draw)
                for (own, draw), power_w in following_w.items()
            )
            return idle_w + fixed_w + capped_w + services.drawn_w(cap_fraction)

        lowest = self._levels[-1]
        slack_w = budget_w - it_power_w(lowest)
        starting = self._starting(lowest, slack_w)
        if not waits:
            all_idle_w = idle_w + sum(runs.gpus[job] * one.idle_w for job, one in running)
            starting = _too_large(starting, budget_w - all_idle_w, cap_fraction=highest)

        def wanted_w(cap_fraction: float) -> float:
            """Return the same with what starts."""
            more_w = sum(_start_w(cluster, gpus, cap_fraction) for cluster, gpus in starting)
            return it_power_w(cap_fraction) + more_w

        levels = [highest, *(level for level in self._levels if level < highest)]
        limit_w = budget_w * _ROUNDING
        cap = next((level for level in levels if wanted_w(level) <= limit_w), levels[-1])
        if cap != place.cap_fraction:
            place.cap_fraction = cap
            for job, cluster in running:
                runs.recap(job, cluster, now_s)
            services.recap(now_s)

    def _powers_w(
        self, running: Sequence[tuple[int, Cluster]]
    ) -> tuple[float, dict[tuple[float, float], float]]:
        """Return the power that no cap changes; and the rest by its own or racks' cap and draw."""
        powers, gpus = self._runs.powers, self._runs.gpus
        fixed_w: dict[tuple[float, float], float] = defaultdict(float)
        full_w: dict[tuple[float, float], float] = defaultdict(float)
        for job, cluster in running:
            own = min(cluster.rack_cap_fraction, self._runs.caps.get(job, 1.0))
            kind = own, powers.profile(job).draw_fraction
            fixed_w[kind] += powers.fixed_w(job, cluster, gpus[job])
            full_w[kind] += powers.full_w[job]
        following_w = {kind: full_w[kind] - fixed_w[kind] for kind in full_w}
        return sum(fixed_w.values()), following_w

    def _suspend(self, budget_w: float, now_s: float) -> None:
        """Suspend the latest started of the jobs that may be, until the rest fits."""
        candidates = sorted(
            (start_s, job)
            for cluster in self._clusters
            for job, start_s in cluster.running.items()
            if self._runs.may_make_way(job)
        )
        while candidates and self._place.it_power_w > budget_w * _ROUNDING:
            _, job = candidates.pop()
            self._runs.make_way(job, now_s)


def _too_large(
    starting: Sequence[tuple[Cluster, int]], most_w: float, *, cap_fraction: float
) -> list[tuple[Cluster, int]]:
    """Return the heads of queues that draw more than a power, even with all the rest idle."""
    heads = {cluster.index: (cluster, gpus) for cluster, gpus in reversed(starting)}
    return [
        (cluster, gpus)
        for cluster, gpus in heads.values()
        if _start_w(cluster, gpus, cap_fraction) > most_w * _ROUNDING
    ]


def _start_w(cluster: Cluster, gpus_count: int, cap_fraction: float) -> float:
    """Return what a gang adds that starts under a cap, as ``Cluster.powered`` counts it."""
    draw = relative_draw(min(cap_fraction, cluster.rack_cap_fraction))
    return gpus_count * (cluster.power.busy_w() * draw - cluster.idle_w)
