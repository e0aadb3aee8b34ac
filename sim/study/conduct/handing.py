"""Hand tasks to workers and take in what comes back, whatever becomes of a worker."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Final

from sim.errors import DataError
from sim.scenario.hashes import code_hash
from sim.study.conduct.executors import Place
from sim.study.conduct.failures import Failures
from sim.study.conduct.progress import Progress
from sim.study.conduct.settings import Settings
from sim.study.conduct.tasks import StudyRun, Task, batches
from sim.study.conduct.worker import Report, work

ATTEMPTS_COUNT: Final = 2
"""How often a run is tried: a worker that was killed may be no fault of the run's. [-]."""

STARTS_COUNT: Final = 5
"""How often a task may meet a worker that dies before a run begins. [-]."""

_TICK_S: Final = 1.0
_TIMEOUT: Final = "Timeout"
"""How faulthandler begins what it writes at a time limit."""


class Handing:
    """The runs of one study on their way to workers and back.

    Parameters
    ----------
    place : Place
        Where runs are carried out.
    home : Path
        The scenario's folder.
    scenario : Path
        The scenario's file.
    scratch : Path
        Folder of this very study.
    settings : Settings
        How it is carried out.
    failures : Failures
        Gets the runs that fail for good.
    progress : Progress
        Is brought up to date.
    on_event : callable
        Is told of it.
    """

    def __init__(  # noqa: PLR0913 - what a study has, once
        self,
        place: Place,
        home: Path,
        *,
        scenario: Path,
        scratch: Path,
        settings: Settings,
        failures: Failures,
        progress: Progress,
        on_event: Callable[[Progress], None],
    ) -> None:
        self._place = place
        self._home, self._scenario, self._scratch = home, scenario, scratch
        self._settings = settings
        self._failures = failures
        self._progress = progress
        self._on_event = on_event
        self._waiting: deque[Task] = deque()
        self._pending: dict[Future[list[Report]], Task] = {}
        self._attempts: Counter[tuple[str, str, int]] = Counter()
        self._starts: Counter[tuple[str, str, int]] = Counter()
        self._done: list[StudyRun] = []
        self._failed: list[StudyRun] = []

    def carry_out(self, runs: Sequence[StudyRun]) -> tuple[list[StudyRun], list[StudyRun]]:
        """Carry out runs.

        Parameters
        ----------
        runs : sequence of StudyRun
            The runs, those of a point one after the other.

        Returns
        -------
        tuple of (list of StudyRun, list of StudyRun)
            Those that are done, and those that failed for good.

        Raises
        ------
        DataError
            If no run can go on: the disk is full, or code or data changed meanwhile.
        """
        self._waiting.extend(map(self._task, batches(runs, self._settings.batch)))
        while self._waiting or self._pending:
            # no more than run at once: what waits in a worker that dies would seem to have failed
            while self._waiting and len(self._pending) < self._place.slots_count:
                task = self._waiting.popleft()
                self._pending[self._place.executor.submit(work, task)] = task
            self._tell()
            ended, _ = wait(self._pending, timeout=_TICK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                self._take(future, self._pending.pop(future))
        self._tell()
        return self._done, self._failed

    def _task(self, runs: Iterable[StudyRun]) -> Task:
        return Task(
            tuple(runs), self._home, self._scenario, self._scratch, code_hash(),
            keep_folders=self._settings.keep == "all",
            time_limit_s=self._settings.time_limit_s,
            metric=self._settings.metric,
            fresh=self._settings.fresh,
        )

    def _take(self, future: "Future[list[Report]]", task: Task) -> None:
        """Take in what became of a task; if its worker died, of each of its runs."""
        if future.cancelled():
            msg = (
                f"{self._home}: the cluster is gone. Finished runs are kept; start the study again."
            )
            raise DataError(msg)
        error = future.exception()
        if error is not None:
            self._lost(task, error)
            return
        for report in future.result():
            if report.halt:
                msg = f"{self._home}: {report.halt}"
                raise DataError(msg)
            if report.fault:
                self._again(report.run, report.fault, report.headline)
            else:
                self._well(report.run, report.value)

    def _well(self, run: StudyRun, value: float | None = None) -> None:
        self._done.append(run)
        self._failures.forget((run,))
        self._progress.ended(run.name, value)

    def _lost(self, task: Task, error: BaseException) -> None:
        """Find the run that was under way when a worker died; the others are handed out again."""
        suspects = [run for run in task.runs if task.trace(run).is_file()]
        if not suspects:
            self._starts[task.runs[0].key] += 1
            if self._starts[task.runs[0].key] < STARTS_COUNT:
                self._waiting.appendleft(task)
                return
            suspects = list(task.runs)
        for run in suspects:
            fault = self._last_words(task, run, error)
            self._again(run, fault, fault.partition("\n")[0])
        unharmed = [run for run in task.runs if run not in suspects]
        landed = task.runs.index(suspects[0]) if task.keep_folders else 0
        for run in unharmed[:landed]:
            self._well(run)
        if unharmed[landed:]:
            self._waiting.appendleft(self._task(unharmed[landed:]))

    def _last_words(self, task: Task, run: StudyRun, error: BaseException) -> str:
        """Say what is known of a run whose worker died, and clear its trace away."""
        path = task.trace(run)
        trace = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        path.unlink(missing_ok=True)
        if trace.startswith(_TIMEOUT):
            limit_s = task.time_limit_s
            return f"Took longer than its time limit of {limit_s:g} s; it was here:\n{trace}"
        return f"Its worker died: {error}\n{trace}"

    def _again(self, run: StudyRun, fault: str, headline: str) -> None:
        """Try a run once more, or record it as failed."""
        self._attempts[run.key] += 1
        if self._attempts[run.key] < ATTEMPTS_COUNT:
            self._waiting.appendleft(self._task((run,)))
            return
        self._failures.add(run, fault=fault, attempts_count=self._attempts[run.key])
        self._failed.append(run)
        self._progress.failed.append(f"{run.name}: {headline}")

    def _tell(self) -> None:
        tasks = self._pending.values()
        self._progress.running = tuple(
            task.runs[0].name + (f" and {len(task.runs) - 1} more" if len(task.runs) > 1 else "")
            for task in tasks
        )
        self._on_event(self._progress)
