"""Draw the figures of a run or a study again from what is on disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sim.errors import DataError
from sim.report import style
from sim.report.gallery import Entry, Kind, figures_of
from sim.study.disk.homes import find_home
from sim.study.disk.store import FIGURES, MANIFEST, read_run
from sim.study.summary.results import read_results


@dataclass(frozen=True, slots=True)
class Drawn:
    """What became of one figure.

    Attributes
    ----------
    name : str
        Its name.
    path : Path or None
        Its file; None where there was nothing to show.
    caption : str
        What its title says, or would say: figures for a paper have none. Where there was nothing to
        show, what it needs.
    """

    name: str
    path: Path | None
    caption: str


def plot(
    subject: str | Path,
    figures: Iterable[str] = (),
    *,
    file_format: Literal["png", "svg", "pdf"] = "png",
    size: Literal["screen", "single", "double"] = "screen",
    out: str | Path | None = None,
) -> tuple[Drawn, ...]:
    """Draw figures of a run or a study.

    Parameters
    ----------
    subject : str or Path
        Folder of a run or of a scenario's runs, or its name below outputs.
    figures : iterable of str
        Names, as `gridloom plot --list` gives them; none for all.
    file_format : {'png', 'svg', 'pdf'}
        Format of the files.
    size : {'screen', 'single', 'double'}
        For the screen, or for one (3.5 in) or two columns (7.2 in) of a page.
    out : str, Path or None
        Folder for the files; None takes ``figures`` in the folder drawn from.

    Returns
    -------
    tuple of Drawn
        One for each figure asked for.

    Raises
    ------
    ValueError
        If there is no such figure.
    DataError
        If the folder holds nothing to draw from, or cannot be written to.
    """
    home = find_home(str(subject))
    kind: Kind = "run" if (home / MANIFEST).is_file() else "study"
    entries = figures_of(kind, figures)
    drawn_from = read_run(home) if kind == "run" else read_results(home)
    folder = home / FIGURES if out is None else Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with style.sized(size):
            return tuple(_draw(name, entry, drawn_from, folder, file_format)
                         for name, entry in entries.items())
    except OSError as error:
        msg = f"{folder}: cannot be written ({error.strerror})."
        raise DataError(msg) from error


def _draw(
    name: str, entry: Entry, drawn_from: Any, folder: Path, file_format: str  # noqa: ANN401
) -> Drawn:
    """Draw one figure; an entry of the gallery knows what it is drawn from."""
    picture = entry.draw(drawn_from)
    written = style.save_all({name: picture}, folder, file_format)
    if picture is None:
        return Drawn(name, None, f"it needs {entry.needs}")
    return Drawn(name, written[0], str(picture.get_label()))
