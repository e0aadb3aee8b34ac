"""Priorities and users: from the scenario, a jobs file or a trace, to what policies see."""

from dataclasses import replace

import numpy as np
import pytest
from test_traces import SWF
from test_traces import read as read_trace_text
from test_workload import TRAINING, read, scenario

from sim.errors import DataError
from sim.ledger.close import close_books
from sim.policy.jobs_view import JobsView
from sim.workload.generate import build_workload
from sim.workload.jobs import merge
from sim.workload.profile import Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid


def test_streams_without_priority_and_user_cost_no_column_and_are_users_of_their_own(tmp_path):
    streams = (TRAINING | {"name": "a"}, TRAINING | {"name": "b"})
    jobs, _ = build_workload(scenario(*streams, hours=10), tmp_path, seed=1)
    assert jobs.priority is None
    assert jobs.user is None
    view = JobsView(jobs, [len(jobs)])
    assert view.users == ("a", "b")
    np.testing.assert_array_equal(view.user, jobs.workload)
    assert not view.priority.any()
    with pytest.raises(ValueError, match="read-only"):
        view.priority[0] = 1


def test_a_stream_gives_its_jobs_a_priority_and_a_user_and_others_keep_the_default(tmp_path):
    streams = (TRAINING | {"name": "a", "priority": 7}, TRAINING | {"name": "b", "user": "carol"})
    jobs, _ = build_workload(scenario(*streams, hours=10), tmp_path, seed=1)
    assert jobs.priority.dtype == np.int16
    np.testing.assert_array_equal(jobs.priority, np.where(jobs.workload == 0, 7, 0))
    assert jobs.users == ("a", "carol")
    np.testing.assert_array_equal(jobs.user, jobs.workload)


def test_a_jobs_file_says_whose_jobs_are_and_what_priority_they_have(tmp_path):
    text = "arrival,duration,gpus,user,priority\n9,1,1,bob,3\n5,1,1,,\n7,1,1,ann,-2\n8,1,1,bob,1\n"
    columns = read(tmp_path, text, user="team", priority=9)
    assert [columns.users[number] for number in columns.user] == ["team", "ann", "bob", "bob"]
    assert columns.priority.tolist() == [9, -2, 1, 3]


@pytest.mark.parametrize("cell", ["1.5", "40000"])
def test_a_priority_that_is_none_is_told(tmp_path, cell):
    text = f"arrival,duration,gpus,priority\n1,1,1,{cell}\n"
    with pytest.raises(DataError, match=r"line 2: priority .* whole number from -32767 to 32767"):
        read(tmp_path, text)


def test_an_swf_trace_says_whose_jobs_are(tmp_path):
    jobs, _ = read_trace_text(tmp_path, SWF, "swf")
    named = [line.split()[11] for line in SWF.splitlines() if line and not line.startswith(";")]
    assert set(jobs.users) <= set(named)
    assert len(jobs.user) == len(jobs.arrival_s)


def test_equal_names_in_two_streams_are_one_user():
    first = replace(
        job_table([0.0, 2.0], 1.0, 1), user=np.array([0, 1], np.int32), users=("ann", "bob")
    )
    second = replace(job_table([1.0], 1.0, 1), user=np.array([0], np.int32), users=("bob",))
    jobs = merge([first, second])
    assert jobs.users == ("ann", "bob")
    assert jobs.user.tolist() == [0, 1, 1]


def test_the_jobs_table_names_user_and_priority_where_there_are_some():
    jobs = job_table([0.0, 1.0], 3600.0, 1, profiles=[Profile(name="all")])
    jobs = replace(
        jobs, user=np.array([1, 0], np.int32), users=("ann", "bob"),
        priority=np.array([4, 0], np.int16),
    )  # fmt: skip
    log = run_log([site(time_grid(4, 3600.0), clusters=[cluster(2)])], jobs)
    _, _, frame = close_books(log, ["all"])
    assert frame["user"].tolist() == ["bob", "ann"]
    assert frame["priority"].tolist() == [4, 0]
