"""A study from beginning to end: list what is due, hand it out, keep what fails from spreading."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.policy.build import build
from sim.scenario.sweep.plan import StudyPlan
from sim.study.conduct.executors import opened
from sim.study.conduct.failures import Failures
from sim.study.conduct.handing import Handing
from sim.study.conduct.lock import locked
from sim.study.conduct.progress import Progress
from sim.study.conduct.scratch import scratch_folder
from sim.study.conduct.settings import Settings
from sim.study.conduct.tasks import StudyRun, list_runs, split
from sim.study.dataset.record import write_record
from sim.study.disk.folders import open_folder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the runs of a study.

    Attributes
    ----------
    home : Path
        The scenario's folder.
    done, skipped : tuple of StudyRun
        Runs that were done now, and those that were there already.
    failed : tuple of StudyRun
        Runs that failed twice; what stopped each stands in ``failed/``.
    """

    home: Path
    done: tuple[StudyRun, ...]
    skipped: tuple[StudyRun, ...]
    failed: tuple[StudyRun, ...]


def conduct(
    plan: StudyPlan,
    settings: Settings,
    *,
    on_event: Callable[[Progress], None] = lambda _progress: None,
) -> Outcome:
    """Carry out the runs of a study that are not there yet.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    settings : Settings
        How it is carried out.
    on_event : callable
        Is told how far it is: at every run that ends, and every second.

    Returns
    -------
    Outcome
        What became of each run.

    Raises
    ------
    DataError
        If the folder cannot be used, another study runs into it, the disk is full, or code or data
        change meanwhile.
    ScenarioError
        If something is asked for that the study does not have.
    """
    home = (settings.out / plan.name).absolute()
    wanted = list_runs(plan, settings.selection)
    _try_policies(plan)
    open_folder(home)
    with locked(home):
        _tidy(home)
        write_record(
            home, plan, seeds=settings.selection.seeds, main_metric=settings.metric,
            hashes={run.key: run.content_hash for run in wanted},
        )
        there, due = split(wanted, home, settings)
        progress = Progress(len(wanted), skipped_count=len(there))
        on_event(progress)
        failures = Failures(home, wanted)
        failures.forget(there)
        if not due:
            return Outcome(home, (), tuple(there), ())
        with (
            scratch_folder(home) as scratch,
            opened(settings.workers, settings.cluster) as place,
        ):
            handing = Handing(
                place, home, scenario=plan.path.absolute(), scratch=scratch,
                settings=settings, failures=failures,
                progress=progress, on_event=on_event,
            )
            done, failed = handing.carry_out(due)
        _tidy(home)
    return Outcome(home, tuple(done), tuple(there), tuple(failed))


def _try_policies(plan: StudyPlan) -> None:
    """Build every policy once, so that one that cannot be built stops the study here."""
    for loaded in plan.variants:
        for choice in loaded.spec.policies:
            build(choice)


def _tidy(home: Path) -> None:
    """Remove what workers left that were killed, of this study or an earlier one."""
    open_folder(home)
    for entry in list(home.iterdir()):
        if entry.is_dir() and not entry.name.startswith("."):
            open_folder(entry)
