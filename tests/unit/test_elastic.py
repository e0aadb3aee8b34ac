"""Elastic jobs: the size they start with, grow to and shrink to; all by hand."""

import numpy as np
import pytest

from sim.energy.dispatch import Connection
from sim.engine.cluster import Cluster, Place
from sim.engine.kernel import Clock
from sim.engine.model_runs import ModelRuns
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.workload.profile import Elastic, Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
CURVE = Elastic(sizes=(2, 4, 8), speedups=(1.0, 1.8, 3.0), resize_s=600.0)
PROFILES = (Profile(name="plain"), Profile(name="elastic", elastic=CURVE))


def run(jobs, *, gpus=8, hours=48, policy="fifo", **more):
    """Run jobs on one cluster of 100 W accelerators without servers."""
    here = cluster(gpus, tdp_w=100.0, idle_w=10.0, resident_w=20.0)
    return run_log([site(time_grid(hours, HOUR), clusters=[here], **more)], jobs, policy)


def sizes(log, job=0):
    """Return a job's stretches as (start_h, end_h, accelerators, power_w)."""
    mine = log.segment_job == job
    columns = (
        log.segment_start_s / HOUR, log.segment_end_s / HOUR,
        log.segment_gpus_count, log.segment_power_w,
    )  # fmt: skip
    return sorted(zip(*(column[mine].tolist() for column in columns), strict=True))


def test_speed_between_known_sizes_lies_on_a_line_and_counts_from_the_least():
    assert CURVE.speedup(2) == 1.0
    assert CURVE.speedup(3) == pytest.approx(1.4)
    assert CURVE.speedup(6) == pytest.approx(2.4)
    assert Elastic((4, 8), (2.0, 3.0)).speedup(8) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("of_sizes", "speedups"), [((), ()), ((2, 4), (1.0,)), ((4, 2), (1.0, 2.0))]
)
def test_a_curve_that_is_none_is_refused(of_sizes, speedups):
    with pytest.raises(ValueError, match="are no scaling curve: sizes must ascend"):
        Elastic(of_sizes, speedups)


def test_a_job_starts_with_all_that_is_free_up_to_its_most():
    jobs = job_table([0.0], [6 * HOUR], [2], workload=[1], profiles=PROFILES)
    log = run(jobs, gpus=16)
    # At three times the speed of its least size.
    assert sizes(log) == [(0.0, 2.0, 8, 800.0)]


def test_a_job_takes_no_more_than_its_least_while_another_waits():
    jobs = job_table(
        [0.0, 0.1 * HOUR, 0.1 * HOUR], [HOUR, 0.5 * HOUR, 0.5 * HOUR], [8, 2, 6],
        workload=[0, 1, 0], profiles=PROFILES,
    )  # fmt: skip
    log = run(jobs)
    assert sizes(log, 1) == [(1.0, 1.5, 2, 200.0)]
    assert sizes(log, 2) == [(1.0, 1.5, 6, 600.0)]


def test_a_job_shrinks_at_the_step_after_another_came_and_grows_again_when_it_has_gone():
    jobs = job_table(
        [0.0, 0.5 * HOUR], [9 * HOUR, 1.5 * HOUR], [2, 6], workload=[1, 0], profiles=PROFILES
    )
    log = run(jobs)
    stall_h = 600.0 / 3600.0
    # Its work is 9 h at the least size: 3 h are done by 1 h, 1.5 h - stall more by 2.5 h. The other
    # ends at 2.5 h, in the middle of a step; at 3 h it grows again.
    done_h = 3.0 + (2.0 - stall_h)
    end_h = 3.0 + stall_h + (9.0 - done_h) / 3.0
    assert sizes(log) == [
        (0.0, 1.0, 8, 800.0),
        (1.0, pytest.approx(1.0 + stall_h), 2, 40.0),
        (pytest.approx(1.0 + stall_h), 3.0, 2, 200.0),
        (3.0, pytest.approx(3.0 + stall_h), 8, 160.0),
        (pytest.approx(3.0 + stall_h), pytest.approx(end_h), 8, 800.0),
    ]
    assert sizes(log, 1) == [(1.0, 2.5, 6, 600.0)]


