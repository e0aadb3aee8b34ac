"""Commands that tell what there is: schema, policies, catalog, a scenario to start from."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.core import app, new_app, stop


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
    from sim.scenario.checks.policy import importable

    if check is None:
        open_console().print(policies_table())
        return
    with importable(Path.cwd()):
        passed = check_policy(check)
    typer.echo(f"{check} passed: {', '.join(passed)}.")


@app.command("catalog")
def _catalog(
    table: Annotated[str | None, typer.Argument(help="Name of a table; none lists them.")] = None,
    *,
    csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
) -> None:
    """List the tables of the catalog, or print one with the source of each row.

    Example: gridloom catalog accelerators
    """
    from sim import catalog
    from sim.report.tables import frame_table, open_console, text_table

    if table is None:
        frames = {name: catalog.table(name) for name in catalog.tables()}
        rows = [(name, str(len(frame)), ", ".join(frame.columns)) for name, frame in frames.items()]
        open_console().print(text_table(("Table", "Rows", "Columns"), rows))
        return
    try:
        frame = catalog.table(table)
    except ValueError as error:
        stop(str(error), 2)
    if csv:
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        open_console().print(frame_table(frame))


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
