"""`gridloom plot`: what it draws, from what is on disk, and what it says."""

import os
import re
import shutil

import pytest
from fake_run import fake_run
from typer.testing import CliRunner

from sim import cli
from sim.study.disk.store import write_run
from sim.study.summary.results import read_results

POLICIES = ("fifo", "follow-carbon", "edf")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write a scenario's runs, as `gridloom run` does."""
    outputs = tmp_path_factory.mktemp("work") / "outputs"
    for policy in POLICIES:
        folder = outputs / "fake" / f"{policy}-seed1-0a1b2c3d"
        write_run(fake_run(policy), folder, scenario_yaml="name: fake\n", manifest={
            "study_hash": "s", "content_hash": policy, "written_at": "2025-01-01",
            "policies": list(POLICIES),
        })
    return outputs


@pytest.fixture
def home(written, tmp_path, monkeypatch):
    shutil.copytree(written, tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "outputs" / "fake"


def plot(*arguments, code=0):
    result = CliRunner().invoke(cli.app, ["plot", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_all_figures_of_a_study_that_have_something_to_show_are_drawn_into_its_folder(home):
    shown = plot("outputs/fake").stdout.replace(os.sep, "/")
    assert {"comparison.png", "cumulative.png", "differences.png", "ranking.png"} <= set(
        names(home / "figures")
    )
    assert "outputs/fake/figures/comparison.png: fake: policies compared, seed 1\n" in shown
    assert "heat_map: nothing to show; it needs two axes that make a grid.\n" in shown
    assert not (home / "figures" / "heat_map.png").exists()


def test_figures_of_a_run_are_drawn_from_what_it_left_on_disk(home):
    run = home / "fifo-seed1-0a1b2c3d"
    shown = plot("fake/fifo-seed1-0a1b2c3d", "--figure", "signals", "--figure", "services").stdout
    assert names(run / "figures") == ["signals.png"]
    assert "signals.png: fake, fifo, seed 1: price, carbon and job starts" in shown
    assert "services: nothing to show; it needs a run with services." in shown
    # What the run sealed is as it was.
    assert {"manifest.json", "steps.parquet"} <= set(names(run))


def test_figures_for_a_paper_go_where_one_wants_them_and_their_titles_are_told(home, tmp_path):
    shown = plot(home, "--figure", "comparison", "--format", "pdf", "--size", "single",
                 "--out", tmp_path / "paper" / "figures").stdout
    assert names(tmp_path / "paper" / "figures") == ["comparison.pdf"]
    pdf = (tmp_path / "paper" / "figures" / "comparison.pdf").read_bytes()
    assert float(re.search(rb"MediaBox \[ 0 0 ([\d.]+)", pdf)[1]) == pytest.approx(3.5 * 72)
    assert "fake: policies compared, seed 1" in shown
    assert not (home / "figures").exists()


def test_drawing_again_gives_the_same_bytes(home, tmp_path):
    for out in ("a", "b"):
        plot(home, "--figure", "cumulative", "--format", "svg", "--out", tmp_path / out)
    first, second = (tmp_path / out / "cumulative.svg" for out in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fake", "--figure", "comparisson"), "comparisson: no such figure. Did you mean comparis"),
        (("fake", "--figure", "sankey"), "sankey: a figure of a run, and this is a study."),
        (("fakke",), "Did you mean fake?"),
        ((), "Name a run's or a study's folder, or ask for the --list of figures."),
        (("outputs",), "holds no runs"),
        (("fake", "--out", "file"), "file: cannot be written"),
    ],
)
def test_mistakes_are_told_with_what_to_do_and_nothing_is_drawn(home, arguments, message):
    (home.parent.parent / "file").touch()
    assert message in plot(*arguments, code=2).stderr
    assert not (home / "figures").exists()


def test_timelines_are_of_the_first_runs_of_every_policy(home, monkeypatch):
    for seed in (2, 3):
        run = fake_run("fifo", seed)
        write_run(run, home / f"fifo-seed{seed}-0a1b2c3d", scenario_yaml="name: fake\n", manifest={
            "study_hash": "s", "content_hash": f"fifo{seed}", "written_at": "2025-01-01",
            "policies": list(POLICIES),
        })
    monkeypatch.setattr("sim.study.summary.results._MOST_TIMELINES", 3)
    totals = read_results(home).totals
    assert list(totals) == list(POLICIES)
    alone = fake_run("fifo", 1).steps["cost_total_usd"].sum()
    assert totals["fifo"]["cost_total_usd"].sum() == pytest.approx(alone)


def test_list_tells_every_figure_and_what_it_needs():
    shown = plot("--list").stdout
    for name in ("heat_map", "pareto", "supply_demand", "sankey"):
        assert re.search(rf"^{name} ", shown, re.MULTILINE)
