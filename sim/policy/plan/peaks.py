"""What demand charges ask for: a month's highest import so far is a floor of what is billed.

Beyond the floor a peak that the load makes costs its charge only if none as high comes later in the
month. If all days of a month are alike (assumption), the chance of that is the share of the month
that will have passed: so early in a month a peak counts for little, and at its end in full. One
that only the charging of a battery makes need not come again: it counts in full from the first day.
"""

import math
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from sim.grid.billing import MONTHS_PER_YEAR, SATURDAY, month_number
from sim.grid.demand import charges_of
from sim.optimize.ahead import MONTHS, PeakAhead
from sim.optimize.horizon import Columns
from sim.scenario.schema.tariff import DemandCharge, Tariff
from sim.units import HOUR_S, KW, MINUTE_S


class _Hour(NamedTuple):
    """Billing month of an hour, and for which charges its import counts."""

    month: int
    counts: tuple[bool, ...]


class PeaksSoFar:
    """The highest imports of one site by demand charge and billing month.

    Parameters
    ----------
    tariff : Tariff or None
        Its contract.
    start : datetime
        Start of the run.
    step_s : float
        Length of a step. [s]
    """

    def __init__(self, tariff: Tariff | None, start: datetime, step_s: float) -> None:
        charges = () if tariff is None else charges_of(tariff)
        self.charges = tuple(one for one in charges if one.charge_usd_per_kw > 0.0)
        """Demand charges that cost something."""
        self._start, self._step_s = start, step_s
        self._timezone = "UTC" if tariff is None else tariff.timezone
        self._zone = ZoneInfo(self._timezone)
        self._hours: dict[float, _Hour] = {}
        self._months: dict[int, tuple[float, float]] = {}
        self._peaks_w: list[dict[int, float]] = [{} for _ in self.charges]
        self._load_w = [0.0 for _ in self.charges]
        self._interval = [(math.nan, 0.0, 0.0, 0)] * len(self.charges)

    def add(self, time_s: float, import_w: float, *, load_w: float) -> None:
        """Take note of the mean import of a step.

        Parameters
        ----------
        time_s : float
            Start of the step. [s]
        import_w : float
            Its import. [W]
        load_w : float
            What that would have been without a battery. [W]
        """
        if not self.charges:
            return
        local = self._local(time_s)
        month, counts = self._hour(time_s)
        into_hour_s = local.minute * MINUTE_S + local.second
        for number, charge in enumerate(self.charges):
            interval_s = math.ceil(charge.interval_min * MINUTE_S / self._step_s) * self._step_s
            begin_s = time_s - into_hour_s % interval_s
            last, total_w, loads_w, steps = self._interval[number]
            if last != begin_s:
                total_w, loads_w, steps = 0.0, 0.0, 0
            total_w, loads_w, steps = total_w + import_w, loads_w + load_w, steps + 1
            self._interval[number] = begin_s, total_w, loads_w, steps
            # The mean of a begun interval is not its last word, unless it is whole.
            if counts[number] and steps * self._step_s >= interval_s * (1.0 - 1e-9):
                peaks = self._peaks_w[number]
                peaks[month] = max(peaks.get(month, 0.0), total_w / steps)
                self._load_w[number] = max(self._load_w[number], loads_w / steps)

    def ahead(self, now_s: float, load_w: Columns) -> tuple[PeakAhead, ...]:
        """Return what the charges ask for in the time ahead.

        Parameters
        ----------
        now_s : float
            Present time. [s]
        load_w : ndarray of float, shape (n,)
            Import of the hours ahead, if no work is put off and no battery used. [W]

        Returns
        -------
        tuple of PeakAhead
            One for each of `charges`.
        """
        if not self.charges:
            return ()
        hours = [self._hour(now_s + number * HOUR_S) for number in range(len(load_w))]
        present, until_s = hours[0].month, now_s + len(load_w) * HOUR_S
        month = np.array([hour.month for hour in hours]) - present
        counts = np.array([hour.counts for hour in hours])
        months = range(present, present + MONTHS)
        passed = np.array([self._passed(one, until_s) for one in months])
        found = []
        for number, charge in enumerate(self.charges):
            full_per_w = np.array([self._usd_per_w(charge, one) for one in months])
            highest_w = float(load_w[counts[:, number]].max(initial=self._load_w[number]))
            found.append(
                PeakAhead(
                    cost_per_w=passed * full_per_w,
                    beyond_per_w=full_per_w,
                    load_w=np.full(MONTHS, highest_w),
                    floor_w=np.array([self._floor_w(number, one) for one in months]),
                    counts=counts[:, number] & (month == np.arange(MONTHS)[:, None]),
                )
            )
        return tuple(found)

    def _floor_w(self, number: int, month: int) -> float:
        """Return what is billed in a month in any case."""
        charge, peaks = self.charges[number], self._peaks_w[number]
        earlier = [peak for one, peak in peaks.items() if 0 < month - one <= charge.ratchet_months]
        if month - self._hour(0.0).month < charge.ratchet_months:
            earlier.append(charge.ratchet_start_kw * KW)
        return max([peaks.get(month, 0.0), *(charge.ratchet_fraction * one for one in earlier)])

    def _usd_per_w(self, charge: DemandCharge, month: int) -> float:
        """Return what a peak of a month costs."""
        if charge.months and month_number(month) not in charge.months:
            return 0.0
        begin_s, end_s = self._bounds_s(month)
        # Of a month in which the run begins, only the rest is billed.
        billed = (end_s - max(0.0, begin_s)) / (end_s - begin_s)
        return charge.charge_usd_per_kw / KW * billed

    def _passed(self, month: int, until_s: float) -> float:
        """Return the share of a month, from the start of the run on, that has passed at a time."""
        begin_s, end_s = self._bounds_s(month)
        from_s = max(0.0, begin_s)
        return min(1.0, max(0.0, (until_s - from_s) / (end_s - from_s)))

    def _bounds_s(self, month: int) -> tuple[float, float]:
        """Return when a month begins and ends [s]."""
        known = self._months.get(month)
        if known is None:
            first, following = (
                datetime(number // MONTHS_PER_YEAR, month_number(number), 1, tzinfo=self._zone)
                for number in (month, month + 1)
            )
            begin, end = first - self._start, following - self._start
            known = self._months[month] = begin.total_seconds(), end.total_seconds()
        return known

    def _hour(self, time_s: float) -> _Hour:
        """Return month and charges of the hour in which a time lies."""
        key = time_s // (15 * MINUTE_S)
        known = self._hours.get(key)
        if known is None:
            local = self._local(time_s)
            month = local.year * MONTHS_PER_YEAR + local.month - 1
            known = _Hour(month, tuple(_within(charge, local) for charge in self.charges))
            self._hours[key] = known
        return known

    def _local(self, time_s: float) -> datetime:
        return (self._start + timedelta(seconds=time_s)).astimezone(self._zone)


def _within(charge: DemandCharge, local: datetime) -> bool:
    """Return whether a time lies within the hours of a charge (see `sim.grid.billing.within`)."""
    length_h = (charge.to_hour - charge.from_hour) % 24 or 24
    inside = (local.hour - charge.from_hour) % 24 < length_h
    if charge.days != "all":
        inside &= (local.weekday() >= SATURDAY) == (charge.days == "weekends")
    if charge.months:
        inside &= local.month in charge.months
    return inside
