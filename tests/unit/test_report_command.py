"""`gridloom report`: the page of a run or a comparison, in its place or elsewhere."""

import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from fake_run import fake_run
from typer.testing import CliRunner

from sim.cli import app
from sim.errors import ScenarioError
from sim.report.run_figures import RUN_FIGURES
from sim.scenario.load import load_scenario
from sim.study.compare import compare_folder
from sim.study.disk.store import write_run
from sim.study.summary import reports

SCRIPT, OUTSIDE = "<script>alert(1)</script>", "../../x"


@pytest.fixture(autouse=True)
def one_figure(monkeypatch):
    """Draw one figure: drawing is not what is tested here."""
    few = MappingProxyType({"signals": RUN_FIGURES["signals"]})
    monkeypatch.setattr(reports, "RUN_FIGURES", few)


def stored(home, policy="fifo", place=0):
    run = replace(fake_run(), policy=policy)
    manifest = {"study_hash": "s", "written_at": "2026-11-24", "policies": [policy]}
    return write_run(run, home / f"run-{place}", scenario_yaml="name: fake\n", manifest=manifest)


def report(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def links_of(path):
    return re.findall(r'<a href="([^#"][^"]*)"', path.read_text(encoding="utf-8"))


def test_page_of_a_run_lands_beside_it_with_links_to_its_files(tmp_path):
    folder = stored(tmp_path)
    result = report(folder)
    assert result.exit_code == 0, result.output
    assert result.output == f"Page: {folder / 'report.html'}\n"
    assert "metrics.json" in links_of(folder / "report.html")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert text.count('<img src="data:image/png') == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "jobs.parquet", "manifest.json", "metrics.json", "report.html", "scenario.yaml",
        "steps.parquet",
    ]


def test_page_elsewhere_stands_alone_and_leaves_the_run_as_it_is(tmp_path):
    folder = stored(tmp_path / "runs")
    out = tmp_path / "my page.html"
    assert report(folder, "--out", out).exit_code == 0
    assert links_of(out) == []
    assert not (folder / "report.html").exists()


def test_page_of_several_runs_is_their_comparison(tmp_path):
    for place, policy in enumerate(("fifo", "edf")):
        stored(tmp_path, policy, place)
    result = report(tmp_path)
    assert result.output == f"Page: {tmp_path / 'comparison.html'}\n"
    assert links_of(tmp_path / "comparison.html") == ["comparison.csv"]


def test_what_is_not_there_ends_with_a_word_and_code_2(tmp_path):
    assert report(tmp_path / "nothing").exit_code == 2
    empty = report(tmp_path)
    assert empty.exit_code == 2
    assert "holds no runs" in empty.output
    unwritable = report(stored(tmp_path / "runs"), "--out", tmp_path / "no" / "page.html")
    assert unwritable.exit_code == 2
    assert "Name another file with --out." in unwritable.output


@pytest.mark.parametrize("name", [SCRIPT, OUTSIDE, f"module:{OUTSIDE}", f"module:{SCRIPT}"])
def test_scenario_takes_no_hostile_name_of_a_policy(tmp_path, name):
    path = tmp_path / "s.yaml"
    text = load_text().replace("  - fifo", f'  - {{name: "{name}", order: fifo}}\n  - "{name}"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"name: .* is not a name(.|\n)*policies\[1\]"):
        load_scenario(path)


def load_text():
    return load_scenario("quickstart").path.read_text(encoding="utf-8")


def test_hostile_names_that_got_to_disk_stay_text_inside_their_folder(tmp_path):
    home = tmp_path / "a" / "b" / "c"
    for place, policy in enumerate((OUTSIDE, SCRIPT)):
        stored(home, policy, place)
    before = sorted(tmp_path.rglob("*"))
    compare_folder(home)
    made = set(tmp_path.rglob("*")) - set(before)
    assert all(path.is_relative_to(home) for path in made)
    page = (home / "comparison.html").read_text(encoding="utf-8")
    assert "../../x" in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert links_of(home / "comparison.html") == ["comparison.csv"]
