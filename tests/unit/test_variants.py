"""Variants of a scenario: what laying one over the base gives, and where mistakes are told."""

import json
import re
from types import NoneType
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import BASE, problems

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario, load_variants, resolved_yaml
from sim.scenario.positions import Finding, Source
from sim.scenario.reference import json_schema, parts_of_schema
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.workload import JobsFile, Training
from sim.scenario.variants import problems as told
from sim.scenario.variants import versions

LINES = len(BASE.splitlines())


@pytest.fixture
def loaded(tmp_path):
    """Load the base with some variants."""

    def load(variants, base=BASE):
        (tmp_path / "s.yaml").write_text(f"{base}variants:\n{variants}")
        return load_variants(tmp_path / "s.yaml")

    return load


def mistakes(folder, variants, base=BASE):
    """Return the problems of the base with these variants, with lines counted from `variants:`."""
    found = problems(folder, f"{base}variants:\n{variants}")
    first = len(base.splitlines()) + 1
    return [re.sub(r"^\d+", lambda line: str(int(line[0]) - first), one)
            if int(one.partition(":")[0]) > first else f"base {one}" for one in found]


def test_base_comes_first_then_the_variants_in_their_order(loaded):
    found = loaded("  - {name: b, duration_h: 48}\n  - {name: a, duration_h: 12}\n")
    assert [one.variant for one in found] == [None, "b", "a"]
    assert [one.spec.duration_h for one in found] == [24, 48, 12]
    assert {one.spec.name for one in found} == {"base"}
    assert {one.path.name for one in found} == {"s.yaml"}


def test_mappings_merge_field_by_field(loaded):
    base, big = loaded("  - {name: big, sites: [{name: lab, battery: {capacity_kwh: 800}}]}\n")
    assert big.spec.sites[0].battery == base.spec.sites[0].battery.model_copy(
        update={"capacity_kwh": 800}
    )
    assert big.spec.sites[0].solar == base.spec.sites[0].solar
    assert base.spec.sites[0].battery.capacity_kwh == 400


def test_lists_of_named_entries_merge_by_name_and_take_new_entries(loaded):
    variants = """\
  - name: more
    sites:
      - name: lab
        datacenter: {clusters: [{name: new, accelerator: t4, nodes: 1}, {name: main, nodes: 8}]}
      - {name: annex, base_load: {constant_kw: 5}}
    policies: [{name: shifty, storage: idle}]
"""
    _, more = loaded(variants)
    assert [site.name for site in more.spec.sites] == ["lab", "annex"]
    clusters = more.spec.sites[0].datacenter.clusters
    assert [(one.name, one.accelerator, one.nodes) for one in clusters] == [
        ("main", "h100-sxm", 8), ("new", "t4", 1),
    ]
    fifo, shifty = more.spec.policies
    assert (fifo, shifty.shift, shifty.storage) == ("fifo", "lowest-window", "idle")


def test_stream_of_jobs_without_a_name_is_found_by_its_type(loaded):
    _, busy = loaded("  - {name: busy, workload: [{name: training, gpus: 16}]}\n")
    assert [(one.gpus, one.arrivals.poisson_per_h) for one in busy.spec.workload] == [(16, 1)]


@pytest.mark.parametrize("stream", [Training, JobsFile])
def test_stream_of_jobs_is_named_after_its_type_unless_it_says_otherwise(stream):
    assert stream.model_fields["name"].default in get_args(stream.model_fields["type"].annotation)


def test_anything_else_replaces_what_the_base_has(loaded):
    _, other = loaded("  - {name: other, policies: [sjf], seeds: [7], workload: [], step_min: 5}\n")
    spec = other.spec
    assert (spec.policies, spec.seeds, spec.workload, spec.step_min) == (("sjf",), (7,), (), 5)


def test_null_takes_a_field_out(loaded):
    _, without = loaded("""\
  - name: without
    seeds: null
    sites: [{name: lab, battery: null, grid: {import_limit_kw: null}}]
""")
    assert without.spec.seeds == (1,)
    assert without.spec.sites[0].battery is None
    assert without.spec.sites[0].grid.import_limit_kw is None
    assert without.spec.sites[0].grid.market == "us-carolinas"


