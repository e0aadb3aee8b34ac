"""Studies for tests: real plans of a small scenario, with runs that are made up."""

import io
import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from sim.scenario.sweep.load import load_study
from sim.scenario.sweep.plan import StudyPlan
from sim.study.dataset.record import write_record
from sim.study.dataset.rows import StudyRow
from sim.study.disk.store import run_id

SCENARIO = """\
schema_version: 1
name: made-up
description: Does a larger battery pay?
start: 2025-06-02T00:00Z
duration_h: 24
step_min: 60
seeds: [{seeds}]
sites:
  - name: here
    grid: {{tariff: {{energy_usd_per_kwh: 0.1}}, import_limit_kw: 900}}
    battery: {{capacity_kwh: 100, max_charge_kw: 50, max_discharge_kw: 50}}
    datacenter:
      clusters: [{{name: main, accelerator: h100-sxm, gpus_per_node: 8, nodes: 1}}]
      pue: 1.2
workload:
  - type: training
    arrivals: {{poisson_per_h: 1}}
    gpus: {{sizes: [1], weights: [1]}}
    duration: {{median_h: 1, sigma: 0.5, max_h: 4}}
policies: [{policies}]
{rest}"""

SWEEP = """\
sweep:
  combine: grid
  axes:
    - {{path: sites.here.battery.capacity_kwh, name: battery_kwh, from: 100, to: 900,
       count: {batteries}}}
    - {{path: sites.here.grid.import_limit_kw, name: import_kw, from: 500, to: 1000,
       count: {imports}}}
"""
POLICIES = ("fifo", "{name: cheap, shift: lowest-window}")


def made_plan(folder, *, batteries=3, imports=2, seeds=2, rest=None) -> StudyPlan:
    """Return the plan of a study over batteries and import limits."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "made-up.yaml"
    sweep = SWEEP.format(batteries=batteries, imports=imports) if rest is None else rest
    file.write_text(SCENARIO.format(
        seeds=", ".join(str(seed) for seed in range(1, seeds + 1)),
        policies=", ".join(POLICIES), rest=sweep,
    ))
    return load_study(file)


@dataclass(frozen=True)
class Made:
    """A run that is made up: cost falls with the battery, and less so for the first policy."""

    point: object
    policy: str
    seed: int
    content_hash: str

    @property
    def metrics(self):
        """Return some metrics of each kind: known, unknown, counts."""
        values = dict(self.point.values)
        battery, limit = values.get("battery_kwh", 100), values.get("import_kw", 900)
        saving = {"fifo": 0.1, "cheap": 0.2}[self.policy]
        more = {f"made_{place}_kwh": float(place + self.seed) for place in range(60)}
        return more | {
            "cost_total_usd": 1000.0 - saving * battery + 0.01 * limit + self.seed,
            "carbon_total_kg": 500.0 + 0.1 * battery - 0.05 * limit + self.seed,
            "jct_mean_h": 2.0 if self.policy == "fifo" else 3.0,
            "jobs_completed_count": 20 + self.seed,
            "energy_per_token_j": None,
        }

    def row(self):
        """Return it as a row of the dataset."""
        return StudyRow(
            self.policy, self.seed, self.point.name,
            run_id(self.policy, self.seed, self.content_hash), self.content_hash, self.metrics,
            variant=self.point.variant or "base", axes=self.point.values,
        )


def made_runs(plan):
    """Return a made-up run for every run of a plan."""
    return [Made(point, policy, seed, plan.content_hash(point, policy, seed))
            for point, policy, seed in plan.runs()]


def write_folder(home, run, *, policies=("fifo", "cheap"), written_at="2025-01-01"):
    """Write the folder of a made-up run, as a study leaves it."""
    above = home if run.point.name == "base" else home / run.point.name
    folder = above / run_id(run.policy, run.seed, run.content_hash)
    folder.mkdir(parents=True)
    manifest = {
        "scenario": "made-up", "policy": run.policy, "seed": run.seed, "files": {},
        "variant": run.point.variant, "point": run.point.name, "axes": dict(run.point.values),
        "content_hash": run.content_hash, "study_hash": "s", "policies": list(policies),
        "written_at": written_at, "work_done_gpu_h": 12.0,
        "packages": {f"package-{place}": "1.2.3" for place in range(10)}, "warnings": [],
    }
    (folder / "metrics.json").write_text(json.dumps(run.metrics, indent=2))
    (folder / "scenario.yaml").write_text("name: made-up\n")
    (folder / "steps.parquet").write_bytes(_steps())
    (folder / "jobs.parquet").write_bytes(_jobs())
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    return folder


def write_study(home, plan, *, part=slice(None), main_metric="cost_total_usd"):
    """Write a study as `gridloom study` leaves it; `part` picks the runs that are done."""
    write_record(home, plan, main_metric=main_metric)
    runs = made_runs(plan)[part]
    for run in runs:
        write_folder(home, run)
    return runs


@cache
def _steps():
    hours = np.arange(24)
    frame = pd.DataFrame({
        "site": pd.Categorical(["here"] * 24),
        "time": pd.date_range("2025-06-02", periods=24, freq="h", tz="UTC").as_unit("ns"),
        "soc": 0.5, "grid_import_kw": 100.0 + hours, "cost_total_usd": 1.0,
        "carbon_operational_location_kg": 2.0,
    })
    return _bytes(frame)


@cache
def _jobs():
    return _bytes(pd.DataFrame({
        "job_id": [0, 1], "site": pd.Categorical(["here", "here"]), "gpus_count": [1, 2],
        "duration_s": [3600.0, 7200.0], "outcome": pd.Categorical(["completed", "unfinished"]),
    }))


def _bytes(frame):
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
