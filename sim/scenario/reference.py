"""Make the field reference and the JSON Schema from the schema itself."""

import json
from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types as limit
from pydantic.fields import FieldInfo

from sim.scenario.checks.messages import limits_text, unit_of
from sim.scenario.schema.fields import Part
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.shapes import Alternative, of_field

_TYPES: Final = MappingProxyType(
    {float: "number", int: "whole number", str: "text", bool: "true or false", datetime: "time"}
)

_LOOSE: Final = MappingProxyType({"oneOf": "anyOf"})  # a partial mapping may fit several

_INTRO: Final = """\
# Scenario files

Made from the schema by `gridloom schema --reference scenarios/README.md`; do not edit it by hand.
`gridloom new scenario FILE` writes a commented scenario to start from, `gridloom validate FILE`
finds every mistake in one, and `gridloom schema` prints the JSON Schema, with which editors
complete and check while you type.

A scenario is YAML 1.2. Every number has its unit in its name. Unknown fields, doubled keys, tags,
anchors and aliases are refused. Times carry a zone (`2025-06-02T00:00Z`). File names are relative
to the scenario file.

Some fields take several shapes: then the value's look decides which one is meant. Text is a name,
a number is a number, and a mapping is told by its fields; the tables name the fields that each
needs. Where the default is `null`, the field may be left out or be `null`.

## Variants

A scenario may have variants: partial scenarios, each laid over the scenario and run besides it.

    variants:
      - name: big-battery
        sites:
          - name: campus
            battery: {capacity_kwh: 8000}
      - name: no-sun
        sites: [{name: campus, solar: null}]

Mappings merge field by field, and lists whose entries all have a `name` merge entry by entry (a
stream of jobs without one is named after its type); a name that the scenario does not have adds an
entry. Anything else replaces what the scenario has: `policies: [fifo]` is then the only policy.
`null` takes a field out, so that its default holds. `base` means the scenario itself:
`gridloom run FILE --variant base --variant big-battery`.

## A sweep

A scenario may have one sweep, which `gridloom study FILE` runs: for the scenario and for each
variant, every policy and seed at every point of the axes.

    sweep:
      combine: grid
      axes:
        - path: sites.campus.battery.capacity_kwh
          name: battery_kwh
          values: [1000, 2000, 4000]
          tied:
            sites.campus.battery.max_charge_kw: 0.25
            sites.campus.battery.max_discharge_kw: 0.25
        - {path: workload.training.slack.max_h, name: slack_h, from: 6, to: 48, count: 4}
        - {path: policies.capped.power.cap_fraction, values: [0.6, 0.8, 1.0]}

A path names any field that takes a number, a name, or true or false. Entries of lists go by their
name (a stream of jobs without one by its type, a policy by its name in the tables), those without
names by their place from 0. What is `tied` moves along: by a factor, or by a list with one entry
for each value. `combine` says which values go together:

* `grid`: every value of an axis with every value of the others. `zip`: the first values of all
  axes, then the second ones, and so on.
* `latin-hypercube`, `sobol`: so many `samples` of the whole space, between `from` and `to` or among
  `values`. With `spacing: log` equal factors are equally likely. Twice the samples of `sobol`
  keep the points of half as many.
* `sobol-indices`: `samples` x (axes + 2) points, from which variance-based sensitivity indices
  follow (Saltelli).
* `one-at-a-time`: the scenario as it is, then the least and the greatest value of each axis, every
  other field as it is.

Each value is tried by itself before anything runs, and each point where there are at most 200.
Equal seeds give every point and policy the same arrivals, weather, failures and forecast errors.

## A series of your own

Power, price and carbon intensity can come from a CSV file (or `.csv.gz`), one row an interval:

    time,load,price
    2025-06-02T00:00Z,410,38.2
    2025-06-02T01:00Z,405,36.9

    sites:
      - name: campus
        base_load: {file: campus.csv, column: load, unit: kW}
        grid:
          price: {file: campus.csv, column: price, unit: USD/MWh}

A value holds from its row's time until the next row's. Times are timestamps (UTC where they have
no zone) or seconds since the scenario's start; they must be sorted, unique and evenly spaced, and
cover the run. Values must be finite; powers and carbon intensities must not be negative. Local
times may stand with their `timezone`, prices in EUR with a rate `usd_per_eur`.

Files that others publish are read as they are, by the name of their format:

    price: {file: GUI_ENERGY_PRICES_2024.csv, format: entsoe, zone: DE-LU, usd_per_eur: 1.08}
    average_carbon_intensity: {file: DE_2024.csv, format: electricity-maps, emissions: direct}
    marginal_carbon_intensity: {file: avert.csv, format: avert, zone: MIDA, source_year: 2023,
                                timezone: America/New_York}

`source_year` lays a year of a file onto the years of the run, `latency_h` says how late a signal is
published.
"""


