"""Wrong scenarios, each with the very lines that the user must read."""

import gzip
import os
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario

BASE = """\
schema_version: 1
name: base
start: 2025-06-02T00:00Z
duration_h: 24
step_min: 15
seeds: [1, 2]
sites:
  - name: lab
    weather: {tmy: greensboro-nc}
    solar: {dc_capacity_kw: 100}
    wind: {turbine: ewt-dw61-1000, hub_height_m: 69, shear_exponent: 0.2}
    battery:
      capacity_kwh: 400
      max_charge_kw: 100
      max_discharge_kw: 100
      initial_soc: 0.5
    grid:
      market: us-carolinas
      tariff: {timezone: America/New_York, delivery_usd_per_kwh: 0.03}
      import_limit_kw: 500
    base_load: {constant_kw: 10}
    datacenter:
      clusters:
        - {name: main, accelerator: h100-sxm, nodes: 4}
      pue: 1.2
workload:
  - type: training
    arrivals: {poisson_per_h: 1}
    gpus: 8
    duration: {median_h: 2}
forecast: {model: seasonal-naive}
policies:
  - fifo
  - {name: shifty, shift: lowest-window, storage: self-consumption}
"""
LOAD = "{constant_kw: 10}"
SERIES = "{file: load.csv, column: load, unit: kW}"
SERIES_AT = "21:5 sites[0].base_load: load.csv"


def problems(folder, text, source=None):
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="problem") as caught:
        load_scenario(path if source is None else source)
    heading, *lines = str(caught.value).splitlines()
    count = f"{len(lines)} problem{'s' * (len(lines) != 1)}"
    assert heading == f"{path if source is None else source}: {count}"
    return [" ".join(line.split(maxsplit=1)) for line in lines]


def edited(*edits):
    text = BASE
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the base"
        text = text.replace(old, new)
    return text


def test_the_base_of_all_wrong_scenarios_is_right(tmp_path):
    (tmp_path / "s.yaml").write_text(BASE)
    assert load_scenario(tmp_path / "s.yaml").spec.name == "base"


