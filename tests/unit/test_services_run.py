"""Services in a run: power, replicas, accelerators shared with jobs, caps; all by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.energy.dispatch import Connection
from sim.ledger.close import close_all_books
from sim.scenario.schema.scenario import Policy
from sim.workload.requests import Pool
from tests.serving import demand, plan, replica, requests, service_log, serving_cluster
from tests.worlds import job_table, site, time_grid

STEP = 300.0
NO_JOBS = job_table([], [], [])


def run(services, *, gpus=4, jobs=NO_JOBS, steps=4, policy="fifo", connection=None, **columns):
    """Run services on one cluster with 5-minute steps; return the log and the books."""
    grid = time_grid(steps * STEP / 3600.0, STEP)
    here = site(
        grid, clusters=[serving_cluster(gpus)], connection=connection, price_usd_per_j=1e-6,
        average_carbon_kg_per_j=1e-7, marginal_carbon_kg_per_j=2e-7, pue=1.5, **columns,
    )  # fmt: skip
    log = service_log([here], jobs, services, policy)
    return log, close_all_books(log, ["training"])


def test_an_idle_service_keeps_its_model_resident_and_the_rest_is_bare():
    log, books = run([plan(demand([0] * 4), replicas={"min": 2, "max": 2})])
    np.testing.assert_allclose(log.records[0].it_w, 2 * 20.0 + 2 * 10.0)
    np.testing.assert_allclose(books.services["power_it_kw"], 0.04)
    assert books.metrics["energy_idle_it_kwh"] == pytest.approx(0.02 / 3)
    assert books.metrics["energy_per_token_j"] is None


def test_energy_of_a_full_service_is_that_of_its_prefills_and_full_batches():
    # A request takes 0.1 s at 100 W and 0.11 s at 50 W of a full batch: 15.5 J for 101 tokens.
    _, books = run([plan(demand([2000] * 4))], gpus=1)
    served = 300 / 0.21 * 4
    assert books.metrics["requests_served_count"] == pytest.approx(served)
    assert books.metrics["requests_backlog_count"] == pytest.approx(8000 - served)
    assert books.metrics["tokens_served_count"] == pytest.approx(served * 101)
    assert books.metrics["energy_services_it_kwh"] * 3.6e6 == pytest.approx(served * 15.5)
    assert books.metrics["energy_per_token_j"] == pytest.approx(1.5 * 15.5 / 101)


def test_cost_and_carbon_of_a_service_are_its_share():
    log, books = run([plan(demand([0] * 4), replicas={"min": 3, "max": 3})])
    share = 60.0 / 70.0
    metrics, services = books.metrics, books.services
    for mine, whole in (
        ("cost_usd", "cost_total_usd"),
        ("carbon_location_kg", "carbon_operational_location_kg"),
        ("carbon_marginal_kg", "carbon_marginal_kg"),
    ):
        assert services[mine].sum() == pytest.approx(share * metrics[whole])
    assert services["energy_facility_kwh"].sum() == pytest.approx(1.5 * 0.06 / 3)
    assert books.steps["gpus_busy_count"].tolist() == [3.0] * 4
    assert log.services[0].name == "chat"


def test_replicas_are_added_by_the_load_of_the_step_before_and_load_first():
    # Full load for one replica: at a target of 0.5 two are wanted from the second step on.
    asked = demand([300 / 0.21] * 6)
    service = plan(
        asked, replicas={"min": 1, "max": 3}, load_s=450.0,
        autoscaling={"target_fraction": 0.5, "down_delay_min": 0.0},
    )  # fmt: skip
    log, _ = run([service], steps=6)
    one = log.services[0]
    assert one.replicas_ready.tolist() == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    assert one.replicas_loading.tolist() == [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert one.gpus_held.tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    reading = 0.1 / 0.21
    assert one.power_w[1] == pytest.approx(reading * 100 + (1 - reading) * 50 + 20.0)


def test_replicas_are_given_back_and_jobs_take_their_accelerators():
    # From the third step on nothing is asked; the job of four waits for all accelerators.
    asked = demand([2 * 300 / 0.21] * 2 + [0] * 4)
    service = plan(
        asked, replicas={"min": 0, "max": 4},
        autoscaling={"target_fraction": 1.0, "down_delay_min": 0.0},
    )  # fmt: skip
    jobs = job_table([310.0], [300.0], [4])
    log, books = run([service], steps=6, jobs=jobs)
    ready = log.services[0].replicas_ready.tolist()
    assert ready[0] == 0.0  # none at first: what is asked waits
    assert ready[1] == 2.0
    gone = ready.index(0.0, 1)
    assert log.segment_start_s.tolist() == [gone * STEP]
    assert books.metrics["requests_served_count"] == pytest.approx(4 * 300 / 0.21)


def test_a_service_never_takes_accelerators_from_a_running_job():
    asked = demand([3 * 300 / 0.21] * 6)
    service = plan(asked, replicas={"min": 1, "max": 4}, autoscaling={"target_fraction": 1.0})
    jobs = job_table([0.0], [900.0], [3])
    log, _ = run([service], steps=6, jobs=jobs)
    assert log.segment_end_s.tolist() == [900.0]
    assert log.services[0].replicas_ready.tolist() == [1.0, 1.0, 1.0, 1.0, 4.0, 4.0]


def test_a_cap_of_the_policy_lowers_the_power_and_stretches_the_times():
    asked = demand([700] * 4)
    free, _ = run([plan(asked)], gpus=1)
    capped = Policy(name="capped", power={"use": "fixed-cap", "cap_fraction": 0.6})
    held, books = run([plan(asked)], gpus=1, policy=capped)
    slow, fast = held.services[0], free.services[0]
    assert (slow.power_w < fast.power_w).all()
    assert (slow.quality.ttft_p95_s > 1.1 * fast.quality.ttft_p95_s).all()
    assert (slow.utilization_fraction > fast.utilization_fraction).all()
    assert books.metrics["requests_served_count"] == pytest.approx(2800.0)


def test_short_power_caps_first_then_suspends_jobs_then_lets_replicas_stand_idle():
    asked = demand([300 / 0.21] * 2)  # a replica that is full draws 73.8 W
    jobs = job_table([0.0], [3600.0], [1], interruptible=True)
    full_w = 0.1 / 0.21 * 100 + 0.11 / 0.21 * 50

    def step_two(limit_w):
        """Limit the import from the second step on, by taking the sun away."""
        sun_w = np.array([1e4, 0.0])
        log, _ = run(
            [plan(asked)], gpus=2, jobs=jobs, steps=2,
            connection=Connection(1.5 * limit_w, 0.0), solar_w=sun_w,
        )  # fmt: skip
        return log

    assert step_two(200.0).records[0].it_w[1] == pytest.approx(full_w + 100.0)
    capped = step_two(140.0)
    assert capped.segment_end_s.max() == 600.0  # the job goes on, slower
    assert 120.0 < capped.records[0].it_w[1] <= 140.0
    suspended = step_two(75.0)
    assert suspended.segment_end_s.max() == 300.0
    assert suspended.services[0].replicas_ready[1] == 1.0
    assert suspended.services[0].power_w[1] + 10.0 <= 75.0
    idle = step_two(40.0)
    assert idle.services[0].replicas_ready[1] == 0.0
    assert idle.services[0].power_w[1] == pytest.approx(20.0)
    assert idle.services[0].quality.backlog_count[1] == pytest.approx(300 / 0.21)
    assert (idle.records[0].unserved_w == 0.0).all()


def test_two_services_at_two_clusters_of_two_sites_keep_to_their_own():
    grid = time_grid(1.0, STEP)
    here = site(grid, clusters=[serving_cluster(2)])
    sites = [here, replace(here, name="there", clusters=(serving_cluster(3),))]
    asked = demand([0] * 12)
    services = [
        plan(asked, site=0, on_cluster=0, replicas=2),
        plan(asked, site=1, on_cluster=1, name="other", replicas=3),
    ]
    log = service_log(sites, NO_JOBS, services)
    books = close_all_books(log, [])
    assert [record.it_w[0] for record in log.records] == [40.0, 60.0]
    assert books.services.groupby("service", observed=True)["gpus_held_count"].mean().tolist() == [
        2.0, 3.0,
    ]  # fmt: skip


def test_request_by_request_a_run_does_what_the_pool_alone_does():
    rng = np.random.default_rng(4)
    asked = requests(np.sort(rng.uniform(0, 1200, 900)), rng.integers(1, 400, 900))
    counts = np.bincount((asked.arrival_s / STEP).astype(int), minlength=4)
    one = plan(demand(counts, one_by_one=asked), mode="requests", replicas=2)
    log, books = run([one])
    pool = Pool(asked, replica())
    pool.resize(2, 0.0)
    use = pool.advance(1200.0)
    energy_j = log.services[0].power_w.sum() * STEP
    assert energy_j == pytest.approx(use.energy_j, rel=1e-9)
    done = int((~np.isnan(pool.served().latency_s)).sum())
    assert books.metrics["requests_served_count"] == done
    assert done + books.metrics["requests_backlog_count"] == 900


def test_request_by_request_nothing_is_served_without_power():
    asked = requests(np.arange(100.0), 51.0)
    one = plan(demand([100, 0, 0, 0], one_by_one=asked), mode="requests")
    log, _ = run([one], gpus=1, connection=Connection(1.5 * 25.0, 0.0))
    assert log.services[0].quality.served_count.sum() == 0.0
    np.testing.assert_allclose(log.records[0].it_w, 20.0)
    assert (log.records[0].unserved_w == 0.0).all()


def test_request_by_request_a_replica_that_goes_first_finishes_what_it_has():
    # One long answer of 4,000 tokens, 40 s a thousand; nothing more is asked.
    asked = requests([0.0, 0.0], 30_001.0)
    one = plan(
        demand([2, 0, 0, 0], one_by_one=asked), mode="requests", replicas={"min": 0, "max": 2},
        autoscaling={"target_fraction": 1e-3, "down_delay_min": 0.0},
    )  # fmt: skip
    log, _ = run([one])
    held = log.services[0].gpus_held.tolist()
    assert held[0] == 0.0
    assert held[1] == held[2] == 2.0  # they write for 330 s, into the next step
    assert log.services[0].quality.served_count.sum() == 2.0


def test_without_services_their_metrics_are_null():
    _, books = run([], gpus=1)
    names = ("slo_attainment_fraction", "ttft_p95_s", "tokens_served_count", "energy_per_token_j")
    assert [books.metrics[name] for name in names] == [None] * 4
    assert len(books.services) == 0
