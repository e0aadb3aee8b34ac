"""Solve the linear program of sites' energy; see `sim.optimize.program` for what it holds.

References
----------
.. [1] A. Neumaier, O. Shcherbina, "Safe bounds in linear and mixed-integer linear programming,"
   Mathematical Programming 99, 2004, doi:10.1007/s10107-003-0433-3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np

from sim.grid.solver import QuietSolver
from sim.optimize.horizon import Columns, Horizon, Plan
from sim.optimize.program import BLOCKS, Program, assemble
from sim.optimize.work import Work

_OPTIONS: Final[dict[str, str | float | int]] = {
    "presolve": "off",  # a chain of steps gains nothing by it, and without it the basis is kept
    "threads": 1,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
_LARGE: Final = 100_000  # columns from which on presolve saves more than it takes (measured)
_OPTIMAL: Final = highspy.HighsModelStatus.kOptimal


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
    """

    def __init__(self) -> None:
        self._highs = QuietSolver()
        self._program: Program | None = None
        for name, value in _OPTIONS.items():
            self._highs.setOptionValue(name, value)

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
        self._load(program)
        is_large = len(program.cost) > _LARGE
        self._highs.setOptionValue("presolve", "on" if is_large else _OPTIONS["presolve"])
        self._highs.run()
        if self._highs.getModelStatus() != _OPTIMAL:
            self._run_cold()
        return _solution(horizons, program, self._highs)

    def _load(self, program: Program) -> None:
        last, self._program = self._program, program
        alike = last is not None and last.matrix.shape == program.matrix.shape
        basis = self._highs.getBasis() if alike else None
        _pass(self._highs, program)
        if basis is not None:
            self._highs.setBasis(basis)

    def _run_cold(self) -> None:
        """Solve once more from nothing, with presolve; if that fails too, say so."""
        highs = self._highs
        highs.clearSolver()
        highs.setOptionValue("presolve", "on")
        highs.run()
        highs.setOptionValue("presolve", _OPTIONS["presolve"])
        status = highs.getModelStatus()
        if status == _OPTIMAL:
            return
        self._program = None
        if status == highspy.HighsModelStatus.kInfeasible:
            msg = ("No plan meets the final stored energy or the limit of unserved load: leave the "
                   "one free or raise the other.")
            raise ValueError(msg)
        msg = f"The solver stopped without a solution ({highs.modelStatusToString(status)})."
        raise RuntimeError(msg)


def _pass(highs: highspy.Highs, program: Program) -> None:
    matrix, model = program.matrix, highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.low, program.high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr
    model.a_matrix_.index_ = matrix.indices
    model.a_matrix_.value_ = matrix.data
    if highs.passModel(model) == highspy.HighsStatus.kError:
        msg = "The solver refuses the program's numbers."
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
    return Plan(*costs, stored_j=start_j + stored, **flows_w)


def dual_bound(program: Program, price: Columns) -> float:
    """Return what no point can cost less than, given any prices of the rows [1]_."""
    price = np.where(np.isinf(program.row_low), np.minimum(price, 0.0), price)
    price = np.where(np.isinf(program.row_high), np.maximum(price, 0.0), price)
    binding = np.where(price > 0.0, program.row_low, program.row_high)
    rows = price * np.where(price == 0.0, 0.0, binding)
    left = program.cost - program.matrix.T @ price
    columns = left * np.where(left > 0.0, program.low, program.high)
    return float(rows.sum() + columns.sum())
