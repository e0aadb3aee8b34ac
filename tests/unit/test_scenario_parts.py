"""The small pieces that messages are made of."""

import pytest

from sim.errors import Problem
from sim.scenario.checks.messages import limits_text, nearest_field, shown
from sim.scenario.checks.partial import BROKEN, BrokenPartError, best_effort, settled
from sim.scenario.positions import Finding, Source, path_text, quoted
from sim.scenario.schema.battery import Battery
from sim.scenario.schema.grid import Grid, Tariff
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.shapes import down
from sim.scenario.schema.site import Site
from sim.scenario.schema.workload import Training


def test_path_is_written_as_people_do():
    assert path_text(("sites", 0, "battery", "capacity_kwh")) == "sites[0].battery.capacity_kwh"
    assert path_text(()) == ""
    assert path_text(("a b", 1, "c\n")) == '"a b"[1]."c\\n"'


def test_quoted_text_stays_on_one_line_and_short():
    assert quoted('a"b\n') == '"a\\"b\\n"'
    assert quoted("é") == '"é"'
    assert quoted("\x1b[31m") == '"\\u001b[31m"'
    assert quoted("a\u202eb") == '"a\\u202eb"'
    assert quoted("x" * 61) == '"' + "x" * 57 + '..."'


def test_finding_in_a_missing_field_stands_at_the_field_around_it():
    source = Source({}, {("a",): (3, 1)}, {(): (1, 1), ("a",): (3, 4)})
    assert source.problem(Finding(("a", "b", "c"), "x")) == Problem(3, 4, "a.b.c", "x")
    assert source.problem(Finding(("a",), "x", at_key=True)) == Problem(3, 1, "a", "x")
    assert source.problem(Finding(("a",), "x", position=(9, 9))) == Problem(9, 9, "a", "x")
    assert source.problem(Finding(("z",), "x")) == Problem(1, 1, "z", "x")


@pytest.mark.parametrize(
    ("name", "part", "meant"),
    [
        ("capacity", Battery, "capacity_kwh"),
        ("capacity_mwh", Battery, "capacity_kwh"),
        ("max_charge_mw", Battery, "max_charge_kw"),
        ("initial_sco", Battery, "initial_soc"),
        ("duration_days", Scenario, "duration_h"),
        ("carbon_price_usd_per_kg", Tariff, "carbon_price_usd_per_t"),
        ("energy_price", Tariff, "energy_usd_per_kwh"),
        ("delivery", Tariff, "delivery_usd_per_kwh"),
        ("export_limit_w", Grid, "export_limit_kw"),
        ("duration_h", Training, "duration"),
        ("qqqq", Battery, None),
    ],
)
def test_nearest_field_minds_units_first(name, part, meant):
    assert nearest_field(name, part) == meant


def test_limits_in_words():
    def words(part, name):
        return limits_text(part.model_fields[name].metadata)

    assert words(Battery, "min_soc") == "between 0 and 1"
    assert words(Battery, "capacity_kwh") == "above 0"
    assert words(Battery, "charge_efficiency") == "above 0 and at most 1"
    assert words(Battery, "max_charge_kw") == "at least 0"
    assert words(Tariff, "energy_usd_per_kwh") == ""


def test_values_are_shown_as_in_yaml():
    values = [None, True, 1, 1.5, float("inf"), float("nan"), "x", {}, ()]
    texts = ["null", "true", "1", "1.5", ".inf", ".nan", '"x"', "a mapping", "a list"]
    assert [shown(value) for value in values] == texts


def test_tags_of_alternatives_are_no_part_of_a_path():
    place = down(Scenario, ("sites", 0, "solar", "series", "series", "unit"))
    assert place.path == ("sites", 0, "solar", "series", "unit")
    assert down(Scenario, ("workload", 1, "training", "gpus", "sizes", "sizes", 0)).path == (
        "workload", 1, "gpus", "sizes", 0,
    )  # fmt: skip
    # an unknown field in a mapping that has one of the name of the tag
    place = down(Scenario, ("sites", 0, "solar", "series", "foo"))
    assert (place.path, place.allowed) == (("sites", 0, "solar", "foo"), ())


def test_broken_fields_do_not_hide_the_sound_ones():
    raw = {"name": "lab", "battery": {"capacity_kwh": "x", "max_charge_kw": 5}, "grid": 3}
    site = best_effort(Site, raw)
    assert (site.name, site.battery.max_charge_kw, site.battery.min_soc) == ("lab", 5.0, 0.05)
    assert site.battery.capacity_kwh is BROKEN
    assert site.battery.max_discharge_kw is BROKEN
    assert site.grid is BROKEN
    assert site.weather is None
    assert best_effort(Scenario, {"seeds": ()}).seeds is BROKEN


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x.field, lambda x: x > 1, lambda x: max(1, x), lambda x: x == 1, bool, len,
        lambda x: [1].index(x), list, hash, str, float, lambda x: f"{x}", lambda x: f"{x:g}",
        lambda x: x + 1, lambda x: 2 * x, lambda x: 1 / x, lambda x: "a" in x, lambda x: x[0],
    ],
)  # fmt: skip
def test_every_use_of_a_broken_field_is_noticed(use):
    with pytest.raises(BrokenPartError, match=r"^$"):
        use(BROKEN)


def test_check_keeps_what_it_found_before_it_met_a_broken_field():
    first = Finding(("a",), "x")

    def check():
        yield first
        if BROKEN > 1:
            yield Finding(("b",), "y")

    assert settled(check()) == [first]
