"""Services: no request lost or served twice, bounds kept, energy shared out to the last joule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.energy.dispatch import Connection
from sim.ledger.close import close_all_books
from sim.workload.requests import Pool
from tests.serving import demand, plan, replica, requests, service_log, serving_cluster
from tests.worlds import job_table, site, time_grid

STEP, STEPS, GPUS = 300.0, 12, 6
counts = st.lists(st.integers(0, 6000), min_size=STEPS, max_size=STEPS)
bounds = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: (pair[0], sum(pair) or 1))
jobs_drawn = st.lists(
    st.tuples(st.floats(0, 3000), st.floats(1, 4000), st.integers(1, 3), st.booleans()), max_size=8
)


def world(asked, least_most, drawn, *, limit_w=np.inf, mode="fluid", load_s=0.0):
    """Run a service and jobs on six accelerators of 100 W behind an import limit."""
    grid = time_grid(STEPS * STEP / 3600.0, STEP)
    here = site(
        grid, clusters=[serving_cluster(GPUS)], pue=1.3, connection=Connection(limit_w, 0.0),
        price_usd_per_j=1e-6, average_carbon_kg_per_j=1e-7, marginal_carbon_kg_per_j=2e-7,
    )  # fmt: skip
    rows = sorted(drawn)
    arrival_s, duration_s, gpus, interruptible = np.array(rows).reshape(-1, 4).T
    jobs = job_table(arrival_s, duration_s, gpus.astype(int), interruptible=interruptible > 0)
    service = plan(
        asked, mode=mode, load_s=load_s, replicas={"min": least_most[0], "max": least_most[1]},
        autoscaling={"down_delay_min": 5.0}, slo={"ttft_s": 1.0, "tpot_s": 0.05},
    )  # fmt: skip
    log = service_log([here], jobs, [service])
    return log, close_all_books(log, ["training"])


@given(
    asked=counts,
    least_most=bounds,
    drawn=jobs_drawn,
    limit_w=st.sampled_from([np.inf, 500.0, 250.0, 50.0]),
    load_s=st.sampled_from([0.0, 100.0, 900.0]),
)
@settings(max_examples=60, deadline=None)
def test_a_service_as_a_fluid_keeps_its_books(asked, least_most, drawn, limit_w, load_s):
    log, books = world(demand(asked), least_most, drawn, limit_w=limit_w, load_s=load_s)
    _kept(log, books, least_most, sum(asked))
    quality = log.services[0].quality
    assert quality.served_count.sum() + quality.backlog_count[-1] == pytest.approx(sum(asked))
    assert quality.output_tokens.sum() == pytest.approx(101.0 * quality.served_count.sum())
    in_time = quality.attained_fraction[~np.isnan(quality.attained_fraction)]
    assert ((in_time >= 0.0) & (in_time <= 1.0 + 1e-9)).all()
    assert (np.diff(quality.within, axis=1) >= -1e-9).all()


@given(
    arrivals=st.lists(st.tuples(st.floats(0, 3599), st.integers(1, 3000)), min_size=1, max_size=60),
    least_most=bounds,
    drawn=jobs_drawn,
    limit_w=st.sampled_from([np.inf, 300.0, 50.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_service_request_by_request_keeps_its_books(arrivals, least_most, drawn, limit_w):
    rows = np.array(sorted(arrivals))
    each = requests(rows[:, 0], rows[:, 1])
    steps = np.bincount((rows[:, 0] / STEP).astype(int), minlength=STEPS)
    asked = demand(steps, one_by_one=each)
    log, books = world(asked, least_most, drawn, limit_w=limit_w, mode="requests")
    _kept(log, books, least_most, len(rows))
    quality = log.services[0].quality
    assert quality.served_count.sum() + quality.backlog_count[-1] == len(rows)
    assert (np.diff(np.cumsum(quality.served_count), prepend=0.0) >= 0.0).all()


def _kept(log, books, least_most, asked_count):
    """Check what holds for every service."""
    one, record = log.services[0], log.records[0]
    least, most = least_most
    open_count = one.replicas_ready + one.replicas_loading
    assert (open_count <= most).all()
    if record.unserved_w.max() == 0.0 and np.isinf(log.sites[0].connection.import_limit_w):
        assert (open_count >= least).all()
    assert (one.gpus_held <= GPUS).all()
    assert (books.steps["gpus_busy_count"] <= GPUS + 1e-9).all()
    for column in ("power_it_kw", "requests_served_count", "requests_backlog_count", "cost_usd"):
        assert (books.services[column] >= -1e-9).all(), column
    # Nothing beside the service, the jobs and idle accelerators: close_all_books checks each step.
    metrics = books.metrics
    parts = ("energy_jobs_it_kwh", "energy_services_it_kwh", "energy_idle_it_kwh")
    assert sum(metrics[name] for name in parts) == pytest.approx(metrics["energy_it_kwh"])
    assert metrics["energy_idle_it_kwh"] >= -1e-9
    caused = books.services["carbon_location_kg"].sum() + books.jobs["carbon_location_kg"].sum()
    assert caused <= metrics["carbon_operational_location_kg"] * (1.0 + 1e-9) + 1e-12
    assert books.services["requests_arrived_count"].sum() == pytest.approx(asked_count)


@given(
    arrivals=st.lists(
        st.tuples(st.floats(0, 50), st.integers(1, 300), st.integers(1, 3000)),
        min_size=1, max_size=80,
    ),
    count=st.integers(1, 4),
    max_batch=st.integers(1, 20),
    cut_s=st.floats(1.0, 60.0),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_every_request_is_served_once_in_order_and_pays_for_what_it_used(
    arrivals, count, max_batch, cut_s
):
    rows = np.array(sorted(arrivals))
    one = replica(max_batch=max_batch, s_per_token=1e-4, pdyn_w=30.0)
    asked = requests(rows[:, 0], rows[:, 1], rows[:, 2])
    pool = Pool(asked, one)
    pool.resize(count, 0.0)
    uses = [pool.advance(cut_s), pool.advance(1e5)]
    done = pool.served()
    assert not np.isnan(done.latency_s).any()
    alone_s = one.prefill_s(asked.prompt_tokens) + (asked.output_tokens - 1) * one.iteration_s[1]
    assert (done.latency_s >= alone_s * (1 - 1e-9)).all()
    assert (done.ttft_s <= done.latency_s + 1e-9).all()
    # First come, first served: who comes later does not begin to be read earlier.
    begun_s = asked.arrival_s + done.ttft_s - one.prefill_s(asked.prompt_tokens)
    if count == 1:
        assert (np.diff(begun_s) >= -1e-9).all()
    busy_s = sum(use.reading_s + use.decoding_s for use in uses)
    idle_j = one.power_w[0] * (count * 1e5 - busy_s)
    used_j = sum(use.energy_j for use in uses)
    assert done.energy_j.sum() + idle_j == pytest.approx(used_j, rel=1e-6)
