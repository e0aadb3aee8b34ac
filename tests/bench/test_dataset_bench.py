"""Speed and memory of a study of 10,000 runs: its first scan, its next one, its summary, a query.

Run with `make bench`; the figures are printed. The summary runs in a process of its own, so that
its memory is its own.
"""

import multiprocessing
import sys
import time
from pathlib import Path

import pytest

from sim.study.dataset.parts import update, write_part
from sim.study.dataset.query import answered
from sim.study.dataset.read import read_study
from sim.study.dataset.rows import run_folders
from sim.study.summary.summarise import summarise
from tests.studies import made_plan, made_runs, write_study

pytestmark = [pytest.mark.bench, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

RUNS = 10_000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a made-up study: 1,000 points, two policies, five seeds."""
    folder = tmp_path_factory.mktemp("study")
    home = folder / "made-up"
    write_study(home, made_plan(folder, batteries=50, imports=20, seeds=5))
    assert len(run_folders(home)) == RUNS
    return home


def told(what, work):
    start = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    print(f"\n{what}: {wall:.2f} s wall, {cpu:.2f} s CPU")
    return found, cpu


def test_a_scan_that_finds_nothing_new_is_a_fraction_of_the_first(home):
    first, first_s = told(f"first scan of {RUNS:,} runs", lambda: update(home))
    again, again_s = told("scan with nothing new", lambda: update(home))
    assert first.table.num_rows == again.table.num_rows == RUNS
    assert again_s < 0.3 * first_s
    told("read_study", lambda: read_study(home))


def test_parts_of_a_hundred_runs_become_one_file(tmp_path):
    plan = made_plan(tmp_path, batteries=50, imports=20, seeds=5)
    rows = [run.row() for run in made_runs(plan)]
    home = tmp_path / "made-up"
    told("writing 100 parts", lambda: [write_part(home, rows[start : start + 100])
                                       for start in range(0, RUNS, 100)])
    found, _ = told("making one file of 100 parts", lambda: update(home))
    assert found.table.num_rows == RUNS
    size = (home / "runs" / "runs.parquet").stat().st_size
    print(f"\n{size / 1e6:.1f} MB, {size / RUNS:.0f} bytes a run")


def test_a_query_over_the_steps_of_all_runs(home):
    def ask(sql):
        with answered(home, sql) as reader:
            return reader.read_all().num_rows

    count, _ = told("query of runs", lambda: ask("select policy, avg(cost_total_usd) from runs "
                                                 "group by policy"))
    assert count == 2
    told("query of all steps", lambda: ask("select policy, avg(grid_import_kw) from steps "
                                           "group by policy"))
    told("query of one run's steps", lambda: ask("select * from steps where seed = 1 and "
                                                 "policy = 'fifo' and battery_kwh = 100"))


def _summarise(home):
    start_s = time.process_time()
    summarise(home)
    status = Path("/proc/self/status")
    most = [line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line]
    print(f"\nsummary: {time.process_time() - start_s:.2f} s CPU, "
          f"{int(most[0]) / 1e3:.0f} MB at most")
    sys.stdout.flush()


def test_summary_of_all_runs(home):
    process = multiprocessing.get_context("spawn").Process(target=_summarise, args=(home,))
    _, _ = told("summary: table, statistics, figures, page", lambda: _run(process))
    assert process.exitcode == 0


def _run(process):
    process.start()
    process.join()
