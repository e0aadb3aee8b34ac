"""Runs of variants: their folders, what is run again, and how they are held against each other."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.text import Text
from typer.testing import CliRunner

from sim import cli, simulate
from sim.report.labels import Metric
from sim.report.study_figures.variants import variants_figure
from sim.report.style import save_all
from sim.report.tables import open_console
from sim.report.variants import VariantRow, VariantTable, cells, print_variants

STUDY = """\
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 4
step_min: 30
sites:
  - name: home
    grid: {tariff: {energy_usd_per_kwh: 0.1}, average_carbon_intensity: {constant_g_per_kwh: 300}}
    base_load: {constant_kw: 10}
policies: [fifo]
variants:
  - {name: double, sites: [{name: home, base_load: {constant_kw: 20}}]}
  - {name: dear, sites: [{name: home, grid: {tariff: {energy_usd_per_kwh: 0.3}}}], policies: [sjf]}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with one small scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(STUDY)
    return tmp_path


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the scenario with its variants, once for all tests."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.yaml").write_text(STUDY)
    result = gridloom("run", str(folder / "tiny.yaml"), "--out", str(folder / "outputs"))
    assert result.exit_code == 0, result.output
    (folder / "stdout").write_text(result.stdout)
    return folder


@pytest.fixture
def done(study, here):
    """Work in a folder where the scenario and its variants have run."""
    shutil.copytree(study / "outputs", here / "outputs")
    return here / "outputs" / "tiny"


def gridloom(*arguments):
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def runs(home):
    """Return every run below a folder with the time it was written."""
    return {str(path.parent.relative_to(home)): path.stat().st_mtime_ns
            for path in home.rglob("manifest.json")}


def rows(home):
    with (home / "variants.csv").open(encoding="utf-8") as file:
        return [(row["variant"], row["policy"], float(row["cost_total_usd"]))
                for row in csv.DictReader(file)]


def test_base_and_variants_run_into_folders_of_their_own(study, done):
    home, stdout = done, (study / "stdout").read_text()
    assert sorted(re.sub(r"-\w{8}$", "", name) for name in runs(home)) == [
        "dear/sjf-seed1", "double/fifo-seed1", "fifo-seed1",
    ]
    # 10 kW for 4 h at 0.1 USD/kWh; twice the load; thrice the price
    expected = [("base", "fifo", 4.0), ("double", "fifo", 8.0), ("dear", "sjf", 12.0)]
    assert rows(home) == [(*names, pytest.approx(cost)) for *names, cost in expected]
    table = [line.split() for line in stdout.splitlines()]
    assert ["double", "fifo", "8.00", "+100.0", "%"] in [line[:5] for line in table]
    for name in ("comparison.html", "variants.csv", "figures/variants.png"):
        assert (home / name).is_file()
        assert f"outputs/tiny/{name}" in stdout.replace(os.sep, "/")
    for variant in ("double", "dear"):
        assert (home / variant / "comparison.csv").is_file()
        (manifest,) = (home / variant).glob("*/manifest.json")
        assert json.loads(manifest.read_text())["variant"] == variant
        assert f"tiny/{variant}: policies compared" in (
            home / variant / "comparison.html"
        ).read_text()


def test_run_keeps_the_merged_scenario(done):
    (kept,) = (done / "double").glob("*/scenario.yaml")
    assert "variants" not in kept.read_text()
    assert simulate(kept).metrics["cost_total_usd"] == pytest.approx(8.0)
    assert simulate("tiny.yaml", variant="double").metrics["cost_total_usd"] == pytest.approx(8.0)


def test_finished_variants_are_not_run_again_and_only_what_changed_is(here, done):
    home, before = done, runs(done)
    gridloom("run", "tiny.yaml", "--quiet")
    assert runs(home) == before
    (here / "tiny.yaml").write_text(STUDY.replace("0.3}", "0.5}"))
    gridloom("run", "tiny.yaml", "--quiet")
    after = runs(home)
    (new,) = set(after) - set(before)
    assert new.startswith("dear")
    assert before.items() <= after.items()
    assert rows(home)[-1] == ("dear", "sjf", pytest.approx(20.0))
    assert len(rows(home)) == 3


