"""The command that asks SQL about a study."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.core import app, near, stop

_SHOWN = 100


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@app.command("query")
def _query(
    sql: Annotated[str, typer.Argument(help="One SELECT over runs, steps, jobs, services.")] = "",
    study: Annotated[
        str, typer.Argument(help="Study's folder or name; the newest in outputs/ if left out.")
    ] = "",
    *,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="How to write the answer; by default as --out ends."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File that gets the answer.")] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="List the views and their columns instead.")
    ] = False,
) -> None:
    """Ask SQL about the runs of a study, their steps, jobs and services.

    runs has a row per run: policy, seed, the axes of the sweep, every metric.
    steps, jobs and services have the rows of all runs, each with its run's
    policy, seed, point and axes. A query only reads. It needs DuckDB, which
    comes with Gridloom's extra "query".

    Example: gridloom query "select policy, avg(carbon_total_kg) from runs group by policy"
    """
    from sim.study.disk.homes import find_home

    if schema:
        _show_schema(find_home(study or sql))  # then the first argument is the study
        return
    if not sql.strip():
        stop('A query is one SELECT, e.g. gridloom query "select * from runs".', 2)
    from sim.study.dataset.query import answered

    chosen = _format(kind, out)
    with answered(find_home(study), sql, on_note=_note) as reader:
        if out is not None:
            from sim.study.dataset.answers import write_file

            write_file(reader, out, chosen)
            typer.echo(f"Answer: {near(out)}")
        elif chosen is Format.TABLE:
            _show(reader)
        else:
            from sim.study.dataset.answers import WRITERS

            WRITERS[chosen](reader, sys.stdout)


def _note(text: str) -> None:
    typer.echo(f"Note: {text}", err=True)


def _format(kind: Format | None, out: Path | None) -> Format:
    endings = {f".{one}": one for one in (Format.CSV, Format.JSON, Format.PARQUET)}
    by_name = Format.TABLE if out is None else endings.get(out.suffix.lower(), Format.TABLE)
    chosen = kind or by_name
    if chosen is Format.TABLE and out is not None:
        stop(f"{out}: name a file that ends in {', '.join(endings)}, or choose with --format.", 2)
    if chosen is Format.PARQUET and out is None:
        stop("Parquet is not for a terminal: name a file with --out.", 2)
    return chosen


def _show(reader: object) -> None:
    from sim.report.tables import frame_table, open_console
    from sim.study.dataset.answers import head

    frame, more = head(reader, _SHOWN)
    open_console().print(frame_table(frame))
    if more:
        typer.echo(f"Only the first {_SHOWN} rows are shown; --out FILE.csv gets all.", err=True)


def _show_schema(home: Path) -> None:
    from sim.report.tables import open_console, text_table
    from sim.study.dataset.query import columns

    open_console().print(text_table(("View", "Column", "Type"), columns(home)))
