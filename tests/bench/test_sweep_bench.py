"""What a plan of ten thousand runs costs: its points, and the hash of each run."""

import time

import pytest

from sim.scenario.sweep.load import load_study

pytestmark = pytest.mark.bench

SWEEP = """\
sweep:
  combine: sobol
  samples: 4096
  axes:
    - {path: sites.campus.solar.dc_capacity_kw, from: 100, to: 3000}
    - {path: workload.training.slack.max_h, name: slack_h, from: 1, to: 48}
seeds: [1, 2]
"""


def test_ten_thousand_hashes_cost_less_than_building_a_hundred_points(tmp_path):
    built_in = load_study("sizing").path.read_text(encoding="utf-8")
    path = tmp_path / "many.yaml"
    path.write_text(built_in.partition("variants:")[0] + SWEEP)
    began_s = time.process_time()
    plan = load_study(path)
    planned_s = time.process_time() - began_s
    runs = list(plan.runs())
    assert len(runs) == 4096 * 2 * 2
    began_s = time.process_time()
    hashes = {plan.content_hash(*run) for run in runs}
    per_10000_s = (time.process_time() - began_s) / len(runs) * 10_000
    assert len(hashes) == len(runs)
    began_s = time.process_time()
    for point in plan.points[:10]:
        plan.load(point)
    build_s = (time.process_time() - began_s) / 10
    print(f"\nplan of {len(runs)} runs {planned_s:.2f} s, 10,000 hashes {per_10000_s:.2f} s, "
          f"a point built {build_s * 1e3:.1f} ms (CPU)")
    assert per_10000_s < 100 * build_s