def reference_markdown() -> str:
    """Write the reference of all fields.

    Returns
    -------
    str
        Markdown: a table for each part of a scenario.
    """
    sections = [_section(part, places) for part, places in parts_of_schema().items()]
    return "\n".join([_INTRO, *sections])


def json_schema() -> str:
    """Write the JSON Schema of a scenario, for editors.

    Returns
    -------
    str
        JSON; the unit of each field stands in its keyword ``unit``.
    """
    schema = Scenario.model_json_schema()
    _allow_partial_variants(schema)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gridloom scenario, schema version 1",
    }
    return json.dumps(schema | head, indent=2, ensure_ascii=False) + "\n"


def _allow_partial_variants(schema: dict[str, Any]) -> None:
    """Give a variant all fields of the scenario, none of them required."""
    parts = schema["$defs"]
    variant, fields = parts.pop("Variant"), schema["properties"]
    whole = {"name", "variants", "sweep"}
    partial = {name: value for name, value in fields.items() if name not in whole}
    parts |= {f"Partial{name}": _partial(part) for name, part in parts.items()}
    variant["properties"] |= _partial({"properties": partial})["properties"]
    parts["Variant"] = variant | {"additionalProperties": False}


def _partial(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Loosen a schema: fields may be left out, or be null, and all parts in it are loose too."""
    if isinstance(value, list):
        return [_partial(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    loose = {_LOOSE.get(key, key): _partial(entry) for key, entry in value.items()
             if key not in {"required", "discriminator", "default"}}
    if isinstance(loose.get("$ref"), str):
        loose["$ref"] = loose["$ref"].replace("$defs/", "$defs/Partial")
    if isinstance(value.get("properties"), dict):
        loose["properties"] = {
            name: {"anyOf": [_partial(field), {"type": "null"}]}
            for name, field in value["properties"].items()
        }
    return loose


def parts_of_schema() -> dict[type[Part], list[str]]:
    """List the parts of a scenario and where each may stand.

    Returns
    -------
    dict
        Paths such as ``sites[].battery`` by part, in the order of the scenario.
    """
    places: dict[type[Part], list[str]] = {}
    _collect(Scenario, "", places)
    return places


def _collect(part: type[Part], path: str, places: dict[type[Part], list[str]]) -> None:
    places.setdefault(part, []).append(path)
    for name, field in part.model_fields.items():
        for option in of_field(field):
            inner = f"{path}.{name}" if path else name
            for entry in option.entries or (option,):
                if entry.part:
                    _collect(entry.part, inner + "[]" * bool(option.entries), places)


def _section(part: type[Part], places: list[str]) -> str:
    where = ", ".join(f"`{place}`" for place in dict.fromkeys(places) if place)
    heading = [f"## {part.__name__}", "", " ".join((part.__doc__ or "").split())]
    if where:
        heading += ["", f"Stands at {where}."]
    table = ["", "| field | type | unit | default | allowed | meaning |", "|---" * 6 + "|"]
    rows = [_row(name, field) for name, field in part.model_fields.items()]
    return "\n".join([*heading, *table, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    options = of_field(field)
    cells = (
        f"`{name}`",
        " or ".join(dict.fromkeys(_type_text(option) for option in options)),
        unit_of(field),
        _default_text(field),
        "; ".join(filter(None, (_allowed_text(option) for option in options))),
        " ".join((field.description or "").split()),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type_text(option: Alternative) -> str:
    if option.entries:
        return f"list of {' or '.join(_type_text(entry) for entry in option.entries)}"
    if option.part:
        needed = [f"`{n}`" for n, f in option.part.model_fields.items() if f.is_required()]
        link = f"[{option.part.__name__}](#{option.part.__name__.lower()})"
        return f"{link} (needs {', '.join(needed)})" if needed else link
    if get_origin(option.kind) is Literal:
        choices = get_args(option.kind)
        return "whole number" if isinstance(choices[0], int) else "text"
    return _TYPES[option.kind]


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if isinstance(field.default, Part):
        return "its defaults"
    if isinstance(field.default, float):
        return f"`{field.default:.4g}`"
    text = json.dumps(field.default)
    return "empty" if text == '""' else f"`{text}`"


def _allowed_text(option: Alternative) -> str:
    if get_origin(option.kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(option.kind))
    return limits_text(option.metadata) or "; ".join(_length_texts(option))


def _length_texts(option: Alternative) -> Iterator[str]:
    for item in option.metadata:
        if isinstance(item, limit.MinLen):
            yield f"at least {item.min_length}" if option.entries else "not empty"
        elif pattern := getattr(item, "pattern", None):
            yield f"`{pattern}`"