WRONG = {
    # fields and units
    "unknown field": ("    base_load:", "    baseload:",
        "21:5 sites[0].baseload: unknown field. Did you mean base_load?"),
    "unknown field like none": ("name: shifty", "name: shifty, xyzzy: 1",
        "34:20 policies[1].xyzzy: unknown field. "
        "Allowed: name, order, place, power, shift, storage."),
    "power where energy is meant": ("capacity_kwh", "capacity_kw",
        "13:7 sites[0].battery.capacity_kw: unknown field. "
        "Did you mean capacity_kwh? Its unit is kWh."),
    "megawatt": ("import_limit_kw", "import_limit_mw",
        "20:7 sites[0].grid.import_limit_mw: unknown field. "
        "Did you mean import_limit_kw? Its unit is kW."),
    "no unit": ("duration_h", "duration",
        "4:1 duration: unknown field. Did you mean duration_h? Its unit is h."),
    "constant in another unit": ("constant_kw", "constant_mw",
        "21:17 sites[0].base_load.constant_mw: unknown field. "
        "Did you mean constant_kw? Its unit is kW."),
    "unit of a series": (LOAD, "{file: x.csv, column: load, unit: kWh}",
        '21:23 sites[0].base_load.file: "x.csv": no such file.',
        '21:50 sites[0].base_load.unit: "kWh" is not one of W, kW, MW.'),
    "missing field": ("      max_charge_kw: 100\n", "",
        "12:5 sites[0].battery.max_charge_kw: required field is missing."),
    "missing field of the whole": ("name: base\n", "", "1:1 name: required field is missing."),
    "missing kind of workload": ("  - type: training\n    arrivals", "  - arrivals",
        "27:5 workload[0].type: required field is missing. Allowed: training, jobs."),
    "unknown kind of workload": ("type: training", "type: inference",
        '27:11 workload[0].type: "inference" is not one of training, jobs.'),
    "later version": ("schema_version: 1", "schema_version: 2",
        "1:17 schema_version: must be 1, not 2."),
    # kinds of values
    "text for a number": ("capacity_kwh: 400", 'capacity_kwh: "400"',
        '13:21 sites[0].battery.capacity_kwh: expected a number, got the text "400". '
        "Remove the quotes."),
    "number with its unit": ("capacity_kwh: 400", "capacity_kwh: 400 kWh",
        '13:21 sites[0].battery.capacity_kwh: expected a number, got the text "400 kWh".'),
    "decimal comma": ("capacity_kwh: 400", "capacity_kwh: 1,5",
        '13:21 sites[0].battery.capacity_kwh: expected a number, got the text "1,5".'),
    "true for a number": ("capacity_kwh: 400", "capacity_kwh: true",
        "13:21 sites[0].battery.capacity_kwh: expected a number, got true."),
    "true for a whole number": ("schema_version: 1", "schema_version: true",
        "1:17 schema_version: true is not a whole number."),
    "true in a choice of shapes": ("pue: 1.2", "pue: true",
        "25:12 sites[0].datacenter.pue: expected a number or a mapping, got true."),
    "fraction for a whole number": ("nodes: 4", "nodes: 4.0",
        "24:54 sites[0].datacenter.clusters[0].nodes: expected a whole number, got 4.0. Write 4."),
    "Norway stays text": ("gpus: 8", "gpus: 8\n    interruptible: NO",
        '30:20 workload[0].interruptible: expected true or false, got the text "NO".'),
    "time of day stays text": ("duration_h: 24", "duration_h: 12:30",
        '4:13 duration_h: expected a number, got the text "12:30".'),
    "scalar for a list": ("seeds: [1, 2]", "seeds: 5",
        "6:8 seeds: expected a list, got 5. Write [5]."),
    "list for a mapping": ("weather: {tmy: greensboro-nc}", "weather: [greensboro-nc]",
        "9:5 sites[0].weather: expected a mapping, got a list."),
    "nothing where a list is needed": ("seeds: [1, 2]", "seeds:",
        "6:1 seeds: expected a list, got nothing."),
    "empty list": ("seeds: [1, 2]", "seeds: []", "6:1 seeds: is empty, but needs at least 1."),
    "text that is no name": ("name: base", "name: My Base",
        '2:7 name: "My Base" is not a name: use lower-case letters, digits, - and _ '
        "(at most 64, the first a letter or digit)."),
    "line end in a message": ("name: base", 'name: "a\\nb"',
        '2:7 name: "a\\nb" is not a name: use lower-case letters, digits, - and _ '
        "(at most 64, the first a letter or digit)."),
    # limits
    "above the limits": ("initial_soc: 0.5", "initial_soc: 1.4",
        "16:20 sites[0].battery.initial_soc: 1.4 is not between 0 and 1."),
    "negative": ("max_charge_kw: 100", "max_charge_kw: -5",
        "14:22 sites[0].battery.max_charge_kw: -5 is not at least 0."),
    "not a number": ("capacity_kwh: 400", "capacity_kwh: .nan",
        "13:21 sites[0].battery.capacity_kwh: .nan is not a finite number."),
    "infinite": ("capacity_kwh: 400", "capacity_kwh: 1e999",
        "13:21 sites[0].battery.capacity_kwh: .inf is not a finite number."),
    "limits of an alternative": ("pue: 1.2", "pue: 0.9",
        "25:12 sites[0].datacenter.pue: 0.9 is not at least 1."),
    "choice of numbers": ("step_min: 15", "step_min: 7",
        "5:11 step_min: 7 is not one of 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60."),
    "very many digits": ("seeds: [1, 2]", f"seeds: [{'9' * 5000}]",
        "6:9 seeds[0]: has more than 30 digits."),
    # time
    "zero duration": ("duration_h: 24", "duration_h: 0",
        "4:13 duration_h: 0 is not above 0 and at most 876000."),
    "end before start": ("duration_h: 24", "duration_h: -24",
        "4:13 duration_h: -24 is not above 0 and at most 876000."),
    "part of a step": ("duration_h: 24", "duration_h: 24.1",
        "4:13 duration_h: 24.1 h is not a whole number of steps of 15 min."),
    "start without a zone": ("start: 2025-06-02T00:00Z", "start: 2025-06-02 00:00:00",
        '3:8 start: "2025-06-02 00:00:00" needs a time and a zone, e.g. 2025-06-02T00:00Z.'),
    "start of another kind": ("start: 2025-06-02T00:00Z", "start: tomorrow",
        '3:8 start: "tomorrow" is not a date and time such as 2025-06-02T00:00Z.'),
    "start off the step": ("start: 2025-06-02T00:00Z", "start: 2025-06-02T00:10Z",
        "3:8 start: 00:10:00 (UTC) is not on a step of 15 min. Move it to one."),
    "start out of all calendars": ("start: 2025-06-02T00:00Z", "start: 9999-01-01T00:00Z",
        "3:8 start: the year 9999 is not in 1900 to 2100."),
    # YAML
    "doubled key": ("duration_h: 24", "duration_h: 24\nname: twin",
        "5:1 name: stands twice, first in line 2. Remove one."),
    "tag": ("name: base", "name: !!python/object:os.system base",
        "2:7 name: tags such as tag:yaml.org,2002:python/object:os.system are not read. "
        "Write the plain value."),
    "merge key": ("name: base", "name: base\n<<: {seeds: [1]}",
        "3:1 field names must be plain text (no <<, number or list)."),
    "broken bracket": ("seeds: [1, 2]", "seeds: [1, 2",
        "7:6 this is not valid YAML: expected ',' or ']', but got ':'."),
    "tab": ("    battery:", "\tbattery:",
        "12:1 this is not valid YAML: found character '\\t' that cannot start any token."),
    "second document": ("forecast:", "---\nforecast:",
        "31:1 this is not valid YAML: a second document begins here, "
        "but one file is one scenario."),
    "YAML 1.1": ("schema_version: 1", "%YAML 1.1\n---\nschema_version: 1",
        "1:1 YAML directives (%) are not read. Remove this line."),
    "control character": ("name: base", "name: ba\x07se",
        "2:9 character U+0007 is not allowed in YAML. Remove it."),
    # how fields fit together
    "seed twice": ("seeds: [1, 2]", "seeds: [1, 1]",
        "6:12 seeds[1]: 1 stands twice. Each seed is one replicate."),
    "negative seed": ("seeds: [1, 2]", "seeds: [-1]",
        "6:9 seeds[0]: -1 is not between 0 and 9223372036854775807."),
    "site twice": ("workload:", "  - {name: lab}\nworkload:",
        "26:12 sites[1].name: another site is named lab already. Give each a name of its own."),
    "cluster twice": ("      pue: 1.2",
        "        - {name: main, accelerator: t4, nodes: 1}\n      pue: 1.2",
        "25:18 sites[0].datacenter.clusters[1].name: another cluster is named main already. "
        "Give each a name of its own."),
    "empty range of soc": ("initial_soc: 0.5", "min_soc: 0.9\n      max_soc: 0.8",
        "16:16 sites[0].battery.min_soc: 0.9 is not below max_soc (0.8)."),
    "soc outside its range": ("initial_soc: 0.5", "initial_soc: 0.99",
        "16:20 sites[0].battery.initial_soc: "
        "0.99 is not between min_soc (0.05) and max_soc (0.95)."),
    "no weather": ("    weather: {tmy: greensboro-nc}\n", "",
        "9:5 sites[0].solar: a simulated array needs weather. "
        "Give the site some, e.g. weather: {tmy: greensboro-nc}.",
        "10:5 sites[0].wind: a simulated wind farm needs weather. "
        "Give the site some, e.g. weather: {tmy: greensboro-nc}.",
        "17:15 sites[0].grid.market: a market needs weather. "
        "Give the site some, e.g. weather: {tmy: greensboro-nc}."),
    "time of use without a price": ("delivery_usd_per_kwh: 0.03",
        "time_of_use: [{energy_usd_per_kwh: 1, from_hour: 8, to_hour: 20}]",
        "19:44 sites[0].grid.tariff.time_of_use: "
        "needs energy_usd_per_kwh, the price of all other hours."),
    "hours backwards": ("delivery_usd_per_kwh: 0.03",
        "energy_usd_per_kwh: 1, "
        "time_of_use: [{energy_usd_per_kwh: 1, from_hour: 20, to_hour: 8, months: [13]}]",
        "19:116 sites[0].grid.tariff.time_of_use[0].from_hour: from_hour 20 is not before "
        "to_hour 8. Split a period over midnight in two.",
        "19:141 sites[0].grid.tariff.time_of_use[0].months[0]: 13 is not between 1 and 12."),
    "time zone": ("timezone: America/New_York", "timezone: America/NewYork",
        '19:26 sites[0].grid.tariff.timezone: "America/NewYork" is not a time zone. '
        "Did you mean America/New_York?"),
    "folder of time zones": ("timezone: America/New_York", "timezone: ../../etc",
        '19:26 sites[0].grid.tariff.timezone: "../../etc" is not a time zone. '
        "Did you mean America/New_York or UTC?"),
    "interval of the demand charge": ("delivery_usd_per_kwh: 0.03", "demand_interval_min: 20",
        "19:65 sites[0].grid.tariff.demand_interval_min: "
        "20 is not a multiple of step_min (15)."),
    # the catalog
    "unknown station": ("greensboro-nc", "greensborough-nc",
        '9:20 sites[0].weather.tmy: "greensborough-nc" is not in the catalog of weather '
        "stations. Did you mean greensboro-nc?"),
    "unknown turbine": ("ewt-dw61-1000", "ewt-dw61-100",
        '11:21 sites[0].wind.turbine: "ewt-dw61-100" is not in the catalog of turbines. '
        "Did you mean ewt-dw61-1000?"),
    "unknown fleet": ("market: us-carolinas", "market: {fleet: us-carolina}",
        '18:23 sites[0].grid.market.fleet: "us-carolina" is not in the catalog of fleets. '
        "Did you mean us-carolinas?"),
    "unknown accelerator": ("h100-sxm", "h100-smx",
        '24:37 sites[0].datacenter.clusters[0].accelerator: "h100-smx" is not in the catalog of '
        "accelerators. Did you mean h100-sxm?"),
    "unknown cooling plant": ("pue: 1.2", "pue: {cooling: air-chillers}",
        '25:22 sites[0].datacenter.pue.cooling: "air-chillers" is not in the catalog of '
        "cooling. Did you mean air-chiller?"),
    # workload
    "gang larger than every cluster": ("gpus: 8", "gpus: 64",
        "29:11 workload[0].gpus: a gang of 64 fits in no cluster it may use; "
        "the largest, main, has 32 accelerators."),
    "gang in a list of sizes": ("gpus: 8", "gpus: {sizes: [8, 0, 64], weights: [1, -1]}",
        "29:23 workload[0].gpus.sizes[1]: 0 is not at least 1.",
        "29:26 workload[0].gpus.sizes[2]: a gang of 64 fits in no cluster it may use; "
        "the largest, main, has 32 accelerators.",
        "29:31 workload[0].gpus.weights: 2 weights do not fit 3 sizes. Give one each.",
        "29:44 workload[0].gpus.weights[1]: -1 is not a finite number of at least 0."),
    "weights of nothing": ("gpus: 8", "gpus: {sizes: [8, 16], weights: [0, 0]}",
        "29:28 workload[0].gpus.weights: all weights are 0. At least one must be above 0."),
    "unknown site": ("gpus: 8", "gpus: 8\n    site: lap",
        '30:11 workload[0].site: there is no site "lap". Did you mean lab?'),
    "unknown cluster": ("gpus: 8", "gpus: 8\n    cluster: mainn",
        '30:14 workload[0].cluster: there is no cluster "mainn". Did you mean main?'),
    "no data center": ("    datacenter:\n      clusters:\n"
        "        - {name: main, accelerator: h100-sxm, nodes: 4}\n      pue: 1.2\n", "",
        "23:5 workload[0]: no site has a data center. Add one, or remove the workload."),
    "workload twice": ("forecast:", "  - {type: training, arrivals: {poisson_per_h: 1}, gpus: 1, "
        "duration: {median_h: 1}}\nforecast:",
        "31:5 workload[1].name: another workload is named training already. "
        "Give each a name of its own."),
    "durations backwards": ("median_h: 2", "median_h: 2, min_h: 5, max_h: 4",
        "30:36 workload[0].duration.min_h: 5 is above max_h (4)."),
    "slack backwards": ("gpus: 8", "gpus: 8\n    slack: {min_h: 2, max_h: 1}",
        "30:20 workload[0].slack.min_h: 2 is above max_h (1)."),
    "arrivals after the end": ("poisson_per_h: 1", "poisson_per_h: 1, until_h: 25",
        "28:43 workload[0].arrivals.until_h: 25 is after the end of the run (duration_h 24)."),
    "more jobs than memory": ("poisson_per_h: 1", "poisson_per_h: 1e9",
        "28:31 workload[0].arrivals.poisson_per_h: would make 2.4e+10 jobs; "
        "at most 1e+08 can be simulated."),
    # policies
    "unknown policy": ("- fifo", "- fifoo",
        '33:5 policies[0]: there is no policy "fifoo". Did you mean fifo?'),
    "name of two roles": ("- fifo", "- none",
        '33:5 policies[0]: "none" can be shift and power. Say which: {name: ..., shift: none}.'),
    "role of another kind": ("storage: self-consumption", "storage: lowest-window",
        '34:51 policies[1].storage: there is no storage policy "lowest-window". '
        "Allowed: idle, self-consumption."),
    "policy twice": ("name: shifty", "name: fifo",
        "34:5 policies[1]: a policy named fifo stands above. Give one of them another name:."),
    "parameter of a built-in": ("shift: lowest-window", "shift: {use: none, signal: price}",
        "34:39 policies[1].shift.signal: unknown parameter. NoShift takes none."),
    "no module": ("- fifo", '- "no_such_module:Mine"',
        "33:5 policies[0]: cannot import no_such_module: "
        "ModuleNotFoundError: No module named 'no_such_module'."),
    "no class": ("- fifo", '- "fractions:Fractions"',
        "33:5 policies[0]: module fractions has no class Fractions. Did you mean Fraction?"),
    "no policy at all": ("- fifo", '- "fractions:Fraction"',
        "33:5 policies[0]: fractions:Fraction has no method "
        "select or plan or choose or set or setpoint."),
    "no form": ("- fifo", '- ":Mine"',
        '33:5 policies[0]: ":Mine" is not of the form "module:Class".'),
    "unknown forecaster": ("model: seasonal-naive", "model: seasonal_naive",
        '31:19 forecast.model: there is no forecaster "seasonal_naive". '
        "Did you mean seasonal-naive?"),
    "no forecaster": ("model: seasonal-naive", 'model: "fractions:Fraction"',
        "31:19 forecast.model: fractions:Fraction has no method fit and predict."),
}  # fmt: skip
WRONG_CASES = [(old, new, expected) for old, new, *expected in WRONG.values()]


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_CASES, ids=WRONG)
def test_wrong_scenario_is_told(tmp_path, old, new, expected):
    assert problems(tmp_path, edited((old, new))) == expected


