"""Every mistake in a sweep is told with its place, what is allowed, and what was meant."""

import re

import pytest
from scenario_texts import BASE

from sim.errors import ScenarioError
from sim.scenario.load import load_variants
from sim.scenario.sweep.load import load_study

LINES = len(BASE.splitlines())
CAPACITY = "sites.lab.battery.capacity_kwh"
SOLAR = "sites.lab.solar.dc_capacity_kw"
NODES = "sites.lab.datacenter.clusters.main.nodes"
PUE = "sites.lab.datacenter.pue"


def mistakes(folder, text, load=load_study, **options):
    """Return the problems of the base with this added, with lines counted from the added one."""
    (folder / "s.yaml").write_text(BASE + text)
    with pytest.raises(ScenarioError, match="problem") as caught:
        load(folder / "s.yaml", **options)
    return [
        f"{one.line - LINES}:{one.column} {one.where}: {one.message}"
        for one in caught.value.problems
    ]


def axis(text, more=""):
    return f"sweep: {{{more}axes: [{{{text}}}]}}\n"


def told(text):
    """Return the only problem's place in the sweep and what it says."""
    return re.sub(r"^1:\d+ sweep\.?(axes)?(\[0\])?\.?", "", text)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sites.labb.battery.capacity_kwh", 'sites has no entry "labb". Did you mean lab?'),
        ("sites.lab.batery.capacity_kwh", 'sites.lab has no field "batery". Did you mean battery?'),
        ("sites.lab.battery.capacity",
         'sites.lab.battery has no field "capacity". Did you mean capacity_kwh?'),
        ("stes.lab", 'the scenario has no field "stes". Did you mean sites?'),
        ("workload.train.gpus", 'workload has no entry "train". Did you mean training?'),
        ("policies.shifti.order", 'policies has no entry "shifti". Did you mean shifty?'),
        ("sites.0.battery.capacity_kwh", 'sites has no entry "0". Allowed: lab.'),
        ("sites.lab.battery",
         "sites.lab.battery takes no single value, but a mapping. Go on to a field of it."),
        ("sites", "sites takes no single value, but a list. Go on to a field of it."),
        ("duration_h.x", "duration_h is a single value and has no fields. End the path there."),
        (f"{PUE}.cooling", f"{PUE} is 1.2 here, which has no fields. Write it as a mapping."),
        ("policies.fifo.order",
         'policies.fifo is "fifo" here, which has no fields. Write it as a mapping.'),
        ("policies.shifty.shift.signal",
         'policies.shifty.shift is "lowest-window" here, which has no fields. Write it as a '
         "mapping."),
        ("sites.lab.datacenter.network.switches.0.count",
         'sites.lab.datacenter.network.switches has no entry "0". It has no entries.'),
        *((name, f"{name} cannot vary: it says which runs there are, or names things.")
          for name in ("name", "seeds", "policies", "sites.lab.name", "schema_version")),
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere(tmp_path, path, message):
    (found,) = mistakes(tmp_path, axis(f"path: {path}, values: [1]"))
    assert told(found) == f"path: {message}"
    assert found.startswith(f"1:{axis('').index('}]') + len('path: ') + 1} ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (f"path: {CAPACITY}, values: [400, -1]", "values[1]: -1 is not above 0."),
        (f"path: {CAPACITY}, values: [400, .nan]", "values[1]: .nan is not a finite number."),
        (f"path: {CAPACITY}, values: [.inf]", "values[0]: .inf is not a finite number."),
        (f"path: {CAPACITY}, values: []", "values: is empty, but needs at least 1."),
        (f"path: {CAPACITY}, values: 5", "values: expected a list, got 5. Write [5]."),
        (f"path: {CAPACITY}, values: [big]",
         'values[0]: expected a number, got the text "big".'),
        (f'path: {CAPACITY}, values: ["5"]',
         'values[0]: expected a number, got the text "5". Remove the quotes.'),
        (f"path: {CAPACITY}, values: [[1]]", "values[0]: expected text or true or false or a "
         "number, got a list."),
        (f"path: {NODES}, values: [1.5]", "values[0]: expected a whole number, got 1.5."),
        (f"path: {NODES}, values: [true]", "values[0]: expected a whole number, got true."),
        ("path: step_min, values: [7]",
         "values[0]: 7 is not one of 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60."),
        ("path: sites.lab.weather.tmy, values: [12]", "values[0]: expected text, got 12."),
        ("path: sites.lab.weather.tmy, values: [miami]", 'values[0]: "miami" is not in the catalog '
         "of weather stations. Did you mean miami-fl?"),
        ("path: policies.shifty.order, values: [fif]",
         'values[0]: there is no order policy "fif". Did you mean fifo?'),
        (f"path: {CAPACITY}, values: [400, 400.0]", "values[1]: 400 stands twice. Remove one."),
        (f"path: {CAPACITY}, values: [400, big]",
         'values[1]: "big" is of another kind than the first value, 400.'),
        ("path: sites.lab.battery.min_soc, values: [0.1, 0.99]",
         "values[1]: 0.99 is not below max_soc (0.95)."),
        ("path: sites.lab.battery.max_soc, values: [0.02]",
         "values[0]: with max_soc = 0.02: sites[0].battery.min_soc: 0.05 is not below max_soc "
         "(0.02)."),
        (f"path: {CAPACITY}, values: [400], count: 3", "count: stands beside values. Remove one of "
         "them."),
        (f"path: {CAPACITY}, values: [400], name: Big One",
         'name: "Big One" is not a name: use lower-case letters, digits, - and _ (at most 64, the '
         "first a letter or digit)."),
        (f"path: {CAPACITY}, values: [400], name: policy",
         "name: policy is the name of another column. Give the axis another name:."),
        (f"path: {CAPACITY}, vales: [400]", "vales: unknown field. Did you mean values?"),
        (f"path: {CAPACITY}", ": has no values. Write values: [...], or from: and to:."),
    ],
)  # fmt: skip
def test_a_wrong_value(tmp_path, fields, message):
    found = mistakes(tmp_path, axis(fields))
    assert message in [told(one) for one in found]
    assert all(told(one) == message or "has no values" in one for one in found)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (f"path: {CAPACITY}, from: 500, to: 100, count: 3", "to: 100 is not above from, which is "
         "500."),
        (f"path: {CAPACITY}, from: 500, count: 3", "to: required field is missing: a range has "
         "both ends."),
        (f"path: {CAPACITY}, to: 500, count: 3", "from: required field is missing: a range has "
         "both ends."),
        (f"path: {CAPACITY}, from: 100, to: 500", "count: required field is missing: grid needs "
         "to know how many values."),
        (f"path: {CAPACITY}, from: 100, to: 500, count: 1", "count: 1 is not between 2 and 1000."),
        (f"path: {CAPACITY}, from: 0, to: 500, count: 3, spacing: log",
         "from: 0 is not above 0, which spacing: log needs."),
        (f"path: {CAPACITY}, from: 0, to: 500, count: 3", "from: 0 is not above 0."),
        (f"path: {CAPACITY}, from: .nan, to: 500, count: 3",
         "from: .nan is not a finite number."),
        ("path: sites.lab.datacenter.pue, from: 0.5, to: 0.9, count: 3",
         "count: 0.7 is not at least 1."),
        ("path: sites.lab.weather.tmy, from: 1, to: 5, count: 3",
         "from: sites.lab.weather.tmy takes no numbers. Write its values: [...]."),
        (f"path: {NODES}, from: 1, to: 3, count: 8",
         "count: 8 values do not fit between 1 and 3 in whole numbers: only 3 differ."),
        (f"path: {NODES}, from: 1.5, to: 3, count: 2",
         "from: expected a whole number, got 1.5."),
    ],
)  # fmt: skip
def test_a_wrong_range(tmp_path, fields, message):
    assert message in [told(one) for one in mistakes(tmp_path, axis(fields))]


