"""Failures, restarts and checkpoints of jobs on the clock; all times by hand."""

import numpy as np
import pytest

from sim.datacenter.power import relative_draw, relative_throughput
from sim.energy.dispatch import Connection
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.workload.profile import Failures, Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
RESTART_S = 600.0


def failing(rate_per_gpu_s, *, seed=1, restart_s=RESTART_S, **more):
    """Return the profile of a stream whose accelerators fail."""
    return Profile(
        name="llm", failures=Failures(rate_per_gpu_s, restart_s, seed=seed, name="llm"), **more
    )


def first_failure_s(profile, gpus_count, job=0):
    """Return the accelerator time at which a job fails for the first time, as time on its gang."""
    drawn = profile.failures.draws().exponential(size=job + 1)[job]
    return drawn / profile.failures.rate_per_gpu_s / gpus_count


def run(jobs, *, hours=96, policy="fifo", gpus=8, idle_w=40.0, resident_w=100.0, **columns):
    """Run jobs on one cluster of 700 W accelerators without servers, with resident idle power."""
    here = cluster(gpus, idle_w=idle_w, resident_w=resident_w)
    return run_log([site(time_grid(hours), clusters=[here], **columns)], jobs, policy)


def stretches(log, job=0):
    """Return a job's stretches as (start_s, end_s, power_w), in order of time."""
    mine = log.segment_job == job
    columns = (log.segment_start_s, log.segment_end_s, log.segment_power_w)
    return sorted(zip(*(column[mine].tolist() for column in columns), strict=True))


def test_a_failure_costs_the_work_since_the_last_checkpoint_and_a_restart():
    profile = failing(1 / (8 * 10 * HOUR))
    jobs = job_table([0.0], [15 * HOUR], [8], checkpoint_s=HOUR, profiles=[profile])
    fails_s = first_failure_s(profile, 8)
    assert 2 * HOUR < fails_s < 15 * HOUR  # it fails once within its run, else try another seed
    log = run(jobs)
    first, stalled, *_ = stretches(log)
    assert first == (0.0, pytest.approx(fails_s), 8 * 700.0)
    # It holds its accelerators while it restarts, idle with the model resident.
    assert stalled == (first[1], pytest.approx(fails_s + RESTART_S), 8 * 100.0)
    count = log.setbacks.failures_count[0]
    worked_s = sum(end - start for start, end, power_w in stretches(log) if power_w > 1000.0)
    assert worked_s == pytest.approx(15 * HOUR + log.setbacks.lost_s[0])
    if count == 1:
        assert log.setbacks.lost_s[0] == pytest.approx(fails_s % HOUR)
    assert log.done.all()


def test_without_checkpoints_between_nothing_is_lost_but_the_restart():
    profile = failing(1 / (8 * 10 * HOUR))
    log = run(job_table([0.0], [15 * HOUR], [8], checkpoint_s=0.0, profiles=[profile]))
    failures = log.setbacks.failures_count[0]
    assert failures >= 1
    assert log.setbacks.lost_s.get(0, 0.0) == 0.0
    assert log.segment_end_s.max() == pytest.approx(15 * HOUR + failures * RESTART_S)


def test_a_failure_during_the_restart_restarts_anew_and_loses_nothing_more():
    # A failure every minute on average, a restart of ten: it hardly ever gets to work.
    profile = failing(1 / (8 * 60.0))
    jobs = job_table([0.0], [10 * HOUR], [8], checkpoint_s=HOUR, profiles=[profile])
    log = run(jobs, hours=48)
    assert not log.done.any()
    assert log.setbacks.failures_count[0] > 1000
    lost_s, done_s = log.setbacks.lost_s[0], log.setbacks.done_s[0]
    worked_s = sum(end - start for start, end, power_w in stretches(log) if power_w > 1000.0)
    assert worked_s == pytest.approx(lost_s + done_s)
    assert log.setbacks.stalled_gpu_s[0] == pytest.approx(8 * (48 * HOUR - worked_s))


