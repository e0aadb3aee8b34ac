"""Requests served one by one: continuous batching on every replica, in virtual time.

A replica decodes its batch together: each request gets a token per iteration, so that all advance
on one virtual clock that counts iterations, and the next to finish is the one with the smallest
finishing count. Reading a prompt holds decoding up. A request is about three events, whatever its
length: it arrives at the replica with the least requests (or waits until one has room, first come,
first served), its prompt has been read, it finishes.
"""

import math
from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from sim.workload.demand import Requests
from sim.workload.replica import Replica

Column = NDArray[np.float64]

_CLOSED = 1 << 40
"""Added to the number of requests of a replica that gets no more."""


@dataclass(frozen=True, slots=True)
class Served:
    """What became of requests, shape (n_requests,); nan where they did not finish.

    Attributes
    ----------
    ttft_s : ndarray of float
        Time from arrival to the first token. [s]
    latency_s : ndarray of float
        Time from arrival to the last token. [s]
    tpot_s : ndarray of float
        Mean time of each further token; nan of a single one. [s]
    energy_j : ndarray of float
        Its prefill, and its share of every iteration it took part in; idle time is nobody's. [J]
    """

    ttft_s: Column
    latency_s: Column
    tpot_s: Column
    energy_j: Column


class Pool:
    """Replicas of one service that serve requests one by one.

    Parameters
    ----------
    requests : Requests
        All requests of the run.
    replica : Replica
        What each replica does by batch size.
    """

    def __init__(self, requests: Requests, replica: Replica) -> None:
        count = len(requests)
        self._arrival_s: list[float] = [*requests.arrival_s.tolist(), math.inf]
        self._further: list[float] = (requests.output_tokens - 1.0).tolist()
        self._prefill_s: list[float] = replica.curve.prefill_s(requests.prompt_tokens).tolist()
        self._prefill_fraction: list[float] = replica.curve.prefill_fraction(
            requests.prompt_tokens
        ).tolist()
        self._first_s = [math.nan] * count
        self._last_s = [math.nan] * count
        self._energy_j = [0.0] * count
        self._next = 0
        self._waiting: deque[int] = deque()
        self._heap: list[tuple[float, int]] = []
        self._desks: list[_Desk] = []
        self._load: list[int] = []
        self._use(replica)

    @property
    def open_count(self) -> int:
        """Replicas that get requests. [-]."""
        return sum(load < _CLOSED for load in self._load)

    @property
    def held_count(self) -> int:
        """Replicas that are open, or closed but still have requests. [-]."""
        return sum(load != _CLOSED for load in self._load)

    def resize(self, count: int, now_s: float) -> None:
        """Open or close replicas; a closed one finishes what it has, but gets nothing more.

        Parameters
        ----------
        count : int
            Replicas to be open. [-]
        now_s : float
            Present time, up to which the pool has been advanced. [s]
        """
        load = self._load
        while self.open_count > count:
            load[load.index(min(load))] += _CLOSED
        while self.open_count < count:
            if not load or max(load) < _CLOSED:
                self._desks.append(_Desk(len(load)))
                load.append(_CLOSED)
            number = load.index(max(load))
            load[number] -= _CLOSED
            self._desks[number].open(now_s, self._power_w[0])
        for desk in self._desks:
            desk.held = load[desk.number] != _CLOSED
        self._fill(now_s)

    def recap(self, replica: Replica, now_s: float) -> None:
        """Go on under another power cap.

        Parameters
        ----------
        replica : Replica
            What each replica does under it.
        now_s : float
            Present time, up to which the pool has been advanced. [s]
        """
        slower = replica.prefill_stretch_ratio / self._stretch
        self._use(replica)
        for desk in self._desks:
            if desk.reading >= 0:
                desk.watt = self._reading_w(desk.reading)
                self._call_at(desk, now_s + (desk.due_s - now_s) * slower)
            elif desk.batch:
                self._decode(desk, now_s)

    def advance(self, until_s: float) -> "Use":
        """Serve up to a time.

        Parameters
        ----------
        until_s : float
            Where to stop; what happens at that very moment is left for the next call. [s]

        Returns
        -------
        Use
            What the replicas did since the last call.
        """
        heap, arrival_s, desks = self._heap, self._arrival_s, self._desks
        while True:
            due_s = heap[0][0] if heap else math.inf
            if arrival_s[self._next] <= due_s:
                if arrival_s[self._next] >= until_s:
                    break
                self._arrive()
                continue
            if due_s >= until_s:
                break
            desk = desks[heappop(heap)[1]]
            # An entry whose time is no longer the desk's is out of date.
            if desk.due_s == due_s:
                if desk.reading >= 0:
                    self._end_prefill(desk, due_s)
                else:
                    self._finish(desk, due_s)
        return self._use_until(until_s)

    def served(self) -> Served:
        """Return what became of every request."""
        first_s, last_s = np.asarray(self._first_s), np.asarray(self._last_s)
        arrival_s, further = np.asarray(self._arrival_s[:-1]), np.asarray(self._further)
        several = np.where(further > 0.0, further, np.nan)
        ended = ~np.isnan(last_s)
        return Served(
            ttft_s=first_s - arrival_s,
            latency_s=last_s - arrival_s,
            tpot_s=(last_s - first_s) / several,
            energy_j=np.where(ended, self._energy_j, np.nan),
        )

    def _use(self, replica: Replica) -> None:
        self._iteration_s: list[float] = replica.iteration_s.tolist()
        self._power_w: list[float] = replica.power_w.tolist()
        self._max_batch = replica.max_batch
        self._stretch = replica.prefill_stretch_ratio
        self._reading_base_w, self._reading_slope_w = replica.prefill_line_w

    def _arrive(self) -> None:
        job = self._next
        self._next += 1
        load = self._load
        least = min(load, default=_CLOSED)
        if least < self._max_batch and not self._waiting:
            self._admit(job, self._desks[load.index(least)], self._arrival_s[job])
        else:
            self._waiting.append(job)

    def _fill(self, now_s: float) -> None:
        """Admit waiting requests where there is room."""
        load, waiting = self._load, self._waiting
        while waiting and (least := min(load, default=_CLOSED)) < self._max_batch:
            self._admit(waiting.popleft(), self._desks[load.index(least)], now_s)

    def _admit(self, job: int, desk: "_Desk", now_s: float) -> None:
        self._load[desk.number] += 1
        if desk.reading >= 0:
            desk.queue.append(job)
            return
        self._meter(desk, now_s)
        self._read(desk, job, now_s)

    def _read(self, desk: "_Desk", job: int, now_s: float) -> None:
        """Begin a prefill, which holds up decoding."""
        desk.reading = job
        desk.watt = self._reading_w(job)
        desk.due_s = due_s = now_s + self._prefill_s[job] * self._stretch
        heappush(self._heap, (due_s, desk.number))

    def _reading_w(self, job: int) -> float:
        watt = self._reading_base_w + self._reading_slope_w * self._prefill_fraction[job]
        return max(self._power_w[0], watt)

    def _end_prefill(self, desk: "_Desk", now_s: float) -> None:
        """Write the first token; the request joins the batch, and the next prompt is read."""
        self._meter(desk, now_s)
        job = desk.reading
        self._first_s[job] = now_s
        if self._further[job] > 0.0:
            desk.batch += 1
            self._energy_j[job] -= desk.share_j
            heappush(desk.ends, (desk.iterations + self._further[job], job))
        else:
            self._last_s[job] = now_s
            self._load[desk.number] -= 1
        desk.reading = -1
        self._go_on(desk, now_s)

    def _finish(self, desk: "_Desk", now_s: float) -> None:
        """Let go of the requests that have their last token."""
        self._meter(desk, now_s)
        desk.iterations = due = desk.ends[0][0]
        while desk.ends and desk.ends[0][0] <= due:
            job = heappop(desk.ends)[1]
            self._last_s[job] = now_s
            self._energy_j[job] += desk.share_j
            desk.batch -= 1
            self._load[desk.number] -= 1
        self._go_on(desk, now_s)

    def _go_on(self, desk: "_Desk", now_s: float) -> None:
        """Read the next prompt, or decode."""
        waiting, load, number = self._waiting, self._load, desk.number
        while waiting and load[number] < self._max_batch:
            load[number] += 1
            desk.queue.append(waiting.popleft())
        if desk.queue:
            self._read(desk, desk.queue.popleft(), now_s)
        else:
            self._decode(desk, now_s)

    def _decode(self, desk: "_Desk", now_s: float) -> None:
        """Put the next request to finish on the clock."""
        batch = desk.batch
        desk.watt = self._power_w[batch]
        if not batch:
            desk.due_s = math.inf
            return
        desk.iteration_s = iteration_s = self._iteration_s[batch]
        self._call_at(desk, now_s + (desk.ends[0][0] - desk.iterations) * iteration_s)

    def _call_at(self, desk: "_Desk", time_s: float) -> None:
        desk.due_s = time_s
        heappush(self._heap, (time_s, desk.number))

    def _meter(self, desk: "_Desk", now_s: float) -> None:
        """Count what a replica did since it was last looked at."""
        spent_s = now_s - desk.metered_s
        desk.metered_s = now_s
        used_j = desk.watt * spent_s
        desk.energy_j += used_j
        if desk.reading >= 0:
            self._energy_j[desk.reading] += used_j
            desk.reading_s += spent_s
        elif desk.batch:
            desk.iterations += spent_s / desk.iteration_s
            desk.share_j += used_j / desk.batch
            desk.decoding_s += spent_s
            desk.batch_s += spent_s * desk.batch

    def _use_until(self, until_s: float) -> "Use":
        """Meter every replica up to a time, and start counting anew."""
        energy_j = reading_s = decoding_s = batch_s = 0.0
        for desk in self._desks:
            if not desk.held:
                continue
            self._meter(desk, until_s)
            energy_j += desk.energy_j
            reading_s += desk.reading_s
            decoding_s += desk.decoding_s
            batch_s += desk.batch_s
            desk.energy_j = desk.reading_s = desk.decoding_s = desk.batch_s = 0.0
        return Use(energy_j, reading_s, decoding_s, batch_s)


