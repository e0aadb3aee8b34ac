"""Pages of finished runs and studies, made again from what is on disk."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import DataError
from sim.report import style
from sim.report.page import run_page, standing_alone
from sim.report.run_figures import RUN_FIGURES
from sim.study import compare
from sim.study.dataset.record import RECORD
from sim.study.disk import store
from sim.study.disk.folders import replace_text
from sim.study.disk.homes import find_home
from sim.study.summary.summarise import PAGE, summarise
from sim.study.variants import rebuild_variants


def write_report(name: str, out: Path | None = None) -> Path:
    """Write the page of a run with all its figures, or that of a study or a comparison.

    Parameters
    ----------
    name : str
        Folder of a run or of a scenario's runs, or its name in the folder for outputs.
    out : Path or None
        File for the page, which then has no links to other files; None for its usual place.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    DataError
        If there is no such folder, it holds nothing to tell of, or the file cannot be written.
    """
    folder = find_home(name)
    if (folder / store.MANIFEST).is_file():
        usual, page = folder / store.PAGE, _run_page(folder)
        if out is None:
            replace_text(usual, page)
    else:
        usual = _scenario_page(folder)
        page = usual.read_text(encoding="utf-8")
    return usual if out is None else _put(out, page)


def _run_page(folder: Path) -> str:
    run = store.read_run(folder)
    scenario_yaml = (folder / store.SCENARIO).read_text(encoding="utf-8")
    figures = {name: figure.draw(run) for name, figure in RUN_FIGURES.items()}
    with TemporaryDirectory() as drawn:
        paths = style.save_all(figures, Path(drawn))
        return run_page(run, paths, scenario_yaml=scenario_yaml)


def _scenario_page(home: Path) -> Path:
    """Build the page of a study, or else of a comparison, and return where it is."""
    if (home / RECORD).is_file():
        summarise(home)
        return home / PAGE
    if rebuild_variants(home) is None:
        compare.compare_folder(home)
    return home / compare.PAGE


def _put(out: Path, page: str) -> Path:
    try:
        replace_text(out, standing_alone(page))
    except OSError as error:
        msg = f"{out}: cannot be written ({error.strerror}). Name another file with --out."
        raise DataError(msg) from error
    return out
