"""What a linear program is put together from: blocks of columns, and rows across them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.optimize.horizon import Columns, Horizon
from sim.optimize.limits import most_w

Steps = NDArray[np.intp]


class Block(NamedTuple):
    """Columns: their cost in units of the rates, and their limits in scaled units."""

    cost: Columns
    low: Columns
    high: Columns


class Entries(NamedTuple):
    """Coefficients with their row and column within some rows and a block."""

    row: Steps
    column: Steps
    value: Columns

    @classmethod
    def each(cls, columns: Steps, value: float | Columns) -> "Entries":
        """Return a row for each of some columns."""
        count = len(columns)
        return cls(np.arange(count), columns, np.broadcast_to(value, count))


class Rows(NamedTuple):
    """Rows by the block that their coefficients belong to, with their limits."""

    blocks: Mapping[str, Entries]
    low: Columns
    high: Columns

    @classmethod
    def at_most(cls, blocks: Mapping[str, Entries], high: Columns) -> "Rows":
        """Return rows without a lower limit."""
        return cls(blocks, np.full(len(high), -np.inf), high)


class Scaled(NamedTuple):
    """A horizon whose powers are in units of the largest, its energies of that for a step."""

    horizon: Horizon
    net: Columns
    most: Mapping[str, Columns]
    unit_w: float
    unit_j: float

    @classmethod
    def of(cls, horizon: Horizon) -> "Scaled":
        """Scale a horizon."""
        limits_w = most_w(horizon)
        unit_w = max(float(np.abs(w).max()) for w in (horizon.net_w, *limits_w.values())) or 1.0
        most = {flow: limit_w / unit_w for flow, limit_w in limits_w.items()}
        return cls(horizon, horizon.net_w / unit_w, most, unit_w, unit_w * horizon.step_s)
