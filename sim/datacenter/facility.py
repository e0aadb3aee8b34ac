"""Losses between the grid connection and the servers that follow the load."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpsLoss:
    """Loss curve of an uninterruptible power supply.

    Attributes
    ----------
    rated_w : float
        Rated power. [W]
    fixed_fraction : float
        Loss at no load over rated power. [-]
    linear_fraction : float
        Loss in proportion to the load. [-]
    quadratic_fraction : float
        Loss in proportion to the load squared, over rated power. [-]
    """

    rated_w: float
    fixed_fraction: float
    linear_fraction: float
    quadratic_fraction: float

    def mean_w(self, load_w: float, load_square_w2: float) -> float:
        """Return the mean loss from the means of the load and of its square.

        Parameters
        ----------
        load_w : float
            Mean load. [W]
        load_square_w2 : float
            Mean of the load squared, so that the loss is exact whatever the load did. [W2]

        Returns
        -------
        float
            Mean loss. [W]

        Notes
        -----
        P_loss / P_rated = c0 + c1 x + c2 x^2 with x = P / P_rated.
        """
        return (
            self.fixed_fraction * self.rated_w
            + self.linear_fraction * load_w
            + self.quadratic_fraction * load_square_w2 / self.rated_w
        )

    def load_w(self, total_w: float, ratio: float) -> float:
        """Return the load at which load times a ratio, plus the loss, is a total.

        Parameters
        ----------
        total_w : float
            The total. [W]
        ratio : float
            Power per load besides the loss, the load itself included. [-]

        Returns
        -------
        float
            The load, 0 where the total does not even cover the fixed loss. [W]
        """
        spare_w = total_w - self.fixed_fraction * self.rated_w
        if spare_w <= 0.0:
            return 0.0
        slope, bend = ratio + self.linear_fraction, self.quadratic_fraction / self.rated_w
        # The form of the quadratic formula that stays exact for a vanishing bend.
        return 2.0 * spare_w / (slope + math.sqrt(slope * slope + 4.0 * bend * spare_w))