def test_all_mistakes_of_a_file_are_told_at_once_in_its_order(tmp_path):
    text = edited(
        ("name: base", "name: Base"),
        ("weather: {tmy: greensboro-nc}", "weather: {tmy: nowhere-zz}"),
        ("capacity_kwh", "capacity_kw"),
        (LOAD, "{file: gone.csv, column: load, unit: kW}"),
        ("gpus: 8", "gpus: 33"),
        ("- fifo", "- fifi"),
    )
    found = problems(tmp_path, text)
    assert [line.split()[:2] for line in found] == [
        ["2:7", "name:"],
        ["9:20", "sites[0].weather.tmy:"],
        ["13:7", "sites[0].battery.capacity_kw:"],
        ["21:23", "sites[0].base_load.file:"],
        ["29:11", "workload[0].gpus:"],
        ["33:5", "policies[0]:"],
    ]


def test_checks_that_need_a_broken_field_fall_silent(tmp_path):
    # the range of soc cannot be judged; the fault of the tariff beside it can
    text = edited(
        ("initial_soc: 0.5", "max_soc: high"),
        ("timezone: America/New_York", "timezone: Mars"),
        ("nodes: 4", "nodes: many"),
        ("gpus: 8", "gpus: 9999"),
    )
    assert [line.split()[0] for line in problems(tmp_path, text)] == ["16:16", "19:26", "24:54"]


