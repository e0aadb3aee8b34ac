"""Traces as tables: read whole, every cell that is no value found with its line."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.series.files import trace_fault

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a trace.

    Attributes
    ----------
    path : Path
        The file.
    frame : DataFrame, shape (n_rows, n_columns)
        Its columns by name, numbers or text as they stand there.
    line : ndarray of int, shape (n_rows,)
        Line of each row in the file, from 1. [-]
    faults : dict of int to str
        What is wrong with a row, by its line.
    """

    path: Path
    frame: pd.DataFrame
    line: NDArray[np.int64]
    faults: dict[int, str] = field(default_factory=dict)

    def numbers(self, column: str) -> Column:
        """Return a column as numbers; nan where a cell is empty, and a fault where it is none."""
        cells = self.frame[column]
        values: Column = np.array(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
        self._mark(column, np.isnan(values) & _filled(cells), "is not a number")
        self._mark(column, np.isinf(values), "is not finite")
        values[np.isinf(values)] = np.nan
        return values

    def stamps_s(self, column: str, zone: str) -> Column:
        """Return a column of timestamps as seconds since 1970 UTC; naive ones are of `zone`."""
        cells = self.frame[column]
        times = pd.to_datetime(cells, errors="coerce", format="ISO8601", utc=zone == "UTC")
        if times.dt.tz is None:
            times = times.dt.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")
        seconds = (times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
        values: Column = np.asarray(seconds, dtype=np.float64)
        self._mark(column, np.isnan(values) & _filled(cells), "is not a timestamp")
        return values

    def text(self, column: str) -> NDArray[np.str_]:
        """Return a column as text, empty where a cell is empty."""
        return self.frame[column].fillna("").astype(str).str.strip().to_numpy(dtype=str)

    def _mark(self, column: str, wrong: NDArray[np.bool_], why: str) -> None:
        for row in np.flatnonzero(wrong):
            shown = f'{column} "{self.frame[column].iloc[row]}" {why}'
            self.faults.setdefault(int(self.line[row]), shown)


def _filled(cells: "pd.Series[Any]") -> NDArray[np.bool_]:
    """Return which cells hold something."""
    if pd.api.types.is_numeric_dtype(cells):
        return np.asarray(cells.notna())
    return np.asarray(cells.notna() & (cells.astype(str).str.strip() != ""))


def read_csv(
    path: Path,
    columns: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    separator: str = ",",
) -> Table:
    """Read some columns of a delimited trace.

    Parameters
    ----------
    path : Path
        The file; may be compressed (.gz).
    columns : sequence of str
        The columns wanted.
    names : sequence of str or None
        Names of all columns where the file has no header.
    separator : str
        What stands between two cells.

    Returns
    -------
    Table
        The columns; rows with more or fewer cells than the header are faults.

    Raises
    ------
    DataError
        If the file cannot be used, or lacks a column.
    """
    openable(path)
    invalid: dict[int, str] = {}

    def _skip(row: Any) -> str:  # noqa: ANN401 - pyarrow has no types
        found = f"has {row.actual_columns} cells instead of {row.expected_columns}"
        invalid[row.number] = found
        return "skip"

    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                quote_char='"' if separator == "," else False,
                invalid_row_handler=_skip,
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns), strings_can_be_null=True, timestamp_parsers=[]
            ),
        )
    except KeyError as error:
        refuse(path, f"has no column {_named(error)}.{did_you_mean(_named(error), _header(path))}")
    except (pa.ArrowInvalid, OSError, EOFError, zlib.error) as error:
        refuse(path, f"cannot be read: {error}")
    frame = table.to_pandas()
    line = np.arange(1, len(frame) + len(invalid) + 1) + (names is None)
    line = np.setdiff1d(line, np.fromiter(invalid, dtype=np.int64), assume_unique=True)
    if frame.empty and not invalid:
        refuse(path, "has no rows.")
    return Table(path, frame, line, invalid)


def _named(error: KeyError) -> str:
    """Return the column that pyarrow's message says is missing."""
    return str(error).split("'")[1] if "'" in str(error) else str(error)


def _header(path: Path) -> list[str]:
    with opened(path) as file:
        return [cell.strip().strip('"') for cell in file.readline().split(",")]


def has_column(path: Path, column: str) -> bool:
    """Return whether the header of a CSV file names a column."""
    openable(path)
    try:
        return column in _header(path)
    except (OSError, EOFError, zlib.error) as error:
        refuse(path, f"cannot be read: {error}")


def openable(path: Path) -> None:
    """Refuse what is no regular readable file, and pickles, which can run code."""
    if fault := trace_fault(path):
        refuse(path, fault)


def opened(path: Path) -> IO[str]:
    """Open a text file that may be compressed (.gz)."""
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers.

    Parameters
    ----------
    path : Path
        The file; may be compressed (.gz).

    Yields
    ------
    tuple of int and str
        Line number from 1, and the line.

    Raises
    ------
    DataError
        If the file cannot be read to its end.
    """
    openable(path)
    try:
        with opened(path) as file:
            yield from enumerate(file, 1)
    except (OSError, EOFError, zlib.error) as error:
        refuse(path, f"cannot be read: {error}.")


def refuse(path: Path, why: str) -> NoReturn:
    """Raise DataError about a file."""
    msg = f"{path.name}: {why}"
    raise DataError(msg) from None
