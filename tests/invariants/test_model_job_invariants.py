"""Jobs that fail, restart, change their size and move data: nothing is created, nothing is lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.energy.dispatch import Connection
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.workload.profile import Elastic, Failures, Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
GPUS = 8
HOURS = 30
ELASTIC = Elastic(sizes=(2, 4, 6), speedups=(1.0, 1.7, 2.2), resize_s=400.0)


def profiles(seed, mtbf_h):
    """Return a plain stream, a failing one, an elastic one that fails, and one with data."""
    failures = Failures(1.0 / (mtbf_h * HOUR), 500.0, seed=seed, name="failing")
    elastic = replace(failures, name="elastic")
    return (
        Profile(name="plain"),
        Profile(name="failing", failures=failures, resume_s=300.0, useful_fraction=0.9),
        Profile(name="elastic", failures=elastic, resume_s=300.0, elastic=ELASTIC),
        Profile(name="data", storage_w=3.0, network_w=2.0, clock_sensitive_fraction=0.1),
    )


worlds = st.fixed_dictionaries(
    {
        "rows": st.lists(
            st.tuples(
                st.floats(0.0, 60_000.0),  # arrival
                st.floats(100.0, 40_000.0),  # duration
                st.integers(1, GPUS),  # gang
                st.integers(0, 3),  # stream
                st.booleans(),  # interruptible
                st.sampled_from([0.0, 600.0, 5000.0]),  # checkpoints
            ),
            min_size=1,
            max_size=20,
        ),
        "mtbf_h": st.sampled_from([5.0, 50.0, 500.0]),
        "seed": st.integers(0, 5),
        "sun": st.lists(st.sampled_from([0.0, 500.0, 2000.0]), min_size=HOURS, max_size=HOURS),
        "limit_w": st.sampled_from([np.inf, 300.0]),
        "cap_fraction": st.sampled_from([None, 0.6]),
        "order": st.sampled_from(["fifo", "sjf", "easy-backfill"]),
    }
)


def table(world):
    """Return the jobs of a drawn world; elastic ones ask for their least size."""
    arrival_s, duration_s, gpus, stream, may_stop, checkpoint_s = zip(
        *sorted(world["rows"]), strict=True
    )
    gpus = np.where(np.asarray(stream) == 2, ELASTIC.least, gpus)
    return job_table(
        arrival_s, duration_s, gpus, workload=stream, interruptible=may_stop,
        checkpoint_s=checkpoint_s, profiles=profiles(world["seed"], world["mtbf_h"]),
    )  # fmt: skip


def run(world, jobs):
    """Return what happens to the jobs of a drawn world."""
    here = site(
        time_grid(HOURS, HOUR),
        clusters=[cluster(GPUS, tdp_w=100.0, idle_w=5.0, resident_w=10.0)],
        connection=Connection(world["limit_w"], 0.0),
        solar_w=np.array(world["sun"]),
        price_usd_per_j=1e-6,
    )
    power = {"use": "fixed-cap", "cap_fraction": world["cap_fraction"]}
    policy = Policy(
        name="p", order=world["order"], power="none" if world["cap_fraction"] is None else power
    )
    return run_log([here], jobs, policy)


@settings(max_examples=60)
@given(world=worlds)
def test_energy_adds_up_by_cause_and_jobs_pay_for_the_time_they_ran(world):
    jobs = table(world)
    log = run(world, jobs)
    metrics, steps, rows = close_books(log, [profile.name for profile in jobs.profiles])
    parts_kw = steps[["compute_kw", "storage_kw", "network_kw"]].sum(axis=1)
    np.testing.assert_allclose(parts_kw, steps["it_kw"], rtol=1e-9)
    idle_gpu_h = (GPUS - steps["gpus_busy_count"]).sum()
    jobs_kwh, it_kwh = rows["energy_it_kwh"].sum(), metrics["energy_it_kwh"]
    assert jobs_kwh + idle_gpu_h * 5.0 / 1000 == pytest.approx(it_kwh, rel=1e-9)
    caused_j = np.bincount(
        log.segment_job,
        log.segment_power_w * (log.segment_end_s - log.segment_start_s),
        minlength=len(jobs),
    )
    np.testing.assert_allclose(rows["energy_it_kwh"] * 3.6e6, caused_j, rtol=1e-9)
    never_ran = rows["start_s"].isna()
    assert (rows["energy_it_kwh"][never_ran] == 0.0).all()
    goodput = rows["goodput_fraction"][~never_ran]
    assert goodput.between(0.0, 1.0).all()


@settings(max_examples=60)
@given(world=worlds)
def test_sizes_stay_in_their_bounds_and_no_accelerator_is_used_twice(world):
    jobs = table(world)
    log = run(world, jobs)
    size, stream = log.segment_gpus_count, jobs.workload[log.segment_job]
    elastic = stream == 2
    assert (size[~elastic] == jobs.gpus_count[log.segment_job][~elastic]).all()
    assert size[elastic].min(initial=ELASTIC.least) >= ELASTIC.least
    assert size[elastic].max(initial=0) <= ELASTIC.most
    moments = np.concatenate([log.segment_start_s, log.segment_end_s])
    change = np.concatenate([size, -size])
    assert (np.cumsum(change[np.lexsort((change, moments))]) <= GPUS).all()


@settings(max_examples=60)
@given(world=worlds)
def test_work_is_neither_created_nor_lost_beyond_the_last_checkpoint(world):
    jobs = table(world | {"cap_fraction": None, "limit_w": np.inf})
    log = run(world | {"cap_fraction": None, "limit_w": np.inf}, jobs)
    kept_s = np.where(log.done, jobs.duration_s, 0.0)
    kept_s[list(log.setbacks.done_s)] = list(log.setbacks.done_s.values())
    lost_s, failures = np.zeros(len(jobs)), np.zeros(len(jobs))
    lost_s[list(log.setbacks.lost_s)] = list(log.setbacks.lost_s.values())
    failures[list(log.setbacks.failures_count)] = list(log.setbacks.failures_count.values())
    assert (lost_s <= failures * jobs.checkpoint_s * (1 + 1e-9)).all()
    # Without caps, work is done at the speed of each size, and none while a job draws 10 W each.
    length_s = log.segment_end_s - log.segment_start_s
    stream, size = jobs.workload[log.segment_job], log.segment_gpus_count
    speed = np.where(stream == 2, np.interp(size, ELASTIC.sizes, ELASTIC.speedups), 1.0)
    works = log.segment_power_w > 50.0 * size
    worked_s = np.bincount(log.segment_job, length_s * speed * works, minlength=len(jobs))
    np.testing.assert_allclose(worked_s, kept_s + lost_s, rtol=1e-9, atol=1e-6)


@settings(max_examples=25)
@given(world=worlds)
def test_equal_seeds_give_equal_runs_and_no_job_is_done_twice(world):
    jobs = table(world)
    first, again = run(world, jobs), run(world, jobs)
    for name in ("segment_job", "segment_start_s", "segment_end_s", "segment_power_w"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.setbacks == again.setbacks
    # What ended is not among what did not.
    assert not first.done[list(first.setbacks.done_s)].any()
