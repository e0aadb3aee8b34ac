"""What a study will take, from runs that are there or from short trials."""

from pathlib import Path

import pytest

from sim.engine.simulation import prepare, run
from sim.scenario.load import resolved_yaml
from sim.scenario.sweep.load import load_study
from sim.study.conduct import Settings
from sim.study.conduct.tasks import list_runs, split
from sim.study.disk import store
from sim.study.estimate import estimate, runs_by_point

SCENARIO = """\
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 1000
step_min: 60
seeds: [1, 2]
sites:
  - name: lab
    weather: {tmy: greensboro-nc}
    solar: {dc_capacity_kw: 100}
    grid: {tariff: {energy_usd_per_kwh: 0.1}}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 2}], pue: 1.2}
workload:
  - {type: training, arrivals: {poisson_per_h: 1}, gpus: 2, duration: {median_h: 2}}
policies: [fifo, edf]
sweep:
  axes: [{path: sites.lab.solar.dc_capacity_kw, name: solar_kw, values: [100, 300]}]
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "tiny.yaml").write_text(SCENARIO)
    return load_study(tmp_path / "tiny.yaml")


def due_of(plan, out):
    settings = Settings(out=out)
    wanted = list_runs(plan, settings.selection)
    return wanted, split(wanted, out / plan.name, settings)[1]


def carry_out(plan, due, out):
    for one in due:
        loaded = plan.load(one.point)
        result = run(prepare(loaded), one.policy, one.seed)
        store.write_run(
            result, one.folder(out / plan.name), scenario_yaml=resolved_yaml(loaded.spec),
            manifest={"content_hash": one.content_hash},
        )


def size_of(home):
    kept = (path for path in home.rglob("*") if path.suffix in {".json", ".yaml", ".parquet"})
    return sum(path.stat().st_size for path in kept if len(path.relative_to(home).parts) > 2)


def test_short_trials_tell_what_nothing_has_run_yet(plan, tmp_path):
    _, due = due_of(plan, tmp_path)
    told = estimate(plan, due, tmp_path / "tiny", workers=2)
    assert (told.due_count, told.basis) == (8, "measured on a short trial of each policy")
    assert 0 < told.wall_s == told.work_s / 2
    carry_out(plan, due, tmp_path)
    assert told.disk_bytes == pytest.approx(size_of(tmp_path / "tiny"), rel=0.25)
    assert estimate(plan, due_of(plan, tmp_path)[1], tmp_path / "tiny").work_s == 0


def test_finished_runs_tell_for_their_own_policy(plan, tmp_path):
    _, due = due_of(plan, tmp_path)
    first = [one for one in due if (one.seed, one.policy) == (1, "fifo")]
    carry_out(plan, first, tmp_path)
    wanted, due = due_of(plan, tmp_path)
    told = estimate(plan, due, tmp_path / "tiny")
    assert told.due_count == 6
    assert told.basis == "measured on finished runs and a short trial of edf"
    assert told.disk_bytes == pytest.approx(3 * size_of(tmp_path / "tiny"), rel=0.25)
    assert [(one.runs_count, one.due_count) for one in runs_by_point(wanted, due)] == [(4, 3)] * 2
    assert [one.point.values["solar_kw"] for one in runs_by_point(wanted, due)] == [100, 300]


def test_rows_alone_take_less_than_folders(plan, tmp_path):
    _, due = due_of(plan, tmp_path)
    told = [estimate(plan, due, tmp_path / "tiny", keep_folders=keep) for keep in (True, False)]
    assert told[1].disk_bytes < told[0].disk_bytes / 20


def test_a_trial_leaves_nothing_behind(plan, tmp_path):
    before = sorted(Path(tmp_path).rglob("*"))
    estimate(plan, due_of(plan, tmp_path)[1], tmp_path / "tiny")
    assert sorted(Path(tmp_path).rglob("*")) == before
