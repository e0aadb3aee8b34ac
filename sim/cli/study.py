"""Command about studies: carry out everything that a scenario asks for, on many cores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sim.cli.core import app, near, stop
from sim.cli.summary import tell_study

if TYPE_CHECKING:
    from sim.scenario.sweep.plan import StudyPlan
    from sim.study.conduct import Outcome, Settings


@app.command("study")
def _study(  # noqa: PLR0913 - an option is a parameter
    scenario: Annotated[str, typer.Argument(help="Scenario file, or a built-in's name.")],
    *,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes at a time.", show_default="one per core"),
    ] = None,
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS|local",
            help="Address of a Dask scheduler; local: a Dask cluster on this machine alone.",
            show_default="plain processes",
        ),
    ] = "",
    fresh: Annotated[
        bool,
        typer.Option("--fresh/--resume", help="Run again what is there, or only what is missing."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="List the runs with an estimate of time and disk."),
    ] = False,
    where: Annotated[
        str,
        typer.Option(
            "--filter",
            metavar="EXPR",
            help="Only runs for which this holds: \"policy == 'fifo' and seed < 3\".",
        ),
    ] = "",
    policy: Annotated[
        list[str] | None, typer.Option(help="Only this policy; may be given again.")
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Only this variant (base: the scenario itself); may be given again."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Seed instead of the scenario's; may be given again."),
    ] = None,
    until_ci: Annotated[
        str,
        typer.Option(
            metavar="PERCENT",
            help="Add seeds until the main metric's 95 % interval is this narrow: 1%.",
        ),
    ] = "",
    keep: Annotated[
        Literal["all", "metrics"],
        typer.Option(help="A folder for each run, or only its row in the dataset."),
    ] = "all",
    batch: Annotated[
        int, typer.Option(min=1, help="Runs per task: more, where they are short and many.")
    ] = 1,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0.001, metavar="MIN", help="Most minutes that a run may take.",
            show_default="no limit",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the outputs.")] = Path("outputs"),
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only where the results are.")
    ] = False,
) -> None:
    """Carry out a scenario's study: its variants and sweep, policies and seeds, on many cores.

    Each run lands as it ends. Started again, a study does only what is
    missing or what changed. A run whose process dies or takes longer than the
    time limit is tried once more, then recorded in failed/; the study goes on
    and ends with exit code 3.

    Runs of a study have no figures and no page of their own: gridloom plot and
    gridloom report draw them.

    Example: gridloom study scenarios/sizing.yaml --workers 4
    """
    from joblib import cpu_count

    from sim.ledger.metrics.gather import NAMES
    from sim.scenario.sweep.load import load_study
    from sim.study.conduct import Selection, Settings

    plan = load_study(scenario, taken=NAMES)
    settings = Settings(
        out=out,
        workers=workers or cpu_count(),
        cluster=cluster,
        keep=keep,
        batch=batch,
        time_limit_s=None if time_limit is None else time_limit * 60,
        fresh=fresh,
        selection=Selection(policy or (), variant or (), seed or (), where),
    )
    if dry_run:
        _list(plan, settings)
        return
    outcome = _carry_out(plan, settings, until_ci=until_ci, quiet=quiet)
    _tell(outcome, quiet=quiet)


def _carry_out(
    plan: "StudyPlan", settings: "Settings", *, until_ci: str, quiet: bool
) -> "Outcome":
    from sim.study.conduct import conduct, conduct_until
    from sim.study.conduct.table import shown

    with shown(settings.metric, quiet=quiet) as on_event:
        if until_ci:
            return conduct_until(plan, settings, _fraction(until_ci), on_event=on_event)
        return conduct(plan, settings, on_event=on_event)


def _fraction(text: str) -> float:
    """Read a percentage: ``1%``, ``0.5 %``, ``1``."""
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0.0 < percent < 100.0:
        message = f'"{text}" is no percentage between 0 and 100, such as 1%.'
        raise typer.BadParameter(message, param_hint="--until-ci")
    return percent / 100


def _list(plan: "StudyPlan", settings: "Settings") -> None:
    """List the runs, and what those that are due will take."""
    from sim.study.conduct.rehearsal import rehearse

    for line in rehearse(plan, settings):
        typer.echo(line)


def _tell(outcome: "Outcome", *, quiet: bool) -> None:
    """Sum the study up, say where it stands, and end with what its exit code says."""
    if outcome.done or outcome.skipped:
        tell_study(outcome.home, quiet=quiet)
    if outcome.failed:
        count = len(outcome.failed)
        stop(
            f"{count} run{'s' * (count > 1)} failed; what stopped each stands in "
            f"{near(outcome.home / 'failed')}. Start the study again to try "
            f"{'them' if count > 1 else 'it'} once more.",
            3,
        )
