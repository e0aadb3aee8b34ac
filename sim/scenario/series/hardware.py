"""Accelerators of the user's own, from a CSV file with columns of the catalog's table."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from sim.catalog import table
from sim.errors import DataError
from sim.registry import did_you_mean
from sim.scenario.positions import quoted
from sim.scenario.series.files import Columns, read_columns, read_header

REQUIRED: Final = ("accelerator", "source")
"""Columns that a file must have; what other columns lack is unknown."""

_TEXT: Final = frozenset({"accelerator", "name", "vendor", "source"})


def read_hardware(path: Path, name: str) -> Mapping[str, dict[str, Any]]:
    """Read a file of accelerators.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.
    name : str
        What to call it in messages.

    Returns
    -------
    mapping of str to dict
        Each accelerator's values by column; None where a cell is empty.

    Raises
    ------
    DataError
        If the file cannot be used, has columns that the catalog has not, lacks one that it must
        have, names an accelerator twice, or a cell is no number that can be.
    """
    header = read_header(path, name)
    known = [str(column) for column in table("accelerators").columns]
    for column in header:
        if column not in known:
            _fail(name, f"column {quoted(column)} is unknown.{did_you_mean(column, known)}")
        if header.count(column) > 1:
            _fail(name, f"column {quoted(column)} stands twice.")
    for column in REQUIRED:
        if column not in header:
            _fail(name, f"has no column {quoted(column)}.")
    return _rows(read_columns(path, name, header), header, name)


def _rows(columns: Columns, header: list[str], name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line, cells in zip(columns.lines, zip(*columns.cells, strict=True), strict=True):
        where = f"{name}, line {line}:"
        row: dict[str, Any] = {
            column: _cell(column, cell, where) for column, cell in zip(header, cells, strict=True)
        }
        for column in REQUIRED:
            if row[column] is None:
                _fail(where, f"column {column} is empty.")
        key = row["accelerator"]
        if key in found:
            _fail(where, f"{quoted(key)} stands above already.")
        _check(row, where)
        found[key] = row
    return found


def _cell(column: str, cell: str, where: str) -> str | float | None:
    if not cell or column in _TEXT:
        return cell or None
    try:
        value = float(cell)
    except ValueError:
        _fail(where, f"{quoted(cell)} in column {column} is no number.")
    if not (math.isfinite(value) and value >= 0.0):
        _fail(where, f"{cell} in column {column} is not a finite number of at least 0.")
    return value


def _check(row: Mapping[str, Any], where: str) -> None:
    """Refuse what no accelerator can have."""
    least = row.get("min_cap_fraction")
    if least is not None and not 0.0 < least <= 1.0:
        _fail(where, f"min_cap_fraction {least:g} is not above 0 and at most 1.")
    positive = ("tdp_w", "lifetime_low_years", "lifetime_mid_years", "lifetime_high_years")
    for column in positive:
        if row.get(column) == 0.0:
            _fail(where, f"{column} is 0; it must be above 0.")
    for what in ("embodied_{}_kg", "lifetime_{}_years"):
        values = [row.get(what.format(bound)) for bound in ("low", "mid", "high")]
        if None in values and values != [None] * 3:
            _fail(where, f"{what.format('low/mid/high')}: give all three or none.")
        if None not in values and values != sorted(values):
            _fail(where, f"{what.format('low/mid/high')} do not rise from low to high.")


def _fail(where: str, message: str) -> NoReturn:
    msg = f"{where} {message}"
    raise DataError(msg) from None
