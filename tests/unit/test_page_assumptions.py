"""What a page says that a scenario takes as given, and of its sites."""

import re

from sim import catalog
from sim.report.page.assumptions import givens
from sim.report.page.scenario import description, site_facts
from sim.scenario.load import load_scenario, load_variants, resolved_yaml


def of(name):
    return givens(resolved_yaml(load_scenario(name).spec))


def test_quickstart_names_its_rows_of_the_catalog_with_their_sources():
    found = {(given.where, given.what): given for given in of("quickstart")}
    rows = {key for key in found if key[0].startswith("catalog")}
    assert rows == {
        ("catalog weather_stations", "greensboro-nc"), ("catalog turbines", "ewt-dw61-1000"),
        ("catalog fleets", "us-carolinas"), ("catalog accelerators", "h100-sxm"),
        ("catalog cooling", "air-chiller"), ("catalog work_kinds", "training"),
    }
    h100 = found["catalog accelerators", "h100-sxm"]
    assert h100.source == catalog.row("accelerators", "h100-sxm")["source"]
    assert h100.is_assumed
    assert not found["catalog turbines", "ewt-dw61-1000"].is_assumed


def test_values_that_nobody_measured_are_told_with_the_field():
    found = {given.where: given for given in of("quickstart")}
    power = found["workload.training.power_fraction"]
    assert power.what == "1"
    assert "assumption" in power.source
    assert found["sites.piedmont.datacenter.clusters.main.server_overhead_w"].what == "not set"


def test_battery_cell_counts_only_where_a_model_looks_at_it():
    text = resolved_yaml(load_scenario("quickstart").spec)
    assert "lgm50" not in {given.what for given in givens(text)}
    other = text.replace("model: linear", "model: clc")
    assert other != text
    assert "lgm50" in {given.what for given in givens(other)}


def test_text_that_is_no_scenario_gives_nothing():
    assert givens("") == ()
    assert givens("name: fake\n") == ()
    assert givens("a: [1, 2") == ()
    assert givens("- 1\n") == ()


def test_every_table_that_a_description_names_is_in_the_catalog():
    from sim.scenario.schema.scenario import Scenario

    text = str(Scenario.model_json_schema())
    named = set(re.findall(r"gridloom catalog (\w+)", text))
    assert len(named) > 5
    assert named <= set(catalog.tables())


def test_sites_are_told_with_their_equipment():
    text = resolved_yaml(load_scenario("quickstart").spec)
    assert site_facts(text) == [(
        "Site piedmont",
        "solar 1,500 kW; wind 1 x ewt-dw61-1000; battery 4,000 kWh, 1,000 kW; 1,024 h100-sxm; "
        "grid us-carolinas, import up to 2,000 kW",
    )]
    islanded = next(one for one in load_variants("island") if one.variant == "islanded")
    assert site_facts(resolved_yaml(islanded.spec))[0][1].endswith("256 h100-sxm; no grid")
    network = resolved_yaml(load_scenario("network").spec)
    assert site_facts(network) == [
        ("Site campus", "10 accelerators; grid networks/pjm5-june, bus B"),
    ]
    assert site_facts("name: fake\n") == []


def test_question_is_told_even_if_the_scenario_cannot_be_read():
    assert description("description: Why?\nnonsense: 1\n") == "Why?"
    assert description("a: [") == ""
