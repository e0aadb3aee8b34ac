"""The field reference: current, complete, and with a unit for every number."""

import json
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from sim.scenario.reference import json_schema, parts_of_schema, reference_markdown
from sim.scenario.schema.fields import Part, item, number
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.shapes import of_field
from sim.units import CARBON_UNITS, POWER_UNITS, PRICE_UNITS, RATE_UNITS

README = Path(__file__).parents[2] / "scenarios" / "README.md"
FIELDS = [
    (part, name, field)
    for part in parts_of_schema()
    for name, field in part.model_fields.items()
]  # fmt: skip


def test_reference_in_the_repository_is_current():
    assert README.read_text(encoding="utf-8") == reference_markdown(), "run `make docs`"


def test_every_part_of_the_schema_is_reached():
    def below(part):
        return {part}.union(*(below(child) for child in part.__subclasses__()))

    abstract = {"Part", "Chosen", "FileSeries", "SeriesSource", "Hours"}
    abstract |= {"Arriving", "ModelJobs", "LanguageModelRun", "Standing"}
    abstract |= {"_Swept", "_SweptFrom"}
    own = {part for part in below(Part) if part.__module__.startswith("sim.scenario.")}
    assert {part.__name__ for part in own - set(parts_of_schema())} == abstract


@pytest.mark.parametrize(("part", "name", "field"), FIELDS)
def test_no_description_or_unit_is_blank(part, name, field):
    assert field.description.strip().endswith((".", ").")), f"{part.__name__}.{name}"
    assert field.json_schema_extra["unit"].strip()
    assert part.__doc__.strip()


@pytest.mark.parametrize(("part", "name", "field"), FIELDS)
def test_every_number_says_a_unit_that_its_name_agrees_with(part, name, field):
    unit = field.json_schema_extra["unit"]
    endings = {
        "_kw": "kW", "_kwh": "kWh", "_h": "h", "_min": "min", "_m": "m", "_m2": "m2", "_w": "W",
        "_kg": "kgCO2e", "_usd_per_kwh": "USD/kWh", "_usd_per_kw": "USD/kW",
        "_usd_per_t": "USD/tCO2e", "_per_k": "1/K", "_per_h": "1/h", "_g_per_kwh": "gCO2e/kWh",
        "_l_per_kwh": "L/kWh", "_usd_per_l": "USD/L", "_kg_per_l": "kgCO2e/L",
        "_kg_per_kw": "kgCO2e/kW", "_kg_per_kwh": "kgCO2e/kWh", "_kg_per_tb": "kgCO2e/TB",
    }  # fmt: skip
    ending = max((e for e in endings if name.endswith(e)), key=len, default=None)
    is_number = any(option.kind in {int, float} for option in of_field(field))
    if ending and is_number:
        assert unit == endings[ending], f"{part.__name__}.{name}"


def test_units_of_series_are_those_that_can_be_converted():
    units = {
        part.__name__: set(get_args(part.model_fields["unit"].annotation))
        for part in parts_of_schema()
        if part.__name__.endswith("Series")
        and get_origin(getattr(part.model_fields.get("unit"), "annotation", None)) is Literal
    }
    assert units == {
        "PowerSeries": set(POWER_UNITS),
        "PriceSeries": set(PRICE_UNITS) | {unit.replace("USD", "EUR") for unit in PRICE_UNITS},
        "CarbonSeries": set(CARBON_UNITS),
        "FractionSeries": {"-", "%"},
        "RateSeries": set(RATE_UNITS),
    }


def test_reference_row_tells_type_unit_default_limits_and_meaning():
    assert (
        "| `max_soc` | number | - | `0.95` | between 0 and 1 | Never charged above this. |"
        in reference_markdown()
    )


def test_json_schema_is_closed_and_carries_units():
    schema = json.loads(json_schema())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    battery = schema["$defs"]["Battery"]
    assert battery["additionalProperties"] is False
    assert battery["properties"]["capacity_kwh"]["unit"] == "kWh"
    assert battery["properties"]["capacity_kwh"]["title"] == "capacity_kwh"
    assert schema["$defs"]["Role"]["additionalProperties"] is True
    assert set(schema["properties"]) == set(Scenario.model_fields)


def test_number_without_default_is_required():
    class Sample(Part):
        """A sample."""

        size_m: float = number("Size.", unit="m", gt=0)
        label: str = item("Label.", default="x")

    assert Sample.model_fields["size_m"].is_required()
    assert Sample(size_m=1.0).label == "x"
