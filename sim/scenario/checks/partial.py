"""Build what can be built of a broken scenario, so that its other mistakes are found as well."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final, NoReturn, TypeVar, cast, get_args

from pydantic import TypeAdapter, ValidationError

from sim.scenario.positions import FieldPath, Finding
from sim.scenario.schema.fields import Part
from sim.scenario.schema.shapes import alternatives, chosen

P = TypeVar("P", bound=Part)
T = TypeVar("T")


class BrokenPartError(Exception):
    """A check looked at something that could not be read: it cannot say anything."""


class _Broken:
    """Stands for a value that could not be read; whoever looks at it gets a BrokenPartError."""

    def __getattr__(self, name: str) -> NoReturn:
        raise BrokenPartError


def _refuse(*_: object) -> NoReturn:
    raise BrokenPartError


_USES: Final = (
    *("eq", "ne", "lt", "le", "gt", "ge", "hash", "bool", "len", "iter", "contains", "getitem"),
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "mod", "rmod"),
    *("float", "int", "index", "str", "format"),
)
for _use in _USES:
    setattr(_Broken, f"__{_use}__", _refuse)

BROKEN: Final[Any] = _Broken()
"""The value of every field that is missing or wrong."""


def best_effort(part: type[P], raw: Mapping[str, object]) -> P:
    """Build a part from raw values of which some are wrong.

    Parameters
    ----------
    part : type
        The part of the schema.
    raw : mapping
        Raw values; unknown fields are passed over.

    Returns
    -------
    Part
        The part, with defaults for what is left out and ``BROKEN`` for what is wrong.
    """
    values: dict[str, Any] = {}
    for name, field in part.model_fields.items():
        if name in raw:
            values[name] = _value(Annotated[field.annotation, field], raw[name])
        else:
            values[name] = BROKEN if field.is_required() else field.default
    return part.model_construct(**values)


def _value(annotation: object, raw: object) -> object:
    try:
        return TypeAdapter(cast("Any", annotation)).validate_python(raw, strict=True)
    except ValidationError:
        option = chosen(alternatives(annotation), raw)
    if option is None:
        return BROKEN
    if option.part and isinstance(raw, Mapping):
        return best_effort(option.part, raw)
    if option.entries and isinstance(raw, tuple) and raw:
        return tuple(_value(get_args(option.kind)[0], entry) for entry in raw)
    return BROKEN


def settled(check: Iterable[T]) -> list[T]:
    """Run a check as far as the broken parts of the scenario let it come.

    Parameters
    ----------
    check : iterable
        A check, usually a generator of Findings.

    Returns
    -------
    list
        What it found before it met a broken part.
    """
    found: list[T] = []
    with suppress(BrokenPartError):
        found.extend(check)
    return found


def each_settled(
    parts: Sequence[T],
    checks: Iterable[Callable[[T, FieldPath], Iterable[Finding]]],
    path: FieldPath,
    *below: str,
) -> list[Finding]:
    """Run checks on every entry of a list, each as far as broken parts let it come.

    Parameters
    ----------
    parts : sequence
        The entries; nothing is found where the list itself is broken.
    checks : iterable of callable
        Each takes an entry and its path.
    path : tuple
        Path of the list.
    *below : str
        Fields below each entry that its path is to name.

    Returns
    -------
    list of Finding
        What they found, entry by entry.
    """
    entries = () if parts is BROKEN else parts
    return [
        finding
        for index, entry in enumerate(entries)
        for check in checks
        for finding in settled(check(entry, (*path, index, *below)))
    ]
