"""Facts without behaviour: the CSV tables packaged beside this file, each row with its source.

Headers carry the units (``tdp_w``, ``capacity_mw``) and the first column is a table's key.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from sim.registry import did_you_mean


def tables() -> tuple[str, ...]:
    """Return the names of all tables.

    Returns
    -------
    tuple of str
        Names, sorted.
    """
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv")))


def table(name: str) -> pd.DataFrame:
    """Return a table of the catalog; the caller may change it, the next one gets it fresh.

    Parameters
    ----------
    name : str
        Name of the table, e.g. ``turbines``.

    Returns
    -------
    DataFrame
        The table, rows in the order of its file. The first column, the key, is text; empty cells
        are NaN.

    Raises
    ------
    ValueError
        If the catalog has no such table.
    """
    return _read(name).copy()


def row(table_name: str, key: str) -> dict[str, Any]:
    """Return one row of a table by its key.

    Parameters
    ----------
    table_name : str
        Name of the table.
    key : str
        Value of its first column.

    Returns
    -------
    dict
        Values by column name as plain Python objects; None where a cell is empty.

    Raises
    ------
    ValueError
        If there is no such table or row, or if the key stands on several rows.
    """
    keys, rows = _rows(table_name)
    _require(table_name, key)
    if keys.count(key) > 1:
        msg = f'catalog table {table_name} has several rows "{key}"; use table("{table_name}").'
        raise ValueError(msg)
    return dict(rows[keys.index(key)])


def rows(table_name: str, key: str) -> pd.DataFrame:
    """Return the rows of a table that have a key, which may be several.

    Parameters
    ----------
    table_name : str
        Name of the table.
    key : str
        Value of its first column.

    Returns
    -------
    DataFrame
        The rows, in the order of the file.

    Raises
    ------
    ValueError
        If there is no such table or row.
    """
    data = table(table_name)
    _require(table_name, key)
    return data[data.iloc[:, 0] == key]


def _require(table_name: str, key: str) -> None:
    keys, _ = _rows(table_name)
    if key not in keys:
        msg = f'catalog table {table_name} has no row "{key}".{did_you_mean(key, keys)}'
        raise ValueError(msg)


@cache
def _read(name: str) -> pd.DataFrame:
    allowed = tables()
    if name not in allowed:  # also keeps every path but the packaged files out
        msg = f'the catalog has no table "{name}".{did_you_mean(name, allowed)}'
        raise ValueError(msg)
    with files(__name__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        # keys stay text, and only an empty cell is missing: "NA" or "None" may be a name
        return pd.read_csv(file, dtype={0: str}, keep_default_na=False, na_values=[""])


@cache
def _rows(name: str) -> tuple[list[str], list[dict[str, Any]]]:
    data = _read(name)
    plain = data.astype(object).where(data.notna(), None)
    columns = [str(column) for column in data.columns]
    rows = [dict(zip(columns, cells, strict=True)) for cells in plain.itertuples(index=False)]
    return [str(key) for key in data.iloc[:, 0]], rows
