"""Racks: how much power and floor, and the standing cap of one that cannot carry its nodes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.datacenter.power import relative_draw, relative_throughput
from sim.datacenter.racks import floor_area_m2, racks_of
from sim.scenario.nodes import accelerator, lowest_cap_fraction, node_power_w
from sim.scenario.schema.datacenter import Accelerator, Cluster, DataCenter, Rack
from sim.scenario.schema.scenario import Policy
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def racked(limit_kw=None, *, nodes=10, nodes_per_rack=4, area_m2=None, **changes):
    """Return a cluster of H100 nodes, 6.768 kW each: 1000 W and 8 x 700 W x 1.03."""
    rack = Rack(nodes_per_rack=nodes_per_rack, limit_kw=limit_kw, area_m2=area_m2)
    return Cluster(name="main", accelerator="h100-sxm", nodes=nodes, rack=rack, **changes)


def test_without_a_limit_a_rack_draws_what_its_nodes_draw():
    racks = racks_of(racked())
    assert racks.count == 3  # the last has two nodes
    assert racks.cap_fraction == 1.0
    assert racks.full_w == pytest.approx(4 * 6768.0)
    assert racks_of(racked().model_copy(update={"rack": None})) is None


def test_a_limit_that_binds_holds_the_accelerators_to_what_fits():
    # 20 kW over 4 nodes: 5 kW, less 1 kW of server: 4 kW of 5.768 kW
    racks = racks_of(racked(20.0))
    assert racks.cap_fraction == pytest.approx(4000 / 5768)
    assert racks.full_w == pytest.approx(20e3)


def test_a_limit_above_what_the_nodes_draw_changes_nothing():
    racks = racks_of(racked(30.0))
    assert racks.cap_fraction == 1.0
    assert racks.full_w == pytest.approx(4 * 6768.0)


@given(limit_kw=st.floats(14.0, 40.0))
def test_no_rack_draws_more_than_its_limit(limit_kw):
    racks = racks_of(racked(limit_kw))
    cap = racks.cap_fraction
    assert 0.0 < cap <= 1.0
    # what the engine draws under the cap: the accelerators by the cap model, servers in full
    drawn_w = 4 * (1000 + 5768 * relative_draw(cap))
    assert drawn_w <= limit_kw * 1e3 * (1 + 1e-9)
    assert drawn_w <= racks.full_w * (1 + 1e-9)


def test_floor_area_is_that_of_the_racks_where_the_data_center_says_none():
    both = (racked(area_m2=3.0), racked(area_m2=2.5, nodes_per_rack=2))
    assert floor_area_m2(DataCenter(clusters=both, pue=1.2)) == pytest.approx(3 * 3.0 + 5 * 2.5)
    assert floor_area_m2(DataCenter(clusters=both, pue=1.2, floor_area_m2=400.0)) == 400.0
    unknown = (both[0], racked())
    assert floor_area_m2(DataCenter(clusters=unknown, pue=1.2)) is None


def test_lowest_cap_is_half_of_tdp_or_the_cards_own():
    def lowest(name, **changes):
        one = Cluster(name="main", accelerator=name, nodes=1, **changes)
        return lowest_cap_fraction(one, accelerator(name))

    assert lowest("h100-sxm") == 0.5
    assert lowest("t4") == pytest.approx(60 / 70, abs=1e-4)
    assert lowest("a100-pcie-40gb") == pytest.approx(0.6)
    assert lowest("v100-pcie", allow_below_half=True) == pytest.approx(0.4)
    # the H100 goes down to 200 W of 700, the model of caps no lower than 0.31
    assert lowest("h100-sxm", allow_below_half=True) == pytest.approx(0.31)


def test_the_largest_power_of_a_node_is_linear_in_its_cap():
    own = Accelerator(tdp_w=500.0, idle_bare_w=50.0, idle_resident_w=60.0)
    one = Cluster(name="main", accelerator=own, nodes=1, gpus_per_node=4)
    chip = accelerator(own)
    assert node_power_w(one, chip) == pytest.approx(1000 + 4 * 500 * 1.03)
    assert node_power_w(one, chip, 0.5) == pytest.approx(1000 + 4 * 250 * 1.03)


def one_job_under(rack_cap_fraction, policy="fifo"):
    """Run one job of four hours on eight accelerators of 1 kW whose racks hold a cap."""
    capped = replace(cluster(8, tdp_w=1000.0), rack_cap_fraction=rack_cap_fraction)
    here = site(time_grid(12), clusters=[capped])
    return run_log([here], job_table([0.0], [4 * HOUR], [8]), policy)


def test_a_job_in_a_rack_at_its_limit_draws_less_and_ends_later_as_the_model_says():
    log = one_job_under(0.7)
    assert log.segment_power_w == pytest.approx([8000.0 * relative_draw(0.7)])
    assert log.segment_end_s[-1] == pytest.approx(4 * HOUR / relative_throughput(0.7))
    free = one_job_under(1.0)
    assert free.segment_power_w == pytest.approx([8000.0])
    assert free.segment_end_s[-1] == pytest.approx(4 * HOUR)


def test_the_lower_of_two_caps_holds():
    capped = Policy(name="capped", power={"use": "fixed-cap", "cap_fraction": 0.6})
    assert one_job_under(0.8, capped).segment_power_w == pytest.approx(
        [8000.0 * relative_draw(0.6)]
    )
    assert one_job_under(0.55, capped).segment_power_w == pytest.approx(
        [8000.0 * relative_draw(0.55)]
    )