def test_variant_is_selected_by_name_and_its_comparison_shown(here):
    home = here / "outputs" / "tiny"
    result = gridloom("run", "tiny.yaml", "--variant", "double")
    assert {Path(name).parts[0] for name in runs(home)} == {"double"}
    assert "outputs/tiny/double/comparison.html" in result.stdout.replace(os.sep, "/")
    assert not (home / "comparison.html").exists()
    gridloom("run", "tiny.yaml", "--variant", "base")
    assert [name for name, *_ in rows(home)] == ["base", "double"]
    assert 'href="double/comparison.html"' in (home / "comparison.html").read_text()


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--variant", "doubl", 'variants: has none named "doubl". Did you mean double?'),
        ("--policy", "fifa", 'policies: has none named "fifa". Did you mean fifo?'),
    ],
)
def test_unknown_variant_or_policy_is_refused_and_nothing_is_written(here, option, name, message):
    result = gridloom("run", "tiny.yaml", option, name)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (here / "outputs").exists()


def test_policy_that_some_variants_lack_runs_where_it_is(here):
    gridloom("run", "tiny.yaml", "--policy", "fifo", "--quiet")
    assert [row[:2] for row in rows(here / "outputs" / "tiny")] == [
        ("base", "fifo"), ("double", "fifo"),
    ]


def test_every_link_of_the_page_leads_to_a_file(done):
    for folder in (done, done / "double"):
        page = (folder / "comparison.html").read_text()
        links = re.findall(r'<a href="([^"#]+)"', page)
        assert all((folder / link).is_file() for link in links)
        assert ("variants.csv" in links) == (folder == done)


def test_comparisons_of_variants_are_built_again_in_the_order_of_the_file(done):
    home = done
    before = (home / "variants.csv").read_text()
    for name in ("comparison.html", "figures/variants.png", "double/comparison.html"):
        (home / name).unlink()
    result = gridloom("compare", "outputs/tiny")
    assert result.exit_code == 0, result.output
    assert (home / "variants.csv").read_text() == before
    assert (home / "double" / "comparison.html").is_file()
    assert (home / "figures" / "variants.png").is_file()
    assert "variants.csv" in (home / "comparison.html").read_text()
    (home / "variants.csv").unlink()  # without it the folders tell, by name
    gridloom("compare", "outputs/tiny")
    assert [name for name, *_ in rows(home)] == ["base", "dear", "double"]


@pytest.mark.usefixtures("done")
def test_folder_of_a_variant_is_compared_alone():
    result = gridloom("compare", "outputs/tiny/dear")
    assert "sjf" in result.stdout
    assert "double" not in result.stdout


@pytest.mark.usefixtures("done")
def test_folder_of_all_outputs_is_no_scenario_with_variants():
    result = gridloom("compare", "outputs")
    assert result.exit_code == 2
    assert "holds no runs" in result.stderr


@pytest.mark.usefixtures("here")
def test_variants_are_validated_and_counted():
    assert gridloom("validate", "tiny.yaml").stdout.splitlines() == [
        "tiny.yaml: no problems; 1 site, 1 policy, 1 run of 4 h.",
        "variant double: 1 site, 1 policy, 1 run of 4 h.",
        "variant dear: 1 site, 1 policy, 1 run of 4 h.",
    ]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_killed_run_goes_on_where_it_was(here):
    (here / "tiny.yaml").write_text(STUDY.replace("duration_h: 4", "duration_h: 720")
                                    .replace("step_min: 30", "step_min: 1"))
    home = here / "outputs" / "tiny"
    # both in processes of their own: in this one the code may be older than the files
    command = [sys.executable, "-c", "from sim.cli import main; main()", "run", "tiny.yaml"]
    same_code = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=same_code) as process:
        while process.poll() is None and not runs(home):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    before = runs(home)
    assert 1 <= len(before) < 3
    subprocess.run(command, check=True, capture_output=True, env=same_code)
    after = runs(home)
    assert before.items() <= after.items()
    assert len(after) == len(rows(home)) == 3
    assert not list(home.rglob(".partial-*"))


# the table and the figure


def row(variant, policy, cost, carbon, **means):
    known = {"cost_total_usd": cost, "carbon_operational_location_kg": carbon,
             "energy_facility_kwh": 1000.0}
    return VariantRow(variant, policy, known | means)


def table(*rows):
    return VariantTable("study", rows)


def best(*rows):
    (found,) = table(*rows).best
    return found.policy


def test_best_policy_is_the_cheapest():
    assert best(row("v", "a", 3.0, 1.0), row("v", "b", 2.0, 5.0)) == "b"