def test_a_job_that_is_nearly_done_does_not_stop_to_grow():
    jobs = job_table(
        [0.0, 0.0], [1.0 * HOUR, 3.2 * HOUR], [6, 2], workload=[0, 1], profiles=PROFILES
    )
    log = run(jobs, policy=Policy(name="p", order="fifo"))
    # 2.2 h are left after an hour: with 8 it would take 10 min + 44 min, so it grows then.
    assert [row[2] for row in sizes(log, 1)] == [2, 8, 8]
    jobs = job_table(
        [0.0, 0.0], [1.0 * HOUR, 1.2 * HOUR], [6, 2], workload=[0, 1], profiles=PROFILES
    )
    # 12 min are left: 10 min + 4 min would take longer.
    assert sizes(run(jobs), 1) == [(0.0, pytest.approx(1.2), 2, 200.0)]


def test_a_suspended_job_comes_back_at_its_least_size():
    sun_w = np.where(np.arange(48) == 2, 100.0, 2000.0)
    jobs = job_table(
        [0.0, 2.5 * HOUR], [30 * HOUR, HOUR], [2, 6], workload=[1, 0], profiles=PROFILES,
        interruptible=True, checkpoint_s=HOUR,
    )  # fmt: skip
    log = run(jobs, connection=Connection(0.0, 0.0), solar_w=sun_w)
    first, again, *_ = sizes(log)
    assert first == (0.0, 2.0, 8, 800.0)
    # When there is power again the other waits too, and both fit. The other ends just after the
    # step that begins at 4 h: at 5 h there is room to grow.
    assert again[:3] == (3.0, 5.0, 2)
    assert sizes(log, 1) == [(3.0, 4.0, 6, 600.0)]


def test_busy_accelerators_and_energy_follow_the_size_of_each_stretch():
    jobs = job_table(
        [0.0, 0.5 * HOUR], [9 * HOUR, 1.5 * HOUR], [2, 6], workload=[1, 0], profiles=PROFILES
    )
    log = run(jobs)
    metrics, steps, rows = close_books(log, ["plain", "elastic"])
    # Idle accelerators draw 10 W each: what jobs and they draw is the site's IT energy.
    assert steps["gpus_busy_count"][:3].tolist() == pytest.approx([8.0, 8.0, 5.0])
    assert metrics["energy_jobs_it_kwh"] == pytest.approx(rows["energy_it_kwh"].sum())
    assert steps["it_kw"][2] == pytest.approx((200.0 + 600.0 / 2 + 6 * 10.0 / 2) / 1000.0)
    # Two changes of size: ten minutes at 2 accelerators and ten at 8 without work.
    assert log.setbacks.stalled_gpu_s[0] == pytest.approx(600.0 * (2 + 8))
    held_s = sum((end - start) * HOUR * size for start, end, size, _ in sizes(log))
    assert rows["goodput_fraction"][0] == pytest.approx(1.0 - 6000.0 / held_s)


def model_runs(jobs):
    """Return the runs of jobs on a free cluster of eight."""
    spec = cluster(8, tdp_w=100.0)
    place = Place("here", 0, None, Connection(0.0, 0.0), {}, 0.0, HOUR)
    home = Cluster("main", 0, place, 8, spec.power, 0.0, free=8)
    runs = ModelRuns(Clock(), jobs, [home])
    runs.follow(lambda cluster, now_s: None, lambda job, now_s: None)
    return runs, home


@pytest.mark.parametrize(
    ("job", "size", "message"),
    [
        (0, 4, "job 0 cannot be resized: it must be elastic, and run"),
        (1, 1, r"job 1 cannot get 1 accelerators: it may have 2 to 8, and has 6 with 0 free"),
        (1, 9, r"job 1 cannot get 9 accelerators: it may have 2 to 8"),
        (1, 7, r"job 1 cannot get 7 accelerators: .* has 6 with 0 free"),
        (2, 4, "job 2 cannot be resized: it must be elastic, and run"),
    ],
)
def test_a_change_of_size_that_cannot_be_is_refused(job, size, message):
    jobs = job_table([0.0] * 3, [HOUR] * 3, [2] * 3, workload=[0, 1, 1], profiles=PROFILES)
    runs, home = model_runs(jobs)
    for number in (0, 1):
        runs.start(number, home, 0.0)
    assert runs.gpus == [2, 6, 2]
    with pytest.raises(ValueError, match=message):
        runs.resize(job, size, 0.0)
