"""The command that draws: figures of runs and studies, from what is on disk."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sim.cli.core import app, near, stop


@app.command("plot")
def _plot(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN_OR_STUDY",
            help="Folder of a run or of a scenario's runs, also below outputs.",
        ),
    ] = None,
    *,
    figure: Annotated[
        list[str] | None,
        typer.Option(help="Only this figure; may be given again.", show_default="all"),
    ] = None,
    file_format: Annotated[
        Literal["png", "svg", "pdf"], typer.Option("--format", help="Kind of file.")
    ] = "png",
    size: Annotated[
        Literal["screen", "single", "double"],
        typer.Option(help="For the screen, or for one (3.5 in) or two columns (7.2 in) of a page."),
    ] = "screen",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the files.", show_default="figures in there"),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the figures that there are, and draw none.")
    ] = False,
) -> None:
    """Draw the figures of a run or a study again, for the screen or for a paper.

    Figures for a paper have no title; what it would say is printed, for the caption.

    Example: gridloom plot outputs/quickstart --figure pareto --format pdf --size single
    """
    if listed:
        _list()
        return
    if subject is None:
        stop("Name a run's or a study's folder, or ask for the --list of figures.", 2)
    from sim.study.summary.drawing import plot

    try:
        drawn = plot(subject, figure or (), file_format=file_format, size=size, out=out)
    except ValueError as error:
        stop(str(error), 2)
    for one in drawn:
        if one.path is None:
            typer.echo(f"{one.name}: nothing to show; {one.caption}.")
        else:
            typer.echo(f"{near(one.path)}: {one.caption}")


def _list() -> None:
    """Print the figures that there are."""
    from sim.report.gallery import GALLERY
    from sim.report.tables import open_console, text_table

    rows = [(name, entry.kind, entry.title, entry.needs) for name, entry in GALLERY.items()]
    open_console().print(text_table(("Figure", "Of a", "Shows", "Needs"), rows))
