import gzip
import json
from datetime import UTC, datetime

import numpy as np
import pytest

from sim.errors import DataError
from sim.scenario.load import load_scenario
from sim.scenario.schema.trace import TraceFile
from sim.units import HOUR_S
from sim.workload.generate import build_workload
from sim.workload.traces.read import TraceFit, read_trace
from sim.workload.traces.requests import read_requests

START = datetime(2020, 4, 1, tzinfo=UTC)


def read(folder, text, trace_format, *, hours=240.0, largest=64, name="trace.csv", **fields):
    """Write a trace and read it."""
    if isinstance(text, str):
        (folder / name).write_text(text)
    else:
        (folder / name).write_bytes(text)
    fit = TraceFit(START, hours * HOUR_S, largest, np.random.default_rng(7))
    spec = TraceFile(type="trace", file=name, format=trace_format, **fields)
    return read_trace(folder, spec, fit)


SWF = """; Version: 2.2
; UnixStartTime: 0
1 10 5 3600 4 -1 -1 4 7200 -1 1 3 1 -1 1 -1 -1 -1
2 20 -1 -1 -1 -1 -1 8 7200 -1 5 3 1 -1 1 -1 -1 -1
; a comment in between
3 30 0 60 -1 -1 -1 2 7200 -1 0 3 1 -1 1 -1 -1 -1
"""


def test_swf_takes_run_time_and_allocated_processors_or_those_requested(tmp_path):
    jobs, notes = read(tmp_path, SWF, "swf")
    assert jobs.arrival_s.tolist() == [10.0, 30.0]
    assert jobs.duration_s.tolist() == [3600.0, 60.0]
    assert jobs.gpus_count.tolist() == [4, 2]
    assert notes == ["trace.csv: 1 of 3 jobs never ran or have not ended, and are left out."]


def test_swf_keeps_only_the_states_asked_for(tmp_path):
    jobs, notes = read(tmp_path, SWF, "swf", statuses=("1",))
    assert jobs.arrival_s.tolist() == [10.0]
    assert "2 of 3 jobs are not 1" in notes[0]


def test_swf_names_the_line_of_a_short_row(tmp_path):
    with pytest.raises(DataError, match="line 6 has 3 fields instead of 18"):
        read(tmp_path, SWF.rsplit("\n", 2)[0] + "\n3 30 0\n", "swf")


def test_openb_pods_share_accelerators_and_may_wait_before_they_run(tmp_path):
    text = (
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
        "deletion_time,scheduled_time\n"
        "a,1,1,1,1000,,LS,Succeeded,0,700,100\nb,1,1,1,460,,LS,Succeeded,5,65,5\n"
        "c,1,1,0,0,,LS,Succeeded,6,60,6\nd,1,1,8,1000,,LS,Running,7,,7\n"
    )
    jobs, notes = read(tmp_path, text, "openb")
    assert jobs.duration_s.tolist() == [600.0, 60.0]
    assert jobs.gpus_count.tolist() == [1, 1]
    assert any("1 jobs use part of an accelerator" in note for note in notes)
    assert any("1 of 4 jobs never ran or have not ended" in note for note in notes)
    assert any("1 of 3 jobs use no accelerator" in note for note in notes)


def test_pai_counts_gpus_in_percent_of_each_instance(tmp_path):
    text = (
        "j1,worker,4,Terminated,100,700,600,29,200,V100\n"
        "j2,tensorflow,1,Running,200,,600,29,25,T4\n"
        "j3,ps,2,Terminated,300,360,600,29,,\n"
    )
    jobs, notes = read(tmp_path, text, "pai2020")
    assert jobs.gpus_count.tolist() == [8]
    assert jobs.duration_s.tolist() == [600.0]
    assert len(notes) == 2


@pytest.mark.parametrize("trace_format", ["helios", "acme"])
def test_slurm_records_are_in_chinese_local_time(tmp_path, trace_format):
    text = (
        "job_id,user,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n"
        "1,u,8,64,1,COMPLETED,2020-04-01 08:00:30,2020-04-01 08:01:00,2020-04-01 08:02:00,60,30\n"
    )
    jobs, _ = read(tmp_path, text, trace_format)
    assert jobs.arrival_s.tolist() == [30.0]
    assert jobs.gpus_count.tolist() == [8]