@dataclass(frozen=True, slots=True)
class Use:
    """What all replicas of a pool did in a while.

    Attributes
    ----------
    energy_j : float
        IT energy. [J]
    reading_s, decoding_s : float
        Time spent on prefills, and on decoding, over all replicas. [s]
    batch_s : float
        Integral of the batch sizes over the time spent decoding, over all replicas. [s]
    """

    energy_j: float
    reading_s: float
    decoding_s: float
    batch_s: float


class _Desk:
    """One replica: its batch, and its prompts still to be read."""

    __slots__ = (
        "batch", "batch_s", "decoding_s", "due_s", "ends", "energy_j", "held", "iteration_s",
        "iterations", "metered_s", "number", "queue", "reading", "reading_s", "share_j", "watt",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        self.batch = 0
        self.reading = -1
        self.queue: deque[int] = deque()
        self.ends: list[tuple[float, int]] = []  # by the count of iterations at which they finish
        self.iterations = self.iteration_s = 0.0
        self.due_s = math.inf
        self.metered_s = self.energy_j = self.share_j = 0.0
        self.reading_s = self.decoding_s = self.batch_s = 0.0
        self.watt = 0.0
        self.held = False

    def open(self, now_s: float, idle_w: float) -> None:
        """Begin to be metered, idle; one that still had requests goes on as it was."""
        if not self.held:
            self.metered_s, self.watt, self.held = now_s, idle_w, True
