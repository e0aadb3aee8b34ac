import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run, with_metrics

from sim.errors import DataError
from sim.study.disk.folders import open_folder
from sim.study.disk.store import is_complete, read_frame, read_run, run_id, write_run

WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from fake_run import fake_run
from sim.study.disk.store import write_run

def stay(partial):
    print(partial.name, flush=True)
    time.sleep(60)

folder = Path(sys.argv[1]) / "fifo-seed1-0a1b2c3d"
write_run(fake_run(), folder, scenario_yaml="", manifest={}, add=stay)
"""


def write(run, folder, **options):
    return write_run(run, folder, scenario_yaml="name: fake\n", manifest={"wall_s": 1.5}, **options)


def stopped_writer(home, how):
    """Start a process that writes a run, stop it in the midst; return its folder's name."""
    command = [sys.executable, "-c", WRITER, str(home), str(Path(__file__).parent)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as writer:
        name = writer.stdout.readline().strip()
        assert (home / name / "steps.parquet").is_file()
        writer.send_signal(how)
        writer.communicate(timeout=20)
    return name


def test_run_comes_back_as_it_was_written(tmp_path):
    run = fake_run()
    back = read_run(write(run, tmp_path / "fake" / "r"))
    pd.testing.assert_frame_equal(back.steps, run.steps)
    pd.testing.assert_frame_equal(back.jobs, run.jobs)
    assert back.metrics == run.metrics
    assert (back.scenario_name, back.policy, back.seed) == ("fake", "fifo", 1)
    assert back.info["warnings"] == ["south has no battery."]
    assert back.info["wall_s"] == 1.5


@pytest.mark.parametrize("name", ["metrics.json", "steps.parquet", "jobs.parquet", "scenario.yaml"])
def test_same_run_gives_the_same_bytes(tmp_path, name):
    first, second = write(fake_run(), tmp_path / "a"), write(fake_run(), tmp_path / "b")
    assert (first / name).read_bytes() == (second / name).read_bytes()


def test_metrics_are_sorted_and_null_where_they_mean_nothing(tmp_path):
    run = with_metrics(fake_run(), zzz_kwh=np.float64(2.5), aaa_count=np.int64(3), pue=None)
    text = (write(run, tmp_path / "r") / "metrics.json").read_text()
    found = json.loads(text)
    assert list(found) == sorted(found)
    assert found["zzz_kwh"] == 2.5
    assert '"aaa_count": 3,' in text
    assert found["pue"] is None


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float64("nan"), "12", True, [1.0]]
)
def test_metric_that_is_no_finite_number_is_refused_and_nothing_written(tmp_path, value):
    with pytest.raises(ValueError, match=r"metric pue is .*must be a finite number, or None"):
        write(with_metrics(fake_run(), pue=value), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_run_id_names_policy_seed_and_hash():
    assert run_id("follow-carbon", 7, "0a1b2c3d4e5f") == "follow-carbon-seed7-0a1b2c3d"


def test_complete_run_stays_unless_it_is_to_be_replaced(tmp_path):
    folder = write(fake_run(), tmp_path / "r")
    write(with_metrics(fake_run(), pue=1.5), folder)
    assert read_run(folder).metrics.get("pue") is None
    write(with_metrics(fake_run(), pue=1.5), folder, replace=True)
    assert read_run(folder).metrics["pue"] == 1.5
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_folder_that_lacks_a_file_gives_way_to_a_complete_run(tmp_path):
    folder = write(fake_run(), tmp_path / "r")
    (folder / "jobs.parquet").unlink()
    assert not is_complete(folder)
    write(fake_run(), folder)
    assert is_complete(folder)


def test_failure_while_drawing_leaves_nothing(tmp_path):
    def fail(folder):
        (folder / "figure.png").touch()
        raise NotADirectoryError(folder)

    with pytest.raises(NotADirectoryError, match="partial-r"):
        write(fake_run(), tmp_path / "r", add=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_killed_writer_leaves_no_run_and_the_next_start_removes_its_leftover(tmp_path):
    name = stopped_writer(tmp_path, signal.SIGKILL)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name.startswith(".partial-fifo-seed1-0a1b2c3d-")
    open_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupted_writer_leaves_nothing(tmp_path):
    stopped_writer(tmp_path, signal.SIGINT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="process ids of POSIX")
def test_folder_of_a_living_process_stays(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as living:
        (tmp_path / f".partial-r-{living.pid}").mkdir()
        open_folder(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [f".partial-r-{living.pid}"]
        living.kill()


@pytest.mark.skipif(os.name != "posix", reason="process ids of POSIX")
def test_run_set_aside_by_a_process_that_died_is_put_back(tmp_path):
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    write(fake_run(), tmp_path / f".replaced-r-{dead.pid}")
    open_folder(tmp_path)
    assert read_run(tmp_path / "r").policy == "fifo"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_outputs_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "outputs").touch()
    with pytest.raises(DataError, match=r"outputs: cannot be used for outputs .*--out"):
        open_folder(tmp_path / "outputs")


def test_reading_says_when_there_is_no_folder_or_no_run(tmp_path):
    with pytest.raises(DataError, match=r"absent: no such folder"):
        read_run(tmp_path / "absent")
    with pytest.raises(DataError, match=r"no run \(it has no manifest\.json\)"):
        read_run(tmp_path)


def test_reading_names_the_file_that_is_missing(tmp_path):
    folder = write(fake_run(), tmp_path / "r")
    (folder / "steps.parquet").unlink()
    with pytest.raises(DataError, match=r"steps\.parquet: missing"):
        read_run(folder)


def test_reading_names_the_file_that_was_changed(tmp_path):
    folder = write(fake_run(), tmp_path / "r")
    text = (folder / "metrics.json").read_text()
    (folder / "metrics.json").write_text(text.replace("0.5", "0.9"))
    with pytest.raises(DataError, match=r"metrics\.json: not what the run wrote"):
        read_run(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ("[]", "holds no JSON object"), ("{}", "lacks scenario, policy")],
)
def test_reading_says_what_is_wrong_with_the_manifest(tmp_path, text, message):
    folder = write(fake_run(), tmp_path / "r")
    (folder / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_run(folder)


def test_reading_columns_of_a_broken_file_names_it(tmp_path):
    folder = write(fake_run(), tmp_path / "r")
    (folder / "jobs.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match=r"jobs\.parquet: cannot be read"):
        read_frame(folder / "jobs.parquet", ["energy_it_kwh"])
