"""A scenario as plain values, where each of them stands, and the mistakes found in it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sim.errors import Problem

FieldPath = tuple[str | int, ...]
"""Keys and list positions that lead to a field, e.g. ``("sites", 0, "battery")``."""

Position = tuple[int, int]
"""Line and column in the file, both from 1."""

_PLAIN_NAME: Final = re.compile(r"[\w-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake in a scenario.

    Attributes
    ----------
    path : FieldPath
        The field that is wrong.
    message : str
        What is wrong, what is allowed and what to do.
    at_key : bool
        Whether the field's name is meant and not its value.
    position : tuple of int
        Line and column where they differ from the field's own. [-]
    """

    path: FieldPath
    message: str
    at_key: bool = False
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario file as plain values with the position of each.

    Attributes
    ----------
    tree : dict
        The scenario as dicts, tuples and scalars; times stay text.
    keys : dict
        Position of each field's name, by path.
    values : dict
        Position to point at when a field's value is wrong, by path.
    findings : list of Finding
        Mistakes of the YAML itself that still left something to read.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    keys: dict[FieldPath, Position] = field(default_factory=dict)
    values: dict[FieldPath, Position] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def problem(self, finding: Finding) -> Problem:
        """Put a finding to its position.

        Parameters
        ----------
        finding : Finding
            A mistake; one in a field that is not there stands at the nearest field around it.

        Returns
        -------
        Problem
            The mistake with line, column and path.
        """
        line, column = finding.position or self._position(finding.path, at_key=finding.at_key)
        return Problem(line, column, path_text(finding.path), finding.message)

    def _position(self, path: FieldPath, *, at_key: bool) -> Position:
        if at_key and path in self.keys:
            return self.keys[path]
        while path not in self.values:
            path = path[:-1]
        return self.values[path]


def path_text(path: FieldPath) -> str:
    """Write a path as people do.

    Parameters
    ----------
    path : FieldPath
        Keys and list positions.

    Returns
    -------
    str
        For example ``sites[0].battery.capacity_kwh``.
    """
    text = ""
    for element in path:
        if isinstance(element, int):
            text += f"[{element}]"
        else:
            name = element if _PLAIN_NAME.fullmatch(element) else quoted(element)
            text += f".{name}" if text else name
    return text


def quoted(text: str) -> str:
    """Put text in quotes on one line, cut where it is long.

    Parameters
    ----------
    text : str
        What the user wrote; line ends and control characters come out escaped.

    Returns
    -------
    str
        The text for a message.
    """
    shown = text if len(text) <= 60 else text[:57] + "..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def repeated(what: str, names: Sequence[str], path: FieldPath) -> Iterator[Finding]:
    """Find names that stand in a list more than once.

    Parameters
    ----------
    what : str
        What bears the names.
    names : sequence of str
        The names.
    path : FieldPath
        The list whose entries have them in their field ``name``.

    Yields
    ------
    Finding
        One for each entry whose name stands above already.
    """
    for index, name in enumerate(names):
        if name in names[:index]:
            message = f"another {what} is named {name} already. Give each a name of its own."
            yield Finding((*path, index, "name"), message)
