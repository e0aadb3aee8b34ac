"""What commands tell of a study as a whole."""

from pathlib import Path

import typer

from sim.cli.core import near


def tell_study(home: Path, *, quiet: bool = False) -> None:
    """Sum a study up, write it down, show what came out and say where the rest is.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.
    quiet : bool
        Whether to say only where the results are.
    """
    from sim.report.study_tables import heading, print_cautions, print_study, variant_table
    from sim.report.tables import open_console, print_comparison
    from sim.report.variants import print_variants
    from sim.study.disk.store import FIGURES
    from sim.study.summary.summarise import CSV, PAGE, summarise

    summary = summarise(home)
    for note in summary.notes:
        typer.echo(f"Note: {note}", err=True)
    if quiet:
        typer.echo(near(home))
        return
    console = open_console()
    table, comparison = summary.results.table, summary.comparison
    if table.axes:
        told = comparison.cautions if comparison else ()
        print_study(table, summary.results.evidence, console, cautions=told)
    elif comparison is not None:
        print_comparison(comparison, console)
    else:
        console.print(heading(table), markup=False)
        print_variants(variant_table(table), console)
        print_cautions(summary.results.evidence.cautions, console)
    for what, path in (("Page", PAGE), ("Table", CSV), ("Figures", FIGURES)):
        if (home / path).exists():
            typer.echo(f"{what}: {near(home / path)}")
