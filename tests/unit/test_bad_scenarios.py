"""Wrong scenarios, each with the very lines that the user must read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from scenario_texts import BASE, LOAD, SERIES, edited, problems

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario


def test_the_base_of_all_wrong_scenarios_is_right(tmp_path):
    (tmp_path / "s.yaml").write_text(BASE)
    assert load_scenario(tmp_path / "s.yaml").spec.name == "base"


KINDS = (
    "training, model-training, fine-tuning, batch-inference, preprocessing, federated, jobs, "
    "trace, service"
)
WRONG = {
    # fields and units
    "unknown field": ("    base_load:", "    baseload:",
        "21:5 sites[0].baseload: unknown field. Did you mean base_load?"),
    "unknown field like none": ("name: shifty", "name: shifty, xyzzy: 1",
        "34:20 policies[1].xyzzy: unknown field. "
        "Allowed: joint, name, order, place, power, shift, storage."),
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
        f"27:5 workload[0].type: required field is missing. Allowed: {KINDS}."),
    "unknown kind of workload": ("type: training", "type: inference",
        f'27:11 workload[0].type: "inference" is not one of {KINDS}.'),
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
    "site without a data center": ("workload:\n  - type: training",
        "  - {name: park}\nworkload:\n  - type: training\n    site: park",
        "29:11 workload[0].site: site park has no data center to run jobs."),
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
}  # fmt: skip
CASES = [(old, new, expected) for old, new, *expected in WRONG.values()]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=WRONG)
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