TREE = YAML(typ="safe", pure=True).load(
    edited(
        ("gpus: 8", "gpus: {sizes: [8, 16], weights: [1, 2]}\n    slack: {min_h: 0, max_h: 5}"),
        ("delivery_usd_per_kwh: 0.03", "energy_usd_per_kwh: 1, time_of_use: "
         "[{energy_usd_per_kwh: 1, from_hour: 2, to_hour: 8, months: [1]}]"),
        (LOAD, SERIES),
        ("storage: self-consumption", "storage: {use: self-consumption}"),
    )
)  # fmt: skip
ODD = [
    None, True, -1, 0, 1e300, float("nan"), "x", "", [], {}, [1], {"a": 1}, "module:Class", ":",
    [[]], {"use": 3}, {"file": "load.csv"}, {"file": 3}, {"series": []}, {"type": [1]},
    {"sizes": ["a"]}, {"name": "q", "order": {"use": "os:abc"}},
]  # fmt: skip


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def with_value(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = with_value(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_wrong_only_scenario_errors_come_out(tmp_path_factory, data):
    tree = TREE
    for _ in range(2):
        path = data.draw(st.sampled_from(list(places(tree))))
        tree = with_value(tree, path, data.draw(st.sampled_from(ODD)))
    file = tmp_path_factory.mktemp("odd") / "s.yaml"
    with file.open("w") as text:
        YAML(typ="safe", pure=True).dump(tree, text)
    problems, message = problems_of(file)
    found = [(problem.line, problem.column) for problem in problems]
    assert found == sorted(found)
    assert all(position >= (1, 1) for position in found)
    assert len(message.splitlines()) == (1 + len(found) if found else 0)


def problems_of(file):
    try:
        load_scenario(file)
    except ScenarioError as error:
        return error.problems, str(error)
    return (), ""


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_yaml_bomb_is_refused_without_expanding_it(tmp_path):
    lines = problems(tmp_path, BOMB)
    assert lines[0] == "1:4 anchors (&) and aliases (*) are not read. Write the value out."
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. `gridloom new scenario FILE` writes one to start from."),
        (b"# only a comment\n", "is empty. `gridloom new scenario FILE` writes one to start from."),
        (b"name: caf\xe9\n", "is not UTF-8 text (byte 10). Save it as UTF-8."),
        (b"#" * 1_000_001, "is larger than 1 MB; a scenario is a few kilobytes."),
        (b"- " * 3000, "is nested too deeply."),
    ],
    ids=["empty", "comment", "latin-1", "huge", "deep"],
)
def test_file_that_is_no_scenario_is_told(tmp_path, content, message):
    (tmp_path / "s.yaml").write_bytes(content)
    with pytest.raises(ScenarioError, match="1 problem") as caught:
        load_scenario(tmp_path / "s.yaml")
    assert [str(problem).split(maxsplit=1)[1] for problem in caught.value.problems] == [message]


