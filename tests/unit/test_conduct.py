"""A study's runs: which there are, what is due, what goes together; and what is told of them."""

import json
import re
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from sim import cli
from sim.errors import DataError, ScenarioError
from sim.scenario.sweep.load import load_study
from sim.study.conduct import (
    Progress,
    Selection,
    Settings,
    conduct,
    conduct_until,
    conductor,
    until,
)
from sim.study.conduct.table import rows, span
from sim.study.conduct.tasks import batches, list_runs
from sim.study.dataset.parts import update
from sim.study.disk import identity
from tests.study_world import SWEEP, digests, in_threads, runs, troubled, write_world

VARIANTS = """\
variants:
  - {name: dear, sites: [{name: home, grid: {tariff: {energy_usd_per_kwh: 0.3}}}], policies: [edf]}
"""


@pytest.fixture
def threads(monkeypatch):
    """Let a thread of this process carry the runs out: any Executor will do."""
    monkeypatch.setattr(conductor, "opened", in_threads)


@pytest.fixture
def plan(tmp_path):
    """Return a study of three points, two policies and two seeds."""
    return load_study(write_world(tmp_path, sweep=SWEEP))


def gridloom(*arguments):
    result = CliRunner().invoke(cli.app, list(map(str, arguments)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def names(plan, **wanted):
    return [(run.point.values.get("load_kw"), run.seed, run.policy)
            for run in list_runs(plan, Selection(**wanted))]


def test_runs_of_a_point_follow_each_other_by_seed_then_policy(plan):
    assert names(plan) == [
        (load, seed, policy)
        for load in (10, 20, 30) for seed in (1, 2) for policy in ("fifo", "sjf")
    ]


def test_policies_seeds_and_a_filter_on_axes_select_runs(plan):
    assert names(plan, policies=["sjf"], seeds=[7], where="load_kw > 10 and load_kw < 30") == [
        (20, 7, "sjf")
    ]
    assert names(plan, where="point.str.startswith('load_kw-30') and policy == 'fifo'") == [
        (30, 1, "fifo"), (30, 2, "fifo")
    ]


def test_each_variant_has_its_own_policies(tmp_path):
    plan = load_study(write_world(tmp_path, seeds="1", sweep=VARIANTS))
    found = list_runs(plan, Selection())
    assert [(run.point.name, run.policy) for run in found] == [
        ("base", "fifo"), ("base", "sjf"), ("dear", "edf")
    ]
    assert found[0].content_hash == identity.content_hash(plan.variants[0], "fifo", 1)


@pytest.mark.parametrize(("wanted", "fault"), [
    ({"policies": ["fifp"]}, r'has none named "fifp"\. Did you mean fifo\?'),
    ({"variants": ["dear"]}, r'has none named "dear"\. Allowed: base'),
])
def test_a_policy_or_variant_that_is_not_there_is_refused(plan, wanted, fault):
    with pytest.raises(ScenarioError, match=fault):
        list_runs(plan, Selection(**wanted))


@pytest.mark.parametrize("where", ["load > 10", "load_kw >", "load_kw + 1", "1 +"])
def test_a_filter_that_cannot_be_understood_says_what_it_may_use(plan, where):
    with pytest.raises(DataError, match="may use variant, load_kw, policy, seed, point"):
        list_runs(plan, Selection(where=where))


def test_a_filter_that_leaves_nothing_says_so(plan):
    with pytest.raises(DataError, match="no run of the study is left"):
        list_runs(plan, Selection(where="load_kw > 1000"))


def test_batches_keep_points_together_as_far_as_their_size_goes(plan):
    every = list_runs(plan, Selection())

    def sizes(count):
        return [[run.point.values["load_kw"] for run in batch] for batch in batches(every, count)]

    assert sizes(3) == [[10] * 3, [10], [20] * 3, [20], [30] * 3, [30]]
    assert sizes(8) == [[10] * 4 + [20] * 4, [30] * 4]
    assert sum(map(len, sizes(1))) == 12


def test_a_study_does_only_what_is_missing_and_fresh_does_all(plan, tmp_path, threads):
    settings = Settings(tmp_path / "out")
    first = conduct(plan, replace(settings, selection=Selection(seeds=[1])))
    assert (len(first.done), len(first.skipped)) == (6, 0)
    before = runs(first.home)
    second = conduct(plan, settings)
    assert (len(second.done), len(second.skipped)) == (6, 6)
    assert before.items() <= runs(first.home).items()
    third = conduct(plan, replace(settings, fresh=True))
    assert (len(third.done), len(third.skipped)) == (12, 0)
    assert digests(first.home).items() >= {name: old for name, (old, _) in before.items()}.items()
    assert not before.items() & runs(first.home).items()


def test_a_changed_scenario_is_run_again_beside_the_old_runs(tmp_path, threads):
    path = write_world(tmp_path, seeds="1")
    conduct(load_study(path), Settings(tmp_path / "out"))
    path.write_text(path.read_text().replace("constant_kw: 10", "constant_kw: 11"))
    outcome = conduct(load_study(path), Settings(tmp_path / "out"))
    assert (len(outcome.done), len(outcome.skipped), len(runs(outcome.home))) == (2, 0, 4)


def test_a_run_says_in_its_manifest_where_in_the_study_it_belongs(plan, tmp_path, threads):
    outcome = conduct(plan, Settings(tmp_path / "out", selection=Selection(where="load_kw == 20")))
    run = outcome.done[0]
    folder = run.folder(outcome.home)
    told = json.loads((folder / "manifest.json").read_text())
    assert (told["point"], told["axes"], told["variant"]) == (run.point.name, {"load_kw": 20}, None)
    assert told["content_hash"] == run.content_hash
    assert told["policies"] == ["fifo", "sjf"]
    assert "constant_kw: 20" in (folder / "scenario.yaml").read_text()
    assert not (folder / "figures").exists()
    assert not (folder / "report.html").exists()


def test_metrics_alone_are_the_same_numbers_and_are_not_made_again(plan, tmp_path, threads):
    whole = conduct(plan, Settings(tmp_path / "whole"))
    settings = Settings(tmp_path / "rows", keep="metrics", batch=5)
    outcome = conduct(plan, settings)
    assert not runs(outcome.home)
    parts = sorted((outcome.home / "runs").glob("part-*.parquet"))
    assert [pq.read_metadata(path).num_rows for path in parts] == [4, 4, 4]
    kept, full = (update(one.home).table.drop_columns(["folder"]) for one in (outcome, whole))
    assert kept.equals(full)
    assert len(conduct(plan, settings).skipped) == 12


def test_runs_that_have_folders_are_not_run_again_for_their_metrics(plan, tmp_path, threads):
    conduct(plan, Settings(tmp_path))
    assert len(conduct(plan, Settings(tmp_path, keep="metrics")).skipped) == 12


def test_metrics_alone_do_not_make_up_for_a_folder(plan, tmp_path, threads):
    conduct(plan, Settings(tmp_path, keep="metrics"))
    assert len(conduct(plan, Settings(tmp_path)).done) == 12


def test_a_recorded_failure_goes_when_the_run_succeeds(tmp_path, threads):
    plan = load_study(write_world(tmp_path, troubled("Picky"), seeds="1"))
    outcome = conduct(plan, Settings(tmp_path / "out"))
    (record,) = (outcome.home / "failed").iterdir()
    assert record.stem == outcome.failed[0].run_id
    told = json.loads(record.read_text())
    assert {name: told[name] for name in ("point", "policy", "seed", "attempts")} == {
        "point": "base", "policy": "picky", "seed": 1, "attempts": 2
    }
    assert "RuntimeError: not allowed" in told["traceback"]
    (tmp_path / "allowed").touch()
    assert len(conduct(plan, Settings(tmp_path / "out")).done) == 1
    assert not record.exists()


def test_a_recorded_failure_of_an_earlier_version_goes_with_the_next_study(tmp_path, threads):
    path = write_world(tmp_path, troubled("Picky"), seeds="1")
    home = conduct(load_study(path), Settings(tmp_path / "out")).home
    (record,) = (home / "failed").iterdir()
    path.write_text(path.read_text().replace("constant_kw: 10", "constant_kw: 11"))
    conduct(load_study(path), Settings(tmp_path / "out"))
    (newer,) = (home / "failed").iterdir()
    assert newer != record


def test_a_file_that_changes_while_a_study_runs_stops_it(tmp_path, threads):
    plan = load_study(write_world(tmp_path, troubled("Slow"), seeds="1"))

    def change(_progress):
        (tmp_path / "trouble.py").write_text("# other policies\n")

    with pytest.raises(DataError, match="a class of the scenario changed while the study ran"):
        conduct(plan, Settings(tmp_path / "out"), on_event=change)
    assert not (tmp_path / "out" / "tiny" / "failed").exists()


def test_seeds_are_added_until_the_interval_is_narrow_and_an_impossible_wish_ends(
    tmp_path, threads, monkeypatch
):
    plan = load_study(write_world(tmp_path, "fifo"))
    outcome = conduct_until(plan, Settings(tmp_path / "out"), 0.5)
    assert [run.seed for run in outcome.done] == list(range(1, 11))
    assert len(runs(outcome.home)) == 10
    monkeypatch.setattr(until, "MOST_SEEDS_COUNT", 12)
    with pytest.raises(DataError, match=r"12 seeds do not make the interval of cost_total_usd"):
        conduct_until(plan, Settings(tmp_path / "out"), 1e-9)


def test_progress_tells_done_failed_rate_time_left_and_the_best_run():
    progress = Progress(10, skipped_count=2)
    progress.began_s -= 4.0
    progress.ended("a", 5.0)
    progress.ended("b", 3.0)
    progress.failed.append("c: RuntimeError: no")
    progress.running = ("d", "e")
    told = dict(rows(progress, "cost_total_usd"))
    assert told["done"] == "4 of 10 (2 from before)"
    assert told["running"] == "d, e"
    assert told["failed"] == "1: c: RuntimeError: no"
    assert re.fullmatch(r"30\.0 runs/min; 10 s left", told["rate"])
    assert told["best so far"] == "b: cost_total_usd 3"


def test_a_rate_goes_by_the_last_two_hundred_runs():
    progress = Progress(1000)
    progress.began_s -= 1e6
    for _ in range(250):
        progress.ended("a", None)
    assert progress.rate_per_s > 100


@pytest.mark.parametrize(("seconds", "text"), [
    (0.4, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (7260, "2 h 01 min"),
])
def test_a_duration_is_told_for_people(seconds, text):
    assert span(seconds) == text


def test_a_dry_run_lists_what_is_there_and_what_is_due_and_writes_nothing(tmp_path, threads):
    path, out = write_world(tmp_path), tmp_path / "out"
    told = gridloom("study", path, "--out", out, "--workers", 1, "--dry-run").stdout.splitlines()
    assert len([line for line in told if line.startswith("to do  ")]) == 4
    assert told[-2] == "4 runs: 0 there, 4 to do."
    assert re.fullmatch(
        r"About \d+ s with 1 worker and \d.* on disk, measured on a short trial of each policy\.",
        told[-1],
    )
    assert not out.exists()
    conduct(load_study(path), Settings(out, selection=Selection(seeds=[1])))
    told = gridloom("study", path, "--out", out, "--workers", 2, "--dry-run").stdout.splitlines()
    assert told[-2] == "4 runs: 2 there, 2 to do."
    assert "with 2 workers" in told[-1]
    assert "measured on finished runs." in told[-1]


def test_a_study_with_failed_runs_ends_with_exit_code_3_and_says_where_they_stand(
    tmp_path, threads, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_world(tmp_path, "fifo, " + troubled("Raises"))
    result = gridloom("study", "tiny.yaml", "--workers", 1, "--quiet")
    assert result.exit_code == 3
    assert "2 runs failed; what stopped each stands in outputs/tiny/failed." in result.stderr
    assert result.stdout == "outputs/tiny\n"
    assert gridloom("study", "tiny.yaml", "--policy", "fifo", "--quiet").exit_code == 0


@pytest.mark.parametrize("text", ["0%", "narrow", "100"])
def test_a_width_that_is_no_percentage_is_refused(tmp_path, text):
    result = gridloom("study", write_world(tmp_path), "--until-ci", text)
    assert result.exit_code == 2
    assert "is no percentage" in result.stderr
