"""A service as a fluid: step by step, how far its replicas get and what they draw.

In a step the replicas share its requests and the backlog evenly. The time they have goes to
prefills, the rest to decoding, whose batch follows from what is left to write (see ``decoding``).
What does not fit into the time stays in the backlog: no request is lost, none is served twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.workload.decoding import LEVELS, MOST_POOLED, Decoding, decoding
from sim.workload.demand import Demand
from sim.workload.replica import Replica

Column = NDArray[np.float64]


class Use(NamedTuple):
    """What replicas do in a step.

    Attributes
    ----------
    power_w : float
        IT power of all of them. [W]
    served_fraction : float
        Share of the step's requests and the backlog that they serve. [-]
    reading_fraction : float
        Share of their time that goes to prefills. [-]
    load_fraction : float
        Share of what they could write in the rest that they write. [-]
    wanted_s : float
        Time that one replica would need for everything, with full batches. [s]
    """

    power_w: float
    served_fraction: float
    reading_fraction: float
    load_fraction: float
    wanted_s: float


@dataclass(frozen=True, slots=True)
class FluidLog:
    """What the replicas of a service did in each step as a fluid, shape (n_steps,).

    Attributes
    ----------
    replicas_count : ndarray of float
        Replicas that served. [-]
    cap_fraction : ndarray of float
        Power cap of their accelerators over TDP. [-]
    served_fraction, reading_fraction, load_fraction : ndarray of float
        As in `Use`. [-]
    """

    replicas_count: Column
    cap_fraction: Column
    served_fraction: Column
    reading_fraction: Column
    load_fraction: Column

    @property
    def utilization_fraction(self) -> Column:
        """Share of their capacity that replicas used; nan where none served, shape (n_steps,)."""
        used = self.reading_fraction + (1.0 - self.reading_fraction) * self.load_fraction
        return np.where(self.replicas_count > 0.0, used, np.nan)


class Fluid:
    """Load and backlog of one service.

    Parameters
    ----------
    demand : Demand
        What is asked of it in each step.
    replica_under : callable
        Gives the replica under a power cap over TDP.
    """

    def __init__(self, demand: Demand, replica_under: Callable[[float], Replica]) -> None:
        self.demand = demand
        self.replica_under = replica_under
        self._step_s = demand.steps.step_s
        self._asked_s: list[float] = demand.reading_s(replica_under(1.0).prefill_s).tolist()
        self._asked_tokens: list[float] = demand.further_tokens.tolist()
        self._reading_s = self._tokens = 0.0
        self._tables: dict[tuple[float, int], _Table] = {}

    def offer(self, step: int) -> None:
        """Add a step's requests to the backlog."""
        self._reading_s += self._asked_s[step]
        self._tokens += self._asked_tokens[step]

    def use(self, replicas_count: int, cap_fraction: float) -> Use:
        """Return what replicas would do in a step with the backlog there is.

        Parameters
        ----------
        replicas_count : int
            Replicas that serve. [-]
        cap_fraction : float
            Power cap of their accelerators over TDP, 1 for none. [-]

        Returns
        -------
        Use
            Power, and shares of requests, time and capacity.
        """
        table = self._table(replicas_count, cap_fraction)
        room_s = replicas_count * self._step_s
        reading_s = self._reading_s * table.stretch
        wanted_s = reading_s + self._tokens / table.most_per_s
        if not replicas_count:
            return Use(0.0, 0.0, 0.0, 0.0, wanted_s)
        if wanted_s >= room_s:
            served, load = room_s / wanted_s, 1.0
            reading = reading_s * served / room_s
        else:
            served, reading = 1.0, reading_s / room_s
            load = self._tokens / ((room_s - reading_s) * table.most_per_s)
        place = load * LEVELS
        low = min(int(place), LEVELS - 1)
        below_w = table.power_w[low]
        decode_w = below_w + (place - low) * (table.power_w[low + 1] - below_w)
        power_w = reading * table.prefill_w + (1.0 - reading) * decode_w
        return Use(replicas_count * power_w, served, reading, load, wanted_s)

    def serve(self, use: Use) -> None:
        """Take what a step serves out of the backlog."""
        left = 1.0 - use.served_fraction
        self._reading_s *= left
        self._tokens *= left

    def decoding(self, replicas_count: int, cap_fraction: float) -> Decoding:
        """Return what replicas do while they decode, by load."""
        return self._table(replicas_count, cap_fraction).decoding

    def _table(self, replicas_count: int, cap_fraction: float) -> "_Table":
        pool = max(1, replicas_count if replicas_count < MOST_POOLED else MOST_POOLED)
        table = self._tables.get((cap_fraction, pool))
        if table is None:
            table = self._tables[cap_fraction, pool] = self._make_table(cap_fraction, pool)
        return table

    def _make_table(self, cap_fraction: float, pool: int) -> "_Table":
        replica = self.replica_under(cap_fraction)
        found = decoding(replica, pool, cluster_ratio=self.demand.cluster_ratio)
        prompts = self.demand.lengths.prompt_tokens
        reading_s = replica.prefill_s(prompts)
        return _Table(
            decoding=found,
            power_w=found.power_w.tolist(),
            most_per_s=found.most_tokens_per_s,
            stretch=replica.prefill_stretch_ratio,
            prefill_w=float(np.average(replica.prefill_w(prompts), weights=reading_s)),
        )


@dataclass(frozen=True, slots=True)
class _Table:
    """Replicas under one cap, as plain floats for the loop over steps."""

    decoding: Decoding
    power_w: list[float]
    most_per_s: float
    stretch: float
    prefill_w: float
