"""What becomes of a study whose runs die, hang or raise; of one that is stopped; on a full disk."""

import json
import os
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sim.errors import DataError
from sim.scenario.sweep.load import load_study
from sim.study.conduct import Settings, conduct, conductor
from sim.study.conduct.lock import locked
from sim.study.disk import store
from tests import study_world
from tests.study_world import (
    SWEEP,
    children,
    digests,
    in_threads,
    is_running,
    leftovers,
    runs,
    start,
    troubled,
    write_world,
)

WAIT_S = 60.0


def wait_for(condition):
    """Wait until something holds."""
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail("it did not come to pass")


def test_a_run_that_dies_hangs_or_raises_is_tried_again_then_recorded_and_the_study_goes_on(
    tmp_path,
):
    policies = troubled("Dies", "DiesOnce", "Hangs", "Raises") + ", fifo"
    plan = load_study(write_world(tmp_path, policies, seeds="1"))
    outcome = conduct(plan, Settings(tmp_path / "out", workers=2, time_limit_s=3.0))

    assert {run.policy for run in outcome.done} == {"diesonce", "fifo"}
    assert (tmp_path / "died").is_file()
    assert {run.policy for run in outcome.failed} == {"dies", "hangs", "raises"}
    told = {path.stem.partition("-")[0]: json.loads(path.read_text())
            for path in (outcome.home / "failed").glob("*.json")}
    assert set(told) == {"dies", "hangs", "raises"}
    assert {one["attempts"] for one in told.values()} == {2}
    assert "worker died" in told["dies"]["traceback"]
    assert "SIGKILL" in told["dies"]["traceback"]
    assert "time limit of 3 s" in told["hangs"]["traceback"]
    assert re.search(r'trouble.py", line \d+ in act', told["hangs"]["traceback"])
    assert "no idea what to do" in told["raises"]["traceback"]
    assert {name.partition("-")[0] for name in runs(outcome.home)} == {"diesonce", "fifo"}
    assert not leftovers(outcome.home)


POLICIES = f"fifo, {troubled('Slow')}"
RUNS_COUNT = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Carry a study out undisturbed with one worker; return the hashes of its metrics."""
    folder = tmp_path_factory.mktemp("whole")
    plan = load_study(write_world(folder, POLICIES, sweep=SWEEP))
    outcome = conduct(plan, Settings(folder / "outputs", workers=1))
    assert len(outcome.done) == RUNS_COUNT
    return digests(outcome.home)


@pytest.fixture
def threads(monkeypatch):
    monkeypatch.setattr(conductor, "opened", in_threads)


@pytest.fixture
def begin(tmp_path):
    """Start studies in the test's folder, and leave none running."""
    begun = []

    def run(*command, **environment):
        begun.append(start(tmp_path, *command, **environment))
        return begun[-1]

    yield run
    for study in begun:
        with suppress(ProcessLookupError):
            os.killpg(study.pid, signal.SIGKILL)
        study.wait()


def landed(folder, count):
    return wait_for(lambda: len(runs(folder / "outputs" / "tiny")) >= count)


def workers_of(study):
    return [pid for pid, line in children(study.pid).items() if "popen_loky" in line]


