"""GAIA's thousand jobs on an unlimited cluster of 1 W per CPU, run from scenario files.

Expected are another program's carbon and waits: times cut down to 5 s, perfect carbon forecasts,
jobs under 2 h wait at most 6 h, the others 24 h, and expect the mean length of their kind.
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
  - {{name: short, max_duration_h: 2, max_wait_h: 6, {common}}}
  - {{name: long, min_duration_h: 2, max_wait_h: 24, {common}}}
forecast: {{model: perfect, horizon_h: 110, refresh_h: 1}}
policies: [{{name: tried, shift: {shift}}}]
"""
COMMON = (
    "type: trace, file: {trace}, format: gaia, truncate_s: 5, power_per_gpu_w: 1, "
    "duration_known: {known}, interruptible: {interruptible}"
)
# Shift policy here, whether it knows each job's own length, and the row's name there.
POLICIES = {
    "none": (True, ("carbon", "oracle", "0x0")),
    "lowest-slot": (True, ("carbon", "lowest", "6x24")),
    "lowest-window": (False, ("carbon", "waiting", "6x24")),
    "lowest-window with true lengths": (True, ("carbon", "oracle", "6x24")),
    "carbon-time": (False, ("carbon", "cst_average", "6x24")),
    "carbon-time with true lengths": (True, ("carbon", "cst_oracle", "6x24")),
    "lowest-slots": (True, ("suspend-resume", "oracle", "6x24")),
    "threshold": (True, ("suspend-resume-threshold", "oracle", "6x24")),
}


@pytest.mark.parametrize("zone", ["DE", "US-CAL-CISO"])
@pytest.mark.parametrize("name", POLICIES)
def test_carbon_and_waits_are_those_of_gaia(tmp_path, zone, name):
    known, row = POLICIES[name]
    shift = name.split(" ")[0]
    expected = pd.read_csv(CHECKS / f"gaia_{zone}_pai1k.csv").query("reserved == 0")
    keys = expected[["scheduling", "carbon_policy", "waiting"]].apply(tuple, axis=1)
    there = expected[keys == row].iloc[0]
    interruptible = str(shift in {"lowest-slots", "threshold"}).lower()
    common = COMMON.format(trace=TRACE, known=str(known).lower(), interruptible=interruptible)
    path = tmp_path / "gaia.yaml"
    path.write_text(
        SCENARIO.format(intensity=INTENSITY, zone=zone, common=common, shift=shift)
    )
    run = sim.simulate(path)
    carbon_g = run.metrics["carbon_operational_location_kg"] * 1000
    assert carbon_g == pytest.approx(there["carbon_g_at_1W_per_cpu"], rel=1e-6)
    assert carbon_g == pytest.approx(run.jobs["carbon_location_kg"].sum() * 1000, rel=1e-9)
    assert run.metrics["jobs_completed_count"] == 1000
    completion_h = run.jobs["end_s"].sub(run.jobs["arrival_s"]).mean() / 3600
    assert completion_h == pytest.approx(there["mean_completion_h"], abs=1e-3)