def test_null_lets_a_part_take_another_shape(loaded, tmp_path):
    (tmp_path / "wind.csv").write_text("time,w\n0,1\n86400,1\n")
    farm = "{turbine: null, hub_height_m: null, shear_exponent: null, "
    _, own, cooled = loaded(f"""\
  - name: own
    sites: [{{name: lab, wind: {farm}series: {{file: wind.csv, column: w, unit: kW}}}}}}]
  - name: cooled
    sites: [{{name: lab, datacenter: {{pue: {{cooling: air-chiller}}}}}}]
""")
    assert own.spec.sites[0].wind.series.column == "w"
    assert [path.name for path in own.data_files] == ["wind.csv"]
    assert cooled.spec.sites[0].datacenter.pue.cooling == "air-chiller"


@pytest.mark.parametrize(
    ("part", "name"),
    [(part, name) for part in parts_of_schema() for name, field in part.model_fields.items()
     if NoneType in get_args(field.annotation)],
)
def test_null_means_the_default_wherever_it_is_allowed(part, name):
    """So that a variant's null cannot be meant in two ways."""
    field = part.model_fields[name]
    assert field.is_required() or field.default is None


def test_scenario_without_variants_is_its_only_version(loaded, tmp_path):
    (tmp_path / "s.yaml").write_text(BASE)
    assert [one.variant for one in load_variants(tmp_path / "s.yaml")] == [None]
    assert len(loaded("  []\n")) == 1


def test_variant_is_loaded_by_name(loaded, tmp_path):
    loaded("  - {name: long, duration_h: 48}\n")
    path = tmp_path / "s.yaml"
    assert load_scenario(path).variant is None
    assert load_scenario(path, variant="base").variant is None
    assert load_scenario(path, variant="long").spec.duration_h == 48
    with pytest.raises(ScenarioError, match=r'variants: has none named "lang"\. Did you mean long'):
        load_scenario(path, variant="lang")


def test_hash_of_a_variant_is_that_of_the_merged_scenario(loaded, tmp_path):
    (tmp_path / "t.yaml").write_text(BASE)
    alone = load_scenario(tmp_path / "t.yaml").content_hash("fifo", 1)
    (tmp_path / "t.yaml").write_text(BASE.replace("capacity_kwh: 400", "capacity_kwh: 800"))
    merged = load_scenario(tmp_path / "t.yaml").content_hash("fifo", 1)
    base, big = loaded("  - {name: big, sites: [{name: lab, battery: {capacity_kwh: 800}}]}\n")
    assert base.content_hash("fifo", 1) == alone
    assert big.content_hash("fifo", 1) == merged != alone


def test_resolved_scenario_is_the_merged_one_without_variants(loaded, tmp_path):
    base, long = loaded("  - {name: long, duration_h: 48}\n")
    for one in (base, long):
        (tmp_path / "r.yaml").write_text(resolved_yaml(one.spec))
        assert "variants" not in (tmp_path / "r.yaml").read_text()
        again = load_scenario(tmp_path / "r.yaml").spec
        assert again == one.spec.model_copy(update={"variants": ()})


# mistakes


def test_mistake_in_a_variant_is_told_at_its_own_line(tmp_path):
    assert mistakes(tmp_path, """\
  - name: big
    sites:
      - name: lab
        battery: {capacity_kw: 800, max_soc: 1.5}
        grid: {tariff: {timezone: Europe/Berln}}
  - name: long
    duration_h: "48"
    polices: [fifo]
""") == [
        "4:19 variants[0].sites[0].battery.capacity_kw: unknown field. Did you mean capacity_kwh? "
        "Its unit is kWh.",
        "4:46 variants[0].sites[0].battery.max_soc: 1.5 is not between 0 and 1.",
        "5:35 variants[0].sites[0].grid.tariff.timezone: \"Europe/Berln\" is not a time zone. Did "
        "you mean Europe/Berlin?",
        "7:17 variants[1].duration_h: expected a number, got the text \"48\". Remove the quotes.",
        "8:5 variants[1].polices: unknown field. Did you mean policies?",
    ]


def test_required_field_that_a_variant_takes_out_is_told_there(tmp_path):
    assert mistakes(tmp_path, """\
  - {name: a, duration_h: null}
  - {name: b, sites: [{name: lab, backup: {fuel_usd_per_l: 2}}]}
""") == [
        "1:27 variants[0].duration_h: required field is missing.",
        "2:35 variants[1].sites[0].backup.capacity_kw: required field is missing.",
    ]


