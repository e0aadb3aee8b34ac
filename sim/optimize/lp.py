"""Solve the linear program of sites' energy; see `sim.optimize.program` for what it holds.

References
----------
.. [1] A. Neumaier, O. Shcherbina, "Safe bounds in linear and mixed-integer linear programming,"
   Mathematical Programming 99, 2004, doi:10.1007/s10107-003-0433-3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import highspy
import numpy as np

from sim.optimize.horizon import Columns, Horizon, Plan
from sim.optimize.program import BLOCKS, Program, assemble
from sim.optimize.warm import OPTIMAL, WarmSolver
from sim.optimize.work import Work

_LARGE: Final = 100_000  # columns from which on presolve saves more than it takes (measured)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The cheapest schedule of some sites together.

    Attributes
    ----------
    total : float
        Cost of all. [unit of the rates]
    bound : float
        No schedule costs less: `total`, but for the solver's tolerance. [unit of the rates]
    plans : tuple of Plan
        What each site does; the costs of each are those of all.
    """

    total: float
    bound: float
    plans: tuple[Plan, ...]


class Solver:
    """Solves horizons one after the other.

    One of the same shape as the one before, as from one issue of a rolling plan to the next, starts
    from that one's solution.

    Attributes
    ----------
    highs : Highs
        The solver of the library.
    """

    def __init__(self) -> None:
        self._solver = WarmSolver()
        self.highs = self._solver.highs
        self._shape = (0, 0)

    def solve(self, horizon: Horizon) -> Plan:
        """Return the cheapest plan of one site; see `solve_all`."""
        return self.solve_all((horizon,)).plans[0]

    def solve_all(self, horizons: Sequence[Horizon], work: Work | None = None) -> Solution:
        """Return the cheapest plan of some sites.

        Parameters
        ----------
        horizons : sequence of Horizon
            What has to be planned at each.
        work : Work or None
            Work that can wait, and may be done at any of them.

        Returns
        -------
        Solution
            Its cost and schedules.

        Raises
        ------
        ValueError
            If a load, a supply or a rate is not finite, or no plan meets the final stored energy or
            the limit of unserved load.
        RuntimeError
            If the solver finds no solution though there is one.
        """
        program = assemble(*horizons, work=work)
        solver, shape = self._solver, program.matrix.shape
        solver.load(
            program.matrix,
            cost=program.cost,
            columns=(program.low, program.high),
            rows=(program.row_low, program.row_high),
            keep_basis=shape == self._shape,
        )
        self._shape = shape
        status = solver.run(presolve=len(program.cost) > _LARGE)
        if status != OPTIMAL:
            self._shape = (0, 0)
            self._fail(status)
        return _solution(horizons, program, self.highs)

    def _fail(self, status: highspy.HighsModelStatus) -> NoReturn:
        if status == highspy.HighsModelStatus.kInfeasible:
            msg = ("No plan meets the final stored energy or the limit of unserved load: leave the "
                   "one free or raise the other.")
            raise ValueError(msg)
        msg = f"The solver stopped without a solution ({self._solver.said()})."
        raise RuntimeError(msg)


def _solution(
    horizons: Sequence[Horizon], program: Program, highs: highspy.Highs
) -> Solution:
    """Return cost and schedules in SI."""
    solution = highs.getSolution()
    fixed = sum(horizon.rates.fixed for horizon in horizons)
    total = fixed + highs.getObjectiveValue() * program.unit_cost
    bound = fixed + dual_bound(program, np.array(solution.row_dual)) * program.unit_cost
    values = np.array(solution.col_value)
    plans = [
        _plan(horizon, values[left:], program.unit_w, (total, bound))
        for horizon, left in zip(horizons, program.left, strict=True)
    ]
    return Solution(total, bound, tuple(plans))


def _plan(horizon: Horizon, values: Columns, unit_w: float, costs: tuple[float, float]) -> Plan:
    """Return a site's schedule; a power that rounding left below 0 is 0."""
    n = len(horizon.net_w)
    blocks = dict(zip(BLOCKS, values[: n * len(BLOCKS)].reshape(-1, n), strict=True))
    stored = blocks.pop("stored") * unit_w * horizon.step_s
    start_j = 0.0
    if horizon.battery is not None:
        start_j = horizon.battery.initial_soc * horizon.battery.capacity_j
    flows_w = {f"{flow}_w": np.maximum(0.0, value) * unit_w for flow, value in blocks.items()}
    total, bound = costs
    return Plan(total=total, bound=bound, stored_j=start_j + stored, **flows_w)


def dual_bound(program: Program, price: Columns) -> float:
    """Return what no point can cost less than, given any prices of the rows [1]_."""
    price = np.where(np.isinf(program.row_low), np.minimum(price, 0.0), price)
    price = np.where(np.isinf(program.row_high), np.maximum(price, 0.0), price)
    binding = np.where(price > 0.0, program.row_low, program.row_high)
    rows = price * np.where(price == 0.0, 0.0, binding)
    left = program.cost - program.matrix.T @ price
    columns = left * np.where(left > 0.0, program.low, program.high)
    return float(rows.sum() + columns.sum())
