"""Commands about runs: carry them out, compare them, check them beforehand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.core import app, near, progress
from sim.cli.summary import tell_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.report.variants import VariantTable


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
        bool, typer.Option("--bound", help="Hold each run against the least that was possible.")
    ] = False,
) -> None:
    """Run a scenario and its variants under their policies and compare them.

    Runs that are there already, from the same scenario and code, are not run again.

    With --bound the comparison also holds each run against the least cost and
    carbon that any policy could have reached with the run's own work, had it
    known all in advance: jobs as a fluid between their earliest start and
    their deadline (or when they ended, if later), batteries, and caps and
    sites where a policy of the scenario chooses those. It is a lower bound
    that may be out of reach. The share captured is the saving against the
    first policy over that of the bound: 1 is perfect, 0 no better than the
    first. It is empty where the two did not do the same work.

    Example: gridloom run scenarios/quickstart.yaml --policy fifo --seed 1 --seed 2
    """
    from sim.scenario.load import load_variants, select_variants
    from sim.study.variants import execute_variants, write_variants

    loaded = load_variants(scenario)
    chosen = select_variants(loaded, variant or None)
    if loaded[0].spec.sweep is not None:
        typer.echo(f"The sweep is not run: `gridloom study {scenario}` does that.", err=True)
    notes: Sequence[str] = ()
    with progress(shown=not quiet) as on_progress:
        runs = execute_variants(
            chosen,
            policies=policy or None,
            seeds=seed or None,
            out=out,
            on_progress=on_progress,
            force=force,
        )
        if bound:
            from sim.study.bound.bounds import add_bounds

            notes = add_bounds(chosen, runs, out=out, on_progress=on_progress)
    home = out / loaded[0].spec.name
    table = write_variants(loaded, out=out, seeds=seed or ()) if len(loaded) > 1 else None
    if quiet:
        typer.echo(near(home))
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
    """Build the comparison of finished runs, or of a study, again: table, page and figures.

    Example: gridloom compare outputs/quickstart
    """
    from sim.study.dataset.record import RECORD

    if (folder / RECORD).is_file():
        tell_study(folder)
        return
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
        typer.echo(f"Page: {near(folder / PAGE)}")
    for note in notes:
        typer.echo(f"Note: {note}", err=True)


@app.command("validate")
def _validate(
    file: Annotated[str, typer.Argument(help="Scenario file, or a built-in's name.")],
) -> None:
    """Check a scenario, its data files and its policies; write nothing.

    Example: gridloom validate scenarios/quickstart.yaml
    """
    from sim.scenario.sweep.load import load_study
    from sim.study.execute import check

    plan = load_study(file)
    loaded = plan.variants
    for one in loaded:
        check(one)
    for one in loaded:
        spec = one.spec
        runs = len(spec.policies) * len(spec.seeds)
        subject = f"variant {one.variant}:" if one.variant else f"{file}: no problems;"
        typer.echo(
            f"{subject} {_counted(len(spec.sites), 'site')}, "
            f"{_counted(len(spec.policies), 'policy')}, "
            f"{_counted(runs, 'run')} of {spec.duration_h:g} h."
        )
    if plan.axes:
        typer.echo(
            f"sweep ({plan.design}): {_counted(len(plan.points), 'point')}, "
            f"{_counted(sum(1 for _ in plan.runs()), 'run')} by `gridloom study`."
        )


def _report_runs(home: Path, folders: "Sequence[Path]") -> None:
    """Show what came out: a comparison, or one run's metrics; warnings; where the rest is."""
    from sim.report.tables import metrics_table, open_console, print_comparison
    from sim.study import compare
    from sim.study.disk import store

    console = open_console()
    if len(folders) > 1:
        print_comparison(compare.compare(folders), console)
        pages = [home / compare.PAGE]
    else:
        known = store.read_metrics(folders[0]) | store.read_bound(folders[0])
        console.print(metrics_table(known))
        pages = [folders[0] / store.PAGE, home / compare.PAGE]
    _warn(folders)
    for page in pages:
        typer.echo(f"Page: {near(page)}")
    typer.echo(f"Figures: {near(home / store.FIGURES)}, {near(home)}/*/{store.FIGURES}")


def _report_variants(home: Path, table: "VariantTable") -> None:
    """Show how the variants fare; and where the rest is."""
    from sim.report.forecast_value import print_forecast_value
    from sim.report.tables import open_console
    from sim.report.variants import print_variants
    from sim.study import compare, variants
    from sim.study.disk import store

    console = open_console()
    print_variants(table, console)
    print_forecast_value(table, console)
    for what, file in (
        ("Page", home / compare.PAGE),
        ("Table", home / variants.TABLE),
        ("Figure", home / store.FIGURES / variants.FIGURE),
        ("Figure", home / store.FIGURES / variants.FORECAST_FIGURE),
    ):
        if file.is_file():
            typer.echo(f"{what}: {near(file)}")


def _warn(folders: "Iterable[Path]") -> None:
    """Tell the warnings of runs, each once."""
    from sim.study.disk import store

    notes = [note for folder in folders for note in store.read_manifest(folder)["warnings"]]
    for note in dict.fromkeys(notes):
        typer.echo(f"Warning: {note}", err=True)


def _counted(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"
