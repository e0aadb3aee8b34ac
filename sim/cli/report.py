"""The command that writes pages."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.core import app, near


@app.command("report")
def _report(
    run_or_study: Annotated[
        str,
        typer.Argument(help="Folder of a run or of a scenario's runs, or its name in outputs/."),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="File for the page instead of its usual place.")
    ] = None,
) -> None:
    """Write the page of a run, a study or a comparison: one HTML file that needs no network.

    The page of a run gets all figures that the run has something to show in.

    Example: gridloom report outputs/quickstart --out quickstart.html
    """
    from sim.study.summary.reports import write_report

    typer.echo(f"Page: {near(write_report(run_or_study, out))}")
