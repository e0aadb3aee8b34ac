"""Files a scenario refers to: whether they can be used, and the columns of a CSV file."""

import csv
import gzip
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NoReturn, TypeVar

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.positions import quoted

T = TypeVar("T")

DATA_SUFFIXES: Final = (".csv", ".csv.gz")
_PICKLES: Final = (".pkl", ".pickle", ".pkl.gz", ".pickle.gz")


def file_fault(path: Path) -> str | None:
    """Look at a file without opening it.

    Parameters
    ----------
    path : Path
        The file; nothing but a regular file is ever opened.

    Returns
    -------
    str or None
        Why it cannot be read, or None if it can.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "no such file."
    except OSError as error:
        return f"cannot be read: {error.strerror}."
    except ValueError:
        return "cannot be read: its name holds a null character."
    if stat.S_ISDIR(mode):
        return "is a directory, not a file."
    if not stat.S_ISREG(mode):
        return "is a device or pipe, not a regular file."
    return None if os.access(path, os.R_OK) else "cannot be read: permission denied."


def data_fault(path: Path) -> str | None:
    """Look at a data file without opening it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        Why it cannot be used as a CSV file, or None if it can.
    """
    name = path.name.lower()
    if not name.endswith((*DATA_SUFFIXES, *_PICKLES)):
        return "is neither a .csv nor a .csv.gz file. Save the table as CSV."
    return trace_fault(path)


def trace_fault(path: Path) -> str | None:
    """Look at a trace in a text format of its own, without opening it.

    Parameters
    ----------
    path : Path
        The file, whatever its suffix.

    Returns
    -------
    str or None
        Why it cannot be used, or None if it can.
    """
    if path.name.lower().endswith(_PICKLES):
        return "is a pickle; those can run code and are never read. Save the table as CSV."
    return file_fault(path)


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns of a CSV file, as text.

    Attributes
    ----------
    lines : list of int
        Line of each row in the file, from 1. [-]
    cells : list of list of str
        The cells of each column asked for, in that order.
    """

    lines: list[int]
    cells: list[list[str]]


def read_columns(path: Path, name: str, columns: Sequence[str]) -> Columns:
    """Read columns of a CSV file.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.
    name : str
        What to call it in messages.
    columns : sequence of str
        Names of the columns.

    Returns
    -------
    Columns
        Their cells as text, stripped of blanks, and the line of each row.

    Raises
    ------
    DataError
        If the file cannot be used, has no such column, or a row has more or fewer cells than the
        header.

    Notes
    -----
    Not pandas: ``read_csv`` with ``usecols`` silently drops the surplus cell of a row such as
    ``2025-06-02,1,5`` (a decimal comma) and would read 1.
    """
    return _read(path, name, lambda file: _columns_of(file, name, columns))


def read_header(path: Path, name: str) -> list[str]:
    """Read the names of the columns of a CSV file.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.
    name : str
        What to call it in messages.

    Returns
    -------
    list of str
        The names, stripped of blanks.

    Raises
    ------
    DataError
        If the file cannot be used.
    """
    return _read(path, name, lambda file: _header_of(csv.reader(file, strict=True)))


def _read(path: Path, name: str, read: Callable[[IO[str]], T]) -> T:
    if fault := data_fault(path):
        _unusable(name, fault)
    try:
        with _opened(path) as file:
            return read(file)
    except UnicodeDecodeError:
        _unusable(name, "is not UTF-8 text. Save it as UTF-8.")
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        _unusable(name, f"cannot be read: {error}.")


def _header_of(reader: Iterator[list[str]]) -> list[str]:
    return [cell.strip() for cell in next(reader, [])]


def _unusable(name: str, fault: str) -> NoReturn:
    msg = f"{name} {fault}"
    raise DataError(msg) from None


def _opened(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _columns_of(file: IO[str], name: str, columns: Sequence[str]) -> Columns:
    reader = csv.reader(file, strict=True)
    header = _header_of(reader)
    places = [_place_of(column, header, name) for column in columns]
    found = Columns([], [[] for _ in places])
    for row in reader:
        if len(row) != len(header):
            if not "".join(row).strip():
                continue
            width = f"has {len(row)} cells, but the header names {len(header)}."
            _unusable(name, f"line {reader.line_num} {width}")
        found.lines.append(reader.line_num)
        for cells, place in zip(found.cells, places, strict=True):
            cells.append(row[place].strip())
    return found


def _place_of(column: str, header: list[str], name: str) -> int:
    count = header.count(column)
    if count > 1:
        _unusable(name, f"has {count} columns named {quoted(column)}.")
    if not any(header):
        _unusable(name, "has no header: its first line must name the columns.")
    if not count:
        hint = did_you_mean(column, header)
        _unusable(name, f"has no column {quoted(column)}.{hint}")
    return header.index(column)
