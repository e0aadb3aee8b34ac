"""A study from Python: carry it out, sum it up, say where it stands."""

from pathlib import Path

from joblib import cpu_count

from sim.errors import DataError
from sim.scenario.sweep.load import load_study
from sim.study.conduct import Settings, conduct
from sim.study.summary.summarise import summarise


def run_study(
    scenario: str | Path, *, workers: int | None = None, out: str | Path = "outputs"
) -> Path:
    """Carry out a scenario's study as `gridloom study` does: only runs that are missing.

    Parameters
    ----------
    scenario : str or Path
        The scenario file, or the name of a built-in scenario.
    workers : int or None
        Processes at a time; None takes one per core. [-]
    out : str or Path
        Folder that gets a folder with the scenario's name.

    Returns
    -------
    Path
        The scenario's folder, with study.csv, study.html and figures.

    Raises
    ------
    DataError
        If runs failed; those that did not are there.
    """
    settings = Settings(out=Path(out), workers=workers or cpu_count())
    outcome = conduct(load_study(scenario), settings)
    if outcome.done or outcome.skipped:
        summarise(outcome.home)
    if outcome.failed:
        told = outcome.home / "failed"
        msg = f"{len(outcome.failed)} runs failed; what stopped each stands in {told}."
        raise DataError(msg)
    return outcome.home