def test_failures_are_the_same_under_every_policy():
    profile = failing(1 / (8 * 5 * HOUR))
    arrival_s = [0.0, HOUR, 2 * HOUR]
    jobs = job_table(arrival_s, [9 * HOUR] * 3, [8] * 3, profiles=[profile], deadline_s=60 * HOUR)
    capped = Policy(name="capped", power={"use": "fixed-cap", "cap_fraction": 0.7})
    for policy in ("fifo", "edf", capped):
        log = run(jobs, policy=Policy(name="p", order=policy) if policy == "edf" else policy)
        for job in range(3):
            first = stretches(log, job)[0]
            assert first[1] - first[0] == pytest.approx(
                min(first_failure_s(profile, 8, job), 9 * HOUR / slowest(policy))
            )


def slowest(policy):
    """Return the relative speed of a job under a policy."""
    return 1.0 if isinstance(policy, str) else relative_throughput(0.7)


def test_a_cap_slows_a_job_by_its_own_share_and_a_failure_under_it_loses_less_work():
    profile = failing(
        1 / (8 * 10 * HOUR), clock_sensitive_fraction=0.15, draw_fraction=0.8, restart_s=0.0
    )
    jobs = job_table(
        [0.0], [15 * HOUR], [8], checkpoint_s=100 * HOUR, profiles=[profile], power_fraction=0.8
    )
    capped = Policy(name="capped", power={"use": "fixed-cap", "cap_fraction": 0.6})
    log = run(jobs, policy=capped, hours=400)
    rate = relative_throughput(0.6, 0.15, 0.8)
    first = stretches(log)[0]
    assert first[2] == pytest.approx(8 * 700.0 * 0.8 * relative_draw(0.6, 0.8))
    assert first[1] == pytest.approx(first_failure_s(profile, 8))
    # All work up to the first failure was lost, at the speed that the cap left.
    worked_s = log.segment_end_s.max()
    lost_s = log.setbacks.lost_s[0]
    assert worked_s == pytest.approx((15 * HOUR + lost_s) / rate)


def test_a_suspended_job_restarts_before_its_work_goes_on():
    profile = Profile(name="llm", resume_s=1800.0)
    sun_w = np.where((np.arange(96) >= 3) & (np.arange(96) < 5), 0.0, 1e5)
    jobs = job_table(
        [0.0], [6 * HOUR], [8], interruptible=[True], checkpoint_s=HOUR, profiles=[profile]
    )
    here = cluster(8, resident_w=100.0)
    grid = time_grid(96, HOUR)
    log = run_log(
        [site(grid, clusters=[here], connection=Connection(0.0, 0.0), solar_w=sun_w)], jobs
    )
    times = [(start / HOUR, end / HOUR, power_w) for start, end, power_w in stretches(log)]
    assert times == [
        (0.0, 3.0, 8 * 700.0),
        (5.0, 5.5, 8 * 100.0),
        (5.5, 8.5, pytest.approx(8 * 700.0)),
    ]


def test_goodput_is_useful_over_held_accelerator_time():
    # A tenth of its run time writes checkpoints; its work is lost once and it restarts once.
    profile = failing(1 / (8 * 10 * HOUR), useful_fraction=0.9, run_flop=1e21)
    jobs = job_table([0.0], [15 * HOUR], [8], checkpoint_s=HOUR, profiles=[profile])
    log = run(jobs)
    metrics, _, rows = close_books(log, ["llm"])
    held_s = log.segment_end_s.max()
    assert metrics["goodput_fraction"] == pytest.approx(0.9 * 15 * HOUR / held_s)
    assert rows["goodput_fraction"][0] == metrics["goodput_fraction"]
    assert rows["lost_s"][0] == log.setbacks.lost_s[0]
    assert metrics["lost_work_gpu_h"] == pytest.approx(8 * log.setbacks.lost_s[0] / HOUR)
    assert metrics["failures_count"] == rows["failures_count"].sum() > 0
    assert metrics["efficiency_flop_per_j"] == pytest.approx(
        1e21 / (rows["energy_it_kwh"][0] * 3.6e6)
    )


def test_plain_jobs_have_no_setbacks_and_metrics_without_meaning_are_none():
    metrics, _, rows = close_books(run(job_table([0.0], [HOUR], [8])), ["training"])
    assert metrics["goodput_fraction"] == 1.0
    assert metrics["lost_work_gpu_h"] == 0.0
    assert rows["goodput_fraction"].tolist() == [1.0]
    for name in ("failures_count", "efficiency_flop_per_j", "tokens_trained_count"):
        assert metrics[name] is None
