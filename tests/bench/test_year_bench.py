"""A year, three sites, 5-minute steps, a million jobs, outputs written: CPU seconds and memory.

Run with `make bench`; the figures are printed. The run is a process of its own, so that its peak
memory is its own too.
"""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.bench

SITE = """
  - name: {name}
    weather: {{tmy: {station}}}
    solar: {{dc_capacity_kw: 2000}}
    battery: {{capacity_kwh: 4000, max_charge_kw: 1000, max_discharge_kw: 1000}}
    grid:
      tariff: {{energy_usd_per_kwh: 0.08}}
      average_carbon_intensity: {{constant_g_per_kwh: 400}}
    datacenter:
      clusters: [{{name: main, accelerator: h100-sxm, nodes: 128}}]
      pue: 1.2
"""

STREAM = """
  - type: training
    name: at-{name}
    site: {name}
    arrivals: {{poisson_per_h: 38.1}}
    gpus: {{sizes: [1, 2, 4, 8, 16, 32], weights: [25, 15, 20, 25, 10, 5]}}
    duration: {{median_h: 1.6, sigma: 1.0, max_h: 24}}
"""

SCENARIO = """
schema_version: 1
name: million
start: 2025-01-01T00:00Z
duration_h: 8760
sites:{sites}
workload:{streams}
policies:
  - {{name: fifo, storage: self-consumption}}
"""

PLACES = {"piedmont": "greensboro-nc", "island": "sand-point-ak", "coast": "miami-fl"}


def measured(folder, *, nodes=128, order="fifo"):
    """Run the year in a process of its own; return its CPU time [s] and its peak memory [MiB]."""
    text = SCENARIO.format(
        sites="".join(SITE.format(name=n, station=s) for n, s in PLACES.items()),
        streams="".join(STREAM.format(name=name) for name in PLACES),
    )
    text = text.replace("nodes: 128", f"nodes: {nodes}").replace("name: fifo", f"name: {order}")
    text = text.replace("storage: self", f"order: {order}, storage: self")
    path = folder / "million.yaml"
    path.write_text(text)
    run = subprocess.Popen(
        [sys.executable, "-m", "sim", "run", str(path), "--out", str(folder), "--quiet"]
    )
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert run.returncode == 0
    spent_s, peak_mib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    print(f"\na year, 3 sites, 1,000,000 jobs, {order}: {spent_s:.1f} CPU s, {peak_mib:.0f} MiB")
    return spent_s, peak_mib


def test_a_year_of_three_sites_and_a_million_jobs_takes_at_most_15_cpu_seconds_and_1_gb(tmp_path):
    spent_s, peak_mib = measured(tmp_path)
    assert spent_s <= 15.0
    assert peak_mib <= 954  # 1 GB


def test_easy_backfill_at_a_load_of_95_percent_takes_at_most_30_cpu_seconds(tmp_path):
    # 38.1 jobs an hour of 6.55 accelerators for 2.6 h: 0.95 of 85 nodes of 8.
    spent_s, peak_mib = measured(tmp_path, nodes=85, order="easy-backfill")
    assert spent_s <= 30.0
    assert peak_mib <= 1430  # 1.5 GB
