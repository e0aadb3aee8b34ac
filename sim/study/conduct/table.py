"""How far a study is, on the console: a live table, or a line now and then where none looks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sim.study.conduct.progress import Progress
from sim.units import HOUR_S, MINUTE_S

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_LINE_S: Final = 10.0
"""Time between two lines where no one looks."""

_SHOWN: Final = 4
"""Runs under way, and failed ones, that are told by name."""


@contextmanager
def shown(metric: str, *, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Show on stderr how far a study is.

    Parameters
    ----------
    metric : str
        Name of the metric by which the best run is told.
    quiet : bool
        Whether to show nothing.

    Yields
    ------
    callable
        Takes the progress whenever there is news.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if quiet:
        yield lambda _progress: None
    elif console.is_terminal:
        with _live(metric, console) as show:
            yield show
    else:
        lines = _Lines(metric)
        yield lambda progress: lines.show(progress, console)


@contextmanager
def _live(metric: str, console: "Console") -> Iterator[Callable[[Progress], None]]:
    from rich.live import Live

    with Live(console=console, refresh_per_second=4) as live:
        yield lambda progress: live.update(table(progress, metric))


def table(progress: Progress, metric: str) -> "Table":
    """Return a table that says how far a study is.

    Parameters
    ----------
    progress : Progress
        How far it is.
    metric : str
        Name of the metric by which the best run is told.

    Returns
    -------
    Table
        For a console.
    """
    from rich.markup import escape
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for name, value in rows(progress, metric):
        grid.add_row(f"[bold]{name}[/bold]", escape(value))
    return grid


def rows(progress: Progress, metric: str) -> Iterator[tuple[str, str]]:
    """Say how far a study is.

    Parameters
    ----------
    progress : Progress
        How far it is.
    metric : str
        Name of the metric by which the best run is told.

    Yields
    ------
    tuple of (str, str)
        What is told, and what there is to tell.
    """
    there = progress.skipped_count + progress.done_count
    before = f" ({progress.skipped_count} from before)" if progress.skipped_count else ""
    yield "done", f"{there} of {progress.total_count}{before}"
    if progress.running:
        yield "running", _some(progress.running)
    if progress.failed:
        yield "failed", f"{len(progress.failed)}: {_some(progress.failed[::-1], '; ')}"
    if (rate := progress.rate_per_s) is not None and progress.left_s is not None:
        yield "rate", f"{_rate(rate)}; {span(progress.left_s)} left"
    yield "elapsed", span(progress.elapsed_s)
    if progress.best is not None:
        name, value = progress.best
        yield "best so far", f"{name}: {metric} {value:,.6g}"


class _Lines:
    """Lines for a log: one at once, one at the end, one now and then; and each failure.

    Parameters
    ----------
    metric : str
        Name of the metric by which the best run is told.
    """

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._next_s = 0.0
        self._told_count = 0

    def show(self, progress: Progress, console: "Console") -> None:
        """Print what is new, if it is time."""
        for fault in progress.failed[self._told_count :]:
            console.print(f"failed  {fault}", markup=False, highlight=False, soft_wrap=True)
        self._told_count = len(progress.failed)
        if time.monotonic() < self._next_s and progress.left_count:
            return
        self._next_s = time.monotonic() + _LINE_S
        told = [f"{name} {value}" for name, value in rows(progress, self._metric)
                if name not in {"running", "failed"}]
        failed = [f"failed {len(progress.failed)}"] if progress.failed else []
        line = ", ".join([told[0], *failed, *told[1:]])
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def span(duration_s: float) -> str:
    """Return a duration for people."""
    seconds = round(duration_s)
    if seconds < MINUTE_S:
        return f"{seconds} s"
    if seconds < HOUR_S:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def _some(names: "tuple[str, ...] | list[str]", between: str = ", ") -> str:
    rest = len(names) - _SHOWN
    return between.join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _rate(per_s: float) -> str:
    if per_s >= 1.0:
        return f"{per_s:.1f} runs/s"
    return f"{per_s * 60:.1f} runs/min" if per_s * 60 >= 1.0 else f"{per_s * 3600:.1f} runs/h"
