"""Answers of a query as text or files, row by row as they come: an answer may be long."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.study.disk.folders import replacing


def head(reader: pa.RecordBatchReader, count: int) -> tuple[pd.DataFrame, bool]:
    """Return the first rows of an answer, and whether there are more.

    Parameters
    ----------
    reader : RecordBatchReader
        The answer.
    count : int
        Most rows to return. [-]

    Returns
    -------
    tuple of (DataFrame, bool)
        The rows; whole numbers stay so beside gaps.
    """
    batches, found = [], 0
    for batch in reader:
        batches.append(batch)
        found += batch.num_rows
        if found > count:
            break
    table = pa.Table.from_batches(batches, reader.schema)
    return _frame(table.slice(0, count)), found > count


def write_csv(reader: pa.RecordBatchReader, out: TextIO) -> None:
    """Write an answer as CSV; a gap is an empty cell."""
    _frame(reader.schema.empty_table()).to_csv(out, index=False, lineterminator="\n")
    for batch in reader:
        _frame(batch).to_csv(out, index=False, header=False, lineterminator="\n")


def write_json(reader: pa.RecordBatchReader, out: TextIO) -> None:
    """Write an answer as a JSON list of objects, one a line; what JSON has no word for is null."""
    joint = "["
    for batch in reader:
        for row in batch.to_pylist():
            out.write(f"{joint}\n{json.dumps(_plain(row), ensure_ascii=False, allow_nan=False)}")
            joint = ","
    out.write("[]\n" if joint == "[" else "\n]\n")


def write_file(reader: pa.RecordBatchReader, path: Path, kind: str) -> None:
    """Write an answer to a file that appears whole or not at all.

    Parameters
    ----------
    reader : RecordBatchReader
        The answer.
    path : Path
        The file; folders that are missing are made.
    kind : {'csv', 'json', 'parquet'}
        What to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        if kind == "parquet":
            with pq.ParquetWriter(partial, reader.schema, compression="zstd") as writer:
                for batch in reader:
                    writer.write_batch(batch)
        else:
            with partial.open("w", encoding="utf-8", newline="") as out:
                WRITERS[kind](reader, out)


WRITERS: Final[Mapping[str, Callable[[pa.RecordBatchReader, TextIO], None]]] = MappingProxyType(
    {"csv": write_csv, "json": write_json}
)
"""Formats of text."""


def _frame(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever SQL returns
    """Return a value as JSON knows it."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)