def test_list_at_the_top_is_told(tmp_path):
    expected = ["1:1 must be a mapping of fields such as name: and sites:."]
    assert problems(tmp_path, "- name: x\n") == expected


def test_missing_scenario_and_folder_are_told(tmp_path):
    with pytest.raises(ScenarioError, match=r"gone\.yaml: 1 problem\n.*no such file\."):
        load_scenario(tmp_path / "gone.yaml")
    with pytest.raises(ScenarioError, match=r"is a directory, not a file\."):
        load_scenario(tmp_path)
    with pytest.raises(ScenarioError, match="nor a built-in scenario"):
        load_scenario("no-such-scenario")


DAY = [f"2025-06-02T{hour:02}:00Z,{hour}" for hour in range(24)]


def with_rows(rows, header="time,load"):
    return "\n".join([header, *rows]) + "\n"


def replaced(row, text):
    return with_rows([*DAY[:row], *([text] if text is not None else []), *DAY[row + 1 :]])


BAD_SERIES = {
    "gap": (replaced(5, None),
        ", line 7: gap: time 2025-06-02T06:00Z is 2 h after the row above, "
        "but rows are 1 h apart. Space them evenly."),
    "duplicate": (replaced(5, "2025-06-02T04:00Z,1"),
        ", line 7: time 2025-06-02T04:00Z stands twice. Keep one row a time."),
    "unsorted": (replaced(5, "2025-06-02T03:00Z,1"),
        ", line 7: time 2025-06-02T03:00Z is before the row above. Sort by time."),
    "too short": (with_rows(DAY[:20]),
        " is too short: it covers 2025-06-02T00:00Z to 2025-06-02T20:00Z, "
        "but the run goes from 2025-06-02T00:00Z to 2025-06-03T00:00Z."),
    "too late": (with_rows([f"{3600 * (hour + 1)},1" for hour in range(24)]),
        " is too short: it covers 2025-06-02T01:00Z to 2025-06-03T01:00Z, "
        "but the run goes from 2025-06-02T00:00Z to 2025-06-03T00:00Z."),
    "one row": (with_rows(DAY[:1]),
        " has 1 row; at least two show how far rows are apart."),
    "NaN": (replaced(3, "2025-06-02T03:00Z,nan"),
        ', line 5: "nan" is not a finite number in column load.'),
    "empty cell": (replaced(3, "2025-06-02T03:00Z,"),
        ", line 5: the cell is empty in column load."),
    "text": (replaced(3, "2025-06-02T03:00Z,n/a"),
        ', line 5: "n/a" is not a finite number in column load.'),
    "negative": (replaced(3, "2025-06-02T03:00Z,-1"),
        ", line 5: -1 in column load is negative."),
    "decimal comma": (replaced(3, "2025-06-02T03:00Z,1,5"),
        " line 5 has 3 cells, but the header names 2."),
    "local date": (replaced(3, "02.06.2025 03:00,1"),
        ', line 5: "02.06.2025 03:00" in column time is not a time such as 2025-06-02T00:00Z.'),
    "time among seconds": (with_rows(["0,1", "3600,1", "2025-06-02T02:00Z,1"]),
        ', line 4: "2025-06-02T02:00Z" in column time is not a number of seconds.'),
    "no such column": (with_rows(DAY, "time,loads"),
        ' has no column "load". Did you mean loads?'),
    "column twice": (with_rows([f"{row},0" for row in DAY], "time,load,load"),
        ' has 2 columns named "load".'),
    "no header": ("", " has no header: its first line must name the columns."),
    "latin-1": ("time,load\n0,\udce9\n", " is not UTF-8 text. Save it as UTF-8."),
    "open quote": ('time,load\n0,"1\n', " cannot be read: unexpected end of data."),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), BAD_SERIES.values(), ids=BAD_SERIES)
