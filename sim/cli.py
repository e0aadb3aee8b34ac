"""The command line. Everything heavy is imported inside the commands: help must come at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sim import __version__
from sim.errors import BalanceError, GridloomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.report.variants import VariantTable


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): stop as on Ctrl-C."""


class Commands(TyperGroup):
    """Turns our errors into a message and an exit code; anything else keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps the type to itself
        """Invoke the command; an error on purpose or an interruption ends in its exit code."""
        try:
            return super().invoke(ctx)
        except BalanceError as error:
            _stop(f"{error}\nThis is a defect of Gridloom, not of the scenario. Please report it "
                  "with the scenario file.", 3)
        except GridloomError as error:
            _stop(str(error), 2)
        except KeyboardInterrupt as stop:
            _stop("Interrupted; finished runs are kept.",
                  143 if isinstance(stop, Terminated) else 130)


app = typer.Typer(
    cls=Commands,
    name="gridloom",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
new_app = typer.Typer(no_args_is_help=True, help="Write a commented file to start from.")
app.add_typer(new_app, name="new")


def main() -> None:
    """Run the command line; SIGTERM stops it as cleanly as Ctrl-C."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ± still shows the rest
    app()


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(f"gridloom {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Simulate AI workloads on solar, wind, batteries and the grid under scheduling policies.

    Example: gridloom run quickstart
    """


@app.command("run")
def _run(  # noqa: PLR0913 - an option is a parameter
    scenario: Annotated[str, typer.Argument(help="Scenario file, or a built-in's name.")],
    *,
    policy: Annotated[
        list[str] | None, typer.Option(help="Run only this policy; may be given again.")
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Run only this variant (base: the scenario itself); may be given again."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Seed instead of the scenario's; may be given again."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the outputs.")] = Path("outputs"),
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only where the results are.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run again what is there already.")
    ] = False,
    bound: Annotated[
        bool, typer.Option("--bound", help="Hold each run against the least cost by storage.")
    ] = False,
) -> None:
    """Run a scenario and its variants under their policies and compare them.

    Runs that are there already, from the same scenario and code, are not run again.

    With --bound the comparison also holds each run's own load against the
    least cost that any storage policy could have reached, had it known all in
    advance: a lower bound on the run's own steps, with no more load unserved,
    that may leave the battery empty. The share captured is the saving against
    an idle battery over that of the bound: 1 is perfect, 0 no better than
    idle. Both are empty without a battery, a grid or a price. The bound leaves
    out what cannot lower the cost: battery wear, minimum bills.

    Example: gridloom run scenarios/quickstart.yaml --policy fifo --seed 1 --seed 2
    """
    from sim.scenario.load import load_variants, select_variants
    from sim.study.variants import execute_variants, write_variants

    loaded = load_variants(scenario)
    chosen = select_variants(loaded, variant or None)
    notes: Sequence[str] = ()
    with _progress(shown=not quiet) as on_progress:
        runs = execute_variants(chosen, policies=policy or None, seeds=seed or None, out=out,
                                on_progress=on_progress, force=force)
        if bound:
            from sim.study.bounds import add_bounds

            notes = add_bounds(chosen, runs, out=out, on_progress=on_progress)
    home = out / loaded[0].spec.name
    table = write_variants(loaded, out=out, seeds=seed or ()) if len(loaded) > 1 else None
    if quiet:
        typer.echo(_near(home))
    elif table is None or len(runs) == 1:
        (folders,) = runs.values()
        _report_runs(folders[0].parent, folders)
    else:
        _report_variants(home, table.only(list(runs), policy or None))
        _warn(folder for folders in runs.values() for folder in folders)
    for note in notes:
        typer.echo(f"Warning: {note}", err=True)


@app.command("compare")
def _compare(
    folder: Annotated[Path, typer.Argument(help="Folder of a scenario's runs.")],
) -> None:
    """Build the comparison of finished runs again: table, page and figures.

    Example: gridloom compare outputs/quickstart
    """
    from sim.report.tables import open_console, print_comparison
    from sim.study.compare import PAGE, compare_folder
    from sim.study.variants import rebuild_variants

    variants = rebuild_variants(folder)
    if variants is not None:
        table, notes = variants
        _report_variants(folder, table)
    else:
        comparison, notes = compare_folder(folder)
        print_comparison(comparison, open_console())
        typer.echo(f"Page: {_near(folder / PAGE)}")
    for note in notes:
        typer.echo(f"Note: {note}", err=True)


@app.command("validate")
def _validate(
    file: Annotated[str, typer.Argument(help="Scenario file, or a built-in's name.")],
) -> None:
    """Check a scenario, its data files and its policies; write nothing.

    Example: gridloom validate scenarios/quickstart.yaml
    """
    from sim.scenario.load import load_variants
    from sim.study.execute import check

    loaded = load_variants(file)
    for one in loaded:
        check(one)
    for one in loaded:
        spec = one.spec
        runs = len(spec.policies) * len(spec.seeds)
        subject = f"variant {one.variant}:" if one.variant else f"{file}: no problems;"
        typer.echo(f"{subject} {_counted(len(spec.sites), 'site')}, "
                   f"{_counted(len(spec.policies), 'policy')}, "
                   f"{_counted(runs, 'run')} of {spec.duration_h:g} h.")


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
        _stop(f"{reference}: cannot be written ({error.strerror}).", 2)


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
    from sim.scenario.policy_checks import importable

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
        _stop(str(error), 2)
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
        _stop(f"{file}: exists already. Choose another name.", 2)
    except OSError as error:
        _stop(f"{file}: cannot be written ({error.strerror}).", 2)
    typer.echo(f"Wrote {file}. Next: gridloom run {file}")


@contextmanager
def _progress(*, shown: bool) -> "Iterator[Callable[[str, float], None]]":
    """Draw a bar a run on stderr, where someone looks; else say nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
               TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(name: str, fraction: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0)
            bars.update(tasks[name], completed=fraction)

        yield on_progress


def _report_runs(home: Path, folders: "Sequence[Path]") -> None:
    """Show what came out: a comparison, or one run's metrics; warnings; where the rest is."""
    from sim.report.tables import metrics_table, open_console, print_comparison
    from sim.study import compare, execute, store

    console = open_console()
    if len(folders) > 1:
        print_comparison(compare.compare(folders), console)
        pages = [home / compare.PAGE]
    else:
        known = store.read_metrics(folders[0]) | store.read_bound(folders[0])
        console.print(metrics_table(known))
        pages = [folders[0] / execute.PAGE, home / compare.PAGE]
    _warn(folders)
    for page in pages:
        typer.echo(f"Page: {_near(page)}")
    typer.echo(f"Figures: {_near(home / compare.FIGURES)}, {_near(home)}/*/{execute.FIGURES}")


def _report_variants(home: Path, table: "VariantTable") -> None:
    """Show how the variants fare; and where the rest is."""
    from sim.report.tables import open_console
    from sim.report.variants import print_variants
    from sim.study import compare, variants

    print_variants(table, open_console())
    for what, file in (("Page", home / compare.PAGE), ("Table", home / variants.TABLE),
                       ("Figure", home / compare.FIGURES / variants.FIGURE)):
        if file.is_file():
            typer.echo(f"{what}: {_near(file)}")


def _warn(folders: "Iterable[Path]") -> None:
    """Tell the warnings of runs, each once."""
    from sim.study import store

    notes = [note for folder in folders for note in store.read_manifest(folder)["warnings"]]
    for note in dict.fromkeys(notes):
        typer.echo(f"Warning: {note}", err=True)


def _counted(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"


def _near(path: Path) -> str:
    """Give a path relative to here, if it lies below."""
    whole = path.resolve()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(path)
