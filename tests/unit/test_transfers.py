"""Data that moves to where its job is placed: time, energy and who pays; all by hand."""

from dataclasses import replace

import pytest

from sim.datacenter.moving import DataPath
from sim.datacenter.power import relative_draw, relative_throughput
from sim.engine.transfers import way
from sim.errors import PolicyError
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.site.link import Link
from sim.units import Range
from sim.workload.profile import Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
SLOW = Link(DataPath("edge", Range(1.0, 2e-6, 1.0), 1e9), distance_m=2e6, bytes_per_s=1e9)
FAST = Link(DataPath("core", Range(1.0, 3e-6, 1.0), 1e12), distance_m=1e6, bytes_per_s=1e12)
DATA = Profile(name="data", data_bytes=7.2e12)


class Away:
    """Places every job at the second site."""

    def choose(self, obs, job):
        return 1


def run(jobs, *, place="home", links=(SLOW, FAST), **roles):
    """Run jobs at home or away, on sites of ten accelerators of 100 W that idle at 10 W."""
    grid = time_grid(24, HOUR)
    sites = [
        replace(
            site(grid, clusters=[cluster(10, tdp_w=100.0, idle_w=10.0)], price_usd_per_j=1e-6),
            name=name,
            network=link,
        )
        for name, link in zip(("home", "away"), links, strict=True)
    ]
    policy = Policy(name="p", place=place, **roles)
    return run_log(sites, jobs, policy)


AWAY = f"{__name__}:Away"


def test_the_way_is_as_wide_as_the_narrower_link_as_long_as_both_and_as_costly_as_the_worse():
    time_s, energy_j = way(7.2e12, SLOW, FAST)
    assert time_s == pytest.approx(7200.0 + 3000 * 5e-6)  # 5 us a kilometre
    assert energy_j == pytest.approx(7.2e12 * 3e-6)


def test_a_job_at_home_moves_nothing():
    log = run(job_table([0.0], [HOUR], [10], profiles=[DATA]))
    assert log.segment_gpus_count.tolist() == [10]
    assert log.segment_start_s.tolist() == [0.0]
    metrics, *_ = close_books(log, ["data"])
    assert metrics["energy_network_kwh"] == 0.0


def test_a_job_away_waits_for_its_data_and_pays_for_their_way():
    log = run(job_table([0.0], [HOUR], [10], profiles=[DATA]), place=AWAY)
    metrics, steps, rows = close_books(log, ["data"])
    assert rows["site"].tolist() == ["away"]
    assert rows["start_s"][0] == pytest.approx(7200.015)
    assert rows["end_s"][0] == pytest.approx(7200.015 + HOUR)
    moved_kwh = 7.2e12 * 3e-6 / 3.6e6
    assert metrics["energy_network_kwh"] == pytest.approx(moved_kwh)
    assert metrics["energy_storage_kwh"] == 0.0
    assert metrics["energy_compute_kwh"] == pytest.approx(metrics["energy_it_kwh"] - moved_kwh)
    assert rows["energy_it_kwh"][0] == pytest.approx(moved_kwh + 1.0)
    there = steps[steps["site"] == "away"]
    # 3 kW over two hours; no accelerator is busy, and ten of them idle at 10 W.
    assert there["network_kw"][:2].tolist() == pytest.approx([3.0, 3.0], rel=1e-5)
    assert there["it_kw"].iloc[0] == pytest.approx(3.1, rel=1e-5)
    assert there["gpus_busy_count"].iloc[0] == 0.0
    assert (steps[steps["site"] == "home"]["network_kw"] == 0.0).all()


def test_a_shift_policy_that_does_not_see_the_way_is_not_to_blame():
    jobs = job_table([0.0], [HOUR], [10], deadline_s=[20 * HOUR], profiles=[DATA])
    log = run(jobs, place=AWAY, shift="lowest-window")
    assert log.segment_start_s[log.segment_gpus_count > 0][0] == pytest.approx(7200.015)


def test_a_transfer_that_the_end_cuts_off_counts_up_to_it():
    jobs = job_table([23 * HOUR], [HOUR], [10], profiles=[DATA])
    log = run(jobs, place=AWAY)
    metrics, _, rows = close_books(log, ["data"])
    assert rows["outcome"].tolist() == ["waiting"]
    assert rows["start_s"].isna().all()
    assert metrics["energy_network_kwh"] == pytest.approx(3.0, rel=1e-5)


def test_a_job_that_stays_home_is_not_placed_elsewhere():
    jobs = job_table([0.0], [HOUR], [10], profiles=[replace(DATA, stays_home=True)])
    assert run(jobs, place=AWAY).cluster_of.tolist() == [0]


def test_a_site_without_a_network_cannot_be_sent_data():
    jobs = job_table([0.0], [HOUR], [10], profiles=[DATA])
    with pytest.raises(PolicyError, match="from home to away, but away has no network"):
        run(jobs, place=AWAY, links=(SLOW, None))


def test_what_a_jobs_data_draw_while_it_runs_is_storage_and_network():
    moving = Profile(name="io", storage_w=3.0, network_w=2.0)
    jobs = job_table([0.0], [2 * HOUR], [10], profiles=[moving])
    metrics, steps, rows = close_books(run(jobs), ["io"])
    assert metrics["energy_storage_kwh"] == pytest.approx(10 * 3.0 * 2 / 1000)
    assert metrics["energy_network_kwh"] == pytest.approx(10 * 2.0 * 2 / 1000)
    assert rows["energy_it_kwh"][0] == pytest.approx(10 * 105.0 * 2 / 1000)
    parts_kw = steps[["compute_kw", "storage_kw", "network_kw"]].sum(axis=1)
    assert parts_kw.tolist() == pytest.approx(steps["it_kw"].tolist(), rel=1e-9)


def test_a_cap_lowers_the_power_of_accelerators_and_not_that_of_drives():
    moving = Profile(name="io", storage_w=3.0, network_w=2.0)
    jobs = job_table([0.0], [2 * HOUR], [10], profiles=[moving])
    log = run(jobs, power={"use": "fixed-cap", "cap_fraction": 0.7})
    assert log.segment_power_w[0] == pytest.approx(10 * (100.0 * relative_draw(0.7) + 5.0))
    length_h = 2.0 / relative_throughput(0.7)
    metrics, *_ = close_books(log, ["io"])
    assert metrics["energy_storage_kwh"] == pytest.approx(10 * 3.0 * length_h / 1000)
