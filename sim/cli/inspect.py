"""Commands that tell what there is: schema, policies, catalog, a scenario to start from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.core import app, new_app, stop

if TYPE_CHECKING:
    from pandas import DataFrame


@app.command("schema")
def _schema(
    reference: Annotated[
        Path | None,
        typer.Option(help="Write the field reference (Markdown) to this file instead."),
    ] = None,
) -> None:
    """Print the JSON Schema of scenario files, with which editors complete and check them.

    Example: gridloom schema > scenario.schema.json
    """
    from sim.scenario.reference import json_schema, reference_markdown

    if reference is None:
        typer.echo(json_schema(), nl=False)
        return
    try:
        reference.write_text(reference_markdown(), encoding="utf-8")
    except OSError as error:
        stop(f"{reference}: cannot be written ({error.strerror}).", 2)


@app.command("policies")
def _policies(
    *,
    check: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="Test a policy's contract: a name, or module:Class."),
    ] = None,
) -> None:
    """List the built-in policies and forecasters, or check a policy of your own.

    Example: gridloom policies --check my_lab:MyPolicy
    """
    from sim.engine.contract import check_policy
    from sim.report.tables import open_console, policies_table
    from sim.scenario.checks.classes import importable

    if check is None:
        open_console().print(policies_table())
        return
    with importable(Path.cwd()):
        typer.echo(str(check_policy(check)))


@app.command("catalog")
def _catalog(
    table: Annotated[str | None, typer.Argument(help="Name of a table; none lists them.")] = None,
    row: Annotated[str | None, typer.Argument(help="Row of it to show in full.")] = None,
    *,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only rows with this text, sources apart.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """List the tables of the catalog, print one or one of its rows, or search them.

    Example: gridloom catalog accelerators h100-sxm
    """
    from sim import catalog
    from sim.report.catalog import found_rows
    from sim.report.tables import open_console, text_table

    try:
        if search is not None:
            frames = found_rows(search, table)
            if not frames:
                stop(f'no row{f" of {table}" if table else ""} has "{search}" in it.', 2)
        elif table is not None:
            frames = {table: catalog.rows(table, row) if row else catalog.table(table)}
        else:
            sizes = {name: catalog.table(name) for name in catalog.tables()}
            lines = [(name, str(len(one)), ", ".join(one.columns)) for name, one in sizes.items()]
            open_console().print(text_table(("Table", "Rows", "Columns"), lines))
            return
    except ValueError as error:
        stop(str(error), 2)
    for name, frame in frames.items():
        if table is None:
            typer.echo(f"# {name}" if csv else f"{name}:")
        _print_frame(frame, csv=csv)


def _print_frame(frame: "DataFrame", *, csv: bool) -> None:
    """Print rows of the catalog; a single one with a value a line."""
    from sim.report.catalog import row_table
    from sim.report.tables import frame_table, open_console

    if csv:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        open_console().print(row_table(frame) if len(frame) == 1 else frame_table(frame))


@new_app.command("scenario")
def _new_scenario(file: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write a commented scenario to start from; an existing file stays as it is.

    Example: gridloom new scenario my-study.yaml
    """
    from sim.scenario.load import starter_text

    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(starter_text())
    except FileExistsError:
        stop(f"{file}: exists already. Choose another name.", 2)
    except OSError as error:
        stop(f"{file}: cannot be written ({error.strerror}).", 2)
    typer.echo(f"Wrote {file}. Next: gridloom run {file}")