def test_bad_series_is_told_with_its_first_offending_line(tmp_path, content, expected):
    (tmp_path / "load.csv").write_bytes(content.encode(errors="surrogateescape"))
    assert problems(tmp_path, edited((LOAD, SERIES))) == [f"{SERIES_AT}{expected}"]


def test_line_of_a_bad_row_counts_blank_and_quoted_lines(tmp_path):
    (tmp_path / "load.csv").write_text('time,load,"a\nnote"\n0,1,x\n\n3600,oops,"y\ny"\n')
    expected = f'{SERIES_AT}, line 6: "oops" is not a finite number in column load.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]


def test_broken_gzip_is_told(tmp_path):
    whole = gzip.compress(with_rows(DAY).encode())
    (tmp_path / "load.csv.gz").write_bytes(whole[:-20])
    text = edited((LOAD, SERIES.replace("load.csv", "load.csv.gz")))
    expected = f"{SERIES_AT}.gz cannot be read: Compressed file ended before the end-of-stream"
    assert problems(tmp_path, text)[0].startswith(expected)


def test_series_under_a_broken_field_is_still_read(tmp_path):
    (tmp_path / "load.csv").write_text(replaced(3, "2025-06-02T03:00Z,-1"))
    text = edited((LOAD, SERIES), ("nodes: 4", "nodes: many"))
    assert problems(tmp_path, text)[0] == f"{SERIES_AT}, line 5: -1 in column load is negative."


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("gone.csv", "no such file."),
        ("folder.csv", "is a directory, not a file."),
        ("pipe.csv", "is a device or pipe, not a regular file."),
        ("load.pkl", "is a pickle; those can run code and are never read. Save the table as CSV."),
        ("load.xlsx", "is neither a .csv nor a .csv.gz file. Save the table as CSV."),
        ("load.csv/x.csv", "no such file."),
        (r"a\0.csv", "cannot be read: embedded null byte."),
    ],
)
@pytest.mark.parametrize("kind", ["series", "jobs"])
def test_file_that_cannot_be_used_is_told_without_opening_it(tmp_path, kind, name, fault):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "load.csv").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    shown = f'"{name}"'.replace(r"\0", r"\u0000")
    if kind == "series":
        text = edited((LOAD, f'{{file: "{name}", column: load, unit: kW}}'))
        where = "21:23 sites[0].base_load.file"
    else:
        text = edited(("forecast:", f'  - {{type: jobs, file: "{name}"}}\nforecast:'))
        where = "31:24 workload[1].file"
    assert problems(tmp_path, text) == [f"{where}: {shown}: {fault}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_outside_reading_rights_is_told(tmp_path):
    (tmp_path / "load.csv").write_text(with_rows(DAY))
    (tmp_path / "load.csv").chmod(0)
    expected = '21:23 sites[0].base_load.file: "load.csv": cannot be read: permission denied.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]


def test_missing_right_to_read_is_told_even_to_root(tmp_path, monkeypatch):
    (tmp_path / "load.csv").write_text(with_rows(DAY))
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).endswith(".csv"))
    expected = '21:23 sites[0].base_load.file: "load.csv": cannot be read: permission denied.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]


