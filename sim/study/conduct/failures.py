"""Runs that failed twice, each with what stopped it, in a folder of the study."""

import json
from collections.abc import Iterable
from pathlib import Path

from sim.study.conduct.tasks import StudyRun
from sim.study.disk.folders import replace_text
from sim.study.disk.store import FAILED


class Failures:
    """The folder ``failed`` of a study.

    Records of earlier versions of the runs that are wanted now go at once.

    Parameters
    ----------
    home : Path
        The scenario's folder.
    wanted : iterable of StudyRun
        All runs of the study.
    """

    def __init__(self, home: Path, wanted: Iterable[StudyRun]) -> None:
        self._folder = home / FAILED
        self._names: set[str] = set()
        now = {run.key: run.run_id for run in wanted}
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            key = _key(path)
            if key is not None and now.get(key, path.stem) != path.stem:
                path.unlink()
            else:
                self._names.add(path.stem)

    def add(self, run: StudyRun, *, fault: str, attempts_count: int) -> None:
        """Record a run that failed for good.

        Parameters
        ----------
        run : StudyRun
            The run.
        fault : str
            Traceback of what stopped it.
        attempts_count : int
            How often it was tried. [-]
        """
        told = {
            "point": run.point.name,
            "variant": run.point.variant,
            "axes": dict(run.point.values),
            "policy": run.policy,
            "seed": run.seed,
            "run_id": run.run_id,
            "attempts": attempts_count,
            "traceback": fault,
        }
        self._folder.mkdir(exist_ok=True)
        replace_text(self._folder / f"{run.run_id}.json", json.dumps(told, indent=2) + "\n")
        self._names.add(run.run_id)

    def forget(self, runs: Iterable[StudyRun]) -> None:
        """Take back what was recorded of runs that are there now."""
        for run in runs:
            if run.run_id in self._names:
                self._names.discard(run.run_id)
                (self._folder / f"{run.run_id}.json").unlink(missing_ok=True)


def _key(path: Path) -> tuple[str, str, int] | None:
    """Return which run a record is about; None if it cannot be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return told["point"], told["policy"], told["seed"]
    except (ValueError, KeyError, TypeError):
        return None
