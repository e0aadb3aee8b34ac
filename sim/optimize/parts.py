"""What a linear program is put together from: blocks of columns, and rows across them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

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
    """Rows by the block that their coefficients belong to, with their limits.

    The blocks of one site go by a name, those of all by the site's number and the name.
    """

    blocks: Mapping[Any, Entries]
    low: Columns
    high: Columns

    @classmethod
    def at_most(cls, blocks: Mapping[Any, Entries], high: Columns) -> "Rows":
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
    def all_of(cls, horizons: Sequence[Horizon]) -> list["Scaled"]:
        """Scale the horizons of some sites alike."""
        limits_w = [most_w(horizon) for horizon in horizons]
        largest = [
            float(np.abs(power_w).max())
            for horizon, most in zip(horizons, limits_w, strict=True)
            for power_w in (horizon.net_w, *most.values())
        ]
        unit_w = max(largest) or 1.0
        return [
            cls(
                horizon,
                horizon.net_w / unit_w,
                {flow: limit_w / unit_w for flow, limit_w in most.items()},
                unit_w,
                unit_w * horizon.step_s,
            )
            for horizon, most in zip(horizons, limits_w, strict=True)
        ]


def matrix_of(rows: Sequence[Rows], widths: Mapping[Any, int]) -> csc_array:
    """Put all coefficients where they belong.

    Parameters
    ----------
    rows : sequence of Rows
        The rows, in order.
    widths : mapping of any to int
        Blocks in order, and the columns of each. [-]

    Returns
    -------
    csc_array, shape (n_rows, n_columns)
        The coefficients.
    """
    left = dict(zip(widths, np.cumsum([0, *widths.values()]).tolist(), strict=False))
    above = np.cumsum([0, *(len(part.high) for part in rows)]).tolist()
    placed = [
        (entries.row + top, entries.column + left[name], entries.value)
        for part, top in zip(rows, above, strict=False)
        for name, entries in part.blocks.items()
    ]
    row, column, value = (np.concatenate(pieces) for pieces in zip(*placed, strict=True))
    return csc_array((value, (row, column)), shape=(above[-1], sum(widths.values())))
