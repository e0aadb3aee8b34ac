"""A trace of a million jobs, read and checked: CPU seconds and peak memory of its process."""

import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.bench

PROGRAM = """
import resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from sim.scenario.schema.trace import TraceFile
from sim.workload.traces.read import TraceFit, read_trace
path = Path(sys.argv[1])
began_s = time.process_time()
before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
fit = TraceFit(datetime(2020, 4, 1, tzinfo=UTC), 1e9, 4096, np.random.default_rng(1))
spec = TraceFile(type="trace", file=path.name, format=sys.argv[2])
jobs, notes = read_trace(path.parent, spec, fit)
peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
assert len(jobs.arrival_s) == 1_000_000, notes
print(f"{sys.argv[2]}: {time.process_time() - began_s:.2f} CPU s, peak {peak_mib:.0f} MiB, "
      f"{before_kib / 1024:.0f} MiB of it before")
"""


def gaia_row(second, seconds):
    return f"{second},{seconds},2\n"


def helios_row(second, seconds):
    stamp = np.datetime64("2020-04-01T08:00:00") + np.timedelta64(second, "s")
    shown = str(stamp).replace("T", " ")
    return f"{second},u{second % 977},vc7,8,64,1,COMPLETED,{shown},{shown},{shown},{seconds},0\n"


def swf_row(second, seconds):
    return f"{second} {second} 5 {seconds} 4 -1 -1 4 7200 -1 1 3 1 -1 1 -1 -1 -1\n"


HEADERS = {
    "gaia": "arrival_time,length,cpus\n",
    "helios": "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,"
    "duration,queue\n",
    "swf": "; Version: 2.2\n",
}
ROWS = {"gaia": gaia_row, "helios": helios_row, "swf": swf_row}


@pytest.mark.parametrize("trace_format", list(ROWS))
def test_a_million_rows_are_read_within_5_cpu_s_and_500_mb(tmp_path, trace_format):
    path = tmp_path / f"{trace_format}.csv"
    with path.open("w") as file:
        file.write(HEADERS[trace_format])
        file.writelines(ROWS[trace_format](n, 60 + n % 7200) for n in range(1_000_000))
    command = [sys.executable, "-c", PROGRAM, str(path), trace_format]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
