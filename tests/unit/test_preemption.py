"""Order policies that suspend running jobs: shortest remaining time, and anyone's `preempt`."""

import numpy as np
import pytest

from sim.errors import PolicyError
from sim.workload.profile import Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def run(policy, arrival_h, duration_h, gpus, *, capacity=4, resume_h=0.0, **columns):
    """Return what happened on one cluster; times are in hours."""
    columns = {"interruptible": True} | columns
    jobs = job_table(
        np.asarray(arrival_h) * HOUR, np.asarray(duration_h) * HOUR, gpus,
        profiles=[Profile(name="all", resume_s=resume_h * HOUR)], **columns,
    )  # fmt: skip
    return run_log([site(time_grid(48, 3600.0), clusters=[cluster(capacity)])], jobs, policy)


def stretches_h(log, job):
    """Return when a job ran, as pairs of hours."""
    of = log.segment_job == job
    pairs = zip(log.segment_start_s[of] / HOUR, log.segment_end_s[of] / HOUR, strict=True)
    return sorted((float(start), float(end)) for start, end in pairs)


def test_a_shorter_job_suspends_a_longer_one_that_then_goes_on_where_it_stopped():
    log = run("srpt", [0, 1], [5, 2], [4, 4])
    assert stretches_h(log, 1) == [(1, 3)]
    assert stretches_h(log, 0) == [(0, 1), (3, 7)]
    assert log.suspensions_count.tolist() == [1, 0]


def test_a_job_with_less_to_go_is_not_suspended_although_it_is_longer():
    # After four of its five hours job 0 has one to go, less than job 1.
    log = run("srpt", [0, 4], [5, 2], [4, 4])
    assert stretches_h(log, 0) == [(0, 5)]
    assert stretches_h(log, 1) == [(5, 7)]


def test_no_more_jobs_are_suspended_than_the_shorter_one_needs():
    # Longest to go: job 0 (1 accelerator), then job 1 (3). Job 3 needs 3: without job 1 it fits.
    log = run("srpt", [0, 0, 0, 1], [9, 8, 2, 1], [1, 3, 1, 3], capacity=5)
    assert log.suspensions_count.tolist() == [0, 1, 0, 0]
    assert stretches_h(log, 3) == [(1, 2)]


def test_nothing_is_suspended_for_a_job_that_would_not_fit_even_so():
    log = run("srpt", [0, 0, 1], [9, 9, 1], [2, 2, 4], interruptible=[True, False, True])
    assert log.suspensions_count.sum() == 0
    assert stretches_h(log, 2) == [(9, 10)]


def test_a_suspended_job_does_again_what_it_did_since_its_checkpoint_and_takes_time_to_resume():
    # Checkpoints every 2 h: of 3 h work 1 h is lost; resuming takes half an hour more.
    log = run("srpt", [0, 3], [6, 1], [4, 4], checkpoint_s=2 * HOUR, resume_h=0.5)
    assert log.setbacks.lost_s == {0: HOUR}
    assert max(end for _, end in stretches_h(log, 0)) == pytest.approx(3 + 1 + 0.5 + 4)


class Preempting:
    """Starts what fits, and suspends what it is told to once."""

    jobs = ()

    def __init__(self):
        self.left = list(self.jobs)

    def preempt(self, obs, cluster):
        if obs.now_s < HOUR:
            return []
        leaving, self.left = self.left, []
        return leaving

    def select(self, obs, cluster):
        last = next(reversed(cluster.waiting))
        return [last] if cluster.fits(cluster.waiting[last]) else []


class Right(Preempting):
    """Suspends a job that runs."""

    jobs = (0,)


class Stranger(Preempting):
    """Suspends a job that does not run."""

    jobs = (1,)


class Twice(Preempting):
    """Suspends a job twice at once."""

    jobs = (0, 0)


class Odd(Preempting):
    """Suspends something that is no job."""

    jobs = ("a",)


def test_a_policy_is_asked_what_to_suspend_although_nothing_is_free():
    log = run(Right, [0, 1], [5, 2], [4, 4])
    assert stretches_h(log, 1) == [(1, 3)]


@pytest.mark.parametrize(
    ("policy", "interruptible", "message"),
    [
        (Stranger, True, r"policy stranger at 3600.0 s: order preempted job 1, which does not run"),
        (Right, False, r"order preempted job 0, which is not interruptible"),
        (Twice, True, r"order preempted job 0, which does not run on main"),
        (Odd, True, r"its order decision for main .* must be a list of running job ids"),
    ],
)
def test_preempting_what_cannot_be_is_refused(policy, interruptible, message):
    with pytest.raises(PolicyError, match=message):
        run(policy, [0, 1], [5, 2], [4, 4], interruptible=interruptible)
