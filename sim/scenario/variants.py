"""Variants of a scenario: partial scenarios, each laid over the base.

Plain values are merged, and for each merged field is kept where in the file it stands, so that a
mistake in a variant is told at the variant's own lines. The rules are those of JSON Merge Patch
(RFC 7396), and one more: a list whose entries all have a name merges by that name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sim.errors import Problem
from sim.scenario.positions import FieldPath, Finding, Source, path_text, repeated
from sim.scenario.schema.scenario import Scenario

BASE: Final = "base"
"""What the scenario without any variant is called beside its variants."""

_FIELD: Final = "variants"
_TAKEN: Final = (BASE, "figures", "failed", "runs")


@dataclass(frozen=True, slots=True)
class Version:
    """The base, or what a variant makes of it.

    Attributes
    ----------
    name : str or None
        Name of the variant; None for the base.
    tree : dict
        Raw values.
    own : dict
        Path in the file by path in the tree, for every value that is the variant's own as a whole.
    laid : dict
        The same for every mapping that has some fields of the variant's.
    added : dict
        For every entry that the variant adds to a list of named entries: what to tell of it.
    """

    name: str | None
    tree: dict[str, Any]
    own: dict[FieldPath, FieldPath] = field(default_factory=dict)
    laid: dict[FieldPath, FieldPath] = field(default_factory=dict)
    added: dict[FieldPath, str] = field(default_factory=dict)


def versions(source: Source) -> tuple[Version, ...]:
    """Lay every variant over the base.

    Parameters
    ----------
    source : Source
        A scenario file.

    Returns
    -------
    tuple of Version
        The base, then the variants; entries that are no mappings are passed over.
    """
    base = {key: value for key, value in source.tree.items() if key != _FIELD}
    entries = source.tree.get(_FIELD)
    found = [Version(None, source.tree)]
    for index, entry in enumerate(entries if isinstance(entries, tuple) else ()):
        if isinstance(entry, Mapping):
            path: FieldPath = (_FIELD, index)
            name = entry.get("name")
            version = Version(name if isinstance(name, str) else path_text(path), {})
            patch = {key: value for key, value in entry.items() if key not in {"name", _FIELD}}
            version.tree.update(_mapping(version, base, patch, (), path))
            found.append(version)
    return tuple(found)


def variant_mistakes(scenario: Scenario) -> Iterator[Finding]:
    """Check the names of the variants.

    Parameters
    ----------
    scenario : Scenario
        The base, possibly with broken fields.

    Yields
    ------
    Finding
        The mistakes.
    """
    for index, variant in enumerate(scenario.variants):
        if _FIELD in (variant.model_extra or {}):
            message = "a variant has no variants of its own. Remove this."
            yield Finding((_FIELD, index, _FIELD), message, at_key=True)
    for index, variant in enumerate(scenario.variants):
        if variant.name in _TAKEN:
            message = f"{variant.name} is taken. Give the variant another name."
            yield Finding((_FIELD, index, "name"), message)
    yield from repeated("variant", [variant.name for variant in scenario.variants], (_FIELD,))


def problems(
    source: Source, found: Sequence[tuple[Version, Sequence[Finding]]]
) -> list[Problem]:
    """Put the mistakes of all versions to their places in the file, each once.

    Parameters
    ----------
    source : Source
        The scenario file.
    found : sequence of (Version, sequence of Finding)
        Each version's mistakes, by their paths in its own tree; the base first.

    Returns
    -------
    list of Problem
        In the order of the file.
    """
    (_, of_base), *others = found
    known = {(finding.path, finding.message) for finding in of_base}
    told, with_base = list(of_base), dict[Finding, list[str]]()
    for version, findings in others:
        for finding in findings:
            own = _own_place(version, finding.path)
            if own is None and (finding.path, finding.message) in known:
                continue
            place = own or _laid_place(version, finding.path, source)
            if place is None:
                with_base.setdefault(finding, []).append(str(version.name))
            else:
                message = finding.message + _of_added(version, finding.path)
                told.append(replace(finding, path=place, message=message))
    told += [_named(finding, names) for finding, names in with_base.items()]
    # what YAML could not give a value was told already; the schema only sees a hole there
    holes = {finding.path for finding in source.findings if finding.position is None}
    told = [finding for finding in told if finding.path not in holes]
    return sorted({source.problem(finding) for finding in (*source.findings, *told)})


def _mapping(
    version: Version, base: object, patch: Mapping[str, Any], here: FieldPath, there: FieldPath
) -> dict[str, Any]:
    """Lay a mapping over another; `here` is its path in the tree, `there` that in the file."""
    version.laid[here] = there
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        inner, outer = (*here, key), (*there, key)
        if value is None:
            version.own[inner] = outer
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _mapping(version, merged.get(key), value, inner, outer)
        elif _is_named(value):
            merged[key] = _entries(version, merged.get(key), value, inner, outer)
        else:
            version.own[inner] = outer
            merged[key] = value
    return merged


def _entries(
    version: Version, base: object, patch: Sequence[Any], here: FieldPath, there: FieldPath
) -> tuple[Any, ...]:
    """Lay a list of named entries over another, by name."""
    version.laid[here] = there
    merged = list(base) if isinstance(base, tuple) else []
    places = {_name(entry): place for place, entry in reversed(list(enumerate(merged)))}
    names = [name for name in map(_name, merged) if name]
    for index, entry in enumerate(patch):
        # a name that stands twice in the variant is added, so that the check of names finds it
        place = places.pop(entry["name"], len(merged))
        inner, outer = (*here, place), (*there, index)
        if place == len(merged):
            merged.append({})
            if names and entry["name"] not in names:
                version.added[inner] = (
                    f" The base has no entry named {entry['name']} here, so this is a new one; it "
                    f"has {', '.join(names)}."
                )
        merged[place] = _mapping(version, merged[place], entry, inner, outer)
    return tuple(merged)


def _is_named(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("name"), str) for entry in value
    )


def _name(entry: object) -> str | None:
    """Return an entry's name; a stream of jobs without one is named after its type."""
    name = entry.get("name", entry.get("type")) if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else None


def _prefixes(path: FieldPath) -> Iterator[FieldPath]:
    for length in range(len(path), -1, -1):
        yield path[:length]


def _own_place(version: Version, path: FieldPath) -> FieldPath | None:
    """Return where in the file a field stands that is the variant's own as a whole."""
    for start in _prefixes(path):
        if start in version.own:
            return (*version.own[start], *path[len(start) :])
    return None


def _laid_place(version: Version, path: FieldPath, source: Source) -> FieldPath | None:
    """Return where in the file a mapping of the variant's stands, or lacks the field."""
    for start in _prefixes(path):
        if start in version.laid:
            return (*version.laid[start], *path[len(start) :])
        if start in source.values:
            return None
    return None


def _of_added(version: Version, path: FieldPath) -> str:
    return next((version.added[start] for start in _prefixes(path) if start in version.added), "")


def _named(finding: Finding, names: Sequence[str]) -> Finding:
    """Say which variants make a mistake of a line of the base."""
    variants = f"variant{'s' * (len(names) > 1)} {', '.join(names)}"
    way_out = f" A variant takes a field out with {finding.path[-1]}: null."
    message = f"in {variants}: {finding.message}{way_out if finding.at_key else ''}"
    return replace(finding, message=message)
