"""Read a scenario's YAML into plain values with positions.

YAML 1.2 through ruamel's node tree: ``NO`` and ``12:30`` stay text, ``2.0e9`` is a number, and no
object is ever built from a tag. What makes YAML dangerous or ambiguous is refused: anchors and
aliases (bombs), tags, merge keys, doubled keys, directives, several documents.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from sim.errors import Problem, ScenarioError
from sim.scenario.positions import FieldPath, Finding, Position, Source, quoted
from sim.scenario.series.files import file_fault

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 40
MAX_DIGITS: Final = 30

UNREAD: Final = object()
"""Stands in the tree for a value that could not be read; the finding is already noted."""

_TAG: Final = "tag:yaml.org,2002:"


class _RefusedError(Exception):
    """Nothing more can be read; carries what to tell the user."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def read_source(path: Path, name: str) -> Source:
    """Read a scenario file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What to call it in messages.

    Returns
    -------
    Source
        Its plain values and their positions.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or its YAML is broken or of a refused kind.
    """
    try:
        return _Reader().read(_composed(_text(path)))
    except _RefusedError as refused:
        raise ScenarioError(name, refused.problems) from None


def _refuse(message: str, position: Position = (0, 0)) -> NoReturn:
    raise _RefusedError(Problem(*position, "", message))


def _text(path: Path) -> str:
    if fault := file_fault(path):
        _refuse(fault)
    if path.stat().st_size > MAX_BYTES:
        _refuse(f"is larger than {MAX_BYTES / 1e6:g} MB; a scenario is a few kilobytes.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(f"is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.")


def _composed(text: str) -> Node:
    if directive := re.search(r"^%", text, re.MULTILINE):
        where = _line_and_column(text, directive.start())
        _refuse("YAML directives (%) are not read. Remove this line.", where)
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        _broken(error)
    except ReaderError as error:
        code = f"U+{ord(text[error.position]):04X}"
        where = _line_and_column(text, error.position)
        _refuse(f"character {code} is not allowed in YAML. Remove it.", where)
    except RecursionError:
        _refuse("is nested too deeply.")
    if root is None:
        _refuse("is empty. `gridloom new scenario FILE` writes one to start from.")
    return root


def _broken(error: MarkedYAMLError) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    what = error.problem or error.context or "it cannot be parsed"
    if "another document" in what:
        what = "a second document begins here, but one file is one scenario"
    position = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    _refuse(f"this is not valid YAML: {what}.", position)


def _line_and_column(text: str, index: int) -> Position:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _place(node: Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _anchors(root: Node) -> Iterator[Problem]:
    # every node once: following aliases again and again is what a YAML bomb lives on
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.anchor:
            message = "anchors (&) and aliases (*) are not read. Write the value out."
            yield Problem(*_place(node), "", message)
        if isinstance(node, MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value


class _Reader:
    """Turns nodes into plain values; notes positions and mistakes on the way."""

    def __init__(self) -> None:
        self.source = Source()

    def read(self, root: Node) -> Source:
        if anchors := list(_anchors(root)):
            raise _RefusedError(*anchors)
        if not isinstance(root, MappingNode):
            _refuse("must be a mapping of fields such as name: and sites:.", _place(root))
        self.source.values[()] = _place(root)
        self.source.tree.update(self._mapping(root, ()))
        return self.source

    def _value(self, node: Node, path: FieldPath) -> object:
        if len(path) > MAX_DEPTH:
            _refuse("is nested too deeply.", _place(node))
        # a scalar is pointed at itself, a collection (or nothing at all) by its name
        by_name = path in self.source.keys and (not isinstance(node, ScalarNode) or not node.value)
        self.source.values[path] = self.source.keys[path] if by_name else _place(node)
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return tuple(self._value(item, (*path, i)) for i, item in enumerate(node.value))
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        return self._unread(path, f"tags such as {node.tag} are not read. Write the plain value.")

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if key.tag != f"{_TAG}str":
                self._note(path, "field names must be plain text (no <<, number or list).", key)
                continue
            inner = (*path, key.value)
            if inner in self.source.keys:
                line, _ = self.source.keys[inner]
                self._note(inner, f"stands twice, first in line {line}. Remove one.", key)
                continue
            self.source.keys[inner] = _place(key)
            values[key.value] = self._value(value, inner)
        return values

    def _scalar(self, node: ScalarNode, path: FieldPath) -> object:
        text: str = node.value
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float" if len(text) <= MAX_DIGITS:
                return self._number(text, path)
            case "int" | "float":
                return self._unread(path, f"has more than {MAX_DIGITS} digits.")
        return self._unread(path, f"tags such as {node.tag} are not read. Write the plain value.")

    def _number(self, text: str, path: FieldPath) -> object:
        plain = text.replace("_", "").lower()
        try:
            if plain.lstrip("+-").startswith(("0x", "0o", "0b")):
                return int(plain, 0)
            if plain.lstrip("+-").isdigit():
                return int(plain)
            return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return self._unread(path, f"{quoted(text)} is not a number.")

    def _unread(self, path: FieldPath, message: str) -> object:
        self.source.findings.append(Finding(path, message))
        return UNREAD

    def _note(self, path: FieldPath, message: str, node: Node) -> None:
        self.source.findings.append(Finding(path, message, position=_place(node)))