@pytest.mark.parametrize(
    ("tied", "message"),
    [
        ("sites.lab.battery.max_charge: 1",
         'tied."sites.lab.battery.max_charge": sites.lab.battery has no field "max_charge". Did '
         "you mean max_charge_kw?"),
        ("sites.lab.battery.max_charge_kw: -1",
         'tied."sites.lab.battery.max_charge_kw": -200 is not at least 0.'),
        ("sites.lab.battery.max_charge_kw: [50, -1]",
         'tied."sites.lab.battery.max_charge_kw"[1]: -1 is not at least 0.'),
        ("sites.lab.battery.max_charge_kw: .nan",
         'tied."sites.lab.battery.max_charge_kw": .nan is no factor. Write a number, or a list '
         "with one entry for each value of the axis."),
        ("sites.lab.battery.max_charge_kw: big",
         'tied."sites.lab.battery.max_charge_kw": "big" is no factor. Write a number, or a list '
         "with one entry for each value of the axis."),
        ("sites.lab.battery.max_charge_kw: [1]",
         'tied."sites.lab.battery.max_charge_kw": has 1 entries, but the axis 2 values. Give one '
         "for each."),
        ("sites.lab.battery.max_charge_kw: [1, [2]]",
         'tied."sites.lab.battery.max_charge_kw"[1]: a list is no number, text, true or false.'),
        (f"{CAPACITY}: 2",
         f'tied."{CAPACITY}": {CAPACITY} moves already, with {CAPACITY}. A field moves once.'),
    ],
)  # fmt: skip
def test_a_wrong_tie(tmp_path, tied, message):
    found = mistakes(tmp_path, axis(f"path: {CAPACITY}, values: [200, 400], tied: {{{tied}}}"))
    assert message in [told(one) for one in found]


