"""The light events against simpy's own: they lean on its inside, so its inside is tested."""

import simpy

from sim.engine.kernel import FINISH, RELEASE, STEP, Clock


def test_light_events_and_simpys_own_timeouts_interleave_in_time_order():
    clock, seen = Clock(), []

    def actor():
        for _ in range(3):
            yield clock.timeout(10.0)
            seen.append((clock.now, "timeout"))

    clock.process(actor())
    for time_s in (5.0, 15.0, 25.0):
        clock.call_at(time_s, FINISH, (lambda event: seen.append((clock.now, event.job)),), 7)
    clock.run(until=clock.stop_at(100.0))
    assert seen == [
        (5.0, 7),
        (10.0, "timeout"),
        (15.0, 7),
        (20.0, "timeout"),
        (25.0, 7),
        (30.0, "timeout"),
    ]


def test_at_one_moment_steps_come_before_finishes_and_finishes_before_releases():
    clock, seen = Clock(), []
    for priority in (RELEASE, STEP, FINISH, RELEASE, FINISH):
        clock.call_at(1.0, priority, (lambda event: seen.append(event.job),), priority)
    clock.run()
    assert seen == [STEP, FINISH, FINISH, RELEASE, RELEASE]


def test_the_stop_comes_after_what_ends_at_that_moment_and_before_what_begins():
    clock, seen = Clock(), []
    clock.call_at(1.0, FINISH, (lambda event: seen.append("finish"),))
    clock.call_at(1.0, RELEASE, (lambda event: seen.append("release"),))
    clock.run(until=clock.stop_at(1.0))
    assert seen == ["finish"]


def test_times_are_exact_where_now_plus_delay_would_round():
    clock = Clock()
    clock.call_at(0.2, FINISH, (lambda event: clock.call_at(0.9, FINISH, (note,)),))
    times = []

    def note(event):
        times.append((clock.now, event.time_s))

    clock.run()
    assert 0.2 + (0.9 - 0.2) != 0.9
    assert times == [(0.9, 0.9)]


def test_simpy_is_of_the_minor_version_that_the_kernel_leans_on():
    assert simpy.__version__.startswith("4.1.")