def test_philly_adds_up_attempts_and_counts_the_gpus_of_all_nodes(tmp_path):
    attempt = {
        "start_time": "2020-03-31 18:00:00",
        "end_time": "2020-03-31 19:00:00",
        "detail": [{"ip": "m1", "gpus": ["gpu0", "gpu1"]}, {"ip": "m2", "gpus": ["gpu0"]}],
    }
    jobs = [
        {"status": "Pass", "submitted_time": "2020-03-31 17:00:00", "attempts": [attempt, attempt]},
        {"status": "Killed", "submitted_time": "2020-03-31 18:00:00", "attempts": []},
    ]
    found, notes = read(tmp_path, json.dumps(jobs), "philly", name="cluster_job_log")
    assert found.arrival_s.tolist() == [0.0]  # 17:00 in Seattle's summer is midnight UTC
    assert found.duration_s.tolist() == [7200.0]
    assert found.gpus_count.tolist() == [3]
    assert "1 of 2 jobs never ran" in notes[0]


def test_gavel_takes_its_run_times_from_a_table_of_throughputs(tmp_path):
    (tmp_path / "speeds.csv").write_text("job_type,gpus,steps_per_s\nResNet (batch 16),2,5\n")
    text = "ResNet (batch 16)\tcd x && run \"y\"\t-n\t1\t1000\t60.0\t2\n"
    jobs, _ = read(tmp_path, text, "gavel", throughputs="speeds.csv")
    assert jobs.duration_s.tolist() == [200.0]
    with pytest.raises(DataError, match='has no row for "VGG" on 2 accelerators'):
        read(tmp_path, text.replace("ResNet (batch 16)", "VGG"), "gavel", throughputs="speeds.csv")
    with pytest.raises(DataError, match="counts steps, not time"):
        read(tmp_path, text, "gavel")


GAIA = "arrival_time,length,cpus\n0,6302,1\n68,1003,2\n100,7,4\n"


def test_gaia_times_may_be_hours_and_are_cut_down_to_whole_steps(tmp_path):
    jobs, notes = read(tmp_path, GAIA, "gaia", truncate_s=5)
    assert jobs.arrival_s.tolist() == [0.0, 65.0, 100.0]
    assert jobs.duration_s.tolist() == [6300.0, 1000.0, 5.0]
    assert not notes
    hours, _ = read(tmp_path, "arrival_time,length,cpus\n0,0.5,4\n", "gaia", time_unit="h")
    assert hours.duration_s.tolist() == [1800.0]


def test_scaling_changes_times_and_sizes_as_it_says(tmp_path):
    jobs, _ = read(tmp_path, GAIA, "gaia", time_ratio=2, duration_ratio=0.5, gpus_ratio=1.5)
    assert jobs.arrival_s.tolist() == [0.0, 136.0, 200.0]
    assert jobs.duration_s.tolist() == [3151.0, 501.5, 3.5]
    assert jobs.gpus_count.tolist() == [2, 3, 6]


def test_a_share_of_the_load_is_drawn_and_counted(tmp_path):
    rows = "".join(f"{second},60,1\n" for second in range(2000))
    jobs, notes = read(tmp_path, "arrival_time,length,cpus\n" + rows, "gaia", load_ratio=0.25)
    kept = len(jobs.arrival_s)
    assert 400 < kept < 600  # binomial: 500 with a standard deviation of 19
    assert notes == [f"trace.csv: {2000 - kept} of 2000 jobs are not drawn (load_ratio), and are "
                     "left out."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arrival_time,length,cpus\n0,60,1\n5,x,1\n", 'line 3 length "x" is not a number'),
        ("arrival_time,length,cpus\n0,60,1\n5,60\n", "line 3 has 2 cells instead of 3"),
        ("arrival_time,length,cpus\n0,60,1\n,60,1\n", "line 3 has no time of arrival"),
        ("arrival_time,length,cpus\n0,60,-2\n", "line 2 wants -2 accelerators"),
        ("arrival_time,length,cpus\n0,inf,2\n", 'line 2 length "inf" is not finite'),
        ("arrival_time,length,cpus\n9,60,1\n5,60,1\n", "Say unsorted: sort"),
        ("arrival_time,length,cpus\n", "has no rows"),
        ("arrival,length,cpus\n0,60,1\n", "has no column arrival_time. Did you mean arrival"),
        ("arrival_time,length,cpus\n0,60,65\n", "than every cluster .*largest cluster has 64"),
        ("arrival_time,length,cpus\n0,60,0\n", "no job is left. trace.csv: 1 of 1 jobs use no"),
        ("arrival_time,length,cpus\n900000,60,1\n", "arrives 250 h after the run's start"),
        ("arrival_time,length,cpus\n-7200,60,1\n", "arrives 2 h before the run's start"),
    ],
)
def test_bad_trace_is_refused_with_what_to_do(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text, "gaia")


