"""The wear of one battery in one run: cycles counted, capacity faded, cells replaced, life paid.

Once a day, at midnight UTC, the law of aging says how much capacity the day has cost: by the time
that passed at the day's mean state of charge, and by the cycles that rainflow counting (ASTM E1049)
has closed by then. Capacity then shrinks; the energy that is stored does not. Depths are relative
to the capacity of the day, numbers of full cycles to the first capacity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import rainflow
from numpy.typing import NDArray

from sim.energy.aging import Cycle, Fade, Stress, WearTerms
from sim.energy.battery import Battery
from sim.units import DAY_S, HOUR_S

Counted = tuple[float, float, float]
"""A counted cycle: range and mean in the unit of the course, and 1 or 0.5."""

_INSTANT_S: Final = 1e-3


@dataclass(frozen=True, slots=True)
class WearReport:
    """What a run has cost a battery.

    Attributes
    ----------
    calendar_fade_fraction : float
        Share of the first capacity lost by age, over all sets of cells in the run. [-]
    cycle_fade_fraction : float
        Share of the first capacity lost by cycles, over all sets of cells in the run. [-]
    capacity_end_fraction : float
        Capacity at the end over the first capacity. [-]
    replacements_count : int
        How often the cells were replaced. [-]
    cost_usd : ndarray of float, shape (n_steps,)
        Cost of wear in each step; a day's wear is spread evenly over the day. [USD]
    """

    calendar_fade_fraction: float
    cycle_fade_fraction: float
    capacity_end_fraction: float
    replacements_count: int
    cost_usd: NDArray[np.float64]


class CycleCounter:
    """Counts the cycles of a course as it goes on, as if all of it were counted at once.

    What is still open after a stretch are half cycles of falling range; they are carried on as the
    beginning of the next stretch.

    Parameters
    ----------
    start : float
        Where the course begins. [any]
    """

    def __init__(self, start: float) -> None:
        self._open = [start]

    def closed_by(self, course: Sequence[float]) -> list[Counted]:
        """Return the cycles that a stretch of the course closes."""
        history = [*self._open, *course]
        found = list(rainflow.extract_cycles(history))
        still_open: list[tuple[float, float, float, int, int]] = []
        while found and found[-1][2] == 0.5:
            if still_open and found[-1][0] <= still_open[-1][0]:
                break
            still_open.append(found.pop())
        if still_open:
            points = [still_open[0][4], *(cycle[3] for cycle in still_open)]
            self._open = [history[point] for point in reversed(points)]
        elif not found:
            self._open = history  # too short for a reversal
        return [cycle[:3] for cycle in found]

    def rest(self) -> list[Counted]:
        """Return the half cycles that are open at the end."""
        pairs = zip(self._open, self._open[1:], strict=False)
        return [(abs(b - a), 0.5 * (a + b), 0.5) for a, b in pairs]


class Wear:
    """The wear of one battery in one run.

    Parameters
    ----------
    battery : Battery
        The battery, whose capacity this changes.
    terms : WearTerms
        How its cells age, and what that costs.
    midnight_s : float
        Time from the run's start to the first midnight. [s]
    """

    def __init__(self, battery: Battery, terms: WearTerms, midnight_s: float) -> None:
        self._battery = battery
        self._terms = terms
        self._fade = Fade()
        self._lost = Fade()
        self._replacements = 0
        self._counter = CycleCounter(battery.stored_j)
        self._booked: list[tuple[int, float]] = []
        self._last_j = battery.stored_j
        self._begin_day(midnight_s)

    def after_step(self, duration_s: float, *, last: bool = False) -> None:
        """Take note of a step that has just ended; the run's last also counts open cycles."""
        stored_j = self._battery.stored_j
        self._stored_js += 0.5 * (stored_j + self._last_j) * duration_s
        if stored_j != self._last_j:
            self._moved_j += abs(stored_j - self._last_j)
            self._moving_s += duration_s
        self._last_j = stored_j
        self._course.append(stored_j)
        self._elapsed_s += duration_s
        if last or self._elapsed_s >= self._to_midnight_s - _INSTANT_S:
            closed = self._counter.closed_by(self._course)
            still_open = self._counter.rest() if last else []
            self._booked.append((len(self._course), self._age([*closed, *still_open])))
            self._begin_day(DAY_S)

    def report(self) -> WearReport:
        """Return what the run has cost the battery up to the day that was closed last."""
        return WearReport(
            calendar_fade_fraction=self._lost.calendar,
            cycle_fade_fraction=self._lost.cycle,
            capacity_end_fraction=self._battery.capacity_j / self._battery.limits.capacity_j,
            replacements_count=self._replacements,
            cost_usd=np.concatenate([np.full(count, usd / count) for count, usd in self._booked]),
        )

    def _begin_day(self, length_s: float) -> None:
        self._to_midnight_s = length_s
        self._course: list[float] = []
        self._elapsed_s = self._stored_js = self._moved_j = self._moving_s = 0.0

    def _age(self, counted: Sequence[Counted]) -> float:
        """Let the cells age by what they went through, and return what that costs."""
        before, after = self._fade, self._terms.law.advance(self._fade, self._stress(counted))
        self._lost = Fade(
            self._lost.calendar + after.calendar - before.calendar,
            self._lost.cycle + after.cycle - before.cycle,
        )
        self._fade = after
        new_j = self._battery.limits.capacity_j
        life = 1.0 - self._terms.end_of_life_fraction
        if after.total >= life:
            self._fade = Fade()
            self._replacements += 1
        self._battery.resize(new_j * (1.0 - self._fade.total))
        used = (after.total - before.total) / life
        return used * new_j * self._terms.replacement_usd_per_j

    def _stress(self, counted: Sequence[Counted]) -> Stress:
        """Return what the cells went through since the day began."""
        capacity_j, new_j = self._battery.capacity_j, self._battery.limits.capacity_j
        moving_h = self._moving_s / HOUR_S
        return Stress(
            duration_s=self._elapsed_s,
            mean_soc=self._stored_js / self._elapsed_s / capacity_j,
            temperature_k=self._terms.temperature_k,
            rate_per_h=self._moved_j / capacity_j / moving_h if moving_h else 0.0,
            cycles=[
                Cycle(span_j / capacity_j, mean_j / capacity_j, count * span_j / new_j)
                for span_j, mean_j, count in counted
            ],
        )
