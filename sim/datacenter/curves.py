"""Power that follows a load as a quadratic: of chillers, fans, pumps, of losses, of a facility."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sim.catalog import row

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PowerCurve:
    """A power as a quadratic of the IT power, with coefficients that may change every step.

    Attributes
    ----------
    fixed_w : ndarray of float, shape (n,)
        Power without IT power. [W]
    ratio : ndarray of float, shape (n,)
        Power in proportion to the IT power. [-]
    bend_per_w : ndarray of float, shape (n,)
        Power in proportion to the IT power squared. [1/W]
    """

    fixed_w: Columns
    ratio: Columns
    bend_per_w: Columns

    @classmethod
    def proportional(cls, ratio: float | Columns, count: int) -> Self:
        """Return a curve without a fixed and a quadratic part.

        Parameters
        ----------
        ratio : float or ndarray of float, shape (count,)
            Power over IT power. [-]
        count : int
            Number of steps. [-]

        Returns
        -------
        PowerCurve
            Its constant columns take no room.
        """
        nothing = np.broadcast_to(0.0, count)
        return cls(nothing, np.broadcast_to(ratio, count), nothing)

    def mean_w(self, it_w: Columns, it_square_w2: Columns) -> Columns:
        """Return the mean power, exact whatever the IT power did within the step.

        Parameters
        ----------
        it_w : ndarray of float, shape (n,)
            Mean IT power. [W]
        it_square_w2 : ndarray of float, shape (n,)
            Mean of the IT power squared. [W2]

        Returns
        -------
        ndarray of float, shape (n,)
            Mean power. [W]
        """
        return self.ratio * it_w + (self.fixed_w + self.bend_per_w * it_square_w2)

    def at_w(self, it_w: float | Columns) -> Columns:
        """Return the power at a constant IT power, shape (n,). [W]."""
        level_w = np.broadcast_to(it_w, self.ratio.shape)
        return self.mean_w(level_w, level_w**2)

    def __add__(self, other: "PowerCurve") -> "PowerCurve":
        """Return both powers together."""
        return PowerCurve(
            self.fixed_w + other.fixed_w,
            self.ratio + other.ratio,
            self.bend_per_w + other.bend_per_w,
        )

    def times(self, factor: float | Columns) -> "PowerCurve":
        """Return a multiple of it."""
        return self.changed(lambda column: column * factor)

    def changed(self, change: Callable[[Columns], Columns]) -> "PowerCurve":
        """Return the curve with each of its columns changed."""
        return PowerCurve(change(self.fixed_w), change(self.ratio), change(self.bend_per_w))


@dataclass(frozen=True, slots=True)
class LoadShape:
    """How the power or the loss of a device follows its load x, both over what they are rated at.

    Attributes
    ----------
    fixed_fraction : float
        At no load. [-]
    linear_fraction : float
        In proportion to x. [-]
    quadratic_fraction : float
        In proportion to x squared. [-]
    """

    fixed_fraction: float
    linear_fraction: float
    quadratic_fraction: float

    def curve(self, power_w: float | Columns, load_w: float) -> PowerCurve:
        """Return the power by IT power.

        Parameters
        ----------
        power_w : float or ndarray of float, shape (n,)
            Power that the shape's fractions are of; of a loss, the rated load. [W]
        load_w : float
            IT power at which x is 1. [W]

        Returns
        -------
        PowerCurve
            P = power (fixed + linear x + quadratic x^2) with x = P_IT / load.
        """
        power = np.atleast_1d(np.asarray(power_w, dtype=np.float64))
        return PowerCurve(
            self.fixed_fraction * power,
            self.linear_fraction * power / load_w,
            self.quadratic_fraction * power / load_w**2,
        )


def load_shape(name: str) -> LoadShape:
    """Return a shape of the catalog's table ``load_curves``.

    Parameters
    ----------
    name : str
        Its name, e.g. ``double-conversion`` or ``variable-speed-fan``.

    Returns
    -------
    LoadShape
        The shape.

    Raises
    ------
    ValueError
        If the catalog has no such curve.
    """
    facts = row("load_curves", name)
    return LoadShape(
        facts["fixed_fraction"], facts["linear_fraction"], facts["quadratic_fraction"]
    )


def load_w(total_w: float, *, ratio: float, bend_per_w: float) -> float:
    """Return the load at which ratio times load, plus bend_per_w times its square, is a total.

    Parameters
    ----------
    total_w : float
        The total. [W]
    ratio : float
        Power per load, above 0. [-]
    bend_per_w : float
        Power per load squared, 0 or more. [1/W]

    Returns
    -------
    float
        The load, 0 for a total of 0 or less. [W]
    """
    if total_w <= 0.0:
        return 0.0
    if total_w == math.inf:
        return math.inf
    # The form of the quadratic formula that stays exact for a vanishing bend.
    return 2.0 * total_w / (ratio + math.sqrt(ratio * ratio + 4.0 * bend_per_w * total_w))
