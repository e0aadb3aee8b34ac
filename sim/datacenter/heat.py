"""Waste heat that finds a use outside the data center."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.curves import Columns


@dataclass(frozen=True, slots=True, eq=False)
class HeatReuse:
    """Who takes heat, and how much of it.

    Attributes
    ----------
    captured_fraction : ndarray of float, shape (n_steps,)
        Share of the IT power that can be had as heat; 0 out of season. [-]
    capacity_w : float
        Most heat that is taken; inf for all there is. [W]
    """

    captured_fraction: Columns
    capacity_w: float

    def reused_w(self, it_w: Columns, hour: NDArray[np.int64]) -> Columns:
        """Return the heat that is taken.

        Parameters
        ----------
        it_w : ndarray of float, shape (n_steps,)
            Mean IT power. [W]
        hour : ndarray of int, shape (n_steps,)
            Hour that each step lies in, counted from 0. [-]

        Returns
        -------
        ndarray of float, shape (n_steps,)
            Never more than what is captured, nor, in the mean of an hour, than the capacity: the
            water of the network evens out an hour (assumption). [W]
        """
        captured_w = self.captured_fraction * it_w
        hourly_w = np.bincount(hour, captured_w) / np.maximum(1, np.bincount(hour))
        most = np.divide(
            self.capacity_w, hourly_w, out=np.ones_like(hourly_w), where=hourly_w > self.capacity_w
        )
        return captured_w * most[hour]
