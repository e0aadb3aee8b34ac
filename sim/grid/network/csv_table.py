"""A CSV file as text, whose every mistake can be told with file and line."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import DataError
from sim.grid.network.parts import Columns, NetworkFault, Places
from sim.registry import did_you_mean
from sim.scenario.series.files import read_columns

_LONGEST_HINT: Final = 200


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file as text.

    Attributes
    ----------
    file : str
        What to call the file in messages.
    lines : list of int
        Line of each row in the file, from 1. [-]
    cells : dict of str to list of str
        The cells of each column.
    """

    file: str
    lines: list[int]
    cells: dict[str, list[str]]

    def fail(self, row: int, message: str) -> NoReturn:
        """Raise the DataError of a row; `row` counts from 0."""
        msg = f"{self.origins[row]}: {message}"
        raise DataError(msg) from None

    @property
    def origins(self) -> list[str]:
        """File and line of each row, for messages."""
        return [f"{self.file}, line {line}" for line in self.lines]

    def text(self, column: str, default: str | None = None) -> list[str]:
        """Return a column as text.

        Parameters
        ----------
        column : str
            Its name.
        default : str or None
            What stands for an empty cell, or for a missing column; None where it must not be
            missing.

        Returns
        -------
        list of str
            The cells.

        Raises
        ------
        DataError
            If there is no such column.
        """
        cells = self.cells.get(column)
        if cells is None:
            if default is None and self.lines:
                msg = f'{self.file} has no column "{column}".{hint(column, self.cells)}'
                raise DataError(msg)
            return [default or ""] * len(self.lines)
        return cells if default is None else [cell or default for cell in cells]

    def numbers(self, column: str, default: float | None = None) -> Columns:
        """Return a column as numbers.

        Parameters
        ----------
        column : str
            Its name.
        default : float or None
            What stands for an empty cell or a missing column, may be NaN; None where neither may
            be. [unit of the column]

        Returns
        -------
        ndarray of float, shape (n_rows,)
            The numbers; infinite ones are let through [unit of the column].

        Raises
        ------
        DataError
            If there is no such column, or a cell holds no number.
        """
        fill = None if default is None else str(default)
        cells = self.text(column, fill)
        try:
            values = np.array(cells, dtype=np.float64)
        except ValueError:
            values = np.array([_number(cell) for cell in cells])
        for row in np.flatnonzero(np.isnan(values)).tolist():
            if cells[row] == fill:
                continue
            what = f'"{cells[row]}" is no number' if cells[row] else "the cell is empty"
            self.fail(row, f"{what} in column {column}.")
        return values

    def amounts(self, column: str, default: float | None = None) -> Columns:
        """Return a column of numbers from 0 up; DataError if one is negative."""
        values = self.numbers(column, default)
        for row in np.flatnonzero(values < 0).tolist():
            self.fail(row, f"{values[row]:g} in column {column} is negative.")
        return values

    def flags(self, column: str, *, default: bool) -> NDArray[np.bool_]:
        """Return a column of true or false, 1 or 0, as booleans; DataError if a cell is neither."""
        words = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
        found = [words.get(cell.lower()) for cell in self.text(column, str(default))]
        if None in found:
            row = found.index(None)
            self.fail(row, f'"{self.cells[column][row]}" in column {column} is neither 0 nor 1.')
        return np.array(found, dtype=bool)

    def places(self, column: str, names: Sequence[str], noun: str) -> Places:
        """Return where the names in a column stand among others.

        Parameters
        ----------
        column : str
            Its name.
        names : sequence of str
            The names allowed.
        noun : str
            What they name, for messages.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Places, from 0 [-].

        Raises
        ------
        DataError
            If there is no such column, or a cell names none of them.
        """
        place = {name: index for index, name in enumerate(names)}
        cells = self.text(column)
        for row, cell in enumerate(cells):
            if cell not in place:
                self.fail(
                    row, f'column {column}: there is no {noun} "{cell}".{hint(cell, names)}'
                )
        return np.array([place[cell] for cell in cells], dtype=int)

    def where(self, keep: NDArray[np.bool_]) -> "Table":
        """Return the rows for which `keep`, of shape (n_rows,), is true."""
        cells = {name: list(compress(column, keep)) for name, column in self.cells.items()}
        return replace(self, lines=list(compress(self.lines, keep)), cells=cells)


def hint(name: str, allowed: Iterable[str]) -> str:
    """Return what may have been meant, or all that is allowed unless that is too much to read."""
    text = did_you_mean(name, filter(None, allowed))
    return text if len(text) <= _LONGEST_HINT else ""


def read_table(path: Path) -> Table:
    """Read all columns of a CSV file as text.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.

    Returns
    -------
    Table
        Its columns by the names in its first line.

    Raises
    ------
    DataError
        If the file cannot be used; names it.
    """
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False,
                             encoding="utf-8-sig", skipinitialspace=True)
        names = [str(cell).strip() for cell in header.iloc[0]]
    except (OSError, ValueError, EOFError, zlib.error):
        names = []  # what is wrong is told below, in the words used for every file
    found = read_columns(path, str(path), names)
    return Table(str(path), found.lines, dict(zip(names, found.cells, strict=True)))


def read_rows(path: Path) -> Table:
    """Read a CSV file that must have rows; DataError if it has none."""
    table = read_table(path)
    if not table.lines:
        msg = f"{table.file} has no rows below its first line."
        raise DataError(msg)
    return table


def read_optional(path: Path) -> Table:
    """Read a CSV file, or give a table without rows and columns if there is none."""
    return read_table(path) if path.exists() else Table(str(path), [], {})


@contextmanager
def located(origins: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Turn the fault of a network's part into an error that names file and line.

    Parameters
    ----------
    origins : mapping of str to sequence of str
        File and line of each row, by part of the network.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    DataError
        If a part is wrong.
    """
    try:
        yield
    except NetworkFault as fault:
        msg = f"{origins[fault.part][fault.row]}: {fault}"
        raise DataError(msg) from fault


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