BAD_MODULES = {
    "raises": ("raise RuntimeError('boom\\nbang')", "{}",
        "cannot import {module}: RuntimeError: boom bang."),
    "exits": ("import sys; sys.exit(3)", "{}", "cannot import {module}: SystemExit: 3."),
    "syntax": ("def", "{}", "cannot import {module}: SyntaxError: "
        "invalid syntax ({module}.py, line 1)."),
    "import": ("import no_such_thing", "{}", "cannot import {module}: "
        "ModuleNotFoundError: No module named 'no_such_thing'."),
    "class": ("class Mien: pass", "{}", "module {module} has no class Mine. Did you mean Mien?"),
    "method": ("class Mine:\n def select(self, obs): ...", "{}",
        "{module}:Mine has no method setpoint."),
    "needs": ("class Mine:\n def __init__(self, a): ...\n def setpoint(self): ...", "{}",
        "{module}:Mine cannot be built: "
        "TypeError: Mine.__init__() missing 1 required positional argument: 'a'."),
    "refuses": ("class Mine:\n def __init__(self, a): raise ValueError('a is odd')\n"
        " def setpoint(self): ...", "{a: 1}",
        "{module}:Mine cannot be built: ValueError: a is odd."),
}  # fmt: skip


@pytest.mark.parametrize(("code", "given", "expected"), BAD_MODULES.values(), ids=BAD_MODULES)
def test_class_of_the_users_own_that_does_not_work_is_told(
    tmp_path, request, code, given, expected
):
    module = f"own_{request.node.callspec.id}"
    (tmp_path / f"{module}.py").write_text(code)
    choice = "{use: 'MODULE:Mine', PARAMETERS}".replace("MODULE", module)
    choice = choice.replace(", PARAMETERS", f", {given[1:-1]}" if given != "{}" else "")
    text = edited(("storage: self-consumption", f"storage: {choice}"))
    message = expected.replace("{module}", module)
    assert problems(tmp_path, text) == [f"34:57 policies[1].storage.use: {message}"]


def test_forecaster_that_only_fits_is_told(tmp_path):
    (tmp_path / "own_forecaster.py").write_text("class Half:\n def fit(self): ...\n")
    text = edited(("model: seasonal-naive", 'model: "own_forecaster:Half"'))
    expected = "31:19 forecast.model: own_forecaster:Half has no method fit and predict."
    assert problems(tmp_path, text) == [expected]


def test_unknown_parameter_of_a_users_class_is_told(tmp_path):
    code = """\
        class Mine:
            def __init__(self, *, target_soc=0.5): ...
            def setpoint(self, obs, site): ...
        """
    (tmp_path / "own_parameters.py").write_text(dedent(code))
    role = "storage: {use: 'own_parameters:Mine', target_sock: 1}"
    expected = (
        "34:80 policies[1].storage.target_sock: unknown parameter. Did you mean target_soc?"
    )
    assert problems(tmp_path, edited(("storage: self-consumption", role))) == [expected]
