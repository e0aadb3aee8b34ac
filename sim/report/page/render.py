"""Templates filled in: everything escaped, scripts allowed by their hash alone, no network."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from io import StringIO
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from sim.report.labels import written
from sim.report.page.assumptions import givens
from sim.report.page.origin import bibtex, hashes, version_of, versions
from sim.report.page.parts import Cell, Origin, Table
from sim.report.page.timelines import BLUE, INK, Timelines
from sim.report.timeline import span

ROWS_AT_ONCE: Final = 25
_TIMELINES: Final = "timelines-data"
_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}; "
    "base-uri 'none'; form-action 'none'"
)
"""Bokeh puts its styles into the page, hence 'unsafe-inline'; it needs no eval."""

_COMMON: Final = (
    ("assumptions", "Assumptions"), ("validated", "Validated"), ("versions", "Versions"),
    ("reproduce", "Reproduce"), ("cite", "Cite"),
)
_DASHES: Final = {"solid": "", "dashed": "6 4", "dotted": "2 4", "dotdash": "2 4 6 4"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as it is written.

    Attributes
    ----------
    text : str
        Its text.
    is_number : bool
        Whether it stands in a column of numbers.
    link : str
        Where it leads; empty for nowhere.
    """

    text: str
    is_number: bool
    link: str = ""


def render(
    template: str,
    values: Mapping[str, Any],
    *,
    origin: Origin,
    sections: Sequence[tuple[str, str]],
    tables: Mapping[str, Table],
    timelines: Timelines | None,
) -> str:
    """Return a whole page.

    Parameters
    ----------
    template : str
        Name of the template.
    values : mapping
        What it tells.
    origin : Origin
        Where the results come from.
    sections : sequence of (str, str)
        Id and title of the sections before the common ones.
    tables : mapping of str to Table
        Tables that sort and filter, by the name that the template knows them by.
    timelines : Timelines or None
        Timelines; None for a page without.

    Returns
    -------
    str
        HTML.
    """
    data = {f"table-{name}": _as_json(_table_data(table)) for name, table in tables.items()}
    scripts = [_script("tables.js")]
    if timelines is not None:
        from sim.report.page import plots  # Bokeh takes half a second to import

        data[_TIMELINES] = _as_json(plots.document(timelines))
        scripts += [plots.bokeh_script(), _script("timelines.js")]
    page = {
        "policy": _POLICY.format(scripts=" ".join(map(_allowed, scripts))),
        "version": version_of(origin.info),
        "sections": (*sections, *_COMMON),
        "givens": givens(origin.scenario_yaml),
        "validations": validations(),
        "versions": versions(origin.info),
        "hashes": hashes(origin.info),
        "command": origin.command,
        "scenario_yaml": origin.scenario_yaml,
        "bibtex": bibtex(origin.info),
        "data": data,
        "scripts": [Markup(script) for script in scripts],
    }
    shown = {name: laid_out(table, f"table-{name}") for name, table in tables.items()}
    return _environment().get_template(template).render(
        {**values, **shown, "lines": _lines(timelines), "page": page}
    )


def laid_out(table: Table, name: str = "", at_once: int = ROWS_AT_ONCE) -> dict[str, Any]:
    """Return a table as the templates write it.

    Parameters
    ----------
    table : Table
        The table.
    name : str
        Its id in the page; empty for one that neither sorts nor filters.
    at_once : int
        Rows to write; more of them come from the page's script. [-]

    Returns
    -------
    dict
        Its id, caption, columns, rows and the first rows as text.
    """
    first = table.rows[:at_once]
    links = table.links or ("",) * len(table.rows)
    return {
        "id": name,
        "caption": table.caption,
        "columns": table.columns,
        "rows": table.rows,
        "shown": [_row(table, cells, link) for cells, link in zip(first, links, strict=False)],
        "left_count": len(table.rows) - len(first),
    }


def standing_alone(page: str) -> str:
    """Return a page without its links to files beside it, for another place."""
    bare = re.sub(r'<a href="(?!#)[^"]*">(.*?)</a>', r"\1", page)
    return re.sub(r'"links":\[[^\]]*\]', '"links":[]', bare)


@cache
def validations() -> tuple[dict[str, str], ...]:
    """Return what the models are validated against: what, against, result, source."""
    text = (files("sim.report.page") / "validations.csv").read_text(encoding="utf-8")
    return tuple(DictReader(StringIO(text)))


def _row(table: Table, cells: tuple[Cell, ...], link: str) -> list[Shown]:
    pairs = zip(cells, table.columns, strict=True)
    return [
        Shown(_text(cell, column.decimals), column.decimals is not None, link if place == 0 else "")
        for place, (cell, column) in enumerate(pairs)
    ]


def _text(cell: Cell, decimals: int | None) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    return repr(cell) if decimals is None else written(cell, decimals)


def _table_data(table: Table) -> dict[str, Any]:
    return {
        "decimals": [column.decimals for column in table.columns],
        "rows": table.rows,
        "links": table.links,
    }


def _lines(timelines: Timelines | None) -> dict[str, Any] | None:
    """Return headings and legends of timelines."""
    if timelines is None:
        return None
    places = {id(panel): place for place, panel in enumerate(timelines.panels)}
    groups = [
        (heading, [{
            "id": f"plot-{places[id(panel)]}",
            "title": panel.title,
            "tall": panel.tall,
            "lines": [{
                "label": line.label, "kind": line.kind, "dashes": _DASHES[line.dash],
                "paint": f"var(--{line.colour})" if line.colour in {INK, BLUE} else line.colour,
            } for line in panel.lines],
        } for panel in panels])
        for heading, panels in timelines.groups
    ]
    return {"groups": groups, "note": timelines.note, "joined": span(timelines.width_s)}


def _as_json(data: Mapping[str, Any]) -> Markup:
    """Write JSON that is safe within a script: no tag, no line separator can end it."""
    return htmlsafe_json_dumps(data, separators=(",", ":"))


@lru_cache(maxsize=8)
def _allowed(script: str) -> str:
    """Name a script by its hash, as a Content-Security-Policy does."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode('ascii')}'"


@cache
def _script(name: str) -> str:
    return (files("sim.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
