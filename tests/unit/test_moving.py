"""Energy and time of moving data, and the standing power of drives and switches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.datacenter.moving import data_path, moving_energy_j, moving_time_s
from sim.datacenter.standing import network_w, storage_w
from sim.scenario.schema.datacenter import Network, Optics, Storage, Switches
from sim.units import Range

TB = 1e12
KWH = 3.6e6


def test_a_terabyte_between_data_centers_takes_a_kilowatt_hour():
    # 0.001 kWh/GB: cloud-carbon-footprint
    energy = moving_energy_j(TB, data_path("inter-dc"))
    assert energy.mid == pytest.approx(1.0 * KWH)
    assert energy.low < energy.mid < energy.high


def test_network_inside_a_node_takes_picojoules_a_bit():
    # 5 to 10 pJ/bit over NVLink, 30 to 60 over InfiniBand with optics
    assert data_path("nvlink").energy_j_per_byte == pytest.approx((4e-11, 6e-11, 8e-11))
    assert data_path("infiniband").energy_j_per_byte.low == pytest.approx(8 * 30e-12)
    assert data_path("infiniband").energy_j_per_byte.high == pytest.approx(8 * 60e-12)


def test_reading_a_terabyte_from_flash_takes_four_kilojoules():
    assert moving_energy_j(TB, data_path("ssd")).mid == pytest.approx(4000.0)
    assert moving_energy_j(TB, data_path("hdd")).mid == pytest.approx(8000.0)


def test_time_is_size_over_bandwidth_and_the_way_of_light():
    path = data_path("inter-dc")
    assert path.bytes_per_s == pytest.approx(12.5e9)  # 100 Gbit/s
    # 80 s on the wire and 4,000 km at 5 us/km
    assert moving_time_s(TB, path.bytes_per_s, distance_m=4e6) == pytest.approx(80.02)
    assert moving_time_s(0.0, path.bytes_per_s) == 0.0


def test_what_cannot_be_moved_is_refused():
    path = data_path("inter-dc")
    with pytest.raises(ValueError, match="size_bytes is -1; it must be at least 0"):
        moving_energy_j(-1, path)
    with pytest.raises(ValueError, match="size_bytes is nan"):
        moving_time_s(float("nan"), 1.0)
    with pytest.raises(ValueError, match="distance_m is -5"):
        moving_time_s(1.0, 1.0, distance_m=-5)
    with pytest.raises(ValueError, match="bytes_per_s is 0; a bandwidth must be above 0"):
        moving_time_s(1.0, 0)
    with pytest.raises(ValueError, match="Did you mean broadband"):
        data_path("broadbend")


@given(size=st.floats(0, 1e18), more=st.floats(0, 1e18), name=st.sampled_from(
    list(table("data_paths")["path"])
))
def test_more_data_never_takes_less(size, more, name):
    path = data_path(name)
    small, large = moving_energy_j(size, path), moving_energy_j(size + more, path)
    assert all(a <= b for a, b in zip(small, large, strict=True))
    assert small == Range(*sorted(small))
    times = [moving_time_s(amount, path.bytes_per_s) for amount in (size, size + more)]
    assert times == sorted(times)


def test_disks_with_copies_and_their_servers_draw_the_published_two_watts_a_terabyte():
    # tailpipe.ai: 0.002 W/GB of a storage rack with overheads and two copies
    assert storage_w(Storage(hdd_tb=1000.0)) == pytest.approx(2000.0, rel=0.03)


def test_storage_adds_up_its_drives():
    # (100 TB * 1.2 W + 200 TB * 0.65 W) * 1.25 copies * 1.4
    storage = Storage(ssd_tb=100, hdd_tb=200, redundancy_ratio=1.25, overhead_fraction=0.4)
    assert storage_w(storage) == pytest.approx((120 + 130) * 1.25 * 1.4)
    assert storage_w(None) == 0.0


def test_network_adds_up_switches_ports_and_modules():
    # 2 x 747 W; 3 x (300 + 32 * 10) W; 64 modules of 17 W
    network = Network(
        switches=(Switches(model="qm9700", count=2), Switches(model="generic-32", count=3)),
        optics=(Optics(model="ndr-osfp", count=64),),
    )
    assert network_w(network) == pytest.approx(2 * 747 + 3 * 620 + 64 * 17)
    assert network_w(None) == 0.0


def test_a_switch_full_of_modules_stays_below_its_largest_power():
    facts = table("switches").set_index("switch").loc["qm9700"]
    full = Network(
        switches=(Switches(model="qm9700", count=1),), optics=(Optics(model="ndr-osfp", count=32),)
    )
    assert network_w(full) < facts["max_power_w"]
