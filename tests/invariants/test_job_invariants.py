"""No job is lost, run twice, or given fewer accelerators than its gang; equal seeds, equal runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.ledger.close import close_books
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy
from sim.streams import stream
from tests.worlds import cluster, job_table, run_log, site, time_grid

ORDERS = [name for name in POLICIES["order"] if name != "srpt"]  # suspends: test_order_invariants
job_lists = st.lists(
    st.tuples(
        st.floats(0.0, 80_000.0),  # arrival
        st.floats(1.0, 40_000.0),  # duration
        st.integers(1, 8),  # gang
        st.floats(0.0, 50_000.0),  # slack
    ),
    max_size=40,
)


def table(rows):
    """Return the jobs of a drawn list."""
    rows = sorted(rows)
    arrival_s, duration_s, gpus, slack_s = np.array(rows).reshape(-1, 4).T
    deadline_s = arrival_s + duration_s + slack_s
    return job_table(arrival_s, duration_s, gpus.astype(int), deadline_s=deadline_s, power_w=10.0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shift", ["none", "lowest-window"])
@given(rows=job_lists)
def test_no_job_is_lost_or_run_twice_and_no_accelerator_is_used_twice(order, shift, rows):
    jobs = table(rows)
    policy = Policy(name="p", order=order, shift=shift)
    log = run_log([site(time_grid(24, 3600.0), clusters=[cluster(8)])], jobs, policy)
    ran = np.bincount(log.segment_job, minlength=len(jobs))
    assert (ran <= 1).all()
    length_s = log.segment_end_s - log.segment_start_s
    full = log.done[log.segment_job]
    np.testing.assert_allclose(length_s[full], jobs.duration_s[log.segment_job][full], rtol=1e-9)
    assert (log.segment_start_s >= jobs.arrival_s[log.segment_job]).all()
    gpus = jobs.gpus_count[log.segment_job]
    moments = np.concatenate([log.segment_start_s, log.segment_end_s])
    change = np.concatenate([gpus, -gpus])
    # At one moment accelerators come free before they are taken.
    in_use = np.cumsum(change[np.lexsort((change, moments))])
    assert (in_use <= 8).all()


@given(rows=job_lists, step_s=st.sampled_from([60.0, 300.0, 1800.0]))
def test_job_times_and_energy_do_not_depend_on_the_step(rows, step_s):
    jobs = table(rows)

    def outcome(step_s):
        log = run_log([site(time_grid(24, step_s), clusters=[cluster(8, idle_w=1.0)])], jobs)
        metrics, _, _ = close_books(log, ["training"])
        return log.segment_start_s, metrics["energy_it_kwh"]

    coarse_start_s, coarse_kwh = outcome(3600.0)
    start_s, energy_kwh = outcome(step_s)
    np.testing.assert_array_equal(start_s, coarse_start_s)
    assert energy_kwh == pytest.approx(coarse_kwh, rel=1e-9)


def test_a_new_random_stream_does_not_shift_the_others():
    first = stream(1, "workload/a/arrivals").uniform(size=5)
    stream(1, "another").uniform(size=1000)
    np.testing.assert_array_equal(first, stream(1, "workload/a/arrivals").uniform(size=5))
    assert not np.array_equal(first, stream(1, "workload/b/arrivals").uniform(size=5))
    assert not np.array_equal(first, stream(2, "workload/a/arrivals").uniform(size=5))
