"""Rows of the catalog for reading: one value a line, with its unit in words of its own."""

from types import MappingProxyType
from typing import Final

import pandas as pd
from rich.table import Table

from sim import catalog
from sim.report.tables import text_table

_UNITS: Final = MappingProxyType(
    {
        "fraction": "-",
        "ratio": "-",
        "count": "-",
        "years": "years",
        "tflops": "TFLOP/s",
        "tops": "TOP/s",
        "gb_per_s": "GB/s",
        "gbps": "Gbit/s",
        "w_per_tb": "W/TB",
        "w_per_gb": "W/GB",
        "j_per_gb": "J/GB",
        "kg_per_tb": "kgCO2e/TB",
        "kg": "kgCO2e",
        "gb": "GB",
        "kwh": "kWh",
        "kw": "kW",
        "mw": "MW",
        "ms": "ms",
        "m": "m",
        "c": "degC",
        "h": "h",
        "s": "s",
        "w": "W",
    }
)
"""Unit by the ending of a column's name."""


def unit_of(column: str) -> str:
    """Return the unit that a column's name ends in; empty where it ends in none."""
    endings = [ending for ending in _UNITS if f"_{column}".endswith(f"_{ending}")]
    return _UNITS[max(endings, key=len)] if endings else ""


def row_table(frame: pd.DataFrame) -> Table:
    """Return the first row of a frame, a value a line; an empty cell says that it is unknown."""
    values = frame.iloc[0].to_dict()
    lines = [(str(name), unit_of(str(name)), _shown(value)) for name, value in values.items()]
    return text_table(("Column", "Unit", "Value"), lines)


def found_rows(text: str, table: str | None = None) -> dict[str, pd.DataFrame]:
    """Return the rows that have a text in any of their cells but the source.

    Parameters
    ----------
    text : str
        The text, in any case.
    table : str or None
        The table to look in; None looks in all.

    Returns
    -------
    dict of str to DataFrame
        Rows by table, of the tables that have any.

    Raises
    ------
    ValueError
        If the catalog has no such table.
    """
    found = {}
    for name in catalog.tables() if table is None else (table,):
        frame = catalog.table(name)
        cells = frame.drop(columns="source").itertuples(index=False)
        hits = [any(text.lower() in str(cell).lower() for cell in row) for row in cells]
        if any(hits):
            found[name] = frame[hits]
    return found


def _shown(value: str | float) -> str:
    if pd.isna(value):
        return "unknown"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
