"""Fields of a scenario by dotted path: find one in the file and the schema, and lay a value there.

``sites.campus.battery.capacity_kwh``: entries of lists go by their name, a stream of jobs without
one by its type, a policy by its label, and entries that have neither by their place from 0.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args, get_origin

from sim.registry import did_you_mean
from sim.scenario.checks.messages import nearest_field, shown, unit_of
from sim.scenario.positions import FieldPath, quoted
from sim.scenario.schema.fields import Part
from sim.scenario.schema.scenario import Scenario, policy_label
from sim.scenario.schema.shapes import Alternative, alternatives, chosen, of_field

_FIXED: Final = frozenset(
    {"schema_version", "name", "description", "seeds", "policies", "variants", "sweep"}
)
"""Fields of the scenario that say what a study is, not what a run is."""


class NoFieldError(Exception):
    """There is no such field to vary; the message says what there is."""


@dataclass(frozen=True, slots=True)
class ScalarField:
    """A field of a scenario that takes single values.

    Attributes
    ----------
    path : FieldPath
        Where it stands in this very scenario.
    unit : str
        Its unit; empty where it has none.
    kinds : tuple of type
        What it takes: number types, ``str``, ``bool``; empty where the schema does not say, as for
        a parameter of a policy.
    """

    path: FieldPath
    unit: str
    kinds: tuple[type, ...]

    @property
    def takes_numbers(self) -> bool:
        """Whether numbers are among what it takes, as far as is known."""
        return not self.kinds or bool({int, float} & set(self.kinds))

    @property
    def takes_whole_only(self) -> bool:
        """Whether it takes whole numbers and no others."""
        return int in self.kinds and float not in self.kinds


def find_field(tree: Mapping[str, Any], dotted: str) -> ScalarField:
    """Find a field that takes single values.

    Parameters
    ----------
    tree : mapping
        Raw values of a scenario.
    dotted : str
        Its path, with dots.

    Returns
    -------
    ScalarField
        The field; it need not be in the file, as long as the schema has it.

    Raises
    ------
    NoFieldError
        If there is none, if it takes no single values, or if it may not vary.
    """
    place = _Place((), "the scenario", tree, alternatives(Scenario), "")
    for segment in dotted.split("."):
        place = place.entry(segment) if place.is_list else place.field(segment)
    if dotted in _FIXED or place.path[-1:] == ("name",):
        msg = f"{dotted} cannot vary: it says which runs there are, or names things."
        raise NoFieldError(msg)
    kinds = _scalar_kinds(place.options)
    if place.options and not kinds:
        shape = "a list" if any(option.entries for option in place.options) else "a mapping"
        msg = f"{dotted} takes no single value, but {shape}. Go on to a field of it."
        raise NoFieldError(msg)
    return ScalarField(place.path, place.unit, kinds)


def laid(tree: Mapping[str, Any], path: FieldPath, value: object) -> dict[str, Any]:
    """Return raw values of a scenario with another value at a path.

    Parameters
    ----------
    tree : mapping
        Raw values; they stay as they are.
    path : FieldPath
        Where `find_field` found the field.
    value : object
        The value.

    Returns
    -------
    dict
        A copy as far as it differs.
    """
    first, *_ = path
    return dict(tree) | {str(first): _with(tree.get(str(first)), path[1:], value)}


def value_at(value: object, path: FieldPath) -> object:
    """Look up what stands at a path of a tree; None where nothing does."""
    for element in path:
        if isinstance(value, Mapping):
            value = value.get(element)
        elif isinstance(value, (tuple, list)) and isinstance(element, int):
            value = value[element] if element < len(value) else None
        else:
            return None
    return value


def _with(inside: object, path: FieldPath, value: object) -> object:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, int) and isinstance(inside, tuple):
        return (*inside[:first], _with(inside[first], rest, value), *inside[first + 1 :])
    fields = dict(inside) if isinstance(inside, Mapping) else {}
    return fields | {first: _with(fields.get(first), rest, value)}


@dataclass(frozen=True, slots=True)
class _Place:
    """A place on the way down: what stands there and what the schema allows."""

    path: FieldPath
    dotted: str
    raw: object
    options: tuple[Alternative, ...]
    unit: str

    @property
    def is_list(self) -> bool:
        """Whether entries stand here, so that the path goes on with the name of one."""
        option = self._option({})
        return option is not None and bool(option.entries)

    def field(self, name: str) -> "_Place":
        """Go on to a field of a mapping."""
        if not self.options:
            msg = f"{self.dotted} is a parameter, and a part of it cannot vary."
            raise NoFieldError(msg)
        option = self._option({name: None})
        part = option.part if option else None
        if part is None:
            raise NoFieldError(self._no_mapping())
        known = part.model_fields.get(name)
        if known is None and part.model_config.get("extra") != "allow":
            msg = f"{self.dotted} has no field {quoted(name)}.{_meant(name, part)}"
            raise NoFieldError(msg)
        options = of_field(known) if known else ()
        unit = unit_of(known).removeprefix("-") if known else ""
        raw = self.raw.get(name) if isinstance(self.raw, Mapping) else None
        return _Place((*self.path, name), self._below(name), raw, options, unit)

    def entry(self, name: str) -> "_Place":
        """Go on to an entry of a list, by its name, or by its place where it has none."""
        entries = self.raw if isinstance(self.raw, tuple) else ()
        names = [_entry_name(entry, self.path) for entry in entries]
        index = self._index(name, names)
        option = self._option({})
        options = option.entries if option else ()
        return _Place((*self.path, index), self._below(name), entries[index], options, self.unit)

    def _index(self, name: str, names: list[str | None]) -> int:
        if Counter(names)[name] > 1:
            msg = f"{self.dotted} has several entries named {name}. Give each a name of its own."
            raise NoFieldError(msg)
        if name in names:
            return names.index(name)
        if name.isdecimal() and int(name) < len(names) and names[int(name)] is None:
            return int(name)
        known = [one or str(place) for place, one in enumerate(names)]
        hint = did_you_mean(name, known) if known else " It has no entries."
        msg = f"{self.dotted} has no entry {quoted(name)}.{hint}"
        raise NoFieldError(msg)

    def _option(self, instead: Mapping[str, None]) -> Alternative | None:
        """Return what is meant here; where nothing stands, as if there were something else."""
        raw = instead if self.raw is None else self.raw
        return chosen(self.options, raw) if self.options else None

    def _no_mapping(self) -> str:
        if self.raw is None:
            return (f"the scenario has no {self.dotted}, which may be several things. Write one "
                    "there, so that it has fields.")
        if any(option.part for option in self.options):
            return (f"{self.dotted} is {shown(self.raw)} here, which has no fields. Write it as a "
                    "mapping.")
        return f"{self.dotted} is a single value and has no fields. End the path there."

    def _below(self, name: str) -> str:
        return f"{self.dotted}.{name}" if self.path else name


def _entry_name(entry: object, path: FieldPath) -> str | None:
    if isinstance(entry, str) and path == ("policies",):
        return policy_label(entry)
    name = entry.get("name", entry.get("type")) if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else None


def _meant(name: str, part: type[Part]) -> str:
    near = nearest_field(name, part)
    return f" Did you mean {near}?" if near else did_you_mean(name, part.model_fields)


def _scalar_kinds(options: tuple[Alternative, ...]) -> tuple[type, ...]:
    kinds: list[type] = []
    for option in options:
        if get_origin(option.kind) is Literal:
            kinds += map(type, get_args(option.kind))
        elif option.kind is datetime:
            kinds.append(str)
        elif option.kind in {int, float, str, bool}:
            kinds.append(option.kind)
    return tuple(dict.fromkeys(kinds))
