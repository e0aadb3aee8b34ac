"""What a study would do: its runs, and an estimate of time and disk; nothing of it is kept."""

from collections.abc import Iterator

from sim.scenario.sweep.plan import StudyPlan
from sim.study.conduct.settings import Settings
from sim.study.conduct.table import span
from sim.study.conduct.tasks import list_runs, split
from sim.study.estimate import estimate, runs_by_point


def rehearse(plan: StudyPlan, settings: Settings) -> Iterator[str]:
    """Say what a study would do.

    Parameters
    ----------
    plan : StudyPlan
        The study.
    settings : Settings
        How it would be carried out.

    Yields
    ------
    str
        A line for each run, one for each point, then what they take together.
    """
    home = (settings.out / plan.name).absolute()
    wanted = list_runs(plan, settings.selection)
    there, due = split(wanted, home, settings)
    for run in there:
        yield f"there  {run.folder(home).relative_to(home)}"
    for run in due:
        yield f"to do  {run.folder(home).relative_to(home)}"
    if len(plan.points) > 1:
        for one in runs_by_point(wanted, due):
            yield f"point  {one.point.name}: {one.due_count} of {one.runs_count} to do"
    yield f"{len(there) + len(due)} runs: {len(there)} there, {len(due)} to do."
    if due:
        told = estimate(
            plan, due, home, workers=settings.workers, keep_folders=settings.keep == "all"
        )
        several = f"{settings.workers} workers" if settings.workers > 1 else "1 worker"
        yield (
            f"About {span(told.wall_s)} with {several} and {_size(told.disk_bytes)} on disk, "
            f"{told.basis}."
        )


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.3g} TB"
