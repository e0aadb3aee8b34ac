"""What demand charges have seen so far: a month's highest import is a floor of what is billed."""

import math
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sim.grid.billing import MONTHS_PER_YEAR, SATURDAY, month_length_s, month_number
from sim.grid.demand import charges_of
from sim.optimize.ahead import MONTHS, PeakAhead
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
        self._peaks_w: list[dict[int, float]] = [{} for _ in self.charges]
        self._interval: list[tuple[float, float, int]] = [(math.nan, 0.0, 0)] * len(self.charges)

    def add(self, time_s: float, import_w: float) -> None:
        """Take note of the mean import of a step.

        Parameters
        ----------
        time_s : float
            Start of the step. [s]
        import_w : float
            Its import. [W]
        """
        if not self.charges:
            return
        local = self._local(time_s)
        month, counts = self._hour(time_s)
        into_hour_s = local.minute * MINUTE_S + local.second
        for number, charge in enumerate(self.charges):
            interval_s = math.ceil(charge.interval_min * MINUTE_S / self._step_s) * self._step_s
            begin_s = time_s - into_hour_s % interval_s
            last, total_w, steps = self._interval[number]
            if last != begin_s:
                total_w, steps = 0.0, 0
            total_w, steps = total_w + import_w, steps + 1
            self._interval[number] = begin_s, total_w, steps
            # The mean of a begun interval is not its last word, unless it is whole.
            if counts[number] and steps * self._step_s >= interval_s * (1.0 - 1e-9):
                peaks = self._peaks_w[number]
                peaks[month] = max(peaks.get(month, 0.0), total_w / steps)

    def ahead(self, now_s: float, hours_count: int) -> tuple[PeakAhead, ...]:
        """Return what the charges ask for in the time ahead.

        Parameters
        ----------
        now_s : float
            Present time. [s]
        hours_count : int
            Hours ahead. [-]

        Returns
        -------
        tuple of PeakAhead
            One for each of `charges`.
        """
        if not self.charges:
            return ()
        hours = [self._hour(now_s + number * HOUR_S) for number in range(hours_count)]
        present = hours[0].month
        month = np.array([hour.month for hour in hours]) - present
        counts = np.array([hour.counts for hour in hours])
        return tuple(
            self._charge(number, charge, present, month, counts[:, number])
            for number, charge in enumerate(self.charges)
        )

    def _charge(
        self,
        number: int,
        charge: DemandCharge,
        present: int,
        month: NDArray[np.int_],
        counts: NDArray[np.bool_],
    ) -> PeakAhead:
        months = [present + later for later in range(MONTHS)]
        return PeakAhead(
            cost_per_w=np.array([self._usd_per_w(charge, one) for one in months]),
            floor_w=np.array([self._floor_w(number, one) for one in months]),
            counts=np.stack([counts & (month == later) for later in range(MONTHS)]),
        )

    def _floor_w(self, number: int, month: int) -> float:
        """Return what is billed in a month in any case."""
        charge, peaks = self.charges[number], self._peaks_w[number]
        earlier = [peak for one, peak in peaks.items() if 0 < month - one <= charge.ratchet_months]
        if month - self._hour(0.0).month < charge.ratchet_months:
            earlier.append(charge.ratchet_start_kw * KW)
        return max([peaks.get(month, 0.0), *(charge.ratchet_fraction * one for one in earlier)])

    def _usd_per_w(self, charge: DemandCharge, month: int) -> float:
        """Return what the peak of a month costs, of which the run may have begun in the middle."""
        if charge.months and month_number(month) not in charge.months:
            return 0.0
        return charge.charge_usd_per_kw / KW * self._share(month)

    def _share(self, month: int) -> float:
        """Return the share of a month that may be billed: what lies before the run is not."""
        first = self._local(0.0)
        if month != first.year * MONTHS_PER_YEAR + first.month - 1:
            return 1.0
        passed = first - first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return 1.0 - passed.total_seconds() / _length_s(month, self._timezone)

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


@cache
def _length_s(month: int, timezone: str) -> float:
    return month_length_s(month, timezone)


def _within(charge: DemandCharge, local: datetime) -> bool:
    """Return whether a time lies within the hours of a charge (see `sim.grid.billing.within`)."""
    length_h = (charge.to_hour - charge.from_hour) % 24 or 24
    inside = (local.hour - charge.from_hour) % 24 < length_h
    if charge.days != "all":
        inside &= (local.weekday() >= SATURDAY) == (charge.days == "weekends")
    if charge.months:
        inside &= local.month in charge.months
    return inside
