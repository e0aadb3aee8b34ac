"""simpy's clock with light events: what a million jobs need besides `simpy.Environment`.

A job is not a process: one process a job with a Container costs 8.6 times a bare heap loop, one
slotted event object a job about 1.1 times. The event has just the attributes that
`simpy.Environment.step` reads (callbacks, _ok, _value). Times are absolute, because simpy's
``now + delay`` would move an arrival by a rounding error. Both lean on simpy's inside, so its minor
version is pinned and a test holds them against simpy's own Timeout.
"""

from collections.abc import Callable
from heapq import heappush
from typing import Any, Final

import simpy

STEP: Final = 0
"""Priority of step boundaries: they come before the job events of the same moment."""
FINISH: Final = 1
"""Priority of events that free accelerators: they come before those that want some."""
STOP: Final = 2
"""Priority of the end of the run: a job that ends at that very moment has ended."""
RELEASE: Final = 3
"""Priority of arrivals and releases."""

Handler = Callable[["Event"], None]


class Event:
    """One occurrence on the clock: what simpy calls when its time has come, and for which job."""

    __slots__ = ("callbacks", "job", "time_s")

    _ok = True
    _value = None

    callbacks: Any
    job: int
    time_s: float


class Clock(simpy.Environment):
    """A simpy environment that also takes light events at absolute times."""

    def call_at(
        self, time_s: float, priority: int, callbacks: tuple[Handler, ...], job: int = 0
    ) -> Event:
        """Call handlers at a time.

        Parameters
        ----------
        time_s : float
            Time since the start of the run, not before now. [s]
        priority : int
            STEP, FINISH, STOP or RELEASE: the order within one moment. [-]
        callbacks : tuple of callable
            What to call with the event.
        job : int
            What it is about. [-]

        Returns
        -------
        Event
            The event on the clock.
        """
        event = Event()
        event.callbacks = callbacks
        event.job = job
        event.time_s = time_s
        queue: list[Any] = self._queue
        heappush(queue, (time_s, priority, next(self._eid), event))
        return event

    def is_next(self, time_s: float, priority: int) -> bool:
        """Return whether what comes next has a time [s] and a priority."""
        return bool(self._queue) and self._queue[0][:2] == (time_s, priority)

    def stop_at(self, time_s: float) -> simpy.Event:
        """Return an event at which to stop, after all that ends at that very moment.

        Parameters
        ----------
        time_s : float
            End of the run. [s]

        Returns
        -------
        simpy.Event
            What to run until.
        """
        stop = self.event()
        stop._ok, stop._value = True, None
        queue: list[Any] = self._queue
        heappush(queue, (time_s, STOP, next(self._eid), stop))
        return stop
