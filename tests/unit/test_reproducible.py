"""The same scenario and seed give the same bytes, in one process or in two."""

import hashlib
import subprocess
import sys

SCENARIO = """
schema_version: 1
name: bytes
start: 2025-06-02T00:00Z
duration_h: 24
sites:
  - name: here
    weather: {tmy: miami-fl}
    solar: {dc_capacity_kw: 500}
    battery: {capacity_kwh: 400, max_charge_kw: 200, max_discharge_kw: 200}
    grid: {market: us-florida, tariff: {demand_charge_usd_per_kw: 10}}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 8}], pue: 1.2}
workload:
  - type: training
    arrivals: {poisson_per_h: 5}
    gpus: {sizes: [1, 8]}
    duration: {median_h: 1}
    slack: {max_h: 9}
policies:
  - {name: green, shift: lowest-window, storage: self-consumption}
"""


def run_bytes(folder, seed):
    """Run in a process of its own and return the hashes of what it wrote."""
    path = folder / "bytes.yaml"
    path.write_text(SCENARIO)
    out = folder / f"out{len(list(folder.iterdir()))}"
    command = [sys.executable, "-m", "sim", "run", str(path), "--quiet"]
    subprocess.run([*command, "--seed", str(seed), "--out", str(out)], check=True)
    (run,) = (path.parent for path in out.glob("*/*/metrics.json"))
    names = ("metrics.json", "steps.parquet", "jobs.parquet")
    return [hashlib.sha256((run / name).read_bytes()).hexdigest() for name in names]


def test_the_same_seed_gives_the_same_bytes_in_two_processes_and_another_seed_does_not(tmp_path):
    first = run_bytes(tmp_path, seed=1)
    assert first == run_bytes(tmp_path, seed=1)
    assert set(first).isdisjoint(run_bytes(tmp_path, seed=2))
