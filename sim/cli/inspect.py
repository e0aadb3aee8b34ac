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


@app.command("explain")
def _explain(
    run: Annotated[
        str, typer.Argument(help="A run's folder, or scenario/run below the folder for outputs.")
    ],
    job: Annotated[int, typer.Argument(help="Number of the job: job_id of jobs.parquet.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for outputs.")] = Path("outputs"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Tell what happened to one job and why, from what its run left on disk.

    Its last lines hold the job against a start as early as possible: same
    energy, and the price and intensities that the grid had then.

    Example: gridloom explain quickstart/follow-carbon-seed1 17
    """
    from json import dumps

    from sim.report.story import print_story, story_facts
    from sim.report.tables import open_console
    from sim.study.explain import explain, find_run

    story = explain(find_run(run, out), job)
    if json:
        typer.echo(dumps(story_facts(story), indent=2, allow_nan=False))
    else:
        print_story(story, open_console())


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

    _write_new(file, starter_text())
    typer.echo(f"Wrote {file}. Next: gridloom run {file}")


@new_app.command("policy")
def _new_policy(
    name: Annotated[str, typer.Argument(help="What to call it; also names its two files.")],
    *,
    role: Annotated[
        str, typer.Option(help="Role it takes: order, shift, place, power or storage.")
    ] = "shift",
) -> None:
    """Write a small policy that works, and a test of it; existing files stay as they are.

    Example: gridloom new policy my-policy --role storage
    """
    from importlib.util import find_spec

    from sim.policy.starter import starter

    try:
        new = starter(name, role)
    except ValueError as error:
        stop(str(error), 2)
    texts = {
        Path(f"{new.module}.py"): new.policy_text,
        Path(f"test_{new.module}.py"): new.test_text,
    }
    there = [str(path) for path in texts if path.exists()]
    if there:
        stop(f"{' and '.join(there)}: exists already. Choose another name.", 2)
    if find_spec(new.module) is not None:
        stop(f"{name}: would hide the module {new.module}. Choose another name.", 2)
    for path, text in texts.items():
        _write_new(path, text)
    target = f"{new.module}:{new.cls}"
    typer.echo(
        f"Wrote {new.module}.py and test_{new.module}.py. Next:\n"
        f"  python -m pytest test_{new.module}.py\n"
        f"  gridloom policies --check {target}\n"
        "and in a scenario in the same folder, under policies:\n"
        f'  - {{name: {new.slug}, {role}: "{target}"}}'
    )


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        with path.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        stop(f"{path}: exists already. Choose another name.", 2)
    except OSError as error:
        stop(f"{path}: cannot be written ({error.strerror}).", 2)
