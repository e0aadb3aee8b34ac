"""GAIA's thousand jobs on an unlimited cluster of 1 W per CPU, run from a scenario file.

Expected carbon is another program's: every job starts when it arrives, times cut down to 5 s.
"""

from pathlib import Path

import pandas as pd
import pytest

import sim

SHARED = Path(__file__).parents[3] / "shared"
TRACE = SHARED / "data" / "gaia" / "pai_1k.csv"
INTENSITY = SHARED / "data" / "electricitymaps_2022" / "ci_hourly_2022_8zones.csv.gz"
CHECKS = SHARED / "checks" / "gaia"
pytestmark = pytest.mark.skipif(
    not (TRACE.exists() and INTENSITY.exists() and CHECKS.exists()),
    reason="needs the shared data and checks folders",
)

SCENARIO = """
schema_version: 1
name: gaia
start: 2022-10-19T16:00Z
duration_h: 720
step_min: 60
sites:
  - name: cloud
    grid:
      average_carbon_intensity: {{file: {intensity}, column: {zone}, time_column: utc, unit: g/kWh}}
    datacenter:
      pue: 1
      clusters:
        - name: unlimited
          accelerator: {{tdp_w: 1, idle_bare_w: 0, idle_resident_w: 0, embodied_kg: 0}}
          gpus_per_node: 1
          nodes: 100000
          server_overhead_w: 0
          server_overhead_fraction: 0
workload:
  - {{type: trace, file: {trace}, format: gaia, truncate_s: 5, power_per_gpu_w: 1}}
"""


@pytest.mark.parametrize("zone", ["DE", "US-CAL-CISO"])
def test_jobs_that_never_wait_emit_what_gaia_says(tmp_path, zone):
    expected = pd.read_csv(CHECKS / f"gaia_{zone}_pai1k.csv")
    no_wait = expected[(expected["waiting"] == "0x0") & (expected["reserved"] == 0)].iloc[0]
    path = tmp_path / "gaia.yaml"
    path.write_text(SCENARIO.format(intensity=INTENSITY, trace=TRACE, zone=zone))
    run = sim.simulate(path)
    carbon_g = run.metrics["carbon_operational_location_kg"] * 1000
    assert carbon_g == pytest.approx(no_wait["carbon_g_at_1W_per_cpu"], rel=1e-6)
    assert carbon_g == pytest.approx(run.jobs["carbon_location_kg"].sum() * 1000, rel=1e-9)
    assert run.metrics["jobs_completed_count"] == 1000
    completion_h = run.jobs["end_s"].sub(run.jobs["arrival_s"]).mean() / 3600
    assert completion_h == pytest.approx(no_wait["mean_completion_h"], abs=1e-3)