def test_bad_rows_are_left_out_and_counted_where_the_user_says_so(tmp_path):
    text = "arrival_time,length,cpus\n0,60,1\n5,x,1\n6,60\n7,60,1\n"
    jobs, notes = read(tmp_path, text, "gaia", bad_rows="drop")
    assert jobs.arrival_s.tolist() == [0.0, 7.0]
    assert notes[0].startswith("trace.csv: 2 bad rows are left out: line 3 length")
    assert "line 4 has 2 cells" in notes[0]


def test_unsorted_trace_is_sorted_where_the_user_says_so(tmp_path):
    text = "arrival_time,length,cpus\n9,60,1\n5,30,2\n"
    jobs, _ = read(tmp_path, text, "gaia", unsorted="sort")
    assert jobs.arrival_s.tolist() == [5.0, 9.0]
    assert jobs.duration_s.tolist() == [30.0, 60.0]


def test_late_trace_may_begin_with_its_first_arrival_and_end_where_asked(tmp_path):
    text = "arrival_time,length,cpus\n900000,60,1\n903600,60,1\n910800,60,1\n"
    jobs, notes = read(tmp_path, text, "gaia", origin="first-arrival", from_h=1, to_h=3)
    assert jobs.arrival_s.tolist() == [0.0]
    assert "2 of 3 jobs arrive outside from_h to to_h" in notes[0]


def test_large_gangs_are_dropped_or_shrunk_where_the_user_says_so(tmp_path):
    text = "arrival_time,length,cpus\n0,60,65\n1,60,8\n"
    dropped, _ = read(tmp_path, text, "gaia", too_large="drop")
    assert dropped.gpus_count.tolist() == [8]
    shrunk, notes = read(tmp_path, text, "gaia", too_large="shrink")
    assert shrunk.gpus_count.tolist() == [64, 8]
    assert notes == ["trace.csv: 1 jobs are shrunk to 64 accelerators."]


def test_truncated_archive_is_refused(tmp_path):
    whole = gzip.compress(GAIA.encode() * 1000)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path, whole[: len(whole) // 2], "gaia", name="trace.csv.gz")


def test_pickle_is_never_opened(tmp_path):
    with pytest.raises(DataError, match="is a pickle"):
        read(tmp_path, "x", "gaia", name="trace.pkl")


def test_azure_requests_count_from_the_first_one(tmp_path):
    path = tmp_path / "conv.csv"
    path.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2024-05-10 00:00:00.500000+00:00,374,44\n2024-05-10 00:00:02+00:00,396,109\n"
    )
    trace = read_requests(path, "azure-llm")
    assert trace.arrival_s.tolist() == [0.0, 1.5]
    assert trace.prompt_tokens.tolist() == [374, 396]
    assert trace.output_tokens.tolist() == [44, 109]


def test_burstgpt_failures_are_left_out_and_counted(tmp_path):
    path = tmp_path / "burst.csv"
    path.write_text(
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        "5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,API log\n"
        "50,GPT-4,x,7,9,API log\n"
    )
    with pytest.raises(DataError, match='line 4 Request tokens "x" is not a number'):
        read_requests(path, "burstgpt")
    trace = read_requests(path, "burstgpt", drop_bad=True)
    assert len(trace) == 1
    assert (trace.failed_count, trace.bad_count) == (1, 1)


def test_requests_out_of_order_and_unknown_formats_are_refused(tmp_path):
    path = tmp_path / "conv.csv"
    path.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:02,374,44\n"
        "2024-05-10 00:00:01,396,109\n"
    )
    with pytest.raises(DataError, match="line 3 arrives before the one it stands behind"):
        read_requests(path, "azure-llm")
    with pytest.raises(ValueError, match=r"no request trace format azure\. Did you mean azure-llm"):
        read_requests(path, "azure")


def test_trace_runs_from_a_scenario_file(tmp_path):
    (tmp_path / "jobs.csv").write_text(GAIA)
    (tmp_path / "study.yaml").write_text(
        "schema_version: 1\nname: study\nstart: 2025-06-02T00:00Z\nduration_h: 4\n"
        "sites:\n  - name: campus\n    grid: {}\n    datacenter:\n"
        "      clusters: [{name: main, accelerator: h100-sxm, nodes: 1}]\n      pue: 1.2\n"
        "workload: [{type: trace, file: jobs.csv, format: gaia, power_per_gpu_w: 1}]\n"
    )
    loaded = load_scenario(tmp_path / "study.yaml")
    assert [path.name for path in loaded.data_files] == ["jobs.csv"]
    jobs, notes = build_workload(loaded.spec, loaded.folder, 1)
    assert jobs.power_w.tolist() == [1.0, 2.0, 4.0]
    assert notes == []
