"""The solver of linear programs, as all plans use it: quiet, on one thread, from where it was."""

from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from sim.grid.solver import QuietSolver

_OPTIONS: Final[dict[str, str | float | int]] = {
    "presolve": "off",  # a chain of steps gains nothing by it, and without it the basis is kept
    "threads": 1,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
OPTIMAL: Final = highspy.HighsModelStatus.kOptimal

Limits = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Lower and upper limits."""


class WarmSolver:
    """A solver that goes on from its last solution.

    Attributes
    ----------
    highs : Highs
        The solver of the library.
    """

    def __init__(self) -> None:
        self.highs = QuietSolver()
        for name, value in _OPTIONS.items():
            self.highs.setOptionValue(name, value)

    def load(
        self,
        matrix: csc_array,
        *,
        cost: NDArray[np.float64],
        columns: Limits,
        rows: Limits,
        keep_basis: bool = False,
    ) -> None:
        """Take a program: ``rows[0] <= matrix @ x <= rows[1]``, ``columns[0] <= x <= columns[1]``.

        Parameters
        ----------
        matrix : csc_array, shape (n_rows, n_columns)
            Coefficients.
        cost : ndarray of float, shape (n_columns,)
            Cost of the columns. [1]
        columns, rows : tuple of ndarray of float
            Limits of columns and rows. [1]
        keep_basis : bool
            Whether it is of the same shape as the last, to go on from its solution.

        Raises
        ------
        RuntimeError
            If the solver refuses the numbers.
        """
        basis = self.highs.getBasis() if keep_basis else None
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = matrix.shape
        model.col_cost_, (model.col_lower_, model.col_upper_) = cost, columns
        model.row_lower_, model.row_upper_ = rows
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = matrix.indptr
        model.a_matrix_.index_ = matrix.indices
        model.a_matrix_.value_ = matrix.data
        if self.highs.passModel(model) == highspy.HighsStatus.kError:
            msg = "The solver refuses the program's numbers."
            raise RuntimeError(msg)
        if basis is not None:
            self.highs.setBasis(basis)
        self._numbers = np.arange(max(matrix.shape), dtype=np.int32)

    def change_costs(self, cost: NDArray[np.float64]) -> None:
        """Change the costs of all columns."""
        self.highs.changeColsCost(len(cost), self._numbers[: len(cost)], cost)

    def change_columns(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """Change the limits of all columns."""
        self.highs.changeColsBounds(len(low), self._numbers[: len(low)], low, high)

    def change_rows(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """Change the limits of all rows."""
        change = self.highs.changeRowsBounds  # type: ignore[attr-defined]  # its stubs lack it
        change(len(low), self._numbers[: len(low)], low, high)

    def run(self, *, presolve: bool = False) -> highspy.HighsModelStatus:
        """Solve; if that fails, once more from nothing, with presolve.

        Parameters
        ----------
        presolve : bool
            Whether to presolve at once: worth it for large programs.

        Returns
        -------
        HighsModelStatus
            What came of it; see `OPTIMAL`.
        """
        highs = self.highs
        highs.setOptionValue("presolve", "on" if presolve else "off")
        highs.run()
        if highs.getModelStatus() != OPTIMAL:
            highs.clearSolver()
            highs.setOptionValue("presolve", "on")
            highs.run()
        return highs.getModelStatus()

    def said(self) -> str:
        """Return the last status in words."""
        return str(self.highs.modelStatusToString(self.highs.getModelStatus()))
