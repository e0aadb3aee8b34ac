"""Say in plain words what pydantic found wrong: who, what it got, what is allowed, what to do."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types as limit
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from sim.registry import did_you_mean
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.fields import Part
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.shapes import Alternative, down

_KINDS: Final[Mapping[object, str]] = MappingProxyType(
    {
        float: "a number",
        int: "a whole number",
        str: "text",
        bool: "true or false",
        datetime: "a date and time",
    }
)


def explain(error: ValidationError) -> list[Finding]:
    """Turn the errors of a scenario's validation into findings.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.

    Returns
    -------
    list of Finding
        One for each mistake, without those that only follow from another.
    """
    faults = [_Fault(details) for details in error.errors(include_url=False)]
    misspelled = {(*fault.path[:-1], fault.meant) for fault in faults if fault.meant}
    return [
        Finding(fault.field_path, fault.message(), at_key=fault.is_unknown)
        for fault in faults
        if not fault.follows and not (fault.is_missing and fault.path in misspelled)
    ]


class _Fault:
    """One error of pydantic with what the schema says of its place."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        self.kind: str = details["type"]
        self.value = details["input"]
        self.context: Mapping[str, Any] = details.get("ctx", {})
        place = down(Scenario, details["loc"])
        self.path, self.allowed, self.owner = place.path, place.allowed, place.owner
        self.taken = place.taken or Alternative(None, None, ())
        self.is_unknown = self.kind == "extra_forbidden"
        self.is_missing = self.kind == "missing"
        self.meant = nearest_field(str(self.path[-1]), self.owner) if self.is_unknown else None

    @property
    def follows(self) -> bool:
        # pydantic also calls a list too short whose entries are wrong
        return self.kind == "too_short" and len(self.value) >= self.context["min_length"]

    @property
    def by_type(self) -> bool:
        # the part is picked by its field `type`, which is missing or wrong
        return self.kind.startswith("union_tag") and self.context["discriminator"] == "'type'"

    @property
    def field_path(self) -> FieldPath:
        return (*self.path, "type") if self.by_type else self.path

    def message(self) -> str:
        if self.by_type:
            return self._type_message()
        return _MESSAGES.get(self.kind, _Fault.wrong_kind)(self)

    def unknown(self) -> str:
        if self.meant is None:
            return f"unknown field.{did_you_mean('', self.owner.model_fields)}"
        unit = unit_of(self.owner.model_fields[self.meant])
        return f"unknown field. Did you mean {self.meant}?" + (
            f" Its unit is {unit}." if unit != "-" else ""
        )

    def outside_limits(self) -> str:
        return f"{shown(self.value)} is not {limits_text(self.taken.metadata)}."

    def other_choice(self) -> str:
        choices = get_args(self.taken.kind)
        if len(choices) == 1:
            return f"must be {choices[0]}, not {shown(self.value)}."
        return f"{shown(self.value)} is not one of {', '.join(map(str, choices))}."

    def too_short(self) -> str:
        return f"is empty, but needs at least {self.context['min_length']}."

    def own_words(self) -> str:
        return f"{shown(self.value)} {self.context['error']}."

    def wrong_kind(self) -> str:
        expected = " or ".join(dict.fromkeys(_kind_text(option) for option in self.allowed))
        return f"expected {expected}, got {_got(self.value)}.{self._hint()}"

    def _type_message(self) -> str:
        choices = ", ".join(str(option.tag) for option in self.allowed)
        if self.kind == "union_tag_not_found":
            return f"required field is missing. Allowed: {choices}."
        return f"{shown(self.value.get('type'))} is not one of {choices}."

    def _hint(self) -> str:
        kinds = {option.kind for option in self.allowed}
        if isinstance(self.value, str) and kinds & {int, float} and _is_number(self.value):
            return " Remove the quotes."
        if isinstance(self.value, float) and int in kinds and self.value.is_integer():
            return f" Write {self.value:.0f}."
        is_list = any(option.entries for option in self.allowed)
        return f" Write [{shown(self.value)}]." if is_list and _is_scalar(self.value) else ""


_MESSAGES: Final[Mapping[str, Callable[[_Fault], str]]] = MappingProxyType(
    {
        "extra_forbidden": _Fault.unknown,
        "missing": lambda _: "required field is missing.",
        "greater_than": _Fault.outside_limits,
        "greater_than_equal": _Fault.outside_limits,
        "less_than": _Fault.outside_limits,
        "less_than_equal": _Fault.outside_limits,
        "finite_number": lambda fault: f"{shown(fault.value)} is not a finite number.",
        "literal_error": _Fault.other_choice,
        "string_pattern_mismatch": lambda fault: (
            f"{shown(fault.value)} is not a name: use lower-case letters, digits, - and _ "
            "(at most 64, the first a letter or digit)."
        ),
        "string_too_short": lambda _: "is empty.",
        "too_short": _Fault.too_short,
        "value_error": _Fault.own_words,
    }
)


def nearest_field(name: str, part: type[Part]) -> str | None:
    """Find the field that an unknown one was meant to be.

    Parameters
    ----------
    name : str
        The unknown field.
    part : type
        The part it stands in.

    Returns
    -------
    str or None
        A field that differs only in the unit at its end, else the most similar one, else None.
    """
    for field, info in part.model_fields.items():
        stem = _stem(field, unit_of(info))
        if stem and (name == stem or name.startswith(f"{stem}_")):
            return field
    return next(iter(get_close_matches(name, part.model_fields, n=1, cutoff=0.6)), None)


def unit_of(field: FieldInfo) -> str:
    """Look up the unit of a field.

    Parameters
    ----------
    field : FieldInfo
        A field of the schema.

    Returns
    -------
    str
        Its unit; ``-`` where it has none.
    """
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else "-"


def limits_text(metadata: Iterable[object]) -> str:
    """Write a number's limits in words.

    Parameters
    ----------
    metadata : iterable
        Its limits, among whatever else is known of it.

    Returns
    -------
    str
        For example ``between 0 and 1`` or ``above 0``; empty where there are none.
    """
    words: dict[str, str] = {}
    for item in metadata:
        match item:
            case limit.Ge():
                words["at least"] = f"{item.ge:.10g}"
            case limit.Gt():
                words["above"] = f"{item.gt:.10g}"
            case limit.Le():
                words["at most"] = f"{item.le:.10g}"
            case limit.Lt():
                words["below"] = f"{item.lt:.10g}"
    if words.keys() == {"at least", "at most"}:
        return f"between {words['at least']} and {words['at most']}"
    return " and ".join(f"{word} {bound}" for word, bound in words.items())


def shown(value: object) -> str:
    """Write a value as it stands in YAML.

    Parameters
    ----------
    value : object
        A raw value.

    Returns
    -------
    str
        The value, on one line and cut where it is long.
    """
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return quoted(value)
        case float() if not math.isfinite(value):
            return f"{value}".replace("inf", ".inf").replace("nan", ".nan")
        case int() | float():
            return f"{value}"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _got(value: object) -> str:
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "nothing" if value is None else shown(value)


def _kind_text(option: Alternative) -> str:
    if option.part:
        return "a mapping"
    if option.entries:
        return "a list"
    return "a choice" if get_origin(option.kind) is Literal else _KINDS[option.kind]


def _stem(field: str, unit: str) -> str | None:
    ending = unit.lower().replace("co2e", "").replace("/", "_per_").removeprefix("1_")
    return field.removesuffix(f"_{ending}") if field.endswith(f"_{ending}") else None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float))
