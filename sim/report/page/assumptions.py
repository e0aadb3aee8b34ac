"""What a scenario takes as given: rows of the catalog, and values that nobody measured."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from sim import catalog
from sim.report.page.scenario import read_scenario

_TABLES: Final = re.compile(r"gridloom catalog (\w+)")
_UNTOLD: Final = {"market": "fleets", "type": "work_kinds"}
"""Tables of fields whose descriptions name none."""


@dataclass(frozen=True, slots=True)
class Given:
    """Something that results rest on.

    Attributes
    ----------
    what : str
        Row of the catalog, or the value.
    where : str
        Table of the catalog, or field of the scenario.
    source : str
        Who says so; with the word assumption where nobody does.
    """

    what: str
    where: str
    source: str

    @property
    def is_assumed(self) -> bool:
        """Whether any part of it is an assumption."""
        return "assumption" in self.source.lower()


def givens(scenario_yaml: str) -> tuple[Given, ...]:
    """Return what a scenario takes as given.

    Parameters
    ----------
    scenario_yaml : str
        The scenario with every default written out.

    Returns
    -------
    tuple of Given
        Rows of the catalog, then values that are assumptions, each once and in the scenario's
        order; none where the text is no scenario.
    """
    scenario = read_scenario(scenario_yaml)
    if scenario is None:
        return ()
    fields = list(_fields(scenario, ""))
    return tuple(dict.fromkeys((
        *(given for one in fields for given in _rows(one)),
        *(given for one in fields for given in _assumed(one)),
    )))


@dataclass(frozen=True, slots=True)
class _Field:
    part: BaseModel
    name: str
    path: str

    @property
    def description(self) -> str:
        return type(self.part).model_fields[self.name].description or ""

    @property
    def value(self) -> object:
        return getattr(self.part, self.name)


def _fields(part: BaseModel, path: str) -> Iterator[_Field]:
    """Walk through all fields, depth first."""
    for name in type(part).model_fields:
        field = _Field(part, name, f"{path}.{name}".lstrip("."))
        yield field
        values = field.value if isinstance(field.value, tuple) else (field.value,)
        for value in values:
            if isinstance(value, BaseModel):
                own = getattr(value, "name", None)
                yield from _fields(value, f"{field.path}.{own}" if own else field.path)


def _rows(field: _Field) -> Iterator[Given]:
    """Return the rows of the catalog that a field names."""
    if field.name == "cell" and getattr(field.part, "model", None) == "linear":
        return  # the simple battery looks at no cell
    names = field.value if isinstance(field.value, tuple) else (field.value,)
    tables = _TABLES.findall(field.description) or [_UNTOLD.get(field.name, "")]
    for table in filter(None, tables):
        for name in names:
            if isinstance(name, str):
                yield from _row(table, name)


def _row(table: str, key: str) -> Iterator[Given]:
    frame = catalog.table(table)
    for source in frame.loc[frame.iloc[:, 0] == key, "source"].unique():
        yield Given(key, f"catalog {table}", str(source))


def _assumed(field: _Field) -> Iterator[Given]:
    """Return a field whose value is an assumption unless someone chose it."""
    if "assumption" in field.description and isinstance(field.value, float | int | None):
        what = "not set" if field.value is None else f"{field.value:g}"
        yield Given(what, field.path, field.description)