def test_a_study_whose_processes_are_killed_gives_the_same_bytes_and_does_nothing_twice(
    tmp_path, whole, begin
):
    write_world(tmp_path, POLICIES, sweep=SWEEP)
    home = tmp_path / "outputs" / "tiny"
    before = {}
    for victims in ("parent", "all"):
        study = begin()
        landed(tmp_path, len(before) + random.randint(1, 2))
        os.kill(workers_of(study)[0], signal.SIGKILL)  # costs its run a try
        landed(tmp_path, len(runs(home)) + 1)
        time.sleep(random.random() * 0.2)
        workers = workers_of(study)
        study.kill()
        for pid in workers if victims == "all" else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        study.wait()
        wait_for(lambda pids=workers: not any(map(is_running, pids)))  # nobody waits for them
        there = runs(home)
        assert before.items() <= there.items()
        before = there
    assert len(before) < RUNS_COUNT
    assert begin().wait() == 0
    assert before.items() <= runs(home).items()
    assert digests(home) == whole
    assert not leftovers(home)
    assert not (home / "failed").is_dir()


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_study_that_is_stopped_keeps_what_is_done_and_leaves_no_process(
    tmp_path, begin, stop, code
):
    write_world(tmp_path, troubled("Slow"), seeds="1, 2, 3, 4, 5, 6, 7, 8")
    command = ("-m", "sim", "study", "tiny.yaml", "--workers", "1", "--quiet")
    study = begin(*command, SLOW_S="0.5")
    landed(tmp_path, 1)
    workers = workers_of(study)
    os.killpg(study.pid, stop)  # Ctrl-C reaches the workers too
    assert study.wait() == code
    assert (tmp_path / "told").read_text() == "Interrupted; finished runs are kept.\n"
    wait_for(lambda: not any(map(is_running, workers)))
    home = tmp_path / "outputs" / "tiny"
    assert 0 < len(runs(home)) < 8
    assert all(store.is_complete(home / name) for name in runs(home))
    assert not list(home.glob(".study-*"))


def test_a_second_study_into_the_folder_is_refused_while_the_first_runs(tmp_path):
    plan = load_study(write_world(tmp_path))
    home = tmp_path / "outputs" / "tiny"
    home.mkdir(parents=True)
    with locked(home), pytest.raises(DataError, match="another study is running into this folder"):
        conduct(plan, Settings(tmp_path / "outputs"))
    assert not list(home.glob("*/"))


@pytest.mark.parametrize("keep", ["all", "metrics"])
def test_a_full_disk_stops_the_study_with_whole_runs_and_room_lets_it_go_on(
    tmp_path, small_disk, whole, threads, keep
):
    plan = load_study(write_world(tmp_path, POLICIES, sweep=SWEEP))
    filler = small_disk.fill(leave_bytes=150_000 if keep == "all" else 20_000)
    with pytest.raises(DataError, match=r"disk is full|cannot be written"):
        conduct(plan, Settings(small_disk.path, workers=1, keep=keep))
    home = small_disk.path / "tiny"
    assert len(runs(home)) < RUNS_COUNT
    assert all(store.read_run(home / name) for name in runs(home))
    filler.unlink()
    outcome = conduct(plan, Settings(small_disk.path, workers=1, keep=keep))
    assert len(outcome.done) + len(outcome.skipped) == RUNS_COUNT
    assert not leftovers(home)
    if keep == "all":
        assert digests(home) == whole


class SmallDisk:
    """A file system of two megabytes."""

    def __init__(self, path):
        self.path = path

    def fill(self, leave_bytes):
        """Fill it up to some bytes; return what fills it."""
        path = self.path / "filler"
        state = os.statvfs(self.path)
        path.write_bytes(bytes(state.f_bavail * state.f_frsize - leave_bytes))
        return path


@pytest.fixture
def small_disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root")
    yield SmallDisk(path)
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_dask_cluster_gives_the_same_bytes_and_listens_to_this_machine_alone(
    tmp_path, whole, begin
):
    pytest.importorskip("distributed", reason="Dask (extra `dask`) is not installed")
    write_world(tmp_path, POLICIES, sweep=SWEEP)
    study = begin(study_world.__file__, "local")
    landed(tmp_path, 1)
    there = {study.pid, *children(study.pid)}
    assert listening(there) == {"127.0.0.1"}
    assert study.wait() == 0
    assert digests(tmp_path / "outputs" / "tiny") == whole


def listening(pids):
    """Return the addresses at which processes listen."""
    sockets = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(FileNotFoundError):
                sockets.add(str(fd.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                found.add(address(local.partition(":")[0]))
    return found


def address(text):
    """Read an address as the kernel writes it."""
    if len(text) > 8:
        return f"tcp6 {text}"
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))