def test_best_policy_leaves_no_more_load_unserved_and_no_more_jobs_undone_than_others():
    dear = row("v", "dear", 9.0, 9.0, unserved_kwh=0.0, jobs_completed_count=100)
    assert best(dear, row("v", "dark", 1.0, 1.0, unserved_kwh=5.0,
                          jobs_completed_count=100)) == "dear"
    assert best(dear, row("v", "lazy", 1.0, 1.0, unserved_kwh=0.0,
                          jobs_completed_count=90)) == "dear"
    assert best(dear, row("v", "near", 1.0, 1.0, unserved_kwh=0.9,
                          jobs_completed_count=99)) == "near"


def test_best_policy_is_the_cleanest_where_no_cost_is_known_else_the_first():
    assert best(row("v", "a", None, 3.0), row("v", "b", None, 2.0)) == "b"
    assert best(row("v", "a", None, None), row("v", "b", None, None)) == "a"


def test_changes_are_against_the_first_row():
    rows = [row("base", "a", 200.0, 1.0), row("v", "a", 150.0, 1.0), row("w", "a", None, 1.0)]
    assert cells(rows, Metric("cost_total_usd", "", "")) == ["200.0", "150.0  -25.0 %", "-"]
    assert cells(rows[::-1], Metric("cost_total_usd", "", "")) == ["-", "150.0", "200.0"]


def test_best_of_each_variant_is_marked_and_unknown_columns_are_left_out(capsys):
    rows = [row("base", "a", 2.0, 7.0), row("base", "b", 1.0, 7.0), row("v", "a", 3.0, 8.0)]
    print_variants(table(*rows), open_console())
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["base", "a", "2.00", "7.00"] in lines
    assert ["b", "1.00*", "7.00"] in lines
    assert ["v", "a", "3.00", "8.00"] in lines
    assert not any("Unserved" in line for line in lines)


def test_narrow_terminal_leaves_out_the_last_columns(capsys):
    rows = [row("base", "a", 2.0, 7.0, unserved_kwh=4.0, peak_import_kw=55.0)]
    console = open_console()
    console.width = 60
    print_variants(table(*rows), console)
    out = capsys.readouterr().out
    assert "Unserved" in out
    assert "55" not in out


def test_rows_of_some_variants_and_policies_are_picked():
    rows = table(row("base", "a", 1.0, 1.0), row("base", "b", 1.0, 1.0), row("v", "b", 1.0, 1.0))
    assert [one.policy for one in rows.only(["base"], None).rows] == ["a", "b"]
    assert [one.variant for one in rows.only(["base", "v"], ["b"]).rows] == ["base", "v"]


def test_figure_has_a_marker_for_each_policy_and_names_each_variant():
    rows = table(row("base", "a", 1.0, 1.0), row("base", "b", 1.1, 1.0),
                 row("far", "a", 9.0, 9.0), row("far", "b", 9.0, 1.0))
    (axes,) = variants_figure(rows).axes
    lines = {line.get_label(): line for line in axes.lines if line.get_marker() != "None"}
    assert list(lines["a"].get_xdata()) == [1.0, 9.0]
    assert list(lines["b"].get_ydata()) == [1.0, 1.0]
    assert lines["a"].get_marker() != lines["b"].get_marker()
    assert lines["a"].get_color() != lines["b"].get_color()
    # points close together are named once, those far apart each
    assert sorted(text.get_text() for text in axes.texts) == ["base", "far", "far"]


def test_names_in_the_figure_do_not_cover_each_other():
    rows = table(*(row(f"variant-{k}", "a", 1.0 + k % 3 / 50, 1.0 + k // 3 / 50)
                   for k in range(6)), row("far", "a", 2.0, 2.0))
    (axes,) = variants_figure(rows).axes
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # the words without the arrow
    assert len(boxes) == 7
    assert not [1 for k, one in enumerate(boxes) for other in boxes[:k] if one.overlaps(other)]


def test_figure_has_a_panel_for_each_accounting_that_is_known(tmp_path):
    known = row("base", "a", 1.0, 2.0, carbon_marginal_kg=3.0)
    assert len(variants_figure(table(known)).axes) == 2
    assert len(variants_figure(table(row("base", "a", 1.0, 2.0))).axes) == 1
    (path,) = save_all({"variants": variants_figure(table(known))}, tmp_path)
    assert path.is_file()
    unknown = replace(known, means=known.means | {"cost_total_usd": None})
    assert save_all({"variants": variants_figure(table(unknown))}, tmp_path) == ()
    assert not path.exists()  # one that no longer holds goes
