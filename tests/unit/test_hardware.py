"""Accelerators, servers and the power of nodes against hand-computed and published figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.catalog.hardware import PRECISIONS
from sim.datacenter.hardware import accelerator, gpu_power, needed, peak_flop_per_s
from sim.scenario.schema.datacenter import Accelerator, Cluster
from sim.units import Range

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


def test_a_busy_node_of_eight_h100_draws_what_the_facts_say():
    # 6.8 kW at TDP by the default; 8.4 kW measured at most on a HGX node: Latif et al., IEEE
    # Access 2025, arXiv 2412.08602
    node_w = 8 * gpu_power(cluster()).busy_w()
    assert node_w == pytest.approx(6800, rel=0.01)
    assert node_w < 8400


def test_a_busy_dgx_h100_lies_between_its_measured_mean_and_its_measured_maximum():
    # mean of compute-heavy work 76 % of 10.2 kW (arXiv 2506.14551), maximum 8.4 kW (Latif et al.)
    node_w = 8 * gpu_power(cluster(server="dgx-h100")).busy_w()
    assert 0.76 * 10200 < node_w < 8400


def test_an_idle_node_of_eight_h100_lies_near_the_estimate_of_its_parts():
    # 8 x 75 W and a server of about 1,200 W make 1.8 kW; 2.8 kW (splitwise-sim) looks too high
    assert 8 * gpu_power(cluster()).idle_bare_w == pytest.approx(1800, rel=0.11)
    cloud = cluster(server="p5-48xlarge")
    assert 8 * gpu_power(cloud).idle_bare_w == pytest.approx(1800)
    assert 1800 < 8 * gpu_power(cluster(server="dgx-h100")).idle_bare_w < 2800


def test_a_named_server_adds_up_its_parts():
    # 252 W of CPUs, 2048 GB at 0.37 W, 250 W of network cards, 400 W of NVSwitches; fans 15 %
    power = gpu_power(cluster(server="dgx-h100"))
    assert power.server_w == pytest.approx((252 + 2048 * 0.37 + 250 + 400) / 8)
    assert power.server_fraction == pytest.approx(0.15)


def test_overheads_of_the_scenario_go_before_the_servers():
    power = gpu_power(cluster(server="dgx-h100", server_overhead_w=800.0))
    assert power.server_w == pytest.approx(100.0)
    assert power.server_fraction == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("server", "chip"),
    [("dgx-a100", "a100-sxm-80gb"), ("dgx-h100", "h100-sxm"), ("dgx-b200", "b200")],
)
def test_no_server_draws_more_than_its_largest_power(server, chip):
    most_w = table("servers").set_index("server").loc[server, "max_power_w"]
    assert 8 * gpu_power(cluster(chip, server=server)).busy_w() < most_w


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


def test_facts_of_an_h100_are_in_si():
    facts = accelerator("h100-sxm")
    assert needed(facts, "tdp_w") == 700.0
    assert needed(facts, "memory_bytes") == 80e9
    assert needed(facts, "memory_bytes_per_s") == 3.35e12
    assert needed(facts, "link_bytes_per_s") == 900e9
    assert peak_flop_per_s(facts, "bf16") == pytest.approx(989.4e12)
    assert peak_flop_per_s(facts, "int8") == pytest.approx(1978.9e12)
    assert facts.embodied_kg == Range(150.0, 250.0, 575.0)
    assert facts.lifetime_years == Range(3.0, 4.0, 6.0)


def test_an_accelerator_of_the_scenario_has_what_it_says_and_nothing_else():
    own = OWN.model_copy(update={"memory_gb": 96.0, "embodied_kg": 400.0, "lifetime_years": 5.0})
    facts = accelerator(own)
    assert facts.memory_bytes == 96e9
    assert facts.embodied_kg == Range(400.0, 400.0, 400.0)
    assert facts.lifetime_years == Range(5.0, 5.0, 5.0)
    assert facts.link_bytes_per_s is None
    assert accelerator(OWN).embodied_kg is None
    assert accelerator(OWN).lifetime_years == Range(3.0, 4.0, 6.0)


def test_a_missing_value_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"tpu-v5e: its tdp_w is unknown.*Describe the accel"):
        gpu_power(cluster("tpu-v5e"))
    with pytest.raises(ValueError, match="v100-sxm2: its peak rate at bf16 is unknown"):
        peak_flop_per_s(accelerator("v100-sxm2"), "bf16")
    with pytest.raises(ValueError, match='no precision "fp7"'):
        peak_flop_per_s(accelerator("h100-sxm"), "fp7")


def test_unknown_names_are_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean h100-sxm"):
        gpu_power(cluster("h100-smx"))
    with pytest.raises(ValueError, match="Did you mean dgx-h100"):
        gpu_power(cluster(server="dgx-h10"))


@pytest.mark.parametrize("name", table("accelerators")["accelerator"])
def test_every_accelerator_of_the_catalog_has_rising_powers_or_none(name):
    facts = accelerator(name)
    if facts.tdp_w is None:
        assert facts.idle_bare_w is None
        return
    power = gpu_power(cluster(name))
    assert 0 < power.idle_bare_w <= power.idle_resident_w < power.busy_w()


@pytest.mark.parametrize("name", table("accelerators")["accelerator"])
def test_lower_precision_is_never_slower(name):
    peaks = accelerator(name).peak_flop_per_s
    rising = [peaks[kind] for kind in PRECISIONS if kind in peaks and kind != "int8"]
    assert rising == sorted(rising)
    assert rising


def test_embodied_carbon_of_the_catalog_rises_from_low_to_high():
    for name in ("accelerators", "servers", "embodied", "switches"):
        facts = table(name).dropna(subset="embodied_mid_kg")
        assert len(facts) > 0
        assert (facts["embodied_low_kg"] <= facts["embodied_mid_kg"]).all()
        assert (facts["embodied_mid_kg"] <= facts["embodied_high_kg"]).all()
        assert (facts["lifetime_low_years"] > 0).all()
        assert (facts["lifetime_low_years"] <= facts["lifetime_mid_years"]).all()
        assert (facts["lifetime_mid_years"] <= facts["lifetime_high_years"]).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_load_never_draws_less(low, high):
    power = gpu_power(cluster(OWN))
    low, high = sorted((low, high))
    assert power.busy_w(low) <= power.busy_w(high)