def test_mistakes_in_a_list_that_replaces_stand_in_the_variant(tmp_path):
    variants = "  - {name: a, policies: [fifo, fifa]}\n  - {name: b, seeds: []}\n"
    assert mistakes(tmp_path, variants) == [
        '1:32 variants[0].policies[1]: there is no policy "fifa". Did you mean fifo?',
        "2:15 variants[1].seeds: is empty, but needs at least 1.",
    ]


def test_mistake_of_the_base_is_told_once_however_many_variants_have_it(tmp_path):
    base = BASE.replace("max_charge_kw: 100", "max_charge: 100").replace("[1, 2]", "[1, 1]")
    line = 1 + base.splitlines().index("      max_charge: 100")
    assert mistakes(tmp_path, """\
  - {name: a, duration_h: 48}
  - {name: b, sites: [{name: lab, battery: {capacity_kwh: 2}}]}
""", base) == [
        "base 6:12 seeds[1]: 1 stands twice. Each seed is one replicate.",
        f"base {line}:7 sites[0].battery.max_charge: unknown field. Did you mean max_charge_kw? "
        "Its unit is kW.",
    ]


def test_mistake_of_the_base_that_a_variant_makes_anew_is_told_at_both(tmp_path):
    base = BASE.replace("seeds: [1, 2]", "seeds: [1, 1]")
    again = "stands twice. Each seed is one replicate."
    assert mistakes(tmp_path, "  - {name: a, seeds: [1, 1]}\n", base) == [
        f"base 6:12 seeds[1]: 1 {again}",
        f"1:26 variants[0].seeds[1]: 1 {again}",
    ]


def test_mistake_that_only_the_variants_make_of_a_line_of_the_base_names_them(tmp_path):
    line = 1 + BASE.splitlines().index("      initial_soc: 0.5")
    assert mistakes(tmp_path, """\
  - {name: a, sites: [{name: lab, battery: {max_soc: 0.4}}]}
  - {name: b, sites: [{name: lab, battery: {max_soc: 0.4, capacity_kwh: 9}}]}
  - {name: c, sites: [{name: lab, battery: {max_soc: 0.3}}]}
""") == [
        f"base {line}:20 sites[0].battery.initial_soc: in variant c: 0.5 is not between min_soc "
        "(0.05) and max_soc (0.3).",
        f"base {line}:20 sites[0].battery.initial_soc: in variants a, b: 0.5 is not between "
        "min_soc (0.05) and max_soc (0.4).",
    ]


def test_field_that_no_longer_fits_is_told_with_the_way_to_take_it_out(tmp_path):
    assert mistakes(tmp_path, "  - {name: a, sites: [{name: lab, weather: {file: no.epw}}]}\n") == [
        "base 9:15 sites[0].weather.tmy: in variant a: unknown field. Allowed: columns, file, "
        "format, location, resample, stamp, units, wind_height_m. A variant takes a field out with "
        "tmy: null.",
        '1:51 variants[0].sites[0].weather.file: "no.epw": no such file.',
    ]


def test_misspelt_name_of_an_entry_is_told_with_those_there_are(tmp_path):
    variants = "  - {name: a, sites: [{name: lap, battery: {capacity_kwh: 1}}]}\n"
    assert mistakes(tmp_path, variants)[0] == (
        "1:35 variants[0].sites[0].battery.max_charge_kw: required field is missing. The base has "
        "no entry named lap here, so this is a new one; it has lab."
    )


