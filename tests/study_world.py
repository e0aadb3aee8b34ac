"""A study of tiny runs, and policies of a user's that hang, crash or kill their process."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sim.study.conduct.executors import Place

SCENARIO = """\
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 4
step_min: 30
sites:
  - name: home
    grid: {tariff: {energy_usd_per_kwh: 0.1}, average_carbon_intensity: {constant_g_per_kwh: 300}}
    base_load: {constant_kw: 10}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 1}], pue: 1.2}
workload:
  - {type: training, arrivals: {poisson_per_h: 2}, gpus: 1, duration: {median_h: 0.5}}
policies: [POLICIES]
seeds: [SEEDS]
"""

SWEEP = """\
sweep:
  axes:
    - {path: sites.home.base_load.constant_kw, name: load_kw, values: [10, 20, 30]}
"""

TROUBLE = '''\
"""Policies that misbehave when a run begins."""

import os
import signal
import time
from pathlib import Path

HERE = Path(__file__).parent


class Power:
    def set(self, obs, site):
        if obs.now_s == 0.0:
            self.act()


class Dies(Power):
    def act(self):
        os.kill(os.getpid(), signal.SIGKILL)


class DiesOnce(Power):
    def act(self):
        mark = HERE / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Hangs(Power):
    def act(self):
        time.sleep(60)


class Raises(Power):
    def act(self):
        raise RuntimeError("no idea what to do")


class Picky(Power):
    def act(self):
        if not (HERE / "allowed").exists():
            raise RuntimeError("not allowed")


class Slow(Power):
    def act(self):
        (HERE / f"begun-{os.getpid()}").touch()
        time.sleep(float(os.environ.get("SLOW_S", "0.2")))
'''


def write_world(folder, policies="fifo, sjf", seeds="1, 2", *, sweep=""):
    """Write the scenario and the module of its policies; return the scenario's path."""
    text = SCENARIO.replace("POLICIES", policies).replace("SEEDS", seeds)
    path = folder / "tiny.yaml"
    path.write_text(text + sweep)
    (folder / "trouble.py").write_text(TROUBLE)
    sys.modules.pop("trouble", None)  # that of another test's folder
    return path


def troubled(*names):
    """Return policies of the module, by the names of their classes."""
    return ", ".join(f"{{name: {name.lower()}, power: 'trouble:{name}'}}" for name in names)


def start(folder, *command, **environment):
    """Start a study in a process of its own, in a group of its own; it tells on ``told``."""
    root = str(Path(__file__).parents[1])
    with (folder / "told").open("w") as told:
        return subprocess.Popen(
            [sys.executable, *(command or [__file__])], cwd=folder, stdout=told, stderr=told,
            env=os.environ | {"PYTHONPATH": root} | environment, start_new_session=True,
        )


def runs(home):
    """Return bytes of the metrics and time of writing of every run, by its folder."""
    found = {}
    for folder, inner, files in os.walk(home):  # hidden folders come and go while a study runs
        inner[:] = [name for name in inner if not name.startswith(".")]
        if "metrics.json" in files:
            path = Path(folder)
            found[str(path.relative_to(home))] = (
                hashlib.sha256((path / "metrics.json").read_bytes()).hexdigest(),
                (path / "manifest.json").stat().st_mtime_ns,
            )
    return found


def digests(home):
    """Return the hash of every run's metrics, by its folder."""
    return {name: digest for name, (digest, _) in runs(home).items()}


def leftovers(home):
    """Return what a study may not leave behind."""
    names = (".study-*", ".partial-*", ".replaced-*")
    return [path for name in names for path in home.rglob(name)]


def children(parent):
    """Return the processes that descend from one, with their command lines."""
    found, todo = {}, [parent]
    while todo:
        one = todo.pop()
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
                todo.append(child)
    return found


def is_running(pid):
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def in_threads(_workers, _cluster):
    """Carry runs out in a thread of this process: any Executor will do."""
    with ThreadPoolExecutor(1) as executor:
        yield Place(executor, 1)


def main():
    """Carry the study out as the command does, without summing it up."""
    from sim.scenario.sweep.load import load_study
    from sim.study.conduct import Settings, conduct

    cluster = sys.argv[1] if len(sys.argv) > 1 else ""
    conduct(load_study("tiny.yaml"), Settings(workers=2, cluster=cluster))


if __name__ == "__main__":
    main()
