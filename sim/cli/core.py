"""What all commands share: the app, errors turned into exit codes, progress bars."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from sim import __version__
from sim.errors import BalanceError, GridloomError


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): stop as on Ctrl-C."""


class Commands(TyperGroup):
    """Turns our errors into a message and an exit code; anything else keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps the type to itself
        """Invoke the command; an error on purpose or an interruption ends in its exit code."""
        try:
            return super().invoke(ctx)
        except BalanceError as error:
            stop(
                f"{error}\nThis is a defect of Gridloom, not of the scenario. Please report it "
                "with the scenario file.",
                3,
            )
        except GridloomError as error:
            stop(str(error), 2)
        except KeyboardInterrupt as interruption:
            stop(
                "Interrupted; finished runs are kept.",
                143 if isinstance(interruption, Terminated) else 130,
            )

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer keeps the type to itself
        """List the commands in the order in which one needs them."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)


_ORDER = (
    "run",
    "study",
    "compare",
    "query",
    "plot",
    "report",
    "explain",
    "validate",
    "new",
    "policies",
    "catalog",
    "schema",
    "estimate",
    "forecast",
    "market",
    "fetch-weather",
    "scenario",
)

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


def stop(message: str, code: int) -> NoReturn:
    """Print a message to stderr and end with an exit code."""
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


@contextmanager
def progress(*, shown: bool) -> "Iterator[Callable[[str, float], None]]":
    """Draw a bar a run on stderr, where someone looks; else say nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(name: str, fraction: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0)
            bars.update(tasks[name], completed=fraction)

        yield on_progress


def near(path: Path) -> str:
    """Give a path relative to here, if it lies below."""
    whole = path.resolve()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(path)
