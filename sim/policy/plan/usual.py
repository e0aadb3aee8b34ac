"""What a site's data center usually draws: jobs that nobody knows yet will come all the same."""

from typing import Final

import numpy as np

from sim.optimize.horizon import Columns
from sim.units import DAY_S, HOUR_S

_DAY_H: Final = 24
_NEW_SHARE: Final = 0.2  # of a new day in the mean: about a week counts (assumption)


class UsualPower:
    """The usual IT power of a site by the hour of the day, learned as time goes on."""

    def __init__(self) -> None:
        self._mean_w = np.full(_DAY_H, np.nan)
        self._sum_w, self._count, self._hour = 0.0, 0, -1

    def add(self, time_s: float, power_w: float) -> None:
        """Take note of the power at a time.

        Parameters
        ----------
        time_s : float
            The time. [s]
        power_w : float
            IT power. [W]
        """
        hour = int(time_s // HOUR_S)
        if hour != self._hour:
            self._close()
            self._sum_w, self._count, self._hour = 0.0, 0, hour
        self._sum_w += power_w
        self._count += 1

    def ahead(self, now_s: float, count: int) -> Columns:
        """Return what is usual in the next hours.

        Parameters
        ----------
        now_s : float
            Present time. [s]
        count : int
            Hours: n. [-]

        Returns
        -------
        ndarray of float, shape (n,)
            IT power; 0 in hours of the day that have not been seen. [W]
        """
        hours = (int(now_s % DAY_S // HOUR_S) + np.arange(count)) % _DAY_H
        return np.asarray(np.nan_to_num(self._mean_w)[hours])

    def _close(self) -> None:
        """Let the hour that has ended count."""
        if not self._count:
            return
        mean_w, slot = self._sum_w / self._count, self._hour % _DAY_H
        known_w = self._mean_w[slot]
        if np.isnan(known_w):
            self._mean_w[slot] = mean_w
        else:
            self._mean_w[slot] += _NEW_SHARE * (mean_w - known_w)
