"""Power, embodied carbon and peak rate of clusters against hand-computed figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.datacenter.hardware import embodied_kg_per_s, gpu_power, peak_flop_per_s
from sim.scenario.schema.datacenter import Accelerator, Cluster

YEAR_S = 365.25 * 86400.0
OWN = Accelerator(tdp_w=500.0, idle_bare_w=60.0, idle_resident_w=90.0)


def cluster(accelerator="h100-sxm", **changes):
    return Cluster(name="main", accelerator=accelerator, nodes=2, **changes)


def test_power_of_an_h100_has_its_share_of_the_server():
    power = gpu_power(cluster())
    # 1000 W over 8, and 3 % on top: 700 * 1.03 + 125; 75 and 113 W idle
    assert power.busy_w() == pytest.approx(846.0)
    assert power.busy_w(0.5) == pytest.approx(485.5)
    assert power.idle_bare_w == pytest.approx(75 * 1.03 + 125)
    assert power.idle_resident_w == pytest.approx(113 * 1.03 + 125)


def test_node_of_eight_busy_h100_stays_below_what_was_measured_at_most():
    # 8.4 kW at most on an 8 x H100 HGX node: Latif et al., IEEE Access 2025, arXiv 2412.08602
    node_w = 8 * gpu_power(cluster()).busy_w()
    assert 6000 < node_w < 8400


def test_server_overheads_follow_the_scenario():
    power = gpu_power(
        cluster(OWN, gpus_per_node=4, server_overhead_w=600.0, server_overhead_fraction=0.1)
    )
    assert power.busy_w() == pytest.approx(500 * 1.1 + 150)
    assert power.idle_bare_w == pytest.approx(60 * 1.1 + 150)
    assert power.idle_resident_w == pytest.approx(90 * 1.1 + 150)


def test_busy_accelerator_draws_no_less_than_one_with_a_model_resident():
    power = gpu_power(cluster(OWN))
    assert power.busy_w(0.01) == power.idle_resident_w


def test_embodied_carbon_of_the_cluster_is_spread_over_its_life():
    # 16 accelerators of 250 kg and 512.5 kg of server each, over 4 years
    assert embodied_kg_per_s(cluster()) == pytest.approx(16 * 762.5 / (4 * YEAR_S))
    own = Accelerator(tdp_w=500.0, idle_bare_w=60.0, idle_resident_w=90.0, embodied_kg=400.0)
    assert embodied_kg_per_s(cluster(own)) == pytest.approx(16 * 400.0 / (4 * YEAR_S))


def test_peak_rate_is_that_of_the_whole_cluster():
    assert peak_flop_per_s(cluster()) == pytest.approx(16 * 989.4e12)


def test_what_is_unknown_is_none():
    assert embodied_kg_per_s(cluster("t4")) is None
    assert embodied_kg_per_s(cluster(OWN)) is None
    assert peak_flop_per_s(cluster("v100-sxm2")) is None
    assert peak_flop_per_s(cluster(OWN)) is None


def test_unknown_accelerator_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean h100-sxm"):
        gpu_power(cluster("h100-smx"))


@pytest.mark.parametrize("name", table("accelerators")["accelerator"])
def test_every_accelerator_of_the_catalog_has_rising_powers(name):
    power = gpu_power(cluster(name))
    assert 0 < power.idle_bare_w <= power.idle_resident_w < power.busy_w()


def test_embodied_carbon_of_the_catalog_rises_from_low_to_high_and_has_a_lifetime():
    facts = table("accelerators").dropna(subset="embodied_mid_kg")
    assert len(facts) > 0
    assert (facts["embodied_low_kg"] < facts["embodied_mid_kg"]).all()
    assert (facts["embodied_mid_kg"] < facts["embodied_high_kg"]).all()
    assert (facts["lifetime_years"] > 0).all()


@pytest.mark.parametrize(
    "name", ["accelerators", "cooling", "fleets", "fleet_generators", "demand_shape"]
)
def test_every_row_of_the_tables_has_a_source(name):
    assert table(name)["source"].str.strip().str.len().gt(0).all()
    assert table(name).iloc[:, 0].is_unique


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_load_never_draws_less(low, high):
    power = gpu_power(cluster(OWN))
    low, high = sorted((low, high))
    assert power.busy_w(low) <= power.busy_w(high)
