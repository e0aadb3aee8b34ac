"""Who has joined and left a queue since a policy last looked."""

from types import SimpleNamespace

from sim.policy.order.roster import Roster


def queue(*jobs, withdrawn_count=0):
    return SimpleNamespace(waiting=dict.fromkeys(jobs, 1), withdrawn_count=withdrawn_count)


def test_jobs_join_at_the_end_and_at_the_head():
    roster = Roster()
    assert roster.update(queue(1, 2)) == ([1, 2], set())
    assert roster.update(queue(7, 1, 2, 3, 4)) == ([7, 3, 4], set())


def test_a_job_that_was_withdrawn_has_left():
    roster = Roster()
    roster.update(queue(1, 2, 3))
    assert roster.update(queue(1, 3, withdrawn_count=1)) == ([], {2})


def test_one_that_comes_back_behind_another_does_not_hide_that_one():
    # 1 has left for good while 3 was away for a time: as many wait as are known, and yet not those.
    roster = Roster()
    roster.update(queue(1, 2, 3))
    assert roster.update(queue(2, 4, 3, withdrawn_count=2)) == ([4], {1})
