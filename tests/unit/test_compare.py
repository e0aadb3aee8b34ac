import csv
import re

import pytest
from fake_run import fake_run

from sim.errors import DataError
from sim.report.labels import decimals, written
from sim.report.tables import comparison_tables, open_console
from sim.study.compare import compare, compare_folder, write_comparison
from sim.study.disk.store import write_run


def stored(home, run, *, study="s", written_at="2025-01-01", order=("fifo", "follow-carbon")):
    folder = home / f"{run.policy}-seed{run.seed}-{study}"
    manifest = {"study_hash": study, "written_at": written_at, "policies": list(order)}
    return write_run(run, folder, scenario_yaml="", manifest=manifest)


def test_comparison_table_has_every_metric_of_every_run(tmp_path):
    runs = [fake_run(), fake_run("follow-carbon")]
    write_comparison(tmp_path, [stored(tmp_path, run) for run in runs])
    with (tmp_path / "comparison.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["policy"] for row in rows] == ["fifo", "follow-carbon"]
    assert set(runs[0].metrics) < set(rows[0])
    assert rows[0]["jobs_completed_count"] == "4"
    assert rows[0]["wue_l_per_kwh"] == ""
    assert float(rows[1]["cost_total_usd"]) == runs[1].metrics["cost_total_usd"]
    # Accelerators times hours of the four completed jobs.
    assert float(rows[0]["work_done_gpu_h"]) == pytest.approx(8 * 1 + 64 * 4 + 32 * 2 + 8 * 0.5)


def test_every_link_of_the_comparison_page_leads_to_a_file(tmp_path):
    folders = [stored(tmp_path, run) for run in (fake_run(), fake_run("edf"))]
    for folder in folders:
        (folder / "report.html").touch()
    write_comparison(tmp_path, folders)
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    links = [link for link in re.findall(r'<a href="([^"]+)"', page) if link[0] != "#"]
    assert len(links) == 3  # the table, two runs
    assert all((tmp_path / link).is_file() for link in links)


def test_folder_is_compared_in_the_order_of_the_scenario(tmp_path):
    for policy in ("edf", "fifo", "follow-carbon"):
        stored(tmp_path, fake_run(policy), order=("follow-carbon", "fifo", "edf"))
    comparison, notes = compare_folder(tmp_path)
    assert comparison.policies == ("follow-carbon", "fifo", "edf")
    assert notes == ()


def test_runs_of_an_earlier_version_are_left_out_and_that_is_said(tmp_path):
    stored(tmp_path, fake_run("edf"), study="old", written_at="2024-01-01")
    stored(tmp_path, fake_run(), study="new", written_at="2025-01-01")
    comparison, notes = compare_folder(tmp_path)
    assert comparison.policies == ("fifo",)
    assert notes == ("1 run of earlier versions of the scenario or the code left out.",)


def test_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no runs"):
        compare_folder(tmp_path)


def test_misspelt_folder_gets_a_suggestion(tmp_path):
    stored(tmp_path / "quickstart", fake_run())
    with pytest.raises(DataError, match=r"no such folder\. Did you mean quickstart\?"):
        compare_folder(tmp_path / "quickstrat")


def test_table_splits_when_the_terminal_is_too_narrow(tmp_path):
    policies = ("fifo", "follow-carbon", "edf")
    comparison = compare([stored(tmp_path, fake_run(policy)) for policy in policies])
    console = open_console()
    console.width = 100
    assert [len(one.columns) for one in comparison_tables(comparison, console)] == [4]
    console.width = 55
    assert [len(one.columns) for one in comparison_tables(comparison, console)] == [3, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (12345.6, "12,346"), (123.46, "123.5"), (1.234, "1.23"), (0.1234, "0.123"),
     (0.0, "0"), (7, "7"), (-1e-9, "0.000")],
)
def test_numbers_are_written_to_about_four_digits(value, text):
    assert written(value, decimals([value])) == text