def test_name_that_stands_twice_in_a_list_of_a_variant_is_a_mistake(tmp_path):
    (one,) = mistakes(tmp_path, "  - {name: a, sites: [{name: lab}, {name: lab}]}\n")
    assert one == (
        "1:43 variants[0].sites[1].name: another site is named lab already. Give each a name of "
        "its own."
    )


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("  - {name: a}\n  - {name: a}\n",
         "2:12 variants[1].name: another variant is named a already. Give each a name of its own."),
        ("  - {name: base}\n",
         "1:12 variants[0].name: base is taken. Give the variant another name."),
        ("  - {name: figures}\n",
         "1:12 variants[0].name: figures is taken. Give the variant another name."),
        ("  - {duration_h: 2}\n", "1:5 variants[0].name: required field is missing."),
        ("  - {name: No Way}\n",
         '1:12 variants[0].name: "No Way" is not a name: use lower-case letters, digits, - and _ '
         "(at most 64, the first a letter or digit)."),
        ("  - {name: a, variants: []}\n",
         "1:15 variants[0].variants: a variant has no variants of its own. Remove this."),
        ("  - big\n", '1:5 variants[0]: expected a mapping, got the text "big".'),
        ("  - {name: a, seeds: [1], seeds: [2]}\n",
         "1:27 variants[0].seeds: stands twice, first in line 36. Remove one."),
        ("  - {name: a, start: !t x}\n",
         "1:22 variants[0].start: tags such as !t are not read. Write the plain value."),
    ],
)
def test_mistake_in_what_a_variant_is_called_or_how_it_is_written(tmp_path, variants, expected):
    assert mistakes(tmp_path, variants) == [expected]


def test_variants_that_are_no_list_are_refused(tmp_path):
    (one,) = problems(tmp_path, f"{BASE}variants: {{name: a}}\n")
    assert one == f"{LINES + 1}:1 variants: expected a list, got a mapping."


# properties

KEYS = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.integers(0, 9) | st.text("xyz", max_size=2)
PLAIN = st.recursive(
    SCALARS, lambda inner: st.dictionaries(KEYS, inner) | st.lists(inner).map(tuple), max_leaves=12
)
NAMED = st.lists(
    st.tuples(st.sampled_from(["n1", "n2", "n3"]), st.dictionaries(KEYS, PLAIN)),
    min_size=1, max_size=3, unique_by=lambda entry: entry[0],
).map(lambda entries: tuple({"name": name, **fields} for name, fields in entries))
TREES = st.dictionaries(KEYS, PLAIN | NAMED)


def merge_patch(target, patch):
    """Return what the pseudocode of RFC 7396, section 2, gives."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def laid(base, patch):
    source = Source(tree={**base, "variants": ({"name": "v", **patch},)})
    return source, versions(source)[1]


@given(base=st.dictionaries(KEYS, PLAIN), patch=st.dictionaries(KEYS, PLAIN))
def test_without_named_entries_a_variant_is_a_json_merge_patch(base, patch):
    before = repr(base)
    assert laid(base, patch)[1].tree == merge_patch(base, patch)
    assert repr(base) == before


@given(base=TREES, patch=TREES)
def test_laying_a_variant_twice_gives_the_same(base, patch):
    once = laid(base, patch)[1].tree
    assert laid(once, patch)[1].tree == once


@given(base=TREES)
def test_variant_that_says_nothing_is_the_base(base):
    assert laid(base, {})[1].tree == base


def leaves(value, path=()):
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in parts:
        yield (*path, key), inner
        if isinstance(inner, (dict, tuple)):
            yield from leaves(inner, (*path, key))


@given(base=TREES, patch=TREES)
def test_every_value_of_a_variant_is_found_in_the_file_where_a_mistake_in_it_is_told(base, patch):
    source, version = laid(base, patch)
    in_file = dict(leaves(source.tree))
    line_of = {path: line for line, path in enumerate([(), *in_file])}
    source.values.update({path: (line, 1) for path, line in line_of.items()})
    path_at = {line: path for path, line in line_of.items()}
    for path, value in leaves(version.tree):
        if not isinstance(value, (dict, tuple)):
            found = told(source, [(versions(source)[0], []), (version, [Finding(path, "wrong.")])])
            assert in_file[path_at[found[0].line]] == value


# JSON Schema


def test_json_schema_lets_a_variant_say_any_part_of_the_scenario():
    schema = json.loads(json_schema())
    parts = schema["$defs"]
    variant = parts["Variant"]
    assert variant["required"] == ["name"]
    assert set(variant["properties"]) == set(Scenario.model_fields) - {"variants", "sweep"}
    partial = {name: part for name, part in parts.items() if name.startswith("Partial")}
    assert {f"Partial{name}" for name in parts if name not in {"Variant", *partial}} == set(partial)
    assert not any("required" in part for part in partial.values())
    battery = partial["PartialBattery"]["properties"]["capacity_kwh"]["anyOf"]
    assert {"type": "null"} in battery
    references = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
    assert references <= set(parts)
    assert "required" in parts["Battery"]
