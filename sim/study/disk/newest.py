"""Which of the runs in a folder are of the version that ran last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.study.disk import store


def newest_runs(home: Path) -> tuple[list[Path], int]:
    """Pick the runs of the version that ran last.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Returns
    -------
    tuple of (list of Path, int)
        The runs' folders, those of the baseline first, and how many others there are. [-]

    Raises
    ------
    DataError
        If the folder holds no run.
    """
    if not home.is_dir():
        near = did_you_mean(home.name, _folders_with_runs(home.parent)) if _siblings(home) else ""
        msg = f"{home}: no such folder.{near}"
        raise DataError(msg)
    manifests = {path: store.read_manifest(path) for path in _runs_in(home)}
    if not manifests:
        msg = f"{home}: holds no runs. Name a folder outputs/<scenario> that `gridloom run` wrote."
        raise DataError(msg)
    newest = max(manifests.values(), key=_age)
    alike = {path: info for path, info in manifests.items()
             if info.get("study_hash") == newest.get("study_hash")}
    order = list(newest.get("policies", []))
    latest = {(info["policy"], info["seed"]): path
              for path, info in sorted(alike.items(), key=lambda pair: _age(pair[1]))}
    folders = [latest[key] for key in sorted(latest, key=lambda key: (_place(order, key[0]), key))]
    return folders, len(manifests) - len(folders)


def _runs_in(home: Path) -> list[Path]:
    return sorted(path for path in home.iterdir()
                  if not path.name.startswith(".") and (path / store.MANIFEST).is_file())


def _siblings(home: Path) -> bool:
    return home.parent.is_dir() and bool(_folders_with_runs(home.parent))


def _folders_with_runs(parent: Path) -> list[str]:
    return [path.name for path in parent.iterdir() if path.is_dir() and _runs_in(path)]


def _age(info: Mapping[str, Any]) -> str:
    return str(info.get("written_at", ""))


def _place(order: Sequence[str], policy: str) -> int:
    return order.index(policy) if policy in order else len(order)
