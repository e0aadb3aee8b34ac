"""What the schema allows at a place: the alternatives, their limits, and the way down to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Discriminator, Tag
from pydantic.fields import FieldInfo

from sim.scenario.positions import FieldPath
from sim.scenario.schema.fields import Part


@dataclass(frozen=True, slots=True)
class Alternative:
    """One shape that a value may have.

    Attributes
    ----------
    tag : str or None
        What pydantic calls it in the location of an error.
    kind : type
        A scalar's type, a ``Literal``, a ``tuple[...]`` or a part of the schema.
    metadata : tuple
        Its limits, descriptions and discriminator.
    """

    tag: str | None
    kind: Any
    metadata: tuple[object, ...]

    @property
    def part(self) -> type[Part] | None:
        """The part of the schema that it is, if it is one."""
        is_part = isinstance(self.kind, type) and issubclass(self.kind, Part)
        return self.kind if is_part else None

    @property
    def entries(self) -> "tuple[Alternative, ...]":
        """What the entries of a list may be; empty for everything else."""
        return alternatives(get_args(self.kind)[0]) if get_origin(self.kind) is tuple else ()


def alternatives(annotation: object, *metadata: object) -> tuple[Alternative, ...]:
    """List what a type annotation allows besides null.

    Parameters
    ----------
    annotation : type
        An annotation of the schema.
    *metadata : object
        What is known of it from outside.

    Returns
    -------
    tuple of Alternative
        One for each member of a union, else a single one.
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return alternatives(inner, *metadata, *_flat(extra))
    if origin in {Union, UnionType}:
        members = [member for member in get_args(annotation) if member is not NoneType]
        return tuple(found for member in members for found in alternatives(member, *metadata))
    return (Alternative(_tag(annotation, metadata), annotation, metadata),)


def of_field(field: FieldInfo) -> tuple[Alternative, ...]:
    """List what a field of the schema allows besides null.

    Parameters
    ----------
    field : FieldInfo
        The field.

    Returns
    -------
    tuple of Alternative
        One for each member of a union, else a single one.
    """
    return alternatives(field.annotation, *_flat([field]))


def chosen(options: tuple[Alternative, ...], value: object) -> Alternative | None:
    """Pick the alternative that a value is meant to be, by the rule that pydantic uses too.

    Parameters
    ----------
    options : tuple of Alternative
        What is allowed.
    value : object
        The raw value.

    Returns
    -------
    Alternative or None
        The one meant, or None if it looks like none of them.
    """
    if len(options) == 1:
        return options[0]
    rule = next(item for item in options[0].metadata if isinstance(item, Discriminator))
    tag: object
    if callable(rule.discriminator):
        tag = rule.discriminator(value)
    else:
        tag = value.get(rule.discriminator) if isinstance(value, Mapping) else None
    return next((option for option in options if option.tag == tag), None)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a scenario, as the schema sees it.

    Attributes
    ----------
    path : FieldPath
        Keys and list positions that lead there.
    allowed : tuple of Alternative
        What may stand there; empty for a field that does not exist.
    taken : Alternative or None
        The one of them that the value is meant to be, where that is known.
    owner : type
        The part of the schema that it is a field of.
    """

    path: FieldPath
    allowed: tuple[Alternative, ...]
    taken: Alternative | None
    owner: type[Part]


def down(part: type[Part], location: Iterable[str | int]) -> Place:
    """Follow the location of a pydantic error through the schema.

    Parameters
    ----------
    part : type
        The part to begin at.
    location : iterable
        Field names, list positions, and tags of the alternatives taken.

    Returns
    -------
    Place
        Where that is.
    """
    path: FieldPath = ()
    owner, allowed = part, alternatives(part)
    taken: Alternative | None = allowed[0]
    for element in location:
        if taken is None:
            taken = next(option for option in allowed if option.tag == element)
            continue
        path = (*path, element)
        if isinstance(element, int):
            allowed = taken.entries
        else:
            owner = taken.part or owner
            allowed = of_field(owner.model_fields[element]) if element in owner.model_fields else ()
        taken = allowed[0] if len(allowed) == 1 else None
    return Place(path, allowed, taken, owner)


def _flat(metadata: Iterable[object]) -> Iterator[object]:
    for item in metadata:
        yield item
        if isinstance(item, FieldInfo):
            yield from item.metadata


def _tag(annotation: object, metadata: Iterable[object]) -> str | None:
    for item in metadata:
        if isinstance(item, Tag):
            return item.tag
    field = getattr(annotation, "model_fields", {}).get("type")
    if field is not None and get_origin(field.annotation) is Literal:
        return str(get_args(field.annotation)[0])
    return None
