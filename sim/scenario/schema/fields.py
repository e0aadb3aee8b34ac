"""What all parts of the schema share: the base model, described fields, choices by shape."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import EllipsisType
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

T = TypeVar("T")


class Part(BaseModel):
    """Base of every part of a scenario: frozen, strict, and closed to unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        field_title_generator=lambda name, _: name,
    )


def number(
    description: str, *, unit: str, default: T | EllipsisType = ..., **limits: float | None
) -> T:
    """Return a finite numeric field with its unit.

    Parameters
    ----------
    description : str
        What the number means, one sentence.
    unit : str
        Its unit; ``-`` where it has none.
    default : T
        Value where the scenario leaves it out; left away, the field is required.
    **limits : float
        ``gt``, ``ge``, ``lt``, ``le`` as pydantic knows them, in the field's unit. [-]

    Returns
    -------
    T
        The field, for the right-hand side of an attribute annotated as T.
    """
    options: dict[str, Any] = {"json_schema_extra": {"unit": unit}, **limits}
    return cast("T", Field(default, description=description, allow_inf_nan=False, **options))


def item(
    description: str,
    *,
    default: T | EllipsisType = ...,
    min_length: int | None = None,
    unit: str = "-",
) -> T:
    """Return a field that is no number: a name, a choice, a part or a list of parts.

    Parameters
    ----------
    description : str
        What the field means, one sentence.
    default : T
        Value where the scenario leaves it out; left away, the field is required.
    min_length : int
        Least number of characters or entries; None means any. [-]
    unit : str
        Unit of the number that may be chosen instead of a name.

    Returns
    -------
    T
        The field, for the right-hand side of an attribute annotated as T.
    """
    options: dict[str, Any] = {"json_schema_extra": {"unit": unit}, "min_length": min_length}
    return cast("T", Field(default, description=description, **options))


class Chosen(Part):
    """A class picked by name, with parameters of its own."""

    model_config = ConfigDict(extra="allow")

    use: str = item("A built-in name, or module:Class of your own.", min_length=1)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything besides ``use``: what the class is built with."""
        return dict(self.model_extra or {})


def by_shape(otherwise: str, **tag_of_key: str) -> Callable[[object], str]:
    """Return a discriminator that picks one alternative of a field from how its value looks.

    Text picks ``name``, a number picks ``number``; a mapping picks the tag of the first key it has
    among `tag_of_key` (a key with another unit counts too: ``constant_mw`` for ``constant_kw``),
    and `otherwise` if it has none. Every problem is then reported against the one alternative that
    the user meant.

    Parameters
    ----------
    otherwise : str
        Tag of the alternative for every other shape.
    **tag_of_key : str
        Tag by the key that gives the alternative away.

    Returns
    -------
    callable
        From the raw value (or an already built part) to a tag.
    """

    def tag(value: object) -> str:
        """Pick the alternative."""
        if isinstance(value, str):
            return "name"
        if isinstance(value, (int, float)):
            return "number"
        has = _has_key if isinstance(value, Mapping) else hasattr
        return next((found for key, found in tag_of_key.items() if has(value, key)), otherwise)

    return tag


def _has_key(mapping: object, key: str) -> bool:
    stem = key.partition("_")[0]
    names = cast("Mapping[str, object]", mapping)
    return any(name == stem or name.startswith(f"{stem}_") for name in names)


def _utc(value: object) -> datetime:
    instant = _parsed(value) if isinstance(value, str) else value
    if isinstance(instant, datetime) and instant.tzinfo is not None:
        return instant.astimezone(UTC)
    wanted = "needs a time and a zone, e.g." if isinstance(instant, date) else _NO_INSTANT
    msg = f"{wanted} 2025-06-02T00:00Z"
    raise ValueError(msg)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _whole(value: object) -> object:
    # Literal[1] alone would take true and 1.0 as well, as they compare equal
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    msg = "is not a whole number"
    raise ValueError(msg)


_NO_INSTANT = "is not a date and time such as"

Instant = Annotated[datetime, BeforeValidator(_utc)]
"""A point in time with a zone, kept in UTC."""

Whole = BeforeValidator(_whole)
"""Mark of a choice among whole numbers."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""A name that is also a safe folder name: lower-case letters, digits, ``-`` and ``_``."""
