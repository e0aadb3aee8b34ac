"""Embodied carbon of a site's equipment, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.embodied import COMPONENTS, cluster_rate, embodied_rates
from sim.ledger.close import close_books
from sim.scenario.schema.battery import Battery
from sim.scenario.schema.datacenter import (
    Accelerator,
    Cluster,
    DataCenter,
    Network,
    Optics,
    Rack,
    Storage,
    Switches,
)
from sim.scenario.schema.embodied import Embodied
from sim.scenario.schema.series import PowerSeries
from sim.scenario.schema.site import Site, SolarArray, SolarSeries, WindFarm, WindSeries
from tests.worlds import cluster, job_table, run_log, site, time_grid

YEAR_S = 365.25 * 86400.0
HOUR = 3600.0
OWN = Accelerator(tdp_w=500.0, idle_bare_w=60.0, idle_resident_w=90.0)
MID = Embodied()


def nodes(accelerator="h100-sxm", count=2, **changes):
    return Cluster(name="main", accelerator=accelerator, nodes=count, **changes)


def kg_per_year(place, name):
    return embodied_rates(place)[name] * YEAR_S


def center(**changes):
    full = {"clusters": (nodes(),), "pue": 1.2} | changes
    return Site(name="lab", datacenter=DataCenter(**full))


def test_a_cluster_has_its_accelerators_and_servers_over_their_lives():
    # 16 accelerators of 250 kg and 2 servers of 4,100 kg over 4 years
    assert cluster_rate(nodes(), MID) * YEAR_S == pytest.approx((16 * 250 + 2 * 4100) / 4)


@pytest.mark.parametrize(
    ("estimate", "gpu_kg", "server_kg"),
    [("low", 150, 2500), ("mid", 250, 4100), ("high", 575, 5700)],
)
def test_the_estimate_picks_among_published_figures(estimate, gpu_kg, server_kg):
    rate = cluster_rate(nodes(), Embodied(estimate=estimate))
    assert rate * YEAR_S == pytest.approx((16 * gpu_kg + 2 * server_kg) / 4)


@pytest.mark.parametrize("years", [3.0, 4.0, 6.0])
def test_refresh_spreads_the_same_carbon_over_another_life(years):
    rate = cluster_rate(nodes(), Embodied(refresh_years=years))
    assert rate * YEAR_S == pytest.approx((16 * 250 + 2 * 4100) / years)


def test_the_users_own_figures_go_before_the_catalogs():
    rate = cluster_rate(nodes(), Embodied(accelerator_kg=100.0, server_kg=1000.0))
    assert rate * YEAR_S == pytest.approx((16 * 100 + 2 * 1000) / 4)


def test_a_smaller_node_has_a_smaller_server_and_a_named_server_its_own():
    half = nodes(gpus_per_node=4)
    assert cluster_rate(half, MID) * YEAR_S == pytest.approx((8 * 250 + 4100) / 4)
    named = nodes(gpus_per_node=4, server="p5-48xlarge")
    assert cluster_rate(named, MID) * YEAR_S == pytest.approx((8 * 250 + 2 * 5700) / 4)


def test_an_accelerator_of_unknown_carbon_makes_the_cluster_unknown():
    assert np.isnan(cluster_rate(nodes("t4"), MID))
    assert np.isnan(cluster_rate(nodes(OWN), MID))
    known = cluster_rate(nodes("t4"), Embodied(accelerator_kg=60.0))
    assert known * YEAR_S == pytest.approx((16 * 60 + 2 * 4100) / 4)
    own = OWN.model_copy(update={"embodied_kg": 400.0, "lifetime_years": 5.0})
    assert cluster_rate(nodes(own), MID) * YEAR_S == pytest.approx(16 * 400 / 5 + 2 * 4100 / 4)


def test_a_site_has_only_the_components_of_its_parts():
    assert set(embodied_rates(Site(name="empty"))) == set()
    assert set(embodied_rates(center())) == {"compute", "maintenance", "building"}
    assert set(COMPONENTS) >= set(embodied_rates(center()))


def test_storage_counts_raw_space_and_network_its_switches():
    # 100 TB twice at 74.4 kg, 50 TB twice at 9.4 kg over 5 years; 3 switches of 350 kg over 4
    place = center(
        storage=Storage(ssd_tb=100, hdd_tb=50),
        network=Network(
            switches=(Switches(model="qm9700", count=3),),
            optics=(Optics(model="ndr-osfp", count=64),),
        ),
    )
    assert kg_per_year(place, "storage") == pytest.approx((200 * 74.4 + 100 * 9.4) / 5)
    assert kg_per_year(place, "network") == pytest.approx(3 * 350 / 4)
    it = sum(kg_per_year(place, name) for name in ("compute", "storage", "network"))
    assert kg_per_year(place, "maintenance") == pytest.approx(0.05 * it)


def test_building_and_racks_follow_the_power_they_are_for():
    # 16 x 846 W: 180 kg/kW over 20 years, and a rack of 500 kg for each 20 kW over 15 years
    it_kw = 16 * 0.846
    assert kg_per_year(center(), "building") == pytest.approx(
        it_kw * 180 / 20 + it_kw / 20 * 500 / 15
    )
    racked = center(clusters=(nodes(rack=Rack(nodes_per_rack=1)),))
    assert kg_per_year(racked, "building") == pytest.approx(it_kw * 180 / 20 + 2 * 500 / 15)


def test_battery_solar_and_wind_count_by_their_size():
    # 400 kWh at 84 kg over 15 years, 100 kW at 650 kg over 25, twice 1 MW at 520 kg over 20
    place = Site(
        name="plant",
        battery=Battery(capacity_kwh=400, max_charge_kw=100, max_discharge_kw=100),
        solar=SolarArray(dc_capacity_kw=100),
        wind=WindFarm(turbine="ewt-dw61-1000", count=2, hub_height_m=69),
    )
    assert kg_per_year(place, "battery") == pytest.approx(400 * 84 / 15)
    assert kg_per_year(place, "solar") == pytest.approx(100 * 650 / 25)
    assert kg_per_year(place, "wind") == pytest.approx(2000 * 520 / 20)
    refreshed = place.model_copy(update={"embodied": Embodied(refresh_years=1.0)})
    assert kg_per_year(refreshed, "wind") == pytest.approx(2000 * 520 / 20)  # outlives the IT


def test_a_series_is_unknown_unless_it_says_its_size():
    series = PowerSeries(file="sun.csv", column="p", unit="kW")
    place = Site(
        name="plant",
        solar=SolarSeries(series=series),
        wind=WindSeries(series=series, capacity_kw=50),
    )
    assert np.isnan(embodied_rates(place)["solar"])
    assert kg_per_year(place, "wind") == pytest.approx(50 * 520 / 20)


def books(rates, jobs, own=(2e-3, 1e-3)):
    """Return metrics and jobs of a site with two clusters of four accelerators, 10 hours."""
    clusters = [
        replace(cluster(4, idle_w=50.0, name=name), embodied_kg_per_s=rate)
        for name, rate in zip(("one", "two"), own, strict=True)
    ]
    here = replace(site(time_grid(10), clusters=clusters), embodied_kg_per_s=rates)
    metrics, steps, rows = close_books(run_log([here], jobs), ["jobs"])
    return metrics, steps, rows


def test_jobs_are_allocated_embodied_carbon_by_their_accelerator_hours():
    # per accelerator: 2e-3 / 4 and 1e-3 / 4 of its own, and (8e-3 - 3e-3) / 8 of everything else
    jobs = job_table([0.0, 0.0], [2 * HOUR, 5 * HOUR], [3, 1], home_cluster=[0, 1])
    metrics, steps, rows = books({"compute": 3e-3, "battery": 5e-3}, jobs)
    one, two = 5e-4 + 6.25e-4, 2.5e-4 + 6.25e-4
    assert rows["carbon_embodied_kg"].tolist() == pytest.approx(
        [3 * 2 * HOUR * one, 5 * HOUR * two]
    )
    assert metrics["carbon_embodied_kg"] == pytest.approx(8e-3 * 10 * HOUR)
    assert metrics["carbon_embodied_compute_kg"] == pytest.approx(3e-3 * 10 * HOUR)
    assert metrics["carbon_embodied_battery_kg"] == pytest.approx(5e-3 * 10 * HOUR)
    assert metrics["carbon_embodied_solar_kg"] is None
    assert steps["carbon_embodied_kg"].sum() == pytest.approx(8e-3 * 10 * HOUR)


def test_total_carbon_is_operational_and_embodied():
    metrics, _, _ = books({"compute": 3e-3}, job_table([], [], []))
    assert metrics["carbon_operational_location_kg"] == 0.0
    assert metrics["carbon_total_kg"] == pytest.approx(3e-3 * 10 * HOUR)


def test_what_is_unknown_is_null_and_not_zero():
    jobs = job_table([0.0], [HOUR], [1])
    metrics, _, rows = books({"compute": 3e-3, "solar": float("nan")}, jobs)
    assert metrics["carbon_embodied_solar_kg"] is None
    assert metrics["carbon_embodied_kg"] is None
    assert metrics["carbon_total_kg"] is None
    assert metrics["carbon_embodied_compute_kg"] == pytest.approx(3e-3 * 10 * HOUR)
    assert rows["carbon_embodied_kg"].isna().all()


def test_standing_power_of_storage_and_network_is_told_apart_from_compute():
    here = site(time_grid(10), clusters=[cluster(4, idle_w=50.0)])
    here = replace(here, storage_w=300.0, network_w=100.0)
    metrics, steps, _ = close_books(run_log([here], job_table([0.0], [HOUR], [4])), ["jobs"])
    # 4 accelerators of 700 W for an hour and 50 W for nine
    assert metrics["energy_compute_kwh"] == pytest.approx(2.8 + 1.8)
    assert metrics["energy_storage_kwh"] == pytest.approx(3.0)
    assert metrics["energy_network_kwh"] == pytest.approx(1.0)
    assert metrics["energy_it_kwh"] == pytest.approx(2.8 + 1.8 + 4.0)
    assert metrics["energy_idle_it_kwh"] == pytest.approx(1.8 + 4.0)
    assert steps["it_kw"].iloc[-1] == pytest.approx(0.6)


def test_without_drives_and_switches_their_energy_is_null():
    here = site(time_grid(10), clusters=[cluster(4, idle_w=50.0)])
    metrics, _, _ = close_books(run_log([here], job_table([], [], [])), [])
    assert metrics["energy_storage_kwh"] is None
    assert metrics["energy_network_kwh"] is None
    assert metrics["energy_compute_kwh"] == metrics["energy_it_kwh"]
    assert metrics["rack_power_max_kw"] is None


def test_the_fullest_rack_is_told():
    racks = [replace(cluster(4, name=name), rack_w=watts) for name, watts in
             (("one", 20e3), ("two", 31e3))]
    here = site(time_grid(1), clusters=racks)
    metrics, _, _ = close_books(run_log([here], job_table([], [], [])), [])
    assert metrics["rack_power_max_kw"] == pytest.approx(31.0)
