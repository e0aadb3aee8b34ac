"""The facility of a site from its scenario: plant, UPS, water, heat, network link."""

import numpy as np
import pytest

from sim.errors import DataError
from sim.units import KWH, LITER_M3
from tests.unit import weather_files as write
from tests.unit.test_site import GREENSBORO, build

CLUSTER = {"name": "main", "accelerator": "h100-sxm", "nodes": 10}
# 8 accelerators of 700 W, 3 % and 1000 W of the server, in 10 nodes
FULL_W = 10 * (8 * 700 * 1.03 + 1000)


def plant(name, **more):
    return GREENSBORO | {
        "datacenter": {"clusters": (CLUSTER,), "pue": {"cooling": name}} | more
    }


def test_cooling_and_power_are_made_for_all_accelerators_at_full_load():
    facility = build(plant("air-chiller")).facility
    assert facility.overhead.fixed_w == pytest.approx(np.full(576, 0.01 * FULL_W))
    # at full load the losses of UPS, transformer and PDU are 3.89, 1.0 and 1.5 %
    assert facility.conversion.at_w(FULL_W) == pytest.approx(np.full(576, 0.0639 * FULL_W))


def test_a_design_power_of_ones_own_is_taken_instead():
    spec = plant("air-chiller", pue={"cooling": "air-chiller", "design_it_kw": 200.0})
    assert build(spec).facility.overhead.fixed_w == pytest.approx(np.full(576, 2000.0))


def test_storage_and_network_belong_to_the_full_power():
    more = build(plant("air-chiller", storage={"hdd_tb": 1000.0}))
    assert more.storage_w > 0.0
    assert more.facility.overhead.fixed_w[0] == pytest.approx(0.01 * (FULL_W + more.storage_w))


def test_a_ups_takes_from_its_curve_what_the_scenario_leaves_out():
    def conversion(**ups):
        return build(plant("air-chiller", ups=ups)).facility.conversion

    distribution_w = (0.002 + 0.003) * FULL_W
    assert conversion(curve="eco").fixed_w[0] == pytest.approx(0.004 * FULL_W + distribution_w)
    rated = conversion(rated_kw=500.0, fixed_loss_fraction=0.02)
    assert rated.fixed_w[0] == pytest.approx(0.02 * 500e3 + distribution_w)
    assert rated.ratio[0] == pytest.approx(0.0046)
    assert rated.bend_per_w[0] == pytest.approx(0.0225 / 500e3 + (0.008 + 0.012) / FULL_W)


def test_a_year_in_the_summer_takes_water_and_a_dry_plant_none():
    wet, dry = (build(plant(name)).facility for name in ("evaporative", "air-economizer"))
    assert wet.water_m3(wet.evaporation.at_w(1e5)).sum() > 0.0
    assert dry.water_m3(dry.evaporation.at_w(1e5)).sum() == 0.0
    assert build(GREENSBORO | {"datacenter": {"clusters": (CLUSTER,), "pue": 1.2}}).facility \
        .evaporation is None


def test_weather_without_humidity_is_refused_for_a_plant_that_goes_by_the_wet_bulb(tmp_path):
    lines = write.srw(write.numbers(), write.PLACE)
    (tmp_path / "year.srw").write_text("\n".join(lines))
    weather = {"weather": {"file": "year.srw"}}
    with pytest.raises(DataError, match=r"evaporative goes by the wet bulb.* or dlc-dry-cooler"):
        build(plant("evaporative") | weather, folder=tmp_path)
    cooled = build(plant("air-chiller") | weather, folder=tmp_path)
    assert cooled.facility.cooling.ratio.min() > 0.0


def test_liquid_gives_off_usable_heat_in_season():
    reuse = build(plant("dlc-dry-cooler", heat_reuse={"capacity_kw": 20.0})).heat_reuse
    assert reuse.captured_fraction == pytest.approx(np.full(576, 0.75))
    assert reuse.capacity_w == 20e3
    winter = {"months": (12, 1, 2), "fraction": 0.5}
    off = build(plant("dlc-dry-cooler", heat_reuse=winter)).heat_reuse
    assert not off.captured_fraction.any()
    on = build(plant("dlc-dry-cooler", heat_reuse=winter), start="2025-01-31T00:00Z").heat_reuse
    assert on.captured_fraction == pytest.approx(np.full(576, 0.5))


def test_a_heat_pump_may_lift_what_air_gives_off():
    reuse = build(plant("air-chiller", heat_reuse={"fraction": 0.3})).heat_reuse
    assert reuse.captured_fraction[0] == 0.3
    assert reuse.capacity_w == np.inf


@pytest.mark.parametrize(("water", "litres"), [(2.5, 2.5), ("us-average", 7.6), (None, None)])
def test_water_of_the_grid_is_a_number_or_a_mix_of_the_catalog(water, litres):
    found = build({"grid": {"water_l_per_kwh": water}}).grid_water_m3_per_j
    assert (found and found * KWH / LITER_M3) == (litres and pytest.approx(litres))


def test_an_edge_site_knows_how_far_it_is():
    near = build({"network": {"distance_km": 30.0, "medium": "broadband"}}).network
    assert near.distance_m == 30e3
    assert near.bytes_per_s == near.path.bytes_per_s
    fast = build({"network": {"distance_km": 30.0, "bandwidth_gbps": 8.0}}).network
    assert (fast.path.name, fast.bytes_per_s) == ("inter-dc", 1e9)
    assert build({}).network is None
