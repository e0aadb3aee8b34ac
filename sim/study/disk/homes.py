"""Find the folder of a study by its path or its name."""

from pathlib import Path
from typing import Final

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.study.dataset.parts import DATASET
from sim.study.dataset.record import RECORD
from sim.study.dataset.rows import run_folders

_OUTPUTS: Final = Path("outputs")


def find_home(study: str = "", outputs: Path = _OUTPUTS) -> Path:
    """Return the folder of a study.

    Parameters
    ----------
    study : str
        Its path, or its name in the folder for outputs; empty for the newest in there.
    outputs : Path
        Folder for outputs.

    Returns
    -------
    Path
        A folder that is there.

    Raises
    ------
    DataError
        If there is no such folder, or none has runs.
    """
    homes = _homes(outputs)
    if not study:
        if homes:
            return max(homes, key=lambda home: homes[home])
        msg = f"{outputs}: holds no runs. Run `gridloom run SCENARIO` or `gridloom study SCENARIO`."
        raise DataError(msg)
    for home in (Path(study), outputs / study):
        if home.is_dir():
            return home
    near = did_you_mean(study, [home.name for home in homes]) if homes else ""
    msg = f"{study}: no such study, neither a folder nor a name in {outputs}/.{near}"
    raise DataError(msg)


def _homes(outputs: Path) -> dict[Path, int]:
    """Return the folders that hold runs, with the time in ns when a run or a study landed there."""
    found = {}
    for home in outputs.iterdir() if outputs.is_dir() else ():
        if home.is_dir() and not home.name.startswith("."):
            landed = list(run_folders(home).values())
            landed += [path.stat().st_mtime_ns
                       for path in (home / RECORD, *(home / DATASET).glob("*.parquet"))
                       if path.is_file()]
            if landed:
                found[home] = max(landed)
    return found