def test_ties_need_numbers_to_multiply_and_values_to_list(tmp_path):
    text = axis("path: sites.lab.weather.tmy, values: [miami-fl], tied: {duration_h: 2}")
    (found,) = mistakes(tmp_path, text)
    assert told(found) == ("tied.duration_h: is a factor, but the axis has no numbers. Write a "
                           "list with one entry for each value of the axis.")
    text = axis(f"path: {CAPACITY}, from: 1, to: 9, count: 3, tied: {{duration_h: [1, 2, 3]}}")
    (found,) = mistakes(tmp_path, text)
    assert told(found) == (
        "tied.duration_h: is a list, but the axis lists no values. Write a factor."
    )


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ("combine: gridd, ", 'combine: "gridd" is not one of grid, zip, latin-hypercube, sobol, '
         "sobol-indices, one-at-a-time."),
        ("combine: sobol, ", "samples: required field is missing: sobol draws so many."),
        ("combine: sobol, samples: 100, ", "samples: 100 is not a power of two, which sobol needs. "
         "Take 64 or 128."),
        ("combine: sobol-indices, samples: 3, ", "samples: 3 is not a power of two, which "
         "sobol-indices needs. Take 2 or 4."),
        ("combine: latin-hypercube, samples: 0, ", "samples: 0 is not between 1 and 100000."),
        ("samples: 4, ", "samples: grid draws no samples. Remove this, or combine: "
         "latin-hypercube, sobol, sobol-indices."),
        ("combine: zip, seed: 4, ", "seed: zip draws no samples. Remove this, or combine: "
         "latin-hypercube, sobol, sobol-indices."),
        ("sample: 4, ", "sample: unknown field. Did you mean samples?"),
    ],
)  # fmt: skip
def test_a_wrong_design(tmp_path, design, message):
    text = axis(f"path: {CAPACITY}, values: [200, 400]", design)
    assert [told(one) for one in mistakes(tmp_path, text)] == [message]


def two(first, second, more=""):
    return f"sweep:\n  combine: {more or 'grid'}\n  axes:\n    - {{{first}}}\n    - {{{second}}}\n"


def test_two_axes_need_names_and_fields_of_their_own(tmp_path):
    solar, charge = f"path: {SOLAR}", "path: sites.lab.battery.max_charge_kw"
    same = "values: [1], name: a"
    found = mistakes(tmp_path, two(f"{solar}, {same}", f"{charge}, {same}"))
    assert found == ["5:66 sweep.axes[1].name: another axis is named a already. Give each a name "
                     "of its own."]
    found = mistakes(tmp_path, two(f"{solar}, values: [1], name: a", f"{solar}, values: [2]"))
    assert found == [f"5:14 sweep.axes[1].path: {SOLAR} moves already, with {SOLAR}. A field moves "
                     "once."]
    tied = f"path: {CAPACITY}, values: [1], tied: {{sites.lab.battery.max_charge_kw: 1}}"
    found = mistakes(tmp_path, two(tied, f"{charge}, values: [2]"))
    assert found == ["5:14 sweep.axes[1].path: sites.lab.battery.max_charge_kw moves already, with "
                     "sites.lab.battery.max_charge_kw. A field moves once."]


def test_an_axis_may_not_be_named_as_another_column_is(tmp_path):
    text = axis(f"path: {PUE}, values: [1.1, 1.2]")
    (found,) = mistakes(tmp_path, text, taken={"pue"})
    assert told(found) == "name: pue is the name of another column. Give the axis a name:."


def test_zip_needs_axes_of_one_length(tmp_path):
    text = two(f"path: {CAPACITY}, values: [200, 400]", f"path: {SOLAR}, values: [1, 2, 3]", "zip")
    assert mistakes(tmp_path, text) == [
        "5:46 sweep.axes[1].values: makes 3 values, but the first axis 2. zip takes them in pairs: "
        "give all axes as many, or combine: grid."
    ]


