"""What pages are put together from: tables of runs, where the results come from, figures."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pandas as pd

from sim.report.gallery import GALLERY
from sim.report.labels import Metric, decimals

Cell = str | float | int | None
"""Text, a number, or None where there is nothing."""

_MEDIA: Final = {".png": "image/png", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
        Its heading, with the unit.
    decimals : int or None
        Decimals of its numbers; None for text. [-]
    """

    title: str
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a reader of the page can sort and filter.

    Attributes
    ----------
    caption : str
        What it shows.
    columns : tuple of Column
        Its columns.
    rows : tuple of tuple
        Text, numbers, or None, a cell for each column.
    links : tuple of str
        Where the first cell of each row leads, relative to the page; empty text for nowhere, and no
        links at all for none.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    links: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, caption: str, titles: Mapping[str, str] | None = None,
           links: Sequence[str] = ()) -> "Table":
        """Return a frame as a table.

        Parameters
        ----------
        frame : DataFrame
            Its columns of numbers become columns of numbers, all others text.
        caption : str
            What it shows.
        titles : mapping of str to str or None
            Headings by name of the column; without one, the name is the heading.
        links : sequence of str
            Where the first cell of each row leads; empty for none.

        Returns
        -------
        Table
            Ready for a page.
        """
        pairs = [_column(str(name), frame[name], titles or {}) for name in frame.columns]
        rows = tuple(zip(*(cells for _, cells in pairs), strict=True))
        return cls(caption, tuple(column for column, _ in pairs), rows, tuple(links))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where results come from.

    Attributes
    ----------
    info : mapping
        A run's manifest, or what a study says about itself.
    scenario_yaml : str
        The scenario with every default written out; empty where it is not known.
    command : str
        What makes the results again.
    """

    info: Mapping[str, Any] = field(default_factory=dict)
    scenario_yaml: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure within the page.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    title : str
        What it is called.
    alt : str
        What it shows, for those who cannot see it.
    source : str
        The figure itself as a data URI.
    """

    name: str
    title: str
    alt: str
    source: str


def pictures(paths: Iterable[Path]) -> tuple[Picture, ...]:
    """Put figures into the page.

    Parameters
    ----------
    paths : iterable of Path
        PNG or SVG files, named as in the gallery.

    Returns
    -------
    tuple of Picture
        In the same order, with the gallery's titles and words.
    """
    return tuple(map(_picture, paths))


def link_to(folder: str, page: str) -> str:
    """Return where the page of a folder below this page is; empty for a folder that is not."""
    if folder in {"", ".", ".."} or "/" in folder or "\\" in folder:
        return ""
    return f"{quote(folder)}/{page}"


def metric_columns(metrics: Iterable[Metric], runs: pd.DataFrame) -> dict[Column, str]:
    """Return a column for each metric that some run has a value of, with the metric's name."""
    return {
        Column(metric.title, decimals(_known(runs[metric.name]))): metric.name
        for metric in metrics
        if metric.name in runs.columns and runs[metric.name].notna().any()
    }


def plain(value: Any) -> Cell:  # noqa: ANN401 - a frame's cell may hold anything
    """Return a value of a frame as Python's own; None where it is missing."""
    if value is None or pd.isna(value):
        return None
    item = value.item() if hasattr(value, "item") else value
    return item if isinstance(item, int | float) and not isinstance(item, bool) else str(item)


def _column(
    name: str, values: "pd.Series[Any]", titles: Mapping[str, str]
) -> tuple[Column, list[Cell]]:
    cells = [plain(value) for value in values]
    numbers = [cell for cell in cells if not isinstance(cell, str)]
    is_text = len(numbers) < len(cells) or all(number is None for number in numbers)
    known = [number for number in numbers if not isinstance(number, str)]
    return Column(titles.get(name, name), None if is_text else decimals(known)), cells


def _known(values: "pd.Series[Any]") -> list[float | int | None]:
    cells = (plain(value) for value in values)
    return [cell for cell in cells if not isinstance(cell, str)]


def _picture(path: Path) -> Picture:
    known = GALLERY.get(path.stem) or GALLERY.get(path.stem.replace("-", "_"))
    title = known.title if known else _words(path.stem)
    data = b64encode(path.read_bytes()).decode("ascii")
    source = f"data:{_MEDIA[path.suffix]};base64,{data}"
    return Picture(path.stem, title, known.alt if known else title, source)


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
