"""SQL over a study: its runs, and the steps, jobs and services of all of them, as DuckDB views.

SQL never sees a file: the views stand on Arrow tables and datasets that are made here, and DuckDB's
own way to files, networks and extensions is shut.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.study.dataset.parts import whole_counts
from sim.study.dataset.read import Current, read_current
from sim.study.disk.store import JOBS, SERVICES, STEPS

if TYPE_CHECKING:
    import duckdb

VIEWS: Final = ("runs", "steps", "jobs", "services")
"""What a query can ask about."""

_FILES: Final = {"steps": STEPS, "jobs": JOBS, "services": SERVICES}
_SHUT: Final = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}
_UNKNOWN_COLUMN: Final = re.compile(r'(?:Referenced column|have a column named) "([^"]+)"')
_UNKNOWN_TABLE: Final = re.compile(r"Table with name (\S+) does not exist")
_LIST: Final = "`gridloom query --schema` lists the views and their columns."

Column = tuple[str, str, str]
"""View, name and SQL type of a column."""


@contextmanager
def answered(
    home: Path, sql: str, *, on_note: Callable[[str], None] = lambda _note: None
) -> Iterator[pa.RecordBatchReader]:
    """Answer a question about a study.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    sql : str
        One statement that reads.
    on_note : callable
        Is told what was left out.

    Yields
    ------
    RecordBatchReader
        The rows of the answer.

    Raises
    ------
    DataError
        If DuckDB is not installed, the statement has a mistake or would write, or a view that it
        names has nothing to show.
    """
    duckdb = _duckdb()
    _check(duckdb, sql)
    named = [view for view in VIEWS if re.search(rf"\b{view}\b", sql, re.IGNORECASE)]
    current = read_current(home)
    for note in current.notes:
        on_note(note)
    with _opened(duckdb, _views(home, current, named)) as connection:
        try:
            yield connection.sql(sql).to_arrow_reader()
        except (duckdb.Error, pa.ArrowException) as error:
            raise DataError(_kindly(str(error), connection)) from error


def columns(home: Path) -> list[Column]:
    """List the columns of all views that have something to show.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    list of Column
        In the order of the views.
    """
    duckdb = _duckdb()
    with _opened(duckdb, _views(home, read_current(home), VIEWS, empty=True)) as connection:
        return _columns(connection)


def _views(
    home: Path, current: Current, names: Iterable[str], *, empty: bool = False
) -> dict[str, pa.Table | ds.Dataset]:
    """Make what the views stand on; one without rows is left out or an error."""
    runs = whole_counts(current.table)
    axes = [axis.name for axis in current.record.axes]
    keys = ("run_id", "variant", *axes, "policy", "seed", "point")
    found: dict[str, pa.Table | ds.Dataset] = {}
    for name in names:
        if name == "runs":
            found[name] = runs.drop_columns(["folder", "content_hash"])
        elif (dataset := _frames(home, runs, _FILES[name], keys)) is not None:
            found[name] = dataset
        elif not empty:
            msg = (
                f"{home}: no run has {name}"
                + (" (its study kept only their metrics)." if name != "services" else ".")
                + " Ask about runs."
            )
            raise DataError(msg)
    return found


def _frames(
    home: Path, runs: pa.Table, file: str, keys: Sequence[str]
) -> ds.FileSystemDataset | None:
    """Put a file of all runs together; each row also has the keys of its run."""
    # The keys are no data that is read: they stand on the file as what is true of all its rows, so
    # a question about some runs opens only their files.
    rows = runs.select([*keys, "folder"]).to_pylist()
    paths = [home / row["folder"] / file for row in rows]
    pairs = [(path, row) for path, row in zip(paths, rows, strict=True)
             if row["folder"] and path.is_file()]
    if not pairs:
        return None
    own = _schema(path for path, _ in pairs)
    names = {key: key if key not in own.names else f"run_{key}" for key in keys}
    fields = [pa.field(names[key], runs.schema.field(key).type) for key in keys]
    parquet, local = ds.ParquetFileFormat(), fs.LocalFileSystem()
    fragments = [
        parquet.make_fragment(
            str(path), filesystem=local, partition_expression=_true_of(row, names, runs.schema)
        )
        for path, row in pairs
    ]
    return ds.FileSystemDataset(fragments, pa.schema([*fields, *own]), parquet, local)


def _true_of(row: Mapping[str, Any], names: Mapping[str, str], schema: pa.Schema) -> pc.Expression:
    """Return the expression that holds for all rows of a run."""
    whole = pc.scalar(True)  # noqa: FBT003 - the value is all there is to it
    for key, name in names.items():
        value, column = row[key], pc.field(name)
        holds = column.is_null() if value is None else (
            column == pc.scalar(pa.scalar(value, schema.field(key).type))
        )
        whole &= holds
    return whole


def _schema(paths: Iterable[Path]) -> pa.Schema:
    """Return the columns that some of the files have, texts as plain texts."""
    # of ten thousand files hardly any two differ: only what differs is kept
    different = dict.fromkeys(pq.read_schema(path).remove_metadata() for path in paths)
    whole = pa.unify_schemas(list(different), promote_options="permissive")
    return pa.schema([
        one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one
        for one in whole
    ])


@contextmanager
def _opened(
    duckdb: Any,  # noqa: ANN401 - a module that may not be there
    views: Mapping[str, pa.Table | ds.Dataset],
) -> "Iterator[duckdb.DuckDBPyConnection]":
    with duckdb.connect(":memory:", config=_SHUT) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, data in views.items():
            connection.register(name, data)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        connection.execute("BEGIN TRANSACTION READ ONLY")
        yield connection


def _check(duckdb: Any, sql: str) -> None:  # noqa: ANN401 - a module that may not be there
    """Refuse what is not one statement that reads."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise DataError(_kindly(str(error), None)) from error
    reads = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)  # PIVOT is several
    if len(statements) != 1 or statements[0].type not in reads:
        msg = "A query is one SELECT; it may not change anything. " + _LIST
        raise DataError(msg)


def _kindly(message: str, connection: "duckdb.DuckDBPyConnection | None") -> str:
    """Return DuckDB's words with a near name of ours in place of its own guesses."""
    found = [] if connection is None else _columns_after_error(connection)
    column, table = _UNKNOWN_COLUMN.search(message), _UNKNOWN_TABLE.search(message)
    if column:
        names = dict.fromkeys(name for _, name, _ in found)
        return f"No view named in the query has a column {column[1]}." \
               f"{did_you_mean(column[1], names)} {_LIST}"
    if table:
        return f"There is no view {table[1]}, only {', '.join(VIEWS)}." \
               f"{did_you_mean(table[1], VIEWS)} {_LIST}"
    return f"The query cannot be answered. {message}"


def _columns_after_error(connection: "duckdb.DuckDBPyConnection") -> list[Column]:
    connection.execute("ROLLBACK")  # a transaction with an error answers nothing more
    return _columns(connection)


def _columns(connection: "duckdb.DuckDBPyConnection") -> list[Column]:
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    return sorted(rows, key=lambda row: VIEWS.index(row[0]))


def _duckdb() -> Any:  # noqa: ANN401 - a module that may not be there
    try:
        import duckdb
    except ImportError:
        msg = "A query needs DuckDB, which is not installed: pip install 'gridloom[query]'."
        raise DataError(msg) from None
    return duckdb