def test_a_study_of_too_many_points_is_refused(tmp_path):
    many = "from: 1, to: 900, count: 400"
    text = two(f"path: {CAPACITY}, {many}", f"path: {SOLAR}, {many}")
    assert mistakes(tmp_path, text) == [
        "1:1 sweep: makes 160,000 points; a study has at most 100,000. Take fewer values, or "
        "samples (latin-hypercube, sobol)."
    ]


def test_a_range_of_a_sampled_design_has_no_count(tmp_path):
    text = axis(f"path: {CAPACITY}, from: 1, to: 9, count: 3", "combine: sobol, samples: 4, ")
    (found,) = mistakes(tmp_path, text)
    assert told(found) == "count: sobol has no use for it. Remove this."


def test_sobol_indices_need_points_that_differ(tmp_path):
    text = axis(f"path: {NODES}, from: 1, to: 3", "combine: sobol-indices, samples: 8, ")
    (found,) = mistakes(tmp_path, text)
    assert told(found) == (
        "combine: draws the same point twice, as an axis has too few values. sobol-indices needs "
        "axes with from and to that take other than whole numbers."
    )


def test_one_at_a_time_needs_a_value_to_begin_with(tmp_path):
    text = axis("path: sites.lab.grid.export_limit_kw, values: [1, 2]", "combine: one-at-a-time, ")
    (found,) = mistakes(tmp_path, text)
    assert told(found) == (
        "path: sites.lab.grid.export_limit_kw is null in the scenario. one-at-a-time begins with "
        "the scenario's own value: give it one."
    )


def test_values_that_do_not_go_together_are_told_with_the_point(tmp_path):
    text = two("path: sites.lab.battery.min_soc, values: [0.1, 0.4]",
               "path: sites.lab.battery.initial_soc, values: [0.3, 0.5]")
    assert mistakes(tmp_path, text) == [
        "5:54 sweep.axes[1].values[0]: with min_soc = 0.4, initial_soc = 0.3: 0.3 is not between "
        "min_soc (0.4) and max_soc (0.95)."
    ]


def test_a_variant_that_a_value_does_not_fit_is_named(tmp_path):
    text = (
        "variants:\n"
        "  - {name: dark, sites: [{name: lab, battery: {initial_soc: 0.2}}]}\n"
        "  - {name: bare, policies: [fifo]}\n"
        + axis("path: sites.lab.battery.min_soc, values: [0.1, 0.3]")
    )
    assert mistakes(tmp_path, text) == [
        "4:64 sweep.axes[0].values[1]: in variant dark: with min_soc = 0.3: "
        "sites[0].battery.initial_soc: 0.2 is not between min_soc (0.3) and max_soc (0.95)."
    ]
    text = text.replace("sites.lab.battery.min_soc", "policies.shifty.order")
    assert mistakes(tmp_path, text.replace("[0.1, 0.3]", "[edf]")) == [
        '4:23 sweep.axes[0].path: in variant bare: policies has no entry "shifty". Allowed: fifo.'
    ]


def test_a_variant_has_no_sweep_of_its_own(tmp_path):
    text = "variants:\n  - {name: a, sweep: {combine: zip}}\n"
    found = mistakes(tmp_path, text)
    assert found[0] == (
        "2:15 variants[0].sweep: a variant has no sweep of its own; the scenario's is for all of "
        "them. Remove this."
    )


@pytest.mark.parametrize("name", ["failed", "runs", "figures", "base"])
def test_a_variant_may_not_have_the_name_of_a_studys_own_folders(tmp_path, name):
    (found,) = mistakes(tmp_path, f"variants: [{{name: {name}}}]\n")
    assert found == (f"1:19 variants[0].name: {name} is taken. Give the variant another name.")


def test_mistakes_of_a_sweep_stop_plain_runs_too_and_stand_beside_others(tmp_path):
    text = axis("path: sites.lab.batery.capacity_kwh, values: [1]") + "variants: [{name: Big}]\n"
    found = mistakes(tmp_path, text, load_variants)
    assert [one.partition(" ")[0] for one in found] == ["1:23", "2:19"]


@pytest.mark.parametrize(
    "sweep",
    [
        "5", "{axes: 5}", "{axes: [5]}", "{axes: []}", "{}",
        "{axes: [{path: 5, values: [1], tied: 7}], combine: sobol}",
        "{axes: [{path: '', from: x, to: [1], count: -1}]}",
        "{axes: [{path: sites.lab.battery.capacity_kwh, tied: {a: *x}}]}",
    ],
)  # fmt: skip
def test_a_broken_sweep_is_told_without_a_crash(tmp_path, sweep):
    assert mistakes(tmp_path, f"sweep: {sweep}\n")
