"""What pages tell besides a comparison, read from disk: where results come from, pages of runs."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sim.report.page import Origin
from sim.report.page.parts import link_to
from sim.study.disk import store

_OF_ONE_RUN: Final = ("content_hash", "seed", "policy")


def origin_of(folder: Path, command: str = "") -> Origin:
    """Return where the results of several runs come from, by one of them.

    Parameters
    ----------
    folder : Path
        Folder of one of the runs.
    command : str
        What makes them all again.

    Returns
    -------
    Origin
        Without what belongs to that run alone.
    """
    info = store.read_manifest(folder)
    shared = {name: value for name, value in info.items() if name not in _OF_ONE_RUN}
    path = folder / store.SCENARIO
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return Origin(shared, text, command)


def run_command(policies: Sequence[str], seeds: Sequence[int]) -> str:
    """Return the command that makes the runs of policies and seeds again."""
    options = [f"--policy {shlex.quote(policy)}" for policy in policies]
    return " ".join(["gridloom run scenario.yaml", *options, *(f"--seed {one}" for one in seeds)])


def run_pages(home: Path, run_ids: Iterable[str]) -> dict[str, str]:
    """Return where the pages of runs are, relative to their common folder, as far as there are."""
    return {
        run: link for run in run_ids
        if (link := link_to(run, store.PAGE)) and (home / run / store.PAGE).is_file()
    }
